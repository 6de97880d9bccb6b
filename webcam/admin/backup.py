"""``webcam backup`` and ``webcam restore``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from webcam.admin.common import Bar, Nouns, add_noted_command, folder_of, note
from webcam.config import AUDIT, CERTIFICATE, KEY
from webcam.errors import Refused
from webcam.firstaccount import PASSWORD_FILE
from webcam.instance import FILE as INSTANCE
from webcam.storage.backup import back_up, restore
from webcam.storage.checks import Holding
from webcam.storage.handover import LOCK as RESTORE_LOCK
from webcam.storage.handover import hand_over
from webcam.storage.lock import LOCK, SERVER, FolderInUse
from webcam.storage.reserve import FILE as RESERVE
from webcam.storage.schema import FILE
from webcam.storage.thumbnails import FILE as THUMBNAILS


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    command = add_noted_command(nouns, "backup", _backup, "copy the database to a file, also while the server runs")
    command.add_argument("file", type=Path, help="where to")
    command.add_argument("--force", action="store_true", help="replace a file that is there")
    command = add_noted_command(
        nouns, "restore", _restore, "put a backup in the place of the database, also while the server runs"
    )
    command.add_argument("file", type=Path, help="the backup")


def _backup(options: argparse.Namespace) -> str:
    data = folder_of(options)
    if (name := _own_name(data, options.file)) is not None:
        raise Refused(f"{options.file} is the server's own {name}: a backup has another place")
    with Bar("backup") as bar:
        held = back_up(data, options.file, options.force, bar.show)
    note(options, "backed_up", file=str(options.file.absolute()))
    return f"backed up {data / FILE} to {options.file}: {_told(held)}, {options.file.stat().st_size} bytes"


def _restore(options: argparse.Namespace) -> str:
    data = folder_of(options)
    with Bar("restore") as bar:
        try:
            kept, held = restore(data, options.file, bar.show)
        except FolderInUse as refusal:
            if refusal.holder != SERVER:
                raise
            kept, held = hand_over(data, options.file, bar.show)
    note(options, "restored", file=str(options.file.absolute()), kept=kept.name if kept else None)
    path = data / FILE
    text = f"restored {path} from {options.file}: {_told(held)}, {path.stat().st_size} bytes"
    return text if kept is None else f"{text}\nthe database that was there is {kept}"


def _own_name(data: Path, file: Path) -> str | None:
    """Which file of the server's own would be replaced, other than the database; older ones with an ending, too."""
    real = os.path.realpath(file)  # which takes a link that leads to itself
    for each in (CERTIFICATE, KEY, AUDIT, PASSWORD_FILE, INSTANCE, THUMBNAILS, LOCK, RESTORE_LOCK, RESERVE):
        own = os.path.realpath(data / each)
        if real == own or (real.startswith(f"{own}.") and Path(real).exists()):
            return Path(real).name
    return None


def _told(held: Sequence[Holding]) -> str:
    return f"{_number(len(held), 'account')}, {_number(sum(each.records for each in held), 'record')}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
