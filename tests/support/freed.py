"""What is over is freed at once, by its last reference: that the garbage collector is left nothing of it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("webcam.", "h2.", "hpack.", "twisted.web.", "twisted.protocols.", "OpenSSL.")
"""Modules of the classes that are looked for. Twisted's pool of threads leaves some small functions of each call."""


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Objects by class that only the collector could free of what was done inside; filled at the end."""
    found: Counter[str] = Counter()
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        names = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage)
        found.update(name for name in names if name.startswith(OURS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        if was_on:
            gc.enable()
