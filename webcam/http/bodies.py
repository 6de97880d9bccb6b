"""How many bytes of ordinary bodies are held, in all and of an address."""

from __future__ import annotations

from webcam.address import Shares
from webcam.http.limits import BODIES, BODIES_PER_ADDRESS


class Held:
    """Room for bodies, ``total`` bytes, of which one address has ``share`` at most.

    Small bodies have as much room again, which large ones don't fill: nobody's pictures keep others, or the same
    address, from asking.
    """

    def __init__(self, total: int = BODIES, share: int = BODIES_PER_ADDRESS) -> None:
        self._total = total
        self._share = share
        self._shares = Shares()
        self.size = 0
        """Bytes that are held now."""

    def take(self, address: str, size: int, small: bool) -> str | None:
        """Hold so many bytes more of a body, ``small`` with them. The limit that forbids it, if one does."""
        rooms = 2 if small else 1
        if self.size + size > rooms * self._total:
            return "bytes of bodies in all"
        if self._shares.of(address) + size > rooms * self._share:
            return "bytes of bodies of an address"
        self.size += size
        self._shares.take(address, size)
        return None

    def give_back(self, address: str, size: int) -> None:
        """So many bytes of it are held no longer."""
        self.size -= size
        self._shares.give_back(address, size)
