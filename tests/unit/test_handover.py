"""``webcam restore`` beside a server: the two halves, and what comes of it when either is gone at any point."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.admin import AdminCase
from tests.support.clock import moment_of
from webcam import durable
from webcam.errors import Refused
from webcam.model import Draft, stamp_of
from webcam.storage import copying, handover, messages, records
from webcam.storage.handover import ANSWER, OFFER, TAKEN, answer, clear, hand_over, put_in_place, take
from webcam.storage.lock import SERVER, FolderLock
from webcam.storage.schema import FILE, connect

NOW = stamp_of(1_700_000_000.0)
LATER = stamp_of(1_800_000_000.0)


class Case(AdminCase):
    """The backup holds the account ``user``, the database ``later``, too. A server has the lock on the folder."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.data.absolute()
        self.path, self.file = self.data / FILE, self.data.parent / "backup.db"
        self.add("user")
        self.run_it("backup", str(self.file))
        self.add("later")
        self.server = FolderLock(self.data, SERVER)
        self.addCleanup(self.server.release)
        self.turns: list[Callable[[], Any]] = []
        self.now = 0.0
        self.patch(handover, "time", SimpleNamespace(sleep=lambda _: self.turn(), monotonic=lambda: self.now))

    def turn(self) -> None:
        """While the program waits, the server does the next of its ``turns``."""
        assert self.turns, "the program waits in vain"
        self.turns.pop(0)()

    def take(self) -> None:
        self.assertEqual(take(self.data), self.data / TAKEN)

    def put(self) -> None:
        self.kept = put_in_place(self.data, self.data / TAKEN, "").kept

    def answer(self) -> None:
        answer(self.data, self.kept)

    def wait(self) -> None:
        """Longer than the program's patience."""
        self.now += handover.PATIENCE + 1

    def die(self) -> None:
        self.server.release()

    def restart(self) -> None:
        """Ended, and started again before the program looked."""
        self.die()
        self.server = FolderLock(self.data, SERVER)
        clear(self.data)

    def names(self, path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            return [name for (name,) in connection.execute("SELECT name FROM accounts ORDER BY name")]

    def restored(self) -> None:
        kept, held = hand_over(self.data, self.file)
        assert kept is not None
        self.assertEqual((kept.name, [each.name for each in held]), (f"{FILE}.before-restore", ["user"]))
        self.assertEqual((self.names(self.path), self.names(kept)), (["user"], ["later", "user"]))
        self.assertEqual(self.turns, [])
        self.assertNothingLeft()

    def refused(self, text: str) -> None:
        refusal = self.assertRaises(Refused, hand_over, self.data, self.file)
        self.assertIn(text, str(refusal))
        self.assertNotIn("\n", str(refusal))
        self.assertEqual(self.names(self.path), ["later", "user"])

    def assertNothingLeft(self) -> None:
        for name in (OFFER, TAKEN, ANSWER):
            self.assertEqual(list(self.data.glob(f"{name}*")), [])


class Together(Case):
    def test_the_server_exchanges_and_answers(self) -> None:
        self.turns = [self.take, self.put, self.answer]
        self.restored()

    def test_the_program_waits_until_the_server_works_with_it(self) -> None:
        self.turns = [self.take, self.put, lambda: None, lambda: None, self.answer]
        self.restored()

    def test_a_refusal_of_the_server_is_the_programs(self) -> None:
        self.turns = [self.take, lambda: answer(self.data, refusal="not today")]
        self.refused("not today")
        self.assertNothingLeft()

    def test_an_answer_that_is_none(self) -> None:
        for text in ("", "{", "[]", "7", '{"kept": null}', "\xff"):
            self.turns = [self.take, lambda text=text: (self.data / ANSWER).write_text(text, "latin-1")]
            self.refused("is no answer of the server")
            clear(self.data)

    def test_what_is_no_backup_is_never_offered(self) -> None:
        self.file.write_bytes(b"no database" * 1000)
        self.refused("can't restore")
        self.assertIsNone(take(self.data))

    def test_one_offer_at_a_time(self) -> None:
        self.turns = [lambda: None]
        with FolderLock(self.data, "another webcam restore", handover.LOCK):
            self.refused("another webcam restore runs on it")

    def test_an_old_answer_is_not_taken_for_a_new_one(self) -> None:
        answer(self.data, refusal="of yesterday")
        self.turns = [self.take, self.put, self.answer]
        self.restored()


class Slow(Case):
    def test_an_offer_that_nobody_takes_is_withdrawn(self) -> None:
        self.turns = [self.wait]
        self.refused("the server didn't take it within 60 s; nothing was changed")
        self.assertIsNone(take(self.data))

    def test_a_server_that_took_it_can_not_be_stopped_and_is_waited_for_as_long_again(self) -> None:
        self.turns = [self.take, self.wait, self.put, self.answer]
        self.restored()

    def test_a_server_that_took_it_and_does_nothing(self) -> None:
        self.turns = [self.take, self.wait, self.wait]
        self.refused(
            "the server took it, and didn't say in time that it is done; the restored database is not in place"
        )


class Gone(Case):
    """The server ends, and so its lock."""

    def test_before_it_took_the_offer(self) -> None:
        self.turns = [self.die]
        self.restored()

    def test_when_it_had_taken_it(self) -> None:
        self.turns = [self.take, self.die]
        self.restored()

    def test_when_it_had_done_it(self) -> None:
        self.turns = [self.take, self.put, self.die]
        self.restored()

    def test_and_another_server_that_was_started_meanwhile_forgets_what_was_taken(self) -> None:
        def dies_and_is_started() -> None:
            self.take()
            self.restart()

        self.turns = [dies_and_is_started]
        self.refused("the server ended meanwhile")
        self.assertNothingLeft()

    def test_and_another_server_that_was_started_when_it_was_done(self) -> None:
        def dies_and_is_started() -> None:
            self.take()
            self.put()
            self.restart()

        self.turns = [dies_and_is_started]
        self.restored()

    def test_and_another_server_that_was_started_takes_an_offer_that_nobody_took(self) -> None:
        self.turns = [self.restart, self.take, self.put, self.answer]
        self.restored()

    def test_the_program_ends_first(self) -> None:
        """The server has no need of it; the next one isn't confused."""
        self.turns = [self.die_of_a_signal]
        self.assertRaises(KeyboardInterrupt, hand_over, self.data, self.file)
        self.assertNothingLeft()
        self.turns = [self.take, self.put, self.answer]
        self.restored()

    def die_of_a_signal(self) -> None:
        raise KeyboardInterrupt


class Killed(Case):
    """The program is gone and has told nobody: its lock ends with it, and its offer stays behind."""

    def offered(self) -> None:
        (self.data / OFFER).write_bytes(self.file.read_bytes())
        (self.data / handover.LOCK).touch()

    def assertDropped(self) -> None:
        self.assertNothingLeft()
        self.assertEqual(self.names(self.path), ["later", "user"])

    def test_the_server_drops_what_it_offered(self) -> None:
        self.offered()
        refusal = self.assertRaises(Refused, take, self.data)
        self.assertIn("webcam restore was killed while it waited", str(refusal))
        self.assertDropped()
        self.assertIsNone(take(self.data))

    def test_so_does_the_next_server(self) -> None:
        for _ in range(2):
            self.offered()
            self.assertTrue(clear(self.data))
            self.assertDropped()
        self.assertFalse(clear(self.data))

    def test_also_when_its_lock_is_gone(self) -> None:
        self.offered()
        (self.data / handover.LOCK).unlink()
        self.assertRaises(Refused, take, self.data)
        self.assertDropped()

    def test_an_offer_of_a_program_that_waits_outlives_a_start(self) -> None:
        def restarts() -> None:
            self.restart()
            self.assertTrue((self.data / OFFER).exists())

        self.turns = [restarts, self.take, self.put, self.answer]
        self.restored()

    def test_after_the_server_took_it(self) -> None:
        """Then it is done: the server had no way to know."""
        self.offered()
        with FolderLock(self.data, handover.HOLDER, handover.LOCK):
            self.take()
        self.put()
        self.answer()
        self.assertEqual(self.names(self.path), ["user"])

    def test_both_while_the_server_exchanged(self) -> None:
        self.offered()
        with FolderLock(self.data, handover.HOLDER, handover.LOCK):
            self.take()
        self.restart()
        self.assertDropped()

    def test_the_next_program_offers_its_own(self) -> None:
        """Nor may the server take the old one while the next program still copies, and has the lock."""
        self.offered()
        real = handover.fetched

        def fetched(*arguments: Any) -> Any:
            self.assertIsNone(take(self.data))
            return real(*arguments)

        self.patch(handover, "fetched", fetched)
        self.turns = [self.take, self.put, self.answer]
        self.restored()

    def test_a_server_that_looks_right_now_keeps_the_next_program_out_no_longer(self) -> None:
        looks = FolderLock(self.data, handover.HOLDER, handover.LOCK)
        self.turns = [looks.release, self.take, self.put, self.answer]
        self.restored()

    def test_a_lock_that_can_not_be_looked_at_may_be_held(self) -> None:
        real = os.open

        def refused(path: Any, *arguments: Any) -> int:
            if str(path).endswith(handover.LOCK):
                raise PermissionError(13, "Permission denied")
            return real(path, *arguments)

        self.offered()
        self.patch(os, "open", refused)
        self.assertIsNotNone(take(self.data))


class Exchanging(Case):
    def offered(self) -> Path:
        """What the server takes."""
        copy = self.data / TAKEN
        copy.write_bytes(self.file.read_bytes())
        return copy

    def test_what_a_server_has_to_know_is_that_of_the_new_one(self) -> None:
        adopted = put_in_place(self.data, self.offered(), "")
        self.assertEqual([each.name for each in adopted.accounts], ["user"])
        self.assertEqual(adopted.sessions, [])
        self.assertEqual(adopted.kept, self.data / f"{FILE}.before-restore")

    def test_somebody_else_who_has_it_open(self) -> None:
        self.patch(copying, "BUSY", 1)
        with closing(connect(self.path)) as other:
            other.execute("SELECT * FROM accounts").fetchall()
            refusal = self.assertRaises(Refused, put_in_place, self.data, self.offered(), "")
        self.assertIn("is in use by another program", str(refusal))
        self.assertEqual(self.names(self.path), ["later", "user"])

    def test_a_disk_that_fails(self) -> None:
        def failing(_: Path) -> None:
            raise OSError(5, "Input/output error")

        self.patch(durable, "sync", failing)
        self.assertRaises(Refused, put_in_place, self.data, self.offered(), "")
        self.assertEqual(self.names(self.path), ["later", "user"])

    def test_stamps_and_ids_that_were_given_are_not_given_again(self) -> None:
        with closing(connect(self.path)) as connection:
            cursor = connection.cursor()
            messages.add_messages(cursor, 1, "camera", moment_of(LATER), [Draft("name", "", "{}")], None)
            given, _ = records.add_record(cursor, 1, "camera", "", moment_of(LATER), [b"picture"])
            stamp = connection.execute("SELECT MAX(last_stamp) FROM accounts").fetchone()[0]
        put_in_place(self.data, self.offered(), "")
        with closing(connect(self.path)) as connection:
            cursor = connection.cursor()
            record, new = records.add_record(cursor, 1, "camera", "", moment_of(NOW), [b"picture"])
        self.assertGreater(record, given)
        self.assertGreater(new, stamp)
        self.add("third")
        self.assertGreater(self.account("third").account_id, 2, "the second was another's")

    def test_nor_are_stamps_that_only_the_server_knew_of(self) -> None:
        put_in_place(self.data, self.offered(), LATER)
        with closing(connect(self.path)) as connection:
            _, new = records.add_record(connection.cursor(), 1, "camera", "", moment_of(NOW), [b"picture"])
        self.assertGreater(new, LATER)
