"""A certificate and its key: read from their files, and made for a first start."""

from __future__ import annotations

import datetime
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webcam.durable import write_file

VALID = datetime.timedelta(days=825)
"""The longest that Apple's devices accept of a certificate that they were told to trust. The last second counts."""

GRACE = datetime.timedelta(hours=1)
"""So long ago it began: for clocks that are behind."""

PUBLIC = 0o644
"""Mode of a certificate's file."""

MAKER = "made by this server for itself"
"""Organization of the certificates that are made here: by it they are known again, and no other is ever replaced."""


class BadCertificate(Exception):
    """The text is one line for the operator."""


@dataclass(frozen=True)
class Pair:
    """A certificate, the chain behind it, and its key."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]


def read_chain(certificate: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a file, one or more. Raises :class:`BadCertificate`."""
    data = _read(certificate)
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except (ValueError, x509.InvalidVersion):
        raise BadCertificate(f"{certificate} holds no certificate in PEM form") from None


def read_key(key: Path) -> PrivateKeyTypes:
    """The key of a file. Raises :class:`BadCertificate`."""
    data = _read(key)
    try:
        # A key with a passphrase is refused: nobody is there to be asked. The check of an RSA key is left out: it takes
        # 0.2 s for 4,096 bits, in which no frame is relayed, and protects from keys of strangers.
        return serialization.load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificate(f"{key} holds no key in PEM form") from None


def read_pair(certificate: Path, key: Path) -> Pair:
    """What the two files hold, which fits. Each is read once. Raises :class:`BadCertificate`."""
    private = read_key(key)
    chain = read_chain(certificate)
    try:
        fits = chain[0].public_key() == private.public_key()
    except (ValueError, UnsupportedAlgorithm):
        fits = False
    if not fits:
        raise BadCertificate(f"{key} is not the key of {certificate}")
    return Pair(chain, private)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadCertificate(f"can't read {path}: {error.strerror}") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, as browsers and openssl show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def utc(wall: float) -> datetime.datetime:
    """Seconds since 1970 as certificates count them."""
    return datetime.datetime.fromtimestamp(wall, datetime.timezone.utc)


def names_of(certificate: x509.Certificate) -> list[str]:
    """The host names and addresses that it is for; the common name, where it names no alternatives."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return [*named.get_values_for_type(x509.DNSName), *map(str, named.get_values_for_type(x509.IPAddress))]


def dates_wrong(certificate: x509.Certificate, now: datetime.datetime) -> str | None:
    """Say when it ended or begins, as in ``ended on 2026-05-01 08:00 UTC``; ``None`` while it is valid."""
    if now > certificate.not_valid_after_utc:
        return f"ended on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if now < certificate.not_valid_before_utc:
        return f"begins on {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, and is not valid yet"
    return None


def make_self_signed(certificate: Path, key: Path, now: datetime.datetime | None = None) -> None:
    """Make a P-256 key and a certificate for this host's names and addresses, both on disk when this returns.

    The key is on disk first: half of the pair can be completed. Only its owner can read it.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_file(key, pem)
    write_certificate(certificate, self_signed(private, host_names(), now))


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate, which everybody may read."""
    write_file(path, in_pem(certificate), PUBLIC)


def in_pem(certificate: x509.Certificate) -> bytes:
    """The content of its file."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def made_here(chain: Iterable[x509.Certificate]) -> bool:
    """Whether it is one of :func:`make_self_signed`, as it was made: anything else is the operator's."""
    leaf, *behind = chain
    organizations = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return not behind and leaf.issuer == leaf.subject and [each.value for each in organizations] == [MAKER]


def self_signed(
    private: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime.datetime | None = None
) -> x509.Certificate:
    """A new certificate for the key. *names*: the first of them is its common name."""
    names = list(dict.fromkeys(names))
    common = x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, MAKER), common])
    since = (now or datetime.datetime.now(datetime.timezone.utc)) - GRACE
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + VALID - datetime.timedelta(seconds=1))
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )


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
