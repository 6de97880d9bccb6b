"""Records: storing, listing, reading, deleting."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import moment_of
from tests.support.server import World
from webcam.errors import EmptyRequest, NoData, NoSuchRecord
from webcam.model import Page
from webcam.ports import RECORD_PART
from webcam.service.session import Session

ALL = Page(None, 1000)


class RecordsTests(SynchronousTestCase):
    def setUp(self):
        self.world = World()
        self.records = self.world.services.records
        self.camera = self.session("camera")

    def session(self, device: str) -> Session:
        return self.world.services.sessions.find(self.world.authorize(device))

    def add(self, *data: bytes, meta: str = "") -> int:
        return self.world.run(self.records.add(self.camera, meta, data))

    def ids(self) -> list[int]:
        return [each.record_id for each in self.world.run(self.records.list(self.camera, ALL))]

    def assertFails(self, failure: type[Exception], coroutine) -> None:
        self.failureResultOf(coroutine, failure)

    def test_a_record_is_of_the_device_that_stored_it_and_seen_by_all_of_the_account(self):
        record_id = self.add(b"pic", b"ture", meta="m")
        record, size = self.world.run(self.records.with_data(self.session("phone"), record_id))
        self.assertEqual((record.device, record.meta, size), ("camera", "m", 7))
        self.assertEqual(self.world.run(self.records.part(record, 0)), b"picture")

    def test_a_large_record_is_read_part_by_part(self):
        whole = bytes(range(256)) * (RECORD_PART // 256 + 1)
        record, size = self.world.run(self.records.with_data(self.camera, self.add(whole)))
        parts = [self.world.run(self.records.part(record, number)) for number in range(-(-size // RECORD_PART))]
        self.assertTrue(b"".join(parts) == whole)

    def test_an_empty_record_is_refused_and_nothing_stored(self):
        for data in ((), (b"",), (b"", b"")):
            self.assertFails(EmptyRequest, self.records.add(self.camera, "", data))
        self.assertEqual(self.ids(), [])

    def test_a_record_that_holds_no_data_has_none_to_give(self):
        record_id, _ = self.world.run(
            self.world.store.add_record(self.camera.account_id, "camera", "", moment_of("2023-11-14 22:13:20"), [])
        )
        self.assertEqual(self.world.run(self.records.find(self.camera, record_id)).size, 0)
        self.assertFails(NoData, self.records.with_data(self.camera, record_id))

    def test_stamps_rise_and_are_known_as_the_servers_time(self):
        self.add(b"a")
        self.world.clock.step -= 3600
        self.add(b"b")
        first, second = self.world.run(self.records.list(self.camera, ALL))
        self.assertGreater(second.stamp, first.stamp)
        self.assertTrue(self.world.services.stamps.server_time(self.camera.account_id) >= second.stamp)

    def test_pages_lead_from_one_to_the_next(self):
        ids = [self.add(b"x") for _ in range(5)]
        first = self.world.run(self.records.list(self.camera, Page(None, 3)))
        rest = self.world.run(self.records.list(self.camera, Page(first[-1].stamp, 3)))
        self.assertEqual([each.record_id for each in first + rest], ids)

    def test_another_accounts_record_is_none_and_is_not_deleted(self):
        record_id, mine = self.add(b"x"), self.add(b"y")
        other_id = self.world.run(self.world.store.add_account("other", "hash"))
        token = self.world.run(self.world.services.sessions.open(other_id, "camera", "", ""))
        other = self.world.services.sessions.find(token)
        self.assertFails(NoSuchRecord, self.records.find(other, record_id))
        self.assertFails(NoSuchRecord, self.records.with_data(other, record_id))
        for older in (False, True):
            self.assertFails(NoSuchRecord, self.records.delete(other, [record_id], older))
        self.assertEqual(self.ids(), [record_id, mine])

    def test_deleting_with_and_without_the_older_ones(self):
        ids = [self.add(b"x") for _ in range(6)]
        self.world.run(self.records.delete(self.camera, [ids[4]], False))
        self.world.run(self.records.delete(self.camera, [ids[4], ids[2]], True))
        self.assertEqual(self.ids(), [ids[3], ids[5]])

    def test_expired_records_are_not_given_even_before_they_are_swept(self):
        record_id = self.add(b"x")
        self.world.clock.advance(30 * 86400)
        self.assertEqual(self.ids(), [record_id])
        self.world.clock.advance(1)
        self.assertEqual(self.ids(), [])
        self.assertFails(NoSuchRecord, self.records.with_data(self.camera, record_id))

    def test_a_shorter_time_to_keep_acts_on_what_exists_already_and_a_longer_one_too(self):
        record_id = self.add(b"x")
        self.world.clock.advance(3600)
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 0.004}))
        self.assertEqual(self.ids(), [])
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 1}))
        self.assertEqual(self.ids(), [record_id])
