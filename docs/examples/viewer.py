"""A viewer in a few lines of plain Python: writes the frames of a live stream out as picture files.

python3 docs/examples/viewer.py camera --out seen --count 20
"""

from __future__ import annotations

import argparse
import json
import time
from http.client import HTTPResponse
from pathlib import Path

from account import Refused, add_account_options, connect, log_in, path, run

WAITING = {13: "it streams nothing yet", 14: "its stream had an error", 15: "it is not online"}
"""Codes that may be other ones soon."""


def read_exactly(answer: HTTPResponse, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = answer.read(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_frame(answer: HTTPResponse) -> bytes:
    header = read_exactly(answer, 6)
    if header[:2] != b"\xaa\xaa":
        raise ValueError("this is no frame")
    return read_exactly(answer, int.from_bytes(header[2:], "little"))


def open_stream(options: argparse.Namespace, token: str) -> HTTPResponse:
    """The live stream; waits for the camera when it isn't streaming yet. Raises ``Refused`` for any other reason."""
    while True:
        connection = connect(options)
        connection.request("POST", path("output.raw", shash=token, device=options.camera))
        answer = connection.getresponse()
        if answer.getheader("Content-Type") != "application/json":
            return answer
        code = json.load(answer)["code"]
        connection.close()
        if code not in WAITING:
            raise Refused(code)
        print(f"waiting for {options.camera}: {WAITING[code]}")
        time.sleep(2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the frames of a live stream out as pictures.")
    parser.add_argument("camera", help="device to watch")
    parser.add_argument("--out", type=Path, default=Path("seen"), help="folder for the pictures [%(default)s]")
    parser.add_argument("--count", type=int, default=20, help="stop after so many frames [%(default)s]")
    add_account_options(parser, device="viewer")
    options = parser.parse_args()

    answer = open_stream(options, log_in(options))
    options.out.mkdir(parents=True, exist_ok=True)
    seen = 0
    try:
        while seen < options.count:
            picture = read_frame(answer)
            seen += 1
            file = options.out / f"{seen:04d}.jpg"
            file.write_bytes(picture)
            print(f"{file}: {len(picture)} bytes")
    except EOFError:
        print("the stream has ended")
    print(f"saw {seen} frames")


if __name__ == "__main__":
    run(main)
