"""When storage refuses, code fails, data vanish, or clients do."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from tests.support.clock import moment_of
from tests.support.edge import (
    DATABASE_FAIL,
    INTERNAL_UNKNOWN_ERROR,
    JPEG,
    NO_DATA_RETURNED,
    NO_SUCH_RECORD,
    OK,
    EdgeCase,
    frames,
    path_of,
)
from tests.support.http import H1Client, H2Client
from tests.support.trail import PASSWORD
from webcam.errors import DatabaseFail
from webcam.http.limits import LINES_BURST
from webcam.ports import RECORD_PART
from webcam.wire import fields

STORED = {
    "authorize.json": ("save_sessions", {"name": "user", "pass": PASSWORD, "device": "new"}),
    "setConfig.json": ("set_settings", {"config": [{"kind": 1, "fv": 3}]}),
    "addMsgs.json": ("add_messages", {"msg": "m"}),
    "getMsgs.json": ("messages", {}),
    "getMsgsAndSync.json": ("take_messages", {}),
    "getRecordCount.json": ("records", {}),
    "getRecordMeta.json": ("record", {"rid": 1}),
    "getRecordData.json": ("record", {"rid": 1}),
    "deleteRecords.json": ("delete_records", {"records": [1]}),
}


class FailuresCase(EdgeCase):
    """A store whose methods can be made to fail or to wait."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize()
        self.assertEqual(self.post("addRecord.json", JPEG, shash=self.token).json(), OK)

    def body(self, params: dict[str, Any]) -> bytes:
        return json.dumps({"shash": self.token, **params}).encode()

    def restore(self, method: str) -> None:
        delattr(self.world.store, method)

    def spoil(self, method: str, error: Exception) -> None:
        """The method raises *error*, until :meth:`restore`."""

        async def failing(*_):
            raise error

        setattr(self.world.store, method, failing)

    def wait(self, method: str) -> Deferred:
        """The method waits until the answer is fired, then works; until :meth:`restore`."""
        gate: Deferred = Deferred()
        working = getattr(self.world.store, method)

        async def waiting(*args):
            await gate
            return await working(*args)

        setattr(self.world.store, method, waiting)
        return gate


class StorageTests(FailuresCase):
    """DATABASE_FAIL under 503, and nothing else disturbed."""

    def test_every_path_that_needs_storage(self) -> None:
        for path, (method, params) in STORED.items():
            before = len(self.log())
            self.spoil(method, DatabaseFail("disk full"))
            for client in (self.client, self.connect(H1Client)):
                answer = client.fetch("POST", f"/{path}", self.body(params))
                self.refused(answer, DATABASE_FAIL, status=503)
            self.assertEqual(len(self.log()) - before, 2)
            self.restore(method)
            self.assertEqual(self.ask("heartBit.json", self.token), OK)

    def test_records(self) -> None:
        self.spoil("add_record", DatabaseFail("disk full"))
        self.refused(self.post("addRecord.json", JPEG, shash=self.token), DATABASE_FAIL, status=503)

    def test_setting_that_was_not_stored_does_not_act(self) -> None:
        self.spoil("set_settings", DatabaseFail("disk full"))
        self.ask("setConfig.json", self.token, config=[{"kind": 1, "fv": 3}])
        self.assertEqual(self.ask("getConfig.json", self.token)["config"][0]["fv"], 30)

    def test_session_that_was_not_stored_does_not_exist(self) -> None:
        self.spoil("save_sessions", DatabaseFail("disk full"))
        self.ask("authorize.json", name="user", pass_=PASSWORD, device="new")
        devices = self.ask("getDevicesOnline.json", self.token)["devices"]
        self.assertEqual([each["device"] for each in devices], ["camera"])

    def test_live_streams_go_on(self) -> None:
        for method in ("messages", "record", "save_sessions", "add_messages"):
            self.spoil(method, DatabaseFail("disk full"))
        publisher, up = self.publish(self.token)
        viewer, down = self.watch(self.token, "camera")
        (frame,) = frames(1)
        publisher.send_data(up, frame)
        self.assertEqual(viewer.response(down).body, frame)

    def test_unexpected_exception(self) -> None:
        """INTERNAL_UNKNOWN_ERROR under 200; the log has the traceback, and no value of the request."""
        for path, (method, params) in STORED.items():
            self.spoil(method, ZeroDivisionError("bug"))
            self.bad(self.client.fetch("POST", f"/{path}", self.body(params)).json(), INTERNAL_UNKNOWN_ERROR)
            (error,) = self.flushLoggedErrors(ZeroDivisionError)
            self.assertIn("failing", error.getTraceback())
            self.restore(method)
            self.assertEqual(self.ask("heartBit.json", self.token), OK)
        self.assertIsNone(self.client.goaway)


