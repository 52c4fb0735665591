"""What was read from a source: the contract between the scraper and everything above it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from scraper.errors import FetchError, ScrapeError, Unreadable

_LISTS = ("without_room", "all_day", "cancelled")


class Slot(Struct, frozen=True, kw_only=True, gc=False):
    """One booking of one room, cut to the day that was read.

    Attributes:
        start: Aware UTC instant at which the room is taken.
        end: Aware UTC instant, later than ``start``, at which it is given back.
        title: The source's words, white space folded to single blanks; may be empty.
        all_day: The source says "the whole day" and no hours.
        cut_at_start: The booking began before what the source shows. ``start`` is then the widest
            reading, the day's first instant, so that pieces of one booking touch at midnight.
        cut_at_end: The booking goes on after what the source shows; ``end`` is the day's last instant.
        unsure: The hours could not be read. They are the widest of what was written and drawn: the
            room is taken for that long as far as anybody can say. A problem tells of each.
        source_id: The source's own id of the booking, or None where it has none.
    """

    start: datetime
    end: datetime
    title: str
    all_day: bool = False
    cut_at_start: bool = False
    cut_at_end: bool = False
    unsure: bool = False
    source_id: str | None = None


class Problem(Struct, frozen=True, kw_only=True):
    """Something in the source that could not be understood, and what is known of it all the same.

    Attributes:
        what: What is wrong, in words; no title and no name.
        where: The element concerned, such as ``room L213, booking 2``.
        start: Aware UTC instant, when one can be told.
        end: Aware UTC instant, when one can be told.
        title: The title of the booking concerned, when there is one.
        rooms: The source's ids of the rooms concerned.
    """

    what: str
    where: str
    start: datetime | None = None
    end: datetime | None = None
    title: str | None = None
    rooms: tuple[str, ...] = ()


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """Something that a feed says and that is no booking of a room's hours.

    Attributes:
        start: Aware UTC instant; of whole days, the first one's beginning.
        end: Aware UTC instant, not before ``start``; of whole days, the last one's end.
        title: As of `Slot`.
        all_day: It is about whole days and has no hours.
        transparent: The source says that it takes no time.
        no_length: It ends when it starts.
        rooms: The rooms that it names.
    """

    start: datetime
    end: datetime
    title: str
    all_day: bool = False
    transparent: bool = False
    no_length: bool = False
    rooms: tuple[str, ...] = ()


class Explained(Struct, frozen=True, kw_only=True, gc=False):
    """Where a booking comes from, or why something of the source is none.

    Attributes:
        what: Whether it became a booking.
        where: The element or component.
        why: Why it was left out; empty for a booking.
        start: Aware UTC instant, when it is known.
        end: Aware UTC instant, when it is known.
        title: As of `Slot`.
        rooms: The rooms concerned.
    """

    what: Literal["booked", "left out"]
    where: str
    why: str = ""
    start: datetime | None = None
    end: datetime | None = None
    title: str = ""
    rooms: tuple[str, ...] = ()


class Reading(Struct, frozen=True, kw_only=True):
    """All that one page or feed says. What is unreadable is raised and never becomes a Reading.

    A page fills only the first half of the attributes; those from ``without_room`` on are a feed's.

    Attributes:
        status: ``ok``, or ``empty`` for a source without any event and any room: a valid feed that
            says nothing. A page with rooms and no booking is ``ok``.
        days: The local days that the source covers, in order; none for a feed that was read without
            asking for days.
        zone: IANA name of the zone in which those days are meant.
        rooms: The source's own id of each room, in the source's order, to its bookings sorted by
            start, end and title. A room without bookings has an empty tuple.
        problems: What could not be understood. Bookings among them block their room as ``unsure``
            slots wherever it is known.
        shown: First and last instant that the source shows, aware UTC, or None when it does not say.
            Outside of them nothing is known about any room.
        without_room: Events with hours that name no room, in order of time, each once.
        all_day: Events of whole days, in order of time, with the rooms that they name. One that takes
            time is an all-day slot of each of these rooms, too.
        cancelled: Events that the source calls cancelled: no bookings.
        unbooked: Events that name a room and take no time in it: transparent ones and those without
            length. They are in no room's slots.
        unmentioned: Rooms that the source is to answer for and never names, on any day.
        explained: Where each booking comes from and why the rest is none, when that was asked for.
    """

    status: Literal["ok", "empty"]
    days: tuple[date, ...]
    zone: str
    rooms: dict[str, tuple[Slot, ...]]
    problems: tuple[Problem, ...] = ()
    shown: tuple[datetime, datetime] | None = None
    without_room: tuple[Entry, ...] = ()
    all_day: tuple[Entry, ...] = ()
    cancelled: tuple[Entry, ...] = ()
    unbooked: tuple[Entry, ...] = ()
    unmentioned: tuple[str, ...] = ()
    explained: tuple[Explained, ...] = ()


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as ``toctoc scrape --json`` prints it.

    Args:
        reading: What was read.

    Returns:
        ``status``, ``day`` (ISO date, the first one read, or None), ``zone``, ``rooms``,
        ``without_room``, ``all_day``, ``cancelled`` and ``problems``; with explanations, also
        ``explained``. Times are ISO 8601 in the reading's zone with their offset; whole days outside of
        ``rooms`` are dates, of which ``end`` is excluded. ``rooms`` holds what was read for certain; a
        booking whose hours are unsure is found in ``problems``, with its room, its title and the hours
        that are to be kept free of others. An event that takes no time stands in its rooms with
        ``transparent`` or ``no_length``.
    """
    zone = ZoneInfo(reading.zone)
    rooms = {
        room: [_slot(slot, zone) for slot in slots if not slot.unsure]
        for room, slots in reading.rooms.items()
    }
    for entry in reading.unbooked:
        if not entry.all_day:
            for room in entry.rooms:
                rooms.setdefault(room, []).append(_entry(entry, zone, with_rooms=False))
    if reading.unbooked:
        for rows in rooms.values():
            rows.sort(key=lambda row: (datetime.fromisoformat(row["start"]), row["end"], row["title"]))
    answer: dict[str, Any] = {
        "status": reading.status,
        "day": reading.days[0].isoformat() if reading.days else None,
        "zone": reading.zone,
        "rooms": rooms,
    }
    for name in _LISTS:
        answer[name] = [_entry(entry, zone) for entry in getattr(reading, name)]
    answer["problems"] = _problems(reading.problems, zone)
    if reading.explained:
        answer["explained"] = [_explained(it, zone) for it in reading.explained]
    return answer


