"""TLS on a connection: what is agreed on in a handshake, and how bytes are written and read."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet import abstract, ssl, tcp
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from webcam.http import openssl, plain
from webcam.http.certificate import BadCertificate, Pair
from webcam.http.limits import EMPTY_BURST, EMPTY_RATE, FEW_RECORDS, MANY_RECORDS, SMALL_RECORD
from webcam.http.records import Records
from webcam.token_bucket import TokenBucket

CIPHERS = ssl.AcceptableCiphers.fromOpenSSLCipherString("ECDHE+AESGCM+AES128:ECDHE+AESGCM+AES256:ECDHE+CHACHA20")
"""Of TLS 1.2: those that RFC 9113 leaves to HTTP/2 (9.2.2), one of which every client of it must have. A key that is
stolen later opens nothing that was recorded."""

SUITES = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""Of TLS 1.3, where all are of this kind. Here as there the first is the one that costs least, and the one that every
client must have (RFC 8446, 9.1)."""

_PROTOCOLS = (b"h2", b"http/1.1")
_PRIORITIZE_CHACHA = 0x200000
"""SSL_OP_…: a client that names ChaCha20 first has no AES in its processor, and gets what it asks for."""

_ENABLE_PARTIAL_WRITE = 0x1
_RELEASE_BUFFERS = 0x10
"""SSL_MODE_…: OpenSSL's numbers, part of its stable interface. The second gives back 34 KB of an idle connection."""


def context(pair: Pair) -> SSL.Context:
    """TLS 1.2 and 1.3, HTTP/2 preferred. Raises :class:`BadCertificate`.

    A client may resume its session by a ticket, which only this very context opens: sessions cost no memory, and end
    with the certificate that they began with.
    """
    try:
        made = ssl.CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(pair.key),  # type: ignore[arg-type]
            certificate=crypto.X509.from_cryptography(pair.leaf),
            extraCertChain=[crypto.X509.from_cryptography(each) for each in pair.chain[1:]],
            raiseMinimumTo=ssl.TLSVersion.TLSv1_2,
            acceptableCiphers=CIPHERS,
            enableSessionTickets=True,
        ).getContext()
    except (SSL.Error, TypeError) as error:
        raise BadCertificate(f"OpenSSL can't use the certificate: {_reason(error)}") from None
    made.set_tls13_ciphersuites(SUITES)
    made.set_options(_PRIORITIZE_CHACHA)
    # pyOpenSSL asks for one record a write; into memory, which is never full, OpenSSL may write them all.
    made.clear_mode(_ENABLE_PARTIAL_WRITE)
    made.set_mode(_RELEASE_BUFFERS)
    made.set_alpn_select_callback(_choose_protocol)
    return made


