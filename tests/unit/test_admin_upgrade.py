"""What the operator's program does with a database of an older version."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.support.admin_data import DataCase
from webcam.admin import common
from webcam.storage import schema
from webcam.storage.lock import FolderLock
from webcam.storage.schema import FILE, VERSION


class UpgradeTests(DataCase):
    """The program may be newer than the server that runs."""

    def setUp(self) -> None:
        super().setUp()
        real = schema.script
        for module in (schema, common):
            self.patch(module, "VERSION", VERSION + 1)
        self.patch(schema, "script", lambda each: "CREATE TABLE more (x);" if each > VERSION else real(each))

    def version(self) -> int:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("PRAGMA user_version").fetchone()[0]

    def test_a_database_on_which_a_server_runs_is_not_upgraded(self):
        with FolderLock(self.data, "a server"):
            self.assertRefused(
                f"the database {self.path} is of version {VERSION}: restart the server, which upgrades it to",
                *("account", "list"),
            )
        self.assertEqual((self.version(), self.beside(self.path)), (VERSION, []))

    def test_without_a_server_it_is(self):
        self.assertEqual(self.said("account", "list"), "user\n")
        self.assertEqual((self.version(), self.beside(self.path)), (VERSION + 1, [f"{FILE}.version-{VERSION}"]))

    def test_it_is_backed_up_as_it_is(self):
        with FolderLock(self.data, "a server"):
            self.said("backup", str(self.file))
        self.assertEqual((self.version(), self.names(self.file)), (VERSION, ["user"]))
