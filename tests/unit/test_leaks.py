"""The search for secrets in logs finds what is there, however it is written."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

from twisted.trial.unittest import SynchronousTestCase

from tests.support import leaks, trail
from tests.support.leaks import NOT_SEARCHED, SHORTEST, Search

TOKEN = "AbCdEf0123456789-_AbCdEf012="
PHRASE = 'pass "phrase" with\\ %41 żółć/+'


class Finding(SynchronousTestCase):
    def setUp(self) -> None:
        self.search = Search({TOKEN, PHRASE, "111"})

    def assertFound(self, *written: str) -> None:
        for each in written:
            line = f"2026-01-01 [webcam] refused {each} from 192.0.2.7"
            self.assertEqual(self.search.hits(f"before\n{line}\nbehind\n"), [line])

    def test_as_it_is(self) -> None:
        self.assertFound(TOKEN, PHRASE, f"shash={TOKEN}&more", f"x{PHRASE}x")

    def test_percent_encoded(self) -> None:
        for secret in (TOKEN, PHRASE):
            self.assertFound(quote(secret), quote(secret, safe=""), quote_plus(secret))
        self.assertFound(TOKEN.replace("=", "%3d"))
        self.assertFound("".join(f"%{ord(each):02x}" for each in TOKEN), quote(quote(PHRASE)))

    def test_escaped(self) -> None:
        self.assertFound(json.dumps(PHRASE), json.dumps(PHRASE, ensure_ascii=False), repr(PHRASE), ascii(PHRASE))
        self.assertFound(json.dumps(json.dumps(PHRASE)), json.dumps({"uri": quote(PHRASE)}))
        self.assertFound("".join(f"\\u{ord(each):04x}" for each in TOKEN))

    def test_in_base64(self) -> None:
        """As in a header of basic authentication."""
        for name in ("", "u", "us", "user"):
            self.assertFound(base64.b64encode(f"{name}:{PHRASE}:x".encode()).decode())

    def test_what_is_not_there_is_not_found(self) -> None:
        for line in (TOKEN[:-2], TOKEN.lower(), "sesame", "111", "", "50% of \\u12", PHRASE[1:]):
            self.assertEqual(self.search.hits(line), [])

    def test_what_is_left_out_is_named(self) -> None:
        short = "x" * (SHORTEST - 1)
        self.assertEqual(leaks.unsearchable({TOKEN, "111", short, "y" * SHORTEST}), [short])
        self.assertTrue(all(NOT_SEARCHED.values()))


class Trail(SynchronousTestCase):
    """What is planted is found the way that the last test of a run goes."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.patch(trail, "folder", self.made)

    def made(self) -> Path:
        (self.folder / trail.LOGS).mkdir(parents=True, exist_ok=True)
        return self.folder

    def test_a_secret_in_a_log(self) -> None:
        self.assertEqual(trail.used("password", "planted-password-1"), "planted-password-1")
        trail.answered('{"shash":"planted-token-0123456789-01=", "result":"OK"}')
        data = self.folder / "data"
        data.mkdir()
        (data / "first-password").write_text("planted-first\n")
        (data / "key.pem").write_text("-----BEGIN KEY-----\nplantedkeyline\n-----END KEY-----\n")
        (data / "audit.log").write_text("harmless\n")
        trail.of_data(data)
        self.assertEqual(
            leaks.secrets_in(self.folder),
            {
                "password": {"planted-password-1"},
                "token": {"planted-token-0123456789-01="},
                "first password": {"planted-first"},
                "key": {"plantedkeyline"},
            },
        )
        log = trail.new_log("server")
        assert log is not None
        log.write_text("GET /x?shash=planted%2Dtoken%2D0123456789-01%3D\nharmless\n")
        search = Search(set().union(*leaks.secrets_in(self.folder).values()))
        hits = {path: search.hits(path.read_text()) for path in leaks.logs_of(self.folder)}
        self.assertEqual(len(hits), 2, "the audit log, too")
        found = [line for lines in hits.values() for line in lines]
        self.assertEqual(found, ["GET /x?shash=planted%2Dtoken%2D0123456789-01%3D"])
