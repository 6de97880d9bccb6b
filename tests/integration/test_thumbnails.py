"""Thumbnails by a real server: threads, the file that keeps them, restarts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.field_client import FieldClient
from tests.support.images import jpeg, opened, png_of
from tests.support.process import until
from tests.support.session import OK, ServerCase

MANY = 60


class ThumbnailsTests(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.own_server("--drain=1")
        self.shash = self.authorize("camera")
        limits = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        self.assertEqual(self.call("setConfig.json", shash=self.shash, config=limits), OK)
        self.shash = self.authorize("camera")

    @property
    def file(self) -> Path:
        return self.server.data / "thumbnails.db"

    def kept(self) -> int:
        """How many are in the file."""
        with closing(sqlite3.connect(self.file)) as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM thumbnails WHERE data <> x''").fetchone()
        return int(count)

    def ids(self) -> list[int]:
        return [each["rid"] for each in self.call("getRecordCount.json", shash=self.shash, limit=1000)["records"]]

    def test_a_gallery(self) -> None:
        """Asked for all at once, among them what is none; and again from the file, after a restart."""
        pictures = [jpeg(200 + number, 300) for number in range(MANY)]
        for data in (*pictures, b"{}", jpeg()[:-2000], png_of(50_000, 50_000), jpeg(3000, 2000)[:-2] + bytes(600_000)):
            self.add_record(self.shash, data)
        ids = self.ids()
        first = self.gallery(self.connect(), ids)
        self.assertEqual(
            [opened(body).width for _, body in first[:MANY]], [min(320, 200 + number) for number in range(MANY)]
        )
        self.assertEqual([status for status, _ in first[MANY:]], [404, 404, 404, 200])
        self.assertEqual(self.kept(), MANY + 1)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.server.stop()
        self.server.start()
        self.assertTrue(self.gallery(self.connect(), ids) == first)

    def gallery(self, wire: FieldClient, ids: list[int]) -> list[tuple[int | None, bytes]]:
        """Status and body of each, over one connection."""
        path = f"/console/thumbnail?shash={self.shash}&rid="
        answers = [wire.answer(each) for each in [wire.open("GET", f"{path}{rid}", end=True) for rid in ids]]
        return [(each.status, bytes(each.body)) for each in answers]

    def test_they_go_with_their_records(self) -> None:
        for _ in range(3):
            self.add_record(self.shash, jpeg())
        ids = self.ids()
        self.gallery(self.connect(), ids)
        self.assertEqual(self.kept(), 3)
        self.assertEqual(self.call("deleteRecords.json", shash=self.shash, records=ids[:2]), OK)
        self.assertEqual([status for status, _ in self.gallery(self.connect(), ids)], [404, 404, 200])
        self.assertEqual(self.kept(), 1)

    def test_what_goes_while_the_server_is_stopped(self) -> None:
        self.add_record(self.shash, jpeg())
        self.gallery(self.connect(), self.ids())
        self.server.stop()
        self.assertEqual(self.kept(), 1)
        self.server.account("remove", "user")
        self.server.start()
        until(lambda: self.kept() == 0, "its thumbnails are gone")

    def test_a_damaged_file_is_made_anew(self) -> None:
        self.add_record(self.shash, jpeg())
        first = self.gallery(self.connect(), self.ids())
        self.server.stop()
        self.file.write_bytes(b"no database" * 1000)
        self.server.start()
        self.use_client(self.server.client())
        self.assertTrue(self.gallery(self.connect(), self.ids()) == first)
        self.server.wait_for("no thumbnails are kept for 60 s: file is not a database")

    def test_the_server_ends_with_work_to_do(self) -> None:
        """And says nothing of it."""
        for _ in range(30):
            self.add_record(self.shash, jpeg(3000, 2500))
        wire = self.connect()
        for rid in self.ids():
            wire.open("GET", f"/console/thumbnail?shash={self.shash}&rid={rid}", end=True)
        wire.call("/getServerTime.json")  # same connection, later: the server has read the others before
        wire.stop_reading()
        self.server.stop()
