"""A client that writes TLS 1.3 records of its own making, as no library lets one: RFC 8446, 5.2, 7.1 to 7.3."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

HANDSHAKE, APPLICATION = 22, 23
NEW_KEYS = b"\x18\0\0\1\1"
"""A KeyUpdate that wants the other side to change its keys, too."""


def secret_of(keylog: Path) -> bytes:
    """The client's first secret for application data, of the last connection that a context has logged
    (``keylog_filename``); the log is empty then."""
    lines = [line.split() for line in keylog.read_text().splitlines()]
    os.truncate(keylog, 0)
    return bytes.fromhex(next(each[2] for each in reversed(lines) if each[0] == "CLIENT_TRAFFIC_SECRET_0"))


class Records:
    """What a client of TLS_AES_128_GCM_SHA256 sends from its first record of application data on."""

    def __init__(self, secret: bytes) -> None:
        self._use(secret)

    def _use(self, secret: bytes) -> None:
        self._secret, self._number = secret, 0
        self._cipher = AESGCM(self._derive(b"key", 16))
        self._iv = int.from_bytes(self._derive(b"iv", 12), "big")

    def _derive(self, label: bytes, size: int) -> bytes:
        label = b"tls13 " + label
        info = size.to_bytes(2, "big") + bytes((len(label),)) + label + b"\0"
        return HKDFExpand(SHA256(), size, info).derive(self._secret)

    def record(self, content: bytes, kind: int = APPLICATION) -> bytes:
        """One, encrypted."""
        inner = content + bytes((kind,))
        head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
        nonce = (self._iv ^ self._number).to_bytes(12, "big")
        self._number += 1
        return head + self._cipher.encrypt(nonce, inner, head)

    def new_keys(self) -> bytes:
        """A record that changes the keys of those behind it, and asks for the same."""
        made = self.record(NEW_KEYS, HANDSHAKE)
        self._use(self._derive(b"traffic upd", 32))
        return made
