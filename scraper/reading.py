"""What was read from a source: the contract between the scraper and everything above it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from scraper.errors import FetchError, ScrapeError, Unreadable


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


class Reading(Struct, frozen=True, kw_only=True):
    """All that one page or feed says. What is unreadable is raised and never becomes a Reading.

    Attributes:
        status: ``ok``, or ``empty`` for a source without any event and any room: a valid feed that
            says nothing. A page with rooms and no booking is ``ok``.
        days: The local days that the source covers, in order.
        zone: IANA name of the zone in which those days are meant.
        rooms: The source's own id of each room, in the source's order, to its bookings sorted by
            start, end and title. A room without bookings has an empty tuple.
        problems: What could not be understood. Bookings among them block their room as ``unsure``
            slots wherever it is known.
        shown: First and last instant that the source shows, aware UTC, or None when it does not say.
            Outside of them nothing is known about any room.
    """

    status: Literal["ok", "empty"]
    days: tuple[date, ...]
    zone: str
    rooms: dict[str, tuple[Slot, ...]]
    problems: tuple[Problem, ...] = ()
    shown: tuple[datetime, datetime] | None = None


def as_json(reading: Reading) -> dict[str, Any]:
    """The reading as ``toctoc scrape --json`` prints it.

    Args:
        reading: What was read.

    Returns:
        ``status``, ``day`` (ISO date, the first one read), ``zone``, ``rooms`` and ``problems``.
        Times are ISO 8601 in the reading's zone with their offset. ``rooms`` holds what was read
        for certain; a booking whose hours are unsure is found in ``problems``, with its room, its
        title and the hours that are to be kept free of others.
    """
    zone = ZoneInfo(reading.zone)
    return {
        "status": reading.status,
        "day": reading.days[0].isoformat() if reading.days else None,
        "zone": reading.zone,
        "rooms": {
            room: [_slot(slot, zone) for slot in slots if not slot.unsure]
            for room, slots in reading.rooms.items()
        },
        "problems": _problems(reading.problems, zone),
    }


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
        "problems": [{"what": what, "where": where or "the whole page"}],
    }


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