class RecordsTests(FailuresCase):
    """Data that are not there, or not any more."""

    def hold(self, data: bytes, size: int | None) -> int:
        """Store a record that is said to have *size* bytes, whatever its data are. Return its id."""
        store = self.world.store
        adding = store.add_record(self.world.account_id, "camera", "", moment_of("2023-11-14 22:14:00.000000"), [data])
        rid, _ = self.world.run(adding)
        store.query("UPDATE records SET size = ? WHERE id = ?", size, rid)
        return int(rid)

    def test_no_data_returned(self) -> None:
        for size in (None, 0):
            rid = self.hold(b"", size)
            self.bad(self.ask("getRecordData.json", self.token, rid=rid), NO_DATA_RETURNED)
            self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=rid)["result"], "OK")
            self.assertIn(rid, [each["rid"] for each in self.ask("getRecordCount.json", self.token)["records"]])

    def test_gone_before_its_first_byte(self) -> None:
        rid = self.hold(b"", 5)
        self.bad(self.ask("getRecordData.json", self.token, rid=rid), NO_SUCH_RECORD)

    def test_gone_while_it_is_being_sent(self) -> None:
        """The answer is broken off: the client can't take it for the whole."""
        for kind in (H2Client, H1Client):
            rid = self.hold(b"x" * (4 * RECORD_PART), 4 * RECORD_PART)
            client = self.connect(kind, capacity=64 * 1024)
            client.reading = False
            stream = client.request("POST", path_of("getRecordData.json", shash=self.token, rid=str(rid)))
            self.assertEqual(self.ask("deleteRecords.json", self.token, records=[rid]), OK)
            client.reading = True
            answer = client.response(stream)
            self.assertEqual((answer.status, answer.ended), (200, False))
            self.assertLess(len(answer.body), 4 * RECORD_PART)
            if kind is H2Client:
                self.assertEqual((answer.reset_code, client.goaway, client.closed), (8, None, False))
            else:
                self.assertTrue(client.closed)
            self.assertEqual(self.flushLoggedErrors(), [])


class VanishingClientsTests(FailuresCase):
    """A client that vanishes in the middle of anything leaves nothing behind."""

    def both(self):
        return self.connect(H2Client), self.connect(H1Client)

    def test_while_storage_works(self) -> None:
        """What was begun is finished, and only the answer has no reader."""
        for path, (method, params) in STORED.items():
            gate = self.wait(method)
            clients = self.both()
            for client in clients:
                stream = client.request("POST", f"/{path}", self.body(params))
                self.assertIsNone(client.response(stream).status)
            clients[0].reset(1)
            for client in clients:
                client.drop()
            gate.callback(None)
            self.restore(method)
            self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.ask("getConfig.json", self.token)["config"][0]["fv"], 3)
        self.assertEqual(len(self.ask("getMsgs.json", self.authorize("phone"))["msgs"]), 2)

    def test_while_storage_is_about_to_fail(self) -> None:
        gate = self.wait("add_messages")
        clients = self.both()
        for client in clients:
            client.request("POST", path_of("addMsgs.json", shash=self.token, msg="m"))
            client.drop()
        gate.errback(DatabaseFail("disk full"))
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_in_the_middle_of_a_body(self) -> None:
        for kind in (H2Client, H1Client):
            for path in ("addRecord.json", "heartBit.json", "input.raw", "nowhere"):
                client = self.connect(kind)
                stream = client.open("POST", path_of(path, shash=self.token))
                client.send_data(stream, JPEG[:1000] if path != "input.raw" else frames(1)[0][:50])
                client.drop()
        self.assertEqual(len(self.ask("getRecordCount.json", self.token)["records"]), 1)
        self.assertEqual(self.ask("getStreams.json", self.token)["devices"], [])

    def test_reset_in_the_middle_of_a_body(self) -> None:
        for path in ("addRecord.json", "heartBit.json", "input.raw", "nowhere"):
            stream = self.client.open("POST", path_of(path, shash=self.token))
            self.client.send_data(stream, frames(1)[0][:50])
            self.client.reset(stream)
        self.assertEqual(self.client.protocol._channel.streams, {})
        self.assertEqual(self.ask("getStreams.json", self.token)["devices"], [])
        self.assertEqual(len(self.ask("getRecordCount.json", self.token)["records"]), 1)

    def test_record_shorter_than_declared_is_not_kept(self) -> None:
        h2, h1 = self.both()
        path = path_of("addRecord.json", shash=self.token)
        stream = h2.open("POST", path, [("content-length", "1000")])
        h2.send_data(stream, b"x" * 999, end=True)
        self.assertEqual((h2.response(stream).status, h2.response(stream).reset_code), (None, 1))
        self.assertEqual((h2.goaway, h2.closed), (None, False))
        h1.open("POST", path, [("content-length", "1000")])
        h1.send_data(0, b"x" * 999)
        h1.drop()
        self.assertEqual(len(self.ask("getRecordCount.json", self.token)["records"]), 1)

    def test_in_the_middle_of_an_answer(self) -> None:
        big = b"x" * (3 * RECORD_PART)
        self.assertEqual(self.post("addRecord.json", big, shash=self.token).json(), OK)
        for kind in (H2Client, H1Client):
            client = self.connect(kind, capacity=1000)
            client.reading = False
            client.request("POST", path_of("getRecordData.json", shash=self.token, rid="2"))
            client.drop()
        client = self.connect(auto_window=False)
        stream = client.request("POST", path_of("getRecordData.json", shash=self.token, rid="2"))
        client.pump()
        client.reset(stream)
        client.credit(0, 65535)
        self.assertEqual(client.protocol._channel.streams, {})
        self.assertEqual(client.ask("/heartBit.json", shash=self.token), OK)

    def test_between_request_and_stream(self) -> None:
        """A viewer and a publisher that go in the very read in which they came."""
        self.publish(self.authorize("other"))
        client = self.connect()
        with client.one_read():
            for path in ("input.raw", "output.raw"):
                stream = client.open("POST", path_of(path, shash=self.token, device="other"), end=path == "output.raw")
                client.reset(stream)
        self.assertEqual(client.protocol._channel.streams, {})
        devices = self.ask("getStreams.json", self.token)["devices"]
        self.assertEqual([each["device"] for each in devices], ["other"])
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        self.assertEqual(stream.viewers, 0)

    def test_before_its_first_byte(self) -> None:
        for client in self.both():
            client.drop()
        client = self.connect(H1Client)
        client.send_raw(b"POST /heartBit.json HTTP/1.1\r\nHost")
        client.drop()


