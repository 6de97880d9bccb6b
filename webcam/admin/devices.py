"""``webcam device``: listing the devices of an account, and forgetting them."""

from __future__ import annotations

import argparse
import sqlite3

from webcam.admin.common import Nouns, add_command, add_noted_command, note, of_account, table
from webcam.calendar import SECOND
from webcam.errors import Refused
from webcam.model import stamp_of
from webcam.storage import clock, secrets, seen


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    device = nouns.add_parser("device", help="list and forget devices")
    verbs = device.add_subparsers(required=True, metavar="list|forget")
    command = add_command(verbs, "list", _list, "list an account's devices, those that were seen last first")
    command.add_argument("account", help="the account's name")
    command = add_noted_command(verbs, "forget", _forget, "take a device out of the lists; its sessions end")
    command.add_argument("account", help="the account's name")
    command.add_argument("device", help="the device's name")


def _list(options: argparse.Namespace) -> str:
    def rows(cursor: sqlite3.Cursor) -> list[tuple[str, str, str]]:
        wall_at = clock.wall_times(cursor)
        labels = {each.secret_id: each.label for each in secrets.secrets(cursor, options.account)}
        return [
            (each.device, _second(wall_at(each.active)), labels.get(each.secret_id or 0, ""))
            for each in seen.seen_devices_of(cursor, options.account)
        ]

    return table(("device", "last seen (UTC)", "secret"), of_account(options, options.account, rows))


def _second(micros: float) -> str:
    return stamp_of(micros / SECOND)[: len("YYYY-MM-DD HH:MM:SS")]


def _forget(options: argparse.Namespace) -> str:
    known = of_account(
        options, options.account, lambda cursor: seen.forget_device_of(cursor, options.account, options.device)
    )
    if not known:
        raise Refused(f"there is no device {options.device!r}")
    note(options, "device_forgotten", account=options.account, device=options.device)
    return f"forgot {options.device}"
