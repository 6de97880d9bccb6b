"""Making thumbnails: once each, in turn, a bounded number at a time, and gone with their records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.decoder import ControlledDecoder
from tests.support.server import World, at_once
from webcam.errors import DatabaseFail, DecoderFail, NoData, NoSuchRecord, Overloaded
from webcam.model import Record
from webcam.ports import RECORD_PART
from webcam.service.thumbnails import AT_ONCE, MOST_BYTES, WAITING, Thumbnails
from webcam.storage.thumbnails import ThumbnailFile

PICTURE = b"\xff\xd8\xff\xe0 what the decoder is given"


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.store, self.services = self.world.store, self.world.services
        self.decoder = ControlledDecoder()
        self.kept = ThumbnailFile(None, at_once)
        self.thumbnails = Thumbnails(self.services.records, self.store, self.kept, self.decoder)
        self.services.events.on_records_removed = self.thumbnails.removed
        self.session = self.log_in("phone")

    def log_in(self, device: str) -> Any:
        return self.services.sessions.find(self.world.authorize(device))

    def add(self, data: bytes = PICTURE) -> Record:
        record_id = self.world.run(self.services.records.add(self.session, "", [data]))
        return self.found(record_id)

    def found(self, record_id: int) -> Record:
        record: Record = self.world.run(self.services.records.find(self.session, record_id))
        return record

    def ask(self, record: Record, session: Any = None) -> Deferred[bytes]:
        return Deferred.fromCoroutine(self.thumbnails.of(session or self.session, record))

    def made(self, record: Record, data: bytes = b"small") -> None:
        asked = self.ask(record)
        self.decoder.finish(data)
        self.assertEqual(self.successResultOf(asked), data)

    def ids(self) -> list[int]:
        ids: list[int] = self.world.run(self.kept.kept(0, 1000))
        return ids


class Making(Case):
    def test_it_is_made_once(self) -> None:
        record = self.add()
        self.made(record)
        self.assertEqual(self.successResultOf(self.ask(record)), b"small")
        self.assertEqual(self.decoder.pictures, [PICTURE])

    def test_the_decoder_is_given_all_of_it(self) -> None:
        data = PICTURE + bytes(range(256)) * (3 * RECORD_PART // 256)
        self.made(self.add(data))
        self.assertTrue(self.decoder.pictures == [data])

    def test_one_that_can_not_be_made_is_tried_once(self) -> None:
        record = self.add()
        asked = self.ask(record)
        self.decoder.finish(b"")
        self.failureResultOf(asked, NoData)
        self.failureResultOf(self.ask(record), NoData)
        self.assertEqual(len(self.decoder.pictures), 1)

    def test_what_is_no_picture_is_not_read(self) -> None:
        parts: list[int] = []
        part = self.store.record_part

        async def counted(record_id: int, number: int) -> bytes:
            parts.append(number)
            return await part(record_id, number)

        self.store.record_part = counted  # type: ignore[method-assign]
        self.failureResultOf(self.ask(self.add(b"\x00\x00\x00\x20ftypisom" + bytes(3 * RECORD_PART))), NoData)
        self.assertEqual((parts, self.decoder.pictures), ([0], []))

    def test_one_that_is_too_large_is_not_read_either(self) -> None:
        for size in (MOST_BYTES + 1, 0, None):
            self.failureResultOf(self.ask(replace(self.add(), size=size)), NoData)
        self.assertEqual(self.decoder.pictures, [])

    def test_two_that_ask_for_the_same(self) -> None:
        """The one behind those at work finds it made."""
        record = self.add()
        first = self.ask(record)
        for _ in range(AT_ONCE - 1):
            self.ask(self.add())
        second = self.ask(record)
        self.assertEqual(len(self.decoder.running), AT_ONCE)
        while self.decoder.running:
            self.decoder.finish(b"small")
        self.assertEqual([self.successResultOf(each) for each in (first, second)], [b"small", b"small"])
        self.assertEqual(len(self.decoder.pictures), AT_ONCE)

    def test_where_there_is_no_decoder_nothing_is_kept(self) -> None:
        record = self.add()
        asked = self.ask(record)
        self.decoder.finish(DecoderFail("it doesn't start"))
        self.failureResultOf(asked, NoData)
        self.assertEqual(self.ids(), [])
        self.made(record)


class AtOnce(Case):
    def test_so_many_and_the_others_wait(self) -> None:
        asked = [self.ask(self.add()) for _ in range(5)]
        self.assertEqual(len(self.decoder.running), AT_ONCE)
        for _ in asked:
            self.decoder.finish(b"small")
        self.assertEqual([self.successResultOf(each) for each in asked], [b"small"] * 5)

    def test_so_many_wait(self) -> None:
        asked = [self.ask(self.add()) for _ in range(AT_ONCE + WAITING)]
        self.failureResultOf(self.ask(self.add()), Overloaded)
        while self.decoder.running:
            self.decoder.finish(b"small")
        self.assertEqual({self.successResultOf(each) for each in asked}, {b"small"})

    def test_accounts_take_turns(self) -> None:
        """Who scrolls through thousands keeps nobody else waiting for more than one."""
        account_id = self.world.run(self.store.add_account("other", "hash"))
        self.world.run(self.services.accounts.refresh())
        other = self.services.sessions.find(
            self.world.run(self.services.sessions.open(account_id, "phone", "", "192.0.2.1"))
        )
        mine = [self.ask(self.add()) for _ in range(20)]
        record_id = self.world.run(self.services.records.add(other, "", [PICTURE]))
        theirs = self.ask(self.world.run(self.services.records.find(other, record_id)), other)
        for _ in range(AT_ONCE + 2):
            self.decoder.finish(b"small")
        self.successResultOf(theirs)
        while self.decoder.running:
            self.decoder.finish(b"small")
        self.assertEqual({self.successResultOf(each) for each in mine}, {b"small"})

    def test_who_leaves_gives_up_his_place(self) -> None:
        asked = [self.ask(self.add()) for _ in range(AT_ONCE + 3)]
        for each in asked[AT_ONCE:]:
            each.cancel()
            self.failureResultOf(each, CancelledError)
        for _ in range(AT_ONCE):
            self.decoder.finish(b"small")
        self.assertEqual((self.decoder.running, len(self.decoder.pictures)), ([], AT_ONCE))

    def test_what_has_begun_ends_though_nobody_waits(self) -> None:
        """It was worth the work; its place isn't another's before."""
        records = [self.add() for _ in range(AT_ONCE + 1)]
        asked = [self.ask(each) for each in records]
        for each in asked[:AT_ONCE]:
            each.cancel()
            self.failureResultOf(each, CancelledError)
        self.assertEqual(len(self.decoder.running), AT_ONCE)
        for _ in records:
            self.decoder.finish(b"small")
        self.assertEqual(self.successResultOf(asked[-1]), b"small")
        self.assertEqual(self.successResultOf(self.ask(records[0])), b"small")

    def test_a_failure_that_nobody_waits_for_is_logged(self) -> None:
        asked = self.ask(self.add())
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.decoder.finish(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Going(Case):
    def test_it_goes_with_its_record(self) -> None:
        first, second = self.add(), self.add()
        self.made(first), self.made(second)
        self.world.run(self.services.records.delete(self.session, [first.record_id], False))
        self.assertEqual(self.ids(), [second.record_id])

    def test_a_record_that_goes_while_it_is_made(self) -> None:
        record = self.add()
        asked = self.ask(record)
        self.world.run(self.services.records.delete(self.session, [record.record_id], False))
        self.decoder.finish(b"small")
        self.failureResultOf(asked, NoSuchRecord)
        self.assertEqual(self.ids(), [])

    def tidy(self) -> None:
        self.world.run(self.thumbnails.tidy(self.services.accounts.known))

    def test_older_ones_go_with_the_next_look(self) -> None:
        records = [self.add() for _ in range(5)]
        for each in records:
            self.made(each)
        self.tidy()
        self.world.run(self.services.records.delete(self.session, [records[3].record_id], True))
        self.tidy()
        self.assertEqual(self.ids(), [records[4].record_id])

    def test_those_of_an_account_go_with_it(self) -> None:
        self.made(self.add())
        self.tidy()
        self.assertEqual(len(self.ids()), 1)
        self.world.run(self.store.remove_account("user"))
        self.world.run(self.services.accounts.refresh())
        self.tidy()
        self.assertEqual(self.ids(), [])

    def test_what_an_earlier_process_left(self) -> None:
        """Many pages of them."""
        record = self.add()
        self.made(record)
        for number in range(1, 1201):
            self.world.run(self.kept.keep(replace(record, record_id=record.record_id + number), b""))
        self.tidy()
        self.assertEqual(self.ids(), [record.record_id])

    def test_what_storage_refused_to_tell_is_asked_again(self) -> None:
        record = self.add()
        self.made(record)
        self.world.run(self.kept.keep(replace(record, record_id=record.record_id + 1), b"left behind"))
        with mock.patch.object(self.store, "kept_records", side_effect=DatabaseFail("refused")):
            self.assertRaises(DatabaseFail, self.tidy)
        self.tidy()
        self.assertEqual(self.ids(), [record.record_id])

    def test_another_database_is_compared_with_once(self) -> None:
        asked: list[int] = []
        kept_records = self.store.kept_records

        async def counted(record_ids: Any) -> set[int]:
            asked.append(len(record_ids))
            return await kept_records(record_ids)

        self.store.kept_records = counted  # type: ignore[method-assign]
        self.made(self.add())
        for _ in range(3):
            self.tidy()
        self.assertEqual(asked, [1])
        self.thumbnails.exchanged()
        for _ in range(3):
            self.tidy()
        self.assertEqual(asked, [1, 1])
