"""``webcam tls``."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from webcam.admin.common import Nouns, add_command, folder_of
from webcam.config import CERTIFICATE
from webcam.errors import Refused
from webcam.http.certificate import BadCertificate, dates_wrong, fingerprint, names_of, read_chain


def add_to(nouns: Nouns) -> None:
    """Let the program know this command."""
    command = add_command(nouns, "tls", _tls, "show the certificate, by which clients know the server")
    command.add_argument("--certificate", type=Path, help=f"another file than {CERTIFICATE} of the data folder")


def _tls(options: argparse.Namespace) -> str:
    path = options.certificate or folder_of(options) / CERTIFICATE
    try:
        leaf = read_chain(path)[0]
    except BadCertificate as error:
        raise Refused(str(error)) from None
    since, until = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    now = datetime.datetime.now(datetime.timezone.utc)
    if (wrong := dates_wrong(leaf, now)) is not None:
        raise Refused(f"{path} {wrong}")
    rows = (
        ("file", str(path)),
        ("subject", leaf.subject.rfc4514_string()),
        ("names", ", ".join(names_of(leaf))),
        ("issuer", "itself" if leaf.issuer == leaf.subject else leaf.issuer.rfc4514_string()),
        ("valid from", f"{since:%Y-%m-%d %H:%M} UTC"),
        ("valid until", f"{until:%Y-%m-%d %H:%M} UTC, {(until - now).days} days left"),
        ("SHA-256", fingerprint(leaf)),
    )
    return "\n".join(f"{name:11} {text}" for name, text in rows)
