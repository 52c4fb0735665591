"""From the edges of a bouncing contact to what a person meant: pure, with time as an argument.

Edges that follow each other within the debounce time belong to one *burst*; the contact's level
counts once a burst has been quiet for that time. A contact that ends was released when the burst
that ended it began, so however much the metal bounces, the outcome is that of a clean switch.
"""

from __future__ import annotations

from collections.abc import Callable

from events.domain import Intent
from kiosk.inbox import Gesture, StuckChanged, Touched

QUIET = 0.05
"""Seconds without an edge after which a level counts."""
HOLD = 1.5
"""Seconds after which a contact that is still closed means ``leaving``."""
STUCK = 10.0
"""Seconds for which nobody holds a button."""
CHATTER = 1.0
"""Seconds that no bounce lasts: a contact restless for longer is broken, and counts as closed."""

Outcome = Touched | Gesture | StuckChanged
_Step = Callable[[], list[Outcome]]


class Contact:
    """State machine of one push button's contact.

    Feed it every edge, and call `tick` when `deadline` has come. All times are seconds on one
    clock that does not go back (``CLOCK_BOOTTIME``); an earlier time than the last one counts as
    the last one.

    Args:
        open_at_start: The contact is known to be open, as that of a keyboard; else the first edge
            tells the level found at start. A contact that is closed at start makes no gesture: it
            may be stuck.
    """

    def __init__(self, *, open_at_start: bool = False) -> None:
        self._now = float("-inf")
        self._closed: bool | None = False if open_at_start else None
        self._edge_at = self._now
        self._burst_at = self._now
        self._began: float | None = None
        self._gesture_made = False
        self._stuck = False

    @property
    def deadline(self) -> float | None:
        """The next instant at which `tick` does something; None while nobody holds the button."""
        due = self._due()
        return None if due is None else due[0]

    @property
    def stuck(self) -> bool:
        """Whether the button is held for longer than anybody holds it."""
        return self._stuck

    def feed(self, closed: bool, at: float) -> list[Outcome]:  # noqa: FBT001  # the level is the edge's one property
        """Take an edge.

        Args:
            closed: Whether the contact is closed from now on.
            at: When.

        Returns:
            What follows, in order.
        """
        outcomes = self.tick(at)
        at = self._now
        if closed == self._closed:
            return outcomes
        if self._closed is None and closed:
            self._begin(at, silent=True)
        if at - self._edge_at >= QUIET:
            self._burst_at = at
        self._closed, self._edge_at = closed, at
        if closed and self._began is None:
            self._begin(at, silent=False)
            outcomes.append(Touched(at=at))
        return outcomes

    def tick(self, at: float) -> list[Outcome]:
        """Let time pass.

        Args:
            at: The time now.

        Returns:
            What follows, in order.
        """
        self._now = max(self._now, at)
        outcomes: list[Outcome] = []
        while (due := self._due()) is not None and due[0] <= self._now:
            outcomes += due[1]()
        return outcomes

    def _begin(self, at: float, *, silent: bool) -> None:
        self._began = at
        self._gesture_made = silent

    def _due(self) -> tuple[float, _Step] | None:
        """Tell what comes next if no edge comes."""
        if self._began is None:
            return None
        quiet_at = self._edge_at + QUIET
        settled_at = min(quiet_at, self._burst_at + CHATTER)
        steps: list[tuple[float, _Step]] = []
        if not self._closed:
            steps.append((quiet_at, self._release))
        if not self._gesture_made:
            steps.append((max(self._began + HOLD, settled_at), self._leave))
        if not self._stuck:
            steps.append((max(self._began + STUCK, settled_at), self._stick))
        # Sorting is stable: at the same instant a release comes first.
        return min(steps, key=lambda step: step[0], default=None)

    def _release(self) -> list[Outcome]:
        assert self._began is not None
        outcomes: list[Outcome] = []
        if not self._gesture_made:
            outcomes.append(self._gesture("present"))
        if self._stuck:
            outcomes.append(StuckChanged(stuck=False, at=self._edge_at + QUIET))
        self._began, self._stuck = None, False
        return outcomes

    def _leave(self) -> list[Outcome]:
        return [self._gesture("leaving")]

    def _gesture(self, intent: Intent) -> Gesture:
        assert self._began is not None
        self._gesture_made = True
        return Gesture(intent=intent, at=self._began)

    def _stick(self) -> list[Outcome]:
        assert self._began is not None
        self._stuck = True
        return [StuckChanged(stuck=True, at=max(self._began + STUCK, self._burst_at))]
