"""What sessions that a secret opened may ask for: everything else is refused, in one place, by 403."""

from __future__ import annotations

import json
from typing import Any

from tests.support.edge import JSON_FAIL, NO_SUCH_DEVICE, NO_SUCH_RECORD, NO_SUCH_USER, OK, EdgeCase, frames, path_of
from tests.support.http import H1Client
from tests.support.trail import PASSWORD, used
from webcam.api.tree import ENDPOINTS
from webcam.model import Role
from webcam.service.tokens import digest_of, new_secret

EVERYBODY = {"heartBit.json", "getServerTime.json", "events", "console/session.json"}
LOGINS = {"authorize.json", "console/login.json", "console/logout.json"}
LINKS = {each.path for each in ENDPOINTS if each.path.startswith("share/")}
PUBLISHER = {
    *EVERYBODY,
    "addMsgs.json",
    "getMsgs.json",
    "getMsgsAndSync.json",
    "addRecord.json",
    "addRecordData.json",
    "input.raw",
}
VIEWER = {
    *EVERYBODY,
    "getDevicesOnline.json",
    "getStreams.json",
    "getRecordCount.json",
    "getRecordMeta.json",
    "getRecordData.json",
    "output.raw",
    "stream.mjpg",
    "snapshot.jpg",
    "console/thumbnail",
    "console/devices.json",
    "console/days.json",
    "console/records.json",
    "console/record",
}


class RolesCase(EdgeCase):
    def secret(self, role: Role, *devices: str, every: bool = False) -> str:
        text = used("password", new_secret())
        label = f"secret {len(self.tokens)}"
        self.world.run(self.world.store.add_secret("user", label, digest_of(text), role, frozenset(devices), every))
        self.tokens.append(text)  # no more than a token may it stand in the log
        return text

    def log_in(self, secret: str, device: str) -> Any:
        """The answer."""
        return self.post("authorize.json", json.dumps({"name": "user", "pass": secret, "device": device}).encode())

    def open(self, role: Role, device: str, *devices: str, every: bool = False) -> str:
        """The token of a session by a new secret, limited to *devices*."""
        token: str = self.log_in(self.secret(role, *devices, every=every), device).json()["shash"]
        self.tokens.append(token)
        return token

    def add_record(self, token: str) -> int:
        self.assertEqual(self.post("addRecord.json", b"picture", shash=token).json(), OK)
        viewer = self.authorize("counter")
        return int(self.ask("getRecordCount.json", viewer, limit=1000)["records"][-1]["rid"])


