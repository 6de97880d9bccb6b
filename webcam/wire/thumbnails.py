"""A small picture of a picture: any bytes in, a JPEG out, or nothing. Whatever comes costs bounded memory and time."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image, ImageOps

from webcam.wire import sniff

SIDE = 320
"""Pixels: a thumbnail is as large as fits in a square of this side, and never larger than its picture."""

QUALITY = 75
"""Of JPEG: some 10 KB of a photograph."""

MOST_BYTES = 32 * 1024 * 1024
"""Of a larger picture there is none."""

PIXELS = 64_000_000
"""Of a picture, by its own word; telephones take 50 million."""

DECODED = 24_000_000
"""Pixels that are in memory at once, 4 bytes each. A JPEG of more is decoded at a half to an eighth of its size."""

SCANS = 100
"""Of a JPEG: one of a few kilobytes can have thousands, each as long to decode as the whole picture. Usual are ten."""

TYPES = frozenset(("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"))
"""Content types that there may be one of: what browsers show, and whose decoders run nothing else."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_SCAN = b"\xff\xda"
_PLAIN = frozenset(("L", "LA", "RGB", "RGBA"))

warnings.filterwarnings("ignore", module=r"PIL\.")  # what a picture says wrongly of itself is no news


def may_have_one(head: bytes) -> bool:
    """Whether data are a picture by their first :data:`webcam.wire.sniff.HEAD` bytes."""
    return sniff.content_type(head) in TYPES


def thumbnail(data: bytes) -> bytes | None:
    """The JPEG, upright by EXIF and without any metadata; ``None`` for what is broken, too large, or no picture."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _encoded(_reduced(image)) if _is_bounded(image, data) else None
    except MemoryError:
        raise
    except Exception:  # broken data lead decoders to any of them: ValueError, struct.error, zlib.error, KeyError...
        return None


def _is_bounded(image: Image.Image, data: bytes) -> bool:
    """Whether decoding it is; nothing is decoded yet. A JPEG that can be is set to be decoded at less than its size."""
    width, height = image.size
    if width * height > PIXELS:
        return False
    if image.format in ("JPEG", "MPO"):
        if data.count(_SCAN) > SCANS:
            return False
        if not image.info.get("progressive"):  # or the decoder has all of it in memory
            scale = SIDE / max(width, height)
            image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
    return image.width * image.height <= DECODED


def _reduced(image: Image.Image) -> Image.Image:
    if image.mode not in _PLAIN:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    image = ImageOps.exif_transpose(image)
    ground = Image.new("RGB", image.size, "white")  # with nothing of what the picture says of itself
    ground.paste(image.convert("RGB"), mask=image.convert("RGBA").getchannel("A"))
    return ground


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
