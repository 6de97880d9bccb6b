"""Sessions: what ends them, exactly where, and what that means for their devices and streams."""

from __future__ import annotations

import re

from twisted.internet.defer import Deferred

from tests.support.sessions import HERE, SessionsCase
from webcam.errors import CoolingDown, NoSuchSession, QuotaExceeded
from webcam.model import NO_DEVICE, QUOTA_DEVICES, QUOTA_SESSIONS, Bounds, Presence, Role
from webcam.ports import ALL_DEVICES
from webcam.service import cooling, places
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.service.tokens import digest_of, new_token


class TokenTests(SessionsCase):
    def test_a_token_is_28_characters_that_no_client_can_damage(self):
        tokens = {new_token() for _ in range(100)}
        self.assertEqual(len(tokens), 100)
        for token in tokens:
            self.assertTrue(re.fullmatch(r"[A-Za-z0-9_-]{27}=", token), token)

    def test_a_token_finds_its_session_and_no_other_does(self):
        token = self.open("camera", "meta")
        session = self.sessions.find(token)
        self.assertEqual((session.device, session.meta, session.address), ("camera", "meta", HERE))
        for wrong in ("", token[:-1], token + "=", token.lower(), new_token(), "\ud800", digest_of(token)):
            self.assertEnded(wrong)

    def test_storage_has_the_session_but_not_the_token_when_it_is_opened(self):
        token = self.open()
        (saved,) = self.successResultOf(self.store.sessions())
        self.assertEqual(saved.digest, digest_of(token))
        self.assertNotIn(token, repr(saved))
        self.assertIsNone(saved.given)

    def test_a_session_that_storage_refused_does_not_exist(self):
        self.store.refusing = True
        self.failureResultOf(self.sessions.open(self.account_id, "camera", "", HERE), Exception)
        self.assertEqual(self.sessions.online(self.account_id), [])


class SilenceTests(SessionsCase):
    def test_a_session_lives_for_its_minutes_and_not_a_moment_longer(self):
        self.set(minutes=3)
        token = self.open()
        self.clock.advance(180)
        self.sessions.find(token)
        self.clock.advance(180.25)
        self.assertEnded(token)
        self.assertEqual(self.offline, ["camera"])

    def test_every_request_begins_the_silence_anew(self):
        self.set(minutes=3)
        token = self.open()
        for _ in range(5):
            self.clock.advance(179)
            self.sessions.charge(token)

    def test_the_setting_acts_on_what_exists_already(self):
        self.set(minutes=30)
        token = self.open()
        self.clock.advance(200)
        self.set(minutes=3)
        self.assertEnded(token)

    def test_a_sweep_ends_silent_sessions_and_no_others(self):
        self.set(minutes=3)
        self.open("silent")
        self.clock.advance(100)
        token = self.open("alive")
        self.clock.advance(100)
        self.sweep()
        self.assertEqual(self.offline, ["silent"])
        self.sessions.find(token)
        self.assertEqual(len(self.successResultOf(self.store.sessions())), 1)

    def test_the_wall_clock_may_step_either_way(self):
        token = self.open()
        for step in (10**7, -(10**8)):
            self.clock.step += step
            self.sweep()
            self.sessions.find(token)

    def test_a_live_stream_keeps_its_session_active(self):
        self.set(minutes=3)
        token = self.open()
        closed = self.sessions.stream_opened(self.sessions.find(token), lambda: None)
        self.clock.advance(10_000)
        self.sweep()
        self.assertTrue(self.sessions.is_online(self.account_id, "camera"))
        closed()
        closed()
        self.clock.advance(180)
        self.assertTrue(self.sessions.is_online(self.account_id, "camera"), "the silence begins with its end")
        self.clock.advance(1)
        self.sweep()
        self.assertEnded(token)

    def test_with_several_streams_the_last_one_counts(self):
        self.set(minutes=3)
        session = self.sessions.find(self.open())
        first = self.sessions.stream_opened(session, lambda: None)
        second = self.sessions.stream_opened(session, lambda: 0)
        first()
        self.clock.advance(1000)
        self.assertTrue(self.sessions.is_online(self.account_id, "camera"))
        second()
        self.clock.advance(181)
        self.assertFalse(self.sessions.is_online(self.account_id, "camera"))


