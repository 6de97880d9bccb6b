"""The audit log: a line an event, which no client can forge, in files that are bounded, whoever else writes to them."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import FakeClock
from webcam import audit
from webcam.audit import FILES, STRANGERS, TEXT, USUAL, AuditLog


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "audit.log"
        self.clock = FakeClock()
        self.reported: list[str] = []
        self.log = self.open(rotates=True)

    def open(self, rotates: bool = False) -> AuditLog:
        return AuditLog(self.path, self.clock, self.reported.append, rotates)

    def events(self, path: Path | None = None) -> list[dict[str, Any]]:
        """What the file holds, each line by itself, without the times."""
        found = [json.loads(line) for line in (path or self.path).read_bytes().split(b"\n")[:-1]]
        return [{name: fact for name, fact in each.items() if name != "time"} for each in found]

    def break_it(self) -> None:
        """Nothing can be written: there is a folder in the file's place."""
        self.path.unlink(missing_ok=True)
        self.path.mkdir()


class Lines(Case):
    def test_a_line_says_when_what_and_the_facts(self) -> None:
        self.clock.advance(0.25)
        self.log.note("login", account="home", device="camera", address="192.0.2.1", count=3, reason=None)
        self.assertEqual(
            self.path.read_text(),
            '{"time": "2023-11-14T22:13:20.250000Z", "event": "login", "account": "home", "device": "camera",'
            ' "address": "192.0.2.1", "count": 3}\n',
        )

    def test_only_its_owner_can_read_it(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        self.log.note("login")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_no_text_of_a_client_makes_a_line_of_its_own(self) -> None:
        for name in ('x"}\n{"event": "login"}', "a\r\nb", "\u2028\u2029\x85\x00\x1b[2J", "\ud800", "ü"):
            self.path.unlink(missing_ok=True)
            self.log.note("login", device=name)
            (line,) = self.path.read_bytes().splitlines()
            self.assertTrue(line.isascii() and line.decode().isprintable(), line)
            self.assertEqual(self.events(), [{"event": "login", "device": name}])

    def test_long_text_is_cut(self) -> None:
        self.log.note("login", device="x" * TEXT, meta="y" * (TEXT + 1), account="\U0001f4f7" * 1000)
        (event,) = self.events()
        self.assertEqual((event["device"], event["meta"]), ("x" * TEXT, "y" * TEXT + "…"))
        self.assertTrue(event["account"].startswith("\U0001f4f7" * 10) and event["account"].endswith("…"))
        self.assertLess(len(json.dumps(event["account"])), TEXT + 10)

    def test_an_account_of_which_the_id_is_known_is_called_by_its_name(self) -> None:
        self.log.name_of = {1: "home"}.get
        for account in (1, 2):
            self.log.note("login", account=account)
        self.assertEqual([each["account"] for each in self.events()], ["home", 2])

    def test_a_line_that_was_broken_off_spoils_no_other(self) -> None:
        self.path.write_text('{"event": "log')
        self.log.note("login")
        broken, whole = self.path.read_text().splitlines()
        self.assertEqual((broken, json.loads(whole)["event"]), ('{"event": "log', "login"))


class Rotating(Case):
    def setUp(self) -> None:
        super().setUp()
        self.patch(audit, "SIZE", 300)
        self.patch(audit, "USUAL", (10_000.0, 1.0))

    def numbers(self) -> list[int]:
        """Of the events, file by file, the newest first."""
        paths = [self.path, *(self.folder / f"audit.log.{number}" for number in range(1, 100))]
        return [each["count"] for path in paths if path.exists() for each in self.events(path)]

    def test_a_full_file_moves_on_and_the_oldest_goes(self) -> None:
        for number in range(100):
            self.log.note("login", count=number)
        names = {f"audit.log.{number}" for number in range(1, FILES)} | {"audit.log"}
        self.assertEqual({each.name for each in self.folder.iterdir()}, names)
        for each in self.folder.iterdir():
            self.assertLessEqual(each.stat().st_size, 300)
            self.assertEqual(stat.S_IMODE(each.stat().st_mode), 0o600)
        kept = self.numbers()
        self.assertEqual(sorted(kept), list(range(100 - len(kept), 100)), "the newest, none of them lost or twice")

    def test_one_process_moves_the_files_on_and_the_others_follow(self) -> None:
        other = self.open()
        for number in range(30):
            (other if number % 2 else self.log).note("login", count=number)
        self.assertEqual(sorted(self.numbers()), list(range(30)))
        for number in range(30, 40):
            other.note("login", count=number)
        self.assertGreater(self.path.stat().st_size, 300)
        self.assertEqual(self.numbers().count(39), 1)

    def test_a_file_that_somebody_moved_away_is_begun_anew(self) -> None:
        self.log.note("login", count=1)
        self.path.rename(self.folder / "elsewhere")
        self.log.note("login", count=2)
        self.assertEqual(self.events(), [{"event": "login", "count": 2}])


class Pipe(Case):
    def test_a_pipe_that_nobody_empties_stops_nobody(self) -> None:
        os.mkfifo(self.path)
        held = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, held)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(held, bytes(4096))
        self.log.note("login")
        self.assertEqual(len(self.reported), 1)
        self.assertIn("1 event is missing", self.reported[0])


