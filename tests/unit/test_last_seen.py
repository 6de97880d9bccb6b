"""When devices were last seen: noted as sessions come and go, written behind, and not lost when storage refuses."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from tests.support.sessions import SessionsCase
from webcam.consolemodel import Seen
from webcam.errors import DatabaseFail
from webcam.model import Role
from webcam.service.lastseen import REMEMBERED, REMEMBERED_OF_SECRET, LastSeen


class LastSeenTests(SessionsCase):
    def setUp(self):
        super().setUp()
        self.last_seen = LastSeen(self.store, self.time)
        self.sessions.on_seen = self.last_seen.note

    def flush(self) -> None:
        self.successResultOf(self.ensure(self.last_seen.flush()))

    def ensure(self, coroutine):
        return Deferred.fromCoroutine(coroutine)

    def known(self) -> dict[str, int]:
        """When each was seen, by device."""
        found = self.successResultOf(self.ensure(self.last_seen.of(self.account_id)))
        return {each.device: each.active for each in found}

    def stored(self) -> list[Seen]:
        return self.successResultOf(self.ensure(self.store.seen_devices(self.account_id)))

    def now(self) -> int:
        return self.time.running

    def test_known_at_once_and_stored_with_the_next_flush(self):
        self.open("camera", meta="a camera")
        self.assertEqual((self.known(), self.stored()), ({"camera": self.now()}, []))
        self.flush()
        self.assertEqual(self.stored(), [Seen(self.account_id, "camera", "a camera", self.now())])
        self.assertEqual(self.known(), {"camera": self.now()})

    def test_the_end_of_the_last_session_counts(self):
        tokens = [self.open("camera"), self.open("camera")]
        came = self.now()
        self.clock.advance(5)
        for token in tokens:
            self.assertEqual(self.known(), {"camera": came})
            self.sessions.find(token)
            self.sessions.end(self.sessions.find(token))
        self.assertEqual(self.known(), {"camera": self.now()})

    def test_a_stream_is_seen_to_its_end(self):
        session = self.sessions.find(self.open("camera"))
        self.sessions.stream_opened(session, lambda: None)
        self.clock.advance(1000)
        self.sessions.end(session)
        self.assertEqual(self.known(), {"camera": self.now()})

    def test_who_only_views_is_no_device(self):
        self.open("guest", secret=self.secret(Role.VIEW))
        self.assertEqual(self.known(), {})

    def test_what_storage_refuses_is_written_later(self):
        saw, refusing = self.store.saw_devices, True

        async def maybe(seen: Sequence[Seen], *kept: int) -> None:
            if refusing:
                raise DatabaseFail("refused")
            await saw(seen, *kept)

        self.patch(self.store, "saw_devices", maybe)
        self.open("camera")
        self.failureResultOf(self.ensure(self.last_seen.flush()), DatabaseFail)
        self.clock.advance(1)
        self.open("camera")
        self.open("phone")
        refusing = False
        self.flush()
        self.assertEqual({each.device: each.active for each in self.stored()}, self.known())
        self.assertEqual(self.known(), dict.fromkeys(("camera", "phone"), self.now()))

    def test_so_many_are_known(self):
        for number in range(REMEMBERED + 3):
            self.clock.advance(1)
            self.sessions.end(self.sessions.find(self.open(f"device {number}")))
        self.assertEqual(len(self.known()), REMEMBERED)
        self.assertNotIn("device 2", self.known())
        self.flush()
        self.assertEqual(len(self.stored()), REMEMBERED)

    def test_one_secret_makes_100_known_and_pushes_out_no_other(self):
        self.open("camera")
        secret = self.secret(Role.PUBLISH)
        for number in range(REMEMBERED_OF_SECRET + 3):
            self.clock.advance(1)
            self.sessions.end(self.sessions.find(self.open(f"device {number}", secret=secret)))
        self.flush()
        self.assertEqual(len(self.known()), REMEMBERED_OF_SECRET + 1)
        self.assertIn("camera", self.known())
        self.assertNotIn("device 2", self.known())

    def test_the_end_of_a_session_that_was_revoked_makes_no_device_known(self):
        session = self.sessions.find(self.open("camera"))
        self.flush()
        self.clock.advance(5)
        self.successResultOf(self.ensure(self.store.forget_device(self.account_id, "camera")))
        self.sessions.revoke([session.digest])
        self.assertEqual(self.known(), {})
        self.flush()
        self.assertEqual(self.stored(), [])

    def test_one_that_is_revoked_before_it_was_written_is_known(self):
        self.sessions.revoke([self.sessions.find(self.open("camera")).digest])
        self.assertEqual(list(self.known()), ["camera"])
        self.flush()
        self.assertEqual([each.device for each in self.stored()], ["camera"])

    def test_it_counts_for_one_that_is_remembered(self):
        session = self.sessions.find(self.open("camera"))
        self.flush()
        self.clock.advance(5)
        self.sessions.find(self.open("phone"))
        session.active = self.time.steady()
        self.sessions.revoke([session.digest])
        self.flush()
        self.assertEqual(self.known()["camera"], self.now())

    def test_another_database_is_told_of_those_that_go_on_alone(self):
        self.open("camera")
        gone = self.sessions.find(self.open("phone"))
        self.sessions.end(gone)
        self.last_seen.start_anew(self.sessions.all())
        self.flush()
        self.assertEqual([each.device for each in self.stored()], ["camera"])
