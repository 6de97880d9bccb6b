"""What the console lists: devices, messages, days, records; and a record as a page shows it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.browser import BrowserCase
from tests.support.edge import (
    JPEG,
    JSON_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_RECORD,
    NO_SUCH_SESSION,
    OK,
    frames,
)
from tests.support.trail import used
from webcam.console import lists
from webcam.console.record import file_name
from webcam.model import SESSION_MINUTES, Record, Role, stamp_of
from webcam.service.tokens import digest_of, new_secret

SCRIPT = "<script>parent.ran()</script>"
PAGE = b"<!doctype html><script>parent.ran()</script>"
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg'><script>parent.ran()</script></svg>"


class ListsCase(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def add_record(self, data: bytes = JPEG, device: str = "camera", **query: str) -> None:
        token = self.authorize(device)
        self.assertEqual(self.post("addRecord.json", data, shash=token, **query).json(), OK)

    def view_only(self, *devices: str) -> None:
        """The browser is one of a guest who sees these devices."""
        text = used("password", new_secret())
        self.world.run(self.world.store.add_secret("user", "guest", digest_of(text), Role.VIEW, frozenset(devices)))
        self.assertEqual(self.log_in("guest", **{"pass": text}).json()["role"], "view")


class DevicesTests(ListsCase):
    def devices(self) -> dict[str, dict[str, Any]]:
        answer = self.browse("console/devices.json")
        self.assertEqual(answer["result"], "OK")
        names = [each["device"] for each in answer["devices"]]
        self.assertEqual(names, sorted(names))
        return {each.pop("device"): each for each in answer["devices"]}

    def test_who_is_online_and_what_it_streams(self) -> None:
        camera = self.authorize("camera", SCRIPT)
        publisher, upload = self.publish(camera, subproto="RAW_JPEG", delta="400")
        found = self.devices()
        seen = found["camera"].pop("seen")
        self.assertEqual(seen, stamp_of(self.clock.wall()))
        stream = {"subproto": "RAW_JPEG", "delta": 400}
        self.assertEqual(found["camera"], {"meta": SCRIPT, "online": True, "stream": stream})
        self.assertEqual((found["browser"]["online"], found["browser"]["stream"]), (True, None))
        publisher.end(upload)
        self.assertIsNone(self.devices()["camera"]["stream"])

    def test_who_was_online_and_when(self) -> None:
        camera = self.authorize("camera", "at the gate")
        session = self.services.sessions.find(camera)
        self.clock.advance(10)
        self.services.sessions.find(camera)
        left = stamp_of(self.clock.wall())
        self.clock.advance(5)
        self.services.sessions.end(session)
        gone = {"meta": "at the gate", "online": False, "seen": left, "stream": None}
        self.assertEqual(self.devices()["camera"], gone, "when it was last active")
        self.world.run(self.services.last_seen.flush())
        self.assertEqual(self.devices()["camera"], gone, "the same from storage")

    def test_silent_ones_were_last_seen_when_they_asked_last(self) -> None:
        self.authorize("camera")
        came = stamp_of(self.clock.wall())
        following = self.client.open("GET", "/events", self.headers, end=True)
        minutes = self.services.settings.of(self.world.account_id)[SESSION_MINUTES]
        self.clock.advance(minutes * 60 + 1)
        self.world.run(self.services.sessions.sweep())
        found = self.devices()
        self.assertEqual((found["camera"]["online"], found["camera"]["seen"]), (False, came))
        self.assertTrue(found["browser"]["online"], "the one that follows events")
        self.client.reset(following)

    def test_the_newest_metadata_and_one_entry_a_device(self) -> None:
        self.authorize("camera", "older")
        token = self.authorize("camera", "newer")
        self.assertEqual(self.devices()["camera"]["meta"], "newer")
        for session in self.services.sessions.of(self.world.account_id):
            if session.device == "camera" and session is not self.services.sessions.find(token):
                self.services.sessions.end(session)
        self.assertEqual((self.devices()["camera"]["online"], self.devices()["camera"]["meta"]), (True, "newer"))

    def test_what_a_guest_sees(self) -> None:
        for device in ("porch", "gate"):
            self.authorize(device)
        self.view_only("porch", "attic")
        self.assertEqual(list(self.devices()), ["porch"])
        self.assertNotIn("guest", [each.device for each in self.world.run(self.services.last_seen.of(1))])

    def test_others_accounts_are_not_told_of(self) -> None:
        self.other_account()
        self.authorize("theirs", name="other")
        self.assertEqual(list(self.devices()), ["browser"])


class MessagesTests(ListsCase):
    def thread(self, **params: Any) -> list[Any]:
        answer = self.browse("console/messages.json", **{"device": "camera", **params})
        self.assertEqual(answer["result"], "OK")
        found: list[Any] = answer["msgs"]
        return found

    def test_both_ways_newest_first(self) -> None:
        camera = self.authorize("camera")
        self.ask("addMsgs.json", camera, msg="status", params={"html": SCRIPT})
        self.browse("addMsgs.json", msg="dosnap", target="camera")
        newest, oldest = self.thread()
        self.assertEqual((newest["msg"], newest["device"], newest["target"]), ("dosnap", "browser", "camera"))
        self.assertEqual((newest["params"], newest["stamp"] > oldest["stamp"]), ({}, True))
        self.assertEqual((oldest["msg"], oldest["device"], oldest["target"]), ("status", "camera", ""))
        self.assertEqual(oldest["params"], {"html": SCRIPT})
        self.assertEqual(self.thread(before=newest["stamp"]), [oldest])
        self.assertEqual(self.thread(limit=1), [newest])
        self.assertEqual([each["msg"] for each in self.thread(device="another")], [])

    def test_it_acknowledges_nothing(self) -> None:
        self.ask("addMsgs.json", self.authorize("camera"), msg="status")
        self.assertEqual(len(self.thread()), 1)
        self.browse("addMsgs.json", msg="sync")
        self.ask("addMsgs.json", self.authorize("camera"), msg="another")
        self.assertEqual([each["msg"] for each in self.browse("getMsgs.json")["msgs"]], ["another"])

    def test_malformed(self) -> None:
        for wrong in ({"device": ""}, {"limit": 0}, {"limit": lists.MAX_MESSAGES + 1}, {"before": 5}):
            answer = self.browse("console/messages.json", **{"device": "camera", **wrong})
            self.bad(answer, MALFORMED_REQUEST)

    def test_no_matter_of_guests(self) -> None:
        self.view_only()
        answer = self.client.fetch("POST", "/console/messages.json", b'{"device":"camera"}', self.headers)
        self.refused(answer, JSON_FAIL, status=403)


class RecordsTests(ListsCase):
    def records(self, **params: Any) -> list[Any]:
        answer = self.browse("console/records.json", **params)
        self.assertEqual(answer["result"], "OK")
        found: list[Any] = answer["records"]
        return found

    def test_newest_first_with_all_that_a_tile_shows(self) -> None:
        self.add_record(meta=SCRIPT)
        self.add_record(PAGE, "porch")
        page, picture = self.records()
        stamp = picture.pop("stamp")
        self.assertRegex(stamp, r"^\d{4}-\d\d-\d\d ")
        wanted = {"rid": 1, "device": "camera", "meta": SCRIPT, "size": len(JPEG), "type": "image/jpeg"}
        self.assertEqual(picture, wanted)
        self.assertEqual((page["device"], page["type"]), ("porch", "application/octet-stream"))

    def test_pages(self) -> None:
        for _ in range(5):
            self.add_record()
            self.clock.advance(1)
        everything = self.records()
        self.assertEqual([each["rid"] for each in everything], [5, 4, 3, 2, 1])
        self.assertEqual(self.records(skip=1, limit=2), everything[1:3])
        self.assertEqual(self.records(before=everything[1]["stamp"]), everything[2:])
        self.assertEqual(self.records(after=everything[1]["stamp"]), everything[:2])
        self.assertEqual(self.records(device="nobody"), [])
        for wrong in ({"limit": 0}, {"limit": lists.MAX_RECORDS + 1}, {"skip": -1}, {"after": 7}, {"device": []}):
            self.bad(self.browse("console/records.json", **wrong), MALFORMED_REQUEST)

    def test_days(self) -> None:
        """The clock of tests begins at 22:13:20 in UTC."""
        self.add_record()
        self.clock.advance(3 * 3600)
        self.log_in()
        self.add_record(device="porch")
        self.add_record()
        utc = [{"day": "2023-11-15", "count": 2}, {"day": "2023-11-14", "count": 1}]
        self.assertEqual(self.browse("console/days.json"), {**OK, "days": utc})
        self.assertEqual(self.browse("console/days.json", offset=120)["days"], [{"day": "2023-11-15", "count": 3}])
        self.assertEqual(self.browse("console/days.json", offset=-180)["days"], [{"day": "2023-11-14", "count": 3}])
        porch = self.browse("console/days.json", device="porch")["days"]
        self.assertEqual(porch, [{"day": "2023-11-15", "count": 1}])
        self.bad(self.browse("console/days.json", offset=1441), MALFORMED_REQUEST)

    def test_what_a_guest_sees(self) -> None:
        self.add_record(device="porch")
        self.add_record(device="gate")
        self.view_only("porch")
        self.assertEqual([each["device"] for each in self.records()], ["porch"])
        self.assertEqual(self.records(device="gate"), [])
        self.assertEqual([each["count"] for each in self.browse("console/days.json")["days"]], [1])
        self.assertEqual(self.browse("console/days.json", device="gate")["days"], [])
        self.assertEqual(self.show("console/record", rid="1").status, 200)
        self.refused(self.show("console/record", rid="2"), NO_SUCH_RECORD, status=404)


class RecordTests(ListsCase):
    """``GET /console/record``"""

    def test_a_picture(self) -> None:
        self.add_record()
        answer = self.show("console/record", rid="1")
        self.assertEqual((answer.status, answer.body), (200, JPEG))
        self.assertEqual(answer.header("content-type"), "image/jpeg")
        self.assertEqual(answer.header("cache-control"), "private, max-age=31536000, immutable")
        self.assertIsNone(answer.header("content-disposition"))

    def test_who_has_it_gets_no_body(self) -> None:
        self.add_record()
        etag = self.show("console/record", rid="1").header("etag") or ""
        again = self.show("console/record", [("if-none-match", etag)], rid="1")
        self.assertEqual((again.status, again.body, again.ended), (304, b"", True))
        self.assertEqual((again.header("etag"), again.header("content-length")), (etag, None))

    def test_a_range(self) -> None:
        self.add_record()
        answer = self.show("console/record", [("range", "bytes=1-2")], rid="1")
        self.assertEqual((answer.status, answer.body), (206, JPEG[1:3]))
        self.assertEqual(answer.header("content-range"), f"bytes 1-2/{len(JPEG)}")
        answer = self.show("console/record", [("range", "bytes=9999999-")], rid="1")
        self.refused(answer, MALFORMED_REQUEST, status=416)

    def test_what_would_be_a_page_never_is_one(self) -> None:
        for number, data in enumerate((PAGE, PICTURE, b"%PDF-1.7 <script>", SCRIPT.encode("utf-16")), start=1):
            self.add_record(data, meta="text/html")
            for download in ("", "1"):
                answer = self.show("console/record", rid=str(number), download=download)
                self.assertEqual((answer.status, answer.body), (200, data))
                self.assertEqual(answer.header("content-type"), "application/octet-stream")
                self.assertEqual(answer.header("x-content-type-options"), "nosniff")
                self.assertEqual(answer.header("content-security-policy"), "sandbox; default-src 'none'")
                self.assertEqual(answer.header("cross-origin-resource-policy"), "same-origin")

    def test_a_file_to_be_kept(self) -> None:
        self.add_record(device='../..\\"; filename="x.exe"\r\nset-cookie: a=b')
        answer = self.show("console/record", rid="1", download="1")
        self.assertEqual(answer.status, 200)
        wanted = 'attachment; filename="filename_x_exe_set-cookie_a_b-20231114-221320-1.jpg"'
        self.assertEqual(answer.header("content-disposition"), wanted)
        self.assertIsNone(answer.header("set-cookie"))

    def test_names_of_files(self) -> None:
        stamp = "2026-03-01 12:29:36.123456"
        for device, kind, name in (
            ("porch", "image/jpeg", "porch-20260301-122936-7.jpg"),
            ("front door 2", "video/mp4", "front_door_2-20260301-122936-7.mp4"),
            ("żółć", "image/png", "record-20260301-122936-7.png"),
            ("x" * 500, "application/octet-stream", f"{'x' * 60}-20260301-122936-7.bin"),
            ("-", "audio/wav", "record-20260301-122936-7.wav"),
        ):
            self.assertEqual(file_name(Record(7, device, "", stamp, 1), kind), name)

    def test_what_is_wrong_is_told_by_the_status(self) -> None:
        self.add_record()
        self.refused(self.show("console/record", rid="99"), NO_SUCH_RECORD, status=404)
        for query in ({}, {"rid": "x"}, {"rid": "1", "download": "2"}):
            self.refused(self.show("console/record", **query), MALFORMED_REQUEST, status=400)
        self.browse("console/logout.json")
        self.refused(self.show("console/record", rid="1"), NO_SUCH_SESSION, status=403)
        stranger = self.client.fetch("GET", "/console/record?rid=1", headers=[("sec-fetch-site", "cross-site")])
        self.refused(stranger, MALFORMED_REQUEST, status=400)

    def test_another_accounts(self) -> None:
        self.other_account()
        token = self.authorize("theirs", name="other")
        self.assertEqual(self.post("addRecord.json", JPEG, shash=token).json(), OK)
        self.refused(self.show("console/record", rid="1"), NO_SUCH_RECORD, status=404)
        self.assertEqual(self.browse("console/records.json")["records"], [])

    def test_by_a_token_too(self) -> None:
        self.add_record()
        token = self.authorize("phone")
        answer = self.client.fetch("GET", f"/console/record?shash={token}&rid=1")
        self.assertEqual((answer.status, answer.body), (200, JPEG))


class GarbageTests(ListsCase):
    def test_a_stream_of_anything_is_listed_as_it_was_announced(self) -> None:
        publisher, upload = self.publish(self.authorize("camera"), subproto=SCRIPT)
        publisher.send_data(upload, frames(1)[0])
        found = self.browse("console/devices.json")["devices"]
        self.assertEqual([each["stream"] for each in found], [None, {"subproto": SCRIPT, "delta": 0}])
        publisher.end(upload)

    def test_answers_are_json_and_nothing_else(self) -> None:
        self.authorize(SCRIPT, SCRIPT)
        body = json.dumps({}).encode()
        for path in ("devices", "days", "records", "sessions"):
            answer = self.client.fetch("POST", f"/console/{path}.json", body, self.headers)
            self.assertEqual(answer.header("content-type"), "application/json")
