"""The status of a room: a pure function of what is known, the time and the rules.

No timer exists for expiry or release: time is an argument. `plan` tells what the status will be
to the end of the day if nothing new happens, so that a phone needs only a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.decide import left, present
from events.domain import Hours, Policy
from events.ids import BookingId, RoomKey
from events.state import Booking, RoomState, Rules, SchoolState, stays_until

StatusName = Literal["in_use", "occupied", "booked", "unknown", "soon", "free"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Known(Struct, frozen=True, kw_only=True, gc=False):
    """One room with all that its status depends on, except the time.

    Attributes:
        readings: For each local day, when its timetables were last believed (the oldest of them).
        started_at: When the server last started: doors that joined before are not connected.
    """

    room: RoomState
    rules: Rules
    readings: dict[date, datetime]
    started_at: datetime | None = None


class Status(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a door shows at one instant.

    Attributes:
        name: One of the six statuses; the first of them that holds.
        closed: Outside the opening hours, on a closed day, or out of order by the desk.
        out_of_order: Closed by the desk.
        released: Booked, but nobody came or all left: counts as free.
        warning: Will be released unless somebody presses.
        booking: The booking that runs, if any; of several a confirmed one, then the earliest.
        left_at: When those of that booking left early.
    """

    name: StatusName
    closed: bool = False
    out_of_order: bool = False
    released: bool = False
    warning: bool = False
    booking: BookingId | None = None
    left_at: datetime | None = None

    @property
    def available(self) -> bool:
        """Whether somebody may take the room now."""
        return not self.closed and (self.name in ("free", "soon") or self.released)


