"""Reads the JSON feeds from which a page's FullCalendar draws its timeline: no browser is needed.

The feed of events is an array of the objects that FullCalendar's documentation calls Event Parsing, as
they were through its versions: ``id``, ``title``, ``start``, ``end``, ``allDay``, ``resourceId`` or
``resourceIds``, ``rendering`` or ``display``, and for those that recur ``daysOfWeek``, ``startTime``,
``endTime``, ``startRecur``, ``endRecur``, ``duration``. The feed of resources, if there is one, is an
array of Resource Parsing: ``id``, ``title``, and ``children`` or ``parentId``. One object that holds both
as ``events`` and ``resources`` will do.

What FullCalendar does with what is missing is what the school sees, and is done here: without ``allDay``,
an event whose times have no hours is of whole days; without an end, or with one at its start, it lasts an
hour or a day (``defaultTimedEventDuration`` and ``defaultAllDayEventDuration`` as they are unless a page
sets them); ends are excluded. What FullCalendar draws nothing for without a word is a problem here.

A room is the resource's own id, as in `scraper.oasis`. An event without any resource is looked for in
what it says of its ``location`` or ``room``, in itself or in its ``extendedProps``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from scraper.errors import Unreadable
from scraper.listing import (
    FIRST_YEAR,
    LAST_YEAR,
    Listing,
    Malformed,
    Said,
    Span,
    a_day,
    an_offset,
    clean,
    kind_of_json,
    read_json,
)
from scraper.reading import Reading
from scraper.rooms import MOST_ROOMS, RoomFinder, plain

MOST_EVENTS = 100_000
"""More events than a school books in years; a feed with more is refused, never read in part."""
MOST_RESOURCES = 20_000
"""More rooms than any school has."""
MOST_RECURRENCES = 2_000_000
"""Days on which all recurring events of a feed are looked for together."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
"""How long an event lasts that has no end."""

_RECURRING = ("daysOfWeek", "startTime", "endTime", "startRecur", "endRecur")
_BACKGROUND = {
    "background": "it is only drawn in the background",
    "inverse-background": "it is only drawn in the background",
    "none": "it is not drawn",
}
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d{1,9})?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_DURATION = re.compile(r"(?:(\d{1,3})\.)?(\d{1,4}):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?", re.ASCII)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds")
_UNIT = {unit[:-1]: unit for unit in _UNITS} | {"ms": "milliseconds"}
_LONGEST = timedelta(days=3_660)
_EPOCH = date(1970, 1, 1)
_LONGEST_ID = 2_000
_LOOKED_AT = 1024 * 1024
_LONGEST_TEXT = 20_000
_EARLIEST_MILLISECONDS = 10**11
"""In 1973; a number below it counts seconds."""


def parse(
    events: bytes,
    *,
    zone: ZoneInfo,
    days: tuple[date, date] | None = None,
    resources: bytes | None = None,
    content_type: str | None = None,
    rooms: RoomFinder | None = None,
    answers_for: Collection[str] = (),
    explain: bool = False,
) -> Reading:
    """Reads a feed of events, and one of resources if there is one.

    Args:
        events: The body of the feed of events as it was received, unpacked.
        zone: The school's zone: of times without an offset, and of whole days.
        days: First day, and the day after the last one; what touches them is read, hours uncut. None for
            all that is in the feed but recurrences without an end.
        resources: The body of the feed of resources, or None.
        content_type: The Content-Type header that came with the events, or None.
        rooms: How rooms are called, by their ids or their titles; None for the feed's ids.
        answers_for: Rooms, as ``rooms`` calls them, of which the feed is known to hold every booking:
            they are in the reading even when the feed never names them.
        explain: Fill `Reading.explained`.

    Returns:
        The bookings by room; each resource is a room, but for those that only group others. ``empty``
        when there is neither an event nor a room. Whole days are slots of their rooms and entries of
        ``all_day``.

    Raises:
        Unreadable: One of them is no such feed, or not a whole one, or no event of it can be read.
        ValueError: ``days`` is no span, or one of more than `MOST_DAYS`.
    """
    finder = rooms or RoomFinder()
    listing = Listing(zone=zone, days=days, rooms=finder, explain=explain)
    found, beside = _events(read_json(events, looked_for=_looked_for(content_type)))
    told = beside if resources is None else _resources(resources)
    known = None if told is None else _Rooms(listing, finder, told)
    reader = _Reader(listing, finder, known, zone, days)
    for number, event in enumerate(found, start=1):
        reader.take(f"event {number}", event)
    if found and not listing.understood:
        raise Unreadable("an event that can be read", f"{len(found):,} that cannot", listing.first_problem)
    names = () if known is None else known.listed(reader.booked)
    return listing.reading("ok" if found or names else "empty", names=names, answers_for=answers_for)


