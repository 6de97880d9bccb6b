"""An audit that tests read."""

from __future__ import annotations


class Notes:
    """Keeps what it is told: event and facts."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str | int | None]]] = []

    def note(self, event: str, **facts: str | int | None) -> None:
        self.told.append((event, {name: fact for name, fact in facts.items() if fact is not None}))

    def of(self, event: str) -> list[dict[str, str | int | None]]:
        """The facts of every such event."""
        return [facts for each, facts in self.told if each == event]
