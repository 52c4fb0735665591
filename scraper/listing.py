"""Bookings listed one by one, whatever they were written in: what tables and FullCalendar's data share."""

from __future__ import annotations

import codecs
import itertools
import json
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from scraper.errors import Unreadable
from scraper.reading import Entry, Explained, Problem, Reading, Slot
from scraper.rooms import RoomFinder, folded

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of which anything can be said; no timetable needs more."""
MOST_BYTES = 32 * 1024 * 1024
"""Larger than any timetable; what is over is refused unread."""
MOST_VALUES = 2_000_000
"""Values of a JSON text: twenty for each of `MOST_BOOKINGS`. It costs up to a hundred bytes for each."""
MOST_ROWS = 300_000
"""Rows of all rooms together that are listed; a source with more is refused."""
MOST_DAYS = 3_660
"""Days that may be asked for at once."""
_LISTED = 12
_DAY = timedelta(days=1)
_OTHER_KINDS = (
    (b"<", "a web page or an error text in HTML"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a workbook or another ZIP archive: save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save it as CSV"),
    (b"BEGIN:VCALENDAR", "an iCalendar feed"),
)
Span = tuple[datetime, datetime]
"""The first and the last UTC instant that a wall clock can mean; mostly the same one."""


class Malformed(ValueError):
    """A booking that cannot be understood; says why, without its title."""


def read_json(body: bytes, *, looked_for: str) -> Any:
    """Reads JSON that a timetable may be: whole, of bounded size, each key of an object once.

    Args:
        body: The body as it was received, unpacked.
        looked_for: What it is to be, for the error's words.

    Returns:
        What `json.loads` makes of it.

    Raises:
        Unreadable: It is none, breaks off, or is too large or too deep.
    """
    refuse_other_kinds(body, looked_for)
    commas, openings = body.count(b","), body.count(b"[") + body.count(b"{")
    if commas + openings > MOST_VALUES:
        raise Unreadable(f"JSON of at most {MOST_VALUES:,} values", "more")
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise Unreadable(looked_for, f"bytes that are no UTF-8, from position {at:,} on") from None
    # Whoever writes JSON as a script would be believed to say something by chance only.
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise Unreadable(looked_for, f"no end: it breaks off after {len(body):,} bytes") from None
        raise Unreadable(looked_for, f"no JSON ({error.msg})", f"line {error.lineno}") from None
    except RecursionError:
        raise Unreadable(looked_for, "JSON nested beyond reason") from None
    except ValueError as error:
        words = str(error) if isinstance(error, Malformed) else "a number beyond any timetable"
        raise Unreadable(looked_for, words) from None


def kind_of_json(value: object) -> str:
    """What a JSON value is, in words that tell nothing of its contents but an object's keys."""
    if isinstance(value, dict):
        return f"an object with {listed('the keys', value)}" if value else "an empty object"
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def clean(text: str) -> str:
    """A text of JSON on one line and without halves of letters, which could not be written anywhere."""
    return folded(text.encode("utf-8", "replace").decode())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = set[str]()
        twice = next(key for key, _ in pairs if key in keys or keys.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"an object that has the key {clean(twice)[:40]!r} twice")
    return found


def _no_number(name: str) -> float:
    raise Malformed(f"{name}, which is no JSON")


def refuse_other_kinds(body: bytes, looked_for: str) -> None:
    """Refuse a body that is too long, empty, or of a kind that says at its first bytes that it is another.

    Raises:
        Unreadable: It is one of these.
    """
    if len(body) > MOST_BYTES:
        raise Unreadable(f"a timetable of at most {MOST_BYTES:,} bytes", f"{len(body):,} bytes")
    if not body.strip():
        raise Unreadable(looked_for, "nothing but white space" if body else "an empty body")
    start = body[:256].removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, kind in _OTHER_KINDS:
        if start.upper().startswith(magic.upper()):
            raise Unreadable(looked_for, kind)


def listed(what: str, names: Iterable[str]) -> str:
    """Name some things for a person: the first ones, each cut short."""
    some = [folded(clean(name))[:40] or "(no name)" for name in itertools.islice(names, _LISTED + 1)]
    return f"{what} {', '.join(some[:_LISTED])}{', …' if len(some) > _LISTED else ''}"


