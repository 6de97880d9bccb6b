"""A certificate and its key: read from their files, and made for a first start."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from twisted.logger import Logger

VALID = datetime.timedelta(days=825)
"""The longest that Apple's devices accept of a certificate that they were told to trust. The last second counts."""

GRACE = datetime.timedelta(hours=1)
"""So long ago it began: for clocks that are behind."""

RENEW = datetime.timedelta(days=30)
"""So long before its end, a certificate that was made here is followed by the next one."""

MAKER = "made by this server for itself"
"""Organization of the certificates that are made here: by it they are known again, and no other is ever replaced."""

_log = Logger()


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


def read_pair(certificate: Path, key: Path) -> Pair:
    """What the two files hold, which fits. Each is read once. Raises :class:`BadCertificate`."""
    data = _read(key)
    try:
        # A key with a passphrase is refused: nobody is there to be asked. The check of an RSA key is left out: it takes
        # 0.2 s for 4,096 bits, in which no frame is relayed, and protects from keys of strangers.
        private = serialization.load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificate(f"{key} holds no key in PEM form") from None
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


def make_self_signed(certificate: Path, key: Path, now: datetime.datetime | None = None) -> None:
    """A new P-256 key and a certificate for this host's names and addresses; the key is readable by its owner only."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, pem)
    certificate.write_bytes(_self_signed(private, host_names(), now))


def made_here(chain: Iterable[x509.Certificate]) -> bool:
    """Whether it is one of :func:`make_self_signed`, as it was made: anything else is the operator's."""
    leaf, *behind = chain
    organizations = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return not behind and leaf.issuer == leaf.subject and [each.value for each in organizations] == [MAKER]


def renew(certificate: Path, key: Path, now: datetime.datetime) -> bool:
    """Follow a certificate that was made here, and ends within :data:`RENEW`, by a new one; whether that was done.

    The key stays: who knows the server by its key knows it still. So do the names that it was for. The file is whole at
    every moment. Raises :class:`BadCertificate` and ``OSError``.
    """
    pair = read_pair(certificate, key)
    end = pair.leaf.not_valid_after_utc
    if not made_here(pair.chain) or not isinstance(pair.key, ec.EllipticCurvePrivateKey) or certificate.is_symlink():
        return False
    if end - now > RENEW:
        return False
    _replace(certificate, _self_signed(pair.key, [*host_names(), *names_of(pair.leaf)], now))
    _log.warn(
        "renewed the self-signed certificate, valid until {end:%Y-%m-%d}, with the same key: clients that trust {file} "
        "need the new one",
        end=end,
        file=str(certificate),
    )
    return True


def make_or_renew(certificate: Path, key: Path, now: datetime.datetime) -> None:
    """What a start does for files that are the server's own to make. Raises ``OSError`` if it can't make them.

    Of a pair of which half is missing, or that doesn't fit, nothing is made: the operator is to know of it.
    """
    if not certificate.exists() and not key.exists():
        make_self_signed(certificate, key, now)
    else:
        renew_or_report(certificate, key, now)


def renew_or_report(certificate: Path, key: Path, now: datetime.datetime) -> None:
    """As :func:`renew`; a failure is one line in the log, since the old one can still be used."""
    try:
        renew(certificate, key, now)
    except BadCertificate:
        pass  # whoever reads the pair to use it says what is wrong with it
    except OSError as error:
        _log.error("can't renew {file}: {reason}", file=str(certificate), reason=error.strerror)


def _self_signed(
    private: ec.EllipticCurvePrivateKey, names: Iterable[str], now: datetime.datetime | None = None
) -> bytes:
    """A certificate in PEM form. *names*: the first of them is its common name."""
    names = list(dict.fromkeys(names))
    common = x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, MAKER), common])
    since = (now or datetime.datetime.now(datetime.timezone.utc)) - GRACE
    signed = (
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
    return signed.public_bytes(serialization.Encoding.PEM)


def write_private(path: Path, data: bytes) -> None:
    """A file that only its owner reads (mode 0600), from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _replace(path: Path, data: bytes) -> None:
    """Other content for a file, with the mode that it has; a crash leaves the old or the new."""
    new = path.with_name(path.name + ".new")
    try:
        write_private(new, data)
        new.chmod(stat.S_IMODE(path.stat().st_mode))
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


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
