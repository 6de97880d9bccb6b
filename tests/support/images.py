"""Pictures for tests, made by Pillow, and what is broken about some."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

RED, BLUE = (200, 30, 30), (30, 30, 200)


def halves(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """As a file of this kind."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(width: int = 640, height: int = 480, **options: Any) -> bytes:
    """A JPEG of :func:`halves`."""
    return encoded(halves(width, height), **options)


def opened(data: bytes) -> Image.Image:
    """The picture, decoded."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def png_of(width: int, height: int) -> bytes:
    """A PNG that says of itself to be so large, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


BITS, CELL = 6, 40
"""How a picture has its number: bits from the left, in squares of so many pixels, lit or not."""


def counting(number: int) -> bytes:
    """A JPEG that has its number on it."""
    image = Image.new("L", (BITS * CELL, CELL * 2))
    for bit in range(BITS):
        if number >> bit & 1:
            image.paste(255, (bit * CELL, 0, (bit + 1) * CELL, CELL * 2))
    return encoded(image.convert("RGB"))


def number_of(image: Image.Image) -> int:
    """What :func:`counting` wrote, after whatever decoding it went through."""
    grey = image.convert("L").resize((BITS, 1), Image.Resampling.BOX)
    return sum((1 << bit) for bit in range(BITS) if int(grey.getpixel((bit, 0))) > 127)  # type: ignore[call-overload]
