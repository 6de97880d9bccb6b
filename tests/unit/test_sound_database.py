"""What ``webcam check`` and ``webcam restore`` find in a database that came from anywhere: each thing by its name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

from tests.support.admin_data import STAMP, DataCase
from tests.support.clock import moment_of
from webcam.model import SETTING_KINDS, Bounds, Draft, is_stamp, next_stamp
from webcam.service import passwords
from webcam.service.passwords import LANES, MEMORY, PASSES, check_password, hash_password, is_hash
from webcam.service.tokens import digest_of
from webcam.storage import accounts, messages, records, rules
from webcam.storage.checks import SHOWN, check
from webcam.storage.schema import connect

LAST = 2**63 - 1
DIGEST = "0" * 64
HUGE = hash_password("secret").replace("m=19456", "m=4194304")
SESSION = (
    f"INSERT INTO sessions VALUES ('{DIGEST}', 1, {{device}}, {{meta}}, '', {{active}}, {{requests}}, {{given}}, NULL)"
)
MESSAGE = "INSERT INTO messages VALUES ({id}, 1, {stamp}, {sender}, '', 'name', {params}, {stored})"
RECORD = "INSERT INTO records VALUES ({id}, 1, {stamp}, 'camera', '', 0, {type}, 0)"
MARK = "INSERT INTO sync_marks VALUES (1, 'phone', {stamp}, {settling}, {since}, '')"


def session(
    device: str = "'phone'", meta: str = "''", active: str = "0", requests: str = "0", given: str = "NULL"
) -> str:
    return SESSION.format(device=device, meta=meta, active=active, requests=requests, given=given)


def message(
    id: str = "1",  # noqa: A002
    stamp: str = f"'{STAMP}'",
    sender: str = "'camera'",
    params: str = "'{}'",
    stored: str = "0",
) -> str:
    return MESSAGE.format(id=id, stamp=stamp, sender=sender, params=params, stored=stored)


def record(id: str = "1", stamp: str = f"'{STAMP}'", type: str = "NULL") -> str:  # noqa: A002
    return RECORD.format(id=id, stamp=stamp, type=type)


def mark(stamp: str = f"'{STAMP}'", settling: str = "''", since: str = "0") -> str:
    return MARK.format(stamp=stamp, settling=settling, since=since)


def last(stamp: str) -> str:
    return f"UPDATE accounts SET last_stamp = {stamp}"


VALUES: dict[str, tuple[str, ...]] = {
    # What every write of an account computes with.
    "accounts (id 1): last_stamp is 'zzz', want a stamp": (last("'zzz'"),),
    "accounts (id 1): last_stamp is '9999-12-31 23:59:59.999999', want": (last("'9999-12-31 23:59:59.999999'"),),
    "accounts (id 1): last_stamp is '2026-02-30 00:00:00.000000', want": (last("'2026-02-30 00:00:00.000000'"),),
    "accounts (id 1): last_stamp is '2026-01-02 24:00:00', want": (last("'2026-01-02 24:00:00'"),),
    "accounts (id 1): last_stamp is '2026-01-02 03:04:05.', want": (last("'2026-01-02 03:04:05.'"),),
    "accounts (id 1): last_stamp is '2026-01-02 03:04:05,5', want": (last("'2026-01-02 03:04:05,5'"),),
    "accounts (id 1): last_stamp is '2026-01-02 03:04:05.0000000', want": (last("'2026-01-02 03:04:05.0000000'"),),
    "accounts (id 1): last_stamp is '2026-01-02 03:04:05\\x00.1', want": (
        last("CAST(x'323032362d30312d30322030333a30343a3035002e31' AS TEXT)"),
    ),
    "accounts (id 1): last_stamp is '2026', want": (last("x'32303236'"),),
    "accounts (id 1): password_hash can't be used, want a hash by argon2id of bounded costs": (
        f"UPDATE accounts SET password_hash = '{HUGE}'",
    ),
    "accounts (id 1): generation is 'x', want a whole number": ("UPDATE accounts SET generation = 'x'",),
    "accounts (id 1): disabled is 7, want a whole number from 0 to 1": ("UPDATE accounts SET disabled = 7",),
    "accounts (id 1): name is b'\\xff', want text in UTF-8": ("UPDATE accounts SET name = CAST(x'ff' AS TEXT)",),
    "accounts (id 1): name is '', want text in UTF-8 of 1 to": ("UPDATE accounts SET name = ''",),
    f"accounts (id {LAST}): id is {LAST}, want a whole number from 0 to {2**62}": (f"UPDATE accounts SET id = {LAST}",),
    # Settings, quotas, secrets.
    "settings (account_id 1, kind 1): value is inf, want a number": ("INSERT INTO settings VALUES (1, 1, 9e999)",),
    "settings (account_id 1, kind 4): value is 1.0, want a number": ("INSERT INTO settings VALUES (1, 4, 1)",),
    "settings (account_id 1, kind 1): value is 'x', want a number": ("INSERT INTO settings VALUES (1, 1, 'x')",),
    "settings (account_id 1, kind 77): kind is 77, want a whole": ("INSERT INTO settings VALUES (1, 77, 1)",),
    "quotas (account_id 1, kind 'messages'): value is -1, want": ("INSERT INTO quotas VALUES (1, 'messages', -1)",),
    "quotas (account_id 1, kind 'messages'): value is 'x', want": ("INSERT INTO quotas VALUES (1, 'messages', 'x')",),
    "quotas (account_id 1, kind 'lives'): kind is 'lives', want one of": ("INSERT INTO quotas VALUES (1, 'lives', 1)",),
    "secrets (id 1): role is 'full', want one of publish, view": (
        f"INSERT INTO secrets VALUES (1, 1, 'label', '{DIGEST}', 'full', '[]', 0)",
    ),
    "secrets (id 1): devices can't be used, want a JSON array": (
        f"INSERT INTO secrets VALUES (1, 1, 'label', '{DIGEST}', 'view', '[1]', 0)",
    ),
    "secrets (id 1): devices can't be used, want": (
        f"INSERT INTO secrets VALUES (1, 1, 'label', '{DIGEST}', 'view', '[\"\\ud800\"]', 0)",
    ),
    "secrets (id 1): digest can't be used, want 64 hex digits": (
        "INSERT INTO secrets VALUES (1, 1, 'label', 'secret', 'view', '[]', 0)",
    ),
    # Sessions, which the start computes with, and marks.
    "sessions: active is -1e+300, want a number": (session(active="-1e300"),),
    "sessions: active is inf, want a number": (session(active="9e999"),),
    "sessions: active is b'\\xff', want": (session(active="CAST(x'ff' AS TEXT)"),),
    "sessions: device is b'\\xff', want text": (session(device="CAST(x'ff' AS TEXT)"),),
    "sessions: device is 'xxxx": (session(device=f"'{'x' * 1025}'"),),
    "sessions: meta can't be used, want text": (session(meta="x'00'"),),
    "sessions: requests is -5, want a whole number": (session(requests="-5"),),
    "sessions: given is 'zzz', want a stamp": (session(given="'zzz'"),),
    "sync_marks (account_id 1, device 'phone'): stamp is '9999": (mark("'9999-01-01 00:00:00'"),),
    "sync_marks (account_id 1, device 'phone'): settling is 'zzz'": (mark(settling="'zzz'"),),
    "sync_marks (account_id 1, device 'phone'): settling_since is inf": (mark(since="9e999"),),
    # What is stored.
    "messages (id 1): stamp is 'zzz', want a stamp": (message(stamp="'zzz'"),),
    "messages (id 1): sender is b'\\x80', want text": (message(sender="CAST(x'80' AS TEXT)"),),
    "messages (id 1): params can't be used, want JSON text of an object or an array": (message(params="'7'"),),
    "messages (id 1): params can't be used, want": (message(params="'{'"),),
    "messages (id 1): params can't be used": (message(params="CAST(x'5b5d00' AS TEXT)"),),
    f"messages (id {LAST}): id is {LAST}, want a whole number": (message(id=str(LAST)),),
    "messages (id -5): id is -5, want a whole number": (message(id="-5"),),
    "records (id 1): stamp is '9999-": (record(stamp="'9999-12-31 23:59:59.999999'"),),
    "records (id 1): type is 'text/html', want one of": (record(type="'text/html'"),),
    f"records (id {LAST}): id is {LAST}, want a whole number": (record(id=str(LAST)),),
    "record_parts (record_id 1, part 0): data can't be used": ("INSERT INTO record_parts VALUES (1, 0, 'text')",),
    "record_parts (record_id 1, part -1): part is -1, want": ("INSERT INTO record_parts VALUES (1, -1, x'00')",),
    "loose_records (id 1): uploading is 2, want": ("INSERT INTO loose_records VALUES (1, 2)",),
    f"messages (id 1): stored is {LAST}, want a whole number": (message(stored=str(LAST)),),
    "messages (id 1): stored is -1, want a whole number": (message(stored="-1"),),
    "devices (account_id 1, device 'phone'): active is 'zzz', want": (
        "INSERT INTO devices VALUES (1, 'phone', '', 'zzz', NULL)",
    ),
    "shares (id 1): lasts is -1, want a whole number": (
        f"INSERT INTO shares VALUES (1, 1, 'camera', '{DIGEST}', 0, -1)",
    ),
    # What is known of time.
    f"clock (id 1): running is {LAST}, want a whole number": (
        f"INSERT INTO clock VALUES (1, {LAST}, 0, 0, NULL, NULL, NULL, NULL, '')",
    ),
    "clock (id 1): cursor is 'zzz', want a stamp": (
        "INSERT INTO clock VALUES (1, 0, 0, 0, NULL, NULL, NULL, NULL, 'zzz')",
    ),
    f"runs (began 1): wall_offset is {LAST}, want a whole number": (f"INSERT INTO runs VALUES (1, {LAST})",),
    # What the next id is made of.
    f"the highest id of records is {LAST} in sqlite_sequence": (
        f"INSERT INTO sqlite_sequence VALUES ('records', {LAST})",
    ),
    "the highest id of accounts is 'x' in sqlite_sequence": ("UPDATE sqlite_sequence SET seq = 'x'",),
    "the highest id of accounts stands twice": ("INSERT INTO sqlite_sequence VALUES ('accounts', 1)",),
    "accounts has an id 1, and the highest that was given is 0": ("UPDATE sqlite_sequence SET seq = 0",),
    # What is newer than the newest.
    f"accounts (id 1, 'user'): last_stamp is '', and something is stamped '{STAMP}'": (message(),),
}
"""What is found, by what was done to a database for it."""

SHAPES: dict[str, str] = {
    "it has a trigger 'bad', which is none of the server's": (
        "CREATE TRIGGER bad BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END"
    ),
    "it has a view 'bad', which is none of the server's": "CREATE VIEW bad AS SELECT * FROM accounts",
    "it has a table 'letters', which is none of the server's": "CREATE TABLE letters (x)",
    "it has an index 'bad', which is none of the server's": "CREATE UNIQUE INDEX bad ON messages (account_id)",
    "it has no index 'records_by_stamp'": "DROP INDEX records_by_stamp",
    "it has no table 'shares'": "DROP TABLE shares",
    "its table 'messages' is not as the server makes it": "ALTER TABLE messages ADD COLUMN x AS (1 / 0)",
    "its table 'records' is not as the server makes it": "ALTER TABLE records ADD COLUMN x INTEGER CHECK (x > 7)",
    "its table 'sessions' is not as the server makes it": "ALTER TABLE sessions RENAME COLUMN given TO taken",
}


class SoundCase(DataCase):
    def setUp(self) -> None:
        super().setUp()
        self.said("backup", str(self.file))
        self.pristine = self.file.read_bytes()

    def spoil(self, *statements: str) -> None:
        self.file.write_bytes(self.pristine)
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            for each in statements:
                connection.execute(each)

    def found(self, path: Path | None = None) -> list[str]:
        """What the check says of the backup."""
        with closing(sqlite3.connect(path or self.file, isolation_level=None)) as connection:
            return check(connection, self.file)[0]

    def assertNamed(self, text: str) -> None:
        """By the check, and by the restore, which changes nothing."""
        found = self.found()
        self.assertTrue(any(each.startswith(text) for each in found), f"{text}: {found}")
        self.assertFalse([each for each in found if "\n" in each])
        before = self.path.read_bytes()
        status, out, err = self.run_it("restore", str(self.file))
        self.assertEqual((status, out, err.count("\n")), (1, "", 1), err)
        self.assertIn(f"{self.file} holds what the server can't work with: ", err)
        self.assertIn(text, err)
        self.assertEqual(self.path.read_bytes(), before)


class BadValues(SoundCase):
    def test_each_is_named_and_never_restored(self) -> None:
        for text, statements in VALUES.items():
            self.spoil(*statements)
            self.assertNamed(text)

    def test_each_column_of_the_schema_has_its_rule_and_takes_no_bytes_for_text(self) -> None:
        from webcam.storage.values import tables

        for (table, column), rule in rules.RULES.items():
            names = [each.name for each in tables()[table]]
            self.assertIn(column, names, table)
            with closing(sqlite3.connect(":memory:")) as connection:
                rules.add_functions(connection)
                condition = rule.sql("x").replace("CASE kind", "CASE 1")
                (good,) = connection.execute(f"SELECT {condition} FROM (SELECT x'fffe00' AS x)").fetchone()
                self.assertEqual(bool(good), column == "data", (table, column))

    def test_neither_secrets_nor_what_people_wrote_are_named(self) -> None:
        self.spoil(message(params="'my secret'"), f"UPDATE accounts SET password_hash = '{HUGE}'")
        self.assertNotIn("secret", "".join(self.found()))
        self.assertNotIn("argon2id$", "".join(self.found()))

    def test_only_some_of_many_are_named(self) -> None:
        rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {SHOWN + 30})"
        insert = "INSERT INTO messages SELECT i, 1, 'zzz', '', '', '', '{}', 0 FROM n"
        self.spoil(f"{rows} {insert}", "UPDATE accounts SET message_count = 40, last_stamp = '2026-01-01 00:00:00'")
        found = [each for each in self.found() if each.startswith("messages")]
        self.assertEqual(len(found), SHOWN)
        self.assertIn("and 30 more of that kind", self.found())
        status, _, err = self.run_it("restore", str(self.file))
        self.assertEqual((status, err.count("stamp is 'zzz'"), err.count("\n")), (1, 3, 1))

    def test_a_long_value_is_cut_and_never_within_a_character(self) -> None:
        self.spoil(session(device=f"'{'é' * 2000}'"), mark("'x'"))
        shown = ascii("é" * 30)[1:-1]
        self.assertIn(f"sessions: device is '{shown}'…, want text in UTF-8 of 0 to 1024 characters", self.found())
        self.spoil(session(device=f"'x{'é' * 2000}'"))
        shown = ascii("x" + "é" * 29)[1:-1]
        self.assertIn(f"sessions: device is '{shown}'…, want text in UTF-8 of 0 to 1024 characters", self.found())

    def test_another_encoding(self) -> None:
        with closing(sqlite3.connect(self.data / "utf16.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA encoding = 'UTF-16le'")
            with closing(sqlite3.connect(self.file)) as source:
                connection.executescript("\n".join(each for each in source.iterdump() if "sqlite_sequence" not in each))
                (version,) = source.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {version}")
        self.file = self.data / "utf16.db"
        self.assertNamed("its text is in UTF-16le, want UTF-8")

    def test_all_that_the_server_may_store_is_good(self) -> None:
        """Old stamps, any text, all kinds of settings and quotas, and a session of a clock that began at 1970."""
        settings = ", ".join(f"(1, {kind}, {each.maximum})" for kind, each in SETTING_KINDS.items())
        quotas = ", ".join(f"(1, '{kind}', 0)" for kind in Bounds().quotas)
        text = "CAST(x'c3a900f09f9880' AS TEXT)"
        self.spoil(
            f"INSERT INTO settings VALUES {settings}",
            f"INSERT INTO quotas VALUES {quotas}",
            session(device=text, active="-600.0"),
            message(stamp="'2019-01-02 03:04:05'", sender=text, params='\'[1, {"a": "é"}]\''),
            message(id="2", stamp="'2024-01-02 03:04:05.0042'"),
            mark(stamp="''"),
            "UPDATE accounts SET message_count = 2, message_bytes = 39, last_stamp = '2024-01-02 03:04:05.0042'",
            "ANALYZE",
        )
        self.assertEqual(self.found(), [])
        self.said("restore", str(self.file))


class BadShapes(SoundCase):
    def test_each_is_named_and_never_restored(self) -> None:
        for text, statement in SHAPES.items():
            self.spoil(statement)
            self.assertNamed(text)

    def test_a_view_that_never_ends_in_the_place_of_a_table(self) -> None:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n"
        self.spoil("DROP TABLE loose_records", f"CREATE VIEW loose_records AS {endless}")
        self.assertNamed("it has a view 'loose_records'")
        self.assertIn("what is in its tables was not looked at", self.found()[-1])

    def test_an_older_version_is_looked_at_before_it_is_upgraded(self) -> None:
        from tests.support.released import path_of

        self.file.unlink()
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.executescript(path_of(1).read_text("utf-8"))
            connection.execute("CREATE TRIGGER bad AFTER UPDATE ON accounts BEGIN DELETE FROM records; END")
        self.assertRefused("it has a trigger 'bad', which is none of the server's", "restore", str(self.file))

    def test_comments_and_layout_of_the_scripts_are_no_difference(self) -> None:
        statement = "UPDATE sqlite_master SET sql = replace(sql, 'TEXT', '-- another comment' || char(10) || '   TEXT')"
        self.spoil("PRAGMA writable_schema = ON", f"{statement} WHERE name = 'accounts'")
        self.assertEqual(self.found(), [])

    def test_an_import_that_was_broken_off_is_known(self) -> None:
        from webcam.storage.importing import progress

        with closing(sqlite3.connect(self.file)) as connection:
            progress.begin(connection.cursor())
            connection.commit()
        self.assertEqual(self.found(), ["an import was broken off: run it again, it goes on where it was"])
        self.said("restore", str(self.file))


class Exchanged(SoundCase):
    def test_a_database_that_can_not_be_written_is_helped_by_its_backup(self) -> None:
        """What was given out there isn't carried over when nothing can follow it."""
        self.change(last("'zzz'"))
        self.change(f"INSERT INTO sqlite_sequence VALUES ('records', {LAST})")
        self.said("restore", str(self.file))
        with closing(connect(self.path)) as connection:
            self.assertEqual(
                records.add_record(connection.cursor(), 1, "camera", "", moment_of(STAMP), [b"x"]), (1, STAMP)
            )
            cursor = connection.cursor()
            self.assertGreater(
                messages.add_messages(cursor, 1, "camera", moment_of(STAMP), [Draft("x", "", "{}")], None), STAMP
            )

    def test_nor_is_it_when_the_server_itself_knows_of_it(self) -> None:
        from webcam.storage.exchange import exchange

        exchange(self.path, self.file, "zzz")
        account = self.account()
        assert account is not None
        self.assertEqual(account.last_stamp, "")