def a_day(column: str, year: int, month: int, day: int) -> date:
    """A day of the years that a timetable can be about.

    Args:
        column: What says so, for the error's words.
        year: Of four digits.
        month: From 1.
        day: From 1.

    Raises:
        Malformed: There is no such day, or none of those years.
    """
    if not FIRST_YEAR < year <= LAST_YEAR:
        raise Malformed(f"its {column} is in the year {year}")
    try:
        return date(year, month, day)
    except ValueError:
        raise Malformed(f"its {column} is a day that no calendar has") from None


def an_offset(column: str, text: str | None) -> tzinfo | None:
    """The zone of an offset such as ``+01:00``, ``+0100``, ``+01`` or ``Z``; None for None.

    Raises:
        Malformed: No place has that offset.
    """
    if not text:
        return None
    if text in {"Z", "z"}:
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    if offset > timedelta(hours=18) or int(digits[2:] or 0) > 59:
        raise Malformed(f"its {column} has an offset that no place has")
    return timezone(-offset if text[0] == "-" else offset)


class Said(Struct, frozen=True, kw_only=True):
    """What a source says of a booking besides its time.

    Attributes:
        where: Its line or its number in the source.
        title: As of `Slot`.
        rooms: As the school calls them.
        source_id: The source's own id of it, or None.
        cancelled: It does not take place.
        transparent: Why it takes no time although it has hours; empty when it does.
    """

    where: str
    title: str = ""
    rooms: tuple[str, ...] = ()
    source_id: str | None = None
    cancelled: bool = False
    transparent: str = ""


class _Taking(Struct, frozen=True, kw_only=True, gc=False):
    said: Said
    start: datetime
    end: datetime
    all_day: bool = False
    unsure: bool = False
    name: str = ""


