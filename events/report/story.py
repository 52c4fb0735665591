"""What happened in a room on a day, and where a booking came from: read from the log itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from events import domain as e
from events.codec import tag_of
from events.ids import SCHOOL_STREAM, BookingId, EventId, RoomKey, SourceName, room_stream
from events.log import EventLog
from events.report.facts import Entry, Facts
from events.report.spans import instant
from events.status import day_span

Times = tuple[datetime, datetime]
"""From when to when."""


class Line(Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        at: When it happened.
        learnt: When it was recorded: later for what a door kept while it was cut off.
        seq: Where it is in the log.
        tag: The kind of event.
        what: In words.
        text: The event whose personal part belongs to it, with the month it lies in; None for none.
        booking: The booking it is about.
    """

    at: datetime
    learnt: datetime
    seq: int
    tag: str
    what: str
    text: tuple[EventId, str] | None = None
    booking: BookingId | None = None


def seq_before(log: EventLog, at: datetime) -> int:
    """Find the newest event that was recorded before an instant; 0 for none.

    What is recorded later never has an earlier time, so that a log of millions is asked twenty times.
    """
    low, high = 0, log.head()
    while low < high:
        middle = (low + high + 1) // 2
        recorded = next(log.read(after=middle - 1, until=middle), None)
        if recorded is not None and recorded.recorded_at < at:
            low = middle
        else:
            high = middle - 1
    return low


def room_story(log: EventLog, room: RoomKey, day: date, zone: str) -> list[Line]:
    """Tell the day of a room.

    What is about the day belongs to it, whenever it happened (a booking that was entered weeks before, a
    press that arrived the next morning), and what happened on it: doors, closures, timetables that failed.

    Args:
        log: The log.
        room: The room.
        day: The local day.
        zone: The school's zone.

    Returns:
        In order of when it happened, then of seq.
    """
    span = day_span(zone, day)
    lines = [*_of_room(log, room, span)]
    first = seq_before(log, span[0])
    last = seq_before(log, span[1])
    lines += _of_school(log.read(after=first, until=last, stream=SCHOOL_STREAM))
    return sorted(lines, key=lambda line: (line.at, line.seq))


def _of_room(log: EventLog, room: RoomKey, span: Times) -> Iterator[Line]:
    bookings: dict[BookingId, Times] = {}
    # A door keeps presses for 30 days; and nothing is entered that long after it was.
    last = seq_before(log, span[1] + timedelta(days=31))
    for recorded in log.read(until=last, stream=room_stream(room)):
        event = recorded.event
        before = bookings.get(getattr(event, "booking", None) or BookingId(""))
        if isinstance(event, e.BookingAdded | e.BookingChanged):
            bookings[event.booking] = (event.start, event.end)
        line = about(recorded, before, span)
        if line is not None:
            yield line


def about(recorded: e.Recorded, before: Times | None, span: Times) -> Line | None:
    """Tell what an event of a room says about a span of time.

    Args:
        recorded: The event.
        before: The hours of the booking that it is about, before it.
        span: From when to when.

    Returns:
        None where it says nothing of it, or only what a sensor measured.
    """
    begin, end = span
    event: Any = recorded.event
    match event:
        case e.BookingAdded() | e.BookingChanged():
            hours = [before, (event.start, event.end)]
            touched = any(one is not None and one[0] < end and one[1] > begin for one in hours)
            return _line(recorded, *_booked(event)) if touched else None
        case e.BookingRemoved():
            touched = before is not None and before[0] < end and before[1] > begin
            return _line(recorded, _removed(event, before)) if before and touched else None
        case e.RoomAnnotated(start=start, end=until):
            note = f"annotated: {event.what}, {{{start.isoformat()}}} to {{{until.isoformat()}}}"
            return _line(recorded, note) if start < end and until > begin else None
        case e.AirMeasured() | e.MotionSeen(until=None):
            return None
        case e.PresencePressed():
            return _line(recorded, _pressed(event)) if begin <= recorded.at < end else None
    return _line(recorded, _told(event)) if begin <= recorded.at < end else None


def _of_school(records: Iterable[e.Recorded]) -> Iterator[Line]:
    failing: set[str] = set()
    for recorded in records:
        match recorded.event:
            case e.TimetableRead(sources=sources):
                for read in sources:
                    if read.outcome in ("failed", "suspect"):
                        if read.source not in failing:
                            yield _line(recorded, f"timetable {read.source} {read.outcome}: {read.reason}")
                        failing.add(read.source)
                    elif read.source in failing:
                        failing.discard(read.source)
                        yield _line(recorded, f"timetable {read.source} is read again")
            case e.ServerStarted(version=version):
                yield _line(recorded, f"server started, version {version}")
            case e.ServerStopped():
                yield _line(recorded, "server stopped")
            case e.PolicySet():
                yield _line(recorded, "rules set")
            case _:
                pass


def _line(recorded: e.Recorded, what: str, booking: BookingId | None = None) -> Line:
    part: e.Part | None = getattr(recorded.event, "part", None)
    return Line(
        at=recorded.at,
        learnt=recorded.recorded_at,
        seq=recorded.seq,
        tag=tag_of(recorded.event),
        what=what,
        text=(recorded.id, part.month) if part is not None else None,
        booking=booking or getattr(recorded.event, "booking", None),
    )


def _hours(start: datetime, end: datetime) -> str:
    """Leave times in braces, for `words` to put them on the school's clocks."""
    return f"{{{start.isoformat()}/{end.isoformat()}}}"


