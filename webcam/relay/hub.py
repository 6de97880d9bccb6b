"""The hub: the registry of live streams, by account and device."""

from __future__ import annotations

from collections.abc import Callable

from webcam.errors import ErroredStream, NoChannel
from webcam.relay.stream import Stream


class Hub:
    """Knows every live stream, and which devices' last stream was closed for an error.

    A stream is opened by its publisher, and closed by whichever comes first: its publisher, a newer stream of the same
    device, the end of its session. All of them end here.
    """

    def __init__(self) -> None:
        self._live: dict[int, dict[str, Stream]] = {}
        self._errored: set[tuple[int, str]] = set()
        self.on_open: Callable[[int, Stream], None] = lambda _account, _stream: None
        self.on_close: Callable[[int, Stream, bool], None] = lambda _account, _stream, _errored: None

    def open(self, account_id: int, stream: Stream) -> None:
        """List *stream*. One that the device publishes already is closed, its upload cut."""
        older = self._live.get(account_id, {}).get(stream.device)
        if older is not None:
            self.close(account_id, older, cut=True)
        self._errored.discard((account_id, stream.device))
        self._live.setdefault(account_id, {})[stream.device] = stream
        self.on_open(account_id, stream)

    def is_live(self, account_id: int, device: str) -> bool:
        """Whether the device publishes a stream."""
        return device in self._live.get(account_id, {})

    def close(self, account_id: int, stream: Stream, cut: bool = False, errored: bool = False) -> None:
        """Take *stream* off the list and end its viewers, in this turn. A stream that was closed before is no error."""
        streams = self._live.get(account_id, {})
        listed = streams.get(stream.device) is stream
        if listed:
            del streams[stream.device]
            if not streams:
                del self._live[account_id]
            if errored:
                self._errored.add((account_id, stream.device))
        stream.close(cut)
        if listed:
            self.on_close(account_id, stream, errored)

    def streams(self, account_id: int) -> list[Stream]:
        """The account's live streams by device."""
        streams = self._live.get(account_id, {})
        return [streams[device] for device in sorted(streams)]

    def stream(self, account_id: int, device: str) -> Stream:
        """The device's live stream. Raises :class:`NoChannel` or :class:`ErroredStream`."""
        stream = self._live.get(account_id, {}).get(device)
        if stream is not None:
            return stream
        if (account_id, device) in self._errored:
            raise ErroredStream(device_text(device))
        raise NoChannel(device_text(device))

    def forget(self, account_id: int, device: str) -> None:
        """The device went offline: nothing is remembered of an error in its stream."""
        self._errored.discard((account_id, device))

    def close_all(self) -> None:
        """The server ends: so does every stream."""
        for account_id, streams in list(self._live.items()):
            for stream in list(streams.values()):
                self.close(account_id, stream, cut=True)


def device_text(device: str) -> str:
    """A device's name as a log line shows it."""
    return f"device {device[:64]!r}"
