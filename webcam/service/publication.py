"""Publications: an upload's hold on a stream, and how one stream outlasts an upload for the next one."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from webcam.relay.hub import Hub
from webcam.relay.memory import Frame
from webcam.relay.stream import Publisher, Stream
from webcam.relay.subscriber import nothing
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.timers import Timers


class Publication:
    """Frames of one upload go into a stream until it ends. To the stream it is the :class:`Publisher`.

    A stream that is kept goes on for ``keep`` seconds without an upload; another one may take it over by
    :meth:`go_on`. The session is active all that time, and its end is the stream's.
    """

    def __init__(
        self, hub: Hub, sessions: Sessions, clock: IReactorTime, session: Session, upload: Publisher, keep: float
    ) -> None:
        self._hub = hub
        self._account_id = session.account_id
        self._upload = upload
        self._keep = keep
        self._stream: Stream | None = None
        self._timers = Timers(clock)
        self._closed = sessions.stream_opened(session, self._session_over)
        self.on_end: Callable[[], None] = nothing

    def open(self, stream: Stream) -> None:
        """Begin with a stream of its own; one that the device publishes already is closed."""
        self._stream = stream
        self._hub.open(self._account_id, stream)

    def go_on(self, older: Publication) -> None:
        """Take over the stream of *older*, whose viewers notice nothing. An upload that is still under way is cut."""
        self._stream = older._let_go()
        if self._stream is not None:
            self._stream.hand_to(self)
        older._upload.cut()

    def is_of(self, subprotocol: str, delta: int) -> bool:
        """Whether it holds a stream that is announced like this."""
        stream = self._stream
        return stream is not None and (stream.subprotocol, stream.delta) == (subprotocol, delta)

    @property
    def is_between_uploads(self) -> bool:
        """Whether its upload is over, and the stream waits for the next one."""
        return self._timers.pending

    # What the upload tells

    def publish(self, frame: Frame) -> None:
        """A whole frame, header included."""
        if self._stream is not None:
            self._stream.publish(frame)

    def end(self, errored: bool = False) -> None:
        """The upload is over: a stream that isn't kept leaves the list and its viewers end, in this turn."""
        if self._stream is None or self._timers.pending:
            return
        if self._keep and not errored:
            self._timers.later(self._keep, self._close)
        else:
            self._close(errored)

    # What the stream wants

    def pause(self) -> None:
        """A viewer of every frame is too far behind."""
        self._upload.pause()

    def resume(self) -> None:
        """It has caught up."""
        self._upload.resume()

    def cut(self) -> None:
        """The stream was closed by the server's will."""
        self._let_go()
        self._upload.cut()

    # Its end

    def _session_over(self) -> None:
        if self._stream is not None:
            self._hub.close(self._account_id, self._stream, cut=True)

    def _close(self, errored: bool = False) -> None:
        stream = self._let_go()
        if stream is not None:
            self._hub.close(self._account_id, stream, errored=errored)

    def _let_go(self) -> Stream | None:
        """The stream is no longer this upload's: whatever comes of it means nothing."""
        self._timers.cancel()
        stream, self._stream = self._stream, None
        self._closed()
        on_end, self.on_end = self.on_end, nothing  # it leads back to this
        on_end()
        return stream
