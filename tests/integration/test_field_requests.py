"""How clients of the field write their requests and read the answers, against the real server."""

from __future__ import annotations

import json
from typing import Any

from tests.support.field_client import LARGE_WINDOW
from tests.support.session import OK, ServerCase, bad
from tests.support.trail import PASSWORD

STAMP = r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\Z"


class Transport(ServerCase):
    """TLS, bodies and answers on the wire."""

    def test_tls(self) -> None:
        """TLS 1.2 with ECDHE and AES-GCM, offering ``h2`` alone."""
        client = self.connect()
        cipher, _ = client.cipher
        self.assertRegex(cipher, "ECDHE.*AES.*GCM")
        self.assertEqual(client.call("/getServerTime.json")["result"], "OK")

    def test_needless_percent_encoding(self) -> None:
        """Letters that need no percent-encoding have it: %4A, %55, %6A, %75."""
        shash = self.authorize("JUju")
        client = self.connect()
        name = self.account.replace("u", "%75")
        path = f"/a%75thorize.%6Ason?name={name}&pass={PASSWORD}&device=%4A%55%6A%75"
        answer = client.answer(client.open("POST", path, end=True)).json()
        self.assertEqual(answer["result"], "OK")
        self.assertEqual([each["device"] for each in self.online(shash)], ["JUju"])

    def test_needless_percent_encoding_of_uploads(self) -> None:
        """The same in the path of a live stream and of a record."""
        shash = self.authorize("camera")
        client = self.connect()
        upload = client.open("PUT", f"/inp%75t.raw?shash={shash}", {"content-length": "21474836480"})
        client.call("/getServerTime.json")
        self.assertEqual([each["device"] for each in self.call("getStreams.json", shash=shash)["devices"]], ["camera"])
        self.assertFalse(client.answers[upload].over)
        record = client.open("POST", f"/addRecord.%6Ason?shash={shash}")
        client.send(record, b"1" * 2_000_000, end=True)
        self.assertEqual(client.answer(record).json(), OK)

    def online(self, shash: str) -> Any:
        return self.call("getDevicesOnline.json", shash=shash)["devices"]

    def test_empty_post(self) -> None:
        """An empty POST has all in the query: with END_STREAM on its headers, or with ``content-length: 0``."""
        client = self.connect()
        path = f"/authorize.json?name={self.account}&pass={PASSWORD}&device=camera&meta="
        answer = client.answer(client.open("POST", path, end=True)).json()
        path = f"/addMsgs.json?shash={answer['shash']}&msg=hello&target=&params=%7B%22a%22%3A1%7D"
        stream = client.open("POST", path, {"content-length": "0"})
        client.end(stream)
        self.assertEqual(client.answer(stream).json(), OK)
        (message,) = self.call("getMsgs.json", shash=self.authorize("viewer"))["msgs"]
        self.assertEqual((message["msg"], message["params"]), ("hello", {"a": 1}))

    def test_record_without_length(self) -> None:
        """A record without ``content-length``, of whatever type it claims to be, is kept byte for byte."""
        shash = self.authorize("camera")
        data = b"a=1&b=2%20+" * 30_000
        client = self.connect(LARGE_WINDOW)
        for claimed in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
            stream = client.open("POST", f"/addRecord.json?shash={shash}&meta=M", {"content-type": claimed})
            client.send(stream, data, end=True)
            self.assertEqual(client.answer(stream).json(), OK)
        for record in self.call("getRecordCount.json", shash=shash)["records"]:
            stream = client.open("POST", f"/getRecordData.json?shash={shash}&rid={record['rid']}", end=True)
            self.assertEqual(bytes(client.answer(stream).body), data)

    def test_full_frames(self) -> None:
        """An answer's body comes in full-size DATA frames: a client takes a read of less than 4096 for the end."""
        shash = self.authorize("camera")
        self.add_record(shash, bytes(300_000))
        client = self.connect(LARGE_WINDOW)
        (record,) = client.call("/getRecordCount.json", shash=shash)["records"]
        stream = client.open("POST", f"/getRecordData.json?shash={shash}&rid={record['rid']}", end=True)
        *full, _ = [each for each in client.answer(stream).pieces if each]
        self.assertEqual([each for each in full if each % 4096], [])
        for number in range(32):
            client.call("/addMsgs.json", shash=shash, msg=f"message {number}", params={"text": "x" * 100})
        viewer = self.authorize("viewer")
        stream = client.open("POST", f"/getMsgs.json?shash={viewer}", end=True)
        answer = client.answer(stream)
        self.assertEqual(len(answer.json()["msgs"]), 32)
        self.assertEqual(len([each for each in answer.pieces if each]), 1)

    def test_status(self) -> None:
        """JSON_BAD is HTTP 200 wherever the protocol answers; 404 and 405 carry one, too."""
        for path, status, code in (
            ("/heartBit.json?shash=nobody", 200, 6),
            ("/heartBit.json", 200, 11),
            ("/authorize.json?name=nobody&pass=1&device=d", 200, 7),
            ("/nothing.json?a=1", 404, 12),
        ):
            with self.subtest(path=path):
                answer = self.http.post(path)
                self.assertEqual((answer.status_code, answer.json()), (status, bad(code)))
        answer = self.http.get("/heartBit.json?shash=nobody")
        self.assertEqual((answer.status_code, answer.headers["allow"]), (405, "POST, OPTIONS"))
        self.assertEqual(answer.json(), bad(12))

    def test_uncompressed(self) -> None:
        """No answer is compressed unasked, nor JSON when asked for by everything that a browser offers."""
        answer = self.http.post("/getServerTime.json", headers={"accept-encoding": "identity"})
        self.assertNotIn("content-encoding", answer.headers)


