"""A copy of the database authorizes nobody: what stands in it opens no session, and is no password."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

from tests.integration.test_data import DataCase
from tests.support.session import OK, bad
from tests.support.trail import PASSWORD, answered, used
from webcam.service.passwords import check_password

PASSWORD_TRIES = 20
"""Each costs the server a hash, and may be refused for being one of too many; the others are checked without it."""


class Stolen(DataCase):
    """The server was used: accounts, sessions, messages, records, a first password, secrets."""

    def setUp(self) -> None:
        self.own_server()
        self.first = (self.server.data / "first-password").read_text().strip()
        self.tokens = [self.authorize(device, meta="{}") for device in ("camera", "phone", "phone")]
        self.server.account("add", "other", password="sesame-of-other")
        for each in self.tokens:
            self.assertEqual(self.call("addMsgs.json", shash=each, msg="hello", params={"from": "me"}), OK)
            self.add_record(each, b"picture")
            self.call("getMsgsAndSync.json", shash=each)
        self.secrets = [
            used("password", self.said("secret", "add", self.account, role, f"--{role}").strip())
            for role in ("view", "publish")
        ]
        for secret in self.secrets:
            self.tokens.append(self.login(secret)["shash"])
        link = self.call("console/share.json", shash=self.tokens[0], device="camera", hours=1)
        self.link = link["path"].partition("/")[2]
        file = self.folder() / "stolen.db"
        self.said("backup", str(file))
        self.copy = file.read_bytes()
        with closing(sqlite3.connect(file)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            self.values = [
                value for each in tables for row in connection.execute(f'SELECT * FROM "{each}"') for value in row
            ]
            hashes = connection.execute("SELECT password_hash FROM accounts")
            self.hashes = [each for (each,) in hashes]

    def texts(self) -> list[str]:
        """Everything in it that might be typed, whole and in its parts."""
        found: set[str] = set()
        for value in self.values:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            found |= {text, *text.split(), *text.split("$"), *text.split(",")}
        return sorted(each for each in found if each)

    def test_no_secret_stands_in_it(self) -> None:
        """Neither in a value, nor in what was deleted and is still in the file."""
        self.assertGreater(len(self.values), 100)
        for secret in (PASSWORD, "sesame-of-other", self.first, self.link, *self.tokens, *self.secrets):
            self.assertNotIn(secret.encode(), self.copy)
            self.assertFalse([value for value in self.values if secret in str(value)])

    def test_nothing_in_it_is_a_token(self) -> None:
        texts = self.texts()
        self.assertGreater(len([each for each in texts if len(each) == 64]), 2, "the digests are among them")
        for text in texts:
            answer = self.http.post("/getServerTime.json", content=json.dumps({"shash": text}))
            self.assertIn(answer.json(), (bad(6), bad(12), bad(4)), text)
        self.assertEqual(self.call("heartBit.json", shash=self.tokens[0]), OK)

    def test_nothing_in_it_is_a_link(self) -> None:
        for text in self.texts():
            self.assertEqual(self.http.get(f"/share/{quote(text, safe='')}").status_code, 404, text)
        self.assertEqual(self.http.get(f"/share/{self.link}").status_code, 200)

    def test_nothing_in_it_is_a_password(self) -> None:
        texts = self.texts()
        self.assertLessEqual(set(self.hashes), set(texts))
        longest = sorted(texts, key=len, reverse=True)
        for text in longest[:PASSWORD_TRIES]:
            self.assertEqual(self.login(text)["result"], "BAD", text)
        for text in texts:
            self.assertFalse([each for each in self.hashes if check_password(each, text)], text)

    def login(self, password: str) -> Any:
        answer = self.http.post("/authorize.json", json={"name": self.account, "pass": password, "device": "thief"})
        answered(answer.text)
        return answer.json()
