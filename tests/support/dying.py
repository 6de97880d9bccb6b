"""A process that stores one message and is killed on the way: right before its commit, or right behind it.

    python -m tests.support.dying DATABASE before|behind

It never answers: whoever started it looks at what is there.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred

from tests.support.clock import moment_of
from webcam.model import Draft
from webcam.storage.database import Database
from webcam.storage.sqlite import SQLiteStore


def _dying_connection(behind: bool) -> type[sqlite3.Connection]:
    class Dying(sqlite3.Connection):
        """Of the first commit that would change something."""

        def commit(self) -> None:
            if not self.total_changes:
                super().commit()
                return
            if behind:
                super().commit()
            os.kill(os.getpid(), signal.SIGKILL)

    return Dying


def main() -> None:
    from twisted.internet import reactor

    path, when = sys.argv[1:]
    connect, kind = sqlite3.connect, _dying_connection(when == "behind")

    def dying(*args: Any, **more: Any) -> sqlite3.Connection:
        return connect(*args, factory=kind, **more)

    sqlite3.connect = dying  # type: ignore[assignment]
    store = SQLiteStore(Database(Path(path), reactor))
    running: Any = reactor
    running.callWhenRunning(lambda: ensureDeferred(_store(store)))
    running.run()


async def _store(store: SQLiteStore) -> None:
    (account,) = await store.accounts()
    drafts = [Draft("one", "", "{}"), Draft("two", "", "{}")]
    await store.add_messages(account.account_id, "camera", moment_of("2023-11-14 22:13:20.000000"), drafts, None)


if __name__ == "__main__":
    main()
