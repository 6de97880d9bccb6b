"""The request that applications see, over HTTP/2 and HTTP/1.1 alike.

Twisted's own knows a request only when its body has ended, keeps large bodies in temporary files without a bound and
parses forms. This one is told of its headers first: a path that the site lists as early gets its body bytes as they
arrive, every other body is held in memory up to the site's limit for its path.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web import http, server
from twisted.web.http_headers import Headers

from webcam.http.fieldblock import Field
from webcam.http.head import Head
from webcam.http.limits import BODY_GRACE, BODY_RATE, HELD, SMALL_BODY, SMALL_PIECE

if TYPE_CHECKING:
    from webcam.http.rounds import Place
    from webcam.http.site import Site


_JSON = ("content-type", "application/json")

_CODING = b"content-encoding"

_ABSOLUTE = re.compile(rb"\Ahttps?://[^/?]*", re.IGNORECASE)
"""What a client of HTTP/1.1 may put before the path (RFC 9112, 3.2.2)."""


class BodyConsumer(Protocol):
    """Takes a request's body as it arrives. Exactly one of ``ended`` and ``lost`` is called, once, as the last.

    ``live``: the body has no limit, may be silent for long, and end short of its declared length. Of any other one the
    bytes count as held until they are released.
    """

    @property
    def live(self) -> bool:
        """See above."""

    def chunk(self, data: bytes) -> None:
        """Some bytes of the body."""

    def ended(self) -> None:
        """The body is over; now the request wants its answer."""

    def lost(self) -> None:
        """The client reset the request or is gone, or the request was aborted from this side."""


class Request(server.Request):
    """One request and its answer."""

    defaultContentType = None  # noqa: N815
    channel: Any = None  # Twisted deletes its own when the answer is complete
    site: Site
    aborted = False
    declared: int | None = None
    place = b""
    """The path without percent-encoding, which clients use on letters that need none: what routes and limits go by."""
    complete = False
    _consumer: BodyConsumer | None = None
    _held = 0
    _paused = False
    _looked_at = 0.0
    _looked_size = 0
    _fields: Iterable[Field] = ()
    _declared_in_head = False
    _flows = False
    _half_closed = False
    _on_half_close: Callable[[], None] | None = None

    def __init__(self, channel: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(channel, *args, parsePOSTFormSubmission=False, **kwargs)
        self.body: list[bytes] = []
        self._small = bytearray()
        self.body_size = 0

    @property
    def requestHeaders(self) -> Headers:  # noqa: N802
        """As Twisted's, made of a head when they are asked for: most endpoints never do."""
        fields, self._fields = self._fields, ()
        for name, value in fields:
            self._headers.addRawHeader(name, value)
        return self._headers

    @requestHeaders.setter
    def requestHeaders(self, headers: Headers) -> None:  # noqa: N802
        self._headers = headers

    @property
    def is_encoded(self) -> bool:
        """Whether the body is said to have a coding, such as gzip. Headers are not made for it."""
        values = [value for name, value in self._fields if name == _CODING] or self._headers.getRawHeaders(_CODING, [])
        return any(each.strip().lower() not in (b"", b"identity") for each in b",".join(values).split(b","))

    # What the channel calls

    def take_head(self, head: Head) -> None:
        """The head of a request over HTTP/2."""
        self._fields = head.fields
        self._declared_in_head = True
        self.declared = head.length
        if head.cookies:
            self.parseCookies()

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Nothing is allocated by a length that a client merely declares."""

    def headersReceived(self, command: bytes, uri: bytes, version: bytes) -> None:  # noqa: N802
        """All headers are here and the request may be answered; the body follows."""
        if not uri.startswith(b"/"):
            uri = _ABSOLUTE.sub(b"", uri) or b"/"
        self.method, self.uri, self.clientproto = command, uri, version
        self.path, _, self.query = uri.partition(b"?")
        self.place = unquote_to_bytes(self.path) if b"%" in self.path else self.path
        self.args = {}
        self.site = self.channel.site
        self._looked_at = self.site.reactor.seconds()
        if not self._declared_in_head:
            self.declared = _declared_length(self.requestHeaders.getRawHeaders(b"content-length"))
        early = self.site.early.get(self.place)
        if early is not None:
            self._consumer = early(self)
        elif self.declared is not None and self.declared > self.site.body_limit(self.place):
            self.site.too_large(self)

    @property
    def live(self) -> bool:
        """Whether the body may be silent for long, and end short of its length."""
        return self._consumer is not None and self._consumer.live

    @property
    def gone(self) -> bool:
        """Whether nothing can be answered any more: the client is gone, or the answer is complete."""
        return bool(self._disconnected or self.finished or self.aborted)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Some bytes of the body."""
        if self.gone:
            return
        if self._consumer is not None and self._consumer.live:
            self._consumer.chunk(data)
            return
        self.body_size += len(data)
        if self.body_size > self.site.body_limit(self.place):
            self._turn_away(self.site.too_large)
            return
        met = self.site.bodies.take(self.address, len(data), self.body_size <= SMALL_BODY)
        if met is not None:
            self.site.tally.count(met, self.address, self.site.reactor.seconds())
            self._turn_away(self.site.overloaded)
            return
        self._held += len(data)
        if self._consumer is not None:
            self._consumer.chunk(data)
            return
        self._keep(data)
        if self.body_size > HELD and self.place in self.site.large:
            self._hand_over()

    def _turn_away(self, answer: Callable[[Request], None]) -> None:
        """No more of the body is wanted."""
        self.body.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.lost()
        self.resume_body()  # the rest is read, and dropped
        answer(self)

    def _hand_over(self) -> None:
        """What is here of the body, and what will come, to who takes large ones."""
        self._gather()
        self._consumer = self.site.large[self.place](self)
        pieces, self.body = self.body, []
        for piece in pieces:
            if self._consumer is not None:
                self._consumer.chunk(piece)

    def _keep(self, data: bytes) -> None:
        """A piece of two bytes costs forty to hold: small ones are put together."""
        if len(data) < SMALL_PIECE:
            self._small += data
            if len(self._small) < SMALL_PIECE:
                return
            data = b""
        self._gather()
        if data:
            self.body.append(data)

    def _gather(self) -> None:
        if self._small:
            self.body.append(bytes(self._small))
            self._small.clear()

    def place_in_rounds(self) -> Place:
        """Among those who wait for a turn, for whoever takes longer with what came: by the address that asks."""
        return self.site.rounds.place(self.address)

    def too_slow(self, now: float) -> bool:
        """Whether an ordinary body came at less than a trickle since the last look that was a grace ago."""
        if self._paused:
            self._looked_at, self._looked_size = now, self.body_size
        if self.live or self.complete or self.gone or now - self._looked_at <= BODY_GRACE:
            return False
        came = self.body_size - self._looked_size
        self._looked_at, self._looked_size = now, self.body_size
        return came < BODY_GRACE * BODY_RATE

    def _let_go(self) -> None:
        """The body is no longer held, and nobody waits for the client's end."""
        self._on_half_close = None
        self.body.clear()
        self._small.clear()
        self.release()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """The body is over."""
        self.complete = True
        self._gather()
        if self.gone:
            return
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            consumer.ended()
        else:
            self.process()

    def half_closed(self) -> None:
        """The client sends no more, and waits for its answer."""
        self._half_closed = True
        act, self._on_half_close = self._on_half_close, None
        if act is not None and not self.gone:
            act()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802
        """The client reset the request or is gone."""
        consumer, self._consumer = self._consumer, None
        self._on_half_close = None
        super().connectionLost(reason)
        self._let_go()
        if consumer is not None:
            consumer.lost()

    # What applications call

    @property
    def address(self) -> str:
        """The client's address without a port, IPv4 in IPv6 written as IPv4."""
        return host_of(self.getClientAddress())

    def vouch(self) -> None:
        """Whoever asks is known here: there are places for more connections from that address."""
        self.site.connections.vouch(self.address)

    @property
    def head_only(self) -> bool:
        """Whether the answer is wanted without its body (HEAD): writing one does nothing."""
        return bool(self.method == b"HEAD")

    def answer(self, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        """The whole answer at once; nothing happens when the client is gone."""
        if self.gone:
            return
        headers = tuple(headers)
        if _JSON in headers:
            self.channel.limit_records()
        whole = getattr(self.channel, "answer", None)
        if whole is not None and not self.head_only and not any(self.responseHeaders.getAllRawHeaders()):
            self.code = status
            self.startedWriting = self.finished = 1
            self._let_go()
            whole(_answer_fields(status, headers), _date(int(time.time())), body)
            self._cleanup()
            return
        self.setResponseCode(status)
        for name, value in headers:
            self.setHeader(name.encode("ascii"), value.encode("latin-1"))
        self.setHeader(b"content-length", b"%d" % len(body))
        self.start()
        with self.channel.corked():
            self.write(body)
            self.finish()

    def write(self, data: bytes | memoryview) -> None:
        """As Twisted's; once a body flows over HTTP/2 there is nothing more to ask of a piece of it."""
        if self._flows and not (self.finished or self._disconnected):
            self.channel.write(data)
            return
        super().write(data)
        bodiless = self.head_only or self.code in http.NO_BODY_CODES
        self._flows = not (self._encoder or self.chunked or bodiless) and self.clientproto == b"HTTP/2"

    def start(self) -> None:
        """Headers that every answer has."""
        self.responseHeaders.setRawHeaders(b"server", [b"webcam"])
        self.responseHeaders.setRawHeaders(b"date", [_date(int(time.time()))])

    def process(self) -> None:
        """Ask the site's resource, without the headers that :meth:`start` sets."""
        if self.path == b"*":
            self._handleStar()
            return
        self.prepath = []
        self.postpath = [unquote_to_bytes(each) for each in self.path[1:].split(b"/")]
        root = self.site.resource
        try:
            self.render(root if root.isLeaf else self.site.getResourceFor(self))
        except Exception:
            self.processingFailed(Failure())

    def abort(self) -> None:
        """End the request at once: RST_STREAM (CANCEL) on HTTP/2, the connection on HTTP/1.1."""
        if not self.gone:
            self.aborted = True
            self.channel.abortConnection()

    def when_half_closed(self, act: Callable[[], None]) -> None:
        """Call *act* as soon as the client sends no more: of an answer that would go on for ever, or wait for long.
        Nobody would notice when that client goes."""
        if self.gone:
            return
        if self._half_closed:
            act()
        else:
            self._on_half_close = act

    def trust(self) -> None:
        """The client has shown who it is: its body may come as fast as the line allows."""
        if not self.gone:
            self.channel.widen_upload()

    def pause_body(self) -> None:
        """Take no more of the body for now; the client is held back by flow control."""
        if not self.gone:
            self._paused = True
            self.channel.pause_upload()

    def resume_body(self) -> None:
        """Take the body again."""
        if self._paused and not self.gone:
            self._paused = False
            self.channel.resume_upload()

    def release(self, size: int | None = None) -> None:
        """So many bytes of the body are held no longer, or none of them."""
        size = self._held if size is None else min(size, self._held)
        if size:
            self._held -= size
            self.site.bodies.give_back(self.address, size)

    def unregisterProducer(self) -> None:  # noqa: N802
        """As Twisted's, and no error when the client is gone."""
        if self.finished or self._disconnected:
            self.producer = None
        else:
            super().unregisterProducer()

    def finish(self) -> None:
        """As Twisted's, and no error when the client is gone."""
        if not self.gone:
            self._let_go()
            super().finish()


@lru_cache(maxsize=64)
def _answer_fields(status: int, headers: tuple[tuple[str, str], ...]) -> tuple[Field, ...]:
    """Status and headers as HTTP/2 sends them, but for date and length."""
    named = ((name.encode("ascii"), value.encode("latin-1")) for name, value in headers)
    return ((b":status", b"%d" % status), (b"server", b"webcam"), *named)


@lru_cache(maxsize=2)
def _date(seconds: int) -> bytes:
    return bytes(http.datetimeToString(seconds))


def _declared_length(values: Any) -> int | None:
    if values and values[0].isdigit():
        return int(values[0])
    return None


def host_of(address: IAddress | None) -> str:
    host = str(getattr(address, "host", ""))
    return host[7:] if host.startswith("::ffff:") and "." in host else host
