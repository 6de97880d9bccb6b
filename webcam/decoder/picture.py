"""A small picture of a picture: any bytes in, a JPEG out, or nothing. Whatever comes costs bounded time.

The memory is bounded by the process that this runs in (:mod:`.__main__`).
"""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

SIDE = 320
"""Pixels: a thumbnail is as large as fits in a square of this side, and never larger than its picture."""

QUALITY = 75
"""Of JPEG: some 10 KB of a photograph."""

PIXELS = 64_000_000
"""Of a picture, by its own word; telephones take 50 million."""

SCANS = 100
"""Of a JPEG: one of a few kilobytes can have thousands, each as long to decode as the whole picture. Usual are ten."""

_FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    GifImagePlugin.GifImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
)
"""What browsers show, and whose decoders run no other program. All of them are imported here, so that no picture makes
Pillow look for its others."""

_SCAN = b"\xff\xda"
_PLAIN = frozenset(("L", "LA", "RGB", "RGBA"))

warnings.filterwarnings("ignore", module=r"PIL\.")  # what a picture says wrongly of itself is no news


def thumbnail(data: bytes) -> bytes | None:
    """Return the JPEG, upright by EXIF and without any metadata; ``None`` for what is broken, too large, or no picture.

    Raises :class:`MemoryError`.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _encoded(_reduced(image)) if _is_bounded(image, data) else None
    except MemoryError:
        raise
    except Exception:  # broken data lead decoders to any of them: ValueError, struct.error, zlib.error, KeyError...
        return None


def _is_bounded(image: Image.Image, data: bytes) -> bool:
    """Whether decoding takes bounded time; nothing is decoded yet. A JPEG is set to be decoded at less than its size,
    down to an eighth."""
    width, height = image.size
    if width * height > PIXELS:
        return False
    if image.format in ("JPEG", "MPO"):
        if data.count(_SCAN) > SCANS:
            return False
        scale = SIDE / max(width, height)
        image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
    return True


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
