"""Configuration: one table of options, for the command line and the INI file alike."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.python import usage

from webcam.address import Networks
from webcam.model import LARGEST, Bounds

SECTION = "webcam"

CERTIFICATE = "certificate.pem"
KEY = "key.pem"
AUDIT = "audit.log"
"""Where they are, in the data folder, if nothing else is said."""

MOST_FRAME_MEMORY = 512 * 1024 * 1024
"""Bytes for frames, unless more are asked for."""

FRAMES = 4
"""Of the largest ones the memory for frames has to hold so many at least: two of an account."""

_DIGITS = 100
"""More of them are not even read."""


def size(text: str) -> int:
    """Bytes: a whole number, with K, M or G for powers of 1,024."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    factor = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}.get(unit)
    if factor is None or not number.isascii() or not number.isdigit() or not number.strip("0"):
        raise ValueError("want a size as 500000, 64K, 32M or 1G")
    return _bounded(number, factor)


def _bounded(digits: str, factor: int = 1) -> int:
    """The number times *factor*. Raises :class:`ValueError` for one that no database could hold."""
    number = int(digits) * factor if len(digits) <= _DIGITS else LARGEST + 1
    if number > LARGEST:
        raise ValueError(f"want at most {LARGEST}")
    return number


def size_or_none(text: str) -> int:
    """The same, or 0."""
    return 0 if text == "0" else size(text)


def seconds(text: str) -> float:
    """A number of seconds, not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise ValueError("want a number of seconds")
    return value


def count(text: str) -> int:
    """A whole number, 1 or more."""
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        raise ValueError("want a whole number, 1 or more")
    return _bounded(text)


def boolean(text: str) -> bool:
    """As INI files write it."""
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]
    except KeyError:
        raise ValueError("want yes or no") from None


def base_path(text: str) -> str:
    """A path that begins and ends with a slash, of letters, digits and ``-._~``."""
    if not re.fullmatch(r"/(?:[A-Za-z0-9._~-]+/)*", text) or {".", ".."} & set(text.split("/")):
        raise ValueError("want a path as / or /cam/")
    return text


def _path(text: str) -> Path:
    if not text:
        raise ValueError("want a path")
    return Path(text)


@dataclass(frozen=True)
class Option:
    """One option: its name in both places, its default as text, and how its text is read."""

    name: str
    default: str | None
    read: Callable[[str], Any]
    help: str
    repeated: bool = False


OPTIONS = (
    Option("data", None, _path, "folder of database, certificate and key [webcam-data, or what systemd gives]"),
    Option("listen", "tcp:8080", str, "Twisted endpoint to listen on, without TLS; may be repeated", repeated=True),
    Option("plain", "no", boolean, "no TLS: for tests, or behind a proxy on the same host"),
    Option("base-path", "/", base_path, "path that all others lie below, as /cam/ behind a proxy"),
    Option(
        "trusted-proxies",
        None,
        Networks.read,
        "addresses and networks of proxies, which are believed whose requests they bring [none]",
    ),
    Option("certificate", None, _path, f"certificate with its chain, PEM [DATA/{CERTIFICATE}]"),
    Option("key", None, _path, f"its key, PEM [DATA/{KEY}]"),
    Option("audit", None, _path, f"audit log: who came in, who didn't, what was changed [DATA/{AUDIT}]"),
    Option("record-limit", "32M", size, "largest record, in bytes (K, M, G)"),
    Option("frame-limit", "2M", size, "largest frame of a stream with its header, in bytes (K, M, G)"),
    Option(
        "frame-memory",
        None,
        size,
        "memory for frames of all streams; an account and an address may have half [a quarter of the memory that there"
        " is, at most 512M] (K, M, G)",
    ),
    Option("body-limit", "1M", size, "largest body of any other request, in bytes (K, M, G)"),
    Option("stall", "10", seconds, "seconds in which a viewer of every frame has to take a frame, or 64 KB/s"),
    Option("connections", "4000", count, "open connections in all"),
    Option("connections-per-address", "400", count, "open connections of one address (IPv6: of one /64)"),
    Option("drain", "10", seconds, "seconds for which what is under way may go on when the server is stopped"),
    Option("account-devices", "1000", count, "devices of an account that may be online at once"),
    Option("account-sessions", "10000", count, "sessions of an account; one more ends the one silent for longest"),
    Option("account-streams", "1000", count, "streams that an account may publish at once"),
    Option("account-messages", "2000000", count, "messages that an account may hold; no more are taken"),
    Option(
        "account-message-bytes", "256M", size, "bytes of messages that an account may hold (K, M, G); no more are taken"
    ),
    Option("account-records", None, count, "records that an account keeps, the newest ones [no bound]"),
    Option(
        "account-bytes", None, size, "bytes of records that an account keeps, of the newest ones [no bound] (K, M, G)"
    ),
    Option(
        "keep-free",
        None,
        size_or_none,
        "delete the oldest records to keep this much disk space free; 0: never"
        " [512M or 5 % of the disk, whichever is less] (K, M, G)",
    ),
    Option("cooldown", "60", seconds, "seconds for which a device that asked too often can't authorize"),
)
_BY_NAME = {each.name: each for each in OPTIONS}


class ConfigurationError(Exception):
    """The text is one line for the operator."""


@dataclass(frozen=True)
class Config:
    """The whole configuration, read and checked. Sizes in bytes, times in seconds."""

    data: Path
    listen: tuple[str, ...]
    plain: bool
    base_path: str
    trusted_proxies: Networks | None
    certificate: Path
    key: Path
    audit: Path
    record_limit: int
    frame_limit: int
    frame_memory: int | None
    body_limit: int
    stall: float
    connections: int
    connections_per_address: int
    drain: float
    account_devices: int
    account_sessions: int
    account_streams: int
    account_messages: int
    account_message_bytes: int
    account_records: int | None
    account_bytes: int | None
    keep_free: int | None
    cooldown: float

    @property
    def bounds(self) -> Bounds:
        """What accounts may hold, and all of them together."""
        return Bounds(
            messages=self.account_messages,
            message_bytes=self.account_message_bytes,
            records=self.account_records or 0,
            record_bytes=self.account_bytes or 0,
            keep_free=self.keep_free,
            devices=self.account_devices,
            sessions=self.account_sessions,
            streams=self.account_streams,
        )

    def frame_bytes(self, usable: int) -> int:
        """The memory for frames where so many bytes may be used in all."""
        return self.frame_memory or max(FRAMES * self.frame_limit, min(usable // 4, MOST_FRAME_MEMORY))

    @property
    def one_address(self) -> bool:
        """Whether all clients come from one address, that of a proxy which isn't asked who they are."""
        return self.plain and self.trusted_proxies is None

    @property
    def own_certificate(self) -> bool:
        """Whether the certificate is the server's own to make."""
        return self.certificate.parent == self.data and self.key.parent == self.data


