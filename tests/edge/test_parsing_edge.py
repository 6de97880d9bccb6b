"""Parameters from query and body, the order of checks, and what the log says of a refusal."""

from __future__ import annotations

import json

from tests.support.edge import (
    EMPTY_REQUEST,
    JPEG,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
    OK,
    EdgeCase,
    frames,
    path_of,
)
from tests.support.http import H1Client
from webcam.api.guard import Needs
from webcam.api.tree import ENDPOINTS

WITH_SESSION = [
    each.path
    for each in ENDPOINTS
    if each.needs is Needs.CHARGED
    and each.path not in {"input.raw", "addRecord.json", "addRecordData.json"}
    and not each.statuses  # test_pictures_edge has these
]
SECRET = "pa55-w0rd-never-logged"


class BodiesTests(EdgeCase):
    """For every path that reads a JSON object."""

    def paths(self):
        """Each with a session of its own, so that no limit of requests is in the way."""
        for path in WITH_SESSION:
            yield path, self.authorize(f"device of {path}")

    def test_not_json(self) -> None:
        for body in (
            b"{",
            b"}",
            b"shash=1",
            b"{'a':1}",
            b'{"a":1,}',
            b"[1",
            b"nul",
            b"\0",
            b" ",
            b"{}{}",
            b"\xef\xbb\xbf{}",
        ):
            for path in ("authorize.json", "getServerTime.json", *WITH_SESSION):
                self.refused(self.post(path, body), JSON_PARSER_FAIL)

    def test_not_utf8(self) -> None:
        for body in (b'{"shash":"\xff"}', b'{"\xc0\x80":1}', '{"shash":"x"}'.encode("utf-16"), b'{"a":"\xed\xa0\x80"}'):
            for path in WITH_SESSION:
                self.refused(self.post(path, body), JSON_PARSER_FAIL)

    def test_no_json_beside_the_standard(self) -> None:
        for value in ("NaN", "Infinity", "-Infinity", "01", "+1", ".5", '"\\ud800"', '"\\x41"', '"a\nb"'):
            self.refused(self.post("heartBit.json", f'{{"shash":{value}}}'.encode()), JSON_PARSER_FAIL)

    def test_numbers_that_nobody_can_mean(self) -> None:
        """They are JSON, of a value that no field can have."""
        for value in ("1e400", "-1E400", "9" * 5000):
            self.refused(self.post("heartBit.json", f'{{"shash":{value}}}'.encode()), MALFORMED_REQUEST)

    def test_no_object(self) -> None:
        for body in (b"[]", b"null", b"1", b'"text"', b"true", b'[{"shash":"x"}]', b" 1.5e3 "):
            for path in ("authorize.json", "getServerTime.json", *WITH_SESSION):
                self.refused(self.post(path, body), JSON_FAIL)

    def test_nothing_at_all(self) -> None:
        for path in ("authorize.json", "addRecord.json", "addRecordData.json", *WITH_SESSION):
            self.refused(self.client.fetch("POST", f"/{path}"), EMPTY_REQUEST)
            self.refused(self.client.fetch("POST", f"/{path}?"), EMPTY_REQUEST)

    def test_nested_too_deeply(self) -> None:
        for depth, code in ((190, MALFORMED_REQUEST), (201, JSON_PARSER_FAIL), (40_000, JSON_PARSER_FAIL)):
            for opening, closing in (("[", "]"), ('{"a":', "}")):
                value = opening * depth + ("1" if closing == "}" else "") + closing * depth
                self.refused(self.post("heartBit.json", f'{{"x":{value}}}'.encode()), code)

    def test_order_of_checks(self) -> None:
        """Parse, session, parameters."""
        for path, token in self.paths():
            self.refused(self.post(path, b"{", shash="wrong"), JSON_PARSER_FAIL)
            self.refused(self.post(path, b"[]", shash=token), JSON_FAIL)
            everything_wrong = {"rid": "x", "stamp": 5, "config": 5, "msg": 5, "records": "x", "device": 5, "limit": -1}
            self.bad(self.ask(path, "wrong", **everything_wrong), NO_SUCH_SESSION)

    def test_unknown_keys_are_ignored(self) -> None:
        for path, token in self.paths():
            if path == "events":
                continue  # no answer that ends
            plain = self.ask(path, token)
            more = self.ask(path, token, unknown=[{"a": None}], result="BAD", code=5, SHASH="x", **{"": 1})
            self.assertEqual(more, plain)

    def test_field_result_and_code_of_an_earlier_answer_are_ignored(self) -> None:
        token = self.authorize()
        self.assertEqual(self.ask("heartBit.json", token, result="BAD", code=6), OK)
        self.assertEqual(self.post("heartBit.json", shash=token, result="BAD", code="6").json(), OK)

    def test_a_null_counts_as_absent(self) -> None:
        token = self.authorize()
        body = json.dumps({"shash": None}).encode()
        self.refused(self.post("heartBit.json", body), MALFORMED_REQUEST)
        self.assertEqual(self.post("heartBit.json", body, shash=token).json(), OK)

    def test_body_wins_over_query(self) -> None:
        token = self.authorize()
        body = json.dumps({"shash": token}).encode()
        self.assertEqual(self.post("heartBit.json", body, shash="wrong").json(), OK)
        self.refused(self.post("heartBit.json", b'{"shash":"wrong"}', shash=token), NO_SUCH_SESSION)

    def test_a_key_given_twice(self) -> None:
        """The last one counts, as nearly every parser of JSON and query strings has it."""
        token = self.authorize()
        self.assertEqual(self.client.fetch("POST", f"/heartBit.json?shash=x&shash={token}").json(), OK)
        self.assertEqual(self.post("heartBit.json", f'{{"shash":"x","shash":"{token}"}}'.encode()).json(), OK)

    def test_too_many_parameters(self) -> None:
        query = "&".join(f"a{number}=1" for number in range(1001))
        self.refused(self.client.fetch("POST", f"/heartBit.json?{query}"), MALFORMED_REQUEST)

    def test_damaged_queries(self) -> None:
        token = self.authorize()
        for query in ("%", "%zz=1", "=", "&&&", "shash", "shash=%", "a=%FF", ";", "shash[]=x", "#"):
            self.refused(self.client.fetch("POST", f"/heartBit.json?{query}"), self.code_of(query))
            self.assertEqual(self.client.fetch("POST", f"/heartBit.json?{query}&shash={token}").json(), OK)

    def code_of(self, query: str) -> int:
        return NO_SUCH_SESSION if query == "shash=%" else MALFORMED_REQUEST

    def test_field_content_types_mean_nothing(self) -> None:
        token = self.authorize()
        body = json.dumps({"shash": token}).encode()
        for kind in (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=----x",
            "multipart/form-data",
            "text/plain; charset=utf-16",
            "",
            "junk",
        ):
            for client in (self.client, self.connect(H1Client)):
                answer = client.fetch("POST", "/heartBit.json", body, [("content-type", kind)])
                self.assertEqual((answer.json(), answer.header("content-type")), (OK, "application/json"))