class Stretch(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A stretch of time in which the status stays the same.

    Attributes:
        start: From when.
        until: Until when; None where nothing more is known to change.
    """

    start: datetime
    until: datetime | None
    status: Status


def known(school: SchoolState, room: RoomState) -> Known:
    """Gather what the status of a room depends on."""
    return Known(room=room, rules=school.rules, readings=school.readings(room), started_at=school.started_at)


def status_at(k: Known, now: datetime) -> Status:
    """Tell the status of a room at an instant.

    Args:
        k: What is known of the room.
        now: The instant, timezone-aware.

    Returns:
        The first status that holds in the order of `StatusName`.
    """
    return _status(k, now, k.room.bookings.values())


def headcount_until(k: Known) -> datetime | None:
    """Tell until when the last count of a room holds, unless somebody says something new.

    Returns:
        The end of the presence in which it was counted; None where there is no count, or none that
        counted anybody known to be there.
    """
    headcount = k.room.headcount
    return None if headcount is None else stays_until(k.room, headcount.stands_at)


def headcount_at(k: Known, now: datetime) -> int | None:
    """Tell how many people are in a room, where somebody counted those who are there.

    A count ends with the presence in which it was made: with its leaving, with its time, or when
    whoever is there came after it had ended. One that was made while nobody was known to be there
    is in the log and counts nobody: whoever comes later may be others.

    Args:
        k: What is known of the room.
        now: The instant, not before the count.
    """
    until = headcount_until(k)
    return k.room.headcount.count if k.room.headcount and until is not None and now < until else None


def stretch_at(k: Known, now: datetime) -> Stretch:
    """Tell the status at an instant and until when it stays so, looking two days ahead."""
    first = _stretches(k, now, _day_bounds(k, now, 2)[1], first_only=True)
    return first[0]


def plan(k: Known, now: datetime, *, days: int = 1) -> list[Stretch]:
    """Tell the status from an instant to the end of the day.

    Args:
        k: What is known of the room.
        now: Where to begin.
        days: How many local days, today included.

    Returns:
        Stretches without gaps; the last one ends at local midnight.
    """
    return _stretches(k, now, _day_bounds(k, now, days)[1])


def day_of(rules: Rules, now: datetime) -> date:
    """Tell which local day it is in the school."""
    return now.astimezone(ZoneInfo(rules.zone)).date()


@lru_cache(maxsize=512)
def day_span(zone: str, day: date) -> tuple[datetime, datetime]:
    """Tell when a local day begins and ends, in UTC: 23, 24 or 25 hours apart."""
    from_midnight = datetime.combine(day, time(), ZoneInfo(zone))
    to_midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return _utc(from_midnight), _utc(to_midnight)


def closing_time(k: Known, now: datetime) -> datetime | None:
    """Tell when an open room closes next, looking two days ahead; None if it does not."""
    for boundary in sorted(_hour_boundaries(k, now, _day_bounds(k, now, 2)[1])):
        if boundary > now and _closed(k, boundary):
            return boundary
    return None


def opening_spans(hours: Hours, zone: str, day: date) -> list[tuple[datetime, datetime]]:
    """Tell when the school is open on a local day, in UTC.

    Args:
        hours: The opening hours; several spans of a day are parted by commas.
        zone: The school's time zone.
        day: The local day.
    """
    return list(_opening_spans(getattr(hours, WEEKDAYS[day.weekday()]), zone, day))


def _status(k: Known, now: datetime, bookings: Iterable[Booking]) -> Status:
    room, policy = k.room, k.rules.policy
    out_of_order = room.closure is not None and (room.closure.until is None or now < room.closure.until)
    closed = out_of_order or room.retired or _closed(k, now)
    here = present(room.last, now)
    running = [b for b in bookings if b.start <= now < b.end]
    if running:
        running.sort(key=_earliest)
        for b in running:
            confirmed = b.confirmed_at is not None and not left(b, room.last, policy)
            # A booking over the whole day proves nothing for ever: only whoever is there now does.
            if confirmed if b.due else here:
                return Status(name="in_use", closed=closed, out_of_order=out_of_order, booking=b.id)
        b = running[0]
        gone = b.confirmed_at is not None and left(b, room.last, policy)
        released = all(_released(k, b, now) for b in running)
        return Status(
            name="booked",
            closed=closed,
            out_of_order=out_of_order,
            released=released,
            warning=not released and all(_warned(k, b, now) for b in running),
            booking=b.id,
            left_at=room.last.pressed_at if gone and room.last else None,
        )
    if here:
        return Status(name="occupied", closed=closed, out_of_order=out_of_order)
    read_at = k.readings.get(day_of(k.rules, now))
    if read_at is None or now - read_at > timedelta(minutes=policy.unknown_after):
        return Status(name="unknown", closed=closed, out_of_order=out_of_order)
    soon = now + timedelta(minutes=policy.soon)
    if any(now < b.start <= soon for b in bookings):
        return Status(name="soon", closed=closed, out_of_order=out_of_order)
    return Status(name="free", closed=closed, out_of_order=out_of_order)


def _earliest(booking: Booking) -> tuple[datetime, datetime, BookingId]:
    return booking.start, booking.end, booking.id


def _released(k: Known, booking: Booking, now: datetime) -> bool:
    policy = k.rules.policy
    if not _may_be_released(k, booking):
        return False
    if booking.confirmed_at is not None:
        return left(booking, k.room.last, policy)
    return now >= booking.start + timedelta(minutes=policy.release_after) and _watched(k, booking)


def _warned(k: Known, booking: Booking, now: datetime) -> bool:
    warn_at = booking.start + timedelta(minutes=k.rules.policy.release_warning)
    return (
        _may_be_released(k, booking)
        and booking.confirmed_at is None
        and now >= warn_at
        and _watched(k, booking)
    )


def _may_be_released(k: Known, booking: Booking) -> bool:
    policy = k.rules.policy
    return (
        policy.release
        and booking.due
        and booking.end - booking.start < timedelta(minutes=policy.release_exempt_length)
        and booking.kind not in policy.release_exempt_kinds
        and k.room.key not in policy.release_exempt_rooms
        and booking.start - booking.first_seen >= timedelta(minutes=policy.release_exempt_seen)
    )


def _watched(k: Known, booking: Booking) -> bool:
    """Whether a door has been connected since the booking's window opened."""
    opens = booking.start - timedelta(minutes=k.rules.policy.check_in_before)
    return any(
        since <= opens and (k.started_at is None or since >= k.started_at) for since in k.room.kiosks.values()
    )


def _closed(k: Known, now: datetime) -> bool:
    day = day_of(k.rules, now)
    for days in k.rules.closed:
        if days.first <= day <= days.last and (not days.rooms or k.room.key in days.rooms):
            return True
    hours = getattr(k.rules.hours, WEEKDAYS[day.weekday()])
    if hours == "00:00-24:00":
        return False
    return not any(start <= now < end for start, end in _opening_spans(hours, k.rules.zone, day))


@lru_cache(maxsize=512)
def _opening_spans(hours: str, zone: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((_local(zone, day, start), _local(zone, day, end)) for start, end in parse_hours(hours))


def parse_hours(text: str) -> list[tuple[int, int]]:
    """Read opening hours such as ``08:00-12:00, 13:30-18:00``.

    Returns:
        Spans in minutes from local midnight, in order; empty for a closed day.

    Raises:
        ValueError: It is none, with what is allowed.
    """
    spans = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        start, dash, end = part.partition("-")
        minutes = [_minutes(start), _minutes(end)] if dash else [None, None]
        if minutes[0] is None or minutes[1] is None or minutes[0] >= minutes[1]:
            raise ValueError(f"{part!r} is no span of hours; allowed is HH:MM-HH:MM, from 00:00 to 24:00")
        spans.append((minutes[0], minutes[1]))
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValueError(f"the spans of {text!r} overlap or are out of order")
    return spans


def _minutes(text: str) -> int | None:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == len("00")):
        return None
    total = int(hour) * 60 + int(minute)
    return total if int(minute) < 60 and total <= 24 * 60 else None


def _local(zone: str, day: date, minutes: int) -> datetime:
    """Turn local wall-clock minutes of a day into UTC, as clocks on the wall show them."""
    days, minutes = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60))
    return _utc(wall.replace(tzinfo=ZoneInfo(zone)))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _day_bounds(k: Known, now: datetime, days: int) -> tuple[datetime, datetime]:
    day = day_of(k.rules, now)
    return day_span(k.rules.zone, day)[0], day_span(k.rules.zone, day + timedelta(days=days - 1))[1]


