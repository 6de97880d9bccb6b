"""Publishing: the upload of ``input.raw``, frame by frame as its bytes arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from webcam.api.answers import as_failure, log_refusal
from webcam.api.guard import PUBLISHER, allowed, session_of
from webcam.api.services import Services
from webcam.errors import FrameError, MalformedRequest, Overloaded
from webcam.http.limits import TURN
from webcam.http.request import BodyConsumer, Request
from webcam.relay.memory import Charge, Frame
from webcam.service.publication import Publication
from webcam.wire import fields
from webcam.wire.frames import FrameDecoder
from webcam.wire.requests import Params

METHODS = ("POST", "PUT")
MAX_DELTA = 2**31 - 1
"""Milliseconds."""

MAX_KEEP = 60_000
"""Milliseconds for which a stream may be kept behind an upload."""


class Ingest:
    """One upload: a body consumer for its request, a publisher for its stream.

    Its frames go out for so long as a turn is, whatever chunks they come in: what is left of the last one then waits in
    :mod:`webcam.http.rounds`, and the upload is paused until it has gone out.

    Nothing is answered before the upload ends: a client of the field closes its upload when it sees early headers.
    """

    live = True

    def __init__(self, services: Services, request: Request) -> None:
        self._services = services
        self._request = request
        self._clock = services.clock
        self._decoder = FrameDecoder(services.limits.frame)
        self._publication: Publication | None = None
        self._charge: Charge | None = None
        self._charged = 0
        """Bytes of the unfinished frame that are counted."""
        self._frames: Iterator[bytes] | None = None
        """Those that are going out, or wait."""
        self._first: Frame | None = None
        """The one before them."""
        self._later = bytearray()
        """What came behind them: HTTP/1.1 has read it already when it is paused."""
        self._place = request.place_in_rounds()
        self._held = False
        self._over = False
        self._spent = 0.0
        """Seconds of work that no other time has passed for since."""
        self._looked = 0.0

    def begin(self) -> None:
        """Accept the upload: the stream is listed from now on. Raises a :class:`webcam.errors.Failure`."""
        services = self._services
        params = Params.from_query(self._request.query)
        found = session_of(services, self._request, params, free=True)
        if found is None:
            raise MalformedRequest(f"{fields.TOKEN} is missing")
        session = allowed(found, PUBLISHER)
        subprotocol = params.text(fields.SUBPROTOCOL) or ""
        delta = params.integer(fields.DELTA, highest=MAX_DELTA) or 0
        keep = params.integer(fields.KEEP, highest=MAX_KEEP) or 0
        charge = services.frames.charge(session.account_id, self._request.address)
        self._publication = services.devices.publish(session, subprotocol, delta, self, keep / 1000)
        self._charge = charge
        charge.begin(self)
        self._request.trust()

    def chunk(self, data: bytes) -> None:
        """Bytes of the upload; a frame that ends in them is on its way to every viewer when this returns, or waits."""
        if self._publication is None:
            return
        if self._frames is not None:
            self._later += data
            return
        self._frames = self._decoder.feed(data)
        self._go_on()

    def ended(self) -> None:
        """The upload is over, by the client's will."""
        self._over = True
        if self._frames is None:
            self._finish()

    def lost(self) -> None:
        """The upload was reset, or its connection is gone: the ordinary end for many devices, so what came still goes
        out."""
        self._over = True
        if self._frames is None:
            self._finish()
        else:
            self._wake()

    def pause(self) -> None:
        """A viewer of every frame is too far behind."""
        self._held = True
        self._request.pause_body()

    def resume(self) -> None:
        """It has caught up."""
        self._held = False
        if self._frames is None:
            self._request.resume_body()
        else:
            self._wake()

    def cut(self) -> None:
        """The server ends the stream: another took it over, or its session ended."""
        self._let_go()
        self._request.abort()

    # Memory

    @property
    def unfinished(self) -> int:
        """Bytes of its unfinished frame."""
        return self._charged

    def give_up(self) -> None:
        """Its unfinished frame takes memory that others need."""
        log_refusal(self._request, Overloaded("frame memory"))
        self._end()
        self._request.abort()

    def _count_unfinished(self) -> None:
        charge, held = self._charge, self._decoder.held
        if charge is not None:
            if held != self._charged:
                charge.add(held - self._charged)
                self._charged = held
            charge.check()

    # Turns

    def _go_on(self) -> None:
        """Hand out what is here, for what is left of a turn; then what was put off for it."""
        try:
            while self._frames is not None and self._hand_out(self._frames):
                self._frames = None
                if self._later:
                    self._frames = self._decoder.feed(bytes(self._later))
                    self._later.clear()
            self._count_unfinished()
        except FrameError as error:
            log_refusal(self._request, error)
            self._end(errored=True)
            self._request.abort()
            return
        if self._frames is not None:
            self._request.pause_body()
            self._wake()
        elif self._over:
            self._finish()
        elif not self._held:
            self._request.resume_body()

    def _hand_out(self, frames: Iterator[bytes]) -> bool:
        """Whether they have all gone out. Work adds up over chunks, as several may come in one turn; any other time
        that passes makes up for it. A chunk in which no frame ends doesn't look at the clock."""
        frame, self._first = self._first or self._next(frames), None
        if frame is None:
            return True
        now = self._clock.seconds()
        if self._spent:
            self._spent = max(0.0, self._spent - (now - self._looked))
        while frame is not None and self._publication is not None:
            if self._spent > TURN:
                self._first = frame
                break
            began = now
            self._publication.publish(frame)
            now = self._clock.seconds()
            self._spent += now - began
            frame = self._next(frames)
        self._looked = now
        return self._first is None

    def _next(self, frames: Iterator[bytes]) -> Frame | None:
        if self._charge is None:  # it was ended meanwhile
            return None
        data = next(frames, None)
        return None if data is None else Frame(data, self._charge)

    def _wake(self) -> None:
        """Go on with what waits in the next turn, unless a viewer holds it; nobody can hold an upload that is over."""
        if self._first is not None and not self._place.waiting and (self._over or not self._held):
            self._place.wait(self._turn)

    def _turn(self) -> None:
        if self._held and not self._over:
            return
        self._spent = 0.0
        try:
            self._go_on()
        except Exception as error:  # no channel sees to it here
            log_refusal(self._request, as_failure(error, self._request))
            self._end()
            self._request.abort()

    # Its end

    def _finish(self) -> None:
        self._end()
        self._request.resume_body()  # the next request of its connection is read
        self._request.answer(200, b"")

    def _end(self, errored: bool = False) -> None:
        publication = self._let_go()
        if publication is not None:
            publication.end(errored)

    def _let_go(self) -> Publication | None:
        """Nothing more goes out."""
        self._place.leave()
        self._later.clear()
        self._frames = self._first = None
        if self._charge is not None:
            self._charge.end(self)
            self._charge.add(-self._charged)
            self._charge, self._charged = None, 0
            self._decoder.clear()
        publication, self._publication = self._publication, None
        return publication


def ingest_route(services: Services) -> Callable[[Request], BodyConsumer | None]:
    """The early route of uploads."""

    def route(request: Request) -> BodyConsumer | None:
        if request.method.decode("latin-1") not in METHODS:
            return None  # the tree answers
        ingest = Ingest(services, request)
        try:
            ingest.begin()
        except Exception as error:
            log_refusal(request, as_failure(error, request))
            request.abort()
            return None
        return ingest

    return route
