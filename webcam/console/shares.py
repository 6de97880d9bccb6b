"""Endpoints: links that share a stream, for their account and for who has one."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

from webcam.api.answers import log_refusal
from webcam.api.guard import Call
from webcam.api.pictures import MAX_CACHE, show_picture, show_stream, with_pictures
from webcam.console.files import SECURITY
from webcam.consolemodel import Share
from webcam.errors import MalformedRequest, NoSuchLink
from webcam.wire import console, fields, replies

MAX_HOURS = 8760
"""A year."""

_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex"),
    *SECURITY,
)
_FOLDER = Path(__file__).with_name("templates")
_PAGE = Template((_FOLDER / "share.html").read_text("utf-8"))
_ENDED = Template((_FOLDER / "ended.html").read_text("utf-8"))

_WORDS = {
    "en": {
        "lang": "en",
        "live": "Live picture",
        "until": "This link works until",
        "none": "There is no picture at the moment. As soon as there is one, it appears here.",
        "ended": "This link has ended",
        "ask": "It has run out, was taken back, or is not complete. Whoever gave it to you can make another one.",
    },
    "de": {
        "lang": "de",
        "live": "Live-Bild",
        "until": "Dieser Link gilt bis",
        "none": "Im Moment gibt es kein Bild. Sobald es wieder eins gibt, erscheint es hier.",
        "ended": "Dieser Link gilt nicht mehr",
        "ask": "Er ist abgelaufen, wurde zurückgenommen oder ist nicht vollständig. Wer ihn dir gegeben hat, kann einen"
        " neuen machen.",
    },
}


async def shares(call: Call) -> bytes:
    return console.shares(await call.services.shares.of(call.session))


async def share(call: Call) -> bytes:
    device = call.params.required_text(fields.DEVICE)
    hours = call.params.integer(fields.HOURS, lowest=1, highest=MAX_HOURS)
    if hours is None:
        raise MalformedRequest(f"{fields.HOURS} is missing")
    return console.shared(*await call.services.shares.make(call.session, device, hours))


async def unshare(call: Call) -> bytes:
    share_id = call.params.integer(fields.SHARE_ID)
    if share_id is None:
        raise MalformedRequest(f"{fields.SHARE_ID} is missing")
    await call.services.shares.remove(call.session, share_id)
    return replies.OK


async def page(call: Call) -> None:
    """The live picture, or in clear words that there is none any more."""
    words = _WORDS[_language(call.request.getHeader("accept-language") or "")]
    try:
        found = await _link(call)
    except NoSuchLink as failure:
        log_refusal(call.request, failure)
        call.request.answer(404, _ENDED.substitute(words).encode(), _HEADERS)
        return
    more = {
        "device": html.escape(found.device),
        "token": _token(call),
        "end": call.services.shares.date_share(found).until[:16],
    }
    call.request.answer(200, _PAGE.substitute(words, **more).encode(), _HEADERS)


async def stream(call: Call) -> None:
    """The pictures, until the stream, the link or the client ends."""
    shares, found = call.services.shares, await _link(call)
    live = with_pictures(shares.stream(found))
    show_stream(call, lambda viewer: shares.watch(found, live, viewer))


async def picture(call: Call) -> None:
    """The newest one."""
    cache = call.params.integer(fields.CACHE, highest=MAX_CACHE)
    found = await _link(call)
    await show_picture(call, with_pictures(call.services.shares.stream(found)), cache or 0)


async def _link(call: Call) -> Share:
    return await call.services.shares.find(_token(call), call.request.address)


def _token(call: Call) -> str:
    below = call.request.place.removeprefix(call.services.base.encode())
    return below.split(b"/")[1].decode("latin-1")


def _language(accepted: str) -> str:
    """The first one of ``accept-language`` that there are words in; browsers name the best one first."""
    named = [each.partition(";")[0].strip().lower().partition("-")[0] for each in accepted.split(",")]
    return next((each for each in named if each in _WORDS), "en")