class GoneTests(EdgeCase):
    """A client that goes while storage is busy."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize()
        self.waiting: list[Deferred[Any]] = []
        self.cancelled = 0

    def busy(self, name: str) -> None:
        """From now on this method of the store waits."""

        def cancel(_: object) -> None:
            self.cancelled += 1

        async def method(*args: Any, **kwargs: Any) -> Any:
            deferred: Deferred[Any] = Deferred(cancel)
            self.waiting.append(deferred)
            return await deferred

        self.patch(self.world.store, name, method)

    def ask_and_go(self, path: str, kind: Any = H2Client, **params: Any) -> None:
        client = self.connect(kind)
        client.request("POST", f"/{path}", json.dumps({"shash": self.token, **params}).encode())
        self.assertEqual(len(self.waiting), 1)
        client.drop()

    def test_a_question_is_given_up(self) -> None:
        """It waits for storage no longer, and nothing is said of it."""
        for kind in (H2Client, H1Client):
            for path, method in ((fields.LIST_RECORDS, "records"), (fields.GET_MESSAGES, "messages")):
                self.waiting, self.cancelled = [], 0
                self.busy(method)
                before = len(self.events)
                self.ask_and_go(path, kind)
                self.assertEqual(self.cancelled, 1, path)
                self.assertEqual(self.log()[before:], [])

    def test_a_change_goes_on(self) -> None:
        """What was begun is finished."""
        self.busy("add_messages")
        self.ask_and_go("addMsgs.json", msgs=[{"msg": "motion", "params": {}}])
        self.assertEqual(self.cancelled, 0)
        self.waiting[0].callback("2020-01-01 00:00:00.000000")
        self.assertEqual(self.flushLoggedErrors(), [])


class LogTests(EdgeCase):
    """What peers do wrong, as often as they like."""

    def test_refusals_without_number(self) -> None:
        """Some are told of, each with its cause; the others are counted."""
        for _ in range(LINES_BURST + 50):
            self.post("noSuchPath.json", b"{}")
        self.assertEqual(len(self.refusals()), LINES_BURST)
        self.clock.advance(1)
        self.post("noSuchPath.json", b"{}")
        self.assertEqual(len(self.refusals()), LINES_BURST + 1)
        self.assertIn("50 refusals were not told of", self.log())
