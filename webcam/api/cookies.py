"""The console's cookie: a session's token where no script reads it, taken from this server's own pages alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from webcam.http.request import Request

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
"""Hosts whose pages a browser trusts with such a cookie without TLS, too (W3C, Secure Contexts, 3.1)."""


def cookie_name(base: str, instance: str) -> str:
    """With a prefix by which browsers take it from this very host, over TLS, alone (RFC 6265bis, 4.1.3).

    *base* is the path that all paths of this server begin with. *instance* is the server's id: a browser has one jar
    for all ports of a host, and sends what it got from one to the others (RFC 6265, 8.5).
    """
    return f"{'__Host' if base == '/' else '__Secure'}-webcam-{instance}"


def give_cookie(request: Request, name: str, base: str, token: str | None) -> None:
    """Let the answer hand *token* to the browser for as long as that runs; ``None`` takes away what it has."""
    value = f"{name}={token or ''}; Path={base}; Secure; HttpOnly; SameSite=Strict"
    if token is None:
        value += "; Max-Age=0"
    request.responseHeaders.addRawHeader(b"set-cookie", value.encode("ascii"))


def cookie_token(request: Request, name: str) -> str | None:
    """The token in the request's cookie; ``None`` when there is none, or a page of another site asks with it."""
    token = request.received_cookies.get(name.encode())
    return token.decode("latin-1") if token and _is_own(request) else None


def is_foreign(request: Request) -> bool:
    """Whether a browser says that a page of another site is asking. What is no browser says nothing."""
    says = request.getHeader("sec-fetch-site") or request.getHeader("origin")
    return bool(says) and not _is_own(request)


def _is_own(request: Request) -> bool:
    """Whether a browser says that a page of this server asks; old ones tell where that page is from."""
    site = request.getHeader("sec-fetch-site")
    if site is not None:
        return bool(site == "same-origin")
    origin = request.getHeader("origin")
    return origin is not None and is_origin_of(origin, request.getHeader("host") or "")


def is_origin_of(origin: str, host: str) -> bool:
    """Whether *origin*, as a browser writes it, is that of a server which it asks as *host*."""
    try:
        parts = urlsplit(origin.lower())
        trusted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    except ValueError:
        return False
    return trusted and bool(host) and f"{parts.scheme}://{host.lower()}" == origin.lower()
