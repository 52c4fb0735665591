"""Whether a reading can be believed at once: pure, on what was known and what was read.

A timetable that is broken on Monday morning looks like a day without bookings. So a reading that
loses too much waits for a second one that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from events.ids import RoomKey
from scraper.diff import Known, Seen

FEW = 6
"""Of fewer bookings in a day anything can become anything."""
FEW_ROOMS = 4

Span = tuple[datetime, datetime]


def suspicion(
    known: Sequence[Known],
    seen: Sequence[Seen],
    *,
    days: Sequence[Span],
    missing: int,
    rooms: int,
    before: Sequence[Known] = (),
    day_before: Span | None = None,
) -> str:
    """Tell why a reading is not to be believed at once, in numbers; an empty text when it is.

    Args:
        known: The source's bookings of the days read.
        seen: What was read.
        days: Begin and end of each day read.
        missing: How many configured rooms the reading does not speak of.
        rooms: How many are configured.
        before: The source's bookings of the day before the first.
        day_before: Begin and end of that day.
    """
    if rooms >= FEW_ROOMS and 2 * missing > rooms:
        return f"says nothing of {missing} of {rooms} rooms"
    for day in days:
        was = sum(_overlaps(k.booking.start, k.booking.end, day) for k in known)
        now = sum(_overlaps(s.slot.start, s.slot.end, day) for s in seen)
        if was >= FEW and 2 * now < was:
            return f"only {now} bookings, where {was} were known"
    if day_before is not None and days:
        today = {_in_day(s.room, s.slot.start, s.slot.end, s.series, days[0]) for s in seen}
        expected = {_of(k, days[0]) for k in known}
        yesterday = {_of(k, day_before) for k in before}
        if len(yesterday) >= FEW and today == yesterday and today != expected:
            return f"repeats the {len(yesterday)} bookings of the day before"
    return ""


def _overlaps(start: datetime, end: datetime, day: Span) -> bool:
    return start < day[1] and end > day[0]


def _of(k: Known, day: Span) -> tuple[RoomKey, timedelta, timedelta, str]:
    return _in_day(k.room, k.booking.start, k.booking.end, k.series, day)


def _in_day(
    room: RoomKey, start: datetime, end: datetime, series: str, day: Span
) -> tuple[RoomKey, timedelta, timedelta, str]:
    return room, start - day[0], end - day[0], series
