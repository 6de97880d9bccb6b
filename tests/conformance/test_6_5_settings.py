"""RFC 9113, section 6.5: SETTINGS of every kind."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hpack.hpack import decode_integer
from hyperframe.frame import HeadersFrame, SettingsFrame

from tests.support.conformance import Case
from tests.support.peer import LAST_WINDOW, WINDOW, raw

PROTOCOL, SIZE, FLOW = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.FLOW_CONTROL_ERROR
TABLE, PUSH, STREAMS, INITIAL, FRAME, LIST, CONNECT = 1, 2, 3, 4, 5, 6, 8


class Layout(Case):
    def test_6_5_acknowledgement_with_a_payload(self) -> None:
        for payload in (b"\x00", b"\x00\x03\x00\x00\x00\x64"):
            self.setUp()
            self.peer.send(raw(4, 0, payload, flags=1))
            self.assert_connection_error(SIZE)
            self.tearDown()

    def test_6_5_on_a_stream(self) -> None:
        self.peer.send(raw(4, self.witness, b"\x00\x03\x00\x00\x00\x64"))
        self.assert_connection_error(PROTOCOL)

    def test_6_5_of_a_length_that_is_no_multiple_of_6(self) -> None:
        for size in (1, 5, 7):
            self.setUp()
            self.peer.send(raw(4, 0, b"\x00\x03\x00\x00\x00\x64\x00"[:size]))
            self.assert_connection_error(SIZE)
            self.tearDown()

    def test_6_5_empty(self) -> None:
        self.peer.send(SettingsFrame(0))
        self.peer.pump()
        self.assertEqual(self.peer.settings_acks, 2)
        self.assert_alive()

    def test_6_5_acknowledgement_of_nothing(self) -> None:
        self.peer.send(SettingsFrame(0, flags=["ACK"]))
        self.assert_alive()


class Values(Case):
    """Section 6.5.2."""

    def refuse(self, setting: int, value: int, code: ErrorCodes) -> None:
        self.setUp()
        self.peer.send(raw(4, 0, setting.to_bytes(2, "big") + value.to_bytes(4, "big")))
        self.assert_connection_error(code)
        self.tearDown()

    def test_6_5_2_enable_push(self) -> None:
        """0 or 1."""
        self.peer.send(SettingsFrame(0, {PUSH: 0}), SettingsFrame(0, {PUSH: 1}))
        self.assert_alive()
        for value in (2, 2**32 - 1):
            self.refuse(PUSH, value, PROTOCOL)

    def test_6_5_2_initial_window_size(self) -> None:
        """Up to 2^31-1; over it, FLOW_CONTROL_ERROR."""
        for value in (0, 1, LAST_WINDOW):
            self.peer.send(SettingsFrame(0, {INITIAL: value}))
        self.assert_alive()
        for value in (2**31, 2**32 - 1):
            self.refuse(INITIAL, value, FLOW)

    def test_6_5_2_max_frame_size(self) -> None:
        """From 16,384 to 16,777,215."""
        for value in (2**24 - 1, 2**14):
            self.peer.send(SettingsFrame(0, {FRAME: value}))
        self.assert_alive()
        for value in (0, 2**14 - 1, 2**24, 2**32 - 1):
            self.refuse(FRAME, value, PROTOCOL)

    def test_6_5_2_enable_connect_protocol(self) -> None:
        """0 or 1 (RFC 8441, section 3)."""
        self.peer.send(SettingsFrame(0, {CONNECT: 1}))
        self.assert_alive()
        self.refuse(CONNECT, 2, PROTOCOL)

    def test_6_5_2_any_value_of_the_others(self) -> None:
        for setting in (TABLE, STREAMS, LIST):
            for value in (0, 1, 2**31, 2**32 - 1):
                self.peer.send(SettingsFrame(0, {setting: value}))
        self.assert_alive()

    def test_6_5_2_max_concurrent_streams_of_0(self) -> None:
        """Of pushed streams, of which there are none: requests are served as ever."""
        self.peer.send(SettingsFrame(0, {STREAMS: 0}))
        self.assert_alive()

    def test_6_5_2_a_bad_value_within_others(self) -> None:
        self.peer.send(raw(4, 0, b"\x00\x03\x00\x00\x00\x64" + b"\x00\x02\x00\x00\x00\x02"))
        self.assert_connection_error(PROTOCOL)

    def test_6_5_2_that_nobody_knows(self) -> None:
        """Ignored, among others too, and nothing is kept of them: there are 65,536."""
        settings = self.peer.protocol._channel.conn.remote_settings
        before = len(settings)
        for start in range(100, 400, 100):
            many = b"".join(each.to_bytes(2, "big") + bytes(4) for each in range(start, start + 100))
            self.peer.send(raw(4, 0, many + INITIAL.to_bytes(2, "big") + start.to_bytes(4, "big") + many))
        self.peer.told({INITIAL: 300})
        self.peer.pump()
        self.assertEqual((self.peer.settings_acks, settings.initial_window_size, len(settings)), (4, 300, before))
        self.assert_alive()


class Synchronisation(Case):
    """Section 6.5.3: values apply in the order they stand in, all before the acknowledgement, which comes at once."""

    def test_6_5_3_same_setting_twice(self) -> None:
        """The last one counts."""
        payload = b"\x00\x04\x00\x00\x00\x64" + b"\x00\x04\x00\x00\x00\x01"
        self.peer.send(raw(4, 0, payload))
        self.peer.told({INITIAL: 1})
        stream = self.peer.request("POST", "/echo", b"abc")
        self.assertEqual(self.peer.response(stream).body, b"a")

    def test_6_5_3_acknowledged_one_by_one(self) -> None:
        for count in range(2, 12):
            self.peer.send(SettingsFrame(0, {INITIAL: WINDOW}))
            self.peer.pump()
            self.assertEqual(self.peer.settings_acks, count)
        self.assert_alive()

    def test_6_5_3_acknowledged_before_what_they_change(self) -> None:
        """DATA that a larger window lets through comes behind the ACK."""
        self.peer.send(SettingsFrame(0, {INITIAL: 0}))
        stream = self.peer.request("POST", "/echo", b"abc")
        self.assertEqual(self.peer.response(stream).body, b"")
        self.peer.send(SettingsFrame(0, {INITIAL: 10}))
        self.assertEqual(self.peer.response(stream).body, b"abc")
        kinds = [(type(each).__name__, "ACK" in each.flags) for each in self.peer.frames]
        last_ack = len(kinds) - 1 - kinds[::-1].index(("SettingsFrame", True))
        self.assertLess(last_ack, kinds.index(("DataFrame", False)))

    def test_6_5_3_unacknowledged_by_the_client(self) -> None:
        """A peer that never acknowledges the server's SETTINGS is served by the defaults."""
        peer = self.begin(preface=False)
        peer.quiet = True
        peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SettingsFrame(0))
        self.assertEqual(peer.fetch("POST", "/echo", b"x").body, b"x")
        self.assertFalse(peer.closed)


