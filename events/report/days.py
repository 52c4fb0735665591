"""A log day by day and room by room: what was booked, who said that they were there, what was observed.

One pass in order of time; only what touches the day at hand is held, so that five years take the memory
of a week.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Generic, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.domain import Hours, Policy, RoomInfo
from events.ids import BookingId, RoomKey, SourceName
from events.report.facts import (
    Count,
    Fact,
    Facts,
    OutOfOrder,
    Press,
    Remark,
    Rules,
    RulesSet,
    Silence,
    Standing,
    Tenure,
    Watch,
)
from events.report.spans import (
    DAY,
    FOREVER,
    MINUTE,
    Micros,
    Span,
    day_of_school,
    instant,
    open_hours,
    overlap,
    union,
    without,
)
from events.status import WEEKDAYS

CORE_HOURS = Hours(**dict.fromkeys(WEEKDAYS, "08:00-18:00"))
"""When rooms are counted as open, where the school has not said when it is."""
_REACH = 2 * DAY
"""Nobody says for longer than a day that they are there (`events.domain.Press.minutes`), and few bookings
are longer than two."""

F = TypeVar("F", bound=Fact)


class Scope(Struct, frozen=True, kw_only=True):
    """What an audit looks at.

    Attributes:
        first: First local day.
        last: Last local day, included.
        rooms: The rooms, in the order in which they are told.
        hours: When rooms count as open; None for what the school's configuration said on each day, and
            08:00 to 18:00 where it said nothing.
        corrected: Whether operators' annotations are followed.
    """

    first: date
    last: date
    rooms: tuple[RoomKey, ...]
    hours: Hours | None = None
    corrected: bool = True


class Rule(Struct, frozen=True, kw_only=True):
    """When a press confirms a booking: from so long before its start (included) to (excluded).

    Attributes:
        before: Minutes before the start.
        after: Minutes after it; None for the booking's end.
    """

    before: int = 10
    after: int | None = 15

    def window(self, start: Micros, end: Micros) -> Span:
        """Tell from when to when a booking is confirmed."""
        return start - self.before * MINUTE, end if self.after is None else start + self.after * MINUTE

    def __str__(self) -> str:
        return f"-{self.before}..{'end' if self.after is None else f'+{self.after}'}"


class Due(Struct, frozen=True, gc=False):
    """A booking that was not taken away at or before its start, as it ended up.

    Attributes:
        gone: When it was taken away after its start.
    """

    booking: BookingId
    room: RoomKey
    start: Micros
    end: Micros
    gone: Micros | None
    tenure: Tenure


class RoomDay(Struct, frozen=True, kw_only=True):
    """One room on one local day.

    Attributes:
        span: From when to when the day is, cut where the log ends.
        open: When the room counts as open: in the hours, configured, in order.
        shut: When it was out of order.
        due: The bookings that start on this day and count.
        left_out: How many more there would be, were the room not out of order at their start.
        cancelled: Bookings of this day that were taken away in time, for good.
        booked: When it was booked, known by then, and in order.
        present: When somebody was there, as far as presses and what they confirmed say.
        presses: All presses from the day before to the end of the day.
        watched: When a door watched.
        remarks: Operators' annotations about this day.
        silences: When its timetables were silent: see `events.report.facts.Silence`.
        counts: Head counts of this day.
    """

    date: date
    room: RoomKey
    info: RoomInfo
    policy: Policy
    span: Span
    open: list[Span]
    shut: list[Span]
    due: list[Due]
    left_out: int
    cancelled: list[Tenure]
    booked: list[Span]
    present: list[Span]
    presses: list[Press]
    watched: list[Span]
    remarks: list[Remark]
    silences: list[Span]
    counts: list[Count]


class _Sweep(Generic[F]):
    """Rows in order of their beginning, held by room for as long as they may matter."""

    def __init__(self, kind: type[F], rows: Iterator[F], reach: Micros = 0) -> None:
        self._begin, self._end, self._reach = kind.BEGIN, kind.END, reach
        self._rows = rows
        self._next: F | None = next(rows, None)
        self.held: dict[str, list[F]] = {}

    def to(self, start: Micros, end: Micros) -> dict[str, list[F]]:
        """Go on to the next span: nothing that ended before it is held any more."""
        oldest = start - self._reach
        for room, rows in self.held.items():
            if rows:
                kept = [row for row in rows if self._last(row) > oldest]
                if len(kept) != len(rows):
                    self.held[room] = kept
        while self._next is not None and getattr(self._next, self._begin) < end:
            if self._last(self._next) > oldest:
                self.held.setdefault(self._next.room, []).append(self._next)  # type: ignore[attr-defined]  # all swept kinds have one
            self._next = next(self._rows, None)
        return self.held

    def _last(self, row: F) -> Micros:
        last = getattr(row, self._end)
        return FOREVER if last is None else cast(int, last)


def rooms_of(facts: Facts) -> dict[RoomKey, RoomInfo]:
    """List all rooms that there ever were, as they were declared last, in order of their keys."""
    decode = msgspec.json.Decoder(RoomInfo).decode
    return dict(sorted({standing.room: decode(standing.info) for standing in facts.stored(Standing)}.items()))


def bounds(facts: Facts) -> tuple[date, date] | None:
    """Tell the first and the last local day of a log; None for one without rooms."""
    first = next(facts.stored(Standing), None)
    if first is None:
        return None
    zone = ZoneInfo(facts.zone)
    # An event at midnight is the end of the day before.
    return instant(first.since).astimezone(zone).date(), instant(facts.newest - 1).astimezone(zone).date()


def says_when_open(facts: Facts, scope: Scope) -> bool:
    """Tell whether the configuration says when the school is open, at the end of the days looked at."""
    return _RulesInTime(facts).at(day_of_school(facts.zone, scope.last)[1]).hours != Hours()


def month_scope(scope: Scope, year: int, month: int) -> Scope:
    """Look at a whole month, as far as the scope goes."""
    last = calendar.monthrange(year, month)[1]
    return Scope(
        first=date(year, month, 1),
        last=date(year, month, last),
        rooms=scope.rooms,
        hours=scope.hours,
        corrected=scope.corrected,
    )


def room_days(facts: Facts, scope: Scope) -> Iterator[RoomDay]:
    """Go through the rooms of each day, the days in order.

    Days on which the school, or the room, was closed are left out, and so are rooms that were not
    configured then, and whatever comes after the log's end.

    Args:
        facts: What the log says.
        scope: Which days and rooms.
    """
    begin = day_of_school(facts.zone, scope.first)[0]
    end = min(day_of_school(facts.zone, scope.last)[1], facts.newest)
    tenures = _Sweep(Tenure, facts.stored(Tenure, begin - _REACH, end), _REACH)
    presses = _Sweep(Press, facts.stored(Press, begin - _REACH, end), _REACH)
    watches = _Sweep(Watch, facts.stored(Watch, begin - DAY, end), DAY)
    closures = _Sweep(OutOfOrder, facts.stored(OutOfOrder, begin, end))
    counts = _Sweep(Count, facts.stored(Count, begin, end))
    standings = _Sweep(Standing, facts.stored(Standing, begin, end))
    remarks = remarks_by_room(facts) if scope.corrected else {}
    rules, silences = _RulesInTime(facts), _Silences(facts)
    day = scope.first
    while day <= scope.last:
        a, z = day_of_school(facts.zone, day)
        if a >= facts.newest:
            return
        z = min(z, facts.newest)
        held = (
            tenures.to(a, z), presses.to(a, z), watches.to(a, z), closures.to(a, z), counts.to(a, z),
            standings.to(a, z),
        )  # fmt: skip
        in_force = rules.at(z)
        hours = scope.hours or _hours(in_force.hours)
        opened = overlap(union(open_hours(hours, facts.zone, day)), [(a, z)])
        for room in scope.rooms:
            if not held[5].get(room) or _closed(in_force, day, room):
                continue
            yield _room_day(
                day, room, (a, z), opened, in_force, held, remarks.get(room, ()), silences,
            )  # fmt: skip
        day += timedelta(days=1)


def _room_day(
    day: date,
    room: RoomKey,
    span: Span,
    opened: list[Span],
    rules: Rules,
    held: tuple[
        dict[str, list[Tenure]],
        dict[str, list[Press]],
        dict[str, list[Watch]],
        dict[str, list[OutOfOrder]],
        dict[str, list[Count]],
        dict[str, list[Standing]],
    ],
    remarks: Iterable[Remark],
    silences: _Silences,
) -> RoomDay:
    a, z = span
    tenures, presses = held[0].get(room, []), held[1].get(room, [])
    shut = [(c.since, c.until or FOREVER) for c in held[3].get(room, ())]
    shut = overlap(union(shut), [span]) if shut else shut
    watched = [(w.since, w.until or FOREVER) for w in held[2].get(room, ())]
    standings = held[5][room]
    info = msgspec.json.decode(standings[-1].info, type=RoomInfo)
    opened = overlap(opened, union((s.since, s.until or FOREVER) for s in standings))
    mine = [r for r in remarks if r.start < z and r.end > a]
    booked, present = _booked(tenures, span), presence(presses, tenures)
    watched = union(watched)
    if mine:
        present = union([*present, *((r.start, r.end) for r in mine if r.what == "present")])
        watched = without(watched, union((r.start, r.end) for r in mine if r.what == "door-broken"))
    due, left_out, cancelled = _due(tenures, span, shut)
    return RoomDay(
        date=day,
        room=room,
        info=info,
        policy=rules.policy,
        span=span,
        open=without(opened, shut),
        shut=shut,
        due=due,
        left_out=left_out,
        cancelled=cancelled,
        booked=without(booked, shut),
        present=without(overlap(present, [span]), shut),
        presses=presses,
        watched=watched,
        remarks=mine,
        silences=silences.of(room, info, a),
        counts=held[4].get(room, []),
    )


def _booked(tenures: Iterable[Tenure], span: Span) -> list[Span]:
    spans = [
        (max(t.start, t.since), t.end if t.gone is None else min(t.end, t.gone)) for t in tenures if t.counts
    ]
    return overlap(union(spans), [span])


def _due(tenures: Iterable[Tenure], span: Span, shut: Sequence[Span]) -> tuple[list[Due], int, list[Tenure]]:
    """Tell which bookings of a day are due.

    One that its page lost and found again has two tenures and is one booking.
    """
    due: dict[BookingId, Due] = {}
    cancelled: dict[BookingId, Tenure] = {}
    left_out: set[BookingId] = set()
    for t in tenures:
        if not t.counts or t.moved or not span[0] <= t.start < span[1]:
            continue
        if t.gone is not None and (t.gone <= t.start or t.gone <= t.since):
            cancelled[t.booking] = t
        elif any(start <= t.start < end for start, end in shut):
            left_out.add(t.booking)
        else:
            known = due.get(t.booking)
            gone = (
                t.gone if known is None or t.gone is None or known.gone is None else max(t.gone, known.gone)
            )
            if known is not None and known.gone is None:
                gone = None
            due[t.booking] = Due(t.booking, t.room, t.start, t.end, gone, t)
    for booking in due:
        cancelled.pop(booking, None)
    return list(due.values()), len(left_out), list(cancelled.values())


def presence(presses: Sequence[Press], tenures: Iterable[Tenure]) -> list[Span]:
    """Tell when somebody was in a room, as far as they said so.

    A press lasts until what was decided of it, until somebody says that they leave, or until the next
    press speaks in its place. A booking that was confirmed lasts to its end, as a door shows it, unless
    those in it left.

    Args:
        presses: In order of time.
        tenures: The bookings that they may confirm.
    """
    if not presses:
        return []
    said = [p for p in presses if p.by != "motion"]
    leaving = [p.at for p in said if p.leaving]
    spans: list[Span] = []
    for number, press in enumerate(said):
        if press.until is not None and not press.leaving:
            following = said[number + 1].at if number + 1 < len(said) else FOREVER
            spans.append((press.at, min(press.until, following)))
    spans += [
        (press.at, min(press.until, _first_after(leaving, press.at)))
        for press in presses
        if press.by == "motion" and press.until is not None
    ]
    by_booking = {t.booking: t for t in tenures if t.counts}
    for press in presses:
        for name in press.confirms.split():
            t = by_booking.get(BookingId(name))
            if t is not None and not press.leaving:
                end = t.end if t.gone is None else min(t.end, t.gone)
                spans.append((max(t.start, press.at), min(end, _first_after(leaving, press.at))))
    return union(spans)


def _first_after(instants: Iterable[Micros], at: Micros) -> Micros:
    return next((one for one in instants if one >= at), FOREVER)


def _hours(hours: Hours) -> Hours:
    return CORE_HOURS if hours == Hours() else hours


def _closed(rules: Rules, day: date, room: RoomKey) -> bool:
    return any(c.first <= day <= c.last and (not c.rooms or room in c.rooms) for c in rules.closed)


def remarks_by_room(facts: Facts) -> dict[str, list[Remark]]:
    """List by room the annotations that change figures; those taken back are not among them.

    Taking back can be taken back, too: the first one holds again.
    """
    found = list(facts.stored(Remark))
    taken_back: set[int] = set()
    for remark in sorted(found, key=lambda r: -r.seq):
        if remark.withdraws and remark.seq not in taken_back:
            taken_back.add(remark.withdraws)
    by_room: dict[str, list[Remark]] = {}
    for remark in found:
        if remark.seq not in taken_back and remark.what in ("present", "door-broken"):
            by_room.setdefault(remark.room, []).append(remark)
    return by_room


class _RulesInTime:
    """The school's rules, at instants that go forward."""

    def __init__(self, facts: Facts) -> None:
        self._rows = facts.stored(RulesSet)
        self._next: RulesSet | None = next(self._rows, None)
        self._now = Rules(Policy(), Hours(), ())

    def at(self, end: Micros) -> Rules:
        """Tell what was in force just before an instant."""
        while self._next is not None and self._next.at < end:
            self._now = msgspec.json.decode(self._next.rules, type=Rules)
            self._next = next(self._rows, None)
        return self._now


class _Silences:
    """The silences of all timetables, by source."""

    def __init__(self, facts: Facts) -> None:
        self._by_source: dict[str, list[Silence]] = {}
        for silence in sorted(facts.silences(), key=lambda s: s.since):
            self._by_source.setdefault(silence.source, []).append(silence)

    def of(self, room: RoomKey, info: RoomInfo, start: Micros) -> list[Span]:
        """List those of a room that had not ended before an instant."""
        return [
            (s.since, s.until or FOREVER)
            for source in (info.sources or tuple(map(SourceName, self._by_source)))
            for s in self._by_source.get(source, ())
            if (s.until is None or s.until >= start) and s.room in ("", room)
        ]
