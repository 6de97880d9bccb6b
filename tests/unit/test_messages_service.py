"""Messages: sending, getting, and what a sync acknowledges."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.server import World
from webcam.errors import QuotaExceeded
from webcam.model import QUOTA_MESSAGES, Draft, Page
from webcam.service.session import Session


def draft(name: str, target: str = "") -> Draft:
    return Draft(name, target, "{}")


class MessagesCase(SynchronousTestCase):
    def setUp(self):
        self.world = World()
        self.messages = self.world.services.messages
        self.camera, self.phone = self.session("camera"), self.session("phone")

    def session(self, device: str) -> Session:
        return self.world.services.sessions.find(self.world.authorize(device))

    def send(self, *names: str, session: Session | None = None, sync: bool = False) -> None:
        drafts = [draft(name) for name in names]
        self.world.run(self.messages.send(session or self.camera, drafts, sync))

    def sync(self, session: Session) -> None:
        self.world.run(self.messages.send(session, [], True))

    def get(self, session: Session, after: str | None = None, limit: int = 32) -> list[str]:
        return [each.name for each in self.world.run(self.messages.get(session, Page(after, limit)))]

    def take(self, session: Session, after: str | None = None, limit: int = 32) -> list[str]:
        return [each.name for each in self.world.run(self.messages.take(session, Page(after, limit)))]


class QuotaTests(MessagesCase):
    def setUp(self):
        super().setUp()
        self.world.run(self.world.store.set_quota("user", QUOTA_MESSAGES, 3))
        self.world.run(self.world.services.accounts.refresh())

    def test_the_accounts_quota_is_the_bound_and_all_or_nothing(self):
        self.send("a", "b")
        self.failureResultOf(self.messages.send(self.camera, [draft("c"), draft("d")], False), QuotaExceeded)
        self.send("c")
        self.failureResultOf(self.messages.send(self.camera, [draft("d")], True), QuotaExceeded)
        self.assertEqual(self.get(self.phone), ["a", "b", "c"])

    def test_a_sync_is_always_taken(self):
        self.send("a", "b", "c")
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), [])

    def test_a_quota_that_the_operator_changes_acts_from_the_next_look_on(self):
        self.send("a", "b", "c")
        self.world.run(self.world.store.set_quota("user", QUOTA_MESSAGES, None))
        self.world.run(self.world.services.accounts.refresh())
        self.send("d")
        self.assertEqual(self.get(self.phone), ["a", "b", "c", "d"])


class SyncTests(MessagesCase):
    def test_getting_acknowledges_nothing(self):
        self.send("motion")
        self.assertEqual(self.get(self.phone), ["motion"])
        self.assertEqual(self.get(self.phone), ["motion"])

    def test_a_sync_acknowledges_what_the_session_was_given(self):
        self.send("motion")
        self.get(self.phone)
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), [])

    def test_nothing_that_arrives_between_a_get_and_its_sync_is_lost(self):
        self.send("before")
        self.get(self.phone)
        self.send("between")
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), ["between"])

    def test_nothing_that_arrives_behind_an_empty_get_is_lost(self):
        self.assertEqual(self.get(self.phone), [])
        self.send("between")
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), ["between"])

    def test_a_page_and_a_sync_acknowledge_the_page_alone(self):
        self.send("a", "b", "c")
        self.assertEqual(self.get(self.phone, limit=2), ["a", "b"])
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), ["c"])

    def test_a_session_that_asked_for_nothing_yet_acknowledges_all_up_to_now(self):
        self.send("old", "older")
        self.sync(self.phone)
        self.send("new")
        self.assertEqual(self.get(self.phone), ["new"])

    def test_each_session_of_a_device_syncs_what_it_was_given_itself(self):
        self.send("a")
        self.get(self.phone)
        self.send("b")
        second = self.session("phone")
        self.assertEqual(self.get(second), ["a", "b"])
        self.sync(self.phone)
        self.assertEqual(self.get(second), ["b"], "the mark is the device's")
        self.sync(second)
        self.assertEqual(self.get(self.phone), [])

    def test_a_sync_never_takes_the_mark_back(self):
        self.send("a")
        self.get(self.phone)
        self.send("b")
        second = self.session("phone")
        self.get(second)
        self.sync(second)
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), [])

    def test_getting_from_an_earlier_stamp_does_not_shrink_what_was_given(self):
        self.send("a", "b")
        self.get(self.phone)
        self.assertEqual(self.get(self.phone, after="", limit=1), ["a"])
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), [])

    def test_a_sync_among_messages_comes_before_them(self):
        self.send("to all", session=self.phone)
        self.world.run(self.messages.send(self.camera, [draft("to myself", "camera")], True))
        self.assertEqual(self.get(self.camera), ["to myself"])

    def test_taking_acknowledges_exactly_what_it_returns(self):
        self.send("a", "b", "c")
        self.assertEqual(self.take(self.phone, limit=2), ["a", "b"])
        self.assertEqual(self.take(self.phone), ["c"])
        self.assertEqual(self.take(self.phone), [])

    def test_a_sync_behind_a_take_acknowledges_no_more(self):
        self.send("a", "b")
        self.take(self.phone, limit=1)
        self.sync(self.phone)
        self.assertEqual(self.get(self.phone), ["b"])

    def test_a_sync_of_nothing_given_writes_nothing(self):
        self.get(self.phone)

        async def written(*_):
            raise AssertionError("written")

        self.patch(self.world.store, "add_messages", written)
        self.sync(self.phone)


class DeliveryTests(MessagesCase):
    def test_an_offline_device_gets_it_when_it_comes(self):
        self.send("motion")
        self.assertEqual(self.get(self.session("never seen before")), ["motion"])

    def test_the_stamp_is_the_servers_time_and_known_as_such(self):
        self.send("a", "b", "c")
        found = self.world.run(self.messages.get(self.phone, Page("", 9)))
        self.assertEqual(found[0].stamp, "2023-11-14 22:13:20.000000")
        self.assertTrue(self.world.services.stamps.server_time(self.camera.account_id) >= found[-1].stamp)

    def test_a_client_that_continues_from_the_last_stamp_misses_nothing_when_the_clock_steps_back(self):
        self.send("before")
        (before,) = self.world.run(self.messages.get(self.phone, Page("", 9)))
        self.world.clock.step -= 3600
        self.send("after")
        self.assertEqual(self.get(self.phone, after=before.stamp), ["after"])

    def test_expired_messages_are_not_given_even_before_they_are_swept(self):
        self.world.run(self.messages.send(self.camera, [draft("broadcast"), draft("targeted", "phone")], False))
        self.world.clock.advance(125 * 3600)
        self.assertEqual(self.get(self.phone), ["broadcast", "targeted"])
        self.world.clock.advance(1)
        self.assertEqual(self.get(self.phone), ["targeted"])
        self.world.clock.advance((30 * 24 - 125) * 3600)
        self.assertEqual(self.get(self.phone), [])

    def test_a_shorter_lifetime_acts_on_what_exists_already(self):
        self.send("motion")
        self.world.clock.advance(2 * 3600)
        self.world.run(self.world.services.settings.change(self.world.account_id, {5: 1}))
        self.assertEqual(self.take(self.phone), [])
