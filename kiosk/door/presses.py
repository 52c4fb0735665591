"""What was pressed, and how it is answered to the person at the button."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from events.domain import Effect, Intent
from events.ids import EventId
from events.wire import Code, Pressed, Refused
from kiosk.debounce import HOLD
from kiosk.inbox import Noted

FEEDBACK = timedelta(seconds=6)
"""How long the answer to a press stays on the screen."""
HOLD_STEPS = 30
"""In how many steps the ring fills while the button is held."""
KEEP_PENDING = 200
"""Presses without acknowledgement that are remembered; older ones no longer matter for presence."""
KEEP_ANSWERED = 20
"""Acknowledged presses that may wait for the presence that contains them."""

_FINAL: frozenset[Code] = frozenset({"bad-message", "not-allowed", "unknown-room"})
"""Refusals after which a press will never be recorded."""
_HOLD = timedelta(seconds=HOLD)

Answer = Literal["touched", "sending", "noted", "kept", "recorded", "refused"]


class Feedback(Struct, frozen=True, kw_only=True):
    """What the screen answers to the person at the button.

    Attributes:
        told: ``touched`` while the contact is closed, ``sending`` until the press is on disk,
            ``noted`` once it is, or ``kept`` where the link is down; then the server's word.
        intent: What the person meant, once that is clear.
        since: When it was first shown.
        until: When it goes away.
        press: The press it is about.
        effect: What the press did, once recorded.
        present_until: Until when somebody is present, in best time, once recorded.
        code: Why it was refused.
    """

    told: Answer
    since: datetime
    until: datetime
    intent: Intent | None = None
    press: EventId | None = None
    effect: Effect | None = None
    present_until: datetime | None = None
    code: Code | None = None


class Presses(Struct, frozen=True, kw_only=True):
    """What was pressed here.

    Attributes:
        pending: Presses on the door's disk without acknowledgement, oldest first.
        answered: Acknowledged presses with their position in the log, until the room's presence
            that contains them comes: the picture must not fall back in between.
        feedback: What is answered to the person at the button.
        held_since: Since when the contact has been closed without having counted as a gesture.
    """

    pending: tuple[Noted, ...] = ()
    answered: tuple[tuple[Noted, int], ...] = ()
    feedback: Feedback | None = None
    held_since: datetime | None = None

    @property
    def unconfirmed(self) -> tuple[Noted, ...]:
        """The presses that the room's presence does not contain yet, oldest first."""
        return (*(noted for noted, _seq in self.answered), *self.pending)

    def held(self, now: datetime) -> float:
        """Tell which share of the hold that means ``leaving`` is done, 0 to 1, in even steps."""
        return 0.0 if self.held_since is None else min(HOLD_STEPS, max(0, self._steps(now))) / HOLD_STEPS

    def turns(self, now: datetime) -> Iterator[datetime]:
        """Give the instants at which the answer changes by time alone."""
        if self.feedback is not None:
            yield self.feedback.until
        if self.held_since is not None and (done := self._steps(now)) < HOLD_STEPS:
            yield self.held_since + _HOLD * (done + 1) / HOLD_STEPS

    def _steps(self, now: datetime) -> int:
        assert self.held_since is not None
        return int((now - self.held_since) / _HOLD * HOLD_STEPS)

    # -- what happens to them -------------------------------------------------------------------

    def touched(self, now: datetime) -> Presses:
        """Answer a contact that has closed."""
        feedback = Feedback(told="touched", since=now, until=now + _HOLD + FEEDBACK)
        return replace(self, held_since=now, feedback=feedback)

    def sending(self, intent: Intent, now: datetime) -> Presses:
        """Answer a press that is not on disk yet."""
        return replace(self, feedback=_answer("sending", now, intent=intent))

    def released(self) -> Presses:
        """Notice that the contact has counted, or is stuck: no ring fills."""
        return replace(self, held_since=None)

    def noted(self, noted: Noted, now: datetime, *, connected: bool) -> Presses:
        """Take a press that is on disk now.

        Args:
            noted: The press.
            now: The door's wall clock.
            connected: Whether the server will be told at once.
        """
        feedback = _answer("noted" if connected else "kept", now, intent=noted.intent, press=noted.press)
        pending = (*self._without(noted.press), noted)
        return replace(self, pending=pending[-KEEP_PENDING:], feedback=feedback)

    def found(self, presses: tuple[Noted, ...]) -> Presses:
        """Take the presses of runs before, which were on disk at the start."""
        known = {noted.press for noted in self.pending}
        added = tuple(noted for noted in presses if noted.press not in known)
        return replace(self, pending=(added + self.pending)[-KEEP_PENDING:])

    def acknowledged(self, answer: Pressed, now: datetime, *, contained: bool) -> Presses:
        """Take the server's word that a press is recorded.

        Args:
            answer: Its word.
            now: The door's wall clock.
            contained: Whether the presence that the server told of the room has the press already.
        """
        noted = self._pending(answer.ref)
        if noted is None:
            # The same answer to another delivery: it was told already.
            return self
        answered = self.answered if contained else (*self.answered, (noted, answer.seq))[-KEEP_ANSWERED:]
        feedback = self.feedback
        if self._still_cares(noted, now):
            feedback = _answer(
                "recorded",
                now,
                intent=noted.intent,
                press=noted.press,
                effect=answer.effect,
                present_until=answer.until,
            )
        return replace(self, pending=self._without(answer.ref), answered=answered, feedback=feedback)

    def refused(self, answer: Refused, press: EventId, now: datetime) -> Presses:
        """Take the server's word that a press is not recorded."""
        noted = self._pending(press)
        if noted is None:
            return self
        feedback = self.feedback
        if self._still_cares(noted, now):
            feedback = _answer("refused", now, intent=noted.intent, press=press, code=answer.code)
        pending = self._without(press) if answer.code in _FINAL else self.pending
        return replace(self, pending=pending, feedback=feedback)

    def contained(self, seq: int) -> Presses:
        """Notice that a presence came that contains all presses up to a position of the log."""
        if not self.answered:
            return self
        return replace(self, answered=tuple((noted, at) for noted, at in self.answered if at > seq))

    def passed(self, now: datetime) -> Presses:
        """Let time pass: an answer goes away."""
        over = self.feedback is not None and now >= self.feedback.until
        return replace(self, feedback=None) if over else self

    def stepped(self, by: timedelta, *, since: datetime | None) -> Presses:
        """Move along with the door's own clock, which was set.

        Args:
            by: How much later it is now than it would have been.
            since: Presses before that were stamped by another clock, which this step says nothing
                of; None where no such are left.
        """

        def moved(noted: Noted) -> Noted:
            own = since is None or noted.pressed_at >= since
            return replace(noted, pressed_at=noted.pressed_at + by) if own else noted

        feedback = self.feedback
        if feedback is not None:
            feedback = replace(feedback, since=feedback.since + by, until=feedback.until + by)
        return Presses(
            pending=tuple(moved(noted) for noted in self.pending),
            answered=tuple((moved(noted), seq) for noted, seq in self.answered),
            feedback=feedback,
            held_since=self.held_since + by if self.held_since is not None else None,
        )

    def _pending(self, press: EventId) -> Noted | None:
        return next((known for known in self.pending if known.press == press), None)

    def _without(self, press: EventId) -> tuple[Noted, ...]:
        return tuple(known for known in self.pending if known.press != press)

    def _still_cares(self, noted: Noted, now: datetime) -> bool:
        """Whether who pressed may still stand there, and nobody has pressed since."""
        if self.feedback is not None:
            return self.feedback.press == noted.press
        return self.pending[-1].press == noted.press and now - noted.pressed_at < 3 * FEEDBACK


def _answer(
    told: Answer,
    now: datetime,
    *,
    intent: Intent,
    press: EventId | None = None,
    effect: Effect | None = None,
    present_until: datetime | None = None,
    code: Code | None = None,
) -> Feedback:
    return Feedback(
        told=told,
        since=now,
        until=now + FEEDBACK,
        intent=intent,
        press=press,
        effect=effect,
        present_until=present_until,
        code=code,
    )
