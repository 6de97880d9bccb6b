"""Devices: which are online, which stream, and the two ends of a live stream."""

from __future__ import annotations

from webcam.errors import NoSuchDevice, QuotaExceeded
from webcam.model import QUOTA_STREAMS, Presence
from webcam.ports import Audit
from webcam.relay.hub import Hub, device_text
from webcam.relay.stream import Publisher, Stream
from webcam.relay.viewer import Viewer
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session
from webcam.service.sessions import Sessions


class Publication:
    """A stream that is being published: frames go in until it ends."""

    def __init__(self, hub: Hub, sessions: Sessions, session: Session, stream: Stream) -> None:
        self._hub = hub
        self._account_id = session.account_id
        self._stream = stream
        self._closed = sessions.stream_opened(session, self._cut)
        hub.open(self._account_id, stream)

    def publish(self, frame: bytes) -> None:
        """A whole frame, header included."""
        self._stream.publish(frame)

    def end(self, errored: bool = False) -> None:
        """The upload is over: the stream leaves the list and its viewers end, in this turn."""
        self._closed()
        self._hub.close(self._account_id, self._stream, errored=errored)

    def _cut(self) -> None:
        self._hub.close(self._account_id, self._stream, cut=True)


class Devices:
    """Presence and live streams of an account's devices."""

    def __init__(self, sessions: Sessions, hub: Hub, quotas: AccountQuotas, audit: Audit) -> None:
        self._sessions = sessions
        self._hub = hub
        self._quotas = quotas
        self._audit = audit
        sessions.on_offline = hub.forget

    def online(self, session: Session) -> list[Presence]:
        """Every device of the account that is online and that the session may see, the asking one too, by name."""
        return [each for each in self._sessions.online(session.account_id) if session.may_see(each.device)]

    def streams(self, session: Session) -> list[tuple[str, str, int]]:
        """The live streams that the session may see, by device: device, sub-protocol, delta (ms)."""
        streams = self._hub.streams(session.account_id)
        return [(each.device, each.subprotocol, each.delta) for each in streams if session.may_see(each.device)]

    def publish(self, session: Session, subprotocol: str, delta: int, publisher: Publisher) -> Publication:
        """Begin the device's stream; one that it publishes already is closed.

        Raises :class:`QuotaExceeded` when it would be one more than the account may have.
        """
        bound = self._quotas.of(session.account_id, QUOTA_STREAMS)
        live = {each.device for each in self._hub.streams(session.account_id)}
        if bound is not None and session.device not in live and len(live) >= bound:
            reason = f"more than {bound} streams"
            self._audit.note("quota_met", account=session.account_id, device=session.device, reason=reason)
            raise QuotaExceeded(reason)
        stream = Stream(session.device, subprotocol, delta, publisher)
        return Publication(self._hub, self._sessions, session, stream)

    def stream(self, session: Session, device: str) -> Stream:
        """The stream of a device of the account.

        Raises :class:`NoSuchDevice`, also for one that the session may not see, :class:`webcam.errors.NoChannel` or
        :class:`webcam.errors.ErroredStream`.
        """
        if not session.may_see(device) or not self._sessions.is_online(session.account_id, device):
            raise NoSuchDevice(device_text(device))
        return self._hub.stream(session.account_id, device)

    def watch(self, session: Session, stream: Stream, viewer: Viewer) -> None:
        """Let *viewer* see *stream* until either ends, or the session."""
        viewer.on_close = self._sessions.stream_opened(session, viewer.end)
        stream.watch(viewer)

    def close_all(self) -> None:
        """The server ends."""
        self._hub.close_all()
