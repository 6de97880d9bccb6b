"""TLS: the context, and a self-signed certificate for a first start."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL, crypto
from twisted.internet import ssl, tcp
from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

VALID = datetime.timedelta(days=825)
"""The longest that Apple's devices accept of a certificate that they were told to trust."""


_ENABLE_PARTIAL_WRITE = 0x1
_RELEASE_BUFFERS = 0x10
"""SSL_MODE_…: OpenSSL's numbers, part of its stable interface. The second gives back 34 KB of an idle connection."""


READ = 16384
"""Bytes; OpenSSL gives a record of 16 KiB at most."""


class BadCertificate(Exception):
    """The text is one line for the operator."""


def context(certificate: Path, key: Path) -> ssl.CertificateOptions:
    """TLS 1.2 and 1.3, HTTP/2 preferred; *certificate* may hold its chain. Raises :class:`BadCertificate`."""
    probe = SSL.Context(SSL.TLS_METHOD)
    probe.set_passwd_cb(lambda *_: b"")  # a key with a passphrase is refused; OpenSSL would ask for it on the terminal
    # The key first: behind a certificate, OpenSSL refuses the key of another one as if it were none at all.
    for path, use in ((key, probe.use_privatekey_file), (certificate, probe.use_certificate_chain_file)):
        try:
            path.read_bytes()
            use(str(path))
        except OSError as error:
            raise BadCertificate(f"can't read {path}: {error.strerror}") from None
        except SSL.Error:
            raise BadCertificate(f"{path} holds no {'key' if path is key else 'certificate'} in PEM form") from None
    try:
        probe.check_privatekey()
    except SSL.Error:
        raise BadCertificate(f"{key} is not the key of {certificate}") from None
    chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    options = ssl.CertificateOptions(
        privateKey=crypto.PKey.from_cryptography_key(private),  # type: ignore[arg-type]
        certificate=crypto.X509.from_cryptography(chain[0]),
        extraCertChain=[crypto.X509.from_cryptography(each) for each in chain[1:]],
        raiseMinimumTo=ssl.TLSVersion.TLSv1_2,
    )
    # pyOpenSSL asks for one record a write; into memory, which is never full, OpenSSL may write them all.
    options.getContext().clear_mode(_ENABLE_PARTIAL_WRITE)
    options.getContext().set_mode(_RELEASE_BUFFERS)
    return options


class Transport(TLSMemoryBIOProtocol):
    """Twisted's, made for few large writes.

    A write is encrypted as a whole, and what comes of it is sent at once where nothing waits before it: not 16 KiB at a
    time, each by way of a buffer and two changes of what the event loop waits for.
    """

    transport: Any

    def _write(self, bytes: bytes) -> None:  # noqa: A002
        if self._lostTLSConnection:
            return
        left: Any = bytes
        try:
            while left:
                sent = self._tlsConnection.send(left)
                left = memoryview(left)[sent:] if sent < len(left) else b""
        except SSL.WantReadError:
            self._bufferedWrite(memoryview(left).tobytes())
        except SSL.Error:
            self._tlsShutdownFinished(Failure())
            return
        self._flush(len(bytes))

    def _flushReceiveBIO(self) -> None:  # noqa: N802
        """Hand on what one read brought as one piece, not a record at a time."""
        pieces: list[bytes] = []
        over: Failure | None = None
        while not self._lostTLSConnection:
            try:
                pieces.append(self._tlsConnection.recv(READ))
            except SSL.WantReadError:
                break
            except SSL.Error:
                over = Failure()
                break
        if pieces and not self._aborted:
            ProtocolWrapper.dataReceived(self, b"".join(pieces))
        if over is not None and not self._lostTLSConnection:
            clean = over.check(SSL.ZeroReturnError) is not None
            if clean:
                self._shutdownTLS()
            self._tlsShutdownFinished(None if clean else over)
        if self._tlsConnection is not None:
            self._flushSendBIO()

    def _flush(self, size: int) -> None:
        """Send what OpenSSL made of *size* bytes: a record of 16 KiB grows by 22 (TLS 1.3) to 29 bytes (TLS 1.2)."""
        room = size + 64 * (size // 16384 + 2)
        try:
            encrypted = self._tlsConnection.bio_read(room)
        except SSL.WantReadError:
            return
        send_now(self.transport, encrypted)
        if len(encrypted) == room:
            self._flushSendBIO()


def send_now(transport: Any, data: bytes) -> None:
    """Write to a TCP transport; what the kernel takes at once doesn't wait for the next turn of the event loop."""
    if isinstance(transport, tcp.Connection) and _nothing_waits(transport):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0  # it takes nothing now; or an error, which the ordinary way finds again and reports
        if sent == len(data):
            return
        transport.write(data[sent:])
        _hold_back(transport)
    else:
        transport.write(data)


def _hold_back(transport: tcp.Connection) -> None:
    """Something waits: its producer is told now, not when 64 KiB wait. What waits for a slow viewer is the past."""
    producer = transport.producer
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


def over_tls(options: ssl.CertificateOptions, factory: IProtocolFactory, reactor: Any) -> TLSMemoryBIOFactory:
    """*factory* on TLS. Our channels batch their writes themselves: Twisted's waiting for more is left out."""
    wrapped = TLSMemoryBIOFactory(options, False, factory, clock=reactor)
    wrapped.protocol = Transport
    return wrapped


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate, as browsers and openssl show it."""
    leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    return leaf.fingerprint(hashes.SHA256()).hex(":").upper()


def make_self_signed(certificate: Path, key: Path) -> None:
    """A new P-256 key and a certificate for this host's names and addresses; the key is readable by its owner only."""
    private = ec.generate_private_key(ec.SECP256R1())
    names = host_names()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, pem)
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def write_private(path: Path, data: bytes) -> None:
    """A file that only its owner reads (mode 0600), from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def host_names() -> list[str]:
    """This host's names and addresses, as far as it knows them."""
    names = [socket.gethostname(), socket.getfqdn(), "localhost", "127.0.0.1", "::1"]
    try:
        names += [str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        pass  # a host that doesn't know its own name still has the others
    names += [each for each in map(_outward, ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))) if each]
    return [each for each in dict.fromkeys(names) if each and each.isascii()]


def _outward(to: tuple[int, str]) -> str:
    """This host's address on its way to another network (of documentation, and no packet is sent); empty if none."""
    family, address = to
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
