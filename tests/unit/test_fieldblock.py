"""Field blocks: read as hpack reads them, and heads of answers that hpack reads back, whatever the table does."""

from __future__ import annotations

from typing import Any

import h2.exceptions
import hpack
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.huffman import decoded_in
from tests.support.properties import tried
from webcam.http.fieldblock import TABLE, CompressionError, Decoder, Encoder, Field, sendable

DATE = b"Tue, 24 Nov 2026 12:00:00 GMT"
OK: tuple[Field, ...] = ((b":status", b"200"), (b"server", b"webcam"), (b"content-type", b"application/json"))

texts = st.one_of(st.binary(max_size=8), st.sampled_from((b":path", b":method", b"GET", b"x" * 200, b"a" * 3000)))
lists = st.lists(st.tuples(texts, texts), max_size=6)


class Theirs(hpack.Decoder):
    """hpack takes any number of table sizes before the first field."""

    resizes = 0

    @property
    def header_table_size(self) -> int:
        return int(self.header_table.maxsize)

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self.resizes += 1
        if self.resizes > 2:
            raise hpack.HPACKDecodingError("a third table size")
        self.header_table.maxsize = value


def read(decoder: hpack.Decoder, data: bytes) -> Any:
    """The fields, or that there is an error."""
    if isinstance(decoder, Theirs):
        decoder.resizes = 0
    try:
        return [tuple(each) for each in decoder.decode(data, raw=True)]
    except (hpack.HPACKError, h2.exceptions.ProtocolError):
        return "error"


