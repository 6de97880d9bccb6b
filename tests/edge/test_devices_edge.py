"""getDevicesOnline.json and getStreams.json."""

from __future__ import annotations

from tests.support.edge import (
    EMPTY_REQUEST,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    EdgeCase,
)

PATHS = ("getDevicesOnline.json", "getStreams.json")


class DevicesOnlineTests(EdgeCase):
    """Who is there."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize("m", "middle")

    def devices(self) -> list[str]:
        answer = self.ask("getDevicesOnline.json", self.token)
        self.assertEqual(answer["result"], "OK")
        return [each["device"] for each in answer["devices"]]

    def test_names_the_asking_device_too_sorted_by_device(self) -> None:
        for device in ("z", "a", "\u00fc", "B"):
            self.authorize(device, f"meta of {device}")
        answer = self.ask("getDevicesOnline.json", self.token)
        self.assertEqual(set(answer), {"result", "devices"})
        self.assertEqual(
            answer["devices"],
            [
                {"device": "B", "meta": "meta of B"},
                {"device": "a", "meta": "meta of a"},
                {"device": "m", "meta": "middle"},
                {"device": "z", "meta": "meta of z"},
                {"device": "\u00fc", "meta": "meta of \u00fc"},
            ],
        )

    def test_query_alone(self) -> None:
        answer = self.post("getDevicesOnline.json", shash=self.token).json()
        self.assertEqual(answer["devices"], [{"device": "m", "meta": "middle"}])

    def test_a_silent_device_is_gone_even_before_its_session_is_swept(self) -> None:
        self.authorize("silent")
        self.clock.advance(599)
        self.assertEqual(self.devices(), ["m", "silent"])
        self.clock.advance(2)
        self.assertEqual(self.devices(), ["m"])

    def test_a_streaming_device_stays(self) -> None:
        publisher, _ = self.publish(self.authorize("streaming"))
        for _ in range(3):
            self.clock.advance(500)
            publisher.pump()
            self.assertEqual(self.devices(), ["m", "streaming"])
        publisher.drop()
        self.clock.advance(500)
        self.assertEqual(self.devices(), ["m", "streaming"])
        self.clock.advance(101)
        self.assertEqual(self.devices(), ["m"])


class StreamsTests(EdgeCase):
    """What streams."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize("phone")

    def streams(self, token: str | None = None):
        answer = self.ask("getStreams.json", token or self.token)
        self.assertEqual((set(answer), answer["result"]), ({"result", "devices"}, "OK"))
        return answer["devices"]

    def test_field_nothing_streaming_is_an_empty_list(self) -> None:
        """A BAD there makes a client disconnect."""
        self.assertEqual(self.streams(), [])
        self.assertEqual(self.post("getStreams.json", shash=self.token).json(), {"result": "OK", "devices": []})

    def test_listed_from_the_moment_the_request_is_accepted(self) -> None:
        """Before a byte of its body has come; sorted by device."""
        self.publish(self.authorize("z"), subproto="RAW_JPEG", delta="40")
        self.publish(self.authorize("a"))
        self.assertEqual(
            self.streams(),
            [
                {"device": "a", "subproto": "", "delta": 0},
                {"device": "z", "subproto": "RAW_JPEG", "delta": 40},
            ],
        )

    def test_text_of_the_subprotocol_comes_back_equal(self) -> None:
        subprotocol = "LZMA_FILE \u00fc\0%&=+"
        self.publish(self.authorize("a"), subproto=subprotocol)
        self.assertEqual(self.streams()[0]["subproto"], subprotocol)

    def test_gone_in_the_turn_in_which_the_upload_ends(self) -> None:
        publisher, up = self.publish(self.token)
        self.assertEqual(len(self.streams()), 1)
        publisher.end(up)
        self.assertEqual(self.streams(), [])

    def test_streams_of_another_account_are_not_listed(self) -> None:
        self.other_account()
        self.publish(self.authorize("theirs", name="other"))
        self.assertEqual(self.streams(), [])
        self.assertEqual(len(self.streams(self.authorize("more", name="other"))), 1)


class BadRequestsTests(EdgeCase):
    """Both alike."""

    def test_bad_requests(self) -> None:
        for path in PATHS:
            self.refused(self.post(path), EMPTY_REQUEST)
            self.refused(self.post(path, b"}"), JSON_PARSER_FAIL)
            self.refused(self.post(path, b"null"), JSON_FAIL)
            self.bad(self.ask(path), MALFORMED_REQUEST)
            self.bad(self.ask(path, shash=["x"]), MALFORMED_REQUEST)
            self.bad(self.ask(path, "wrong"), NO_SUCH_SESSION)
