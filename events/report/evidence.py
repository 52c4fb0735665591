"""What is known of each due booking: whether somebody came, nobody did, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from events.report.days import Due, RoomDay, Rule
from events.report.facts import Press, Tenure
from events.report.spans import MINUTE, Micros, covered

Grade = Literal["confirmed", "no-show", "unobserved"]


class Evidence(Struct, frozen=True, kw_only=True):
    """One booking, and what speaks for and against it.

    Attributes:
        pressed: Somebody pressed in its room in the rule's window.
        grade: Confirmed by a press, a motion that counts or an annotation; a no-show, when a door watched
            through the whole window and the timetable was known; else unobserved.
        at_door: One of these presses confirmed it on the sign at the door, too: there a press while the
            booking before is in use is for that one, and one before the booking was entered is for none.
        late: Nobody came in the window, and somebody did before its end: the rule would call it a
            no-show, and the room was in use.
        cancelled: It is none of the due ones: it was taken away in time, and somebody came all the same.
        why: What was not observed: ``door``, ``timetable``, or ``room`` where it was put out of order in the
            window; empty otherwise.
    """

    day: date
    due: Due
    pressed: bool
    grade: Grade
    at_door: bool = False
    late: bool = False
    cancelled: bool = False
    why: str = ""

    @property
    def contradicted(self) -> bool:
        """Whether presses say otherwise than the books."""
        return self.late or self.cancelled


def evidence(days: Iterable[RoomDay], rule: Rule, horizon: Micros) -> Iterator[Evidence]:
    """Grade the due bookings of each room and day.

    Args:
        days: Rooms and days.
        rule: When a press confirms.
        horizon: Where the log ends: a booking whose window is not over by then is left out.
    """
    for day in days:
        presses = [p for p in day.presses if p.by != "motion"]
        moved = [p for p in day.presses if p.by == "motion"]
        for due in day.due:
            if rule.window(due.start, due.end)[1] <= horizon:
                yield _graded(day, due, rule, presses, moved)
        for tenure in day.cancelled:
            if _used(day, tenure, rule, presses):
                due = Due(tenure.booking, tenure.room, tenure.start, tenure.end, tenure.gone, tenure)
                yield Evidence(day=day.date, due=due, pressed=True, grade="confirmed", cancelled=True)


def _graded(day: RoomDay, due: Due, rule: Rule, presses: list[Press], moved: list[Press]) -> Evidence:
    low, high = rule.window(due.start, due.end)
    coming = [p for p in presses if low <= p.at < high]
    pressed = bool(coming)
    if pressed or any(low <= p.at < high for p in moved) or _spoken_for(day, due):
        at_door = any(due.booking in p.confirms.split() for p in coming)
        return Evidence(day=day.date, due=due, pressed=pressed, grade="confirmed", at_door=at_door)
    why = _unobserved(day, due, low, high)
    if why:
        return Evidence(day=day.date, due=due, pressed=False, grade="unobserved", why=why)
    late = any(high <= p.at < due.end and not _of_another(day, due, p) for p in presses if not p.leaving)
    return Evidence(day=day.date, due=due, pressed=False, grade="no-show", late=late)


def _spoken_for(day: RoomDay, due: Due) -> bool:
    """Whether an operator noted that they were there."""
    return any(
        r.what == "present"
        and (r.booking == due.booking if r.booking else r.start < due.end and r.end > due.start)
        for r in day.remarks
    )


def _unobserved(day: RoomDay, due: Due, low: Micros, high: Micros) -> str:
    end = high if due.gone is None else min(high, max(due.gone, low))
    if any(start < end and until > due.start for start, until in day.shut):
        return "room"
    if not covered((low, end), day.watched):
        return "door"
    too_old = day.policy.unknown_after * MINUTE
    for since, until in day.silences:
        if since < due.start <= until and (
            due.start - since > too_old
            # It was taken away while nobody read: perhaps in time.
            or (due.gone is not None and due.gone <= until)
        ):
            return "timetable"
    return ""


def _of_another(day: RoomDay, due: Due, press: Press) -> bool:
    """Whether a press is that of those who come for another booking."""
    early = day.policy.check_in_before * MINUTE
    return any(
        other.booking != due.booking
        and other.start > due.start
        and other.start - early <= press.at < other.end
        for other in day.due
    )


def _used(day: RoomDay, tenure: Tenure, rule: Rule, presses: list[Press]) -> bool:
    low = tenure.start - rule.before * MINUTE
    early = day.policy.check_in_before * MINUTE
    return any(
        low <= p.at < tenure.end and not any(due.start - early <= p.at < due.end for due in day.due)
        for p in presses
        if not p.leaving
    )
