"""Where a record's bytes may live: in the database's parts, or in a file beside it with the row in the database.

Both by the database's own settings (WAL, FULL) and its group commit: what is stored at once shares a transaction, a
savepoint each. A file is written whole, flushed, renamed into its folder and the folder flushed before its row is
committed; files that are stored at once are flushed by some threads, the folder once for all of them. Deleting gives
the space back, by ``incremental_vacuum`` or by unlinking.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.figures import Figures
from webcam.ports import RECORD_PART
from webcam.storage.schema import FILE, connect, make_ready

_THREADS = 8
"""Files that are written at once."""

_PIECE = 32 * 1024
"""Bytes that a record goes out in, and that a file is read in."""


class Place:
    """A database in an empty folder, and where the bytes of its records go."""

    def __init__(self, folder: Path, page_size: int = 4096) -> None:
        self.folder = folder
        if page_size != 4096:
            with sqlite3.connect(folder / FILE) as made:
                made.execute(f"PRAGMA page_size = {page_size}")
                made.execute("PRAGMA auto_vacuum = INCREMENTAL")
                made.execute("VACUUM")
            made.close()
        self._connection = connect(make_ready(folder))
        self._connection.execute("INSERT INTO accounts (name, password_hash) VALUES ('a', '')")
        self.ids: list[int] = []

    def store(self, data: bytes, number: int) -> None:
        """So many records of the same bytes, in one transaction; on disk when it returns."""
        raise NotImplementedError

    def read(self, record_id: int) -> Iterator[bytes]:
        """A record's bytes, in pieces."""
        raise NotImplementedError

    def delete(self, record_ids: Sequence[int]) -> None:
        """Delete these, and give their space back."""
        raise NotImplementedError

    def flush(self) -> None:
        """Move what is in the database's log into the database."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        self._connection.close()

    def _row(self, cursor: sqlite3.Cursor, size: int) -> int:
        cursor.execute(
            "INSERT INTO records (account_id, stamp, device, meta, size) VALUES (1, ?, 'camera', '', ?)",
            (f"{time.time_ns()}", size),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid


class InDatabase(Place):
    """Parts of 256 KiB."""

    def store(self, data: bytes, number: int) -> None:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        for _ in range(number):
            cursor.execute("SAVEPOINT one")
            record_id = self._row(cursor, len(data))
            for part, start in enumerate(range(0, len(data), RECORD_PART)):
                piece = data[start : start + RECORD_PART]
                cursor.execute("INSERT INTO record_parts VALUES (?, ?, ?)", (record_id, part, piece))
            cursor.execute("RELEASE one")
            self.ids.append(record_id)
        cursor.execute("COMMIT")

    def read(self, record_id: int) -> Iterator[bytes]:
        ask = "SELECT data FROM record_parts WHERE record_id = ? AND part = ?"
        part = 0
        while (row := self._connection.execute(ask, (record_id, part)).fetchone()) is not None:
            yield from (row[0][start : start + _PIECE] for start in range(0, len(row[0]), _PIECE))
            part += 1

    def delete(self, record_ids: Sequence[int]) -> None:
        cursor = self._connection.cursor()
        for record_id in record_ids:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("DELETE FROM records WHERE id = ?", (record_id,))
            cursor.execute("DELETE FROM record_parts WHERE record_id = ?", (record_id,))
            cursor.execute("COMMIT")
            self._connection.executescript("PRAGMA incremental_vacuum")  # execute() takes one step of it: a page


class InFiles(Place):
    """A file each, of which the row is committed when the file is safe."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = folder / "records"
        self._files.mkdir()
        self._pool = ThreadPoolExecutor(_THREADS)
        self._next = 1

    def store(self, data: bytes, number: int) -> None:
        names = [str(self._next + each) for each in range(number)]
        self._next += number
        if number == 1:
            self._write(names[0], data)
        else:
            list(self._pool.map(self._write, names, [data] * number))
        self._flush_folder()
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        for _ in range(number):
            cursor.execute("SAVEPOINT one")
            self.ids.append(self._row(cursor, len(data)))
            cursor.execute("RELEASE one")
        cursor.execute("COMMIT")

    def _write(self, name: str, data: bytes) -> None:
        unfinished = self._files / f"{name}.part"
        with unfinished.open("wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())
        unfinished.rename(self._files / name)

    def _flush_folder(self) -> None:
        folder = os.open(self._files, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, record_id: int) -> Iterator[bytes]:
        with (self._files / str(record_id)).open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece

    def delete(self, record_ids: Sequence[int]) -> None:
        for record_id in record_ids:
            self._connection.execute("DELETE FROM records WHERE id = ?", (record_id,))
            (self._files / str(record_id)).unlink()
        self._flush_folder()

    def close(self) -> None:
        self._pool.shutdown()
        super().close()


PLACES = {  # SQLite by the size of its pages
    "SQLite 4K": InDatabase,
    "SQLite 8K": lambda folder: InDatabase(folder, 8192),
    "SQLite 16K": lambda folder: InDatabase(folder, 16384),
    "SQLite 32K": lambda folder: InDatabase(folder, 32768),
    "files": InFiles,
}


def measured(name: str, folder: Path, size: int, at_once: int, seconds: float) -> Figures:
    """Store records for so long, *at_once* in a transaction; then read them all, and delete them."""
    place = PLACES[name](folder)
    data = os.urandom(size)
    try:
        place.store(data, at_once)  # files and pages that only the first one makes
        figures = _storing(place, data, at_once, seconds)
        _forget(folder)
        figures["cold"], _ = _reading(place, data)
        figures["read"], figures["read_cpu"] = _reading(place, data)
        began = time.perf_counter()
        place.delete(place.ids)
        figures["delete"] = len(place.ids) * size / (time.perf_counter() - began)
        return figures
    finally:
        place.close()
        shutil.rmtree(folder)


def _storing(place: Place, data: bytes, at_once: int, seconds: float) -> Figures:
    took = []
    began, cpu = time.perf_counter(), time.process_time()
    while sum(took) < seconds:
        start = time.perf_counter()
        place.store(data, at_once)
        took.append(time.perf_counter() - start)
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    stored = len(took) * at_once * len(data)
    took.sort()
    return {
        "rate": stored / spent,
        "cost": cpu / stored * 1e9,
        "p50": 1000 * took[len(took) // 2],
        "p99": 1000 * took[int(len(took) * 0.99)],
    }


def _reading(place: Place, data: bytes) -> tuple[float, float]:
    """Bytes a second, and CPU seconds a GB."""
    began, cpu = time.perf_counter(), time.process_time()
    for record_id in place.ids:
        assert sum(map(len, place.read(record_id))) == len(data), "another record came back"
    size = len(place.ids) * len(data)
    return size / (time.perf_counter() - began), (time.process_time() - cpu) / size * 1e9


def _forget(folder: Path) -> None:
    """Let the kernel forget what it holds of these files, so that they are read from the disk."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