def _hour_boundaries(k: Known, now: datetime, end: datetime) -> Iterable[datetime]:
    day = day_of(k.rules, now)
    while True:
        midnight = day_span(k.rules.zone, day)[0]
        if midnight >= end:
            return
        yield midnight
        for span in opening_spans(k.rules.hours, k.rules.zone, day):
            yield from span
        day += timedelta(days=1)


def _boundaries(k: Known, now: datetime, end: datetime, bookings: list[Booking]) -> list[datetime]:
    """List every instant at which the status may change: (now, end), in order."""
    policy: Policy = k.rules.policy
    instants = set(_hour_boundaries(k, now, end))
    for b in bookings:
        instants |= {b.start, b.end, b.start - timedelta(minutes=policy.soon)}
        if policy.release:
            instants |= {
                b.start + timedelta(minutes=policy.release_after),
                b.start + timedelta(minutes=policy.release_warning),
            }
    if k.room.last is not None and k.room.last.until is not None:
        instants |= {k.room.last.pressed_at, k.room.last.until}
    if k.room.closure is not None and k.room.closure.until is not None:
        instants.add(k.room.closure.until)
    grace = timedelta(minutes=policy.unknown_after, microseconds=1)
    instants |= {at + grace for at in k.readings.values()}
    return sorted(instant for instant in instants if now < instant < end)


def _stretches(k: Known, now: datetime, end: datetime, *, first_only: bool = False) -> list[Stretch]:
    horizon = end + timedelta(minutes=k.rules.policy.soon)
    bookings = [b for b in k.room.bookings.values() if b.end > now and b.start < horizon]
    stretches: list[Stretch] = []
    start, current = now, _status(k, now, bookings)
    for instant in _boundaries(k, now, end, bookings):
        status = _status(k, instant, bookings)
        if status == current:
            continue
        stretches.append(Stretch(start=start, until=instant, status=current))
        if first_only:
            return stretches
        start, current = instant, status
    stretches.append(Stretch(start=start, until=None if first_only else end, status=current))
    return stretches


def rooms_in_order(school: SchoolState) -> list[RoomKey]:
    """List the rooms that are in use, in the order in which people expect them."""
    return sorted(key for key, room in school.rooms.items() if not room.retired)