class Stamps(SoundCase):
    def test_the_rule_of_sql_and_that_of_the_server_are_one(self) -> None:
        good = (
            STAMP,
            STAMP[:19],
            STAMP[:21],
            "1900-01-01 00:00:00",
            "2024-02-29 23:59:59.9",
            "8999-12-31 23:59:59.999999",
        )
        bad = (
            "",
            "zzz",
            STAMP[:18],
            STAMP[:20],
            f"{STAMP}0",
            "1899-12-31 23:59:59",
            "9000-01-01 00:00:00",
            f"{STAMP}\n",
        )
        bad += (
            "2023-02-29 00:00:00",
            "2024-13-01 00:00:00",
            "2024-01-01 24:00:00",
            "2024-01-01T00:00:00",
            "\uff12024-01-01 00:00:00",
        )
        with closing(sqlite3.connect(":memory:")) as connection:
            for text in (*good, *bad):
                (found,) = connection.execute(
                    f"SELECT {rules.stamp().sql('x')} FROM (SELECT ? AS x)", (text,)
                ).fetchone()
                self.assertEqual((bool(found), is_stamp(text)), (text in good,) * 2, text)
        for text in good:
            self.assertGreater(next_stamp("", text), text)


class Hashes(SoundCase):
    def test_of_bounded_costs(self) -> None:
        made = hash_password("secret")
        self.assertTrue(is_hash(made))
        self.assertTrue(check_password(made, "secret"))
        for costs in (
            f"m={MEMORY + 1},t=2,p=1", f"m=19456,t={PASSES + 1},p=1", f"m=19456,t=2,p={LANES + 1}", "m=7,t=1,p=1",
            "m=19456,t=0,p=1", "m=19456,t=2,p=0",
        ):  # fmt: skip
            costly = made.replace("m=19456,t=2,p=1", costs)
            self.assertFalse(is_hash(costly), costs)
            self.assertFalse(check_password(costly, "secret"), costs)
        for text in ("", "secret", made.replace("argon2id", "argon2i"), f"{made}\n", f"{made}é"):
            self.assertFalse(is_hash(text), text)

    def test_what_a_costlier_one_asks_for_is_never_spent(self) -> None:
        def verify(*_: object) -> bool:
            raise AssertionError("4 GiB are taken")

        spent: list[bytes] = []
        self.patch(passwords, "_HASHER", SimpleNamespace(hash=spent.append, verify=verify))
        self.assertFalse(check_password(HUGE, "secret"))
        self.assertEqual(spent, [b"secret"], "as long as any wrong password takes")

    def test_accounts_whose_import_was_broken_off_have_none(self) -> None:
        with closing(connect(self.path)) as connection:
            accounts.add_account(connection.cursor(), "half", "")
        self.assertEqual(self.found(self.path), [])

    def test_digests_are_those_of_tokens(self) -> None:
        self.spoil(session().replace(DIGEST, digest_of("token")))
        self.assertEqual(self.found(), [])
