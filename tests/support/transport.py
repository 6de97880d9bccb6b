"""A transport in memory that behaves like TLS on TCP where it matters: full buffers, paused reading, late closing."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

READ = 65536
"""Bytes that a reactor reads at once."""


class Transport(StringTransport):
    """What the server writes is kept until :meth:`take`; what a client sends comes in by :meth:`feed`.

    With a ``capacity`` (bytes) the server's producer is paused while more than that is kept, and resumed when all was
    taken. A closing connection is lost in :meth:`settle`, a turn later, as with a real reactor; it waits for its
    producer to be unregistered, as TLS does.
    """

    def __init__(self, protocol, negotiated: bytes | None, host: str, capacity: int | None = None) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", host, 50000), lenient=True)
        self.protocol = protocol
        self.negotiatedProtocol = negotiated
        self.capacity = capacity
        self.full = False
        self.aborted = False
        self.writes = 0
        self.fed = 0
        """Bytes that the server has read."""
        self._inbox = bytearray()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """As TCP has it."""

    @property
    def reading_paused(self) -> bool:
        """Whether the server has paused reading from this connection."""
        return self.producerState == "paused"

    @property
    def unread(self) -> int:
        """Bytes that the server wrote and nobody took yet."""
        return self.io.getbuffer().nbytes

    # The client's side

    def feed(self, data: bytes) -> None:
        """Bytes from the client: one read of the server, or kept while it has paused reading."""
        if not self.connected or self.aborted:
            return
        if self.reading_paused or self._inbox:
            self._inbox += data
        else:
            self._read(data)

    def take(self) -> bytes:
        """All that the server wrote since the last time."""
        data = self.value()
        self.clear()
        if self.full:
            self.full = False
            if self.producer is not None:
                self.producer.resumeProducing()
        return data

    def settle(self) -> None:
        """The rest of the reactor's turn: kept bytes are read if the server reads again, a closed connection ends."""
        while self._inbox and not self.reading_paused and self.connected and not self.aborted:
            data = bytes(self._inbox[:READ])
            del self._inbox[:READ]
            self._read(data)
        flushed = self.disconnecting and self.producer is None and not self.unread
        if self.connected and (self.aborted or flushed):
            self._lose(ConnectionLost("aborted") if self.aborted else ConnectionDone())

    def _read(self, data: bytes) -> None:
        self.fed += len(data)
        self.protocol.dataReceived(data)

    def drop(self) -> None:
        """The client is gone without a word."""
        if self.connected:
            self._lose(ConnectionLost("dropped by the client"))

    def half_close(self) -> None:
        """The client sends no more (FIN), and reads on; as TCP tells it, and as it tells it again to who reads on."""
        if not self.connected or self.aborted:
            return
        half = IHalfCloseableProtocol(self.protocol, None)
        if half is None:
            self._lose(ConnectionDone())
        else:
            half.readConnectionLost()

    def _lose(self, reason: Exception) -> None:
        self.connected = False
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()
        protocol = self.protocol
        del self.protocol  # as TCP does
        protocol.connectionLost(Failure(reason))

    # The server's side

    def write(self, data: bytes) -> None:
        if not self.connected or self.aborted:
            return
        self.writes += 1
        super().write(data)
        if self.capacity is not None and not self.full and self.unread > self.capacity:
            self.full = True
            if self.producer is not None:
                self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.aborted = self.disconnecting = True

    def unregisterProducer(self) -> None:
        self.producer = None
        self.streaming = None
