"""addRecord.json, getRecordCount.json, getRecordMeta.json, deleteRecords.json. The data: test_record_data_edge."""

from __future__ import annotations

from tests.support.edge import (
    EMPTY_REQUEST,
    JPEG,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_RECORD,
    NO_SUCH_SESSION,
    OK,
    EdgeCase,
    path_of,
)
from tests.support.http import H1Client
from webcam.api.services import Limits


class RecordsCase(EdgeCase):
    """One camera."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize("camera")

    def add(self, data: bytes = JPEG, token: str | None = None, **query: str) -> int:
        """The id of a new record."""
        self.assertEqual(self.post("addRecord.json", data, shash=token or self.token, **query).json(), OK)
        return max(self.rids(token, limit=1000))

    def rids(self, token: str | None = None, **params) -> list[int]:
        self.clock.advance(3)
        answer = self.ask("getRecordCount.json", token or self.token, **params)
        self.assertEqual(answer.get("result"), "OK", answer)
        return [each["rid"] for each in answer["records"]]

    def data(self, rid: int, token: str | None = None) -> bytes:
        return self.post("getRecordData.json", shash=token or self.token, rid=str(rid)).body


class AddTests(RecordsCase):
    """The body is the record."""

    def test_kept_byte_for_byte(self) -> None:
        for data in (JPEG, b"\0", b"{}", b'{"shash":"x"}', b"a=b&c=%20", b"\xff" * 1000, bytes(range(256)) * 4000):
            self.assertEqual(self.data(self.add(data)), data)

    def test_field_addrecorddata_is_another_name_for_it(self) -> None:
        answer = self.post("addRecordData.json", JPEG, shash=self.token, meta="PNG")
        self.assertEqual(answer.json(), OK)
        (rid,) = self.rids()
        self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=rid)["meta"], "PNG")

    def test_field_without_content_length(self) -> None:
        for client in (self.client, self.connect(H1Client)):
            stream = client.open("POST", path_of("addRecord.json", shash=self.token))
            for piece in (JPEG[:100], b"", JPEG[100:]):
                if piece:
                    client.send_data(stream, piece)
            client.end(stream)
            self.assertEqual(client.response(stream).json(), OK)
        self.assertEqual([self.data(rid) for rid in self.rids()], [JPEG, JPEG])

    def test_whatever_type_it_claims(self) -> None:
        for kind in (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json",
            "\xff",
        ):
            answer = self.post("addRecord.json", b"a=1&b=%41", [("content-type", kind)], shash=self.token)
            self.assertEqual(answer.json(), OK)
        self.assertEqual({self.data(rid) for rid in self.rids()}, {b"a=1&b=%41"})

    def test_empty_body(self) -> None:
        for path in ("addRecord.json", "addRecordData.json"):
            self.refused(self.post(path, shash=self.token, meta="x"), EMPTY_REQUEST)
            self.refused(self.post(path), EMPTY_REQUEST)
        self.assertEqual(self.rids(), [])

    def test_parameters_come_in_the_query_alone(self) -> None:
        body = b'{"shash":"%b","meta":"x"}' % self.token.encode()
        self.refused(self.post("addRecord.json", body), MALFORMED_REQUEST)
        self.refused(self.post("addRecord.json", body, meta="x"), MALFORMED_REQUEST)
        self.assertEqual(self.rids(), [])

    def test_wrong_session(self) -> None:
        self.refused(self.post("addRecord.json", JPEG, shash="wrong"), NO_SUCH_SESSION)
        self.refused(self.post("addRecord.json", JPEG, shash=""), MALFORMED_REQUEST)

    def test_meta(self) -> None:
        for meta in ("PNG", "", "12", '{"a": 1}', "\0\u00fc\U0001f4f7", "a+b c"):
            rid = self.add(meta=meta)
            self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=rid)["meta"], meta)

    def test_meta_is_empty_when_there_was_none(self) -> None:
        self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=self.add())["meta"], "")


class LimitTests(RecordsCase):
    """The limit of a record's size."""

    limits = Limits(record=5000, body=1000)

    def test_record_of_the_limit(self) -> None:
        self.assertEqual(self.data(self.add(b"x" * 5000)), b"x" * 5000)

    def test_over_the_limit(self) -> None:
        for client in (self.connect(), self.connect(H1Client)):
            answer = client.fetch("POST", path_of("addRecord.json", shash=self.token), b"x" * 5001)
            self.refused(answer, MALFORMED_REQUEST, status=413)
        self.assertEqual(self.rids(), [])

    def test_declared_over_the_limit_is_answered_before_its_body(self) -> None:
        for client in (self.connect(), self.connect(H1Client)):
            path = path_of("addRecordData.json", shash=self.token)
            stream = client.open("POST", path, [("content-length", "99999999999")])
            self.refused(client.response(stream), MALFORMED_REQUEST, status=413)

    def test_the_others_have_the_limit_of_a_json_body(self) -> None:
        self.refused(self.post("getRecordMeta.json", b"x" * 1001), MALFORMED_REQUEST, status=413)
        self.refused(self.post("getRecordMeta.json", b"x" * 1000), JSON_PARSER_FAIL)


