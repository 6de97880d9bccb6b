"""Sessions in storage: written behind, and taken over by the next start as if nothing had happened."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import FakeClock
from tests.support.disk import FakeDisk
from tests.support.server import World
from tests.support.sessions import HERE, SessionsCase
from webcam.calendar import SECOND
from webcam.errors import DatabaseFail, NoSuchSession
from webcam.model import Draft, Page, SavedSession
from webcam.service.ages import Ages
from webcam.service.disk_space import DiskSpace
from webcam.service.events import Events
from webcam.service.messages import Messages
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.service.stamps import Stamps
from webcam.service.timekeeper import Timekeeper
from webcam.service.tokens import digest_of


class SavedCase(SessionsCase):
    def given(self, session: Session, stamp: str) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.sessions.asks(session)))
        self.sessions.given(session, stamp)

    def saved(self) -> list[SavedSession]:
        return self.successResultOf(self.store.sessions())

    def restart(self, seconds: float = 0.0, step: float = 0.0) -> None:
        """Another process so many seconds later; its steady clock counts from elsewhere, its wall may have stepped."""
        wall = self.clock.wall()
        self.clock = FakeClock()
        self.clock.advance(5)
        self.clock.step = wall + seconds + step - 5
        state = self.time.state
        self.time = Timekeeper(self.clock)
        self.time.begin(state, 0)
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        self.successResultOf(self.sessions.load())


class WriteBehindTests(SavedCase):
    def test_what_changed_is_written_with_the_next_sweep_and_only_that(self):
        token = self.open()
        self.open("silent")
        self.clock.advance(10)
        self.sessions.charge(token)
        before = self.store.touches
        self.assertEqual([each.requests for each in self.saved()], [0, 0])
        self.sweep()
        by_device = {each.device: each for each in self.saved()}
        self.assertEqual((by_device["camera"].requests, by_device["silent"].requests), (1, 0))
        self.assertEqual(by_device["camera"].active - by_device["silent"].active, 10 * SECOND)
        self.assertEqual(self.store.touches, before + 1)
        self.sweep()
        self.assertEqual(self.store.touches, before + 1, "nothing changed since")

    def test_an_ended_session_leaves_storage_with_the_next_sweep(self):
        session = self.sessions.find(self.open())
        self.sessions.end(session)
        self.sweep()
        self.assertEqual(self.saved(), [])

    def test_what_could_not_be_written_is_written_later(self):
        ended, alive = self.sessions.find(self.open("ended")), self.open("alive")
        self.sessions.end(ended)
        self.sessions.charge(alive)
        self.store.refusing = True
        self.failureResultOf(self.sessions.sweep(), DatabaseFail)
        self.store.refusing = False
        self.sweep()
        self.assertEqual([(each.device, each.requests) for each in self.saved()], [("alive", 1)])

    def test_a_failed_write_disturbs_nobody(self):
        token = self.open()
        self.sessions.charge(token)
        self.store.refusing = True
        self.failureResultOf(self.sessions.sweep(), DatabaseFail)
        self.assertEqual(self.sessions.charge(token).requests, 2)


class RestartTests(SavedCase):
    def test_a_restart_is_not_seen_by_devices(self):
        token = self.open("camera", "meta")
        self.sessions.charge(token)
        self.sweep()
        self.restart()
        session = self.sessions.charge(token)
        self.assertEqual((session.device, session.meta, session.address), ("camera", "meta", HERE))
        self.assertEqual(session.requests, 2)
        self.assertEqual([each.device for each in self.sessions.online(self.account_id)], ["camera"])

    def test_the_silence_goes_on_over_a_restart(self):
        self.set(minutes=3)
        token = self.open()
        self.clock.advance(100)
        self.restart()
        self.clock.advance(79)
        self.assertTrue(self.sessions.is_online(self.account_id, "camera"))
        self.clock.advance(2)
        self.assertRaises(NoSuchSession, self.sessions.find, token)

    def test_a_wall_clock_that_jumped_ahead_meanwhile_ends_nobody_early(self):
        """How long no server ran is known by that clock alone, so it doesn't count."""
        self.set(minutes=3)
        token = self.open()
        self.restart(step=365 * 86400)
        self.clock.advance(179)
        self.sessions.find(token)
        self.clock.advance(181)
        self.assertRaises(NoSuchSession, self.sessions.find, token)

    def test_a_wall_clock_that_stepped_back_meanwhile_ends_nobody_early(self):
        self.set(minutes=3)
        token = self.open()
        self.restart(step=-100_000)
        self.clock.advance(179)
        self.sessions.find(token)

    def test_a_wall_clock_that_stepped_back_meanwhile_lets_nobody_live_longer(self):
        self.set(minutes=3)
        token = self.open()
        self.restart(step=-100_000)
        self.clock.advance(180.25)
        self.assertRaises(NoSuchSession, self.sessions.find, token)

    def test_a_session_with_a_live_stream_is_saved_as_active(self):
        self.set(minutes=3)
        token = self.open()
        session = self.sessions.find(token)
        self.sessions.stream_opened(session, lambda: None)
        self.clock.advance(1000)
        session.dirty = True
        self.sweep()
        self.restart()
        self.sessions.find(token)

    def test_lists_still_name_a_device_by_its_newest_session(self):
        first = self.open(meta="first")
        self.clock.advance(1)
        self.open(meta="second")
        self.restart()
        self.assertEqual([each.meta for each in self.sessions.online(self.account_id)], ["second"])
        self.sessions.find(first)
        self.assertEqual([each.meta for each in self.sessions.online(self.account_id)], ["second"])

    def test_the_limit_of_requests_goes_on_over_a_restart(self):
        self.set(requests=200, a_minute=200)
        token = self.open()
        for _ in range(199):
            self.sessions.charge(token)
        self.sweep()
        self.restart()
        self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)

    def test_what_the_session_was_given_is_known_after_a_restart(self):
        token = self.open()
        session = self.sessions.find(token)
        self.given(session, "2023-11-14 22:13:20.000000")
        self.sweep()
        self.restart()
        self.assertEqual(self.sessions.find(token).given, "2023-11-14 22:13:20.000000")

    def test_that_it_asked_is_known_at_once_and_what_it_was_given_later_is_not_made_up(self):
        """A sync right behind the restart must not acknowledge what nobody was given."""
        asked, silent = self.open(), self.open()
        self.given(self.sessions.find(asked), "2023-11-14 22:13:20.000000")
        self.sweep()
        self.given(self.sessions.find(asked), "2023-11-14 22:13:21.000000")
        self.given(self.sessions.find(new := self.open()), "2023-11-14 22:13:21.000000")
        self.restart()
        self.assertEqual(self.sessions.find(asked).given, "2023-11-14 22:13:20.000000")
        self.assertEqual(self.sessions.find(new).given, "")
        self.assertIsNone(self.sessions.find(silent).given)

    def test_that_it_asked_outlasts_what_else_is_written_at_that_moment(self):
        """Sessions are written behind while storage is still busy with the note that this one asked."""
        token, touch, ready = self.open(), self.store.touch_sessions, Deferred()

        async def late(saved):
            await touch(saved)
            await ready

        self.patch(self.store, "touch_sessions", late)
        asking = Deferred.fromCoroutine(self.sessions.asks(self.sessions.find(token)))
        flushing = Deferred.fromCoroutine(self.sessions.flush())
        ready.callback(None)
        self.successResultOf(asking)
        self.successResultOf(flushing)
        self.restart()
        self.assertEqual(self.sessions.find(token).given, "")

    def test_the_newest_session_of_a_device_stays_the_newest(self):
        old, new = self.open(meta="old"), self.open(meta="new")
        self.clock.advance(1)
        self.sessions.find(old)
        self.sweep()
        self.restart()
        self.assertEqual([each.meta for each in self.sessions.online(1)], ["new"])
        self.sessions.find(new)

    def test_a_session_that_only_streams_is_found_alive(self):
        token = self.open()
        self.sessions.stream_opened(self.sessions.find(token), lambda: None)
        for _ in range(11):
            self.clock.advance(60)
            self.sweep()
        self.restart()
        self.sessions.find(token)

    def test_a_token_is_found_by_its_digest_alone(self):
        token = self.open()
        self.restart()
        self.assertEqual(self.sessions.find(token).digest, digest_of(token))