def is_feed(body: bytes) -> bool:
    """Whether JSON looks like a feed of events rather than any other table: whether it has their keys."""
    keys = rb'"(?:resourceIds?|allDay|daysOfWeek|startRecur|groupId|events|extendedProps)"\s*:'
    return re.search(keys, body[:_LOOKED_AT]) is not None


def _looked_for(content_type: str | None) -> str:
    declared = (content_type or "").partition(";")[0].strip().lower()
    said = f" (it came as {declared})" if declared and "json" not in declared else ""
    return f"FullCalendar's feed of events, a JSON array of objects{said}"


def _events(told: Any) -> tuple[list[Any], list[Any] | None]:
    """The events of a feed, and the resources that came with them."""
    looked_for = "FullCalendar's feed of events: a JSON array of objects"
    events, resources = told, None
    if isinstance(told, dict):
        events = next((told[key] for key in ("events", "data") if isinstance(told.get(key), list)), told)
        beside = told.get("resources")
        resources = beside if isinstance(beside, list) else None
    if not isinstance(events, list):
        raise Unreadable(looked_for, kind_of_json(events))
    if len(events) > MOST_EVENTS:
        raise Unreadable(f"a timetable of at most {MOST_EVENTS:,} events", f"{len(events):,}")
    if events and not any(isinstance(event, dict) for event in events):
        raise Unreadable(looked_for, f"an array of {len(events):,}, the first of which is {_kind(events)}")
    return events, resources


def _resources(body: bytes) -> list[Any]:
    looked_for = "FullCalendar's feed of resources: a JSON array of objects"
    told = read_json(body, looked_for=looked_for)
    if isinstance(told, dict):
        told = next((told[key] for key in ("resources", "data") if isinstance(told.get(key), list)), told)
    if not isinstance(told, list):
        raise Unreadable(looked_for, kind_of_json(told))
    if told and not any(isinstance(resource, dict) and "id" in resource for resource in told):
        raise Unreadable(looked_for, f"an array of {len(told):,}, the first of which is {_kind(told)}")
    return told


def _kind(told: list[Any]) -> str:
    return kind_of_json(told[0])


# Rooms


class _Rooms:
    """The resources of a feed.

    Args:
        listing: Where problems are told.
        finder: How rooms are called.
        told: What the feed holds.
    """

    def __init__(self, listing: Listing, finder: RoomFinder, told: list[Any]) -> None:
        self._finder = finder
        self._titles: dict[str, str] = {}
        self._groups: set[str] = set()
        count = 0
        # Those that are still to be looked at, the next one last, each with its place.
        rest = [(f"resource {n}", it) for n, it in enumerate(told, start=1)][::-1]
        while rest:
            where, resource = rest.pop()
            count += 1
            if count > MOST_RESOURCES:
                raise Unreadable(f"at most {MOST_RESOURCES:,} rooms", "more resources")
            try:
                name, children = self._take(resource)
            except Malformed as error:
                listing.problem(str(error), where)
                continue
            if children:
                self._groups.add(name)
                rest += [(f"{where}.{n}", it) for n, it in enumerate(children, start=1)][::-1]

    def _take(self, resource: Any) -> tuple[str, list[Any]]:
        if not isinstance(resource, dict):
            raise Malformed(f"it is {kind_of_json(resource)}, no object")
        name = _id(resource.get("id"), "id")
        children = resource.get("children") or []
        if not isinstance(children, list):
            raise Malformed(f"its children are {kind_of_json(children)}, no array")
        if not name and not children:
            raise Malformed("it has no id, so nothing can be booked in it")
        if name in self._titles:
            raise Malformed("its id is that of a resource before it")
        title = resource.get("title")
        if name:
            self._titles[name] = clean(title[:_LONGEST_TEXT]) if isinstance(title, str) else ""
        if parent := _id(resource.get("parentId"), "parentId"):
            self._groups.add(parent)
        return name, children

    def __contains__(self, resource: str) -> bool:
        return resource in self._titles

    def title(self, resource: str) -> str:
        """The title of a resource, or nothing."""
        return self._titles.get(resource, "")

    def listed(self, booked: Collection[str]) -> list[str]:
        """The rooms in the feed's order, as they are called: what groups others only if it is booked."""
        wanted = (name for name in self._titles if name not in self._groups or name in booked)
        return list(
            dict.fromkeys(filter(None, (called(name, self.title(name), self._finder) for name in wanted)))
        )