class RequestTests(SessionsCase):
    def test_request_n_is_served_and_the_next_ends_the_session(self):
        self.set(requests=200, a_minute=200)
        token = self.open()
        for _ in range(200):
            self.sessions.charge(token)
            self.clock.advance(1)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        self.assertEnded(token)
        self.sessions.check_cooling(self.account_id, "camera", HERE)

    def test_finding_counts_as_no_request(self):
        self.set(requests=200, a_minute=20)
        token = self.open()
        for _ in range(500):
            self.sessions.find(token)
        for _ in range(20):
            self.sessions.charge(token)

    def test_request_n_at_once_is_served_and_the_next_ends_the_session(self):
        self.set(a_minute=20)
        token = self.open()
        for _ in range(20):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        self.assertEnded(token)

    def test_another_session_of_the_device_has_its_own_count(self):
        self.set(a_minute=20)
        first, second = self.open(), self.open()
        for _ in range(20):
            self.sessions.charge(first)
        self.sessions.charge(second)
        self.sessions.charge(second)


class CoolingTests(SessionsCase):
    def break_limit(self, device: str = "camera", address: str = HERE) -> None:
        self.set(a_minute=20)
        token = self.open(device, address=address)
        for _ in range(20):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)

    def wait(self, device: str = "camera", address: str = HERE) -> int:
        try:
            self.sessions.check_cooling(self.account_id, device, address)
        except CoolingDown as failure:
            self.assertEqual((failure.status, failure.headers()), (429, {"retry-after": str(failure.wait)}))
            return failure.wait
        return 0

    def test_a_device_that_broke_the_limit_of_a_minute_cools_down_for_60_s(self):
        self.break_limit()
        waits = []
        for _ in range(5):
            waits.append(self.wait())
            self.clock.advance(19.75)
        self.assertEqual(waits, [60, 41, 21, 1, 0])

    def test_it_is_over_exactly_then(self):
        self.break_limit()
        self.clock.advance(59.75)
        self.assertEqual(self.wait(), 1)
        self.clock.advance(0.25)
        self.assertEqual(self.wait(), 0)

    def test_other_devices_addresses_and_accounts_do_not_cool_down(self):
        self.break_limit()
        self.assertEqual(self.wait("other"), 0)
        self.assertEqual(self.wait(address="192.0.2.2"), 0)
        self.sessions.check_cooling(self.account_id + 1, "camera", HERE)

    def test_a_sweep_forgets_only_what_is_over(self):
        self.break_limit()
        self.clock.advance(30)
        self.break_limit("other")
        self.clock.advance(30)
        self.sweep()
        self.assertEqual((self.wait(), self.wait("other")), (0, 30))

    def test_no_cooldown_is_an_option(self):
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit, 0.0)
        self.break_limit()
        self.assertEqual(self.wait(), 0)

    def test_only_so_many_are_remembered(self):
        self.assertEqual(cooling.DEVICES, 10_000)
        self.patch(cooling, "DEVICES", 2)
        for device in ("a", "b", "c"):
            self.break_limit(device)
        self.assertEqual([self.wait(device) for device in ("a", "b", "c")], [60, 60, 0])


class PresenceTests(SessionsCase):
    def test_devices_are_listed_by_name_once_by_their_newest_session(self):
        self.open("b", "old")
        self.open("a", "A")
        newest = self.open("b", "new")
        expected = [Presence("a", "A"), Presence("b", "new")]
        self.assertEqual(self.sessions.online(self.account_id), expected)
        self.sessions.end(self.sessions.find(newest))
        self.assertEqual(self.sessions.online(self.account_id), [Presence("a", "A"), Presence("b", "old")])
        self.assertEqual((self.offline, self.sessions.online(self.account_id + 1)), ([], []))

    def test_a_device_is_offline_the_moment_its_sessions_are_silent_for_too_long(self):
        self.set(minutes=3)
        self.open()
        self.clock.advance(181)
        self.assertEqual(self.sessions.online(self.account_id), [])
        self.assertFalse(self.sessions.is_online(self.account_id, "camera"))

    def test_a_session_that_is_of_no_device_is_never_there_also_after_a_restart(self):
        token = self.open(NO_DEVICE)
        self.assertNowhere(token)
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        seen: list[str] = []
        self.sessions.on_seen = lambda session: seen.append(session.device)
        self.sessions.on_online = lambda _, presence: seen.append(presence.device)
        self.sessions.on_offline = lambda _, device: seen.append(device)
        self.successResultOf(self.sessions.load())
        self.assertNowhere(token)
        self.sessions.end(self.sessions.find(token))
        self.assertEqual(seen, [])

    def assertNowhere(self, token: str) -> None:
        self.assertFalse(self.sessions.find(token).is_device)
        self.assertEqual(self.sessions.online(self.account_id), [])
        self.assertFalse(self.sessions.is_online(self.account_id, NO_DEVICE))

    def test_a_device_goes_offline_with_its_last_session(self):
        first, second = self.sessions.find(self.open()), self.sessions.find(self.open())
        self.sessions.end(first)
        self.assertEqual(self.offline, [])
        self.sessions.end(second)
        self.sessions.end(second)
        self.assertEqual(self.offline, ["camera"])


