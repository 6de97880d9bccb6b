"""A camera in a few lines of plain Python: publishes a folder of JPEG pictures as a live stream, round and round.

    python3 docs/examples/camera.py docs/examples/pictures

Nothing but the standard library: HTTP/1.1 with a chunked upload, which is all that the smallest device needs.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from account import add_account_options, connect, log_in


def main() -> None:
    parser = argparse.ArgumentParser(description="Publish a folder of JPEG pictures as a live stream.")
    parser.add_argument("pictures", type=Path, help="folder of .jpg files")
    parser.add_argument("--fps", type=float, default=10, help="frames a second [%(default)s]")
    parser.add_argument("--count", type=int, default=0, help="stop after so many frames [never]")
    add_account_options(parser, device="camera")
    options = parser.parse_args()

    pictures = [path.read_bytes() for path in sorted(options.pictures.glob("*.jpg"))]
    if not pictures:
        parser.error(f"no .jpg files in {options.pictures}")
    token = log_in(options)
    upload = connect(options)
    upload.putrequest("POST", f"/input.raw?shash={token}&subproto=RAW_JPEG&delta={round(1000 / options.fps)}")
    upload.putheader("Transfer-Encoding", "chunked")
    upload.endheaders()
    print(f"{options.device} streams {len(pictures)} pictures at {options.fps:g} frames a second; Ctrl-C ends it")
    sent = 0
    due = time.monotonic()
    try:
        while not options.count or sent < options.count:
            payload = pictures[sent % len(pictures)]
            frame = b"\xaa\xaa" + len(payload).to_bytes(4, "little") + payload
            upload.send(b"%x\r\n%b\r\n" % (len(frame), frame))
            sent += 1
            due += 1 / options.fps
            time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        pass
    upload.send(b"0\r\n\r\n")
    print(f"sent {sent} frames; the server says {upload.getresponse().status}")


if __name__ == "__main__":
    main()
