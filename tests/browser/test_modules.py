"""The page's modules that only compute: what they make of what they get, in the browser that runs them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, Page

from tests.browser.cameras import frame
from tests.browser.counting import picture
from tests.support.process import Server


@pytest.fixture(scope="module")
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(ignore_https_errors=True, timezone_id="Europe/Berlin", locale="en-GB")
    page = context.new_page()
    page.goto(server.url)
    yield page
    context.close()


@pytest.fixture
def call(page: Page) -> Callable[..., Any]:
    """``call(module, expression, argument)``: the value of an expression of the module ``m`` and ``it``."""

    def ask(module: str, expression: str, it: Any = None) -> Any:
        code = f"""async (it) => {{ const m = await import("/console/{module}.js"); return {expression}; }}"""
        return page.evaluate(code, it)

    return ask


PUSH = """(() => {
  const parser = new m.FrameParser(it.largest);
  const bytes = Uint8Array.from(it.bytes);
  const payloads = [];
  for (let at = 0; at < bytes.length; at += it.step) payloads.push(...parser.push(bytes.subarray(at, at + it.step)));
  return payloads.map((each) => [...each]);
})()"""


@pytest.mark.parametrize("step", [1, 2, 5, 6, 7, 11, 1000])
def test_frames_are_whole_however_they_are_cut(call: Callable[..., Any], step: int) -> None:
    payloads = [b"abc", b"", bytes(range(200)), b"\xaa\xaa\x00", b""]
    stream = b"".join(frame(each) for each in payloads)
    found = call("live/frames", PUSH, {"bytes": list(stream), "step": step, "largest": 1000})
    assert [bytes(each) for each in found] == payloads


@pytest.mark.parametrize("stream", [b"\xaa\xab\0\0\0\0", b"GARBAGE", b"\xaa\xaa\xe9\x03\0\0"])
def test_what_is_no_frame_is_refused(call: Callable[..., Any], stream: bytes) -> None:
    """A wrong header, and one that claims a byte more than is believed."""
    tried = f"(() => {{ try {{ {PUSH}; return ''; }} catch (error) {{ return error.constructor.name; }} }})()"
    assert call("live/frames", tried, {"bytes": list(stream), "step": 3, "largest": 1000}) == "FrameError"


def test_a_header_is_little_endian(call: Callable[..., Any]) -> None:
    assert call("live/frames", "[...m.frameHeader(0x01020304)]") == [0xAA, 0xAA, 4, 3, 2, 1]


def test_pictures_are_told_by_their_first_bytes(call: Callable[..., Any]) -> None:
    kinds = {
        "image/jpeg": picture(1, 1),
        "image/png": b"\x89PNG\r\n\x1a\n" + bytes(20),
        "image/webp": b"RIFF\0\0\0\0WEBPVP8 " + bytes(20),
        "image/gif": b"GIF89a" + bytes(20),
        "image/avif": b"\0\0\0\x1cftypavif" + bytes(20),
        None: b"<html><script>",
    }
    for kind, data in kinds.items():
        assert call("live/pictures", "m.pictureType(Uint8Array.from(it))", list(data)) == kind
    assert call("live/pictures", "m.pictureType(new Uint8Array(0))") is None


def test_a_picture_that_claims_too_many_pixels_is_not_decoded(call: Callable[..., Any]) -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60000).to_bytes(4, "big") + (60000).to_bytes(4, "big") + b"\x08\x06\0\0\0"
    assert call("live/pictures", "m.isBearable(Uint8Array.from(it), 'image/png')", list(png)) is False
    jpeg = b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xff\xc2\0\x11\x08\xff\xff\xff\xff\x03"
    assert call("live/pictures", "m.isBearable(Uint8Array.from(it), 'image/jpeg')", list(jpeg)) is False
    assert call("live/pictures", "m.sizeOf(Uint8Array.from(it), 'image/jpeg')", list(picture(3, 4))) == {
        "width": 320,
        "height": 240,
    }


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpeg", b"\xff\xd8\xff"),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\0\x04\0\0no marker"),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("image/gif", b"GIF89a"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8X"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP9 " + bytes(40)),
    ],
)
def test_a_size_that_is_not_there_is_none(call: Callable[..., Any], kind: str, data: bytes) -> None:
    asked = {"data": list(data), "kind": kind}
    assert call("live/pictures", "m.sizeOf(Uint8Array.from(it.data), it.kind)", asked) is None


def as_file(kind: str, **more: Any) -> bytes:
    """A picture of 40x20, as Pillow writes it."""
    encoded = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 40, 40)).save(encoded, kind, **more)
    return encoded.getvalue()


def turned() -> bytes:
    """What a phone that was held upright writes: the picture lies, and its Exif data tell it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return as_file("JPEG", exif=exif.tobytes())


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (as_file("JPEG"), [40, 20]),
        (turned(), [20, 40]),
        (as_file("PNG"), [40, 20]),
        (as_file("WEBP"), [40, 20]),
        (as_file("GIF"), [40, 20]),
        (as_file("JPEG")[:-30], None),
        (b"\xff\xd8\xff" + bytes(50), None),
        (b"no picture", None),
    ],
)
def test_bytes_become_pictures(call: Callable[..., Any], data: bytes, size: list[int] | None) -> None:
    made = """(async () => {
      const bytes = Uint8Array.from(it);
      const { pictureType } = await import("/console/live/pictures.js");
      const made = await m.bitmapOf(bytes, pictureType(bytes));
      return made && [made.width, made.height, bytes.length];
    })()"""
    assert call("live/decoder", f"await {made}", list(data)) == (size and [*size, len(data)])