def read_file(path: Path) -> dict[str, list[str]]:
    """The texts of an INI file, by option. Raises :class:`ConfigurationError`."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"can't read {path}: {' '.join(str(error).split())}") from None
    for section in parser.sections():
        if section != SECTION:
            raise ConfigurationError(f"{path}: unknown section [{section}]")
    if not parser.has_section(SECTION):
        raise ConfigurationError(f"{path}: no section [{SECTION}]")
    found = {}
    for name, text in parser.items(SECTION):
        option = _BY_NAME.get(name)
        if option is None:
            raise ConfigurationError(f"{path}: unknown option {name}")
        found[name] = text.split() if option.repeated else [text]
    return found


def build(given: Mapping[str, list[str]], environment: Mapping[str, str]) -> Config:
    """The configuration from texts by option, as the command line and the file gave them."""
    values: dict[str, Any] = {}
    for option in OPTIONS:
        texts = given.get(option.name) or ([] if option.default is None else [option.default])
        try:
            read = [option.read(each) for each in texts]
        except ValueError as error:
            raise ConfigurationError(f"{option.name}: {error}, not {' '.join(texts)!r}") from None
        name = option.name.replace("-", "_")
        values[name] = tuple(read) if option.repeated else (read[-1] if read else None)
    memory, least = values["frame_memory"], FRAMES * values["frame_limit"]
    if memory is not None and memory < least:
        raise ConfigurationError(f"frame-memory: want at least {FRAMES} times frame-limit, {least} bytes, not {memory}")
    data = values["data"] or default_data(environment)
    values["data"] = data
    values["certificate"] = values["certificate"] or data / CERTIFICATE
    values["key"] = values["key"] or data / KEY
    values["audit"] = values["audit"] or data / AUDIT
    return Config(**values)


def default_data(environment: Mapping[str, str]) -> Path:
    """The data folder where none is named: systemd's StateDirectory, else ``webcam-data`` here."""
    return Path(environment.get("STATE_DIRECTORY", "").split(":")[0] or "webcam-data")


def _shown(option: Option) -> str:
    return option.help if option.default is None else f"{option.help} [{option.default}]"


class Options(usage.Options):
    """The command line of ``twistd webcam``: the options above, and ``--config``."""

    synopsis = "[options]"
    longdesc = "The web camera server. Options of the command line win over those of the file."
    optFlags = [[each.name, None, each.help] for each in OPTIONS if each.read is boolean]  # noqa: N815
    optParameters = [  # noqa: N815
        ["config", None, None, f"INI file with these options, in a section [{SECTION}]"],
        *([each.name, None, None, _shown(each)] for each in OPTIONS if each.read is not boolean and not each.repeated),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """Twisted endpoint to listen on, without TLS; may be repeated [tcp:8080]"""
        self._listen.append(endpoint)

    def parseOptions(self, options: Any = None) -> None:  # noqa: N802
        """As Twisted's, but what is wrong is told in one line, not in a page of usage."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            raise SystemExit(f"webcam: {str(error).rstrip('.')}; twistd webcam --help names the options") from None

    def configuration(self, environment: Mapping[str, str] | None = None) -> Config:
        """What command line, file and environment come to. Raises :class:`ConfigurationError`."""
        given = {"listen": self._listen} if self._listen else {}
        for option in OPTIONS:
            value = self.get(option.name)
            if value not in (None, 0):
                given[option.name] = ["yes" if option.read is boolean else value]
        path = self["config"]
        from_file = read_file(Path(path)) if path else {}
        return build({**from_file, **given}, os.environ if environment is None else environment)
