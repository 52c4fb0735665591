"""How often and how many: limits for sessions, for addresses, and for all together. Pure.

The phones of a whole school may share one address, so what counts by address is either what honest
people hardly do (wrong guesses) or allows a school at once.
"""

from __future__ import annotations

from datetime import datetime

_MOST_ADDRESSES = 10_000
"""So many are remembered; of more, those that owe nothing are forgotten, then the oldest."""


class Allowance:
    """So many at once, and so many a second for long.

    Args:
        burst: How many at once.
        rate: How many a second are earned again.
    """

    def __init__(self, burst: float, rate: float) -> None:
        self._burst, self._rate = float(burst), rate
        self._left = self._burst
        self._taken_at: datetime | None = None

    def take(self, now: datetime) -> bool:
        """Take one, if there is one left. A clock that goes back takes nothing away."""
        left = self.left(now)
        self._taken_at = now
        self._left = left - 1 if left >= 1 else left
        return left >= 1

    def left(self, now: datetime) -> float:
        """Tell how many are left."""
        if self._taken_at is None:
            return self._left
        earned = (now - self._taken_at).total_seconds() * self._rate
        return min(self._burst, self._left + max(0.0, earned))

    def is_full(self, now: datetime) -> bool:
        """Tell whether nothing is owed any more."""
        return self.left(now) >= self._burst


class Allowances:
    """An allowance for each address.

    Args:
        burst: How many at once.
        rate: How many a second are earned again.
    """

    def __init__(self, burst: float, rate: float) -> None:
        self._burst, self._rate = burst, rate
        self._known: dict[str, Allowance] = {}

    def may_take(self, address: str, now: datetime) -> bool:
        """Tell whether an address has one left."""
        known = self._known.get(address)
        return known is None or known.left(now) >= 1

    def take(self, address: str, now: datetime) -> bool:
        """Take one of an address, if it has one left."""
        taken = self._known.setdefault(address, Allowance(self._burst, self._rate)).take(now)
        if len(self._known) > _MOST_ADDRESSES:
            owing = {a: known for a, known in self._known.items() if not known.is_full(now)}
            # Down to half, so that a flood of addresses does not pay for this at each of them.
            self._known = dict(list(owing.items())[-_MOST_ADDRESSES // 2 :])
        return taken