class AllowedTests(RolesCase):
    def allowed(self, token: str) -> set[str]:
        """The paths that are not refused for the session's role, whatever else is wrong with the request."""
        found = set()
        for endpoint in ENDPOINTS:
            if endpoint.path in LOGINS | LINKS | {"input.raw"}:
                continue
            method = endpoint.methods[0]
            answer = self.client.fetch(method, path_of(endpoint.path, shash=token), b"x" if endpoint.raw else b"")
            if not answer.ended or (answer.status, answer.json()) != (403, {"result": "BAD", "code": JSON_FAIL}):
                self.assertNotEqual(answer.status, 403, endpoint.path)
                found.add(endpoint.path)
        return found

    def test_every_path_for_every_role(self) -> None:
        everything = {each.path for each in ENDPOINTS} - LOGINS - LINKS - {"input.raw"}
        self.assertEqual(self.allowed(self.open(Role.PUBLISH, "camera", "camera")), PUBLISHER - {"input.raw"})
        self.assertEqual(self.allowed(self.open(Role.VIEW, "guest", "camera")), VIEWER)
        self.assertEqual(self.allowed(self.authorize("phone")), everything)
        self.assertEqual(everything | {"input.raw"}, {each.path for each in ENDPOINTS} - LOGINS - LINKS)

    def test_nothing_happens_by_what_is_refused(self) -> None:
        owner = self.authorize("phone")
        record_id = self.add_record(owner)
        publisher, viewer = self.open(Role.PUBLISH, "camera"), self.open(Role.VIEW, "guest")
        for token in (publisher, viewer):
            self.ask("deleteRecords.json", token, records=[record_id])
            self.ask("setConfig.json", token, config=[{"kind": 4, "fv": 20}])
        self.ask("addMsgs.json", viewer, msg="m")
        self.post("addRecord.json", b"picture", shash=viewer)
        self.assertEqual(len(self.ask("getRecordCount.json", owner)["records"]), 1)
        self.assertEqual(self.ask("getConfig.json", owner)["config"][3]["fv"], 50)
        self.assertEqual(self.ask("getMsgs.json", owner)["msgs"], [])

    def test_a_refused_request_is_a_request_of_the_session(self) -> None:
        token = self.open(Role.VIEW, "guest")
        for _ in range(50):
            self.bad(self.ask("getMsgs.json", token), JSON_FAIL)
        self.bad(self.ask("heartBit.json", token), 6)

    def test_no_guest_uploads_and_nobody_else_on_the_connection_pays(self) -> None:
        owner, guest = self.authorize("phone"), self.open(Role.VIEW, "guest")
        client, up = self.publish(owner)
        _, refused = self.publish(guest, client)
        self.assertEqual(client.response(refused).reset_code, 8)
        self.assertIsNone(client.response(up).reset_code)
        first = self.connect(H1Client)
        self.publish(guest, first)
        first.pump()
        self.assertTrue(first.closed)
        streams = self.ask("getStreams.json", owner)["devices"]
        self.assertEqual([each["device"] for each in streams], ["phone"])


class PublisherTests(RolesCase):
    def test_logs_in_as_its_devices_alone(self) -> None:
        secret = self.secret(Role.PUBLISH, "porch", "garden")
        self.assertEqual(self.log_in(secret, "porch").json()["result"], "OK")
        self.refused(self.log_in(secret, "phone"), JSON_FAIL, status=403)

    def test_publishes_and_is_seen_as_the_device_that_it_is(self) -> None:
        camera, owner = self.open(Role.PUBLISH, "camera", "camera"), self.authorize("phone")
        client, up = self.publish(camera)
        viewer, down = self.watch(owner, "camera")
        (frame,) = frames(1)
        client.send_data(up, frame)
        viewer.pump()
        self.assertEqual(viewer.response(down).body, frame)
        online = self.ask("getDevicesOnline.json", owner)["devices"]
        self.assertEqual([each["device"] for each in online], ["camera", "phone"])

    def test_sends_and_gets_messages_of_its_own_device(self) -> None:
        camera, owner = self.open(Role.PUBLISH, "camera", "camera"), self.authorize("phone")
        self.ask("addMsgs.json", camera, msg="motion")
        self.assertEqual([each["device"] for each in self.ask("getMsgs.json", owner)["msgs"]], ["camera"])
        self.ask("addMsgs.json", owner, msg="look left", target="camera")
        self.ask("addMsgs.json", owner, msg="private", target="tablet")
        for path in ("getMsgs.json", "getMsgsAndSync.json"):
            self.assertEqual([each["msg"] for each in self.ask(path, camera)["msgs"]], ["look left"])


