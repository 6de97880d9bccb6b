"""Any JSON value in any field of any path: the answer is JSON with result OK or BAD, and no error is logged."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.edge import EdgeCase, path_of
from tests.support.trail import PASSWORD
from webcam.api.tree import ENDPOINTS

PATHS = [
    each.path
    for each in ENDPOINTS
    if "POST" in each.methods and each.path not in {"input.raw", "addRecord.json", "addRecordData.json"}
]
FIELDS = {
    "authorize.json": ("name", "pass", "device", "meta"),
    "setConfig.json": ("config",),
    "addMsgs.json": ("msg", "target", "params", "msgs"),
    "getMsgs.json": ("stamp", "limit", "wait"),
    "getMsgsAndSync.json": ("stamp", "limit", "wait"),
    "getRecordCount.json": ("stamp", "limit"),
    "getRecordMeta.json": ("rid",),
    "getRecordData.json": ("rid",),
    "deleteRecords.json": ("records",),
    "output.raw": ("device", "every"),
    "stream.mjpg": ("device",),
    "snapshot.jpg": ("device", "cache"),
    "events": ("last",),
}
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["sync", "camera", "1", "-1", "[1]", '{"a":1}', '{"msg":"sync"}', "null", "1e5", "\0", "2023-11-14"]
)
KEYS = st.sampled_from(["msg", "target", "params", "kind", "fv", "stamp", "rid"]) | TEXTS
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
ENTRIES = st.lists(
    st.fixed_dictionaries({}, optional={"msg": VALUES, "params": VALUES, "kind": VALUES, "fv": VALUES}), max_size=3
)
QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


class FuzzTests(EdgeCase):
    """Sessions never run out here: each example has its own."""

    def check(self, answer) -> None:
        """JSON with a result, or a record's bytes, or an open stream."""
        kind = answer.header("content-type")
        if kind == "application/json":
            by_status = answer.asked[1].startswith(("/stream.mjpg", "/snapshot.jpg"))
            self.assertIn(answer.status, {400, 401, 403, 404} if by_status else {200})
            found = answer.json()
            self.assertIn(found["result"], {"OK", "BAD"})
            if found["result"] == "BAD":
                self.assertIn(found["code"], range(4, 16), found)
        else:
            self.assertIn(kind, {None, "text/event-stream"}, "only what has not been answered has none")
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertIsNone(self.client.goaway)

    @QUICK
    @given(st.data())
    def test_bodies(self, data) -> None:
        path = data.draw(st.sampled_from(PATHS))
        values = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS.get(path, ("shash",)), VALUES | ENTRIES))
        body = {"shash": self.authorize(), **data.draw(values)}
        self.check(self.post(path, json.dumps(body).encode()))

    @QUICK
    @given(st.data())
    def test_queries(self, data) -> None:
        path = data.draw(st.sampled_from(PATHS))
        texts = TEXTS | VALUES.map(json.dumps)
        query = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS.get(path, ()), texts)))
        self.check(self.post(path, shash=self.authorize(), **query))

    @QUICK
    @given(st.sampled_from(sorted(FIELDS)), st.binary(max_size=60))
    def test_query_bytes(self, path: str, value: bytes) -> None:
        """Bytes that are no UTF-8, in every field at once."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name in FIELDS[path])
        self.check(self.client.fetch("POST", f"/{path}?shash={self.authorize()}&{query}"))

    @QUICK
    @given(st.sampled_from(PATHS), st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode()))
    def test_any_body(self, path: str, body: bytes) -> None:
        self.check(self.post(path, body))

    @QUICK
    @given(VALUES, VALUES)
    def test_messages_come_back_equal_or_are_refused(self, name, params) -> None:
        """Whatever one device sends, another's getMsgs is JSON and holds it equal."""
        camera, phone = self.authorize("camera"), self.authorize("phone")
        answer = self.ask("addMsgs.json", camera, msg=name, params=params, target="phone")
        found = self.ask("getMsgsAndSync.json", phone)["msgs"]
        if answer["result"] == "BAD" or name.lower() == "sync":
            self.assertEqual(found, [])
            return
        (message,) = found
        self.assertEqual(message["msg"], name)
        if isinstance(params, (dict, list)):
            self.assertEqual(message["params"], params)

    @QUICK
    @given(TEXTS, TEXTS, VALUES)
    def test_devices_come_back_equal(self, device: str, subprotocol: str, meta) -> None:
        answer = self.ask("authorize.json", name="user", pass_=PASSWORD, device=device, meta=meta)
        if not device:
            self.bad(answer, 12)
            return
        online = {
            each["device"]: each["meta"] for each in self.ask("getDevicesOnline.json", answer["shash"])["devices"]
        }
        found = online[device]
        if meta is None:
            self.assertEqual(found, "{}")
        else:
            self.assertEqual(found if isinstance(meta, str) else json.loads(found), meta)
        up = self.client.open("POST", path_of("input.raw", shash=answer["shash"], subproto=subprotocol))
        streams = self.ask("getStreams.json", answer["shash"])["devices"]
        self.assertIn({"device": device, "subproto": subprotocol, "delta": 0}, streams)
        self.client.end(up)
        self.client.pump()

    @QUICK
    @given(st.sampled_from(["input.raw", "addRecord.json"]), st.text(max_size=20), st.binary(max_size=200))
    def test_uploads(self, path: str, query: str, body: bytes) -> None:
        token = self.authorize()
        text = quote(query.encode("utf-8", "surrogatepass"), safe="&=")
        stream = self.client.request("POST", f"/{path}?{text}&shash={token}", body)
        answer = self.client.response(stream)
        if path == "input.raw":
            self.assertIn((answer.status, answer.reset_code), {(200, None), (None, 8)})
            self.assertEqual(self.flushLoggedErrors(), [])
        else:
            self.check(answer)