def unreadable_as_json(error: ScrapeError, *, day: date | None, zone: str) -> dict[str, Any]:
    """The JSON form of a source that could not be fetched or read.

    Args:
        error: Why.
        day: The day that was asked for, or None.
        zone: IANA name of the zone that was asked for.

    Returns:
        The same shape as `as_json`, without any room, with the error as its one problem.
    """
    what, where = str(error), ""
    if isinstance(error, Unreadable):
        what, where = f"looked for {error.looked_for}, found {error.found}", error.where
    elif isinstance(error, FetchError):
        what, where = error.problem, error.url
    return {
        "status": "unreadable",
        "day": day.isoformat() if day else None,
        "zone": zone,
        "rooms": {},
        **{name: [] for name in _LISTS},
        "problems": [{"what": what, "where": where or "the whole page"}],
    }


def _entry(entry: Entry, zone: ZoneInfo, *, with_rooms: bool = True) -> dict[str, Any]:
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    row: dict[str, Any] = {
        "start": start.date().isoformat() if entry.all_day else start.isoformat(),
        "end": end.date().isoformat() if entry.all_day else end.isoformat(),
        "title": entry.title,
    }
    for mark in ("transparent", "no_length"):
        if getattr(entry, mark):
            row[mark] = True
    if with_rooms and entry.rooms:
        row["rooms"] = list(entry.rooms)
    return row


def _explained(explained: Explained, zone: ZoneInfo) -> dict[str, Any]:
    row: dict[str, Any] = {"what": explained.what, "where": explained.where}
    if explained.why:
        row["why"] = explained.why
    if explained.start is not None:
        row["start"] = _local(explained.start, zone)
    if explained.end is not None:
        row["end"] = _local(explained.end, zone)
    row["title"] = explained.title
    if explained.rooms:
        row["rooms"] = list(explained.rooms)
    return row


def _slot(slot: Slot, zone: ZoneInfo) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": _local(slot.start, zone),
        "end": _local(slot.end, zone),
        "title": slot.title,
    }
    for mark in ("all_day", "cut_at_start", "cut_at_end"):
        if getattr(slot, mark):
            row[mark] = True
    return row


def _problems(problems: Iterable[Problem], zone: ZoneInfo) -> list[dict[str, Any]]:
    rows = []
    for problem in problems:
        row: dict[str, Any] = {"what": problem.what, "where": problem.where}
        if problem.start is not None:
            row["start"] = _local(problem.start, zone)
        if problem.end is not None:
            row["end"] = _local(problem.end, zone)
        if problem.title is not None:
            row["title"] = problem.title
        if problem.rooms:
            row["rooms"] = list(problem.rooms)
        rows.append(row)
    return rows


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat()
