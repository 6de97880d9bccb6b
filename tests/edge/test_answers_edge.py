"""What is not the protocol: other methods, unknown paths, bodies over the limit. All of it is JSON all the same."""

from __future__ import annotations

import json

from tests.support.edge import MALFORMED_REQUEST, OK, EdgeCase, frames, path_of
from tests.support.http import H1Client
from webcam.api.services import Limits
from webcam.api.tree import ENDPOINTS
from webcam.wire import fields

PATHS = [each.path for each in ENDPOINTS]
ALLOWED = {
    "input.raw": ["POST", "PUT"],
    **{
        path: ["GET"]
        for path in ("console/record", "console/thumbnail", fields.LINK, fields.LINK_STREAM, fields.LINK_PICTURE)
    },
    **{path: ["POST", "GET"] for path in ("output.raw", "stream.mjpg", "snapshot.jpg", "events")},
}


def in_full(methods: list[str]) -> list[str]:
    """With those that go by themselves."""
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]


METHODS = ("GET", "PUT", "DELETE", "PATCH", "BREW", "post", "TRACE")


class MethodsTests(EdgeCase):
    """405 with Allow; OPTIONS is answered."""

    def test_every_path_of_the_protocol_is_there(self) -> None:
        nouns = {
            "get": "Config DevicesOnline Msgs MsgsAndSync RecordCount RecordData RecordMeta ServerTime Streams",
            "add": "Msgs Record RecordData",
            "set": "Config",
            "delete": "Records",
        }
        named = {f"{verb}{noun}.json" for verb, each in nouns.items() for noun in each.split()}
        others = {"authorize.json", "heartBit.json", "input.raw", "output.raw"}
        paths = {each for each in PATHS if not each.startswith(("console/", "share/"))}
        self.assertEqual(paths, named | others | {"events", "stream.mjpg", "snapshot.jpg"})

    def test_other_methods(self) -> None:
        for path in PATHS:
            allowed = ALLOWED.get(path, ["POST"])
            for method in METHODS:
                if method in allowed:
                    continue
                answer = self.client.fetch(method, f"/{path}?shash=x")
                self.refused(answer, MALFORMED_REQUEST, status=405)
                self.assertEqual(answer.header("allow").split(", "), in_full(allowed))

    def test_other_methods_with_a_body(self) -> None:
        token = self.authorize()
        for path in PATHS:
            answer = self.client.fetch("DELETE", f"/{path}", json.dumps({"shash": token}).encode())
            self.refused(answer, MALFORMED_REQUEST, status=405)

    def test_head_has_no_body(self) -> None:
        for client in (self.client, self.connect(H1Client)):
            answer = client.fetch("HEAD", "/heartBit.json")
            self.assertEqual((answer.status, answer.body, answer.ended), (405, b"", True))
            self.assertEqual(answer.header("allow"), "POST, OPTIONS")

    def test_options(self) -> None:
        for path in PATHS:
            answer = self.client.fetch("OPTIONS", f"/{path}")
            self.assertEqual((answer.status, answer.json()), (200, OK))
            self.assertEqual(answer.header("allow").split(", "), in_full(ALLOWED.get(path, ["POST"])))

    def test_a_method_refused_is_no_request_of_the_session(self) -> None:
        token = self.authorize()
        for _ in range(60):
            self.client.fetch("GET", path_of("heartBit.json", shash=token))
        self.assertEqual(self.ask("heartBit.json", token), OK)

    def test_upload_by_another_method_is_not_listed(self) -> None:
        token = self.authorize()
        up = self.client.open("PATCH", path_of("input.raw", shash=token))
        self.client.send_data(up, frames(1)[0])
        self.assertEqual(self.ask("getStreams.json", token)["devices"], [])
        self.client.end(up)
        self.refused(self.client.response(up), MALFORMED_REQUEST, status=405)


