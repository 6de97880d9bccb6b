"""What a first start makes, and a later one finds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from twisted.logger import Logger

from webcam.clock import SystemClock
from webcam.config import CERTIFICATE, KEY, Config
from webcam.durable import make_folder
from webcam.errors import StartFailure
from webcam.firstaccount import PASSWORD_FILE, make_first_account
from webcam.http.certificate import utc
from webcam.http.own_pair import is_ours, make_or_renew
from webcam.instance import FILE as INSTANCE
from webcam.instance import instance_id
from webcam.permissions import make_private, open_to_others, readable_by_all
from webcam.storage.handover import ANSWER
from webcam.storage.isolation import isolate_bad_rows
from webcam.storage.leftovers import clear_leftovers
from webcam.storage.reserve import Reserve
from webcam.storage.schema import make_ready

_log = Logger(namespace="webcam")


def prepare(config: Config, terminal: TextIO | None = None) -> Path:
    """What a first start makes: folder, database, a first account, key and certificate. The database's path.

    The account's password is shown on *terminal*. Raises :class:`StartFailure`.
    """
    try:
        make_folder(config.data)
        if not os.access(config.data, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        clear_leftovers(
            config.data, (CERTIFICATE, KEY, PASSWORD_FILE, ANSWER, INSTANCE)
        )  # they may be what fills the disk
        reserve = Reserve(config.data)
        reserve.release_on_full_disk()
        path = make_ready(config.data)
        isolate_bad_rows(path)
        make_first_account(path, config.data / PASSWORD_FILE, terminal)
        if not config.plain and config.own_certificate:
            make_or_renew(config.certificate, config.key, utc(SystemClock.wall()))
        instance_id(config.data)
        reserve.refill()
        for line in _who_can_read(config):
            _log.warn("{line}", line=line)
    except OSError as error:
        raise StartFailure(f"can't use the data folder {config.data}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise StartFailure(f"the database {path} can't be used: {error}") from None
    return path


def _who_can_read(config: Config) -> Iterator[str]:
    """What others can get at, after our own key and password were set right; a line each."""
    ours = config.own_certificate and is_ours(config.certificate)
    lines = [make_private(config.data / PASSWORD_FILE)]
    if not config.plain:
        lines.append(make_private(config.key) if ours else readable_by_all(config.key))
    yield from (line for line in lines if line is not None)
    yield from open_to_others(config.data)
