"""What the log has of refusals that a client meets again and again."""

from __future__ import annotations

from typing import Any

from tests.support.edge import JSON_FAIL, NO_SUCH_SESSION, OK, EdgeCase
from tests.support.trail import PASSWORD


class RefusalsLogTests(EdgeCase):
    def login(self) -> Any:
        return self.post("authorize.json", name="user", pass_=PASSWORD, device="camera")

    def login_refused(self) -> None:
        self.refused(self.login(), JSON_FAIL, status=429)

    def cool_down(self) -> None:
        token = self.login().json()["shash"]
        for _ in range(50):
            self.assertEqual(self.ask("heartBit.json", token), OK)
        self.bad(self.ask("heartBit.json", token), NO_SUCH_SESSION)

    def lines(self) -> list[str]:
        return [each for each in self.log() if "refused /authorize.json" in each]

    def test_a_firmware_that_logs_in_four_times_a_second_while_it_cools_down_is_told_of_once_a_minute(self) -> None:
        self.cool_down()
        for _ in range(4 * 59):
            self.login_refused()
            self.clock.advance(0.25)
        self.assertEqual(len(self.lines()), 1, self.lines())
        self.assertEqual(len(self.world.audit.of("login_refused")), 1)

    def test_the_next_line_says_how_many_were_left_out(self) -> None:
        self.cool_down()
        for _ in range(10):
            self.login_refused()
        self.clock.advance(60)
        self.cool_down()
        self.login_refused()
        self.assertEqual(len(self.lines()), 2, self.lines())
        self.assertIn("9 more", self.lines()[1])
        self.assertEqual(len(self.world.audit.of("login_refused")), 2)

    def test_another_reason_is_told_of_at_once(self) -> None:
        self.cool_down()
        self.login_refused()
        self.world.run(self.world.store.set_quota("user", "messages", 1))
        self.world.run(self.services.accounts.refresh())
        token = self.authorize("phone")
        self.assertEqual(self.ask("addMsgs.json", token, msg="m"), OK)
        for _ in range(5):
            self.refused(self.post("addMsgs.json", shash=token, msg="m"), JSON_FAIL, status=429)
        refused = [each for each in self.log() if "refused /addMsgs.json" in each]
        self.assertEqual((len(self.lines()), len(refused)), (1, 1))
