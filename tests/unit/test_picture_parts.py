"""Frames as parts of a multipart answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.multipart import MultipartReader
from tests.support.properties import tried
from webcam.wire import pictures
from webcam.wire.frames import encode

STARTS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF....WEBP": "image/webp"}
PICTURES = st.tuples(st.sampled_from(sorted(STARTS)), st.binary(max_size=200)).map(b"".join)


class PartTests(SynchronousTestCase):
    def test_a_part(self) -> None:
        self.assertEqual(
            pictures.part(encode(b"\xff\xd8\xff.")),
            b"Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff.\r\n--webcam-picture\r\n",
        )

    @tried
    @given(st.lists(PICTURES, max_size=5), st.integers(1, 50))
    def test_every_picture_comes_back_and_each_is_whole_with_its_own_bytes(self, shown: list[bytes], size: int) -> None:
        """Whatever it holds, the boundary included; nothing has to come behind it."""
        shown.append(b"\xff\xd8\xff" + pictures.OPENING)
        reader = MultipartReader(pictures.MULTIPART)
        reader.feed(pictures.OPENING)
        for number, each in enumerate(shown):
            part = pictures.part(encode(each))
            assert part is not None
            for start in range(0, len(part), size):
                reader.feed(part[start : start + size])
            self.assertEqual([one.data for one in reader.parts], shown[: number + 1])
        self.assertEqual(
            [STARTS[s] for one in shown for s in STARTS if one.startswith(s)], [o.kind for o in reader.parts]
        )

    def test_what_a_browser_could_run_or_does_not_show_is_no_picture(self) -> None:
        for payload in (b"", b"x", b"<svg onload=alert(1)>", b"GIF89a", b"BM", b"RIFF....AVI ", b"\xff\xd8"):
            self.assertIsNone(pictures.part(encode(payload)), payload)
            self.assertEqual(pictures.is_other(encode(payload)), payload != b"")
        self.assertFalse(pictures.is_other(encode(b"\xff\xd8\xff")))