class ListTests(RecordsCase):
    """getRecordCount.json and getRecordMeta.json."""

    def test_entries(self) -> None:
        self.assertEqual(self.ask("getRecordCount.json", self.token), {"records": [], "result": "OK"})
        self.add()
        self.add(token=self.authorize("d2"))
        records = self.ask("getRecordCount.json", self.token)["records"]
        self.assertEqual([each["device"] for each in records], ["camera", "d2"])
        self.assertEqual([set(each) for each in records], [{"rid", "device", "stamp"}] * 2)
        self.assertLess(records[0]["stamp"], records[1]["stamp"])

    def test_later_than_a_stamp(self) -> None:
        rids = [self.add() for _ in range(3)]
        stamps = [each["stamp"] for each in self.ask("getRecordCount.json", self.token)["records"]]
        self.assertEqual(self.rids(stamp=stamps[0]), rids[1:])
        self.assertEqual(self.rids(stamp=stamps[0][:10]), rids)
        self.assertEqual(self.rids(stamp=stamps[2]), [])
        self.assertEqual(self.rids(stamp=""), rids)
        self.assertEqual(
            [
                each["rid"]
                for each in self.post("getRecordCount.json", shash=self.token, stamp=stamps[1]).json()["records"]
            ],
            rids[2:],
        )

    def test_field_an_answer_is_a_page_of_32(self) -> None:
        rids = [self.add(b"x") for _ in range(40)]
        self.assertEqual(self.rids(), rids[:32])
        last = self.ask("getRecordCount.json", self.token)["records"][-1]["stamp"]
        self.assertEqual(self.rids(stamp=last), rids[32:])
        self.assertEqual(self.rids(limit=35), rids[:35])
        self.assertEqual(self.rids(limit="1"), rids[:1])

    def test_bad_stamp_or_limit(self) -> None:
        for params in ({"stamp": 5}, {"stamp": []}, {"stamp": {}}, {"limit": 0}, {"limit": 1001}, {"limit": "x"}):
            self.bad(self.ask("getRecordCount.json", self.token, **params), MALFORMED_REQUEST)

    def test_meta_of_a_record(self) -> None:
        rid = self.add(meta="JPEG")
        (entry,) = self.ask("getRecordCount.json", self.token)["records"]
        found = {"device": "camera", "meta": "JPEG", "stamp": entry["stamp"], "result": "OK"}
        for value in (rid, str(rid), float(rid), f"{rid}.0", f"{rid}e0"):
            self.assertEqual(self.ask("getRecordMeta.json", self.token, rid=value), found)
        self.assertEqual(self.post("getRecordMeta.json", shash=self.token, rid=str(rid)).json(), found)

    def test_ids_that_are_none(self) -> None:
        """For every path that takes one."""
        self.add()
        for path in ("getRecordMeta.json", "getRecordData.json"):
            self.clock.advance(60)
            for rid in (2, 0, 2**63 - 1, str(2**63 - 1)):
                self.bad(self.ask(path, self.token, rid=rid), NO_SUCH_RECORD)
            for rid in (
                -1,
                2**63,
                10**30,
                10**400,
                1.5,
                "x",
                "1x",
                "",
                None,
                True,
                [],
                [1],
                {},
                "\u0661",
                " 1",
                "1e999",
            ):
                self.bad(self.ask(path, self.token, rid=rid), MALFORMED_REQUEST)
            self.bad(self.ask(path, self.token), MALFORMED_REQUEST)

    def test_bad_requests(self) -> None:
        for path in ("getRecordCount.json", "getRecordMeta.json", "getRecordData.json", "deleteRecords.json"):
            self.refused(self.post(path), EMPTY_REQUEST)
            self.refused(self.post(path, JPEG), JSON_PARSER_FAIL)
            self.refused(self.post(path, b"[1]"), JSON_FAIL)
            self.bad(self.ask(path, rid=1, records=[1]), MALFORMED_REQUEST)
            self.bad(self.ask(path, "wrong", rid=1, records=[1]), NO_SUCH_SESSION)

    def test_records_of_another_account(self) -> None:
        self.other_account()
        theirs = self.add(token=self.authorize(name="other"))
        for path in ("getRecordMeta.json", "getRecordData.json"):
            self.bad(self.ask(path, self.token, rid=theirs), NO_SUCH_RECORD)
        self.assertEqual(self.rids(), [])


