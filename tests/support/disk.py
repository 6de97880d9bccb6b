"""A disk that tests fill."""

from __future__ import annotations

from tests.support.stores import BlockingStore
from webcam.model import Room


class FakeDisk:
    """A disk of ``total`` bytes with what a store holds on it, and ``others`` bytes of somebody else's.

    The store takes the bytes of its records, and the free pages of its database. What SQLite adds to them takes nothing
    here, so that tests reckon with round numbers.
    """

    def __init__(self, store: BlockingStore, total: int = 10**12) -> None:
        self._store = store
        self.total = total
        self.others = 0

    def room(self) -> Room:
        return Room(max(0, self.total - self.others - self._store.size - self._store.free), self.total)