def test_a_plain_jpeg_has_no_exif_data(call: Callable[..., Any]) -> None:
    for data, plain in ((as_file("JPEG"), True), (turned(), False), (b"\xff\xd8\xff\xe0\0\x04\0\0\xff", True)):
        assert call("live/pictures", "m.isPlainJpeg(Uint8Array.from(it), 'image/jpeg')", list(data)) is plain
    assert call("live/pictures", "m.isPlainJpeg(Uint8Array.from(it), 'image/png')", list(as_file("JPEG"))) is False


def test_sub_protocols_have_kinds(call: Callable[..., Any]) -> None:
    kinds = {
        "RAW_JPEG": "picture",
        "raw_png_640x480": "picture",
        "RAW_JSON": "text",
        "RAW_H264": "",
        "": "",
        "JPEGISH": "",
    }
    for subproto, kind in kinds.items():
        assert call("live/pictures", "m.kindOf(it)", subproto) == kind


def test_text_is_utf_8_and_json_is_laid_out(call: Callable[..., Any]) -> None:
    text = "m.textOf(Uint8Array.from(it))"
    assert call("live/pictures", text, list("22,5 °C".encode())) == "22,5 °C"
    assert call("live/pictures", text, list(b'{"a":[1]}')) == json.dumps({"a": [1]}, indent=2)
    assert call("live/pictures", text, list(b"{not json")) == "{not json"
    assert call("live/pictures", text, [0xFF, 0xFE]) is None
    assert len(call("live/pictures", text, list("é".encode() * 15_000))) <= 20_001


def test_the_rate_is_of_the_last_seconds(call: Callable[..., Any]) -> None:
    rate = """(() => {
      const meter = new m.Meter();
      for (const time of it.times) meter.count(time);
      return meter.rate(it.now);
    })()"""
    steady = [1000 + 100 * number for number in range(50)]
    assert call("live/meter", rate, {"times": steady, "now": 5900}) == pytest.approx(10)
    assert call("live/meter", rate, {"times": steady, "now": 9000}) == 0
    assert call("live/meter", rate, {"times": [5], "now": 6}) == 0
    assert call("live/meter", rate, {"times": steady, "now": 6900}) == pytest.approx(2)


def test_waits_double_up_to_a_bound(call: Callable[..., Any]) -> None:
    waits = "(() => { const b = new m.Backoff(250, 2000, () => 0); return [1, 2, 3, 4, 5].map(() => b.next()); })()"
    assert call("core/backoff", waits) == [250, 500, 1000, 2000, 2000]
    early = "(() => { const b = new m.Backoff(1000, 2000, () => 1); b.next(); b.reset(); return b.next(); })()"
    assert call("core/backoff", early) == 750


def test_hashes_bring_names_back(call: Callable[..., Any]) -> None:
    for name in ("garden", "a/b", "ä#?%&", "<script>"):
        back = call("core/router", "m.parseHash(m.hashOf('records', it))", name)
        assert back == {"name": "records", "rest": name}
    assert call("core/router", "m.parseHash('#wall')") == {"name": "wall", "rest": ""}
    assert call("core/router", "m.parseHash('#records/%')") == {"name": "records", "rest": ""}


def test_less_than_one_of_a_unit_is_told_in_a_smaller_one(call: Callable[..., Any]) -> None:
    """Rounded up: what is said is allowed."""
    spans = {(168, "day"): "168 days", (1.5, "hour"): "1.5 hours", (1, "minute"): "1 minute", (0.5, "day"): "12 hours"}
    for span, text in {**spans, (0.004, "day"): "6 minutes", (0.01, "minute"): "1 second"}.items():
        assert call("core/time", "m.spanText(...it)", list(span)) == text


