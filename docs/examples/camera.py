"""A camera in a few lines of plain Python: publishes a folder of JPEG pictures as a live stream, round and round.

    python3 docs/examples/camera.py docs/examples/pictures

Nothing but the standard library: HTTP/1.1 with a chunked upload, which is all that the smallest device needs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from account import BROKEN, add_account_options, connect, log_in, path, run

RETRY = 2.0
"""Seconds before it tries again, when the server or the network has gone."""


def frames(pictures: list[bytes], fps: float, count: int) -> Iterator[bytes]:
    """Whole frames, each when it is due; *count* of them, or without an end when that is 0."""
    due = time.monotonic()
    sent = 0
    while not count or sent < count:
        payload = pictures[sent % len(pictures)]
        yield b"\xaa\xaa" + len(payload).to_bytes(4, "little") + payload
        sent += 1
        due = max(due + 1 / fps, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def publish(options: argparse.Namespace, source: Iterator[bytes]) -> int:
    """One upload, until the source or the connection ends; how many frames went out."""
    upload = connect(options)
    delta = round(1000 / options.fps)
    upload.putrequest("POST", path("input.raw", shash=log_in(options), subproto="RAW_JPEG", delta=delta))
    upload.putheader("Transfer-Encoding", "chunked")
    upload.endheaders()
    print(f"{options.device} streams at {options.fps:g} frames a second; Ctrl-C ends it")
    sent = 0
    try:
        for frame in source:
            upload.send(b"%x\r\n%b\r\n" % (len(frame), frame))
            sent += 1
    except KeyboardInterrupt:
        pass
    upload.send(b"0\r\n\r\n")
    print(f"sent {sent} frames; the server says {upload.getresponse().status}")
    return sent


def main() -> None:
    parser = argparse.ArgumentParser(description="Publish a folder of JPEG pictures as a live stream.")
    parser.add_argument("pictures", type=Path, help="folder of .jpg files")
    parser.add_argument("--fps", type=float, default=10, help="frames a second [%(default)s]")
    parser.add_argument("--count", type=int, default=0, help="stop after so many frames [never]")
    add_account_options(parser, device="camera")
    options = parser.parse_args()
    if not options.fps > 0:
        parser.error("--fps wants more than 0")
    pictures = [each.read_bytes() for each in sorted(options.pictures.glob("*.jpg"))]
    if not pictures:
        parser.error(f"no .jpg files in {options.pictures}")

    log_in(options)  # what is wrong at the beginning is no matter of trying again
    while True:
        try:
            publish(options, frames(pictures, options.fps, options.count))
            return
        except BROKEN as error:
            print(f"the connection is gone ({type(error).__name__}), trying again")
            time.sleep(RETRY)


if __name__ == "__main__":
    run(main)
