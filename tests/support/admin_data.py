"""A base of tests of the operator's program: a data folder with something in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.admin import AdminCase
from tests.support.clock import moment_of
from webcam.storage import accounts, records
from webcam.storage.schema import FILE, connect

STAMP = "2026-01-02 03:04:05.000006"


class DataCase(AdminCase):
    """A data folder with the account ``user`` and what the test adds."""

    def setUp(self) -> None:
        super().setUp()
        self.add()
        self.path = self.data / FILE
        self.file = self.data.parent / "backup.db"

    def record(self, size: int, name: str = "user") -> int:
        with closing(connect(self.path)) as connection:
            account = accounts.account(connection.cursor(), name)
            assert account is not None
            return records.add_record(
                connection.cursor(), account.account_id, "camera", "", moment_of(STAMP), [bytes(size)]
            )[0]

    def change(self, statement: str, path: Path | None = None) -> None:
        """What no program of ours would do to a database."""
        with closing(sqlite3.connect(path or self.path)) as connection:
            connection.execute(statement)
            connection.commit()

    def names(self, path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return [each.name for each in accounts.accounts(connection.cursor())]

    def damage(self, path: Path) -> None:
        """Overwrite a page that the database needs."""
        with closing(sqlite3.connect(path)) as connection:
            statement = "SELECT rootpage FROM sqlite_master WHERE name = 'record_parts'"
            (page,) = connection.execute(statement).fetchone()
        with path.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)

    def said(self, *arguments: str) -> str:
        status, out, err = self.run_it(*arguments)
        self.assertEqual((status, err), (0, ""))
        return out

    def beside(self, path: Path) -> list[str]:
        """What else is in its folder under a name that begins with its own."""
        return sorted(each.name for each in path.parent.iterdir() if each.name.startswith(path.name) and each != path)