def test_some_names_are_every_machines_own(call: Callable[..., Any]) -> None:
    own = ("localhost", "cam.localhost", "127.0.0.1", "127.1.2.3", "[::1]")
    others = ("localhost.example", "mylocalhost", "192.0.2.7", "127.example.org", "[2001:db8::1]", "webcam.local")
    assert [each for each in (*own, *others) if call("pages/shares", "m.isThisMachine(it)", each)] == list(own)


def test_days_are_local(call: Callable[..., Any]) -> None:
    stamp = "2026-11-25 23:30:00.123456"
    assert call("core/time", "m.dayOfStamp(it, 60)", stamp) == "2026-11-26"
    assert call("core/time", "m.dayOfStamp(it, -60)", stamp) == "2026-11-25"
    assert call("core/time", "m.boundsOfDay('2026-11-26', 60)") == {
        "after": "2026-11-25 23:00:00.000000",
        "before": "2026-11-26 23:00:00.000000",
    }
    assert call("core/time", "m.clockText(it)", stamp) == "00:30:00"


def test_sizes_and_ages_are_short(call: Callable[..., Any]) -> None:
    sizes = {0: "0 B", 999: "999 B", 1000: "1 kB", 312_400: "312 kB", 1_250_000: "1.3 MB", 5_000_000_000: "5 GB"}
    for size, text in sizes.items():
        assert call("core/time", "m.sizeText(it)", size) == text
    ages = {0: "0.0 s", 440: "0.4 s", 12_000: "12 s", 180_000: "3 min"}
    for age, text in ages.items():
        assert call("core/time", "m.ageText(it)", age) == text


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", {"value": None}),
        ('{"a":1}', {"value": {"a": 1}}),
        ("[1,2]", {"value": [1, 2]}),
        ("3", {"problem": "kind", "at": -1}),
        ("null", {"problem": "kind", "at": -1}),
        ('{"a":,}', {"problem": "json", "at": -1}),
        ('{"a":1', {"problem": "json", "at": 6}),
    ],
)
def test_parameters_are_read_as_they_are_typed(call: Callable[..., Any], text: str, means: object) -> None:
    assert call("pages/params", "m.parseParams(it)", text) == means


LAYOUT = {"width": 1000, "least": 100, "gap": 10, "head": 50, "caption": 20}


def test_every_record_has_one_place(call: Callable[..., Any]) -> None:
    """None overlaps another, none lies outside of its day, and what is in sight is found by height."""
    days = [{"day": "c", "count": 25}, {"day": "b", "count": 1}, {"day": "a", "count": 9}]
    asked = {"days": days, "metrics": LAYOUT}
    layout = call("records/layout", "m.layOut(it.days, it.metrics)", asked)
    assert layout["columns"] == 9
    assert [each["first"] for each in layout["sections"]] == [0, 25, 26]
    places = call(
        "records/layout", "[...Array(35).keys()].map((each) => m.placeOf(m.layOut(it.days, it.metrics), each))", asked
    )
    assert len({(each["left"], each["top"]) for each in places}) == 35
    assert max(each["top"] for each in places) + layout["rowHeight"] == layout["height"]
    for top in range(0, layout["height"], 37):
        sight = call(
            "records/layout", "m.between(m.layOut(it.days, it.metrics), it.top, it.top + 200)", {**asked, "top": top}
        )
        in_sight = [
            index
            for index, each in enumerate(places)
            if each["top"] < top + 200 and each["top"] + layout["rowHeight"] > top
        ]
        assert set(in_sight) <= set(range(sight["from"], sight["to"]))
        assert sight["to"] - sight["from"] <= len(in_sight) + 2 * layout["columns"]


def test_an_empty_gallery_is_no_error(call: Callable[..., Any]) -> None:
    asked = {"days": [], "metrics": LAYOUT}
    assert call("records/layout", "m.between(m.layOut(it.days, it.metrics), 0, 500)", asked) == {
        "sections": [],
        "from": 0,
        "to": 0,
    }


def test_both_dictionaries_have_the_same_keys_and_places(page: Page) -> None:
    dictionaries = "[await import('/console/text/en.js'), await import('/console/text/de.js')]"
    both = page.evaluate(f"async () => {dictionaries}.map((each) => each.default)")
    english, german = both
    assert list(english) == list(german)
    places = "(text) => (text.match(/{(\\w+)}/g) ?? []).sort().join()"
    for key in english:
        assert page.evaluate(places, english[key]) == page.evaluate(places, german[key]), key


def test_numbers_choose_the_form_of_a_text(call: Callable[..., Any]) -> None:
    assert call("core/language", "[0, 1, 2000].map((n) => m.t('records.count', { n }))") == [
        "0 records",
        "1 record",
        "2,000 records",
    ]
    assert call("core/language", "m.t('no such key')") == "no such key"
    assert (
        call("core/language", "m.t('live.picture', { device: '{device} $& <b>' })") == "Live picture of {device} $& <b>"
    )