class PathsTests(EdgeCase):
    """404."""

    def test_unknown_paths(self) -> None:
        for path in (
            "//",
            "/nowhere",
            "/HeartBit.json",
            "/heartbit.json",
            "/heartBit.json/",
            "//heartBit.json",
            "/heartBit.json/x",
            "/heartBit",
            "/../heartBit.json",
            "/./heartBit.json",
            "/heartBit.json%00",
            "/input.raw/",
            "/input.raw%20",
            "/%2e%2e/etc/passwd",
            "/%FF",
            "/a/%FF/b",
            "/" + "x" * 10_000,
        ):
            for method in ("POST", "GET", "PUT"):
                self.refused(self.client.fetch(method, path), MALFORMED_REQUEST, status=404)
        self.refused(self.client.fetch("OPTIONS", "/nowhere"), MALFORMED_REQUEST, status=404)

    def test_field_letters_of_a_path_percent_encoded_without_need(self) -> None:
        token = self.authorize()
        self.assertEqual(self.client.fetch("POST", f"/heart%42it.%6Ason?shash={token}").json(), OK)
        for client in (self.client, self.connect(H1Client)):
            up = client.open("PUT", f"/inp%75t.raw?%73hash={token}&subproto=%4A%55%6A%75")
            (stream,) = self.ask("getStreams.json", self.authorize("phone"))["devices"]
            self.assertEqual(stream["subproto"], "JUju")
            client.end(up)
            self.assertEqual(client.response(up).status, 200)

    def test_over_http1_the_connection_serves_on(self) -> None:
        client = self.connect(H1Client)
        for path in ("//", "/nowhere", "/%FF", "http://localhost/nowhere"):
            self.refused(client.fetch("POST", path), MALFORMED_REQUEST, status=404)
        self.assertEqual(client.ask("/heartBit.json", shash=self.authorize()), OK)


class LimitsTests(EdgeCase):
    """413."""

    limits = Limits(body=1000)

    def test_json_bodies(self) -> None:
        for path in [*PATHS, "nowhere"]:
            if path in {"input.raw", "addRecord.json", "addRecordData.json"}:
                continue
            for client in (self.client, self.connect(H1Client)):
                self.refused(client.fetch("POST", f"/{path}", b" " * 1001), MALFORMED_REQUEST, status=413)

    def test_body_of_the_limit(self) -> None:
        body = json.dumps({"shash": self.authorize()}).encode()
        self.assertEqual(self.post("heartBit.json", body + b" " * (1000 - len(body))).json(), OK)

    def test_body_without_length(self) -> None:
        """It is answered when it passes the limit, not at its end; nothing of it is kept."""
        for client in (self.client, self.connect(H1Client)):
            stream = client.open("POST", "/heartBit.json")
            client.send_data(stream, b" " * 1000)
            self.assertIsNone(client.response(stream).status)
            client.send_data(stream, b" ")
            self.refused(client.response(stream), MALFORMED_REQUEST, status=413)
            for _ in range(100):
                client.send_data(stream, b" " * 1000)

    def test_declared_length_alone(self) -> None:
        for client in (self.client, self.connect(H1Client)):
            stream = client.open("POST", "/heartBit.json", [("content-length", "21474836480")])
            self.refused(client.response(stream), MALFORMED_REQUEST, status=413)

    def test_the_connections_other_streams_live_on(self) -> None:
        stream = self.client.open("POST", "/heartBit.json")
        for _ in range(5):
            self.client.send_data(stream, b" " * 1000)
        self.refused(self.client.response(stream), MALFORMED_REQUEST, status=413)
        self.assertEqual(self.ask("heartBit.json", self.authorize()), OK)
        self.assertIsNone(self.client.goaway)


class AnswersTests(EdgeCase):
    """What every answer has."""

    def test_json_answers(self) -> None:
        token = self.authorize()
        for path in PATHS:
            if not path.endswith(".json"):
                continue
            for body in (json.dumps({"shash": token}).encode(), b"{"):
                answer = self.post(path, body)
                self.assertEqual(answer.header("content-type"), "application/json")
                self.assertEqual(answer.header("content-length"), str(len(answer.body)))
                self.assertEqual(answer.header("server"), "webcam")
                self.assertIn(answer.json()["result"], {"OK", "BAD"})

    def test_field_a_bad_answer_travels_under_200(self) -> None:
        for client in (self.client, self.connect(H1Client)):
            answer = client.fetch("POST", "/heartBit.json", b'{"shash":"x"}')
            self.assertEqual((answer.status, answer.json()), (200, {"result": "BAD", "code": 6}))

    def test_field_empty_data_frame_long_after_the_last_byte(self) -> None:
        """The body ends by an empty DATA frame 100 ms later; the answer comes then."""
        body = json.dumps({"shash": self.authorize()}).encode()
        stream = self.client.open("POST", "/heartBit.json")
        self.client.send_data(stream, body)
        self.clock.advance(0.1)
        self.assertIsNone(self.client.response(stream).status)
        self.client.end(stream)
        self.assertEqual(self.client.response(stream).json(), OK)

    def test_field_reset_of_a_stream_that_has_ended_already(self) -> None:
        token = self.authorize()
        stream = self.client.request("POST", path_of("heartBit.json", shash=token))
        self.assertEqual(self.client.response(stream).json(), OK)
        for code in (0, 5, 8):
            self.client.reset(stream, code)
        self.assertEqual(self.ask("heartBit.json", token), OK)
        self.assertEqual((self.client.goaway, self.client.closed), (None, False))
