"""How much a sweep does in one step, by how long the last one took: decided purely."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 0.05
"""Seconds for which a step may hold the writer."""


@dataclass(slots=True)
class Pace:
    """``size``: what the next step does, between ``least`` and ``most``."""

    size: int
    least: int
    most: int

    def took(self, seconds: float) -> None:
        """The last step held the writer for so long. What takes less than a tenth of the bound may be doubled: then it
        is still far from it if the disk becomes slower meanwhile."""
        if seconds > LONGEST / 2:
            self.size = max(self.least, self.size // 4)
        elif seconds > LONGEST / 5:
            self.size = max(self.least, self.size // 2)
        elif seconds < LONGEST / 10:
            self.size = min(self.most, self.size * 2)