class LogTests(EdgeCase):
    """One line for each refusal, and no secret in any."""

    def setUp(self) -> None:
        super().setUp()
        self.other_account("other", SECRET)
        self.token = self.authorize("camera", name="other")
        self.tokens.append(SECRET)

    def test_good_requests_say_nothing(self) -> None:
        before = self.log()
        self.ask("heartBit.json", self.token)
        self.post("addRecord.json", JPEG, shash=self.token)
        self.ask("authorize.json", name="other", pass_=SECRET, device="d")
        publisher, up = self.publish(self.token)
        publisher.send_data(up, frames(1)[0])
        publisher.drop()
        self.assertEqual(self.log(), before)

    def test_one_line_for_each_refusal(self) -> None:
        refused = [
            lambda: self.ask("heartBit.json", "wrong-" + SECRET),
            lambda: self.ask("authorize.json", name=SECRET, pass_="x", device="d"),
            lambda: self.ask("authorize.json", name="other", pass_=SECRET + "x", device="d"),
            lambda: self.post("authorize.json", name="other", pass_=SECRET),
            lambda: self.post("authorize.json", f'{{"pass":"{SECRET}"'.encode()),
            lambda: self.post("authorize.json", f'["{SECRET}"]'.encode()),
            lambda: self.post("authorize.json", json.dumps({"pass": [SECRET]}).encode()),
            lambda: self.post("setConfig.json", shash=self.token, config=SECRET),
            lambda: self.ask("setConfig.json", self.token, config=[{"kind": SECRET, "fv": SECRET}]),
            lambda: self.ask("addMsgs.json", self.token, msg="m", params=SECRET),
            lambda: self.ask("getRecordMeta.json", self.token, rid=SECRET),
            lambda: self.ask("getRecordData.json", self.token, rid="99"),
            lambda: self.ask("deleteRecords.json", self.token, records=[SECRET]),
            lambda: self.ask("output.raw", self.token, device="nobody"),
            lambda: self.ask("output.raw", self.token, device="camera", every=SECRET),
            lambda: self.client.fetch("GET", path_of("heartBit.json", shash=self.token)),
            lambda: self.client.fetch("POST", path_of("nowhere", shash=self.token)),
            lambda: self.publish(self.token, delta=SECRET),
            lambda: self.publish("wrong-" + SECRET),
            lambda: self.post("addRecord.json", shash=self.token, meta=SECRET),
        ]
        for number, request in enumerate(refused):
            before = len(self.log())
            request()
            self.client.pump()
            lines = self.log()[before:]
            self.assertEqual(len(lines), 1, (number, lines))
            self.assertTrue(lines[0].startswith("refused /"), lines)
            self.assertIn("192.0.2.7", lines[0])
            self.assertNotIn("\n", lines[0])

    def test_no_line_of_a_client_in_the_log(self) -> None:
        """Line breaks, escapes and long paths of clients make no lines of their own."""
        for path in ("/a%0A%0Aforged", "/%1B[31mred", "/" + "x" * 5000, "/\u00ff"):
            before = len(self.log())
            self.client.fetch("POST", path)
            (line,) = self.log()[before:]
            self.assertTrue(line.isprintable() and line.isascii(), line)
            self.assertLess(len(line), 300)
        self.ask("output.raw", self.token, device="no\nbody\x1b[31m" + "x" * 900)
        self.assertTrue(self.log()[-1].isprintable(), self.log()[-1])
        self.assertLess(len(self.log()[-1]), 300)

    def test_wrong_name_and_wrong_password_are_one_line_alike(self) -> None:
        for name in ("other", "nobody"):
            self.bad(self.ask("authorize.json", name=name, pass_="x", device="d"), NO_SUCH_USER)
        self.assertEqual(len(set(self.refusals())), 1)
