"""Certificate and key where they are the server's own to make: made, completed after a crash, renewed in time.

What the operator put there is left alone. A file counts as his unless it is what :func:`make_self_signed` writes, or
what a power cut leaves of that: nothing, zeros, or its beginning.
"""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.logger import Logger

from webcam.durable import sync, write_file
from webcam.http.certificate import (
    BadCertificate,
    Pair,
    dates_wrong,
    host_names,
    in_pem,
    made_here,
    make_self_signed,
    names_of,
    read_chain,
    read_key,
    read_pair,
    self_signed,
    write_certificate,
)

RENEW = datetime.timedelta(days=30)
"""So long before its end, a certificate that was made here is followed by the next one."""

EARLIER = ".earlier"
"""Ending of the name under which a certificate is kept that was replaced because it wasn't valid yet."""

UNUSABLE = ".unusable"
"""Suffix under which a file is kept that a new one replaced."""

_SECTOR = 512
_KEY, _CERTIFICATE = b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN CERTIFICATE-----\n"
_END = b"-----END"

_log = Logger()


def make_or_renew(certificate: Path, key: Path, now: datetime.datetime) -> None:
    """Make what is missing of the pair, or renew it: what a start does. Raises ``OSError`` if a file can't be made.

    A key that is whole stays, since clients may know the server by it. Half a pair of the operator's, and one that
    doesn't fit, is left as it is: whoever reads it to use it says what is wrong.
    """
    key_lost, certificate_lost = _is_lost(key, _KEY), _is_lost(certificate, _CERTIFICATE)
    if key_lost and (certificate_lost or is_ours(certificate)):
        _make_both(certificate, key, now)
    elif certificate_lost and not key_lost and (private := _our_key(key)) is not None:
        _put_aside(certificate)
        write_certificate(certificate, self_signed(private, host_names(), now))
        _log.warn(
            "{file} was missing or incomplete: made a new one for the key {key}, which stays; clients that trust the "
            "old file need the new one",
            file=str(certificate),
            key=str(key),
        )
    else:
        renew_or_report(certificate, key, now)


def _make_both(certificate: Path, key: Path, now: datetime.datetime) -> None:
    """Make a new pair. The old certificate goes first: whatever comes in between, the next start can go on from it."""
    found = key.exists() or certificate.exists()
    for each in (certificate, key):
        _put_aside(each)
    make_self_signed(certificate, key, now)
    if found:
        _log.warn(
            "the key {key} was missing or incomplete: made a new key and certificate; clients that trusted the old "
            "ones need {file}",
            key=str(key),
            file=str(certificate),
        )


def is_ours(certificate: Path) -> bool:
    """Return whether the file is a certificate as :func:`make_self_signed` makes them."""
    try:
        return not certificate.is_symlink() and made_here(read_chain(certificate))
    except BadCertificate:
        return False


def renew(certificate: Path, key: Path, now: datetime.datetime) -> bool:
    """Follow a certificate that was made here by a new one, if it is due; return whether that was done.

    It is due when it ends within :data:`RENEW`, and when it isn't valid yet: then the clock was wrong when it was made,
    or is now. In that case it is kept, and put back if it becomes valid: a board whose clock begins in 1970 at each
    start would need its clients to trust another certificate each time.

    The key stays: who knows the server by its key knows it still. So do the names that it was for. The file is whole at
    every moment. Raises :class:`BadCertificate` and ``OSError``.
    """
    pair = read_pair(certificate, key)
    if not made_here(pair.chain) or not isinstance(pair.key, ec.EllipticCurvePrivateKey) or certificate.is_symlink():
        return False
    if _lasts(pair.leaf, now):
        return False
    mode = stat.S_IMODE(certificate.stat().st_mode)
    earlier = _earlier(certificate, pair, now)
    made = earlier or self_signed(pair.key, [*host_names(), *names_of(pair.leaf)], now)
    if now < pair.leaf.not_valid_before_utc:
        write_file(_kept(certificate), in_pem(pair.leaf), mode)
    write_file(certificate, in_pem(made), mode)
    _log.warn(
        "{done} the self-signed certificate, valid from {since:%Y-%m-%d} until {end:%Y-%m-%d}, with the same key: "
        "clients that trust {file} need {which}",
        done="renewed" if earlier is None else "put back",
        since=made.not_valid_before_utc,
        end=made.not_valid_after_utc,
        file=str(certificate),
        which="the new one" if earlier is None else "that one again",
    )
    return True


def _lasts(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    return dates_wrong(certificate, now) is None and certificate.not_valid_after_utc - now > RENEW


def _kept(certificate: Path) -> Path:
    return certificate.with_name(f"{certificate.name}{EARLIER}")


def _earlier(certificate: Path, pair: Pair, now: datetime.datetime) -> x509.Certificate | None:
    """Return the one that was replaced while the clock was behind, if it can be used again: clients may trust it."""
    try:
        chain = read_chain(_kept(certificate))
    except BadCertificate:
        return None
    same_key = chain[0].public_key() == pair.leaf.public_key()
    return chain[0] if made_here(chain) and same_key and _lasts(chain[0], now) else None


def renew_or_report(certificate: Path, key: Path, now: datetime.datetime) -> None:
    """Renew as :func:`renew` does; a failure is one line in the log, since the old certificate can still be used."""
    try:
        renew(certificate, key, now)
    except BadCertificate:
        pass  # whoever reads the pair to use it says what is wrong with it
    except OSError as error:
        _log.error("can't renew {file}: {reason}", file=str(certificate), reason=error.strerror)


def _is_lost(path: Path, beginning: bytes) -> bool:
    """Return whether the file is missing, or holds no more than what a power cut leaves of one that begins so."""
    if path.is_symlink():
        return False  # the operator's, wherever it leads
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    written = data.rstrip(b"\0")
    if not written or data[:_SECTOR] == bytes(_SECTOR):
        return True
    return beginning.startswith(written) or (written.startswith(beginning) and _END not in written)


def _our_key(key: Path) -> ec.EllipticCurvePrivateKey | None:
    """Return the key, if it is one as :func:`make_self_signed` makes them."""
    try:
        found = None if key.is_symlink() else read_key(key)
    except BadCertificate:
        return None
    if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
        return found
    return None


def _put_aside(path: Path) -> None:
    """Keep what is left of a file under another name, if it is anything."""
    if path.exists() and path.read_bytes().strip(b"\0"):
        path.replace(path.with_name(f"{path.name}{UNUSABLE}"))
        sync(path.parent)