class GuestTests(RolesCase):
    """A guest sees what it was shown, and can't be taken for a device of the account."""

    def setUp(self) -> None:
        super().setUp()
        self.owner = self.authorize("phone", "the owner's")
        self.porch, self.bedroom = self.authorize("porch"), self.authorize("bedroom")
        self.guest = self.open(Role.VIEW, "phone", "porch")

    def test_sees_the_named_devices_and_their_streams_alone(self) -> None:
        for token in (self.porch, self.bedroom):
            self.publish(token)
        for path in ("getDevicesOnline.json", "getStreams.json"):
            self.assertEqual([each["device"] for each in self.ask(path, self.guest)["devices"]], ["porch"])
        viewer, down = self.watch(self.guest, "porch")
        self.assertEqual(viewer.response(down).status, 200)
        for device in ("bedroom", "phone", "nowhere"):
            self.bad(self.ask("output.raw", self.guest, device=device), NO_SUCH_DEVICE)

    def test_gets_every_frame_only_by_a_secret_made_for_it(self) -> None:
        """It may ask for it all the same, and then holds no camera back."""
        self.publish(self.porch)
        recorder = self.open(Role.VIEW, "recorder", "porch", every=True)
        for token, granted in ((self.guest, False), (recorder, True), (self.owner, True)):
            viewer, down = self.watch(token, "porch", every="1")
            self.assertEqual(viewer.response(down).header("content-type"), "application/octet-stream")
            (stream,) = self.services.devices._hub.streams(self.world.account_id)
            self.assertIs(list(stream._viewers)[-1].every, granted)

    def test_sees_the_records_of_the_named_devices_alone_page_by_page(self) -> None:
        ids = {"porch": [], "bedroom": []}
        for _ in range(40):
            for device in ids:
                self.post("addRecord.json", b"picture", shash=self.authorize(device))
        for each in self.ask("getRecordCount.json", self.owner, limit=1000)["records"]:
            ids[each["device"]].append(each["rid"])
        page = self.ask("getRecordCount.json", self.guest)["records"]
        rest = self.ask("getRecordCount.json", self.guest, stamp=page[-1]["stamp"])["records"]
        self.assertEqual((len(page), len(rest)), (32, 8))
        self.assertEqual([each["rid"] for each in (*page, *rest)], ids["porch"])
        shown, hidden = ids["porch"][0], ids["bedroom"][0]
        self.assertEqual(self.ask("getRecordMeta.json", self.guest, rid=shown)["result"], "OK")
        self.assertEqual(self.post("getRecordData.json", shash=self.guest, rid=str(shown)).body, b"picture")
        for path in ("getRecordMeta.json", "getRecordData.json"):
            self.bad(self.ask(path, self.guest, rid=hidden), NO_SUCH_RECORD)

    def test_is_listed_nowhere_and_takes_no_place_of_the_device_whose_name_it_gave(self) -> None:
        other = self.open(Role.VIEW, "guest")
        expected = [{"device": "bedroom", "meta": ""}, {"device": "phone", "meta": "the owner's"}]
        online = self.ask("getDevicesOnline.json", self.owner)["devices"]
        self.assertEqual([each for each in online if each["device"] != "porch"], expected)
        self.bad(self.ask("output.raw", self.owner, device="guest"), NO_SUCH_DEVICE)
        self.assertEqual(self.ask("heartBit.json", other), OK)

    def test_breaking_a_limit_it_keeps_no_device_out(self) -> None:
        for _ in range(50):
            self.ask("heartBit.json", self.guest)
        self.bad(self.ask("heartBit.json", self.guest), 6)
        login = json.dumps({"name": "user", "pass": PASSWORD, "device": "phone"}).encode()
        self.assertEqual(self.post("authorize.json", login).json()["result"], "OK")

    def test_ends_with_its_secret(self) -> None:
        self.publish(self.porch)
        viewer, down = self.watch(self.guest, "porch")
        (secret,) = self.world.run(self.world.store.secrets("user"))
        self.world.run(self.world.store.remove_secret("user", secret.label))
        self.world.run(self.services.accounts.refresh())
        self.assertTrue(viewer.response(down).ended)
        self.bad(self.ask("heartBit.json", self.guest), 6)
        self.assertEqual(self.ask("heartBit.json", self.owner), OK)


class WrongSecretTests(RolesCase):
    def test_fails_as_a_wrong_password_does(self) -> None:
        self.secret(Role.VIEW)
        answers = [self.log_in(text, "guest") for text in (new_secret(), "112")]
        for answer in answers:
            self.refused(answer, NO_SUCH_USER)
        self.assertEqual(len({each.split(": ", 1)[1] for each in self.refusals()}), 1)
