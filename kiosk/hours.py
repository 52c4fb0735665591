"""Hours of the day such as ``19:00-07:00``, by the school's clocks: whether it is in them, and until when.

Unlike opening hours they may go over midnight.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from events.status import day_span, parse_hours


@lru_cache(maxsize=16)
def spans_of(hours: str) -> tuple[tuple[int, int], ...]:
    """Read hours such as ``12:00-13:30, 19:00-07:00``; empty for never.

    Returns:
        Spans in minutes from local midnight, parted at midnight, in order.

    Raises:
        ValueError: They are none, with what is allowed.
    """
    spans: list[tuple[int, int]] = []
    for part in filter(None, (piece.strip() for piece in hours.split(","))):
        start, _, end = part.partition("-")
        try:
            spans += parse_hours(part)
        except ValueError as error:
            try:
                ((morning, evening),) = parse_hours(f"{end}-{start}")
            except ValueError:
                raise error from None
            spans += [(0, morning), (evening, 24 * 60)]
    spans = sorted(span for span in spans if span[0] < span[1])
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError(f"the spans of {hours!r} overlap")
    return tuple(spans)


def in_hours(hours: str, zone: str, now: datetime) -> bool:
    """Tell whether it is in these hours.

    Args:
        hours: As `spans_of` reads them.
        zone: The school's time zone.
        now: The time, timezone-aware.

    Raises:
        ValueError: See `spans_of`.
    """
    local = now.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in spans_of(hours))


def next_turn(hours: str, zone: str, now: datetime) -> datetime | None:
    """Tell when these hours begin or end next, in UTC; None where they never do.

    Args:
        hours: As `spans_of` reads them.
        zone: The school's time zone.
        now: The time, timezone-aware.

    Raises:
        ValueError: See `spans_of`.
    """
    spans = spans_of(hours)
    if not spans:
        return None
    today = now.astimezone(ZoneInfo(zone)).date()
    # A wall-clock time may be missing on one day of the year.
    for day in (today + timedelta(days=n) for n in range(3)):
        instants = {
            instant for span in spans for minutes in span for instant in _instants(zone, day, minutes)
        }
        for instant in sorted(instants | _changes(zone, day)):
            if instant <= now:
                continue
            if in_hours(hours, zone, instant) != in_hours(hours, zone, instant - timedelta(minutes=1)):
                return instant
    return None


def _instants(zone: str, day: date, minutes: int) -> set[datetime]:
    """Tell when clocks show so many minutes after midnight: twice on the day on which they are set back."""
    days, minutes = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), ZoneInfo(zone))
    return {wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)}


def _changes(zone: str, day: date) -> set[datetime]:
    """Tell when clocks may be set on a day on which they are: on a full or a half hour."""
    begin, end = day_span(zone, day)
    if end - begin == timedelta(days=1):
        return set()
    return {begin + timedelta(minutes=30 * n) for n in range(51)}
