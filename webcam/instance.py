"""The id of a server: a random one that stays with its data folder, and tells it from others on the same host."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from twisted.logger import Logger

from webcam.durable import write_file

FILE = "instance-id"

_ID = re.compile(rb"[0-9a-f]{16}\n?")
_log = Logger(namespace="webcam")


def instance_id(data: Path) -> str:
    """Return the id that the data folder holds; one that is missing or malformed is made anew.

    Where it can't be read or written, the id is this process's alone: browsers log in again after a restart.
    """
    path = data / FILE
    try:
        found = path.read_bytes()[:64] if path.exists() else b""
        if _ID.fullmatch(found):
            return found.decode("ascii").strip()
        made = secrets.token_hex(8)
        write_file(path, f"{made}\n".encode())
    except OSError as error:
        _log.warn(
            "{path} can't be used ({why}): browsers have to log in again after the next start",
            path=str(path),
            why=error.strerror,
        )
        return secrets.token_hex(8)
    return made
