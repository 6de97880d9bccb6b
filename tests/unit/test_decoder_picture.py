"""A small picture of a picture, and of what is none nothing."""

from __future__ import annotations

import random
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from tests.support.images import BLUE, RED, encoded, halves, jpeg, opened, png_of
from tests.support.properties import tried
from webcam.decoder import picture
from webcam.decoder.picture import PIXELS, SCANS, thumbnail
from webcam.service.thumbnails import TYPES
from webcam.wire import sniff

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
ORIENTATION = 0x0112


class Case(SynchronousTestCase):
    def small(self, data: bytes) -> Image.Image:
        """The thumbnail, decoded."""
        made = thumbnail(data)
        assert made is not None
        image = opened(made)
        self.assertEqual((image.format, image.mode), ("JPEG", "RGB"))
        return image

    def near(self, image: Image.Image, place: tuple[int, int], colour: tuple[int, ...]) -> None:
        found = image.getpixel(place)
        assert isinstance(found, tuple)
        self.assertTrue(all(abs(a - b) < 12 for a, b in zip(found, colour, strict=True)), (found, colour))


class Pictures(Case):
    def test_it_fits_in_its_square(self) -> None:
        sizes = {
            (640, 480): (320, 240),
            (480, 640): (240, 320),
            (3200, 100): (320, 10),
            (1, 5000): (1, 320),
            (321, 321): (320, 320),
        }
        self.assertEqual({size: self.small(jpeg(*size)).size for size in sizes}, sizes)

    def test_a_small_one_stays_as_small(self) -> None:
        for size in ((1, 1), (16, 8), (320, 320)):
            self.assertEqual(self.small(jpeg(*size)).size, size)

    def test_every_kind(self) -> None:
        for kind in KINDS:
            data = encoded(halves(800, 600), kind)
            self.assertIn(sniff.content_type(data[: sniff.HEAD]), TYPES, kind)
            image = self.small(data)
            self.near(image, (160, 20), RED)
            self.near(image, (160, 220), BLUE)

    def test_every_mode(self) -> None:
        for mode, kind in (
            ("L", "JPEG"),
            ("CMYK", "JPEG"),
            ("P", "PNG"),
            ("1", "PNG"),
            ("LA", "PNG"),
            ("RGBA", "WEBP"),
        ):
            self.assertEqual(self.small(encoded(halves(800, 600, mode), kind)).size, (320, 240), mode)

    def test_what_is_transparent_is_white(self) -> None:
        image = halves(400, 400, "RGBA")
        image.putalpha(0)
        for kind in ("PNG", "WEBP", "GIF"):
            self.near(self.small(encoded(image, kind)), (10, 10), (255, 255, 255))

    def test_it_stands_upright(self) -> None:
        """As EXIF says the camera was held."""
        for orientation, place in ((3, (160, 220)), (6, (220, 160)), (8, (20, 160))):
            exif = Image.Exif()
            exif[ORIENTATION] = orientation
            image = self.small(jpeg(640, 480, exif=exif))
            self.assertEqual(image.size, (320, 240) if orientation == 3 else (240, 320))
            self.near(image, place, RED)

    def test_nothing_goes_along_that_the_picture_says_of_itself(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "where I live"
        data = jpeg(exif=exif, comment=b"where I live", icc_profile=b"where I live" * 20)
        self.assertIn(b"where I live", data)
        self.assertNotIn(b"where I live", thumbnail(data) or b"where I live")

    def test_the_first_of_an_animation(self) -> None:
        for kind in ("GIF", "WEBP", "PNG"):
            data = encoded(Image.new("RGB", (400, 400), RED), kind, save_all=True, append_images=[halves(400, 400)])
            self.near(self.small(data), (160, 300), RED)

    def test_a_photograph_is_some_ten_kilobytes(self) -> None:
        noise = Image.effect_noise((1600, 1200), 40).convert("RGB")
        self.assertLess(len(thumbnail(encoded(noise, quality=90)) or b""), 40_000)


class Bounds(Case):
    def test_what_is_too_large_is_not_decoded(self) -> None:
        with mock.patch.object(Image.Image, "thumbnail", side_effect=AssertionError("decoded")):
            for width, height in ((8001, 8000), (65_000, 65_000), (32_001, 2000)):
                self.assertGreater(width * height, PIXELS)
                self.assertIsNone(thumbnail(png_of(width, height)))

    def test_a_jpeg_is_decoded_at_less_than_its_size(self) -> None:
        sizes: list[tuple[int, int]] = []
        reduce = picture._reduced

        def seen(image: Image.Image) -> Image.Image:
            sizes.append(image.size)
            return reduce(image)

        with mock.patch.object(picture, "_reduced", seen):
            for progressive in (False, True):
                data = encoded(Image.new("L", (4000, 3000)), progressive=progressive)
                self.assertEqual(self.small(data).size, (320, 240))
        self.assertEqual(sizes, [(500, 375)] * 2)

    def test_one_of_very_many_scans_is_not_decoded(self) -> None:
        data = jpeg(progressive=True)
        scan = data[data.rindex(b"\xff\xda") : -2]
        self.assertIsNotNone(thumbnail(data[:-2] + scan * (SCANS // 2) + data[-2:]))
        self.assertIsNone(thumbnail(data[:-2] + scan * SCANS + data[-2:]))

    def test_a_webp_that_says_to_be_huge(self) -> None:
        """Its canvas is 16,384 pixels wide and high, of which nothing is there."""
        canvas = (16_383).to_bytes(3, "little") * 2
        body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes([2, 0, 0, 0]) + canvas
        body += b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
        self.assertIsNone(thumbnail(b"RIFF" + len(body).to_bytes(4, "little") + body))

    def test_memory_that_is_missing_is_nothing_about_the_picture(self) -> None:
        with mock.patch.object(picture, "_reduced", side_effect=MemoryError):
            self.assertRaises(MemoryError, thumbnail, jpeg())


class Broken(Case):
    def test_what_is_no_picture(self) -> None:
        for data in (b"", b"\xff", b"{}", b"\xff\xd8\xff", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(1000)):
            self.assertIsNone(thumbnail(data))
        for head in (b"", b"{}", b"%!PS-Adobe", b"II*\x00", b"\x00\x00\x00\x20ftypisom", b"RIFF\0\0\0\0AVI "):
            self.assertNotIn(sniff.content_type(head), TYPES, head)

    def test_kinds_whose_decoders_run_programs_are_none(self) -> None:
        for kind in ("EPS", "TIFF", "ICO", "PPM", "PDF"):
            self.assertIsNone(thumbnail(encoded(halves(64, 64), kind)), kind)

    def test_cut_short(self) -> None:
        for kind in KINDS:
            data = encoded(halves(400, 300), kind)
            for size in (8, 20, 50, len(data) // 2):
                self.assertIsNone(thumbnail(data[:size]), (kind, size))

    def test_bytes_that_were_changed_by_chance(self) -> None:
        """Something comes out or nothing does; nothing is raised."""
        chance = random.Random(7)
        came = 0
        for number in range(400):
            data = bytearray(encoded(halves(64, 48), KINDS[number % len(KINDS)]))
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            came += thumbnail(bytes(data)) is not None
        self.assertGreater(came, 50)

    @tried
    @given(
        st.sampled_from((b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x40\0\0\0WEBP", b"BM")),
        st.binary(),
    )
    def test_any_bytes(self, start: bytes, data: bytes) -> None:
        made = thumbnail(start + data)
        self.assertTrue(made is None or made.startswith(b"\xff\xd8"))