class GivenTests(SavedCase):
    def test_what_was_given_never_falls_and_nothing_is_something(self):
        session = self.sessions.find(self.open())
        self.assertIsNone(session.given)
        self.given(session, "")
        self.assertEqual(session.given, "")
        self.given(session, "b")
        self.given(session, "a")
        self.given(session, "")
        self.assertEqual(session.given, "b")


async def _nothing(_records: object) -> None:
    """No records are there that could go."""


class RefusedTests(SavedCase):
    """Storage refuses to note that a session asked: then it was given nothing, and nothing is acknowledged."""

    def setUp(self):
        super().setUp()
        stamps, ages = Stamps(self.clock, self.time), Ages(self.settings, self.time)
        events = Events(self.store, self.sessions, ages, stamps, self.clock)
        space = DiskSpace(self.store, FakeDisk(self.store), self.clock, 0, remove=_nothing)
        self.messages = Messages(self.store, self.sessions, ages, stamps, self.quotas, events, space)
        self.phone = self.sessions.find(self.open("phone"))
        camera = self.sessions.find(self.open("camera"))
        self.successResultOf(self.messages.send(camera, [Draft("motion", "", "{}")], False))

    def get(self) -> list[str]:
        return [each.name for each in self.successResultOf(self.messages.get(self.phone, Page(None)))]

    def test_taking_takes_nothing(self):
        self.store.refusing = True
        self.failureResultOf(self.messages.take(self.phone, Page(None)), DatabaseFail)
        self.store.refusing = False
        self.assertEqual(self.get(), ["motion"])

    def test_getting_gives_nothing(self):
        self.store.refusing = True
        self.failureResultOf(self.messages.get(self.phone, Page(None)), DatabaseFail)
        self.store.refusing = False
        self.assertIsNone(self.phone.given)


class AfterPasswordTests(SynchronousTestCase):
    def test_write_behind_brings_no_session_back_that_a_new_password_ended(self):
        """The operator's program deletes them; the server may not have noticed yet when it writes, or when it ends."""
        world = World()
        world.services.sessions.charge(world.authorize("camera"))
        world.run(world.store.set_password("user", "new hash"))
        world.run(world.services.sessions.flush())
        self.assertEqual(world.run(world.store.sessions()), [])
