"""A disk that loses its power: of what was written, it holds what was synced, and by chance some of the rest.

Contents of a file are safe when the file was synced, a name when its folder was. A sync covers what was written before
it began. Of what is not safe, names and removals reach the disk in their order, each or none of those behind it, as a
journal of a file system keeps them; contents do by sectors, in any choice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.power.journal import Entry, Kind

SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""

_Pick = Callable[[], bool]


@dataclass(frozen=True)
class _Piece:
    """A write that is not safe yet, or a new length (``data`` is ``None``)."""

    number: int
    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
        else:
            content.extend(bytes(max(0, self.offset - len(content))))
            content[self.offset : self.offset + len(self.data)] = self.data

    def sectors(self) -> Iterable[_Piece]:
        data = self.data
        if data is None:
            yield self
            return
        at = 0
        while at < len(data):
            size = SECTOR - (self.offset + at) % SECTOR
            yield _Piece(self.number, self.offset + at, data[at : at + size])
            at += size


@dataclass
class _File:
    """A file or folder, whatever it is called: contents that are safe, and what is not yet."""

    folder: bool = False
    safe: bytearray = field(default_factory=bytearray)
    unsafe: list[_Piece] = field(default_factory=list)

    def sync(self, number: int) -> None:
        """What was written before entry *number* is safe."""
        while self.unsafe and self.unsafe[0].number < number:
            self.unsafe.pop(0).apply(self.safe)

    def content(self, pick: _Pick) -> bytes:
        found = bytearray(self.safe)
        for piece in self.unsafe:
            for sector in piece.sectors():
                if pick():
                    sector.apply(found)
        return bytes(found)


@dataclass(frozen=True)
class _Change:
    """Of names: one that goes, one that comes. ``parents`` are the folders whose sync makes it safe."""

    number: int
    gone: str | None
    come: str | None
    file: _File | None

    @property
    def parents(self) -> set[str]:
        return {str(Path(name).parent) for name in (self.gone, self.come) if name is not None}

    def apply(self, names: dict[str, _File]) -> None:
        if self.gone is not None:
            names.pop(self.gone, None)
        if self.come is not None and self.file is not None:
            names[self.come] = self.file


class Disk:
    """Takes a server's entries one by one; :meth:`rebuild` shows what would be there if the power went now."""

    def __init__(self) -> None:
        self._number = 0
        self._root = ""
        self._by_inode: dict[int, _File] = {}
        self._folders: dict[int, str] = {}
        self._now: dict[str, _File] = {}
        self._safe: dict[str, _File] = {}
        self._changes: list[_Change] = []
        self._begun: dict[int, list[int]] = {}

    def take(self, entry: Entry) -> None:
        """One more entry."""
        self._number += 1
        _STEPS[entry.kind](self, entry)

    def _take_root(self, entry: Entry) -> None:
        self._root = entry.first.decode()
        self._folders[entry.inode] = self._root

    def _take_new(self, entry: Entry) -> None:
        name, folder = entry.first.decode(), entry.kind is Kind.FOLDER
        made = self._by_inode[entry.inode] = _File(folder)
        if folder:
            self._folders[entry.inode] = name
        else:
            self._folders.pop(entry.inode, None)
        self._change(None, name, made)

    def _take_write(self, entry: Entry) -> None:
        if (file := self._by_inode.get(entry.inode)) is not None:
            file.unsafe.append(_Piece(self._number, entry.offset, entry.first))

    def _take_length(self, entry: Entry) -> None:
        if (file := self._by_inode.get(entry.inode)) is not None:
            file.unsafe.append(_Piece(self._number, entry.offset, None))

    def _take_move(self, entry: Entry) -> None:
        old, new = entry.first.decode(), entry.second.decode()
        self._change(None if entry.kind is Kind.LINK else old, new, self._now[old])

    def _take_removal(self, entry: Entry) -> None:
        self._change(entry.first.decode(), None, None)

    def _change(self, gone: str | None, come: str | None, file: _File | None) -> None:
        change = _Change(self._number, gone, come, file)
        change.apply(self._now)
        self._changes.append(change)

    def _take_begin(self, entry: Entry) -> None:
        self._begun.setdefault(entry.inode, []).append(self._number)

    def _take_end(self, entry: Entry) -> None:
        begun = self._begun[entry.inode].pop(0)  # of several at once, the oldest: none is believed to cover more
        if (path := self._folders.get(entry.inode)) is not None:
            for change in [each for each in self._changes if each.number < begun and path in each.parents]:
                change.apply(self._safe)
                self._changes.remove(change)
        elif (file := self._by_inode.get(entry.inode)) is not None:
            file.sync(begun)

    def _take_nothing(self, _entry: Entry) -> None:
        """Of the server's words and its clients', the disk knows nothing."""

    def rebuild(self, root: Path, chance: random.Random | None) -> None:
        """Make in *root*, which is empty, what is on the disk; with *chance*, some of what isn't safe, too."""
        names = dict(self._safe)
        if chance is not None:
            for change in self._changes[: chance.randint(0, len(self._changes))]:
                change.apply(names)
        pick = _never if chance is None else lambda: chance.random() < 0.5
        for name in sorted(names):
            path = root / Path(name).relative_to(self._root)
            if not path.parent.is_dir():
                continue  # its folder's own name is not safe
            if names[name].folder:
                path.mkdir(mode=0o700)
            else:
                path.write_bytes(names[name].content(pick))
                path.chmod(0o600)


def _never() -> bool:
    return False


_STEPS: dict[Kind, Callable[[Disk, Entry], None]] = {
    Kind.ROOT: Disk._take_root,
    Kind.CREATE: Disk._take_new,
    Kind.FOLDER: Disk._take_new,
    Kind.WRITE: Disk._take_write,
    Kind.TRUNCATE: Disk._take_length,
    Kind.BEGIN: Disk._take_begin,
    Kind.END: Disk._take_end,
    Kind.RENAME: Disk._take_move,
    Kind.LINK: Disk._take_move,
    Kind.UNLINK: Disk._take_removal,
    Kind.SAID: Disk._take_nothing,
    Kind.TOLD: Disk._take_nothing,
}