class DecoderTests(SynchronousTestCase):
    """Beside hpack's own."""

    def same(self, blocks: list[bytes]) -> None:
        ours, theirs = Decoder(), Theirs()
        for data in blocks:
            found = read(ours, data)
            self.assertEqual(found, read(theirs, data))
            if found == "error":
                return
            self.assertEqual(list(ours.header_table.dynamic_entries), list(theirs.header_table.dynamic_entries))
            self.assertEqual(ours.header_table_size, theirs.header_table_size)

    @tried
    @given(st.lists(st.tuples(lists, st.booleans(), st.sampled_from((None, 0, 100, 4096))), max_size=6))
    def test_valid_blocks(self, heads: list[tuple[list[Field], bool, int | None]]) -> None:
        """With Huffman codes and without, with tables that shrink and grow."""
        encoder = hpack.Encoder()
        blocks = []
        for fields, huffman, size in heads:
            if size is not None:
                encoder.header_table_size = size
            blocks.append(encoder.encode(fields, huffman=huffman))
        self.same(blocks)

    @tried
    @given(st.lists(st.binary(max_size=40), max_size=4))
    def test_any_bytes(self, blocks: list[bytes]) -> None:
        self.same(blocks)

    @tried
    @given(lists, st.integers(0, 100), st.integers(0, 255), st.booleans())
    def test_changed_bytes(self, fields: list[Field], place: int, value: int, cut: bool) -> None:
        """A valid block with one byte of it changed, or its end gone."""
        data = bytearray(hpack.Encoder().encode(fields))
        if data:
            data[place % len(data)] = value
        self.same([bytes(data[: place % (len(data) + 1)] if cut else data)])

    def test_a_third_table_size(self) -> None:
        """Two say all that there is to say (RFC 7541, 4.2): the least that it was, and what it is."""
        for size in (b"\x20", b"\x3f\xe1\x1f"):
            self.assertEqual(Decoder().decode(size * 2 + b"\x82"), [(b":method", b"GET")])
            self.assertEqual(Decoder().decode(size * 2), [])
            for data in (size * 3, size * 3 + b"\x82", size * 16000):
                with self.assertRaises(CompressionError, msg=repr(data[:9])):
                    Decoder().decode(data)

    def test_a_code_that_has_no_room(self) -> None:
        """It is refused undecoded, as the list that it would make too large; what has room is decoded."""
        decoded = decoded_in(self)
        decoder = Decoder()
        decoder.max_header_list_size = 300 + 33
        longest = hpack.Encoder().huffman_coder.encode(b"\n" * 300)  # thirty bits each
        self.assertEqual(len(longest), 300 * 30 // 8)
        size = bytes((0xFF, (len(longest) - 127) % 128 + 128, (len(longest) - 127) // 128))
        self.assertEqual(decoder.decode(b"\x00\x01a" + size + longest), [(b"a", b"\n" * 300)])
        self.assertEqual(decoded, [len(longest)])
        for data in (b"\x00\x01a\xff\x81\x7d" + bytes(16128), b"\x00\xff\x81\x7d" + bytes(16128)):
            with self.assertRaises(h2.exceptions.DenialOfServiceError):
                decoder.decode(data)
        self.assertEqual(decoded, [len(longest)])

    def test_errors(self) -> None:
        """A list that is too large has a code of its own; all other errors are COMPRESSION_ERROR."""
        decoder = Decoder()
        decoder.max_header_list_size = 100
        with self.assertRaises(h2.exceptions.DenialOfServiceError):
            decoder.decode(hpack.Encoder().encode([(b"a", b"b" * 100)]))
        for data in (b"\x80", b"\xff", b"\xbf", b"\x40\x05ab", b"\x00\x01a\x7f", b"\x82\x20", b"\x3f\xe2\x1f"):
            with self.assertRaises(CompressionError, msg=repr(data)):
                Decoder().decode(data)

    def test_the_number_of_fields(self) -> None:
        """So many and no more, whichever way they are written."""
        for field in (b"\x82", b"\x00\x01a\x01b", b"\x40\x01a\x01b", b"\x04\x01b"):
            decoder = Decoder()
            decoder.max_fields = 3
            self.assertEqual(len(decoder.decode(field * 3)), 3)
            self.assertEqual(len(decoder.decode(field * 3)), 3, "of each block")
            with self.assertRaises(h2.exceptions.DenialOfServiceError, msg=repr(field)):
                decoder.decode(field * 4)


class EncoderTests(SynchronousTestCase):
    """What it writes, hpack reads."""

    def setUp(self) -> None:
        self.encoder, self.peer = Encoder(), hpack.Decoder()

    def check(self, fields: tuple[Field, ...], length: int = 0) -> int:
        """The head as the peer reads it; the answer is the size of its block."""
        data = self.encoder.head(fields, DATE, length)
        told = [*fields, (b"date", DATE), (b"content-length", b"%d" % length)]
        self.assertEqual([tuple(each) for each in self.peer.decode(data, raw=True)], told)
        return len(data)

    def test_shorter_from_the_second_on(self) -> None:
        """A head that was sent is named by its indexes, and encoded no more."""
        first, second = self.check(OK, 5), self.check(OK, 5)
        self.assertLess(second, first)
        self.encoder.encode = None  # type: ignore[method-assign,assignment]
        self.assertEqual(self.check(OK, 5), second)
        self.check(OK, 123456)

    @tried
    @given(
        st.lists(
            st.one_of(
                st.sampled_from((b"200", b"400", b"503")),
                st.integers(0, 5000),
                st.binary(min_size=1, max_size=300).map(
                    lambda text: [(b"x-y", text.replace(b"\r", b"").hex().encode())]
                ),
            ),
            max_size=20,
        )
    )
    def test_among_others(self, steps: list[Any]) -> None:
        """Other heads that fill the table, and a peer that changes its size."""
        self.setUp()
        for step in steps:
            if isinstance(step, bytes):
                self.check(((b":status", step), *OK[1:]))
            elif isinstance(step, int):
                self.encoder.header_table_size = step
            else:
                self.assertEqual([tuple(each) for each in self.peer.decode(self.encoder.encode(step), raw=True)], step)
            self.check(OK)

    def test_bounded(self) -> None:
        """Neither the table nor what is remembered of heads grows."""
        self.encoder.header_table_size = 2**31
        for number in range(500):
            self.check(((b":status", b"200"), (b"x", b"%d" % number)))
            self.check(((b":status", b"200"), (b"x", b"%d" % number)))
        self.assertLessEqual(self.encoder.header_table_size, TABLE)
        self.assertLessEqual(len(self.encoder._heads), 16)

    def test_sendable(self) -> None:
        """Small letters, nothing of the connection's own, cookies out of every table, no end of a line."""
        found = sendable([(b"Content-Type", b"a"), (b"Connection", b"close"), (b"Set-Cookie", b"s")])
        self.assertEqual(found, [(b"content-type", b"a"), (b"set-cookie", b"s")])
        self.assertFalse(found[1].indexable)  # type: ignore[attr-defined]
        for bad in (b"a\r\nb", b"a\nb", b"a\0b"):
            with self.assertRaises(ValueError):
                sendable([(b"x", bad)])
            with self.assertRaises(ValueError):
                self.encoder.head(((b"x", bad),), DATE, 0)
