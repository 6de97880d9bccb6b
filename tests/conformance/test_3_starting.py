"""RFC 9113, section 3: how a connection begins."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import PingFrame, SettingsFrame

from tests.support.conformance import Case
from tests.support.peer import PREFACE, raw, request


class Preface(Case):
    """Section 3.4. GOAWAY may be omitted where the peer doesn't speak HTTP/2."""

    def assert_refused(self) -> None:
        self.fresh.pump()
        if self.fresh.goaway is not None:
            self.assertEqual(self.fresh.goaway.error_code, ErrorCodes.PROTOCOL_ERROR)
        self.assertTrue(self.fresh.closed)
        self.assertEqual((self.web.held, len(self.web.uploads)), ([], 1))
        self.assert_alive()

    def setUp(self) -> None:
        super().setUp()
        self.fresh = self.begin(preface=False)

    def test_3_4_servers_first_frame_is_settings(self) -> None:
        """It doesn't wait for the client's."""
        self.fresh.send(PREFACE)
        self.fresh.pump()
        first = self.fresh.frames[0]
        self.assertEqual((type(first), first.stream_id, set(first.flags)), (SettingsFrame, 0, set()))

    def test_3_4_settings_of_the_client_are_acknowledged(self) -> None:
        self.fresh.send(PREFACE, SettingsFrame(0))
        self.fresh.pump()
        self.assertEqual(self.fresh.settings_acks, 1)
        self.assertFalse(self.fresh.closed)

    def test_3_4_byte_by_byte(self) -> None:
        """Frames arrive as TCP cuts them."""
        head = self.fresh.headers(request(), end=True)
        for byte in PREFACE + SettingsFrame(0).serialize() + head.serialize():
            self.fresh.send(bytes([byte]))
        self.assertEqual(self.fresh.response(1).status, 200)

    def test_3_4_request_behind_settings_in_one_read(self) -> None:
        """A client needs not wait for the server's SETTINGS."""
        head = self.fresh.headers(request(b"POST", b"/echo"), end=True)
        self.fresh.send(PREFACE, SettingsFrame(0), head)
        self.assertEqual(self.fresh.response(1).status, 200)

    def test_3_4_invalid_preface(self) -> None:
        self.fresh.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
        self.assert_refused()

    def test_3_4_preface_of_http1(self) -> None:
        self.fresh.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assert_refused()

    def test_3_4_wrong_last_byte(self) -> None:
        self.fresh.send(PREFACE[:-1] + b"X", SettingsFrame(0))
        self.assert_refused()

    def test_3_4_headers_in_place_of_settings(self) -> None:
        self.fresh.send(PREFACE, self.fresh.headers(request(b"POST", b"/held"), end=True))
        self.assert_refused()

    def test_3_4_ping_in_place_of_settings(self) -> None:
        self.fresh.send(PREFACE, PingFrame(0, b"12345678"))
        self.assert_refused()

    def test_3_4_acknowledgement_in_place_of_settings(self) -> None:
        """SETTINGS with ACK are no SETTINGS of the client's."""
        self.fresh.send(PREFACE, SettingsFrame(0, flags=["ACK"]))
        self.assert_refused()

    def test_3_4_unknown_frame_in_place_of_settings(self) -> None:
        self.fresh.send(PREFACE, raw(0xEE, 0, b"?"))
        self.assert_refused()