class Listing:
    """Puts bookings into rooms and tells of the rest: what all sources of single bookings have in common.

    Args:
        zone: The school's zone.
        days: First day, and the day after the last one; None for all.
        rooms: How rooms are called; gives those that the source names an order.
        explain: Fill `Reading.explained`.

    Raises:
        ValueError: ``days`` is no span, or one of more than `MOST_DAYS`.
    """

    def __init__(
        self, *, zone: ZoneInfo, days: tuple[date, date] | None, rooms: RoomFinder, explain: bool
    ) -> None:
        if days is not None and not 0 < (days[1] - days[0]).days <= MOST_DAYS:
            raise ValueError(f"days are a span of 1 to {MOST_DAYS} of them")
        self.understood = 0
        self._zone, self._days, self._finder = zone, days, rooms
        # Local, as the first day of all in UTC would be before it.
        self._span = None if days is None else (_midnight(days[0], zone), _midnight(days[1], zone))
        self._takings: list[_Taking] = []
        self._problems: list[Problem] = []
        self._explained: list[Explained] | None = [] if explain else None
        self._mentioned: dict[str, None] = {}
        self._slots: dict[str, dict[tuple[datetime, datetime, str, str | None], Slot]] = {}
        self._rows = 0
        self._lists: dict[str, dict[Entry, None]] = {
            name: {} for name in ("without_room", "all_day", "cancelled", "unbooked")
        }

    @property
    def first_problem(self) -> str:
        """The first problem, in words."""
        return "; ".join(f"{it.where}: {it.what}" for it in self._problems[:1])

    def instants(self, wall: datetime) -> Span:
        """The first and the last instant that a naive wall clock time of the school can mean."""
        both = [wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        return min(both), max(both)

    def day(self, day: date) -> Span:
        """When a day begins, and when the next one does."""
        return self._instant(day), self._instant(day + _DAY)

    def rest_of_day(self, start: datetime) -> Span:
        """An instant, and the end of its day."""
        return start, self._instant(start.astimezone(self._zone).date() + _DAY)

    def whole(self, said: Said, first: date, end: date, name: str = "") -> None:
        """Takes a booking of whole days.

        Args:
            said: What is said of it.
            first: Its first day.
            end: The day after its last one, later than ``first``.
            name: What tells it from others of the same id; empty when its start is to do so.
        """
        start, finish = self._instant(first), self._instant(end)
        self._take(_Taking(said=said, start=start, end=finish, all_day=True, name=name))

    def timed(self, said: Said, start: Span, end: Span, name: str = "") -> None:
        """Takes a booking that has hours.

        Args:
            said: What is said of it.
            start: Between which instants it starts.
            end: Between which instants it ends.
            name: What tells it from others of the same id; empty when its start is to do so.

        Raises:
            Malformed: It ends before it starts.
        """
        if end[1] < start[0]:
            raise Malformed("it ends before it starts")
        unsure = start[0] != start[1] or end[0] != end[1]
        self._take(_Taking(said=said, start=start[0], end=end[1], unsure=unsure, name=name))

    def mention(self, rooms: Iterable[str]) -> None:
        """Remembers rooms as those of which the source speaks."""
        self._mentioned.update(dict.fromkeys(rooms))

    def problem(self, what: str, where: str, rooms: tuple[str, ...] = ()) -> None:
        """Tells of something that could not be understood."""
        self._problems.append(Problem(what=what, where=where, rooms=rooms))

    def fail(self, said: Said, what: str, known: Span | None = None) -> None:
        """Tells of a booking that cannot be understood; its rooms are taken as far as its hours are known.

        Args:
            said: What is known of it.
            what: What is wrong with it.
            known: The widest hours that it can have, if they are known.
        """
        self.mention(said.rooms)
        start, end = known or (None, None)
        self._problems.append(
            Problem(what=what, where=said.where, start=start, end=end, title=said.title, rooms=said.rooms)
        )
        self._explain("left out", said, what, start, end)
        if known is not None and not said.cancelled and not said.transparent and self._asked(*known):
            slot = Slot(start=known[0], end=known[1], title=said.title, unsure=True, source_id=said.source_id)
            for room in said.rooms:
                self._slots.setdefault(room, {}).setdefault((*known, said.title, said.source_id), slot)
                self._count()

    def leave_out(self, said: Said, why: str) -> None:
        """Says of a booking that was understood why it is none."""
        self.understood += 1
        self.mention(said.rooms)
        self._explain("left out", said, why, None, None)

    def reading(
        self, status: Literal["ok", "empty"], *, names: Iterable[str] = (), answers_for: Collection[str] = ()
    ) -> Reading:
        """All that was taken.

        Args:
            status: See `Reading`; the rooms of ``empty`` ones are unmentioned.
            names: Rooms that the source has, booked or not, in its order.
            answers_for: Rooms that it is to answer for.
        """
        self.mention(names)
        self._book_all()
        known = dict.fromkeys(answers_for)
        unmentioned = tuple(room for room in known if room not in self._mentioned)
        if status == "empty":
            order: list[str] = []
        else:
            called = [room for room in self._finder.names.values() if room in self._mentioned]
            order = list(dict.fromkeys([*names, *known, *called, *sorted(self._slots)]))
        days: tuple[date, ...] = ()
        if self._days is not None:
            first, end = self._days
            days = tuple(first + _DAY * number for number in range((end - first).days))
        return Reading(
            status=status,
            days=days,
            zone=self._zone.key,
            rooms={room: _told_apart(self._slots.get(room, {}).values()) for room in order},
            problems=tuple(self._problems),
            without_room=self._listed("without_room"),
            all_day=self._listed("all_day"),
            cancelled=self._listed("cancelled"),
            unbooked=self._listed("unbooked"),
            unmentioned=unmentioned,
            explained=tuple(self._explained or ()),
        )

    def _listed(self, name: str) -> tuple[Entry, ...]:
        return tuple(sorted(self._lists[name], key=lambda it: (it.start, it.end, it.title, it.rooms)))

    def _take(self, taking: _Taking) -> None:
        self.understood += 1
        self.mention(taking.said.rooms)
        if self._asked(taking.start, taking.end):
            # A room's slots are counted when they are made; these would be made of nothing but time.
            if len(self._takings) >= MOST_ROWS:
                self._count(MOST_ROWS)
            self._takings.append(taking)
        else:
            why = "it is not in the days asked"
            self._explain("left out", taking.said, why, taking.start, taking.end)

    def _asked(self, start: datetime, end: datetime) -> bool:
        if self._span is None:
            return True
        first, last = self._span
        return start < last and (end > first or start == end >= first)

    def _book_all(self) -> None:
        # Some write one id on several bookings; each of them needs a name of its own.
        starts: dict[str, set[datetime]] = {}
        for taking in self._takings:
            if taking.said.source_id is not None:
                starts.setdefault(taking.said.source_id, set()).add(taking.start)
        for taking in self._takings:
            name, uid = taking.name, taking.said.source_id
            if uid is not None and not name and len(starts[uid]) > 1:
                name = f"{taking.start:%Y%m%dT%H%M%SZ}"
            self._book(taking, uid if uid is None or not name else f"{uid}\n{name}")
        self._takings.clear()

    def _book(self, taking: _Taking, uid: str | None) -> None:
        said, start, end = taking.said, taking.start, taking.end
        entry = Entry(
            start=start,
            end=end,
            title=said.title,
            all_day=taking.all_day,
            transparent=bool(said.transparent),
            no_length=start == end,
            rooms=said.rooms,
        )
        if said.cancelled:
            self._list("cancelled", entry, said, "it is cancelled")
            return
        if taking.unsure:
            what = "it starts or ends in an hour that the clocks repeat or skip"
            self._problems.append(
                Problem(what=what, where=said.where, start=start, end=end, title=said.title, rooms=said.rooms)
            )
            self._explain("left out", said, what, start, end)
        if taking.all_day:
            self._list("all_day", entry, said, "" if said.rooms else "a whole day, and it names no room")
        elif not said.rooms:
            self._list("without_room", entry, said, "it names no room")
        if not said.rooms:
            return
        if said.transparent or start == end:
            self._list("unbooked", entry, said, said.transparent or "it ends when it starts")
            return
        slot = Slot(
            start=start,
            end=end,
            title=said.title,
            all_day=taking.all_day,
            unsure=taking.unsure,
            source_id=uid,
        )
        for room in said.rooms:
            slots = self._slots.setdefault(room, {})
            key = (start, end, said.title, uid)
            if key in slots:
                self._explain("left out", said, "the same stands in the source already", start, end, (room,))
                continue
            slots[key] = slot
            self._count()
            if not taking.unsure:
                self._explain("booked", said, "", start, end, (room,))

    def _list(self, name: str, entry: Entry, said: Said, why: str) -> None:
        if entry not in self._lists[name]:
            self._count()
        self._lists[name][entry] = None
        if why:
            self._explain("left out", said, why, entry.start, entry.end)

    def _count(self, more: int = 1) -> None:
        self._rows += more
        if self._rows > MOST_ROWS or more == MOST_ROWS:
            raise Unreadable(f"a timetable of at most {MOST_ROWS:,} rows", "one with more")

    def _explain(
        self,
        what: Literal["booked", "left out"],
        said: Said,
        why: str,
        start: datetime | None,
        end: datetime | None,
        rooms: tuple[str, ...] | None = None,
    ) -> None:
        if self._explained is not None:
            rooms = said.rooms if rooms is None else rooms
            self._explained.append(
                Explained(
                    what=what, where=said.where, why=why, start=start, end=end, title=said.title, rooms=rooms
                )
            )

    def _instant(self, day: date) -> datetime:
        return _midnight(day, self._zone).astimezone(UTC)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _told_apart(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """A room's slots in order, no two with the same id."""
    used: dict[str, int] = {}
    apart = []
    for slot in sorted(slots, key=lambda it: (it.start, it.end, it.title, it.source_id or "")):
        if slot.source_id is not None:
            again = used[slot.source_id] = used.get(slot.source_id, 0) + 1
            if again > 1:
                slot = replace(slot, source_id=f"{slot.source_id}\n{again}")  # noqa: PLW2901  # the same slot
        apart.append(slot)
    return tuple(apart)
