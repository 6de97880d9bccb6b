"""A follower: whatever its transport, the journal and storage do meanwhile, it tells each event once, in order."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.contract.promises import at
from tests.support.events import EventReader, Told
from tests.support.properties import tried
from tests.support.relay import FakeSink
from webcam.model import Event
from webcam.relay.follower import BEAT, Follower
from webcam.relay.journal import Journal
from webcam.wire import events
from webcam.wire.events import Cursor, parse_cursor

EPOCHS = [f"{number:016x}" for number in range(1000)]
SIZE = 4
"""Entries of a journal."""


class Account:
    """An account to which things happen, and one client of it that comes and goes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.held: list[Event] = []
        self.unstored: list[str] = []
        self.restarts = 0
        self.reads: deque[tuple[str, Deferred[None]]] = deque()
        self.last: str | None = None
        self.told: list[Told] = []
        self.follower: Follower | None = None
        self.begin()

    def begin(self) -> None:
        """The server starts."""
        self.journal = Journal(EPOCHS[self.restarts], self.newest, SIZE)

    @property
    def newest(self) -> str:
        return self.held[-1].stamp if self.held else ""

    def store(self) -> None:
        """A message is stored."""
        number = len(self.held)
        self.happen(Event("message", b"%d" % number, "camera", at(number), ""), self.held)

    def pass_by(self) -> None:
        """Something that leaves nothing."""
        device = f"device {len(self.unstored)}"
        self.unstored.append(device)
        self.happen(events.device_off(device), None)

    def happen(self, event: Event, held: list[Event] | None) -> None:
        if held is not None:
            held.append(event)
        self.journal.add(event)
        if self.follower is not None:
            self.follower.go()

    async def stored(self, after: str) -> tuple[list[Event], str]:
        """Two at a time, and not before somebody lets it."""
        upto, begun = self.newest, Deferred[None]()
        self.reads.append((after, begun))
        await begun
        found = [each for each in self.held if after < each.stamp <= upto][:2]
        return found, found[-1].stamp if found else upto

    def read(self) -> None:
        """Storage answers one question."""
        if self.reads:
            self.reads.popleft()[1].callback(None)

    def connect(self) -> None:
        """The client comes, or comes back."""
        self.disconnect()
        beginning: tuple[Cursor, tuple[str, ...]] = (self.journal.cursor, ())
        cursor = parse_cursor(self.last) if self.last else None
        if cursor is not None:
            known = cursor.epoch == self.journal.epoch
            beginning = (cursor, ())
            if not known:
                beginning = (Cursor(self.journal.epoch, self.journal.last, cursor.stamp), events.UNSTORED)
        self.sink, self.reader = FakeSink(), EventReader()
        self.follower = Follower(self.sink, self.clock, self.journal, beginning, lambda _: True, self.stored)
        self.follower.start()
        self.sip()

    def disconnect(self) -> None:
        """It is gone, with what was not taken."""
        if self.follower is not None:
            self.follower.lost()
            self.follower = None

    def take(self) -> None:
        """The client reads what was written to it."""
        if self.follower is not None:
            self.told += self.reader.feed(b"".join(self.sink.pieces))
            self.sink.pieces.clear()
            self.last = self.reader.last

    def sip(self) -> None:
        """It reads what was written at once, and not what came after it."""
        if self.follower is not None and self.sink.pieces:
            self.told += self.reader.feed(self.sink.pieces.pop(0))
            self.last = self.reader.last

    def restart(self) -> None:
        """The server ends and starts again; storage is what it was."""
        self.disconnect()
        self.restarts += 1
        self.begin()

    def fill(self) -> None:
        """The transport is full."""
        if self.follower is not None:
            self.follower.pauseProducing()
            self.sink.room = 0

    def drain(self) -> None:
        """It takes more: a little, so that it is full again soon."""
        if self.follower is not None and self.sink.room <= 0:
            self.sink.drain(200)


STEPS = ("store", "pass_by", "read", "connect", "disconnect", "take", "sip", "restart", "fill", "drain")


class FollowerTests(SynchronousTestCase):
    @tried
    @given(st.lists(st.sampled_from(STEPS), max_size=80))
    def test_nothing_stored_is_missed_or_doubled_whatever_happens(self, steps: list[str]) -> None:
        account = Account()
        account.connect()
        for step in steps:
            getattr(account, step)()
        account.connect()
        while account.reads:
            account.read()
        account.take()
        self.assertEqual([each.data for each in account.told if each.kind == "message"], list(range(len(account.held))))
        self.check_the_rest(account)
        account.disconnect()
        self.assertEqual(account.clock.getDelayedCalls(), [])

    def check_the_rest(self, account: Account) -> None:
        """What storage doesn't have is told in order and once; where some is missing, a reset is told instead."""
        expected = 0
        lists_anew = False
        for each in account.told:
            if each.kind == "reset":
                lists_anew = True
            elif each.kind == "device-off":
                number = int(each.data["device"].split()[1])
                self.assertGreaterEqual(number, expected)
                self.assertTrue(number == expected or lists_anew, "missing, and it was not told")
                expected, lists_anew = number + 1, False
        self.assertTrue(expected == len(account.unstored) or lists_anew, "missing at the end, and it was not told")

    def test_a_client_that_is_told_everything_shares_what_is_written(self) -> None:
        account = Account()
        account.connect()
        account.sink.pieces.clear()
        account.store()
        self.assertIs(account.sink.pieces[0], account.journal.entry(1).block)

    def test_nothing_is_written_while_the_transport_is_full(self) -> None:
        account = Account()
        account.connect()
        account.fill()
        for _ in range(3):
            account.store()
        account.clock.advance(BEAT)
        self.assertEqual(account.sink.pieces, [])
        account.sink.drain()
        account.take()
        self.assertEqual([each.data for each in account.told], [0, 1, 2])

    def test_a_client_that_goes_while_storage_is_asked(self) -> None:
        account = Account()
        account.connect()
        account.disconnect()
        for _ in range(SIZE + 1):
            account.store()
        account.connect()
        account.disconnect()
        account.read()
        self.assertEqual(account.told, [])