class DeleteTests(RecordsCase):
    """deleteRecords.json."""

    def setUp(self) -> None:
        super().setUp()
        self.made = [self.add() for _ in range(6)]

    def delete(self, records) -> None:
        self.assertEqual(self.ask("deleteRecords.json", self.token, records=records), OK)

    def test_a_list(self) -> None:
        self.delete([self.made[4]])
        self.assertEqual(self.rids(), [*self.made[:4], self.made[5]])
        self.delete([self.made[0], str(self.made[1]), float(self.made[2])])
        self.assertEqual(self.rids(), [self.made[3], self.made[5]])

    def test_one_integer(self) -> None:
        self.delete(self.made[0])
        self.delete(str(self.made[1]))
        self.assertEqual(self.rids(), self.made[2:])

    def test_query(self) -> None:
        one, two, three = self.made[:3]
        for records in (f"[{one},{two}]", str(three)):
            self.assertEqual(self.post("deleteRecords.json", shash=self.token, records=records).json(), OK)
        self.assertEqual(self.rids(), self.made[3:])

    def test_ids_that_are_gone_are_no_error(self) -> None:
        for _ in range(2):
            self.delete([self.made[0], 10**6, self.made[0]])
        self.assertEqual(self.rids(), self.made[1:])

    def test_with_a_negative_number_the_older_ones_too(self) -> None:
        """As the published example: older than the oldest one named."""
        self.delete([self.made[4]])
        self.delete([-1, self.made[3], self.made[1]])
        self.assertEqual(self.rids(), [self.made[2], self.made[5]])

    def test_nothing_named(self) -> None:
        for records in ([], [-1], -1, None, "", [-1, -2], "[]", "[-5]"):
            self.bad(self.ask("deleteRecords.json", self.token, records=records), MALFORMED_REQUEST)
        self.bad(self.ask("deleteRecords.json", self.token), MALFORMED_REQUEST)
        self.assertEqual(self.rids(), self.made)

    def test_one_malformed_entry_and_nothing_is_deleted(self) -> None:
        for wrong in (None, "x", 1.5, True, [], {}, 2**63, -(2**63) - 1, 10**400, "", [1]):
            self.bad(self.ask("deleteRecords.json", self.token, records=[self.made[0], wrong]), MALFORMED_REQUEST)
        for wrong in ({}, {"a": 1}, "x", 1.5, True, "[1", "{}"):
            self.bad(self.ask("deleteRecords.json", self.token, records=wrong), MALFORMED_REQUEST)
        self.assertEqual(self.rids(), self.made)

    def test_another_accounts_id_deletes_nothing(self) -> None:
        self.other_account()
        theirs = self.authorize(name="other")
        rid = self.add(token=theirs)
        self.bad(self.ask("deleteRecords.json", self.token, records=[-1, self.made[5], rid]), NO_SUCH_RECORD)
        self.assertEqual((self.rids(), self.rids(theirs)), (self.made, [rid]))

    def test_a_long_list(self) -> None:
        self.delete([-1, *range(1, 20_000)])
        self.assertEqual(self.rids(), [])
