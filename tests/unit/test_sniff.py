"""Content types of records: a short list of pictures, video and sound, and nothing that a browser would run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from webcam.wire.sniff import HEAD, UNKNOWN, content_type

KNOWN = {
    b"\xff\xd8\xff\xe0\x00\x10JFIF": "image/jpeg",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "image/png",
    b"GIF89a": "image/gif",
    b"GIF87a": "image/gif",
    b"BM\x00\x00": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "image/webp",
    b"RIFF\x00\x00\x00\x00AVI LIST": "video/x-msvideo",
    b"RIFF\x00\x00\x00\x00WAVEfmt ": "audio/wav",
    b"\x00\x00\x00\x20ftypisom": "video/mp4",
    b"\x00\x00\x00\x20ftypmp42": "video/mp4",
    b"\x00\x00\x00\x14ftypqt  ": "video/quicktime",
    b"\x00\x00\x00\x20ftypavif": "image/avif",
    b"\x00\x00\x00\x20ftypheic": "image/heic",
    b"\x00\x00\x00\x20ftypmif1": "image/heif",
    b"\x00\x00\x00\x20ftypM4A ": "audio/mp4",
    b"\x1aE\xdf\xa3": "video/webm",
    b"OggS\x00": "application/ogg",
    b"fLaC\x00": "audio/flac",
    b"ID3\x03": "audio/mpeg",
    b"\xff\xfb\x90": "audio/mpeg",
}
HARMLESS = ("image/", "video/", "audio/", "application/ogg", UNKNOWN)


class SniffTests(SynchronousTestCase):
    """What a record begins with."""

    def test_known(self) -> None:
        """Each kind of the list, cut where the head is cut."""
        found = {head: content_type((head + b"\x01" * 40)[:HEAD]) for head in KNOWN}
        self.assertEqual(found, KNOWN)

    def test_pages_are_none(self) -> None:
        """What a browser runs, or what only claims to be a picture, is bytes."""
        heads = (
            b"<!DOCTYPE html>",
            b"<html>",
            b"<svg xmlns=",
            b"<?xml version",
            b"%PDF-1.7",
            b"<script>",
            b"\xfe\xff<",
        )
        for head in (*heads, b"", b"\xff\xd8", b"\x89PNG", b"RIFF", b"RIFF\0\0\0\0XXXX", b"ftypisom", b"JFIF", b"{}"):
            self.assertEqual(content_type(head), UNKNOWN, head)

    @given(st.binary(max_size=HEAD), st.sampled_from([b"", b"RIFF1234", b"1234ftyp", *KNOWN]))
    @tried
    def test_harmless(self, rest: bytes, start: bytes) -> None:
        """Whatever the bytes: never text, markup or script; SVG is no picture here."""
        kind = content_type(start + rest)
        self.assertTrue(kind.startswith(HARMLESS), kind)
        self.assertNotIn("svg", kind)