def called(resource: str, title: str, finder: RoomFinder) -> str:
    """What a resource is called; nothing when it is no room.

    Args:
        resource: Its id.
        title: Its title, or nothing.
        finder: Knows its id, its title, or neither.
    """
    names = [key for key in (plain(resource), plain(title)) if key]
    if not finder.not_rooms.isdisjoint(names):
        return ""
    return next((finder.names[name] for name in names if name in finder.names), resource)


def _id(value: Any, what: str) -> str:
    """An id, which FullCalendar takes as text or as a number; empty when there is none."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"its {what} is {kind_of_json(value)}, no text")
    text = value if isinstance(value, str) else str(value)
    if len(text) > _LONGEST_ID:
        raise Malformed(f"its {what} is longer than {_LONGEST_ID:,} letters")
    return clean(text)


# Events


class _Moment(Struct, frozen=True):
    """What a date input says.

    Attributes:
        wall: On the wall of the zone, or of the school's if that is None.
        zone: That of its offset.
        has_hours: Whether it says more than the day.
    """

    wall: datetime
    zone: tzinfo | None
    has_hours: bool


class _Reader:
    """Reads one event after another."""

    def __init__(
        self,
        listing: Listing,
        finder: RoomFinder,
        known: _Rooms | None,
        zone: ZoneInfo,
        days: tuple[date, date] | None,
    ) -> None:
        self.booked: set[str] = set()
        self._listing, self._finder, self._known = listing, finder, known
        self._zone, self._days = zone, days
        self._walked = 0
        self._strangers: set[str] = set()

    def take(self, where: str, event: Any) -> None:
        if not isinstance(event, dict):
            self._listing.fail(Said(where=where), f"it is {kind_of_json(event)}, no object")
            return
        said = self._said(where, event)
        known: Span | None = None
        try:
            said = replace(said, rooms=self._rooms(event, said))
            start = None if _recurs(event) else self._start(event)
            if start is not None:
                known = self._widest(event, start)
            said = replace(said, source_id=_id(event.get("id"), "id") or None)
            if start is None:
                self._recur(said, event)
            else:
                self._take_once(said, event, start)
        except Malformed as error:
            self._listing.fail(said, str(error), known)

    def _said(self, where: str, event: Mapping[str, Any]) -> Said:
        title = event.get("title")
        if isinstance(title, bool | int | float):
            title = str(title)
        if title is not None and not isinstance(title, str):
            self._listing.problem(f"its title is {kind_of_json(title)}, no text", where)
        display = event.get("display") or event.get("rendering")
        return Said(
            where=where,
            title=clean(title) if isinstance(title, str) else "",
            transparent=_BACKGROUND.get(display, "") if isinstance(display, str) else "",
        )

    def _start(self, event: Mapping[str, Any]) -> _Moment:
        start = _moment(event, "start") or _moment(event, "date")
        if start is None:
            raise Malformed("it has no start")
        return start

    def _widest(self, event: Mapping[str, Any], start: _Moment) -> Span:
        """The hours that an event has as far as its start says."""
        if start.has_hours and not event.get("allDay"):
            return self._listing.rest_of_day(self._instants(start)[0])
        return self._listing.day(self._day(start))

    def _take_once(self, said: Said, event: Mapping[str, Any], start: _Moment) -> None:
        end = _moment(event, "end")
        if _whole(event, start, end):
            first = self._day(start)
            last = first if end is None else self._day(end)
            if last < first:
                raise Malformed("it ends before it starts")
            self._listing.whole(said, first, max(last, first + DAY))
            return
        begin = self._instants(start)
        finish = begin if end is None else self._instants(end)
        if finish == begin:
            finish = begin[0] + HOUR, begin[1] + HOUR
        self._listing.timed(said, begin, finish)

    def _rooms(self, event: Mapping[str, Any], said: Said) -> tuple[str, ...]:
        several = event.get("resourceIds")
        if several is None:
            several = []
        if not isinstance(several, list):
            raise Malformed(f"its resourceIds are {kind_of_json(several)}, no array")
        if len(several) > MOST_ROOMS:
            raise Malformed(f"it names {len(several):,} rooms")
        ids = dict.fromkeys(_id(value, "resourceId") for value in (*several, event.get("resourceId")))
        ids.pop("", None)
        if not ids:
            return self._elsewhere(event, said)
        rooms: dict[str, None] = {}
        for resource in ids:
            title = "" if self._known is None else self._known.title(resource)
            room = called(resource, title, self._finder)
            if not room:
                continue
            rooms[room] = None
            self.booked.add(resource)
            if self._known is not None and resource not in self._known and room not in self._strangers:
                self._strangers.add(room)
                self._listing.problem("the resources do not have this room", said.where, (room,))
        return tuple(rooms)

    def _elsewhere(self, event: Mapping[str, Any], said: Said) -> tuple[str, ...]:
        """The rooms of an event that names no resource."""
        own = event.get("extendedProps")
        sources = (event, own) if isinstance(own, dict) else (event,)
        location = _first_text(sources, ("location", "room"))
        try:
            return self._finder.find(
                location=location,
                summary=said.title,
                description=_first_text(sources, ("description",)),
                separator=None,
            )
        except ValueError as error:
            raise Malformed(str(error)) from None

    # Recurrences

    def _recur(self, said: Said, event: Mapping[str, Any]) -> None:
        on = _weekdays(event.get("daysOfWeek"))
        begin, finish = _duration(event, "startTime"), _duration(event, "endTime")
        lasts = _duration(event, "duration")
        if begin is not None and finish is not None and finish < begin:
            raise Malformed("it ends before it starts")
        first, last = (_moment(event, name) for name in ("startRecur", "endRecur"))
        whole = event.get("allDay")
        if whole is None:
            whole = begin is None and finish is None
        if not isinstance(whole, bool):
            raise Malformed(f"its allDay is {kind_of_json(whole)}, not true or false")
        if self._days is None and (first is None or last is None):
            self._listing.leave_out(said, "it recurs without an end: ask for days to see it")
            self._listing.problem("it recurs without an end and no days were asked", said.where, said.rooms)
            return
        begin = begin or timedelta(0)
        if not lasts:
            lasts = finish - begin if finish is not None and not whole else None
        lasts = lasts or (DAY if whole else HOUR)
        for day in self._walk(first, last, begin + lasts):
            if on is not None and day.isoweekday() % 7 not in on:
                continue
            name = f"{day:%Y%m%d}"
            if whole:
                self._listing.whole(said, day, day + max(DAY, timedelta(days=lasts.days)), name)
            else:
                start = self._listing.instants(datetime.combine(day, time.min) + begin)
                end = self._listing.instants(datetime.combine(day, time.min) + begin + lasts)
                self._listing.timed(said, start, end, name)
        self._listing.understood += 1

    def _walk(self, first: _Moment | None, last: _Moment | None, reach: timedelta) -> Iterator[date]:
        """The days of a recurrence, as far as days were asked for."""
        starts, ends = [date(FIRST_YEAR + 1, 1, 1)], [date(LAST_YEAR + 1, 1, 1)]
        if first is not None:
            starts.append(self._day(first))
        if last is not None:
            until = self._wall(last)
            ends.append(until.date() if until.time() == time.min else until.date() + DAY)
        if self._days is not None:
            # What began before the first day may last into it.
            before = reach.days + 1
            starts.append(self._days[0] - DAY * min(before, (self._days[0] - date.min).days))
            ends.append(self._days[1])
        day, end = max(starts), min(ends)
        self._walked += max(0, (end - day).days)
        if self._walked > MOST_RECURRENCES:
            raise Unreadable(f"recurrences on at most {MOST_RECURRENCES:,} days", "more")
        while day < end:
            yield day
            day += DAY

    # Times

    def _wall(self, moment: _Moment) -> datetime:
        """What the school's wall clock shows then; naive."""
        if moment.zone is None:
            return moment.wall
        return moment.wall.replace(tzinfo=moment.zone).astimezone(self._zone).replace(tzinfo=None)

    def _day(self, moment: _Moment) -> date:
        return self._wall(moment).date()

    def _instants(self, moment: _Moment) -> Span:
        if moment.zone is None:
            return self._listing.instants(moment.wall)
        instant = moment.wall.replace(tzinfo=moment.zone).astimezone(UTC)
        return instant, instant