class Failing(Case):
    def test_a_failure_is_reported_once_a_minute_and_fails_nobody(self) -> None:
        self.break_it()
        for _ in range(3):
            self.log.note("login")
        self.assertEqual(
            self.reported, [f"the audit log {self.path} can't be written: Is a directory; 1 event is missing in it"]
        )
        self.clock.advance(59)
        self.log.note("login")
        self.assertEqual(len(self.reported), 1)
        self.clock.advance(1)
        self.log.note("login")
        self.assertEqual(len(self.reported), 2)
        self.assertTrue(self.reported[1].endswith("; 5 events are missing in it"))

    def test_what_was_lost_is_counted_in_the_log_itself_when_it_can_be_written_again(self) -> None:
        self.break_it()
        for _ in range(3):
            self.log.note("login")
        self.path.rmdir()
        for _ in range(2):
            self.log.note("restored")
        restored = {"event": "restored"}
        self.assertEqual(self.events(), [restored, {"event": "lost", "count": 3}, restored])

    def test_a_write_that_fell_short_is_a_failure(self) -> None:
        write = os.write
        self.patch(os, "write", lambda number, data: write(number, data[:10]))
        self.log.note("login")
        self.patch(os, "write", write)
        self.assertEqual(len(self.reported), 1)
        self.assertIn("No space left on device", self.reported[0])
        self.log.note("login")
        self.assertEqual(
            [json.loads(each)["event"] for each in self.path.read_text().splitlines()[1:]], ["login", "lost"]
        )


class Shares(Case):
    def test_what_strangers_cause_without_number_is_counted_and_left_out(self) -> None:
        burst, rate = (int(STRANGERS[0]), STRANGERS[1])
        for _ in range(burst + 50):
            self.log.note("login_refused", reason="wrong")
        self.assertEqual(len(self.events()), burst)
        self.log.tell_left_out()
        self.assertEqual(self.events()[burst:], [{"event": "left_out", "of": "login_refused", "count": 50}])
        self.log.tell_left_out()
        self.assertEqual(len(self.events()), burst + 1, "told once")
        self.clock.advance(1 / rate)
        self.log.note("login_refused")
        self.assertEqual(self.events()[-1], {"event": "login_refused"})

    def test_so_is_what_is_usual_above_2000_lines_and_one_a_second(self) -> None:
        self.assertEqual(USUAL, (2000.0, 1.0))
        for event in ("login", "session_ended"):
            self.path.unlink(missing_ok=True)
            for _ in range(2003):
                self.log.note(event)
            self.assertEqual(len(self.events()), 2000)
            self.clock.advance(3)
            for _ in range(5):
                self.log.note(event)
            self.assertEqual(len(self.events()), 2003)
        self.log.tell_left_out()
        left_out = [{"event": "left_out", "of": each, "count": 5} for each in ("login", "session_ended")]
        self.assertEqual(self.events()[2003:], left_out)

    def test_what_strangers_can_cause_has_their_share(self) -> None:
        self.assertEqual(STRANGERS, (200.0, 0.05))
        for event in ("limit_met", "link_used", "locked_out", "login_refused"):
            self.path.unlink(missing_ok=True)
            for _ in range(201):
                self.log.note(event)
            self.assertEqual(len(self.events()), 200, event)

    def test_each_kind_has_a_share_of_its_own(self) -> None:
        for _ in range(int(STRANGERS[0]) + 1):
            self.log.note("login_refused")
        self.log.note("login")
        self.assertEqual(self.events()[-1], {"event": "login"})
        self.log.tell_left_out()
        self.assertEqual(self.events()[-1], {"event": "left_out", "of": "login_refused", "count": 1})

    def test_a_stranger_needs_two_weeks_to_push_out_what_else_there_is(self) -> None:
        self.log.note(
            "login_refused", account="a" * TEXT, device="\U0001f4f7" * 1000, address="f" * 39, reason="r" * 40
        )
        self.assertLess(14 * 86400 * STRANGERS[1] * self.path.stat().st_size, audit.SIZE * FILES)
        self.assertIn("login_refused", audit.BY_STRANGERS)
