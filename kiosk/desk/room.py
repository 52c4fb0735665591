"""One room as the desk sees it: how it is now, and its day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from events.status import Status, StatusName, Stretch
from events.wire import DayBooking, Notice, RoomDay, RoomPresence
from kiosk.desk.words import hour, people, until

_STATUS: dict[StatusName, str] = {
    "in_use": "in use",
    "occupied": "occupied",
    "booked": "booked, and nobody has confirmed it",
    "unknown": "unknown: no timetable that can be believed",
    "soon": "free for a moment",
    "free": "free",
}


class Room(Struct, frozen=True):
    """What is known of a room.

    Attributes:
        presence: None where it has not come yet.
        plan: Of the message that came last.
    """

    day: RoomDay
    presence: RoomPresence | None
    plan: tuple[Stretch, ...]

    def read(self, readings: Mapping[date, datetime]) -> Room:
        """Take note that its timetables were read again."""
        return Room(replace(self.day, readings=dict(readings)), self.presence, self.plan)

    def from_now(self, at: datetime) -> list[Stretch]:
        """List how it is at an instant of the server's clock and then; empty behind the plan's end."""
        return [stretch for stretch in self.plan if stretch.until is None or at < stretch.until]


def room_lines(room: Room, notices: Iterable[Notice], now: datetime, zone: ZoneInfo) -> list[str]:
    """Write a room for people.

    Args:
        room: What is known.
        notices: Those that its door shows.
        now: The time of the server's clock.
        zone: The school's.
    """
    day, presence = room.day, room.presence
    info = day.info
    has = []
    if info is not None:
        has = [info.type, f"{info.seats} seats" if info.seats else ""]
        has += [what for what in ("whiteboard", "blackboard", "projector", "tv") if getattr(info, what)]
    name = info.name if info is not None and info.name != day.room else ""
    called = f" {name}" if name else ""
    lines = [
        f"{day.room}{called}: {', '.join(filter(None, has))}".rstrip(": "),
        f"  now {_state(room, now, zone)}",
    ]
    if day.closure is not None:
        ends = until(day.closure.until, now, zone)
        reason = f": {day.closure.reason}" if day.closure.reason else ""
        lines.append(f"  out of order since {hour(day.closure.since, now, zone)}{ends}{reason}")
    today = now.astimezone(zone).date()
    bookings = [b for b in day.bookings if b.start.astimezone(zone).date() <= today < _after(b, zone)]
    lines += [f"  {_booking(booking, room, now, zone)}" for booking in bookings]
    if not bookings:
        lines.append("  nothing is booked today")
    if presence is not None and presence.watched_since is not None:
        lines.append(f"  its door is connected since {hour(presence.watched_since, now, zone)}")
    else:
        lines.append("  no door of it is connected")
    read_at = day.readings.get(today)
    lines.append(
        f"  timetable read at {hour(read_at, now, zone)}" if read_at else "  timetable of today never read"
    )
    lines += [f"  notice {notice.number}: {notice.text}" for notice in notices]
    return lines


def _state(room: Room, now: datetime, zone: ZoneInfo) -> str:
    plan = room.from_now(now)
    if not plan:
        return "not known"
    word = _word(plan[0].status)
    present = room.presence.headcount if room.presence is not None else None
    ends = room.presence.headcount_until if room.presence is not None else None
    counted = ""
    if present is not None and (ends is None or now < ends):
        counted = f", {people(present)}"
    return f"{word}{until(_end(plan), now, zone)}{counted}"


def _end(plan: list[Stretch]) -> datetime | None:
    """Tell when what the first stretch says ends; None where the plan does not tell."""
    first = plan[0].status
    change = next((stretch for stretch in plan if _sign(stretch.status) != _sign(first)), None)
    # That a timetable will have grown too old by then, unless it is read again, ends nothing yet.
    ages = _sign(first) == _STATUS["free"] and change is not None and change.status.name == "unknown"
    return None if change is None or ages else change.start


def _sign(status: Status) -> str:
    """Tell what a door shows large: by night it does not matter what is booked."""
    return "closed" if status.closed and not status.out_of_order else _word(status)


def _word(status: Status) -> str:
    if status.out_of_order:
        return "out of order"
    word = "booked, but nobody came" if status.released else _STATUS[status.name]
    return f"closed ({word})" if status.closed else word


def _after(booking: DayBooking, zone: ZoneInfo) -> date:
    """Tell the first day on which a booking is over; one that ends at midnight ends the day before."""
    end = booking.end.astimezone(zone)
    return end.date() if end.time() == end.time().min else date.fromordinal(end.date().toordinal() + 1)


def _booking(booking: DayBooking, room: Room, now: datetime, zone: ZoneInfo) -> str:
    confirmed = room.presence.confirmed.get(booking.id) if room.presence is not None else None
    start, end = hour(booking.start, now, zone), hour(booking.end, now, zone)
    hours = "all day" if booking.all_day else f"{start}–{end}"  # noqa: RUF001  # a span
    marks = [booking.kind, "hours unsure" if booking.unsure else ""]
    marks.append(f"confirmed at {hour(confirmed, now, zone)}" if confirmed else "")
    marked = ", ".join(filter(None, marks))
    return f"{hours}  {booking.title or '(no title)'}" + (f" ({marked})" if marked else "")