def _recurs(event: Mapping[str, Any]) -> bool:
    if event.get("rrule"):
        raise Malformed("it recurs by rrule, which is not read")
    return any(event.get(key) for key in _RECURRING)


def _whole(event: Mapping[str, Any], start: _Moment, end: _Moment | None) -> bool:
    """Whether an event is of whole days."""
    said = event.get("allDay")
    if said is None:
        return not start.has_hours and (end is None or not end.has_hours)
    if not isinstance(said, bool) and said not in (0, 1):
        # FullCalendar takes each text for true, also "false"; nobody can say what was meant.
        raise Malformed(f"its allDay is {kind_of_json(said)}, not true or false")
    return bool(said)


def _moment(event: Mapping[str, Any], name: str) -> _Moment | None:
    """A date input: ISO 8601, or milliseconds since 1970; None when there is none."""
    value = event.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _EARLIEST_MILLISECONDS < value < 10**13:
            raise Malformed(f"its {name} is a number, but not of milliseconds since 1970")
        return _Moment(
            datetime.combine(_EPOCH, time.min) + timedelta(milliseconds=value), UTC, has_hours=True
        )
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 64 else None
    if found is None:
        raise Malformed(f"its {name} is no time such as 2026-11-16T08:30:00")
    day = a_day(name, int(found[1]), int(found[2]), int(found[3]))
    clock = timedelta(hours=int(found[4] or 0), minutes=int(found[5] or 0), seconds=int(found[6] or 0))
    if int(found[5] or 0) > 59 or int(found[6] or 0) > 59 or clock > DAY:
        raise Malformed(f"its {name} has an hour that no clock shows")
    wall = datetime.combine(day, time.min) + clock
    return _Moment(wall, an_offset(name, found[7]), has_hours=found[4] is not None)


