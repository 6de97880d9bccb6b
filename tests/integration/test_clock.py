"""The wall clock steps while the server runs: what it does by time goes on."""

from __future__ import annotations

from tests.support.faults import FaultyServer
from tests.support.process import until
from tests.support.session import OK, ServerCase, bad


class SteppingTests(ServerCase):
    """By an hour, back and forth; the server looks after its accounts every 2 s."""

    def setUp(self) -> None:
        self.server = FaultyServer(self.folder())
        self.addCleanup(self.server.stop)
        self.server.start()
        self.account = self.server.new_account()
        self._client = None

    def assertLooksAfter(self) -> None:
        """A removed account is noticed, and the others' sessions go on."""
        shash = self.authorize("camera")
        mine, self.account = self.account, self.server.new_account()
        other = self.authorize("camera")
        self.server.account("remove", self.account)
        self.account = mine
        until(lambda: self.call("getServerTime.json", shash=other) == bad(6), "the end of a removed account's session")
        self.assertEqual(self.call("heartBit.json", shash=shash), OK)
        self.assertEqual(self.server.trouble(), [])

    def test_back_by_an_hour(self) -> None:
        self.server.step_clock(-3600)
        self.assertLooksAfter()

    def test_forth_by_an_hour(self) -> None:
        self.server.step_clock(3600)
        self.assertLooksAfter()

    def test_what_is_stored_meanwhile_is_later_than_all_before(self) -> None:
        """A client that goes on from the newest stamp that it saw misses nothing."""
        shash, phone = self.authorize("camera"), self.authorize("phone")
        stamps = []
        for number, step in enumerate((0, -3600, -7200, 3600, -3600)):
            self.server.step_clock(step)
            self.assertEqual(self.call("addMsgs.json", shash=shash, msg=f"m{number}"), OK)
            page = self.call("getMsgs.json", shash=phone, stamp=stamps[-1] if stamps else "2000")["msgs"]
            self.assertEqual([each["msg"] for each in page], [f"m{number}"])
            stamps.append(page[0]["stamp"])
