"""Long lists: answered whole, a piece in each turn of the event loop, whatever devices say of themselves."""

from __future__ import annotations

import json
from typing import Any

from tests.support.edge import MALFORMED_REQUEST, OK, EdgeCase, path_of
from tests.support.http import H1Client
from tests.support.ticking import turn
from webcam.wire.listtext import ListText
from webcam.wire.requests import MAX_META


class LongListsCase(EdgeCase):
    def devices(self, count: int, meta: str) -> str:
        """The token of the last of so many that are online."""
        for number in range(count):
            token = self.authorize(f"device {number}", meta)
        return token

    def turns(self, path: str, token: str) -> tuple[Any, int]:
        """The answer to a request, and how many turns it took."""
        turns, next_piece = 0, ListText.next_piece

        def counted(text: ListText) -> bytes:
            nonlocal turns
            turns += 1
            return next_piece(text)

        self.patch(ListText, "next_piece", counted)
        client = self.connect()
        stream = client.request("POST", path_of(path, shash=token))
        self.assertLessEqual(turns, 1, "more than one before anybody else had theirs")
        for _ in range(1000):
            if client.response(stream).ended:
                break
            self.clock.advance(0)
        self.patch(ListText, "next_piece", next_piece)
        return client.response(stream).json(), turns


class LongListsTests(LongListsCase):
    def test_what_old_metadata_makes_of_a_list_is_answered(self) -> None:
        """200 of 16,384 control characters each, as they were let in once: 20 MB."""
        token = self.devices(200, "\1" * MAX_META)
        for path in ("getDevicesOnline.json", "console/devices.json"):
            answer, turns = self.turns(path, token)
            self.assertEqual([len(each["meta"]) for each in answer["devices"]], [MAX_META] * 200)
            self.assertGreaterEqual(turns, 200)

    def test_thousands_of_devices_and_sessions_take_500_of_them_a_turn(self) -> None:
        token = self.devices(700, "{}")
        for path in ("getDevicesOnline.json", "console/devices.json", "console/sessions.json"):
            answer, turns = self.turns(path, token)
            self.assertEqual((len(answer.get("devices", answer.get("sessions"))), turns), (700, 2), path)

    def test_records_with_such_metadata_are_listed(self) -> None:
        token = self.authorize("camera")
        for _ in range(10):
            session = self.services.sessions.find(token)
            self.world.run(self.services.records.add(session, "\1" * MAX_META, [b"picture"]))
        answer, turns = self.turns("console/records.json", token)
        self.assertEqual([len(each["meta"]) for each in answer["records"]], [MAX_META] * 10)
        self.assertGreaterEqual(turns, 10)

    def test_who_goes_meanwhile_costs_nothing_more(self) -> None:
        token = self.devices(20, "\1" * MAX_META)
        client = self.connect()
        client.request("POST", path_of("getDevicesOnline.json", shash=token))
        client.drop()
        self.clock.advance(0)
        self.assertFalse(self.services.under_way)


class LongRequestsTests(EdgeCase):
    """What a request names is read 500 entries a turn (:mod:`tests.unit.test_steps`); others are answered in between.

    No time passes here, so all that waits has its turn in the next one.
    """

    def turns(self, path: str, **body: Any) -> int:
        """How many it took until there was an answer, another client being answered in each."""
        token, other = self.authorize("camera"), self.connect(host="198.51.100.9")
        client = self.connect()
        stream = client.request("POST", "/" + path, json.dumps({"shash": token, **body}).encode())
        for turns in range(1, 100):
            if client.response(stream).ended:
                self.assertEqual(client.response(stream).json(), OK)
                return turns
            self.assertEqual(other.ask("/getServerTime.json", shash=token)["result"], "OK")
            turn(self.clock)
        raise AssertionError("no answer")

    def test_messages(self) -> None:
        self.assertEqual(self.turns("addMsgs.json", msgs=[{"msg": "m"}] * 400), 1)
        self.assertGreaterEqual(self.turns("addMsgs.json", msgs=[{"msg": "m"}] * 3001), 2)

    def test_ids_of_records(self) -> None:
        self.assertEqual(self.turns("deleteRecords.json", records=list(range(1, 400))), 1)
        self.assertGreaterEqual(self.turns("deleteRecords.json", records=list(range(1, 3002))), 2)


class LongRequestsOverHTTP1Tests(LongRequestsTests):
    client_class = H1Client


class LongListsOverHTTP1Tests(LongListsTests):
    client_class = H1Client


class SeveralListsTests(LongListsCase):
    """On one connection at once, as HTTP/2 alone has them."""

    def test_several_such_answers_end_no_connection(self) -> None:
        token = self.devices(60, "\1" * MAX_META)
        client = self.connect()
        client.reading = False
        streams = [client.request("POST", path_of("getDevicesOnline.json", shash=token)) for _ in range(6)]
        for _ in range(100):
            self.clock.advance(0)
        self.assertLess(client.protocol._channel._sender.size, 2**20)
        client.reading = True
        for _ in range(1000):
            self.clock.advance(0)
            client.pump()
        for stream in streams:
            self.assertEqual(len(client.response(stream).json()["devices"]), 60)


class MetadataTests(EdgeCase):
    """Limited by the bytes that an answer takes for them."""

    def log_in(self, meta: Any) -> Any:
        return self.ask("authorize.json", name="user", pass_="password", device="phone", meta=meta)

    def test_of_a_device(self) -> None:
        for meta in (
            "\1" * (MAX_META // 6 + 1),
            "ż" * (MAX_META // 2 + 1),
            '"' * (MAX_META // 2 + 1),
            ["\n" * MAX_META],
        ):
            self.bad(self.log_in(meta), MALFORMED_REQUEST)

    def test_of_a_record(self) -> None:
        token = self.authorize("camera")
        for size, answer in ((MAX_META // 6, OK), (MAX_META // 6 + 1, None)):
            got = self.post("addRecord.json", b"picture", shash=token, meta="\1" * size).json()
            self.assertEqual(got, answer or {"result": "BAD", "code": MALFORMED_REQUEST})
        self.assertEqual(len(json.dumps("\1" * (MAX_META // 6))) - 2, 16380)
