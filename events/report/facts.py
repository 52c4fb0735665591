"""What audits need of a log: a fold from events to rows of facts.

A fact is one row: a booking in a room, a press, a stretch for which a door watched. Rows are put when they
begin and put again, under the same key, when they change or end, so that a log that grows is followed
event by event, and what was followed can be kept (`events.report.index`). `gather` keeps it in memory.

All instants are whole microseconds since 1970, UTC (`events.report.spans`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events import domain as e
from events.decide import decide
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.report.spans import FOREVER, MINUTE, Micros, micros
from events.state import KEEP_BOOKINGS, SchoolState


class Fact(Struct, frozen=True, gc=False):
    """Base of all rows.

    Attributes:
        KEY: The fields that name a row.
        BEGIN: The field that orders them.
        END: The field that tells when it ended, None where it has not; `BEGIN` for what is an instant.
    """

    KEY: ClassVar[tuple[str, ...]] = ("seq",)
    BEGIN: ClassVar[str] = "since"
    END: ClassVar[str] = "until"


class Tenure(Fact, frozen=True, gc=False):
    """A booking for as long as it was in one room.

    Attributes:
        seq: The event that brought it here.
        start: When it starts, as was said last.
        end: When it ends, as was said last.
        since: Since when it is known to be in this room.
        gone: When it was taken away, or went to another room or to other hours.
        moved: Whether it went, and was not cancelled.
        counts: It has hours of its own: neither over whole days nor unsure.
        text: The event whose personal part holds its title.
        month: The file in which that part lies.
    """

    KEY: ClassVar[tuple[str, ...]] = ("seq", "booking")
    BEGIN: ClassVar[str] = "start"
    END: ClassVar[str] = "end"

    seq: int
    room: RoomKey
    booking: BookingId
    source: SourceName
    start: Micros
    end: Micros
    since: Micros
    gone: Micros | None
    moved: bool
    counts: bool
    kind: str
    series: str
    text: EventId
    month: str


class Former(Fact, frozen=True, gc=False):
    """What a booking was before it changed: whoever looks for it may know it by its former title.

    Attributes:
        seq: The event that changed it.
        text: The event whose personal part holds the former title.
        month: The file in which that part lies.
    """

    BEGIN: ClassVar[str] = "start"
    END: ClassVar[str] = "end"

    seq: int
    room: RoomKey
    booking: BookingId
    start: Micros
    end: Micros
    text: EventId
    month: str


class Press(Fact, frozen=True, gc=False):
    """Somebody said by a press that they are there, or leave; or a motion that counts did.

    Attributes:
        until: Until when they are there. What came so late that a newer press was known is decided anew,
            alone, on the bookings known when it came: the decision in its event is only that it was late.
        confirms: The bookings that it confirms, parted by blanks.
    """

    BEGIN: ClassVar[str] = "at"
    END: ClassVar[str] = "at"

    seq: int
    room: RoomKey
    at: Micros
    received: Micros
    by: str
    leaving: bool
    until: Micros | None
    confirms: str


class Watch(Fact, frozen=True, gc=False):
    """A door was awake with a working button."""

    seq: int
    room: RoomKey
    kiosk: KioskId
    since: Micros
    until: Micros | None


class Silence(Fact, frozen=True, gc=False):
    """A timetable was not read, or a room not in it, for longer than is thought fresh.

    Attributes:
        room: The room; empty when it is about all of them.
        since: The reading before.
        until: The next one.
    """

    KEY: ClassVar[tuple[str, ...]] = ("source", "room", "since")

    source: SourceName
    room: str
    since: Micros
    until: Micros | None


class OutOfOrder(Fact, frozen=True, gc=False):
    """The desk had put a room out of order."""

    seq: int
    room: RoomKey
    since: Micros
    until: Micros | None


class Standing(Fact, frozen=True, gc=False):
    """A room was configured; `info` is as it was declared last in that time, as JSON."""

    seq: int
    room: RoomKey
    since: Micros
    until: Micros | None
    info: bytes


class RulesSet(Fact, frozen=True, gc=False):
    """Policy, hours and closed days, as JSON, in force from here on."""

    BEGIN: ClassVar[str] = "at"
    END: ClassVar[str] = "at"

    seq: int
    at: Micros
    rules: bytes


class Count(Fact, frozen=True, gc=False):
    """Somebody said how many people are in a room."""

    BEGIN: ClassVar[str] = "at"
    END: ClassVar[str] = "at"

    seq: int
    room: RoomKey
    at: Micros
    count: int


class Remark(Fact, frozen=True, gc=False):
    """An operator set something right: see `events.domain.RoomAnnotated`."""

    BEGIN: ClassVar[str] = "start"
    END: ClassVar[str] = "end"

    seq: int
    room: RoomKey
    at: Micros
    what: e.Correction
    start: Micros
    end: Micros
    booking: str
    withdraws: int
    operator: int
    text: EventId
    month: str


KINDS: tuple[type[Fact], ...] = (
    Tenure, Former, Press, Watch, Silence, OutOfOrder, Standing, RulesSet, Count, Remark,
)  # fmt: skip

F = TypeVar("F", bound=Fact)
Put = Callable[[Fact], None]


class Rules(Struct, frozen=True, gc=False):
    """What the school had decided."""

    policy: e.Policy
    hours: e.Hours
    closed: tuple[e.ClosedDays, ...]


class Open(Struct):
    """What has begun and not ended: all that the fold knows beside the state of the school.

    Attributes:
        tenures: By room, then by booking.
        watches: By room, then by door.
        reads: For each timetable its last believed reading of the day it was read on.
        missing: By timetable, then by room that it does not speak of: its last reading that did.
        newest: When the newest event was recorded; an annotation, which may be made long after a server
            has ended, is none.
    """

    tenures: dict[RoomKey, dict[BookingId, Tenure]] = {}
    watches: dict[RoomKey, dict[KioskId, Watch]] = {}
    closures: dict[RoomKey, OutOfOrder] = {}
    standings: dict[RoomKey, Standing] = {}
    reads: dict[SourceName, Micros] = {}
    missing: dict[SourceName, dict[RoomKey, Micros]] = {}
    newest: Micros = 0


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

    def _changed(self, recorded: e.Recorded, event: e.BookingChanged) -> None:
        mine = self._open.tenures.get(event.room, {})
        tenure = mine.get(event.booking)
        if tenure is None:
            return
        self._put(
            Former(
                seq=recorded.seq,
                room=event.room,
                booking=event.booking,
                start=tenure.start,
                end=tenure.end,
                text=tenure.text,
                month=tenure.month,
            )
        )
        at, start, end = micros(recorded.at), micros(event.start), micros(event.end)
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
        tenure = self._open.tenures.get(event.room, {}).pop(event.booking, None)
        if tenure is not None:
            gone = micros(recorded.at) if tenure.gone is None else tenure.gone
            self._put(replace(tenure, gone=gone, moved=event.moved_to is not None))

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

    def _left(self, recorded: e.Recorded, event: e.KioskLeft) -> None:
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


class Facts(ABC):
    """The facts of a log up to an event, to be read in order of time.

    Attributes:
        log: Name of the log.
        school: Name of the school.
        zone: Its time zone.
        seq: The newest event followed.
        newest: When that was recorded: nothing is known of what comes after.
    """

    log: str
    school: str
    zone: str
    seq: int
    newest: Micros

    @abstractmethod
    def stored(self, kind: type[F], start: Micros = 0, end: Micros = FOREVER) -> Iterator[F]:
        """Read the rows of a kind that touch a span, in order of their beginning, then of their key."""

    @abstractmethod
    def begun(self) -> Open:
        """Tell what has begun and not ended."""

    def silences(self) -> list[Silence]:
        """List the silences, those that last still with them."""
        begun = self.begun()
        lasting = [Silence(source=s, room="", since=at, until=None) for s, at in begun.reads.items()]
        lasting += [
            Silence(source=s, room=room, since=at, until=None)
            for s, rooms in begun.missing.items()
            for room, at in rooms.items()
        ]
        return [*self.stored(Silence), *lasting]


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
