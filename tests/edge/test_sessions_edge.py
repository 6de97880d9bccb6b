"""heartBit.json, getServerTime.json, and how sessions end."""

from __future__ import annotations

from urllib.parse import quote

from tests.support.edge import (
    EMPTY_REQUEST,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_DEVICE,
    NO_SUCH_SESSION,
    OK,
    EdgeCase,
    frames,
    path_of,
)
from tests.support.trail import PASSWORD

STAMP = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$"


class HeartBitTests(EdgeCase):
    """heartBit.json, and the ways in which a session id travels."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize()

    def test_in_the_body(self) -> None:
        self.assertEqual(self.ask("heartBit.json", self.token), OK)

    def test_in_the_query_percent_encoded_and_with_a_raw_equals_sign(self) -> None:
        for text in (self.token, quote(self.token), self.token.replace("=", "%3d")):
            self.assertEqual(self.client.fetch("POST", f"/heartBit.json?name=x&shash={text}").json(), OK)

    def test_wrong_session(self) -> None:
        for token in (
            "ra5PNJRgzrqpwbfw8JvHIkWuxJE=",
            self.token[:-1],
            self.token + "=",
            self.token.lower(),
            " ",
            "\0",
            "x" * 5000,
        ):
            self.bad(self.ask("heartBit.json", token), NO_SUCH_SESSION)

    def test_missing_empty_or_of_another_type(self) -> None:
        self.bad(self.ask("heartBit.json"), MALFORMED_REQUEST)
        for token in ("", None, 1, True, [self.token], {"shash": self.token}):
            self.bad(self.ask("heartBit.json", shash=token), MALFORMED_REQUEST)

    def test_hostile_bodies(self) -> None:
        self.refused(self.post("heartBit.json"), EMPTY_REQUEST)
        self.refused(self.post("heartBit.json", b"shash=" + self.token.encode()), JSON_PARSER_FAIL)
        self.refused(self.post("heartBit.json", b'"shash"'), JSON_FAIL)
        self.refused(self.client.fetch("POST", "/heartBit.json?shash=%ff%fe"), MALFORMED_REQUEST)


class EndsTests(EdgeCase):
    """From its end on a session is NO_SUCH_SESSION."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize()

    def configure(self, kind: int, value: float) -> None:
        self.world.run(self.services.settings.change(self.world.account_id, {kind: value}))

    def beats(self, count: int, pause: float = 0.0) -> None:
        for _ in range(count):
            self.clock.advance(pause)
            self.assertEqual(self.ask("heartBit.json", self.token), OK)

    def test_after_silence(self) -> None:
        """Configuration 2: ten minutes."""
        self.clock.advance(600)
        self.beats(1)
        self.clock.advance(600.5)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_silence_acts_from_the_moment_it_is_set(self) -> None:
        self.clock.advance(200)
        self.configure(2, 3)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_after_too_many_requests(self) -> None:
        """Configuration 3, whatever they were; request 200 is served, the next ends the session."""
        self.configure(3, 200)
        self.beats(200, pause=2)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)
        self.assertEqual(self.login().status, 200)

    def test_after_too_many_requests_at_once(self) -> None:
        """Configuration 4: request 20 is served, the next ends the session."""
        self.configure(4, 20)
        self.beats(20)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_requests_are_refilled_at_the_rate(self) -> None:
        """A token of 20 a minute each 3 s."""
        self.configure(4, 20)
        self.beats(20)
        self.beats(100, pause=3)
        self.clock.advance(60)
        self.beats(20)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_refused_requests_count(self) -> None:
        """One that names a session and is malformed was a request of it."""
        self.configure(4, 20)
        for _ in range(20):
            self.bad(self.ask("getRecordMeta.json", self.token), MALFORMED_REQUEST)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def login(self, client=None, device: str = "camera"):
        path = path_of("authorize.json", name="user", pass_=PASSWORD, device=device)
        return (client or self.client).fetch("POST", path)

    def test_cooling_down(self) -> None:
        self.token = self.login().json()["shash"]
        self.configure(4, 20)
        self.beats(20)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)
        self.clock.advance(0.5)
        answer = self.login()
        self.refused(answer, JSON_FAIL, status=429)
        self.assertEqual(answer.header("retry-after"), "60")
        self.assertEqual(self.login(device="another").json()["result"], "OK")
        self.assertEqual(self.login(self.connect(host="192.0.2.8")).json()["result"], "OK")
        self.clock.advance(59.5)
        self.assertEqual(self.login().json()["result"], "OK")

    def test_neighbours_behind_the_same_address_are_not_punished(self) -> None:
        """Neither another session of the device, nor another device, nor a device of the same name elsewhere."""
        self.other_account()
        self.configure(4, 20)
        self.configure(3, 200)
        sessions = [self.authorize(), self.authorize("phone"), self.authorize(name="other")]
        self.beats(20)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)
        for token in sessions[:2]:
            self.token = token
            self.beats(20)
            self.bad(self.ask("heartBit.json", token), NO_SUCH_SESSION)
        self.token = sessions[2]
        self.beats(50)
        path = path_of("authorize.json", name="other", pass_=PASSWORD, device="camera")
        self.assertEqual(self.client.fetch("POST", path).json()["result"], "OK")

    def test_each_session_has_its_own_count_in_all(self) -> None:
        """Request 200 of one is served, and 201 is not, whatever the other has used up."""
        self.configure(3, 200)
        first, self.token = self.token, self.authorize()
        self.beats(200, pause=2)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)
        self.token = first
        self.beats(200, pause=2)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_live_streams_count_as_activity(self) -> None:
        viewer_token = self.authorize("viewer")
        publisher, up = self.publish(self.token)
        viewer, down = self.watch(viewer_token, "camera")
        for _ in range(100):
            self.clock.advance(300)
            for client in (publisher, viewer):
                client.pump()
            self.world.run(self.services.sessions.sweep())
        self.assertEqual(len(self.ask("getStreams.json", viewer_token)["devices"]), 1)
        self.assertFalse(viewer.response(down).ended)
        publisher.end(up)
        self.clock.advance(599)
        self.beats(1)

    def test_field_streams_frames_and_server_time_count_as_no_requests(self) -> None:
        """Counting them breaks an app that polls."""
        self.configure(4, 20)
        self.configure(3, 200)
        for _ in range(30):
            publisher, up = self.publish(self.token)
            for frame in frames(30):
                publisher.send_data(up, frame)
            publisher.end(up)
            for _ in range(10):
                self.assertEqual(self.ask("getServerTime.json", self.token)["result"], "OK")
        self.beats(20)

    def test_session_takes_its_stream_with_it(self) -> None:
        publisher, up = self.publish(self.token)
        viewer, down = self.watch(self.authorize("viewer"), "camera")
        self.configure(4, 20)
        self.beats(20)
        self.ask("heartBit.json", self.token)
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(publisher.response(up).reset_code, 8)
        self.assertIsNone(publisher.response(up).status)
        self.bad(self.ask("output.raw", self.authorize("third"), device="camera"), NO_SUCH_DEVICE)

    def test_end_of_a_viewers_session_ends_what_it_watches(self) -> None:
        viewer_token = self.authorize("viewer")
        self.publish(self.token)
        viewer, down = self.watch(viewer_token, "camera")
        self.configure(4, 20)
        for _ in range(21):
            self.ask("heartBit.json", viewer_token)
        self.assertTrue(viewer.response(down).ended)
        self.beats(1)


