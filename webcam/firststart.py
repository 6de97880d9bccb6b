"""What a first start makes, and a later one finds."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TextIO

from webcam.clock import SystemClock
from webcam.config import Config
from webcam.errors import StartFailure
from webcam.firstaccount import PASSWORD_FILE, make_first_account
from webcam.http.certificate import make_or_renew, utc
from webcam.storage.reserve import Reserve
from webcam.storage.schema import make_ready


def prepare(config: Config, terminal: TextIO | None = None) -> Path:
    """What a first start makes: folder, database, a first account, key and certificate. The database's path.

    The account's password is shown on *terminal*. Raises :class:`StartFailure`.
    """
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(config.data, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        reserve = Reserve(config.data)
        reserve.release_on_full_disk()
        path = make_ready(config.data)
        make_first_account(path, config.data / PASSWORD_FILE, terminal)
        if not config.plain and config.own_certificate:
            make_or_renew(config.certificate, config.key, utc(SystemClock.wall()))
        reserve.refill()
    except OSError as error:
        raise StartFailure(f"can't use the data folder {config.data}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise StartFailure(f"the database {path} can't be used: {error}") from None
    return path
