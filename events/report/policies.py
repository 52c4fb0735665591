"""What a rule of release would have done: hours given back, against bookings taken away wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct, field

from events.report.days import Due, RoomDay
from events.report.spans import HOUR, MINUTE, Micros, covered, length, union, without

Exemption = Literal["long", "kind", "room", "late"]
"""Why no rule releases a booking; ``late`` is one that was entered shortly before its start."""


class Outcome(Struct):
    """What one rule would have done.

    Attributes:
        after: Minutes after its start at which a booking is released.
        eligible: Due bookings that may be released at all: neither long, nor exams, nor in exempt rooms,
            nor entered at the last moment, and a door watched.
        released: Those nobody had confirmed by then, as it was decided at the doors: a press while the
            booking before is in use confirms that one only.
        given_back: For how long their rooms would have counted as free, up to the end of the booking, or
            to whoever came later; not while another booking holds the room, too.
        came_later: Those of them in whose room somebody pressed after all, before their end, or had pressed
            just before their start without confirming them: people of the booking, or others who took the
            empty room. Nobody can tell them apart.
        taken_away: For how long those would still have been booked.
    """

    after: int
    eligible: int = 0
    released: int = 0
    given_back: Micros = 0
    came_later: int = 0
    taken_away: Micros = 0

    def fields(self) -> dict[str, Any]:
        """Write it as the JSON names it."""
        return {
            "release_after": self.after,
            "eligible": self.eligible,
            "released": self.released,
            "hours_given_back": round(self.given_back / HOUR, 2),
            "came_later": self.came_later,
            "hours_taken_away": round(self.taken_away / HOUR, 2),
            "came_later_share": round(self.came_later / self.released, 4) if self.released else None,
            "hours_per_came_later": round(self.given_back / HOUR / self.came_later, 2)
            if self.came_later
            else None,
        }


class BackTest(Struct):
    """What several rules would have done in the same time.

    Attributes:
        exempt: Due bookings that none of them touches, by the first reason that holds.
        unobserved: Due bookings whose door did not watch: never released.
        left_early: How long bookings went on after those in them had said that they leave: given back under
            every rule.
    """

    outcomes: list[Outcome]
    due: int = 0
    exempt: dict[Exemption, int] = field(default_factory=lambda: dict.fromkeys(get_args(Exemption), 0))
    unobserved: int = 0
    left_early: Micros = 0


def back_test(days: Iterable[RoomDay], after: Sequence[int], horizon: Micros) -> BackTest:
    """Release the bookings of a period under each rule.

    Args:
        days: Rooms and days.
        after: The rules: minutes after the start, in order.
        horizon: Where the log ends: bookings that are not over by then are left out.
    """
    test = BackTest(outcomes=[Outcome(after=minutes) for minutes in after])
    for day in days:
        for due in day.due:
            if due.end > horizon:
                continue
            test.due += 1
            exempt = _exempt(day, due)
            if exempt is not None:
                test.exempt[exempt] += 1
            elif not _try(test, day, due):
                test.unobserved += 1
    return test


def _try(test: BackTest, day: RoomDay, due: Due) -> bool:
    """Try a booking under each rule.

    Returns:
        Whether a door watched.
    """
    opens = due.start - day.policy.check_in_before * MINUTE
    end = due.end if due.gone is None else min(due.end, due.gone)
    # A room that is out of order is given to nobody.
    end = min([end, *(start for start, _ in day.shut if start > due.start)])
    presses = [p for p in day.presses if opens <= p.at < end and not _of_a_later_one(day, due, p.at)]
    coming = sorted(p.at for p in presses if not p.leaving)
    last = test.outcomes[-1].after * MINUTE if test.outcomes else 0
    if not covered((opens, max(opens, min(due.start + last, end))), day.watched):
        return False
    came = coming[0] if coming else None
    confirmed = min(
        (p.at for p in day.presses if due.booking in p.confirms.split() and not p.leaving), default=None
    )
    leaving = [p.at for p in presses if p.leaving and p.at >= due.start]
    if came is not None and leaving and not any(at > leaving[-1] for at in coming):
        test.left_early += max(0, end - leaving[-1])
    held = union((other.start, other.end) for other in day.due if other.booking != due.booking)
    for outcome in test.outcomes:
        at = due.start + outcome.after * MINUTE
        outcome.eligible += 1
        if at >= end or (confirmed is not None and confirmed < at):
            continue
        outcome.released += 1
        outcome.given_back += length(without([(at, end if came is None else max(came, at))], held))
        if came is not None:
            outcome.came_later += 1
            outcome.taken_away += end - max(came, at)
    return True


def _exempt(day: RoomDay, due: Due) -> Exemption | None:
    """Tell which of the school's exemptions, those of `events.status`, keeps it from being released."""
    policy = day.policy
    if due.end - due.start >= policy.release_exempt_length * MINUTE:
        return "long"
    if due.tenure.kind in policy.release_exempt_kinds:
        return "kind"
    if due.room in policy.release_exempt_rooms:
        return "room"
    return "late" if due.start - due.tenure.since < policy.release_exempt_seen * MINUTE else None


def _of_a_later_one(day: RoomDay, due: Due, at: Micros) -> bool:
    early = day.policy.check_in_before * MINUTE
    return any(
        other.start > due.start and other.start - early <= at and due.booking != other.booking
        for other in day.due
    )
