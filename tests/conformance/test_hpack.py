"""RFC 7541: field blocks. What can't be decoded is a connection error of type COMPRESSION_ERROR."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, HeadersFrame

from tests.support.conformance import Case
from tests.support.peer import block, request

HELD = block(request(b"GET", b"/held"))


class Base(Case):
    def send(self, data: bytes) -> int:
        """A request of that block."""
        frame = self.peer.headers(request(), end=True)
        self.peer.send(HeadersFrame(frame.stream_id, data, flags=["END_HEADERS", "END_STREAM"]))
        return int(frame.stream_id)

    def refuse(self, data: bytes) -> None:
        self.setUp()
        self.send(data)
        self.assertEqual(self.web.held, [])
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)
        self.tearDown()

    def accept(self, data: bytes, **fields: bytes) -> None:
        held = len(self.web.held)
        self.send(data)
        self.assertEqual(len(self.web.held), held + 1)
        for name, value in fields.items():
            self.assertEqual(self.web.held[-1].getHeader(name.encode()), value)


class Tables(Base):
    def test_2_3_3_index_past_the_tables(self) -> None:
        """62 is past the static table, and the dynamic one is empty."""
        for data in (b"\xbe", b"\xc6", b"\xff\x80\x01", b"\x7e\x01a", b"\x0f\x2f\x01a", b"\x1f\x2f\x01a"):
            self.refuse(HELD + data)

    def test_2_3_3_index_past_what_was_added(self) -> None:
        self.accept(HELD + b"\x40\x01a\x01b" + b"\xbe", a=b"b")
        self.send(HELD + b"\xbf")
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)

    def test_2_3_2_table_lasts_from_block_to_block(self) -> None:
        self.accept(HELD + b"\x40\x01a\x01b")
        self.accept(HELD + b"\x40\x01c\x01d")
        self.accept(HELD + b"\xbe\xbf", a=b"b", c=b"d")
        self.assert_alive()


class TableSize(Base):
    def test_4_2_update_behind_fields(self) -> None:
        """It stands at the start of a block or not at all."""
        self.refuse(HELD + b"\x20")
        self.refuse(HELD[:10] + b"\x20" + HELD[10:])

    def test_4_2_updates_at_the_start(self) -> None:
        """One or two of them, within the limit."""
        self.accept(b"\x20" + HELD)
        self.accept(b"\x20\x3f\xe1\x1f" + HELD)
        self.assert_alive()

    def test_4_3_update_empties_the_table(self) -> None:
        self.accept(HELD + b"\x40\x01a\x01b")
        self.send(b"\x20" + HELD + b"\xbe")
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)

    def test_4_4_entry_larger_than_the_table(self) -> None:
        """It empties the table, and is no error."""
        self.accept(b"\x3f\x21" + HELD + b"\x40\x01a\x7f\x00" + b"x" * 127, a=b"x" * 127)
        self.assertEqual(len(self.peer.protocol._channel.conn.decoder.header_table.dynamic_entries), 0)
        self.assert_alive()

    def test_6_3_update_past_the_limit(self) -> None:
        """4,096 is what the server offers."""
        self.accept(b"\x3f\xe1\x1f" + HELD)
        self.refuse(b"\x3f\xe2\x1f" + HELD)
        self.refuse(b"\x3f\xe1\xff\xff\xff\x07" + HELD)


class Primitives(Base):
    def test_5_1_integer_that_is_cut_short(self) -> None:
        for data in (b"\xff", b"\xff\x80", b"\x0f", b"\x00\x7f", b"\x3f"):
            self.refuse((b"" if data == b"\x3f" else HELD) + data)

    def test_5_1_integer_without_an_end(self) -> None:
        """Of any length: no number is made of it."""
        self.refuse(HELD + b"\xff" + b"\x80" * 4000 + b"\x01")
        self.refuse(HELD + b"\xff" + b"\xff" * 4000 + b"\x7f")

    def test_5_2_string_that_is_cut_short(self) -> None:
        for data in (b"\x00", b"\x00\x05a", b"\x00\x01a", b"\x00\x01a\x05b", b"\x00\x01a\x85\xff"):
            self.refuse(HELD + data)

    def test_5_2_padding_of_huffman_longer_than_7_bits(self) -> None:
        self.refuse(HELD + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")

    def test_5_2_padding_of_huffman_that_is_not_of_eos(self) -> None:
        """It is of ones."""
        self.refuse(HELD + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")

    def test_5_2_huffman_with_eos(self) -> None:
        self.refuse(HELD + b"\x00\x85\xf2\xb2\x4a\x84\xff\x88\x49\x51\xff\xff\xff\xfa\x7f\xff")

    def test_5_2_huffman(self) -> None:
        """ "x-test: test", as it should be."""
        self.accept(HELD + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x9f")
        self.assertEqual(self.web.held[0].getHeader(b"x-test"), b"test")
        self.assert_alive()


class Representations(Base):
    def test_6_1_index_0(self) -> None:
        self.refuse(HELD + b"\x80")
        self.refuse(b"\x80" + HELD)

    def test_6_1_every_index_of_the_static_table_is_known(self) -> None:
        """As the name of a field, but for pseudo-headers and those that a request may not have."""
        names = [number for number in range(15, 62) if number not in (28, 38, 57)]
        for number in names:
            self.accept(HELD + (bytes([0x0F, number - 15])) + b"\x01x")
        self.assert_alive()

    def test_6_2_literals(self) -> None:
        """With indexing, without, and never indexed; of a new name and of a known one."""
        for first in (b"\x40", b"\x00", b"\x10"):
            self.accept(HELD + first + b"\x01a\x01b", a=b"b")
        for first in (b"\x7a", b"\x0f\x2b", b"\x1f\x2b"):
            data = HELD + first + b"\x05agent"
            self.send(data)
            self.assertEqual(self.web.held[-1].getHeader(b"user-agent"), b"agent")
        self.assert_alive()


class Corners(Base):
    """What decoders get wrong."""

    def test_4_4_the_name_of_an_entry_that_is_pushed_out_by_its_own_successor(self) -> None:
        """The new entry has its name all the same (section 4.4)."""
        first = b"\x40\x0a" + b"n" * 10 + b"\x01v"
        second = b"\x7e\x14" + b"w" * 20  # a table of 64 bytes has room for one of them
        self.accept(b"\x3f\x21" + HELD + first + second + b"\xbe")
        self.assertEqual(self.web.held[0].requestHeaders.getRawHeaders(b"n" * 10), [b"v", b"w" * 20, b"w" * 20])
        self.send(HELD + b"\xbf")
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)

    def test_4_3_a_table_made_smaller_and_larger_again(self) -> None:
        """What was pushed out does not come back."""
        self.accept(HELD + b"\x40\x01a\x01b" + b"\x40\x01c\x01d")
        self.accept(b"\x3f\x09\x3f\xe1\x1f" + HELD + b"\xbe", c=b"d")  # 40 bytes: the newest
        self.send(HELD + b"\xbf")
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)

    def test_6_2_what_is_not_indexed_is_not_remembered(self) -> None:
        for first in (b"\x00", b"\x10"):
            self.refuse(HELD + first + b"\x01a\x01b" + b"\xbe")

    def test_5_1_integers_with_more_digits_than_they_need(self) -> None:
        """A length of 127, 1 and 0, and an index, with zeros behind."""
        self.accept(HELD + b"\x00\x01a\x7f\x80\x80\x00" + b"x" * 127, a=b"x" * 127)
        self.accept(HELD + b"\x40\x01a\x01b" + b"\xbe", a=b"b")
        self.accept(HELD + b"\x0f\xab\x80\x00\x05agent")
        self.assertEqual(self.web.held[-1].getHeader(b"user-agent"), b"agent")
        self.assert_alive()

    def test_5_2_strings_of_nothing(self) -> None:
        """Huffman-coded or not."""
        for value in (b"\x00", b"\x80"):
            self.accept(HELD + b"\x00\x01a" + value, a=b"")
        self.assert_alive()

    def test_5_2_padding_of_up_to_7_bits(self) -> None:
        """And one of 8, which is as well a byte too many."""
        self.accept(HELD + b"\x00\x01a\x81\x07", a=b"0")  # 00000 and three ones
        self.refuse(HELD + b"\x00\x01a\x82\x07\xff")

    def test_2_2_a_block_cut_after_each_byte(self) -> None:
        """All representations, in as many frames as a block may have."""
        data = b"\x20\x3f\xe1\x1f" + HELD[: len(HELD) // 2] + HELD[len(HELD) // 2 :] + b"\x40\x01a\x83\x49\x50\x9f\xbe"
        for size in (3, 4, 5, 7):
            held = len(self.web.held)
            stream = self.peer.headers(request(), end=True).stream_id
            pieces = [data[at : at + size] for at in range(0, len(data), size)]
            self.peer.send(HeadersFrame(stream, pieces[0], flags=["END_STREAM"]))
            for piece in pieces[1:-1]:
                self.peer.send(ContinuationFrame(stream, piece))
            self.peer.send(ContinuationFrame(stream, pieces[-1], flags=["END_HEADERS"]))
            self.assertEqual(self.web.held[held].requestHeaders.getRawHeaders(b"a"), [b"test", b"test"])
        self.assert_alive()

    def test_2_1_an_error_behind_a_good_request_in_one_read(self) -> None:
        """The good one is answered, or lost with the connection; its neighbour ends all."""
        good = self.peer.headers(request(b"POST", b"/echo"), end=True)
        bad = self.peer.headers(request(), end=True).stream_id
        self.peer.send(good, HeadersFrame(bad, HELD + b"\xbe", flags=["END_HEADERS", "END_STREAM"]))
        self.assertEqual(self.web.held, [])
        self.assert_connection_error(ErrorCodes.COMPRESSION_ERROR)