def _choose_protocol(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """HTTP/2 before HTTP/1.1, whatever the client's order. One that offers neither speaks HTTP/1.x in all likelihood
    (curl offers ``http/1.0`` where it is asked for that), and gets no alert but an answer."""
    for protocol in _PROTOCOLS:
        if protocol in offered:
            return protocol
    transport = connection.get_app_data()
    if isinstance(transport, Transport):
        transport.unmatched = offered
    return SSL.NO_OVERLAPPING_PROTOCOLS


def _reason(error: Exception) -> str:
    """OpenSSL's own word for it, as in "ee key too small"."""
    if isinstance(error, SSL.Error) and error.args and error.args[0]:
        return str(error.args[0][0][-1])
    return str(error)


@implementer(IHalfCloseableProtocol)
class Transport(TLSMemoryBIOProtocol):
    """Twisted's, made for few large writes, and for a client that ends its side of TLS and waits for its answer.

    A write is encrypted as a whole, and what comes of it is sent at once where nothing waits before it: not 16 KiB at a
    time, each by way of a buffer and two changes of what the event loop waits for.
    """

    transport: Any
    wrappedProtocol: Any  # noqa: N815
    _empty = 0
    _largest = 0
    _first: bytes | None = b""
    """What came so far, until it is known to be TLS."""
    _half_closed = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._clock: IReactorTime = self.factory._clock
        self._records = Records()
        self._bucket = TokenBucket(EMPTY_BURST, EMPTY_RATE, self._clock.seconds())
        self.ended: float | None = None
        """When TLS was over, by the reactor's clock."""
        self.unmatched: list[bytes] = []
        """The protocols that the client offered by ALPN, if none of them is spoken here."""

    def dataReceived(self, bytes: bytes) -> None:  # noqa: A002, N802
        """Some records at a time: OpenSSL takes all that it is given in one go, until one of them carries something.

        One of 27 bytes may ask for new keys in both directions (RFC 8446, 4.6.3), and takes 30 µs.
        """
        if self._first is not None:
            bytes = self._look_at_first(bytes)  # noqa: A001
        shaken, start, size, most = self._handshakeDone, 0, len(bytes), FEW_RECORDS
        while start < size and not (self._lostTLSConnection or self._aborted or self._half_closed):
            end, self._empty = self._records.end(bytes, start, most)
            super().dataReceived(bytes if end - start == size else bytes[start:end])
            if shaken and self._empty > 0 and not self._bucket.take(self._clock.seconds(), self._empty):
                self.wrappedProtocol.cut_off("records of TLS that carry nothing")
            start, most = end, min(2 * most, MANY_RECORDS)

    def limit_records(self, limited: bool) -> None:
        """Write records of at most :data:`SMALL_RECORD` bytes from now on, or as large as OpenSSL makes them."""
        self._largest = SMALL_RECORD if limited else 0

    def _look_at_first(self, data: bytes) -> bytes:
        """What TLS is to read of a connection's first bytes: nothing, when they are plain HTTP."""
        first = (self._first or b"") + data
        answer = plain.answer_to(first)
        if answer is None:
            self._first = None
            return first
        self._first = first
        if answer:
            self._answer_plainly(answer)
        return b""

    def _answer_plainly(self, answer: bytes) -> None:
        """What else comes is dropped, until the client closes or :data:`webcam.http.limits.LAST_BYTES` are over: a
        close with unread bytes would reset the connection, and take the answer with it."""
        self._first = None
        self._lostTLSConnection = True
        self.ended = self._clock.seconds()
        self.transport.unregisterProducer()
        self.transport.write(answer)
        self.transport.loseWriteConnection()
        self.wrappedProtocol.note("plain HTTP was answered 400 where TLS is spoken")

    def _write(self, bytes: bytes) -> None:  # noqa: A002
        if self._lostTLSConnection or not bytes:
            return
        size = self._largest or len(bytes)
        for start in range(0, len(bytes), size):
            try:
                openssl.send(self._tlsConnection, bytes[start : start + size])
            except SSL.WantReadError:
                for later in range(start, len(bytes), size):  # each is written on its own again
                    self._bufferedWrite(bytes[later : later + size])
                break
            except SSL.Error:
                self._tlsShutdownFinished(Failure())
                return
        self._flushSendBIO()

    def _flushReceiveBIO(self) -> None:  # noqa: N802
        """Hand on what one read brought as one piece, not a record at a time."""
        more = True
        while more and not self._lostTLSConnection:
            data, records, error = openssl.received(self._tlsConnection)
            self._empty -= records
            more = error is None and len(data) > openssl.ROOM - openssl.RECORD
            if data and not self._aborted:
                ProtocolWrapper.dataReceived(self, data)
            if isinstance(error, SSL.ZeroReturnError):
                self._half_close()
            elif error is not None and not self._lostTLSConnection:
                self._tlsShutdownFinished(Failure(error))
        if self._tlsConnection is not None:
            self._flushSendBIO()

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:  # noqa: N802
        """TLS is over, and the connection ends when what waits has left. A producer that stayed registered would be
        asked for more in its place, for ever, while nobody hears what the peer does."""
        super()._tlsShutdownFinished(reason)
        self.ended = self._clock.seconds()
        self.transport.unregisterProducer()

    def _half_close(self) -> None:
        """The peer has ended its side of TLS (close_notify), and may still read: the channel ends the other side."""
        if not self._half_closed:
            self._half_closed = True
            self.wrappedProtocol.readConnectionLost()

    def readConnectionLost(self) -> None:  # noqa: N802
        """TCP's end of what the peer sends. Without TLS's before it, something may be missing: the connection is
        lost."""
        if not self._half_closed:
            self.transport.connectionLost(Failure(CONNECTION_DONE))

    def writeConnectionLost(self) -> None:  # noqa: N802
        """The answer to plain HTTP has left."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """The connection is gone. A producer that is still registered leads back here: it is let go, too."""
        super().connectionLost(reason)
        self._producer = None

    def _flushSendBIO(self) -> None:  # noqa: N802
        """Send what OpenSSL has made."""
        for piece in openssl.encrypted(self._tlsConnection):
            send_now(self.transport, piece)


def send_now(transport: Any, data: memoryview) -> None:
    """Write to a TCP transport; what the kernel takes at once doesn't wait for the next turn of the event loop."""
    if isinstance(transport, tcp.Connection) and _nothing_waits(transport):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0  # it takes nothing now; or an error, which the ordinary way finds again and reports
        if sent == len(data):
            return
        transport.write(bytes(data[sent:]))
        _hold_back(transport)
    else:
        transport.write(bytes(data))


def limit_records(transport: Any, limited: bool) -> None:
    """As :meth:`Transport.limit_records`, on any transport; without TLS there are none."""
    if isinstance(transport, Transport):
        transport.limit_records(limited)


def _hold_back(transport: tcp.Connection) -> None:
    """Something waits: its producer is told now, not when 64 KiB wait. What waits for a slow viewer is the past."""
    producer: Any = transport.producer
    if producer is not None and transport.streamingProducer and not transport.producerPaused:
        transport.producerPaused = True  # so it is resumed when all has left
        producer.pauseProducing()


def _nothing_waits(transport: tcp.Connection) -> bool:
    return bool(
        transport.connected
        and not transport.disconnecting
        and not transport.dataBuffer
        and not transport._tempDataBuffer
        and not transport._writeDisconnected
    )


def unsent(transport: Any) -> int:
    """Bytes that wait in a transport, with or without TLS, for the kernel to take them."""
    below = transport.transport if isinstance(transport, Transport) else transport
    if not isinstance(below, abstract.FileDescriptor):
        return 0
    return len(below.dataBuffer) - below.offset + below._tempDataLen


def ended(transport: Any) -> float | None:
    """When TLS was over on a connection that is still there, by the reactor's clock."""
    return transport.ended if isinstance(transport, Transport) else None


def unmatched(transport: Any) -> list[bytes]:
    """The protocols that a client offered by ALPN, if none of them is spoken here."""
    return transport.unmatched if isinstance(transport, Transport) else []


def hang_up(transport: Any) -> None:
    """Close a connection on which this side has ended TLS, without waiting for the peer to do so, too: it may not read
    for minutes. What was written still leaves."""
    if not isinstance(transport, Transport) or transport._tlsConnection is None:
        return
    if transport._tlsConnection.get_shutdown() & SSL.SENT_SHUTDOWN:
        transport.transport.unregisterProducer()
        transport.transport.loseConnection()


def over_tls(creator: IOpenSSLServerConnectionCreator, factory: IProtocolFactory, reactor: Any) -> TLSMemoryBIOFactory:
    """*factory* on TLS. Our channels batch their writes themselves: Twisted's waiting for more is left out."""
    wrapped = TLSMemoryBIOFactory(creator, False, factory, clock=reactor)
    wrapped.protocol = Transport
    return wrapped
