"""The frame codec: ``0xAA 0xAA``, the payload's size as 32 bits little-endian, the payload."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from tests.support.refusals import accepted
from webcam.errors import FrameError
from webcam.wire.frames import HEADER, MARK, FrameDecoder, encode

LIMIT = 1024
PAYLOADS = st.lists(st.binary(max_size=40), max_size=8)
CUTS = st.lists(st.integers(min_value=0, max_value=400), max_size=30)
NEARLY = st.lists(
    st.one_of(st.binary(max_size=8), st.just(MARK), st.just(b"\xaa"), st.binary(max_size=12).map(encode)), max_size=12
).map(b"".join)
"""Junk that begins like a frame often enough."""


def chunks_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """*data* in pieces, cut where *cuts* say; some of them are empty."""
    places = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    return [data[start:stop] for start, stop in itertools.pairwise(places)]


def feed_all(decoder: FrameDecoder, chunks: list[bytes]) -> tuple[list[bytes], str | None]:
    """The frames, and what was refused behind them."""
    frames: list[bytes] = []
    try:
        for chunk in chunks:
            for frame in decoder.feed(chunk):
                frames.append(frame)  # noqa: PERF402
    except FrameError as error:
        return frames, str(error)
    return frames, None


class EncodeTests(SynchronousTestCase):
    """A payload as a frame."""

    def test_field_fact_little_endian(self) -> None:
        """The size is little-endian: the field's cameras write it so."""
        self.assertEqual(encode(b"x" * 0x0102), b"\xaa\xaa\x02\x01\x00\x00" + b"x" * 0x0102)

    def test_size_0(self) -> None:
        """A frame without payload is its header."""
        self.assertEqual(encode(b""), b"\xaa\xaa\x00\x00\x00\x00")


class ChunkingTests(SynchronousTestCase):
    """Where chunks begin and end means nothing."""

    @given(PAYLOADS, CUTS)
    @tried
    def test_any_chunking(self, payloads: list[bytes], cuts: list[int]) -> None:
        """The same frames, header included, come out of any pieces, and nothing is left of them."""
        whole = [encode(each) for each in payloads]
        decoder = FrameDecoder(LIMIT)
        frames, refused = feed_all(decoder, chunks_of(b"".join(whole), cuts))
        self.assertEqual((frames, refused), (whole, None))
        self.assertEqual(decoder.held, 0)

    @given(PAYLOADS)
    @tried
    def test_byte_by_byte(self, payloads: list[bytes]) -> None:
        """A frame is given with its last byte, not later."""
        decoder = FrameDecoder(LIMIT)
        for payload in payloads:
            frame = encode(payload)
            for byte in frame[:-1]:
                self.assertEqual(list(decoder.feed(bytes([byte]))), [])
            self.assertEqual(list(decoder.feed(frame[-1:])), [frame])

    @given(NEARLY, CUTS)
    @tried
    def test_junk(self, junk: bytes, cuts: list[int]) -> None:
        """Junk raises FrameError or nothing, and how it is cut changes neither frames nor outcome."""
        whole = feed_all(FrameDecoder(32), [junk])
        self.assertEqual(feed_all(FrameDecoder(32), chunks_of(junk, cuts)), whole)

    def test_field_fact_little_endian(self) -> None:
        """The size is read as little-endian: 0x0102 bytes, not 0x02010000."""
        frame = b"\xaa\xaa\x02\x01\x00\x00" + b"x" * 0x0102
        self.assertEqual(list(FrameDecoder(LIMIT).feed(frame)), [frame])

    def test_size_0_is_a_frame(self) -> None:
        """Between others, alone, and cut within its header."""
        empty = encode(b"")
        decoder = FrameDecoder(LIMIT)
        self.assertEqual(list(decoder.feed(empty + encode(b"x") + empty)), [empty, encode(b"x"), empty])
        self.assertEqual(list(decoder.feed(empty[:5])), [])
        self.assertEqual(list(decoder.feed(empty[5:] + empty)), [empty, empty])

    def test_unfinished(self) -> None:
        """A frame that has begun is held, and not given."""
        decoder = FrameDecoder(LIMIT)
        self.assertEqual(list(decoder.feed(encode(b"12345678")[:-1])), [])
        self.assertEqual(decoder.held, HEADER + 7)

    def test_whole_frame_is_not_held(self) -> None:
        """A chunk that is one frame is given as it is, without a copy."""
        frame = encode(b"x" * 500)
        (given_out,) = FrameDecoder(LIMIT).feed(frame)
        self.assertIs(given_out, frame)


class RefusalTests(SynchronousTestCase):
    """What is no frame."""

    def test_wrong_header(self) -> None:
        """Refused with the first wrong byte: no more of it is waited for."""
        starts = (b"\x00", b"\xaa\x00", b"\xab\xaa", b"\xaa\xab\x00\x00\x00\x00", b"\xff\xd8\xff\xe0")
        self.assertEqual(accepted(FrameError, lambda start: list(FrameDecoder(LIMIT).feed(start)), starts), [])

    def test_wrong_second_byte_in_a_later_chunk(self) -> None:
        """The same when the first byte was good and came alone."""
        decoder = FrameDecoder(LIMIT)
        self.assertEqual(list(decoder.feed(b"\xaa")), [])
        self.assertRaises(FrameError, list, decoder.feed(b"\x00\x00\x00\x00\x00"))

    def test_frames_before_a_bad_header(self) -> None:
        """The good frames of a chunk are given before the bad one is refused."""
        good = encode(b"one"), encode(b""), encode(b"two")
        frames, refused = feed_all(FrameDecoder(LIMIT), [b"".join(good) + b"junk"])
        self.assertEqual(frames, list(good))
        self.assertIsNotNone(refused)

    def test_limit(self) -> None:
        """The limit counts the header: a frame of just that size is one, a byte more is refused."""
        largest = encode(b"x" * (LIMIT - HEADER))
        self.assertEqual(list(FrameDecoder(LIMIT).feed(largest)), [largest])
        self.assertRaises(FrameError, list, FrameDecoder(LIMIT).feed(encode(b"x" * (LIMIT - HEADER + 1))))

    def test_limit_before_buffering(self) -> None:
        """A frame over the limit is refused with its header; of its payload nothing is held."""
        header = encode(b"x" * LIMIT)[:HEADER]
        decoder = FrameDecoder(LIMIT)
        self.assertRaises(FrameError, list, decoder.feed(header))
        self.assertEqual(decoder.held, 0)
        decoder = FrameDecoder(LIMIT)
        self.assertEqual(list(decoder.feed(header[:-1])), [])
        self.assertRaises(FrameError, list, decoder.feed(header[-1:] + b"x" * 500))
        self.assertEqual(decoder.held, HEADER)

    def test_largest_size(self) -> None:
        """2^32 - 1 is a number like others: over the limit, nothing is allocated by it."""
        self.assertRaises(FrameError, list, FrameDecoder(LIMIT).feed(MARK + b"\xff\xff\xff\xff"))

    @given(NEARLY, CUTS)
    @tried
    def test_held_is_bounded(self, data: bytes, cuts: list[int]) -> None:
        """Whatever comes, no more than one unfinished frame is held."""
        decoder = FrameDecoder(16)
        for chunk in chunks_of(data, cuts):
            try:
                for _ in decoder.feed(chunk):
                    pass
            except FrameError:
                self.assertLessEqual(decoder.held, HEADER)
                return
            self.assertLess(decoder.held, 16)
