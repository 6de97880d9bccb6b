"""For how long one request with a long list holds the event loop: the longest of its turns, and all of them together.

``python -m tests.benchmarks.long_requests``
"""

from __future__ import annotations

import json
from collections.abc import Generator
from time import perf_counter
from typing import Any

from webcam.wire import messages, requests
from webcam.wire.listtext import ListText
from webcam.wire.requests import Params

MESSAGES, IDS, DEVICES = 7_000, 29_000, 5_000


def turns_of(steps: Generator[None, None, Any]) -> list[float]:
    """Seconds of each turn."""
    turns = []
    over = False
    while not over:
        began = perf_counter()
        try:
            next(steps)
        except StopIteration:
            over = True
        turns.append(perf_counter() - began)
    return turns


def pieces_of(text: ListText) -> list[float]:
    """Seconds of each piece of a list that is answered."""
    turns = []
    while not text.over:
        began = perf_counter()
        text.next_piece()
        turns.append(perf_counter() - began)
    return turns


def params_of(**keys: Any) -> Params:
    """A request's, as it is parsed."""
    return Params.parse(b"", json.dumps(keys).encode())


def measured() -> dict[str, list[float]]:
    """Seconds of each turn, by what was asked for."""
    sent = params_of(msgs=[{"msg": "a", "params": {}}] * MESSAGES)
    named = params_of(records=list(range(IDS)))
    entries = [{"device": f"device {number}", "meta": "{}"} for number in range(DEVICES)]
    return {
        f"addMsgs.json, {MESSAGES:,} messages": turns_of(messages.drafts(sent)),
        f"deleteRecords.json, {IDS:,} ids": turns_of(requests.named_records(named)),
        f"getDevicesOnline.json, {DEVICES:,} devices": pieces_of(ListText("devices", entries)),
    }


def main() -> None:
    """Print a line for each."""
    for what, turns in measured().items():
        longest, whole = max(turns) * 1000, sum(turns) * 1000
        print(f"{what:42} {len(turns):3} turns, the longest {longest:6.2f} ms, together {whole:6.1f} ms")


if __name__ == "__main__":
    main()