class TableSize(Case):
    """SETTINGS_HEADER_TABLE_SIZE; RFC 7541, section 4.2: the change is told at the start of the next block."""

    def updates(self) -> list[int]:
        """The table sizes that the next answer begins with."""
        stream = self.peer.request("POST", "/echo", b"x")
        self.assertEqual(self.peer.response(stream).status, 200)
        data, sizes = self.peer.of(HeadersFrame, stream)[0].data, []
        while data[0] & 0xE0 == 0x20:
            size, used = decode_integer(data, 5)
            sizes.append(size)
            data = data[used:]
        return sizes

    def tell(self, *sizes: int) -> list[int]:
        self.peer.send(*(SettingsFrame(0, {TABLE: size}) for size in sizes))
        return self.updates()

    def test_6_5_2_header_table_size_of_0(self) -> None:
        """Nothing is remembered from then on; the peer's decoder would fail otherwise."""
        self.assertEqual(self.updates(), [])
        self.assertEqual(self.tell(0), [0])
        self.assertEqual(self.updates(), [])
        self.assertEqual(list(self.peer.decoder.header_table.dynamic_entries), [])
        self.assert_alive()

    def test_6_5_2_header_table_size_said_twice(self) -> None:
        self.assertEqual(self.tell(100, 100), [100])
        self.assert_alive()

    def test_6_5_2_header_table_size_changed_often(self) -> None:
        """The least and the last, if they differ."""
        self.assertEqual(self.tell(200, 100, 3000, 2000), [100, 2000])
        self.assertEqual(self.tell(2000, 1000, 1500, 10), [10])
        self.assertEqual(self.tell(0, 4096), [0, 4096])
        self.assert_alive()

    def test_6_5_2_header_table_size_without_a_bound(self) -> None:
        """Is not made use of: the server remembers 4,096 bytes."""
        self.assertEqual(self.tell(2**32 - 1), [])
        for number in range(60):
            self.peer.open("/held", "GET", end=True)
            self.web.held.pop().answer(200, b"", [("x-new", f"{number:0100}")])
            self.peer.pump()
        self.assertLessEqual(self.peer.protocol._channel.conn.encoder.header_table._current_size, 4096)
        self.assert_alive()
