"""Uploads: how many of their parts storage has to write at once."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from webcam.ports import RECORD_PART
from webcam.service.uploads import AT_ONCE, Upload, Uploads


class SlowStore:
    """Notes the parts that it is given, and writes one when it is told to."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int]] = []
        self.writing: list[Deferred[None]] = []
        self._uploads = 0

    async def begin_upload(self) -> int:
        self._uploads += 1
        return self._uploads

    async def upload_part(self, record_id: int, part: int, data: bytes) -> None:
        self.parts.append((record_id, part))
        written: Deferred[None] = Deferred()
        self.writing.append(written)
        await written

    def write_one(self) -> None:
        self.writing.pop(0).callback(None)


class Device:
    """Its session, and where its bytes come from."""

    account_id = 1
    device = "camera"

    def __init__(self) -> None:
        self.on_disk = 0
        self.errors: list[Exception] = []

    def written(self, size: int) -> None:
        self.on_disk += size

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


class AtOnceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store: Any = SlowStore()
        self.room: list[Deferred[None]] = []
        self.has_room = True
        self.uploads = Uploads(self.store, None, self.wait_for_room)  # type: ignore[arg-type]
        self.devices: list[Device] = []

    async def wait_for_room(self) -> None:
        if not self.has_room:
            self.room.append(Deferred())
            await self.room[-1]

    def begin(self, parts: int = 1) -> Upload:
        self.devices.append(Device())
        upload = self.uploads.begin(self.devices[-1], "", self.devices[-1])  # type: ignore[arg-type]
        upload.take(bytes(parts * RECORD_PART))
        return upload

    def test_four_parts_are_written_at_once_whosever_they_are(self):
        self.assertEqual(AT_ONCE, 4)
        for _ in range(AT_ONCE + 3):
            self.begin()
        self.assertEqual(len(self.store.parts), AT_ONCE)
        for started in (AT_ONCE + 1, AT_ONCE + 2, AT_ONCE + 3, AT_ONCE + 3):
            self.store.write_one()
            self.assertEqual(len(self.store.parts), started)
        self.assertEqual([each.on_disk for each in self.devices], [RECORD_PART] * 4 + [0] * 3)

    def test_of_one_upload_a_part_at_a_time(self):
        self.begin(parts=3)
        for number in range(3):
            self.assertEqual(self.store.parts, [(1, each) for each in range(number + 1)])
            self.store.write_one()
        self.assertEqual(self.devices[0].on_disk, 3 * RECORD_PART)

    def test_one_that_has_more_waits_behind_those_that_wait(self):
        self.begin(parts=2)
        for _ in range(AT_ONCE):
            self.begin()
        self.store.write_one()
        self.assertEqual(self.store.parts[-1], (AT_ONCE + 1, 0))

    def test_who_waits_for_room_has_a_place_among_them(self):
        """What is given up on its way leaves its place to the next one."""
        self.has_room = False
        for _ in range(AT_ONCE + 1):
            self.begin()
        self.assertEqual((len(self.room), self.store.parts), (AT_ONCE, []))
        self.room[0].errback(OSError("no room"))
        self.assertEqual((len(self.room), len(self.devices[0].errors)), (AT_ONCE + 1, 1))
