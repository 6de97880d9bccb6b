"""The base of tests that run the operator's program, in this process."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.trail import used
from webcam import admin
from webcam.model import Account
from webcam.storage import accounts
from webcam.storage.schema import FILE, connect


class AdminCase(SynchronousTestCase):
    """``self.data`` is a data folder, empty at first."""

    def setUp(self) -> None:
        self.data = Path(self.mktemp())
        self.data.mkdir(mode=0o700, parents=True)

    def run_it(self, *arguments: str, stdin: str = "", data: bool = True) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        if "--password-stdin" in arguments:
            used("password", stdin.split("\n", maxsplit=1)[0].rstrip("\r").lstrip("\ufeff"))
        self.patch(sys, "stdin", io.StringIO(stdin))
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        try:
            status = admin.main([*arguments, *(["--data", str(self.data)] if data else [])])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, out.getvalue(), err.getvalue()

    def add(self, name: str = "user", password: str = "secret") -> None:
        status, _, err = self.run_it("account", "add", name, "--password-stdin", stdin=f"{password}\n")
        self.assertEqual((status, err), (0, ""))

    def account(self, name: str = "user") -> Account | None:
        with closing(connect(self.data / FILE)) as connection:
            return accounts.account(connection.cursor(), name)

    def assertRefused(self, text: str, *arguments: str, stdin: str = "secret\n") -> None:
        status, out, err = self.run_it(*arguments, stdin=stdin)
        self.assertEqual((status, out), (1, ""))
        self.assertTrue(err.startswith("webcam: "), err)
        self.assertEqual(err.count("\n"), 1, "one line")
        self.assertIn(text, err)
        self.assertNotIn("secret", err)
