"""Reads iCalendar feeds as the timetable programs of schools export them.

An event that cannot be understood is told as a problem and harms no other. A feed that cannot be
read as a whole is refused; one that holds no event at all says nothing, above all not that every
booking was cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar.prop import vDuration
from msgspec import Struct
from msgspec.structs import replace

from scraper.errors import Unreadable
from scraper.ics_lines import Component, Line, read_feed
from scraper.ics_recurrence import Allowance, Moment, NotFollowed, Recurring, occurrences, read_rule
from scraper.ics_zones import FIRST_YEAR, LAST_YEAR, UnknownZone, Zones
from scraper.reading import Entry, Explained, Problem, Reading, Slot
from scraper.rooms import RoomFinder, folded, guessed_separator

MOST_DAYS = 3_660
"""Days that may be asked for at once."""
MOST_ROWS = 300_000
"""Rows of all rooms together that are listed; a feed with more is refused."""
MOST_DATES = 5_000
"""Dates that one event may add to its rule or take from it."""

_WANTED = frozenset(
    {"UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"}
    | {"SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "TRANSP", "SEQUENCE"}
    | {"TZID", "TZOFFSETFROM", "TZOFFSETTO"}
)
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?", re.IGNORECASE)
_WHOLE = (datetime(FIRST_YEAR, 1, 2, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))


class Malformed(ValueError):
    """An event that cannot be understood; says why."""


class _Words(Struct, frozen=True, kw_only=True):
    """What an event says besides its time."""

    component: Component
    uid: str
    title: str
    rooms: tuple[str, ...] = ()
    cancelled: bool = False
    transparent: bool = False


class _Event(Struct, frozen=True, kw_only=True):
    words: _Words
    time: Recurring

    @property
    def recurs(self) -> bool:
        return bool(self.time.rules or self.time.dates)


class _Taking(Struct, frozen=True, kw_only=True):
    """One event taking place once.

    Attributes:
        name: What tells this occurrence from the others of its UID; empty for an event that stands alone.
    """

    words: _Words
    start: Moment
    end: Moment
    name: str = ""


def parse(
    feed: bytes,
    *,
    zone: ZoneInfo,
    days: tuple[date, date] | None = None,
    content_type: str | None = None,
    separator: str | None = None,
    rooms: RoomFinder | None = None,
    answers_for: Collection[str] = (),
    explain: bool = False,
) -> Reading:
    """Reads a feed.

    Args:
        feed: The body as it was received, unpacked.
        zone: The school's zone: of times without one, and of whole days.
        days: First day, and the day after the last one; what touches them is read, hours uncut. None for
            all that is in the feed but recurrences without an end.
        content_type: The Content-Type header that came with it, or None.
        separator: What parts several rooms in one LOCATION; empty when nothing does, None to go by who
            wrote the feed.
        rooms: How rooms are found and called; None for the source's own words of LOCATION.
        answers_for: Rooms, as ``rooms`` calls them, of which the feed is known to hold every booking:
            they are in the reading even when the feed never names them.
        explain: Fill `Reading.explained`.

    Returns:
        The bookings by room. Whole days are slots of their rooms and entries of ``all_day``.

    Raises:
        Unreadable: No calendar, not a whole one, or none of its events can be read.
        ValueError: ``days`` is no span, or one of more than `MOST_DAYS`.
    """
    if days is not None and not 0 < (days[1] - days[0]).days <= MOST_DAYS:
        raise ValueError(f"days are a span of 1 to {MOST_DAYS} of them")
    taken = read_feed(feed, content_type=content_type, wanted=_WANTED)
    events = [component for component in taken.components if component.kind == "VEVENT"]
    if separator is None:
        separator = guessed_separator(taken.producer, [event.text("UID") for event in events[:50]])
    reader = _Reader(
        zone=zone,
        days=days,
        zones=Zones(component for component in taken.components if component.kind == "VTIMEZONE"),
        separator=separator,
        finder=rooms or RoomFinder(),
        explain=explain,
    )
    reader.read(events)
    if events and not reader.understood:
        raise Unreadable("an event that can be read", f"{len(events):,} that cannot", reader.first_problem)
    for number, what in taken.stray:
        reader.problem(what, f"line {number}")
    if "VFREEBUSY" in taken.others and not events:
        reader.problem("it tells only when somebody is busy, not the bookings", "VFREEBUSY 1")
    return reader.reading("ok" if events else "empty", answers_for)


class _Reader:
    """What is found out about one feed."""

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        days: tuple[date, date] | None,
        zones: Zones,
        separator: str | None,
        finder: RoomFinder,
        explain: bool,
    ) -> None:
        self.understood = 0
        self._zone = zone
        self._days = days
        self._span = _WHOLE if days is None else (self._midnight(days[0]), self._midnight(days[1]))
        self._zones = zones
        self._separator = separator
        self._finder = finder
        self._allowance = Allowance()
        self._problems: list[Problem] = []
        self._explained: list[Explained] | None = [] if explain else None
        self._mentioned: set[str] = set()
        self._slots: dict[str, dict[tuple[datetime, datetime, str], Slot]] = {}
        self._rows = 0
        self._without_room: dict[Entry, None] = {}
        self._all_day: dict[Entry, None] = {}
        self._cancelled: dict[Entry, None] = {}
        self._unbooked: dict[Entry, None] = {}

    @property
    def first_problem(self) -> str:
        """The first problem, in words."""
        return "; ".join(f"{it.where}: {it.what}" for it in self._problems[:1])

    def read(self, components: Iterable[Component]) -> None:
        alone: list[_Event] = []
        series: dict[str, list[_Event]] = {}
        for component in components:
            event = self._event(component)
            if event is None:
                continue
            self.understood += 1
            self._mentioned.update(event.words.rooms)
            if event.recurs and not event.words.uid:
                series[event.words.component.where] = [event]
            elif event.recurs or (event.words.uid and event.time.replaces is not None):
                series.setdefault(f"UID {event.words.uid}", []).append(event)
            else:
                alone.append(event)
        takings = [_Taking(words=it.words, start=it.time.start, end=it.time.end) for it in alone]
        for group in series.values():
            takings += self._series(group)
        # Exporters use one UID for several events; each of them needs a name of its own.
        starts: dict[str, set[Moment]] = {}
        for taking in takings:
            starts.setdefault(taking.words.uid, set()).add(taking.start)
        for taking in takings:
            several = not taking.name and len(starts[taking.words.uid]) > 1
            self._take(replace(taking, name=self._name(taking.start)) if several else taking)

    def problem(self, what: str, where: str) -> None:
        self._problems.append(Problem(what=what, where=where))

    def reading(self, status: Literal["ok", "empty"], answers_for: Collection[str]) -> Reading:
        """Everything that was found out; of an empty feed, that it says nothing."""
        known = list(dict.fromkeys(answers_for))
        if status == "empty":
            unmentioned, names = tuple(known), []
        else:
            unmentioned = tuple(room for room in known if room not in self._mentioned)
            called = dict.fromkeys(room for room in self._finder.names.values() if room in self._mentioned)
            known += [room for room in called if room not in set(known)]
            names = known + sorted(self._slots.keys() - set(known))
        days: tuple[date, ...] = ()
        if self._days is not None:
            count = (self._days[1] - self._days[0]).days
            days = tuple(self._days[0] + timedelta(days=day) for day in range(count))
        return Reading(
            status=status,
            days=days,
            zone=self._zone.key,
            rooms={name: _told_apart(self._slots.get(name, {}).values()) for name in names},
            problems=tuple(self._problems),
            without_room=_in_order(self._without_room),
            all_day=_in_order(self._all_day),
            cancelled=_in_order(self._cancelled),
            unbooked=_in_order(self._unbooked),
            unmentioned=unmentioned,
            explained=tuple(self._explained or ()),
        )

    # From components to events

    def _event(self, component: Component) -> _Event | None:
        words = _Words(component=component, uid="", title=folded(component.text("SUMMARY")))
        start: Moment | None = None
        try:
            words = self._words(component)
            start = self._start(component)
            return _Event(words=words, time=self._time(component, start))
        except (Malformed, NotFollowed, UnknownZone) as error:
            self._fail(words, str(error), start)
        except Unreadable:
            raise
        except (ArithmeticError, ValueError, TypeError) as error:
            self._fail(words, f"it cannot be understood ({type(error).__name__})", start)
        return None

    def _words(self, component: Component) -> _Words:
        title = folded(component.text("SUMMARY"))
        needs_description = any(it.field == "description" for it in self._finder.patterns)
        try:
            rooms = self._finder.find(
                location=component.text("LOCATION"),
                summary=title,
                description=component.text("DESCRIPTION") if needs_description else "",
                separator=self._separator,
            )
        except ValueError as error:
            raise Malformed(str(error)) from None
        return _Words(
            component=component,
            uid=component.text("UID").strip(),
            title=title,
            rooms=rooms,
            cancelled=component.text("STATUS").strip().upper() == "CANCELLED",
            transparent=component.text("TRANSP").strip().upper() == "TRANSPARENT",
        )

    def _start(self, component: Component) -> Moment:
        if component.faults:
            raise Malformed(component.faults[0])
        line = component.first("DTSTART")
        if line is None:
            raise Malformed("it has no DTSTART")
        return self._moment(line)

    def _time(self, component: Component, start: Moment) -> Recurring:
        end = self._end(component, start)
        if _instant(end, self._zone) < _instant(start, self._zone):
            raise Malformed("it ends before it starts")
        rules = [line.value for line in component.lines if line.name == "RRULE"]
        if component.first("EXRULE") is not None or len(rules) > 4:
            raise Malformed("its recurrence has EXRULE or many rules, which are not understood")
        added: list[Moment | tuple[Moment, Moment]] = []
        removed: list[Moment] = []
        for line in component.lines:
            if line.name == "RDATE":
                added += [self._date_added(line, value) for value in line.value.split(",") if value.strip()]
            elif line.name == "EXDATE":
                removed += [self._moment(line, value) for value in line.value.split(",") if value.strip()]
        if len(added) + len(removed) > MOST_DATES:
            raise Malformed(f"it adds or takes away more than {MOST_DATES:,} dates")
        replaces, revision = component.first("RECURRENCE-ID"), component.first("SEQUENCE")
        number = revision.value.strip() if revision is not None else "0"
        return Recurring(
            start=start,
            end=end,
            sequence=int(number) if re.fullmatch(r"-?\d{1,15}", number) else 0,
            rules=tuple(read_rule(text, start, self._zone) for text in rules),
            dates=tuple(added),
            without=tuple(removed),
            replaces=self._moment(replaces) if replaces is not None else None,
            and_later=replaces is not None
            and replaces.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
        )

    def _end(self, component: Component, start: Moment) -> Moment:
        whole = not isinstance(start, datetime)
        line = component.first("DTEND")
        if line is not None:
            end = self._moment(line)
            if isinstance(end, datetime) == whole:
                raise Malformed("one of its start and end is a day and the other an hour")
            # Some write the last day where the day after it belongs.
            return start + timedelta(days=1) if whole and end == start else end
        line = component.first("DURATION")
        if line is None:
            return start + timedelta(days=1) if whole else start
        return _after(start, _duration(line.value))

    def _date_added(self, line: Line, value: str) -> Moment | tuple[Moment, Moment]:
        start, slash, rest = value.partition("/")
        begin = self._moment(line, start)
        if not slash:
            return begin
        if rest.strip().upper().startswith(("P", "+P")):
            return begin, _after(begin, _duration(rest))
        return begin, self._moment(line, rest)

    def _moment(self, line: Line, value: str | None = None) -> Moment:
        """What a date or a date with a time says: a local date, or an aware instant.

        Raises:
            Malformed: It is none, or beyond any timetable.
            UnknownZone: It is in a zone that nobody knows.
        """
        found = _MOMENT.fullmatch((line.value if value is None else value).strip())
        if found is None:
            raise Malformed(f"its {line.name} is no date and no time")
        *numbers, utc = found.groups()
        year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
        if not FIRST_YEAR < year <= LAST_YEAR:
            raise Malformed(f"its {line.name} is in the year {year}")
        try:
            if numbers[3] is None:
                return date(year, month, day)
            # A leap second is the last one of its minute for everybody else.
            clock = time(hour, minute, min(second, 59) if second <= 60 else second)
            name = line.parameters.get("TZID")
            own: tzinfo = UTC if utc else self._zones.find(name) if name else self._zone
            return datetime.combine(date(year, month, day), clock, tzinfo=own)
        except UnknownZone:
            raise
        except ValueError:
            raise Malformed(f"its {line.name} is no date and no time") from None

    # From events to what takes place

    def _series(self, group: Sequence[_Event]) -> list[_Taking]:
        """What takes place of the events that share one UID, one of which may recur."""
        cores = [event for event in group if event.time.replaces is None]
        changed = [event for event in group if event.time.replaces is not None]
        takings: list[_Taking] = []
        for core in cores:
            if self._days is None and any(rule.endless for rule in core.time.rules):
                self._leave_out(core.words, "it recurs without an end: ask for days to see it", core.time)
                self._problems.append(
                    self._problem(core.words, "it recurs without an end and no days were asked")
                )
                continue
            takings += self._recurring(core, changed)
        if not takings:
            # The event that recurs is elsewhere, or nothing is known of it.
            takings = [
                _Taking(
                    words=it.words, start=it.time.start, end=it.time.end, name=self._name(it.time.replaces)
                )
                for it in changed
                if it.time.replaces is not None
            ]
        return takings

    def _recurring(self, core: _Event, changed: Sequence[_Event]) -> list[_Taking]:
        events = [core, *changed]
        start = core.time.start
        whole = not isinstance(start, datetime)
        try:
            found = occurrences([_named_as(it.time, start) for it in events], self._span, self._allowance)
        except NotFollowed as error:
            self._fail(core.words, str(error), None)
            return []
        return [
            _Taking(
                words=events[it.index].words,
                start=it.start,
                end=it.end,
                name=self._name(it.name, whole=whole),
            )
            for it in found
        ]

    def _name(self, moment: Moment, *, whole: bool = False) -> str:
        if not isinstance(moment, datetime):
            return f"{moment:%Y%m%d}"
        return f"{moment:%Y%m%d}" if whole else f"{_instant(moment, self._zone):%Y%m%dT%H%M%SZ}"

    # From what takes place to the reading

    def _take(self, taking: _Taking) -> None:
        words = taking.words
        whole = not isinstance(taking.start, datetime)
        start, end = _instant(taking.start, self._zone), _instant(taking.end, self._zone)
        if not (start < self._span[1] and (end > self._span[0] or start == end >= self._span[0])):
            self._leave_out(words, "it is not in the days asked", taking)
            return
        uid = "\n".join(part for part in (words.uid, taking.name) if part) if words.uid else None
        entry = Entry(
            start=start,
            end=end,
            title=words.title,
            all_day=whole,
            transparent=words.transparent,
            no_length=start == end,
            rooms=words.rooms,
        )
        if words.cancelled:
            self._list(self._cancelled, entry, words, "it is cancelled")
            return
        if whole:
            self._list(
                self._all_day, entry, words, "" if words.rooms else "a whole day, and it names no room"
            )
        if not words.rooms:
            if not whole:
                self._list(self._without_room, entry, words, "it names no room")
            return
        if words.transparent or start == end:
            why = "it takes no time (TRANSP)" if words.transparent else "it ends when it starts"
            self._list(self._unbooked, entry, words, why)
            return
        slot = Slot(start=start, end=end, title=words.title, all_day=whole, source_id=uid)
        for room in words.rooms:
            self._book(room, slot, words)

    def _book(self, room: str, slot: Slot, words: _Words) -> None:
        slots = self._slots.setdefault(room, {})
        key = (slot.start, slot.end, slot.title)
        other = slots.get(key)
        if other is not None and (other.source_id or "") <= (slot.source_id or ""):
            why = "the same room, hours and title stand in the feed already"
            self._explain("left out", words, why, slot.start, slot.end, (room,))
            return
        slots[key] = slot
        self._count()
        self._explain("booked", words, "", slot.start, slot.end, (room,))

    def _list(self, entries: dict[Entry, None], entry: Entry, words: _Words, why: str) -> None:
        if entry not in entries:
            self._count()
        entries[entry] = None
        if why:
            self._explain("left out", words, why, entry.start, entry.end, entry.rooms)

    def _count(self) -> None:
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise Unreadable(f"a timetable of at most {MOST_ROWS:,} rows", "one with more")

    def _fail(self, words: _Words, what: str, start: Moment | None) -> None:
        self._mentioned.update(words.rooms)
        problem = self._problem(words, what)
        if start is not None:
            # How long it lasts is not known: to the end of its day, as far as anybody can say.
            begin = _instant(start, self._zone)
            end = self._midnight(begin.astimezone(self._zone).date() + timedelta(days=1)).astimezone(UTC)
            problem = replace(problem, start=begin, end=end)
            if (
                begin < self._span[1]
                and end > self._span[0]
                and not words.cancelled
                and not words.transparent
            ):
                slot = Slot(start=begin, end=end, title=words.title, unsure=True, source_id=words.uid or None)
                for room in words.rooms:
                    self._slots.setdefault(room, {}).setdefault((begin, end, words.title), slot)
                    self._count()
        self._problems.append(problem)
        self._explain("left out", words, what, problem.start, problem.end, words.rooms)

    def _problem(self, words: _Words, what: str) -> Problem:
        return Problem(what=what, where=words.component.where, title=words.title, rooms=words.rooms)

    def _leave_out(self, words: _Words, why: str, when: _Taking | Recurring) -> None:
        if self._explained is not None:
            start, end = _instant(when.start, self._zone), _instant(when.end, self._zone)
            self._explain("left out", words, why, start, end, words.rooms)

    def _explain(
        self,
        what: Literal["booked", "left out"],
        words: _Words,
        why: str,
        start: datetime | None,
        end: datetime | None,
        rooms: tuple[str, ...],
    ) -> None:
        if self._explained is not None:
            self._explained.append(
                Explained(
                    what=what,
                    where=words.component.where,
                    why=why,
                    start=start,
                    end=end,
                    title=words.title,
                    rooms=rooms,
                )
            )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self._zone)


def _instant(moment: Moment, zone: tzinfo) -> datetime:
    """The UTC instant of a moment: a day's is that at which it begins in the school's zone."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min, tzinfo=zone)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _named_as(changed: Recurring, start: Moment) -> Recurring:
    """A replacement under the name that the rule gives: some write the day of an hour."""
    replaces = changed.replaces
    if replaces is None or isinstance(replaces, datetime) or not isinstance(start, datetime):
        return changed
    return replace(changed, replaces=datetime.combine(replaces, start.timetz()))


def _after(start: Moment, duration: timedelta) -> Moment:
    """What lies a duration later: days are the calendar's, hours are the clock's."""
    if not isinstance(start, datetime):
        if duration % timedelta(days=1):
            raise Malformed("it starts on a day and lasts for hours")
        return start + duration
    if duration % timedelta(days=1):
        return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)
    return start + duration


def _duration(text: str) -> timedelta:
    try:
        duration: timedelta = vDuration.from_ical(text.strip().upper())  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        raise Malformed("its DURATION is none") from None
    return duration


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda it: (it.start, it.end, it.title, it.rooms)))


def _told_apart(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """A room's slots in order, no two with the same id."""
    used: dict[str, int] = {}
    apart = []
    for slot in sorted(slots, key=lambda it: (it.start, it.end, it.title)):
        if slot.source_id is None:
            apart.append(slot)
            continue
        again = used[slot.source_id] = used.get(slot.source_id, 0) + 1
        apart.append(slot if again == 1 else replace(slot, source_id=f"{slot.source_id}\n{again}"))
    return tuple(apart)
