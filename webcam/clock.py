"""The system's clock."""

from __future__ import annotations

import time


class SystemClock:
    """See :class:`webcam.ports.Clock`."""

    wall = staticmethod(time.time)
    steady = staticmethod(time.monotonic)
