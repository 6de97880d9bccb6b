"""The half of :mod:`tests.support.census` that runs inside the server's process; it brings in nothing but itself."""

from __future__ import annotations

import gc
import json
import re
import signal
import threading
import types
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WATCHED = ("webcam", "twisted", "h2", "hpack", "hyperframe", "OpenSSL", "klein")
"""Packages whose objects are counted by class. Code of theirs is none of it: classes, functions and modules."""

_CODE = (type, types.FunctionType, types.ModuleType)


def install(report: str) -> None:
    """On SIGUSR1 write a census to that file."""

    def write(_number: int, _frame: Any) -> None:
        whole = Path(report).with_suffix(".part")
        whole.write_text(json.dumps(_count()))
        whole.replace(report)

    signal.signal(signal.SIGUSR1, write)


def _count() -> dict[str, Any]:
    from twisted.internet import reactor

    from webcam.heap import Heap

    timers: Any = reactor
    gc.collect()
    Heap().give_back()
    everything = gc.get_objects()
    objects: Counter[str] = Counter()
    held: Counter[str] = Counter()
    coroutines: Counter[str] = Counter()
    for each in everything:
        kind = type(each)
        package = str(kind.__module__).partition(".")[0]
        if isinstance(each, types.CoroutineType):
            coroutines[each.__qualname__] += 1
        elif package in WATCHED and not isinstance(each, _CODE):
            objects[f"{kind.__module__}.{kind.__qualname__}"] += 1
            if package == "webcam":
                _measure(each, held)
    return {
        "objects": objects,
        "held": held,
        "timers": Counter(_name(call.func) for call in timers.getDelayedCalls()),
        "coroutines": coroutines,
        "files": _files(),
        "threads": threading.active_count(),
        "tracked": len(everything),
    }


def _measure(owner: Any, held: Counter[str]) -> None:
    attributes: Mapping[str, Any] = getattr(owner, "__dict__", {})
    for name, value in attributes.items():
        if isinstance(value, (dict, set, list)) or hasattr(value, "popleft"):
            held[f"{type(owner).__qualname__}.{name}"] += len(value)


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _files() -> Counter[str]:
    found: Counter[str] = Counter()
    for each in Path("/proc/self/fd").iterdir():
        try:
            found[re.sub(r":\[\d+\]$", "", str(each.readlink()))] += 1
        except OSError:
            pass  # the one by which the folder itself is read
    return found
