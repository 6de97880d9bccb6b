"""A token bucket: the one way to say that something may happen so often at once, and so often a second."""

from __future__ import annotations

from dataclasses import dataclass

ROUNDING = 1e-6
"""Tokens that sums of floating-point times may lack: what comes at exactly the rate is let through for ever."""


@dataclass(slots=True)
class TokenBucket:
    """A token bucket: full at first, refilled with time. Times in seconds of one clock.

    ``burst`` is what it holds at most, ``rate`` the tokens that it gets each second.
    """

    burst: float
    rate: float
    stamp: float
    tokens: float = -1.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Take *cost* tokens; return False, with none taken, where there are fewer."""
        self.refill(now)
        if self.tokens < cost - ROUNDING:
            return False
        self.tokens -= cost
        return True

    def wait(self, now: float, cost: float = 1.0) -> float:
        """Return the seconds until *cost* tokens can be taken, 0 for now."""
        self.refill(now)
        return max(0.0, (cost - ROUNDING - self.tokens) / self.rate)

    def give_back(self, cost: float = 1.0) -> None:
        """Undo :meth:`take`."""
        self.tokens = min(self.burst, self.tokens + cost)

    def resize(self, now: float, burst: float, rate: float) -> None:
        """Go on with another size and rate: what it holds stays, up to the new size."""
        self.refill(now)
        self.burst, self.rate = burst, rate
        self.tokens = min(burst, self.tokens)

    def refill(self, now: float) -> None:
        """Add what came since the last time. A clock that steps back adds nothing."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.stamp) * self.rate)
        self.stamp = now
