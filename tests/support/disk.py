"""A disk that tests fill."""

from __future__ import annotations

from webcam.model import Room
from webcam.storage.memory import MemoryStore


class FakeDisk:
    """A disk of ``total`` bytes with what a store holds on it, and ``others`` bytes of somebody else's."""

    def __init__(self, store: MemoryStore, total: int = 10**12) -> None:
        self._store = store
        self.total = total
        self.others = 0

    def room(self) -> Room:
        return Room(max(0, self.total - self.others - self._store.size), self.total)