def _duration(event: Mapping[str, Any], name: str) -> timedelta | None:
    """A duration: ``hh:mm``, ``hh:mm:ss``, milliseconds, or an object of units; None when there is none."""
    value = event.get(name)
    duration: timedelta | None = None
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        duration = timedelta(milliseconds=value) if 0 <= value < _LONGEST.total_seconds() * 1000 else None
    elif isinstance(value, dict):
        units = {_UNIT.get(str(key), str(key)): many for key, many in value.items()}
        if units.keys() <= set(_UNITS) and all(_is_count(many) for many in units.values()):
            duration = timedelta(**units)
    elif isinstance(value, str) and len(value) < 40 and (found := _DURATION.fullmatch(value.strip())):
        days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if duration is None or duration > _LONGEST:
        raise Malformed(f"its {name} is no time of day and no duration such as 08:30")
    return duration


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**8


def _weekdays(value: Any) -> frozenset[int] | None:
    """The days of the week, Sunday as 0; None for all."""
    if value is None:
        return None
    days = value if isinstance(value, list) else []
    if not 0 < len(days) <= 100 or any(
        type(day) not in {int, str} or str(day) not in set("0123456") for day in days
    ):
        raise Malformed("its daysOfWeek are no array of numbers from 0 to 6")
    return frozenset(int(day) for day in days)


def _first_text(sources: Iterable[Mapping[str, Any]], names: Iterable[str]) -> str:
    texts = (source.get(name) for name in names for source in sources)
    return next((clean(text[:_LONGEST_TEXT]) for text in texts if isinstance(text, str) and text.strip()), "")
