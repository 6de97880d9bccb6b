"""What does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Problem:
    """A sentence, and what to look for in the history that led to it: names of messages, tags of records, devices."""

    text: str
    about: tuple[str, ...] = ()


class Look(Protocol):
    """What is there; see :class:`tests.crash.looking.Inspector`."""

    def messages(self, device: str, after: str) -> list[dict[str, Any]]:
        """All that the device may have, later than a stamp, oldest first."""

    def records(self) -> list[dict[str, Any]]:
        """All of the account, oldest first."""

    def meta(self, record_id: int) -> str | None:
        """``None`` when there is no such record."""

    def data(self, record_id: int) -> bytes | None:
        """``None`` when there is no such record."""

    def settings(self) -> dict[int, float]:
        """By kind."""

    def lives(self, token: str) -> bool:
        """Whether a session goes on."""
