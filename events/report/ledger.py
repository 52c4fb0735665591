"""The fold from a log to the facts that audits read.

Rows are put when they begin and put again, under the same key, when they change or end, so that a log that
grows is followed event by event, and what was followed can be kept (`events.report.index`). `gather` keeps it
in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from events import domain as e
from events.codec import encode
from events.decide import decide
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.report.facts import (
    KINDS,
    Count,
    Entry,
    F,
    Fact,
    Facts,
    Open,
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
from events.report.spans import FOREVER, MINUTE, Micros, micros
from events.state import KEEP_BOOKINGS, SchoolState

Put = Callable[[Fact], None]

_KEEP: Micros = KEEP_BOOKINGS // timedelta(microseconds=1)


class Ledger:
    """The fold: give it every event of a log in order, and it puts the facts.

    Args:
        put: Takes a row; one with the same key takes the place of the one before.
        school: The state to go on from; None to begin at the first event.
        begun: What had begun then.
    """

    def __init__(self, put: Put, school: SchoolState | None = None, begun: Open | None = None) -> None:
        self._put = put
        self.school = school or SchoolState()
        self._open = begun or Open()
        self._newest: e.Recorded | None = None

    @property
    def open(self) -> Open:
        """What has begun and not ended."""
        if self._newest is not None:
            self._open.newest = micros(self._newest.recorded_at)
        return self._open

    def apply(self, recorded: e.Recorded) -> None:
        """Fold the next event of the log."""
        event = recorded.event
        step = self._STEPS.get(type(event))
        if step is not None:
            step(self, recorded, event)
        self.school.apply(recorded)
        if type(event) in _BOOKS:
            self._shadow(recorded)
        if type(event) is not e.RoomAnnotated:
            self._newest = recorded

    # -- bookings -------------------------------------------------------------------------------

    def _added(self, recorded: e.Recorded, event: e.BookingAdded) -> None:
        at = micros(recorded.at)
        mine = self._open.tenures.setdefault(event.room, {})
        for booking, tenure in [*mine.items()]:
            if tenure.end < at - _KEEP:
                del mine[booking]
        tenure = Tenure(
            seq=recorded.seq,
            room=event.room,
            booking=event.booking,
            source=event.source,
            start=micros(event.start),
            end=micros(event.end),
            since=at,
            gone=None,
            moved=False,
            counts=not (event.all_day or event.unsure),
            kind=event.kind,
            series=event.series,
            text=recorded.id,
            month=event.part.month,
        )
        mine[event.booking] = tenure
        self._put(tenure)
        self._enter(recorded, event.booking, tenure.start, tenure.end)

    def _changed(self, recorded: e.Recorded, event: e.BookingChanged) -> None:
        mine = self._open.tenures.get(event.room, {})
        at, start, end = micros(recorded.at), micros(event.start), micros(event.end)
        self._enter(recorded, event.booking, start, end)
        tenure = mine.get(event.booking)
        if tenure is None:
            return
        overlaps = start < tenure.end and end > tenure.start
        if tenure.gone is None and tenure.start < at and tenure.since < at and not overlaps:
            # It held its old hours until now.
            self._put(replace(tenure, seq=recorded.seq, gone=at, moved=True))
        tenure = mine[event.booking] = replace(
            tenure,
            start=start,
            end=end,
            counts=not (event.all_day or event.unsure),
            kind=event.kind,
            series=event.series,
            text=recorded.id,
            month=event.part.month,
        )
        self._put(tenure)

    def _removed(self, recorded: e.Recorded, event: e.BookingRemoved) -> None:
        at = micros(recorded.at)
        tenure = self._open.tenures.get(event.room, {}).pop(event.booking, None)
        start, end = (at, at) if tenure is None else (tenure.start, tenure.end)
        self._enter(recorded, event.booking, start, end)
        if tenure is not None:
            gone = at if tenure.gone is None else tenure.gone
            self._put(replace(tenure, gone=gone, moved=event.moved_to is not None))

    def _enter(self, recorded: e.Recorded, booking: BookingId, start: Micros, end: Micros) -> None:
        event: Any = recorded.event
        part: e.Part | None = getattr(event, "part", None)
        entry = Entry(
            seq=recorded.seq,
            room=event.room,
            booking=booking,
            source=getattr(event, "source", SourceName("")),
            at=micros(recorded.at),
            learnt=micros(recorded.recorded_at),
            start=start,
            end=end,
            event=encode(event),
            text=recorded.id if part is not None else EventId(""),
            month=part.month if part is not None else "",
        )
        self._put(entry)
        unread = self._open.unread
        if unread and unread[-1].learnt != entry.learnt:
            unread.clear()
        unread.append(entry)

    def _shadow(self, recorded: e.Recorded) -> None:
        """Follow which bookings count where two timetables disagree: those that do not are gone."""
        key: RoomKey = recorded.event.room  # type: ignore[union-attr]  # bookings are of rooms
        room = self.school.rooms[key]
        mine = self._open.tenures.get(room.key)
        one_source = room.info is None or len(room.info.sources) < 2
        if not mine or (one_source and not isinstance(recorded.event, e.RoomDeclared)):
            return
        at = micros(recorded.at)
        for booking, tenure in [*mine.items()]:
            if booking in room.shadowed and tenure.gone is None:
                mine[booking] = replace(tenure, gone=at)
                self._put(mine[booking])
            elif booking in room.bookings and tenure.gone is not None:
                mine[booking] = replace(tenure, seq=recorded.seq, since=at, gone=None)
                self._put(mine[booking])

    # -- people ---------------------------------------------------------------------------------

    def _pressed(self, recorded: e.Recorded, event: e.PresencePressed) -> None:
        until, confirms = event.until, event.confirms
        if event.effect == "superseded":
            room = self.school.rooms.get(event.room)
            if room is not None:
                alone = decide(
                    replace(room, last=None, said=None, moved=None),
                    event.press,
                    name=recorded.id,
                    pressed_at=event.pressed_at,
                    policy=self.school.rules.policy,
                )
                until, confirms = alone.until, alone.confirms
        self._put(
            Press(
                seq=recorded.seq,
                room=event.room,
                at=micros(event.pressed_at),
                received=micros(event.received_at),
                by=event.press.by,
                leaving=event.press.intent == "leaving",
                until=micros(until) if until else None,
                confirms=" ".join(confirms),
            )
        )

    def _moved(self, recorded: e.Recorded, event: e.MotionSeen) -> None:
        if event.until is not None:
            self._put(
                Press(
                    seq=recorded.seq,
                    room=event.room,
                    at=micros(recorded.at),
                    received=micros(recorded.recorded_at),
                    by="motion",
                    leaving=False,
                    until=micros(event.until),
                    confirms=" ".join(event.confirms),
                )
            )

    def _counted(self, recorded: e.Recorded, event: e.HeadcountChanged) -> None:
        self._put(Count(seq=recorded.seq, room=event.room, at=micros(recorded.at), count=event.count))

    def _annotated(self, recorded: e.Recorded, event: e.RoomAnnotated) -> None:
        self._put(
            Remark(
                seq=recorded.seq,
                room=event.room,
                at=micros(recorded.at),
                what=event.what,
                start=micros(event.start),
                end=micros(event.end),
                booking=event.booking or "",
                withdraws=event.withdraws,
                operator=event.operator,
                text=recorded.id,
                month=event.part.month,
            )
        )
        if event.booking is not None:
            self._enter(recorded, event.booking, micros(event.start), micros(event.end))

    # -- doors ----------------------------------------------------------------------------------

    def _joined(self, recorded: e.Recorded, event: e.KioskJoined) -> None:
        mine = self._open.watches.setdefault(event.room, {})
        since = micros(event.watching_since)
        known = mine.get(event.kiosk)
        if known is not None:
            # Its line broke and nobody has said so: what it watched before is what it says now.
            self._put(replace(known, until=max(known.since, min(since, micros(recorded.at)))))
        watch = mine[event.kiosk] = Watch(
            seq=recorded.seq, room=event.room, kiosk=event.kiosk, since=since, until=None
        )
        self._put(watch)

    def _left(self, recorded: e.Recorded, event: e.KioskLeft | e.ButtonStuck) -> None:
        self._unwatched(event.room, event.kiosk, micros(recorded.at))

    def _freed(self, recorded: e.Recorded, event: e.ButtonFreed) -> None:
        room = self.school.rooms.get(event.room)
        if room is not None and event.kiosk in room.kiosks:
            watch = Watch(
                seq=recorded.seq, room=event.room, kiosk=event.kiosk, since=micros(recorded.at), until=None
            )
            self._open.watches.setdefault(event.room, {})[event.kiosk] = watch
            self._put(watch)

    def _started(self, _recorded: e.Recorded, event: e.ServerStarted) -> None:
        at = micros(event.alive_until) if event.alive_until else self.open.newest
        self._all_unwatched(at)

    def _stopped(self, recorded: e.Recorded, _event: e.ServerStopped) -> None:
        self._all_unwatched(micros(recorded.at))

    def _all_unwatched(self, at: Micros) -> None:
        for room, mine in self._open.watches.items():
            for kiosk in [*mine]:
                self._unwatched(room, kiosk, at)

    def _unwatched(self, room: RoomKey, kiosk: KioskId, at: Micros) -> None:
        watch = self._open.watches.get(room, {}).pop(kiosk, None)
        if watch is not None:
            self._put(replace(watch, until=max(watch.since, at)))

    # -- rooms and rules ------------------------------------------------------------------------

    def _declared(self, recorded: e.Recorded, event: e.RoomDeclared) -> None:
        info = msgspec.json.encode(event.info)
        known = self._open.standings.get(event.room)
        if known is None:
            known = Standing(
                seq=recorded.seq, room=event.room, since=micros(recorded.at), until=None, info=info
            )
        self._open.standings[event.room] = standing = replace(known, info=info)
        self._put(standing)

    def _retired(self, recorded: e.Recorded, event: e.RoomRetired) -> None:
        standing = self._open.standings.pop(event.room, None)
        if standing is not None:
            self._put(replace(standing, until=micros(recorded.at)))

    def _closed(self, recorded: e.Recorded, event: e.RoomClosed) -> None:
        at = micros(recorded.at)
        self._reopen(event.room, at)
        closure = OutOfOrder(
            seq=recorded.seq, room=event.room, since=at, until=micros(event.until) if event.until else None
        )
        self._open.closures[event.room] = closure
        self._put(closure)

    def _reopened(self, recorded: e.Recorded, event: e.RoomReopened) -> None:
        self._reopen(event.room, micros(recorded.at))

    def _reopen(self, room: RoomKey, at: Micros) -> None:
        closure = self._open.closures.pop(room, None)
        if closure is not None and (closure.until is None or at < closure.until):
            self._put(replace(closure, until=at))

    def _policy(self, recorded: e.Recorded, event: e.PolicySet) -> None:
        rules = msgspec.json.encode(Rules(event.policy, event.hours, event.closed))
        self._put(RulesSet(seq=recorded.seq, at=micros(recorded.at), rules=rules))

    # -- timetables -----------------------------------------------------------------------------

    def _read(self, recorded: e.Recorded, event: e.TimetableRead) -> None:
        at, today = micros(recorded.at), _day(recorded, self.school.rules.zone)
        fresh = self.school.rules.policy.stale_after * MINUTE
        self._bring(recorded, event)
        for read in event.sources:
            if read.outcome in ("failed", "suspect") or (read.days and today not in read.days):
                continue
            name = read.source
            last = self._open.reads.get(name, 0)
            if at - last > fresh:
                self._put(Silence(source=name, room="", since=last, until=at))
            self._open.reads[name] = at
            missing = self._open.missing.get(name)
            if not missing and not read.missing:
                continue
            missing = self._open.missing.setdefault(name, {})
            for room in [room for room in missing if room not in read.missing]:
                self._put(Silence(source=name, room=room, since=missing.pop(room), until=at))
            for room in read.missing:
                missing.setdefault(room, last)

    def _bring(self, recorded: e.Recorded, event: e.TimetableRead) -> None:
        """Tell of what was said of bookings which round brought it: it is the next one in the same commit."""
        digests = {read.source: read.digest for read in event.sources}
        learnt = micros(recorded.recorded_at)
        for entry in self._open.unread:
            if entry.learnt == learnt and entry.source in digests:
                self._put(replace(entry, read=recorded.seq, digest=digests[entry.source]))
        self._open.unread.clear()

    _STEPS: ClassVar[dict[type[Any], Callable[[Ledger, e.Recorded, Any], None]]] = {
        e.BookingAdded: _added,
        e.BookingChanged: _changed,
        e.BookingRemoved: _removed,
        e.PresencePressed: _pressed,
        e.MotionSeen: _moved,
        e.HeadcountChanged: _counted,
        e.RoomAnnotated: _annotated,
        e.KioskJoined: _joined,
        e.KioskLeft: _left,
        e.ButtonStuck: _left,
        e.ButtonFreed: _freed,
        e.ServerStarted: _started,
        e.ServerStopped: _stopped,
        e.RoomDeclared: _declared,
        e.RoomRetired: _retired,
        e.RoomClosed: _closed,
        e.RoomReopened: _reopened,
        e.PolicySet: _policy,
        e.TimetableRead: _read,
    }


_BOOKS = frozenset({e.BookingAdded, e.BookingChanged, e.BookingRemoved, e.RoomDeclared})


def _day(recorded: e.Recorded, zone: str) -> date:
    return recorded.at.astimezone(ZoneInfo(zone)).date()


class GatheredFacts(Facts):
    """Facts in memory.

    Args:
        ledger: The fold that has put them.
        rows: What it has put, by kind and key.
    """

    def __init__(self, ledger: Ledger, rows: dict[type[Fact], dict[tuple[Any, ...], Fact]]) -> None:
        created = ledger.school.created
        self.log = created.log if created else ""
        self.school = created.school if created else ""
        self.zone = ledger.school.rules.zone
        self.seq = ledger.school.seq
        self.newest = ledger.open.newest
        self._begun = ledger.open
        self._rows = rows

    def stored(self, kind: type[F], start: Micros = 0, end: Micros = FOREVER) -> Iterator[F]:
        """Read rows: see `Facts.stored`."""
        order = attrgetter(kind.BEGIN, *kind.KEY)
        begin, until = attrgetter(kind.BEGIN), attrgetter(kind.END)
        for row in sorted(self._rows.get(kind, {}).values(), key=order):
            last = until(row)
            if begin(row) < end and (last is None or last >= start):
                yield cast(F, row)

    def begun(self) -> Open:
        """Tell what has begun: see `Facts.begun`."""
        return self._begun


def gather(events: Iterable[e.Recorded]) -> GatheredFacts:
    """Fold a whole log in memory: the plain replay that `events.report.index` is measured by.

    Args:
        events: Every event from the first.
    """
    rows: dict[type[Fact], dict[tuple[Any, ...], Fact]] = {kind: {} for kind in KINDS}
    keys = {kind: attrgetter(*kind.KEY) for kind in KINDS}

    def put(row: Fact) -> None:
        rows[type(row)][keys[type(row)](row)] = row

    ledger = Ledger(put)
    for recorded in events:
        ledger.apply(recorded)
    return GatheredFacts(ledger, rows)
