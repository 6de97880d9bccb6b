"""The journal: the newest events of an account, and what it says of those that fell out."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.contract.promises import at
from webcam.model import Event
from webcam.relay.journal import MOST, ROOM, Journal
from webcam.wire import events

EPOCH = "0123456789abcdef"


def stored(seconds: float, size: int = 2) -> Event:
    return Event("message", b"x" * size, "camera", at(seconds), "")


def unstored(device: str = "camera") -> Event:
    return events.device_off(device)


class JournalTests(SynchronousTestCase):
    def journal(self, most: int = MOST, room: int = ROOM, floor: str = "") -> Journal:
        return Journal(EPOCH, floor, most, room)

    def numbers(self, journal: Journal) -> list[int]:
        return [journal.entry(number).number for number in range(journal.first, journal.last + 1)]

    def test_what_is_left_out_is_left_to_storage_and_what_was_added_stays(self) -> None:
        journal = self.journal(floor=at(0))
        journal.add(unstored())
        journal.add(stored(1))
        journal.leave_out(at(5))
        journal.add(stored(6))
        self.assertEqual((journal.floor, journal.newest, journal.lost), (at(5), at(6), 0))
        self.assertEqual(self.numbers(journal), [1, 2, 3])

    def test_an_empty_one(self) -> None:
        journal = self.journal(floor=at(5))
        self.assertEqual((journal.first, journal.last, journal.lost, journal.floor), (1, 0, 0, at(5)))
        self.assertEqual(journal.cursor, events.Cursor(EPOCH, 0, at(5)))

    def test_entries_are_numbered_and_know_the_newest_stamp_up_to_them(self) -> None:
        journal = self.journal(floor=at(0))
        for event in (unstored(), stored(1), unstored(), stored(2)):
            journal.add(event)
        entries = [journal.entry(number) for number in range(1, 5)]
        self.assertEqual([each.newest for each in entries], [at(0), at(1), at(1), at(2)])
        self.assertEqual(self.numbers(journal), [1, 2, 3, 4])
        for entry in entries:
            self.assertEqual(entry.block, events.block(entry.event, events.Cursor(EPOCH, entry.number, entry.newest)))

    def test_what_falls_out_is_the_oldest_and_is_told_apart(self) -> None:
        journal = self.journal(most=2)
        for event in (unstored(), stored(1), stored(2), stored(3)):
            journal.add(event)
        self.assertEqual((self.numbers(journal), journal.lost, journal.floor), ([3, 4], 1, at(1)))
        journal.add(unstored())
        self.assertEqual((self.numbers(journal), journal.lost, journal.floor), ([4, 5], 1, at(2)))
        for second in (4, 5):
            journal.add(stored(second))
        self.assertEqual((self.numbers(journal), journal.lost, journal.floor), ([6, 7], 5, at(3)))

    def test_it_is_bounded_in_bytes_but_holds_the_newest_whatever_its_size(self) -> None:
        journal = self.journal(room=1000)
        for second in range(5):
            journal.add(stored(second, 250))
        self.assertEqual(self.numbers(journal), [3, 4, 5])
        journal.add(stored(9, 5000))
        self.assertEqual(self.numbers(journal), [6])
        journal.add(stored(10))
        self.assertEqual(self.numbers(journal), [7])

    def test_what_was_stored_before_it_began_is_left_out(self) -> None:
        """A write may be on disk, and known to be, before whoever asked for it goes on."""
        journal = self.journal(floor=at(5))
        journal.add(stored(5))
        self.assertEqual(self.numbers(journal), [])
        journal.add(stored(6))
        self.assertRaises(AssertionError, journal.add, stored(6))
