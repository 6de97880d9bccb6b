"""The certificate that new connections get: read again when its files change, while open connections go on."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from webcam.http.certificate import BadCertificate, Pair, dates_wrong, fingerprint, read_pair, utc
from webcam.http.own_pair import renew_or_report
from webcam.http.tls import context

LOOK = 5.0
"""Seconds between looks at the files."""

UPKEEP = 86400.0
"""Seconds between looks at how long it still lasts; the key of the tickets is a new one as often."""

DATES = 60.0
"""Seconds between looks at whether it is valid by now: the clock may have been set right."""

WARN = datetime.timedelta(days=14)
"""So long before its end the log says so."""

_Mark = tuple[int, int, int, int, int] | None

_log = Logger()


def _mark(path: Path) -> _Mark:
    """What is another one when the file was written or replaced, its link set anew, or its mode changed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@implementer(IOpenSSLServerConnectionCreator)
class CurrentPair:
    """Certificate and key in use. Its user calls :meth:`look`, :meth:`check_dates` and :meth:`upkeep` again and again,
    one after the other or at once, until the end.

    A pair that can't be used leaves the old one in use, and is reported once. *own*: whether the files are the server's
    to make, and to renew. *wall*: the time, in seconds since 1970. *offload*: calls a function that may take long.
    Making it raises :class:`BadCertificate`.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        own: bool,
        wall: Callable[[], float],
        offload: Callable[..., Awaitable[Any]],
    ) -> None:
        self._files = (certificate, key)
        self._own = own
        self._wall = wall
        self._offload = offload
        self._marks = self._looked()
        self._unreported = False
        self._refused = False
        self._told: str | None = None
        self.on_change: Callable[[str], None] = lambda _: None
        """Called with the fingerprint of another certificate that is in use from now on."""
        self._use(read_pair(certificate, key))

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802, N803
        """Twisted asks for each new connection, which keeps its context to its end."""
        return SSL.Connection(self._context, None)

    @property
    def fingerprint(self) -> str:
        """Of the certificate in use."""
        return fingerprint(self.pair.leaf)

    def reload(self) -> None:
        """Read the files now, and say what came of it."""
        self._marks = self._looked()
        self._unreported = False
        self._read(say=True)

    async def look(self) -> None:
        """Read the files if they have changed since the last look.

        The two are often written one after the other. So what can't be used is reported when it has stayed so for one
        more look.
        """
        before, self._marks = self._marks, self._looked()
        if self._marks != before:
            self._unreported = not self._read(report=False)
        elif self._unreported:
            self._unreported = False
            self._read()

    async def upkeep(self) -> None:
        """What is due each day: renew what is ours, try again what was refused for its dates, warn of the end."""
        await self._renew()
        self._use(self.pair)
        self.warn_of_end()

    async def check_dates(self) -> None:
        """What is due each minute: replace a certificate of ours that isn't valid now; of another one, say so once."""
        if self._wrong() is not None:
            await self._renew()
        wrong = self._wrong()
        if wrong is None:
            self._told = None
        elif wrong != self._told:
            self.warn_of_end()

    async def _renew(self) -> None:
        if self._own:
            await self._offload(renew_or_report, *self._files, utc(self._wall()))
            await self.look()
        if self._refused:
            self._read(report=False)

    def _wrong(self) -> str | None:
        """Say how the certificate in use isn't valid now."""
        return dates_wrong(self.pair.leaf, utc(self._wall()))

    def warn_of_end(self) -> None:
        """Log that the certificate ends soon, has ended, or hasn't begun."""
        self._told = wrong = self._wrong()
        end = self.pair.leaf.not_valid_after_utc
        if wrong is not None:
            _log.warn("the certificate {file} {wrong}", file=str(self._files[0]), wrong=wrong)
        elif end - utc(self._wall()) < WARN:
            _log.warn("the certificate {file} ends on {end:%Y-%m-%d %H:%M} UTC", file=str(self._files[0]), end=end)

    def _looked(self) -> tuple[_Mark, _Mark]:
        certificate, key = self._files
        return _mark(certificate), _mark(key)

    def _read(self, report: bool = True, say: bool = False) -> bool:
        """Use what the files hold; whether it can be used. *say*: report also that nothing changed."""
        try:
            new = read_pair(*self._files)
            self._check_dates(new)
            changed = new.chain != self.pair.chain
            if changed:
                self._use(new)
                self.on_change(self.fingerprint)
        except BadCertificate as problem:
            self._refused = True
            if report:
                _log.error("the certificate in use stays: {problem}", problem=str(problem))
            return False
        self._refused = False
        if changed or say:
            _log.info("certificate SHA-256 {print} for new connections", print=self.fingerprint)
        return True

    def _check_dates(self, new: Pair) -> None:
        """At a start the dates don't matter: any certificate is better than none."""
        if (wrong := dates_wrong(new.leaf, utc(self._wall()))) is not None:
            raise BadCertificate(f"{self._files[0]} {wrong}")

    def _use(self, pair: Pair) -> None:
        self._context = context(pair)
        self.pair = pair