class ServerTimeTests(EdgeCase):
    """getServerTime.json."""

    def test_field_nothing_at_all(self) -> None:
        answer = self.post("getServerTime.json").json()
        self.assertEqual(set(answer), {"stamp", "result"})
        self.assertRegex(answer["stamp"], STAMP)
        self.assertTrue(answer["stamp"].startswith("2023-11-14 22:13:20"), answer)

    def test_field_with_a_session(self) -> None:
        token = self.authorize()
        for answer in (self.ask("getServerTime.json", token), self.post("getServerTime.json", shash=token).json()):
            self.assertEqual((set(answer), answer["result"]), ({"stamp", "result"}, "OK"))

    def test_keeps_the_session_active(self) -> None:
        token = self.authorize()
        for _ in range(3):
            self.clock.advance(599)
            self.assertEqual(self.ask("getServerTime.json", token)["result"], "OK")
        self.assertEqual(self.ask("heartBit.json", token), OK)

    def test_wrong_session_or_body(self) -> None:
        self.bad(self.ask("getServerTime.json", "wrong"), NO_SUCH_SESSION)
        self.bad(self.ask("getServerTime.json", shash=5), MALFORMED_REQUEST)
        self.refused(self.post("getServerTime.json", b"{"), JSON_PARSER_FAIL)
        self.refused(self.post("getServerTime.json", b"[]"), JSON_FAIL)

    def test_object_without_session(self) -> None:
        self.assertEqual(self.ask("getServerTime.json")["result"], "OK")

    def test_never_behind_what_the_account_holds(self) -> None:
        """The clock steps back by a day; the server's time is a cursor all the same."""
        token, viewer = self.authorize(), self.authorize("viewer")
        self.ask("addMsgs.json", token, msg="m")
        stamp = self.ask("getMsgs.json", viewer)["msgs"][0]["stamp"]
        self.clock.step -= 86400
        now = self.ask("getServerTime.json", token)["stamp"]
        self.assertGreaterEqual(now, stamp)
        self.ask("addMsgs.json", token, msg="n")
        self.assertEqual([each["msg"] for each in self.ask("getMsgs.json", viewer, stamp=now)["msgs"]], ["n"])

    def test_every_answer_is_later_than_the_one_before(self) -> None:
        stamps = [self.post("getServerTime.json").json()["stamp"] for _ in range(5)]
        self.assertEqual(stamps, sorted(set(stamps)))
