"""The console's files, whole in memory: each as it lies in ``static``, and zipped where that makes it smaller."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from webcam.api.fixed import Fixed, Headers, fixed, fixed_route
from webcam.http.request import Request

FOLDER = "console"
"""What the path of a file begins with, but for those that have to lie beside the page."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""By a file's ending; a file of another kind is none of the console's."""

PLACES = {"index.html": "", **{each: each for each in ("favicon.ico", "manifest.webmanifest", "worker.js")}}
"""Paths of the page itself, of what rules over the folder that it lies in (an application's name, its worker), and of
the icon that browsers ask for beside a picture or JSON, which can't name one."""

_OWN = "'self'"
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src {_OWN}" for kind in ("script", "style", "connect", "worker", "manifest", "font")),
        f"img-src {_OWN} blob: data:",
        f"media-src {_OWN} blob:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""What a page may load and run: files of this server, pictures that it makes itself, and nothing that is written in."""

PERMISSIONS = "camera=(self), microphone=(self), screen-wake-lock=(self), fullscreen=(self), geolocation=(), payment=()"

SECURITY: Headers = (
    ("content-security-policy", POLICY),
    ("permissions-policy", PERMISSIONS),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
"""Headers of every page and file."""

_NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*\Z")


@lru_cache(maxsize=1)
def routes() -> dict[str, Callable[[Request], None]]:
    """The route of every file, by its path without the slash at its beginning."""
    return {path: fixed_route(_chooser(path, body)) for path, body in _found()}


def _found() -> list[tuple[str, bytes]]:
    """Every file of a kind that is known, however deep, by its path."""
    folder = Path(__file__).with_name("static")
    files = [each for each in sorted(folder.rglob("*")) if each.suffix in TYPES]
    names = [each.relative_to(folder).as_posix() for each in files]
    return [(PLACES.get(name, f"{FOLDER}/{name}"), file.read_bytes()) for name, file in zip(names, files, strict=True)]


def _chooser(path: str, body: bytes) -> Callable[[Request], Fixed]:
    """What a request gets of a file: *path* is empty for the page."""
    headers = (("content-type", TYPES[Path(path or "index.html").suffix]), *SECURITY)
    headers = (*headers, ("vary", "accept-encoding"))
    plain = fixed(body, headers)
    small = gzip.compress(body, mtime=0)
    if len(small) >= len(body):
        return lambda _: plain
    zipped = fixed(small, (*headers, ("content-encoding", "gzip")))
    return lambda request: zipped if takes_gzip(request.getHeader("accept-encoding") or "") else plain


def takes_gzip(accepted: str) -> bool:
    """Whether an ``accept-encoding`` header allows it (RFC 9110, 12.5.3)."""
    named = [each.strip().lower() for each in accepted.split(",")]
    return any(each.partition(";")[0].strip() == "gzip" and not _NO_GZIP.match(each) for each in named)
