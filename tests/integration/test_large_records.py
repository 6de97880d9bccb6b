"""Large records over real connections: none of them is in memory, and what becomes of them on the disk."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256

from tests.support.process import until
from tests.support.session import OK, ServerCase

MB = 1024 * 1024
SIZE = 64 * MB
PIECE = os.urandom(MB)

HELD = 32 * MB
"""More than an upload and a download may hold of it, and the allocator may keep; half of the record."""


def body(size: int = SIZE) -> Iterator[bytes]:
    """Bytes that differ, one MiB after the other."""
    for number in range(size // MB):
        yield number.to_bytes(8, "big") + PIECE[8:]


class LargeRecordTests(ServerCase):
    """A server that takes records of up to 128 MiB."""

    def setUp(self) -> None:
        super().setUp()
        self.own_server("--record-limit=128M")
        self.shash = self.authorize("camera")

    def most_memory(self) -> None:
        """Note what the server holds, again and again, until the test ends."""
        self.most, over = 0, threading.Event()

        def look() -> None:
            while not over.wait(0.01):
                self.most = max(self.most, self.server.resident())

        thread = threading.Thread(target=look)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)

    def upload(self) -> int:
        """The id of a record of :data:`SIZE` bytes."""
        answer = self.http.post("/addRecord.json", params={"shash": self.shash}, content=body())
        self.assertEqual(answer.json(), OK)
        return int(self.call("getRecordCount.json", shash=self.shash)["records"][-1]["rid"])

    def parts(self) -> int:
        with closing(sqlite3.connect(f"file:{self.server.data / 'webcam.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM record_parts").fetchone()[0])

    def test_memory_stays_flat_both_ways_and_every_byte_comes_back(self) -> None:
        for http2 in (True, False):
            self.use_client(self.server.client(http2))
            before = self.server.resident()
            self.most_memory()
            rid = self.upload()
            sent, got = sha256(), sha256()
            for piece in body():
                sent.update(piece)
            with self.http.stream("POST", "/getRecordData.json", json={"shash": self.shash, "rid": rid}) as answer:
                self.assertEqual(answer.headers["content-length"], str(SIZE))
                for piece in answer.iter_bytes():
                    got.update(piece)
            self.assertEqual(got.digest(), sent.digest())
            self.assertLess(self.most - before, HELD)
            wanted = {"range": f"bytes={SIZE - MB - 5}-{SIZE - MB + 4}"}
            part = self.http.post("/getRecordData.json", json={"shash": self.shash, "rid": rid}, headers=wanted)
            self.assertEqual(part.content, b"".join(list(body())[-2:])[MB - 5 : MB + 5])

    def free_pages(self) -> int:
        with closing(sqlite3.connect(f"file:{self.server.data / 'webcam.db'}?mode=ro", uri=True)) as connection:
            (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
            return int(pages)

    def test_deleted_it_gives_its_space_back_to_the_disk(self) -> None:
        rid = self.upload()
        database = self.server.data / "webcam.db"
        self.assertEqual(self.call("deleteRecords.json", shash=self.shash, records=[rid]), OK)
        self.assertEqual(self.call("getRecordCount.json", shash=self.shash)["records"], [])
        until(lambda: not self.parts(), "its parts go")
        self.http.post("/addRecord.json", params={"shash": self.shash}, content=b"another one")
        until(lambda: self.parts() == 1, "it is stored")
        until(lambda: self.free_pages() * 4096 < SIZE // 4, "free pages go")
        self.server.stop()
        self.assertLess(database.stat().st_size, SIZE // 2)

    def test_an_upload_that_a_crash_cut_off_leaves_nothing(self) -> None:
        client = self.connect()
        stream = client.open("POST", f"/addRecord.json?shash={self.shash}", {})
        client.send(stream, bytes(2 * MB))
        until(lambda: self.parts() > 2, "parts of it are on disk")
        self.server.kill()
        self.server.start()
        self.use_client(self.server.client())
        rid = self.upload()
        self.assertEqual([each["rid"] for each in self.call("getRecordCount.json", shash=self.shash)["records"]], [rid])
        self.call("deleteRecords.json", shash=self.shash, records=[rid])
        until(lambda: not self.parts(), "the parts of both go")
