"""What the server's memory costs: idle sessions, and a large record on its way in and out.

    python -m tests.benchmarks.memory

Resident memory of a real ``twistd``, before and after; the peak is the kernel's own count (VmHWM).
"""

from __future__ import annotations

import http.client
import os
import tempfile
from pathlib import Path

from tests.benchmarks.load import ask, client_context, log_in
from tests.support.process import Server

SESSIONS = 1000
RECORD = 32 * 1024 * 1024
MEGABYTE = 1e6


def peak(server: Server, reset: bool = False) -> float:
    """Bytes; with *reset* the kernel begins to count anew."""
    if reset:
        Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    line = next(
        each for each in Path(f"/proc/{server.pid}/status").read_text().splitlines() if each.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024


def sessions(server: Server, password: str) -> None:
    log_in(server.port, password, "warm up")
    before = server.resident()
    for number in range(SESSIONS):
        log_in(server.port, password, f"device {number}")
    grown = server.resident() - before
    print(f"{SESSIONS} idle sessions: {grown / MEGABYTE:.1f} MB, {grown / SESSIONS:.0f} bytes each")


def record(server: Server, password: str) -> None:
    token = log_in(server.port, password, "camera")
    data = os.urandom(RECORD)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=client_context("http/1.1"))
    before = peak(server, reset=True)
    connection.request("POST", f"/addRecord.json?shash={token}", data)
    assert b"OK" in connection.getresponse().read()
    print(f"a record of {RECORD / MEGABYTE:.1f} MB, uploading: {(peak(server) - before) / MEGABYTE:.1f} MB at the peak")
    (found,) = ask(server.port, "getRecordCount.json", shash=token)["records"]
    before = peak(server, reset=True)
    connection.request("POST", f"/getRecordData.json?shash={token}&rid={found['rid']}")
    assert connection.getresponse().read() == data
    print(f"the same, fetching: {(peak(server) - before) / MEGABYTE:.1f} MB at the peak")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            password = (server.data / "first-password").read_text().strip()
            sessions(server, password)
            record(server, password)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