class Values(ServerCase):
    """What stands in requests and answers."""

    def setUp(self) -> None:
        super().setUp()
        self.shash = self.authorize("device")
        self.other = self.authorize("other")

    def messages(self, **more: Any) -> list[dict[str, Any]]:
        """What ``other`` gets."""
        answer = self.call("getMsgs.json", shash=self.other, **more)
        self.assertEqual(answer["result"], "OK")
        found: list[dict[str, Any]] = answer["msgs"]
        return found

    def test_server_time(self) -> None:
        """getServerTime.json: a stamp, with a session, with ``{}`` or with nothing at all."""
        stamps = [
            self.http.post("/getServerTime.json", content=content).json()
            for content in (b"", b"{}", json.dumps({"shash": self.shash}))
        ]
        for each in stamps:
            self.assertEqual(each["result"], "OK")
            self.assertRegex(each["stamp"], STAMP)
        self.assertEqual(len({each["stamp"] for each in stamps}), 3)

    def test_keys_of_an_earlier_answer(self) -> None:
        """A request may hold ``result`` and ``code`` of an earlier answer."""
        self.assertEqual(self.call("heartBit.json", shash=self.shash, result="BAD", code=6), OK)

    def test_long_numbers(self) -> None:
        """Numbers are written ``3.0000000000000000E+001``; ``null`` entries of the list are skipped."""
        body = (
            f'{{"shash":"{self.shash}","config":[null,'
            '{"kind":1.0000000000000000E+000,"fv":2.5000000000000000E+001},null,{"kind":6,"fv":"3.0E+001"}]}'
        )
        self.assertEqual(self.http.post("/setConfig.json", content=body).json(), OK)
        config = {each["kind"]: each["fv"] for each in self.call("getConfig.json", shash=self.shash)["config"]}
        self.assertEqual((config[1], config[6]), (25.0, 30.0))

    def test_later_settings(self) -> None:
        """Kinds 5 and 6: lifetimes of broadcasts and of all messages."""
        config = self.call("getConfig.json", shash=self.shash)["config"]
        bounds = [(each["descr"], each["miv"], each["mav"], each["dv"]) for each in config if each["kind"] > 4]
        self.assertEqual(
            bounds,
            [("broadcasts lifetime (hr)", 1.0, 750.0, 125.0), ("overall messages lifetime (days)", 1.0, 120.0, 30.0)],
        )

    def test_meta_as_an_object(self) -> None:
        """meta may be an object; it comes back as its JSON text, and as ``{}`` when there was none."""
        self.authorize("device", meta={"param": 1})
        self.authorize("other", meta="some info")
        self.authorize("third")
        metas = [each["meta"] for each in self.call("getDevicesOnline.json", shash=self.shash)["devices"]]
        self.assertEqual(metas, ['{"param":1}', "some info", "{}"])

    def test_params(self) -> None:
        """JSON text of params comes back as the value itself; nothing comes back as ``{}``, always there."""
        sent = ('{"a":[1,2]}', [1, {"b": None}], None, "", {})
        for each in sent:
            self.assertEqual(self.call("addMsgs.json", shash=self.shash, msg="m", params=each), OK)
        self.assertEqual(self.call("addMsgs.json", shash=self.shash, msg="m"), OK)
        self.assertEqual(
            [each["params"] for each in self.messages()], [{"a": [1, 2]}, [1, {"b": None}], {}, {}, {}, {}]
        )

    def test_sync_as_stamp(self) -> None:
        """The text ``{"msg":"sync"}`` as stamp: what is later than the sync mark."""
        self.call("addMsgs.json", shash=self.shash, msg="old")
        self.assertEqual(len(self.messages()), 1)
        self.assertEqual(self.call("addMsgs.json", shash=self.other, msg="SYNC"), OK)
        self.call("addMsgs.json", shash=self.shash, msg="new")
        self.assertEqual([each["msg"] for each in self.messages(stamp='{"msg":"sync"}')], ["new"])
        self.assertEqual([each["msg"] for each in self.messages(stamp="2000")], ["old", "new"])

    def test_pages(self) -> None:
        """Answers are pages of 32 or 7 KB, oldest first. Whoever goes on gets the rest."""
        entries = [{"msg": f"m{number}", "params": {"text": "x" * 300}} for number in range(70)]
        self.assertEqual(self.call("addMsgs.json", shash=self.shash, msgs=entries), OK)
        got: list[str] = []
        stamp = ""
        for size in (18, 18, 18, 16, 0):
            page = self.messages(stamp=stamp)
            self.assertEqual(len(page), size)
            self.assertLess(len(json.dumps(page)), 8_000)
            got += [each["msg"] for each in page]
            stamp = page[-1]["stamp"] if page else stamp
        self.assertEqual(got, [each["msg"] for each in entries])
