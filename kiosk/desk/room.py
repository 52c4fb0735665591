"""One room as the desk sees it: how it is now, and its day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from events.status import Status, StatusName, Stretch
from events.wire import DayBooking, Notice, RoomDay, RoomPresence

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

    def now(self, at: datetime) -> Stretch | None:
        """Tell the status at an instant of the server's clock; None where the plan does not reach there."""
        for stretch in self.plan:
            if stretch.start <= at and (stretch.until is None or at < stretch.until):
                return stretch
        return None


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
        until = f" until {_hour(day.closure.until, now, zone)}" if day.closure.until else ""
        reason = f": {day.closure.reason}" if day.closure.reason else ""
        lines.append(f"  out of order since {_hour(day.closure.since, now, zone)}{until}{reason}")
    today = now.astimezone(zone).date()
    bookings = [b for b in day.bookings if b.start.astimezone(zone).date() <= today < _after(b, zone)]
    lines += [f"  {_booking(booking, room, now, zone)}" for booking in bookings]
    if not bookings:
        lines.append("  nothing is booked today")
    if presence is not None and presence.watched_since is not None:
        lines.append(f"  its door is connected since {_hour(presence.watched_since, now, zone)}")
    else:
        lines.append("  no door of it is connected")
    read_at = day.readings.get(today)
    lines.append(
        f"  timetable read at {_hour(read_at, now, zone)}" if read_at else "  timetable of today never read"
    )
    lines += [f"  notice {notice.number}: {notice.text}" for notice in notices]
    return lines


def _state(room: Room, now: datetime, zone: ZoneInfo) -> str:
    stretch = room.now(now)
    if stretch is None:
        return "not known"
    until = f" until {_hour(stretch.until, now, zone)}" if stretch.until else ""
    people = room.presence.headcount if room.presence is not None else None
    ends = room.presence.headcount_until if room.presence is not None else None
    counted = ""
    if people is not None and (ends is None or now < ends):
        counted = f", {people} {'person' if people == 1 else 'people'}"
    return f"{_word(stretch.status)}{until}{counted}"


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
    start, end = _hour(booking.start, now, zone), _hour(booking.end, now, zone)
    hours = "all day" if booking.all_day else f"{start}–{end}"  # noqa: RUF001  # a span
    marks = [booking.kind, "hours unsure" if booking.unsure else ""]
    marks.append(f"confirmed at {_hour(confirmed, now, zone)}" if confirmed else "")
    marked = ", ".join(filter(None, marks))
    return f"{hours}  {booking.title or '(no title)'}" + (f" ({marked})" if marked else "")


def _hour(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"