class EndTests(SessionsCase):
    def streaming(self, device: str = "camera") -> tuple[Session, list[str]]:
        session, told = self.sessions.find(self.open(device)), []
        self.sessions.stream_opened(session, lambda: told.append("in"))
        self.sessions.stream_opened(session, lambda: told.append("out"))
        return session, told

    def test_an_ended_session_takes_its_streams_with_it_before_the_device_is_offline(self):
        session, told = self.streaming()
        self.sessions.on_offline = lambda _, device: told.append(f"{device} is offline")
        self.sessions.end(session)
        self.assertEqual(told, ["in", "out", "camera is offline"])

    def test_a_stream_that_is_over_is_told_nothing(self):
        session, told = self.sessions.find(self.open()), []
        closed = self.sessions.stream_opened(session, lambda: told.append("cut"))
        closed()
        self.sessions.end(session)
        closed()
        self.assertEqual(told, [])

    def test_the_limit_of_a_minute_ends_the_streams_too(self):
        self.set(a_minute=20)
        token, told = self.open(), []
        self.sessions.stream_opened(self.sessions.find(token), lambda: told.append("cut"))
        for _ in range(20):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        self.assertEqual(told, ["cut"])

    def test_an_account_ends_with_all_its_sessions_and_no_others(self):
        _, told = self.streaming("a")
        self.open("b")
        other = self.successResultOf(self.sessions.open(self.account_id + 1, "c", "", HERE))
        self.sessions.end_account(self.account_id, "the password changed")
        self.assertEqual((told, sorted(self.offline)), (["in", "out"], ["a", "b"]))
        self.sessions.find(other)


class RevokedTests(SessionsCase):
    def test_revoked_sessions_end_with_their_streams_and_no_others(self):
        token, other, told = self.open(), self.open(), []
        self.sessions.stream_opened(self.sessions.find(token), lambda: told.append("cut"))
        self.sessions.revoke([digest_of(token), "never was"])
        self.assertEqual(told, ["cut"])
        self.assertEnded(token)
        self.sessions.find(other)

    def test_one_that_is_revoked_while_it_is_stored_never_opens(self):
        held: Deferred[None] = Deferred()
        save, digests = self.store.save_sessions, []

        async def slowly(saved):
            await save(saved)
            digests.extend(each.digest for each in saved)
            await held

        self.patch(self.store, "save_sessions", slowly)
        opening = self.begin_to_open()
        self.sessions.revoke(digests)
        held.callback(None)
        self.failureResultOf(opening, NoSuchSession)
        self.assertEqual(self.sessions.online(self.account_id), [])


class QuotaTests(SessionsCase):
    def online(self) -> list[str]:
        return [each.device for each in self.sessions.online(self.account_id)]

    def test_a_device_more_than_may_be_online_is_refused_and_one_that_is_there_is_not(self):
        self.bound(QUOTA_DEVICES, 2)
        tokens = [self.open("a"), self.open("b"), self.open("a")]
        failure = self.failureResultOf(self.begin_to_open("c"), QuotaExceeded).value
        self.assertEqual((failure.code, failure.status, failure.headers()), (5, 429, {"retry-after": "60"}))
        self.assertEqual(len(self.successResultOf(self.store.sessions())), 3)
        self.sessions.end(self.sessions.find(tokens[1]))
        self.open("c")
        self.assertEqual(self.online(), ["a", "c"])

    def test_devices_that_open_at_the_same_moment_count(self):
        self.bound(QUOTA_DEVICES, 2)
        held: Deferred[None] = Deferred()
        self.patch(self.store, "save_sessions", lambda _: held)
        opening = [self.begin_to_open(device) for device in ("a", "b", "b")]
        self.failureResultOf(self.begin_to_open("c"), QuotaExceeded)
        held.callback(None)
        for each in opening:
            self.successResultOf(each)

    def test_a_silent_device_gives_its_place(self):
        self.bound(QUOTA_DEVICES, 1)
        self.open("a")
        self.clock.advance(601)
        self.open("b")

    def test_a_quota_acts_when_it_is_learned(self):
        self.open("a")
        self.open("b")
        self.bound(QUOTA_DEVICES, 1)
        self.assertEqual(self.online(), ["a", "b"], "who is there stays")
        self.failureResultOf(self.begin_to_open("c"), QuotaExceeded)
        self.bound(QUOTA_DEVICES, 0)
        self.open("c")

    def test_one_session_too_many_ends_the_one_silent_for_longest(self):
        self.bound(QUOTA_SESSIONS, 3)
        tokens = []
        for device in ("streams", "asks", "silent"):
            tokens.append(self.open(device))
            if device == "streams":
                self.sessions.stream_opened(self.sessions.find(tokens[0]), lambda: None)
            self.clock.advance(1)
        self.sessions.find(tokens[1])
        self.open("new")
        self.assertEqual(self.online(), ["asks", "new", "streams"])

    def test_a_lower_quota_ends_as_many_as_there_are_too_many(self):
        for device in "abcd":
            self.open(device)
            self.clock.advance(1)
        self.bound(QUOTA_SESSIONS, 2)
        self.open("e")
        self.assertEqual(self.online(), ["d", "e"])

    def test_without_a_quota_of_its_own_an_account_has_the_servers(self):
        self.quotas = AccountQuotas(Bounds(devices=1, sessions=2))
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        for _ in range(3):
            self.open("a")
        self.failureResultOf(self.begin_to_open("b"), QuotaExceeded)
        self.assertEqual(len(self.sessions.all()), 2)


