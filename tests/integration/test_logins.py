"""What the operator does about logins while the server runs: it looks every other second."""

from __future__ import annotations

from tests.support.field_client import FieldClient
from tests.support.process import until
from tests.support.session import OK, ServerCase, bad
from tests.support.trail import PASSWORD, used


class Logins(ServerCase):
    """Each on the shared server, but where it is restarted."""

    def log_in(self, password: str, device: str) -> dict[str, object]:
        answer: dict[str, object] = self.call("authorize.json", name=self.account, **{"pass": password}, device=device)
        return answer

    def new_secret(self, *arguments: str) -> str:
        """A secret of the account ``user``."""
        return used("password", self.server.webcam("secret", "add", "user", *arguments).strip())

    def streams_as(self, device: str) -> tuple[FieldClient, int]:
        """The device's live stream."""
        client = self.connect()
        return client, self.publish(client, device)

    def ends(self, shash: object) -> None:
        """Wait for its end, by a question that isn't counted."""
        until(lambda: self.call("getServerTime.json", shash=shash) == bad(6), "a session that has to end goes on")

    def test_a_disabled_account(self) -> None:
        """Its sessions end, streams too, and nobody logs in until it is enabled."""
        shash = self.authorize("phone")
        client, stream = self.streams_as("camera")
        self.server.account("disable", self.account)
        self.ends(shash)
        client.wait(lambda: client.answers[stream].reset is not None)
        self.assertEqual(self.log_in(PASSWORD, "phone"), bad(7))
        self.server.account("enable", self.account)
        self.authorize("phone")

    def test_revoked_sessions(self) -> None:
        """One by its id, and those of a device with its stream; the others go on."""
        phone, tablet = self.authorize("phone"), self.authorize("tablet")
        client, stream = self.streams_as("camera")
        (listed,) = [
            line for line in self.server.webcam("session", "list", self.account).splitlines() if "tablet" in line
        ]
        self.server.webcam("session", "revoke", listed.split()[0])
        self.ends(tablet)
        self.server.webcam("session", "revoke", "--account", self.account, "--device", "camera")
        client.wait(lambda: client.answers[stream].reset is not None)
        self.assertEqual(self.call("heartBit.json", shash=phone), OK)
        self.assertEqual(len(self.server.webcam("session", "list", self.account).splitlines()), 2)

    def test_quotas(self) -> None:
        """A quota that was set acts on who comes then."""
        self.authorize("phone")
        self.server.account("quota", self.account, "devices=1")
        login = {"name": self.account, "pass": PASSWORD, "device": "tablet"}
        until(lambda: self.http.post("/authorize.json", json=login).status_code == 429, "a device more is let in")
        refused = self.http.post("/authorize.json", json={**login, "device": "third"})
        self.assertEqual((refused.headers["retry-after"], refused.json()), ("60", bad(5)))
        self.authorize("phone")

    def test_a_secret(self) -> None:
        """It opens what it is for, outlasts a restart with its role, and ends with its removal."""
        self.own_server()
        camera = self.new_secret("porch", "--publish", "--device", "porch")
        guest = self.new_secret("guest", "--view", "--device", "porch")
        publisher, viewer = (self.log_in(secret, "porch")["shash"] for secret in (camera, guest))
        self.add_record(str(publisher), b"picture")
        self.add_record(self.authorize("bedroom"), b"picture")
        for restarted in (False, True):
            if restarted:
                self.server.stop()
                self.server.start()
                self.use_client(self.server.client())
            records = self.call("getRecordCount.json", shash=viewer)["records"]
            self.assertEqual([each["device"] for each in records], ["porch"])
            for shash, path in ((publisher, "getRecordCount.json"), (viewer, "addMsgs.json")):
                refused = self.http.post(f"/{path}", json={"shash": shash, "msg": "m"})
                self.assertEqual((refused.status_code, refused.json()), (403, bad(5)))
        self.server.webcam("secret", "remove", "user", "guest")
        self.ends(viewer)
        self.assertEqual(self.log_in(guest, "porch"), bad(7))
        self.assertEqual(self.call("heartBit.json", shash=publisher), OK)
        for text in (camera, guest):
            self.assertNotIn(text, self.server.log)
