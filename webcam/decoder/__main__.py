"""The program that decodes pictures: ``python -m webcam.decoder BYTES``, with so much memory for itself.

Reads pictures from standard input and writes answers to standard output (:mod:`.messages`) until its input ends.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from webcam.decoder.messages import READY, SIZE_BYTES, Answer, Outcome, decode_size, encode_answer
from webcam.decoder.picture import thumbnail

NICENESS = 10
"""Live streams go before."""

FIRST_TO_GO = "1000"
"""Where the kernel runs out of memory, this process is the one to end: see oom_score_adj in proc(5)."""

_CHUNK = 64 * 1024


def main() -> int:
    """Run until the input ends."""
    _stand_back(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _stand_back(memory: int) -> None:
    """Take no more than so many bytes of memory, and nothing from others."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, signal.SIG_IGN
        )  # a terminal and systemd send them to every process; the server ends this one
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        memory = min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # what forbids it needs it less
        os.nice(NICENESS)
    with contextlib.suppress(OSError), Path("/proc/self/oom_score_adj").open("w") as file:
        file.write(FIRST_TO_GO)


def serve(pictures: BinaryIO, answers: BinaryIO) -> None:
    """Answer each picture, until there are no more."""
    answers.write(READY)
    answers.flush()
    while len(head := pictures.read(SIZE_BYTES)) == SIZE_BYTES:
        answers.write(encode_answer(_answer(pictures, decode_size(head))))
        answers.flush()


def _answer(pictures: BinaryIO, size: int) -> Answer:
    left = size
    try:
        data = pictures.read(size)  # the memory for it is taken before anything is read
        left = 0
        jpeg = thumbnail(data)
    except MemoryError:
        while left and (chunk := pictures.read(min(left, _CHUNK))):
            left -= len(chunk)
        return Answer(Outcome.MEMORY)
    return Answer(Outcome.NONE) if jpeg is None else Answer(Outcome.MADE, jpeg)


if __name__ == "__main__":
    sys.exit(main())
