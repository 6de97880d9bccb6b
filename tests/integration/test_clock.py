"""The wall clock steps while the server runs: what it does by time goes on."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

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


class HastyServer(FaultyServer):
    """It looks at the dates of its certificate each 0.1 s; others do once a minute."""

    def command(self, *options: str) -> list[str]:
        program, flag, run, *rest = super().command(*options)
        return [program, flag, f"from webcam.http import reload; reload.DATES = 0.1; {run}", *rest]


class CertificateTests(SynchronousTestCase):
    """The server's own, which was made by a wrong clock, or doesn't count for one."""

    def test_a_clock_that_is_set_right(self) -> None:
        """A board is started in the past; its certificate is another one when NTP has set its clock; and on and on."""
        server = HastyServer(Path(self.mktemp()).absolute())
        self.addCleanup(server.stop)
        server.step_clock(-900 * 86400.0)
        server.start()
        for step, done in ((0.0, "renewed"), (-900 * 86400.0, "renewed"), (0.0, "put back")):
            said = server.said
            server.step_clock(step)
            server.wait_for(f"{done} the self-signed certificate", said)
            server.wait_for(r"certificate SHA-256 .* for new connections", said)
        with server.client() as client:
            self.assertEqual(client.post("/getServerTime.json").json()["result"], "OK")
        self.assertEqual(server.trouble(), [])
