"""Setting 4: a session's requests per minute, a token bucket."""

from __future__ import annotations

from random import Random

from tests.support.sessions import SessionsCase
from webcam.errors import NoSuchSession
from webcam.model import MINUTE_REQUESTS, SESSION_REQUESTS
from webcam.service.sessions import Sessions


class RequestRateTests(SessionsCase):
    def change(self, a_minute: float) -> None:
        """As ``setConfig.json`` does."""
        self.successResultOf(self.settings.change(self.account_id, {MINUTE_REQUESTS: a_minute}))

    def served(self, token: str, most: int = 1000) -> int:
        """How many requests at once are served before one ends the session."""
        for number in range(most):
            try:
                self.sessions.charge(token)
            except NoSuchSession:
                return number
        return most

    def test_50_requests_at_once_are_served_and_the_51st_ends_the_session(self):
        token = self.open()
        self.assertEqual(self.served(token), 50)
        self.assertEnded(token)

    def test_a_client_below_the_rate_lives_however_its_requests_jitter(self):
        """Four requests every 5 s, 48 a minute, each up to 200 ms early or late: as an app in the field asks."""
        jitter = Random(16)
        token, start, asked = self.open(), self.clock.seconds() + 1, 0
        for second in range(0, 600, 5):
            for due in sorted(start + second + jitter.uniform(-0.2, 0.2) for _ in range(4)):
                self.clock.advance(max(0.0, due - self.clock.seconds()))
                self.sessions.charge(token)
                asked += 1
        self.assertEqual(asked, 480)

    def test_a_minute_of_requests_that_arrive_together_each_minute_are_served(self):
        token = self.open()
        for _ in range(20):
            for _ in range(50):
                self.sessions.charge(token)
            self.clock.advance(60)

    def test_a_client_above_the_rate_is_cut_off(self):
        """At twice the rate half of each request is refilled: the bucket of 50 lasts for 99."""
        token, asked = self.open(), 0
        with self.assertRaises(NoSuchSession):
            while True:
                self.sessions.charge(token)
                asked += 1
                self.clock.advance(0.6)
        self.assertEqual(asked, 99)

    def test_it_refills_at_the_rate(self):
        token = self.open()
        for _ in range(50):
            self.sessions.charge(token)
        self.clock.advance(12)
        self.assertEqual(self.served(token), 10)

    def test_a_smaller_limit_caps_what_is_left_and_a_larger_one_adds_nothing(self):
        token = self.open()
        self.change(20)
        self.change(200)
        self.assertEqual(self.served(token), 20)

    def test_a_larger_limit_refills_faster_from_then_on(self):
        token = self.open()
        for _ in range(50):
            self.sessions.charge(token)
        self.clock.advance(6)
        self.change(200)
        self.clock.advance(6)
        self.assertEqual(self.served(token), 5 + 20)

    def test_settings_that_came_with_another_storage_act_with_the_next_request(self):
        token = self.open()
        self.set(a_minute=20)
        self.assertEqual(self.served(token), 20)

    def test_it_is_full_after_a_restart(self):
        token = self.open()
        for _ in range(50):
            self.sessions.charge(token)
        self.successResultOf(self.sessions.flush())
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        self.successResultOf(self.sessions.load())
        self.assertEqual(self.served(token), 50)

    def test_the_other_limit_counts_all_the_same(self):
        self.set(requests=200)
        token = self.open()
        for _ in range(200):
            self.sessions.charge(token)
            self.clock.advance(2)
        self.assertEqual(self.settings.of(self.account_id)[SESSION_REQUESTS], 200)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
