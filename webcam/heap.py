"""What the server has freed goes back to the system.

The C library keeps freed memory for what may come. Where it is glibc, one freed password's hash (16 MiB) teaches it to
keep twice as much for good, in pieces between what lives more, and a server on which two people logged in holds 112 MB
where it needs 73. Elsewhere there is nothing to do.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any

EVERY = 5.0
"""Seconds between two times of giving back: some tenths of a millisecond, 3 ms behind an attack."""

APART = 8 * 1024 * 1024
"""Bytes from which a block has pages of its own, which go with it: a hash, but no frame and no part of a record."""

SPARE = 32 * 1024 * 1024
"""Bytes at the end of the heap that may be free between two times."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""M_…: malloc.h's numbers, part of glibc's stable interface."""


class Heap:
    """The one of this process. ``library``: the C library."""

    def __init__(self, library: Any = None) -> None:
        self._library = library or ctypes.CDLL(None)

    def bound(self, environment: Mapping[str, str] = os.environ) -> None:
        """From now on large blocks go back when they are freed. What the operator has set (mallopt(3)) stays."""
        mallopt = getattr(self._library, "mallopt", None)
        if mallopt is None or {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"} & set(environment):
            return
        mallopt(_MMAP_THRESHOLD, APART)
        mallopt(_TRIM_THRESHOLD, SPARE)

    def give_back(self) -> None:
        """All pages on which nothing lives; other threads go on meanwhile."""
        trim = getattr(self._library, "malloc_trim", None)
        if trim is not None:
            trim(0)