def words(what: str, local: Callable[[datetime], str]) -> str:
    """Put the instants and hours that stand in braces on the school's clocks."""
    parts = what.split("{")
    return parts[0] + "".join(
        _on_clocks(part.partition("}")[0], local) + part.partition("}")[2] for part in parts[1:]
    )


def _on_clocks(told: str, local: Callable[[datetime], str]) -> str:
    first, *last = (datetime.fromisoformat(one).astimezone(UTC) for one in told.split("/"))
    return between(first, last[0], local) if last else local(first)


def between(start: datetime, end: datetime, local: Callable[[datetime], str]) -> str:
    """Tell hours on the school's clocks, a day that both have only once."""
    first = local(start)
    day, blank, _ = first.rpartition(" ")
    return f"{first}–{local(end).removeprefix(day + blank)}"  # noqa: RUF001


def _booked(event: e.BookingAdded | e.BookingChanged) -> tuple[str, BookingId]:
    hours = _hours(event.start, event.end)
    marks = "".join(f", {mark}" for mark in ("all_day", "unsure") if getattr(event, mark)).replace("_", " ")
    if isinstance(event, e.BookingAdded):
        came = f", moved here from {event.moved_from}" if event.moved_from else ""
        return f"booking appeared: {hours}{came}{marks}", event.booking
    was = (event.was.start, event.was.end)
    if was == (event.start, event.end):
        return f"booking renamed: {hours}{marks}", event.booking
    return f"booking moved: {_hours(*was)} → {hours}{marks}", event.booking


def _removed(event: e.BookingRemoved, before: Times | None) -> str:
    """Tell that a booking went; None where nobody knows any more which hours it had."""
    what = f"booking moved to {event.moved_to}" if event.moved_to else "booking vanished"
    return f"{what}: {_hours(*before)}" if before else what


def _pressed(event: e.PresencePressed) -> str:
    said = "left" if event.press.intent == "leaving" else "pressed"
    words_of = {
        "walk-in": "without a booking",
        "check-in": "booking confirmed",
        "renewed": "still there",
        "left": "presence ended",
        "none": "nobody was there",
        "superseded": "arrived after a newer press, changed nothing",
    }
    until = f", until {{{event.until.isoformat()}}}" if event.until else ""
    by = "" if event.press.by == "button" else f" (by {event.press.by})"
    return f"{said}{by}: {words_of[event.effect]}{until}"


def _told(event: Any) -> str:
    match event:
        case e.KioskJoined(kiosk=kiosk, watching_since=since):
            return f"door {kiosk[:8]} online, awake since {{{since.isoformat()}}}"
        case e.KioskLeft(kiosk=kiosk):
            return f"door {kiosk[:8]} offline"
        case e.ButtonStuck(kiosk=kiosk):
            return f"button of door {kiosk[:8]} stuck"
        case e.ButtonFreed(kiosk=kiosk):
            return f"button of door {kiosk[:8]} free again"
        case e.RoomClosed(until=until):
            return "out of order" + (f" until {{{until.isoformat()}}}" if until else "")
        case e.RoomReopened():
            return "back in order"
        case e.RoomDeclared(info=info):
            return f"room declared: {info.name}"
        case e.RoomRetired():
            return "room retired"
        case e.HeadcountChanged(count=count, by=by):
            return f"{count} people counted (by {by})"
        case e.MotionSeen(until=until):
            return "motion seen" + (f", until {{{until.isoformat()}}}" if until else "")
        case _:
            return tag_of(event)


class Provenance(Struct, frozen=True, kw_only=True):
    """One thing that a reading said of a booking.

    Attributes:
        room: Where.
        line: What was seen.
        source: The timetable; empty for an operator's annotation.
        read: The round of readings that brought it, as far as it is in the log: its seq and, of the
            booking's timetable, the digest of what was read.
    """

    room: RoomKey
    line: Line
    source: SourceName
    read: tuple[int, str] | None = None


def provenance(facts: Facts, wanted: Collection[BookingId]) -> dict[BookingId, list[Provenance]]:
    """Tell every reading in which bookings appeared, changed or vanished.

    Args:
        facts: What the log says.
        wanted: The bookings.

    Returns:
        For each booking what happened, in the order of the log; those that appeared first come first.
    """
    entries = sorted((one for one in facts.stored(Entry) if one.booking in wanted), key=lambda one: one.seq)
    found: dict[BookingId, list[Provenance]] = {}
    for entry in entries:
        found.setdefault(entry.booking, []).append(_provenance(entry))
    return found


_entry_event: msgspec.json.Decoder[e.AnyEvent] = msgspec.json.Decoder(e.AnyEvent)


def _provenance(entry: Entry) -> Provenance:
    event = _entry_event.decode(entry.event)
    match event:
        case e.BookingAdded() | e.BookingChanged():
            what = _booked(event)[0]
        case e.BookingRemoved():
            known = entry.start < entry.end
            what = _removed(event, (instant(entry.start), instant(entry.end)) if known else None)
        case e.RoomAnnotated():
            what = f"annotated: {event.what}"
        case _:
            what = tag_of(event)
    line = Line(
        at=instant(entry.at),
        learnt=instant(entry.learnt),
        seq=entry.seq,
        tag=tag_of(event),
        what=what,
        text=(entry.text, entry.month) if entry.text else None,
        booking=entry.booking,
    )
    read = (entry.read, entry.digest) if entry.read else None
    return Provenance(room=entry.room, line=line, source=entry.source, read=read)
