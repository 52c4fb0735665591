"""Whose turn it is to be fetched, and when a source's next turn comes. No threads, no clock, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

JITTER = 0.1
"""A refresh comes up to this share of its period later, so that servers are not hit in step."""
FIRST_RETRY = 60.0
"""Seconds after the first failure, or one refresh if that is shorter."""
MOST_BACK_OFF = 900.0
"""Seconds to which repeated failures stretch the wait, or one refresh if that is longer: a server that
comes back is seen within a quarter of an hour, long before its rooms turn unknown."""
MOST_OBEYED = 24 * 3600.0
"""Seconds. No server sends us away for longer."""


def next_try(
    now: float, refresh: float, failures: int, retry_after: float | None, random: Callable[[], float]
) -> float:
    """When a source is to be tried again.

    Args:
        now: When it was tried, in seconds of any clock.
        refresh: Seconds between two readings that succeed.
        failures: Failures in a row, the last try included; 0 after a success.
        retry_after: Seconds that the server asked us to wait, or None.
        random: Gives numbers from 0 to below 1.

    Returns:
        Seconds of the same clock. After a success one refresh later and up to `JITTER` more. After
        failures the wait doubles from `FIRST_RETRY` to `MOST_BACK_OFF`, of which half is left to
        chance. Never before the server wants us back, up to `MOST_OBEYED`.
    """
    if failures <= 0:
        wait = refresh * (1 + JITTER * random())
    else:
        longest = min(FIRST_RETRY, refresh) * 2.0 ** min(failures - 1, 40)
        wait = min(longest, max(MOST_BACK_OFF, refresh)) * (0.5 + random() / 2)
    if retry_after is not None:
        wait = max(wait, min(retry_after, MOST_OBEYED) * (1 + JITTER * random()))
    return now + wait


class Turns:
    """Who may start next: first come, first served, but nobody waits for a host that is not his.

    A ticket passes one or more *lanes*: the host it asks, and whatever else there is little of (a
    browser). It starts when all its lanes have room. Those that have to wait hold up nobody behind
    them that passes other lanes. Not safe for several threads.

    Args:
        at_once: Tickets that may run at the same time.
        per_lane: Of those, through the same lane.
        lanes: Lanes that are narrower or wider than that.
    """

    def __init__(self, *, at_once: int, per_lane: int, lanes: Mapping[str, int] | None = None) -> None:
        if at_once < 1 or per_lane < 1 or any(width < 1 for width in (lanes or {}).values()):
            raise ValueError("at least one at once, or nobody ever starts")
        self._at_once, self._per_lane, self._lanes = at_once, per_lane, dict(lanes or {})
        self._waiting: dict[int, frozenset[str]] = {}
        self._running: dict[int, frozenset[str]] = {}
        self._load: Counter[str] = Counter()

    @property
    def waiting(self) -> tuple[int, ...]:
        """The tickets that wait, in the order in which they came."""
        return tuple(self._waiting)

    @property
    def running(self) -> tuple[int, ...]:
        """The tickets that run."""
        return tuple(self._running)

    def ask(self, ticket: int, lanes: Iterable[str]) -> None:
        """Queues a ticket.

        Args:
            ticket: A number that is neither waiting nor running.
            lanes: What it passes.
        """
        if ticket in self._waiting or ticket in self._running:
            raise ValueError(f"the ticket {ticket} is already there")
        self._waiting[ticket] = frozenset(lanes)

    def start(self) -> list[int]:
        """The tickets whose turn it is; they run from now on until `done`."""
        started: list[int] = []
        for ticket, lanes in self._waiting.items():
            if len(self._running) >= self._at_once:
                break
            if all(self._load[lane] < self._lanes.get(lane, self._per_lane) for lane in lanes):
                self._running[ticket] = lanes
                self._load.update(lanes)
                started.append(ticket)
        for ticket in started:
            del self._waiting[ticket]
        return started

    def done(self, ticket: int) -> None:
        """A ticket is over, or is not wanted any more; one that is not known is ignored."""
        self._waiting.pop(ticket, None)
        for lane in self._running.pop(ticket, ()):
            self._load[lane] -= 1
            if not self._load[lane]:
                del self._load[lane]