class SecretTests(SessionsCase):
    """Sessions that a secret opened."""

    def test_a_publishers_is_a_device_of_the_account(self):
        session = self.sessions.find(self.open("camera", secret=self.secret(Role.PUBLISH, "camera")))
        self.assertEqual((session.role, session.sees), (Role.PUBLISH, ALL_DEVICES))
        self.assertTrue(self.sessions.is_online(self.account_id, "camera"))

    def test_a_guest_is_no_device_whatever_name_it_gave(self):
        guest = self.sessions.find(self.open("phone", "a guest", secret=self.secret(Role.VIEW, "camera")))
        self.assertEqual((guest.role, guest.sees), (Role.VIEW, {"camera"}))
        self.assertEqual(self.sessions.online(self.account_id), [])
        self.assertFalse(self.sessions.is_online(self.account_id, "phone"))
        phone = self.sessions.find(self.open("phone", "the owner's"))
        self.open("phone", "a guest again", secret=guest.secret)
        self.assertEqual(self.sessions.online(self.account_id), [Presence("phone", "the owner's")])
        self.sessions.end(guest)
        self.assertEqual(self.offline, [])
        self.sessions.end(phone)
        self.assertEqual(self.offline, ["phone"], "though a guest of its name is there")

    def test_a_guest_takes_no_devices_place(self):
        self.bound(QUOTA_DEVICES, 1)
        self.open("phone")
        self.open("guest", secret=self.secret(Role.VIEW))
        self.failureResultOf(self.begin_to_open("camera", secret=self.secret(Role.PUBLISH, label="b")), QuotaExceeded)

    def test_a_secret_makes_room_among_its_own_sessions_alone(self):
        self.assertEqual(places.PER_SECRET, 100)
        self.patch(places, "PER_SECRET", 2)
        secret, other = self.secret(Role.VIEW), self.secret(Role.VIEW, label="other")
        kept = [self.open("owner"), self.open("other", secret=other)]
        for number in range(5):
            self.clock.advance(1)
            self.open(f"guest {number}", secret=secret)
        self.assertEqual(
            [each.device for each in self.sessions.all()], ["owner", "other", "guest 3", "guest 4"], "the newest"
        )
        for token in kept:
            self.sessions.find(token)

    def test_a_secret_without_a_session_is_refused_where_the_account_has_no_room(self):
        self.bound(QUOTA_SESSIONS, 2)
        first, second = self.secret(Role.VIEW), self.secret(Role.VIEW, label="second")
        owner, guest = self.open(), self.open("guest", secret=first)
        self.failureResultOf(self.begin_to_open("guest", secret=second), QuotaExceeded)
        self.open("guest", secret=first)
        self.assertEnded(guest)
        self.sessions.find(owner)
        self.open()
        self.open()
        self.assertEqual(len(self.sessions.all()), 2)

    def test_who_breaks_a_limit_by_a_secret_cools_down_by_it_alone(self):
        self.set(a_minute=20)
        secret = self.secret(Role.VIEW)
        token = self.open("phone", secret=secret)
        for _ in range(20):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        self.assertRaises(CoolingDown, self.sessions.check_cooling, self.account_id, "phone", HERE, secret)
        self.sessions.check_cooling(self.account_id, "phone", HERE)

    def test_after_a_restart_a_session_may_as_much_as_before(self):
        secret = self.secret(Role.VIEW, "camera")
        token = self.open("guest", secret=secret)
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        self.successResultOf(self.sessions.load())
        self.assertEqual(self.sessions.find(token).secret, secret)
