"""Pictures that count: which camera's they are, and the how-manieth, as blocks of black and white that survive JPEG."""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 320, 240
COLUMNS = 8
ROWS = 4
PATTERN = 0b10110010
"""The last row of each: what shows something else is none of these pictures."""

READ = """
(canvas) => {
  const small = new OffscreenCanvas(320, 240);
  const context = small.getContext("2d");
  context.drawImage(canvas, 0, 0, 320, 240);
  const { data } = context.getImageData(0, 0, 320, 240);
  const bit = (row, column) => (data[((row * 60 + 30) * 320 + column * 40 + 20) * 4] > 127 ? 1 : 0);
  return [0, 1, 2, 3].map((row) => [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, column) => sum * 2 + bit(row, column), 0));
}
"""
"""JavaScript: the four rows of a canvas as bytes: camera, count (high, low), pattern."""


@functools.lru_cache(maxsize=1024)
def picture(camera: int, count: int) -> bytes:
    """A JPEG of 320x240."""
    image = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for row, byte in enumerate((camera, count >> 8 & 255, count & 255, PATTERN)):
        for column in range(COLUMNS):
            if byte >> (COLUMNS - 1 - column) & 1:
                left, top = column * WIDTH // COLUMNS, row * HEIGHT // ROWS
                draw.rectangle((left, top, left + WIDTH // COLUMNS - 1, top + HEIGHT // ROWS - 1), fill=255)
    return jpeg(image)


def jpeg(image: Image.Image) -> bytes:
    """Any picture as a JPEG."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=60)
    return encoded.getvalue()
