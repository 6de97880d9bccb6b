"""Who asks through a proxy: ``X-Forwarded-For`` and ``Forwarded`` (RFC 7239) of trusted peers.

Each proxy writes the address of its own client behind what it was told, so what a chain says is worth as much as who
wrote it: read from its right end, the first address that is no trusted proxy's is the client's, and what stands left of
it anybody may have made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from webcam.address import Networks, read_address
from webcam.http.request import Request

HOPS = 16
"""Proxies in a row, at most."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_pair = re.compile(rf'\s*({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")\s*').fullmatch


def client_behind(peer: str, proxies: Networks, plain: Sequence[str], standard: Sequence[str]) -> str:
    """The address that a request comes from, whose connection comes from *peer*.

    *plain* and *standard* are the values of its ``X-Forwarded-For`` and ``Forwarded`` fields. It is *peer* itself
    unless that is a trusted proxy, and also when the fields are malformed or contradict each other: a proxy that writes
    one of them may hand on the other as a client made it up.
    """
    if peer not in proxies:
        return peer
    found = []
    if plain:
        found.append(_first_untrusted(proxies, map(_node, _from_the_right(plain))))
    if standard:
        found.append(_first_untrusted(proxies, map(_for, _from_the_right(standard))))
    return found[0] or peer if len(set(found)) == 1 else peer


def _from_the_right(values: Sequence[str]) -> Iterable[str]:
    """Elements of a list, split at any comma: what the last proxy wrote has none, whatever quotes stand before it."""
    return reversed(",".join(values).rsplit(",", HOPS)[-HOPS:])


def _first_untrusted(proxies: Networks, chain: Iterable[str | None]) -> str | None:
    """``None`` where something else than an address comes first. A chain of nothing but proxies began at its last."""
    address = None
    for address in chain:
        if address is None or address not in proxies:
            return address
    return address


def _node(text: str) -> str | None:
    """The address of ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1``, ``[2001:db8::1]`` or ``[2001:db8::1]:80``."""
    host = text.strip()
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not _is_port(rest)):
            return None
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
        if not _is_port(f":{port}"):
            return None
    return read_address(host)


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _for(element: str) -> str | None:
    """The address of ``for=192.0.2.1;proto=https``, of ``for="[2001:db8::1]:80"``; of ``for=unknown`` there is none."""
    nodes = []
    for text in element.split(";"):
        pair = _pair(text)
        if pair is None:
            return None
        if pair[1].lower() == "for":
            nodes.append(pair[2])
    return _node(nodes[0].strip('"')) if len(nodes) == 1 else None


class ForwardedRequest(Request):
    """A request to a site that has trusted proxies in front of it."""

    @cached_property
    def address(self) -> str:
        """The client's address, be it behind proxies; see :func:`client_behind`."""
        return client_behind(
            super().address, self.site.proxies, self._values("x-forwarded-for"), self._values("forwarded")
        )

    def _values(self, name: str) -> list[str]:
        return list(self.requestHeaders.getRawHeaders(name, []))
