"""What kind of picture, video or sound some bytes are: a short list, and nothing that a browser would run."""

from __future__ import annotations

UNKNOWN = "application/octet-stream"

HEAD = 32
"""So many bytes from the beginning are enough."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_OTHER_VIDEO = "video/mp4"

KINDS = tuple(sorted({UNKNOWN, _OTHER_VIDEO, *dict(_STARTS).values(), *_RIFF.values(), *_BRANDS.values()}))
"""All that :func:`content_type` returns."""


def content_type(head: bytes) -> str:
    """The content type of data that begin with *head*; :data:`UNKNOWN` for all else."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], _OTHER_VIDEO)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    return UNKNOWN
