"""What the events add up to: the state of a room and of the school.

`fold` is a pure function (state, event) → state and is all there is: the running server, a door
that decides for itself while it is cut off, and an audit of last year use this one. Folding
never decides anything: decisions are in the events.

States are immutable, so that any thread may hold one. They hold ids only, no titles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events import domain as e
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName

KEEP_BOOKINGS = timedelta(days=40)
"""Bookings that ended so long before the newest one was recorded are dropped from the state.
A door keeps its presses for 30 days, and a press is decided among the bookings of its time."""


class Booking(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A booking as it is now.

    Attributes:
        first_seen: When it appeared in its timetable, for us.
        confirmed_at: The earliest press that confirmed it.
        text: The event whose personal part holds its title.
        month: The file in which that part lies.
    """

    id: BookingId
    source: SourceName
    start: datetime
    end: datetime
    first_seen: datetime
    text: EventId
    month: str
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    series: str = ""
    confirmed_at: datetime | None = None

    @property
    def due(self) -> bool:
        """Whether somebody can be expected to confirm it."""
        return not (self.all_day or self.unsure)


class LastIntent(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The newest thing that somebody said by a press; older ones no longer matter.

    Where the school counts motion, a motion says ``present`` as a press does, and may be the newest.

    Attributes:
        press: Name of the press, or of the motion.
        until: Until when somebody is present; None when they left.
    """

    pressed_at: datetime
    press: EventId
    intent: e.Intent
    until: datetime | None = None

    @property
    def order(self) -> tuple[datetime, EventId]:
        """What makes one press newer than another, whatever the order in which they came."""
        return self.pressed_at, self.press


class Closure(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The desk put the room out of order."""

    since: datetime
    text: EventId
    until: datetime | None = None
    month: str = ""


class Headcount(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How many people somebody counted in a room.

    Attributes:
        at: When.
        stands_at: The newest instant of which it is known that the presence counted was still the
            same: that of the count, then that of each renewal.
    """

    count: int
    at: datetime
    stands_at: datetime


class StandingNotice(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A notice that nobody has withdrawn.

    Attributes:
        number: Position of its posting in the log.
        topic: Which doors show it: see `events.notices`.
        text: The event whose personal part holds its text.
        month: The file in which that part lies.
        until: When it ends by itself.
    """

    number: int
    topic: str
    posted_at: datetime
    text: EventId
    month: str
    until: datetime | None = None


class RoomState(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Everything that is known of one room.

    Attributes:
        bookings: Those that count.
        shadowed: Those that overlap one of a timetable that is configured before theirs: of two
            timetables that disagree the first is right, and the other is kept in sight.
        since: Since when it is known as it is: readings of timetables before that say nothing of it.
        last: The newest intent: a press, or a motion that counts. Such a motion never shortens what
            was said: it lasts until the later end of the two.
        said: The newest press, where a motion is newer.
        moved: That motion, with the end that it has by itself; None where a press is the newest.
        headcount: The last count, unless the presence counted has ended by a new one, or by leaving;
            whether it holds at an instant is told by `events.status.headcount_at`.
        version: Position of its newest event in its own stream.
        seq: Position of that event in the log.
        kiosks: The doors that joined and since when; one that joined before the server's last
            start does not count (see `events.status`).
        stuck: The doors whose button is stuck.
    """

    key: RoomKey
    info: e.RoomInfo | None = None
    retired: bool = False
    since: datetime | None = None
    bookings: dict[BookingId, Booking] = {}
    shadowed: dict[BookingId, Booking] = {}
    last: LastIntent | None = None
    closure: Closure | None = None
    kiosks: dict[KioskId, datetime] = {}
    stuck: tuple[KioskId, ...] = ()
    said: LastIntent | None = None
    moved: LastIntent | None = None
    headcount: Headcount | None = None
    version: int = 0
    seq: int = 0

    @property
    def all_bookings(self) -> dict[BookingId, Booking]:
        """All that any timetable says, whether it counts or not."""
        return {**self.bookings, **self.shadowed} if self.shadowed else self.bookings


def fold(room: RoomState, recorded: e.Recorded) -> RoomState:
    """Add one event of the room's stream to its state.

    Args:
        room: The state before.
        recorded: The next event of the stream ``room/<key>``.

    Returns:
        The state after.
    """
    return _FOLDS[type(recorded.event)](room, recorded, recorded.event)


def stays_until(room: RoomState, at: datetime) -> datetime | None:
    """Tell until when the presence lasts that there is at an instant.

    That is what was said, and the bookings that were confirmed and run then: one who confirmed the
    next booking is there in it, although the presence that was pressed ended with the one before.

    Returns:
        None where nobody is known to be there at that instant, or all have left.
    """
    last = room.last
    if last is None or last.intent == "leaving":
        return None
    ends = [
        b.end
        for b in room.bookings.values()
        if b.due and b.confirmed_at is not None and b.confirmed_at <= at and b.start <= at < b.end
    ]
    if last.until is not None and last.pressed_at <= at < last.until:
        ends.append(last.until)
    return max(ends, default=None)


def _pressed(room: RoomState, recorded: e.Recorded, event: e.PresencePressed) -> RoomState:
    at, bookings, moved, headcount = event.pressed_at, room.bookings, room.moved, room.headcount
    if event.confirms:
        bookings = _confirmed(bookings, event.confirms, at)
    newest = room.last if moved is None else room.said
    if newest is None or at > newest.pressed_at or (at == newest.pressed_at and recorded.id >= newest.press):
        newest = LastIntent(pressed_at=at, press=recorded.id, intent=event.press.intent, until=event.until)
    if moved is None and headcount is None:  # nearly every press of a replay
        return replace(room, bookings=bookings, last=newest, version=recorded.version, seq=recorded.seq)
    last, said, moved = (newest, None, None) if moved is None else _newest(newest, moved)
    if headcount is not None:
        headcount = _recounted(room, headcount, at, recorded.id, leaving=event.press.intent == "leaving")
    return replace(
        room,
        bookings=bookings,
        last=last,
        said=said,
        moved=moved,
        headcount=headcount,
        version=recorded.version,
        seq=recorded.seq,
    )


def _moved(room: RoomState, recorded: e.Recorded, event: e.MotionSeen) -> RoomState:
    if event.until is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    at = recorded.at
    last, said, moved, headcount = room.last, room.said, room.moved, room.headcount
    if headcount is not None:
        headcount = _recounted(room, headcount, at, recorded.id, leaving=False)
    motion = LastIntent(pressed_at=at, press=recorded.id, intent="present", until=event.until)
    if last is None or motion.order > last.order:
        last, said, moved = _newest(last if moved is None else said, motion)
    return replace(
        room,
        bookings=_confirmed(room.bookings, event.confirms, at),
        last=last,
        said=said,
        moved=moved,
        headcount=headcount,
        version=recorded.version,
        seq=recorded.seq,
    )


def _newest(
    said: LastIntent | None, motion: LastIntent
) -> tuple[LastIntent, LastIntent | None, LastIntent | None]:
    """Tell what holds of the newest press and the newest motion: `RoomState.last`, `said`, `moved`.

    It looks at these two alone, so it is the same in whatever order they came.
    """
    if said is None:
        return motion, None, motion
    if said.order > motion.order:
        return said, None, None
    if said.until is not None and motion.until is not None and said.until > motion.until:
        return replace(motion, until=said.until), said, motion
    return motion, said, motion


def _confirmed(
    bookings: dict[BookingId, Booking], confirms: Iterable[BookingId], at: datetime
) -> dict[BookingId, Booking]:
    for booking_id in confirms:
        booking = bookings.get(booking_id)
        if booking is None:
            continue
        if booking.confirmed_at is None or at < booking.confirmed_at:
            bookings = {**bookings, booking_id: replace(booking, confirmed_at=at)}
    return bookings


def _recounted(
    room: RoomState, headcount: Headcount, at: datetime, name: EventId, *, leaving: bool
) -> Headcount | None:
    """Tell what becomes of a count when somebody says that they are there, or leave.

    Args:
        room: The room before that is folded.
        headcount: Its count.
        at: When it was said.
        name: The press or motion that said it.
        leaving: What it said.
    """
    if room.last is not None and room.last.order > (at, name):
        # It came late. What it did between the count and what renewed it since is not known any
        # more, and a number that may be that of others is not shown.
        return headcount if headcount.stands_at == headcount.at else None
    if at <= headcount.at:
        return headcount
    ends = stays_until(room, headcount.stands_at)
    if leaving or ends is None or at >= ends:
        return None
    return replace(headcount, stands_at=at)


def _counted(room: RoomState, recorded: e.Recorded, event: e.HeadcountChanged) -> RoomState:
    headcount = Headcount(count=event.count, at=recorded.at, stands_at=recorded.at)
    return replace(room, headcount=headcount, version=recorded.version, seq=recorded.seq)


def _measured(room: RoomState, recorded: e.Recorded, _event: e.AirMeasured | e.RoomAnnotated) -> RoomState:
    return replace(room, version=recorded.version, seq=recorded.seq)


def _added(room: RoomState, recorded: e.Recorded, event: e.BookingAdded) -> RoomState:
    booking = Booking(
        id=event.booking,
        source=event.source,
        start=event.start,
        end=event.end,
        first_seen=recorded.at,
        text=recorded.id,
        month=event.part.month,
        all_day=event.all_day,
        unsure=event.unsure,
        kind=event.kind,
        series=event.series,
    )
    oldest = recorded.at - KEEP_BOOKINGS
    bookings = {**room.all_bookings, event.booking: booking}
    if any(known.end < oldest for known in bookings.values()):
        bookings = {key: known for key, known in bookings.items() if known.end >= oldest}
    return _booked(room, recorded, bookings, booking)


def _changed(room: RoomState, recorded: e.Recorded, event: e.BookingChanged) -> RoomState:
    known = room.all_bookings.get(event.booking)
    if known is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    booking = replace(
        known,
        start=event.start,
        end=event.end,
        text=recorded.id,
        month=event.part.month,
        all_day=event.all_day,
        unsure=event.unsure,
        kind=event.kind,
        series=event.series,
    )
    return _booked(room, recorded, {**room.all_bookings, event.booking: booking}, known, booking)


def _removed(room: RoomState, recorded: e.Recorded, event: e.BookingRemoved) -> RoomState:
    known = room.all_bookings.get(event.booking)
    if known is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    bookings = {key: b for key, b in room.all_bookings.items() if key != event.booking}
    return _booked(room, recorded, bookings, known)


def _booked(
    room: RoomState, recorded: e.Recorded, bookings: dict[BookingId, Booking], *changed: Booking
) -> RoomState:
    """Put a room's bookings in the place of those before, and settle which of them count.

    Args:
        room: The state before.
        recorded: What changed them.
        bookings: All bookings there are now.
        changed: Those that came, went or moved, as they were and as they are.
    """
    shadowed: dict[BookingId, Booking] = {}
    if room.shadowed or (room.info is not None and len(room.info.sources) > 1):
        sources = room.info.sources if room.info is not None else ()
        shadowed = {key: bookings[key] for key in room.shadowed if key in bookings}
        near = _touching(bookings.values(), min(b.start for b in changed), max(b.end for b in changed))
        for b in near:
            shadowed.pop(b.id, None)
        shadowed.update((b.id, b) for b in _overlapped(near, sources))
        bookings = {key: b for key, b in bookings.items() if key not in shadowed}
    return replace(room, bookings=bookings, shadowed=shadowed, version=recorded.version, seq=recorded.seq)


def _touching(bookings: Iterable[Booking], start: datetime, end: datetime) -> list[Booking]:
    """List the bookings that overlap a span, and those that overlap them, and so on."""
    away = list(bookings)
    near: list[Booking] = []
    while True:
        found = [b for b in away if b.start < end and b.end > start]
        if not found:
            return near
        near += found
        away = [b for b in away if not (b.start < end and b.end > start)]
        start, end = min(start, *(b.start for b in found)), max(end, *(b.end for b in found))


def _overlapped(bookings: Iterable[Booking], sources: tuple[SourceName, ...]) -> list[Booking]:
    """List the bookings that overlap one that counts of a timetable configured before theirs."""
    rank = {name: number for number, name in enumerate(sources)}
    counting: list[Booking] = []
    lost: list[Booking] = []
    for b in sorted(bookings, key=lambda b: rank.get(b.source, len(rank))):
        beaten = any(b.source != c.source and b.start < c.end and c.start < b.end for c in counting)
        (lost if beaten else counting).append(b)
    return lost


def _declared(room: RoomState, recorded: e.Recorded, event: e.RoomDeclared) -> RoomState:
    before = room.info
    same = (
        before is not None
        and not room.retired
        and (before.name, before.aliases, before.sources)
        == (event.info.name, event.info.aliases, event.info.sources)
    )
    since = room.since if same else recorded.at
    bookings, shadowed = room.bookings, room.shadowed
    if shadowed or (before is not None and before.sources != event.info.sources):
        bookings = room.all_bookings
        shadowed = {b.id: b for b in _overlapped(bookings.values(), event.info.sources)}
        bookings = {key: b for key, b in bookings.items() if key not in shadowed}
    return replace(
        room,
        info=event.info,
        retired=False,
        since=since,
        bookings=bookings,
        shadowed=shadowed,
        version=recorded.version,
        seq=recorded.seq,
    )


def _retired(room: RoomState, recorded: e.Recorded, _event: e.RoomRetired) -> RoomState:
    return replace(room, retired=True, version=recorded.version, seq=recorded.seq)


def _closed(room: RoomState, recorded: e.Recorded, event: e.RoomClosed) -> RoomState:
    closure = Closure(
        since=recorded.at,
        text=recorded.id,
        until=event.until,
        month=event.part.month if event.part else "",
    )
    return replace(room, closure=closure, version=recorded.version, seq=recorded.seq)


def _reopened(room: RoomState, recorded: e.Recorded, _event: e.RoomReopened) -> RoomState:
    return replace(room, closure=None, version=recorded.version, seq=recorded.seq)


def _joined(room: RoomState, recorded: e.Recorded, event: e.KioskJoined) -> RoomState:
    kiosks = {**room.kiosks, event.kiosk: recorded.at}
    return replace(room, kiosks=kiosks, version=recorded.version, seq=recorded.seq)


def _left(room: RoomState, recorded: e.Recorded, event: e.KioskLeft) -> RoomState:
    kiosks = {key: since for key, since in room.kiosks.items() if key != event.kiosk}
    return replace(room, kiosks=kiosks, version=recorded.version, seq=recorded.seq)


def _stuck(room: RoomState, recorded: e.Recorded, event: e.ButtonStuck) -> RoomState:
    stuck = tuple(sorted({*room.stuck, event.kiosk}))
    return replace(room, stuck=stuck, version=recorded.version, seq=recorded.seq)


def _freed(room: RoomState, recorded: e.Recorded, event: e.ButtonFreed) -> RoomState:
    stuck = tuple(kiosk for kiosk in room.stuck if kiosk != event.kiosk)
    return replace(room, stuck=stuck, version=recorded.version, seq=recorded.seq)


# Looked up by type: a `match` over the classes took three times as long in a replay.
_FOLDS: dict[type[Any], Callable[[RoomState, e.Recorded, Any], RoomState]] = {
    e.PresencePressed: _pressed,
    e.BookingAdded: _added,
    e.BookingChanged: _changed,
    e.BookingRemoved: _removed,
    e.RoomDeclared: _declared,
    e.RoomRetired: _retired,
    e.RoomClosed: _closed,
    e.RoomReopened: _reopened,
    e.KioskJoined: _joined,
    e.KioskLeft: _left,
    e.ButtonStuck: _stuck,
    e.ButtonFreed: _freed,
    e.HeadcountChanged: _counted,
    e.MotionSeen: _moved,
    e.AirMeasured: _measured,
    e.RoomAnnotated: _measured,
}


class Rules(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the school has decided: policy, opening hours, closed days, its zone."""

    zone: str = "UTC"
    policy: e.Policy = e.Policy()
    hours: e.Hours = e.Hours()
    closed: tuple[e.ClosedDays, ...] = ()


class SourceState(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What is known of one timetable.

    Attributes:
        tried_at: When it was last tried.
        outcome: How that went.
        read_at: For each local day, when it was last read and believed.
        missing: For each room that a believed reading did not speak of, when it last did so not:
            the ages of these rooms are not renewed.
        digest: Digest of the last believed reading.
        doubted: Digest of the last reading, if that was suspect.
        refused: Digest of the reading that an operator refused.
        bookings: How many bookings the last believed reading held.
        strangers: How many rooms it spoke of that we do not know.
        roomless: How many bookings in it name no room.
        problems: How many things in it could not be understood.
    """

    tried_at: datetime
    outcome: e.Outcome
    reason: str = ""
    failures: int = 0
    digest: str = ""
    doubted: str = ""
    refused: str = ""
    bookings: int = 0
    strangers: int = 0
    roomless: int = 0
    problems: int = 0
    read_at: dict[date, datetime] = {}
    spoken_at: dict[RoomKey, dict[date, datetime]] = {}
    missing: tuple[RoomKey, ...] = ()


class PairedDoor(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A door whose key an operator confirmed.

    Attributes:
        key: Its public key, 64 hex digits.
    """

    kiosk: KioskId
    room: RoomKey
    key: str
    paired_at: datetime
    name: str = ""


class GrantedAccess(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Somebody, or a small device, that may come in.

    Attributes:
        text: Name of the event, under which the person's name lies in the personal part.
        month: Where that lies.
        room: The room for which a device speaks.
    """

    number: int
    role: e.AccessRole
    granted_at: datetime
    text: EventId
    month: str
    room: RoomKey | None = None


class SchoolState:
    """The state of the whole school: a mutable holder of immutable parts.

    Mutable, because copying 500 rooms for each of a million events is most of a replay; the
    parts are replaced, never changed, so handing them to other threads is safe.

    Attributes:
        created: The first event of the log, None before it.
        seq: Position of the newest event folded.
        version: Position of the newest event of the school's own stream.
        rules: What the school has decided.
        sources: The timetables by name.
        rooms: The rooms by key, also retired ones.
        notices: Those that nobody has withdrawn, by number, the oldest first; one that ended by itself
            stays until the next is posted.
        doors: The paired doors.
        revoked: Doors whose key was taken away, and not paired again since.
        accesses: Who may come in, by number.
        last_access: The highest number that was ever given.
        started_at: When the server last started.
        stopped: Whether it has stopped since, in order.
    """

    def __init__(self) -> None:
        self.created: e.LogCreated | None = None
        self.seq = 0
        self.version = 0
        self.rules = Rules()
        self.sources: dict[SourceName, SourceState] = {}
        self.rooms: dict[RoomKey, RoomState] = {}
        self.notices: dict[int, StandingNotice] = {}
        self.doors: dict[KioskId, PairedDoor] = {}
        self.revoked: frozenset[KioskId] = frozenset()
        self.accesses: dict[int, GrantedAccess] = {}
        self.last_access = 0
        self.started_at: datetime | None = None
        self.stopped = False

    def apply(self, recorded: e.Recorded) -> RoomKey | None:
        """Fold the next event of the log.

        Args:
            recorded: The event with ``seq`` one above the newest folded.

        Returns:
            The room whose state changed, None when it was the school's own.
        """
        self.seq = recorded.seq
        event = recorded.event
        step = _FOLDS.get(type(event))
        if step is None:
            self.version = recorded.version
            self._apply_school(recorded)
            return None
        key: RoomKey = event.room  # type: ignore[union-attr]  # every room event has one
        before = self.rooms.get(key)
        self.rooms[key] = step(before or RoomState(key=key), recorded, event)
        return key

    def apply_all(self, events: Iterable[e.Recorded]) -> SchoolState:
        """Fold many events and return this state.

        What `apply` does, without its call: a replay is an eighth faster.
        """
        rooms = self.rooms
        for recorded in events:
            event = recorded.event
            step = _FOLDS.get(type(event))
            if step is None:
                self.apply(recorded)
                continue
            self.seq = recorded.seq
            key: RoomKey = event.room  # type: ignore[union-attr]  # every room event has one
            rooms[key] = step(rooms.get(key) or RoomState(key=key), recorded, event)
        return self

    def _apply_school(self, recorded: e.Recorded) -> None:
        match recorded.event:
            case e.LogCreated() as created:
                self.created = created
                self.rules = replace(self.rules, zone=created.zone)
            case e.PolicySet(policy=policy, hours=hours, closed=closed):
                self.rules = replace(self.rules, policy=policy, hours=hours, closed=closed)
            case e.ServerStarted():
                self.started_at = recorded.at
                self.stopped = False
            case e.ServerStopped():
                self.stopped = True
            case e.ReadingRefused(source=name, digest=digest):
                if name in self.sources:
                    self.sources[name] = replace(self.sources[name], refused=digest)
            case e.ReadingAccepted(source=name):
                if name in self.sources:
                    self.sources[name] = replace(self.sources[name], refused="", doubted="")
            case e.NoticePosted(topic=topic, until=until, part=part):
                self.notices = {n: known for n, known in self.notices.items() if stands(known, recorded.at)}
                self.notices[recorded.seq] = StandingNotice(
                    number=recorded.seq,
                    topic=topic,
                    posted_at=recorded.at,
                    text=recorded.id,
                    month=part.month,
                    until=until,
                )
            case e.NoticeWithdrawn(notice=number):
                self.notices = {n: known for n, known in self.notices.items() if n != number}
            case e.TimetableRead(sources=sources):
                for read in sources:
                    self.sources[read.source] = _source_read(self.sources.get(read.source), read, recorded.at)
            case e.DoorPaired() | e.DoorRevoked() | e.AccessGranted() | e.AccessRevoked():
                self._apply_access(recorded)

    def _apply_access(self, recorded: e.Recorded) -> None:
        """Fold a word on who may come in. The parts are replaced: whoever got them keeps what held then."""
        match recorded.event:
            case e.DoorPaired(kiosk=kiosk, hangs_at=room, key=key, name=name):
                door = PairedDoor(kiosk=kiosk, room=room, key=key, paired_at=recorded.at, name=name)
                self.doors = {**self.doors, kiosk: door}
                self.revoked -= {kiosk}
            case e.DoorRevoked(kiosk=kiosk):
                self.doors = {known: door for known, door in self.doors.items() if known != kiosk}
                self.revoked |= {kiosk}
            case e.AccessGranted(access=number, role=role, part=part, speaks_for=of):
                access = GrantedAccess(
                    number=number,
                    role=role,
                    granted_at=recorded.at,
                    text=recorded.id,
                    month=part.month,
                    room=of,
                )
                self.accesses = {**self.accesses, number: access}
                self.last_access = max(self.last_access, number)
            case e.AccessRevoked(access=number):
                self.accesses = {n: known for n, known in self.accesses.items() if n != number}

    def readings(self, room: RoomState) -> dict[date, datetime]:
        """Tell for each local day when the room's timetables were last believed.

        Args:
            room: A room of this school.

        Returns:
            The oldest of the sources configured for the room; a day that one of them has not
            read since the room is known as it is, is missing.
        """
        wanted = room.info.sources if room.info and room.info.sources else tuple(self.sources)
        ages: dict[date, datetime] | None = None
        for name in wanted:
            source = self.sources.get(name)
            if source is None:
                return {}
            of_source = source.spoken_at.get(room.key, {}) if room.key in source.missing else source.read_at
            if ages is None:
                ages = of_source
            else:
                ages = {day: min(at, of_source[day]) for day, at in ages.items() if day in of_source}
        return {day: at for day, at in (ages or {}).items() if room.since is None or at >= room.since}


def stands(notice: StandingNotice, now: datetime) -> bool:
    """Tell whether a notice has not ended by itself."""
    return notice.until is None or now < notice.until


def _source_read(known: SourceState | None, read: e.SourceRead, at: datetime) -> SourceState:
    known = known or SourceState(tried_at=at, outcome=read.outcome)
    if read.outcome in ("failed", "suspect"):
        return replace(
            known,
            tried_at=at,
            outcome=read.outcome,
            reason=read.reason,
            failures=known.failures + 1,
            doubted=read.digest if read.outcome == "suspect" else known.doubted,
        )
    oldest = at.date() - timedelta(days=2)
    # A room that falls silent keeps the age it had when it was last spoken of.
    spoken = {
        room: known.spoken_at.get(room, {}) if room in known.missing else known.read_at
        for room in read.missing
    }
    read_at = {day: when for day, when in known.read_at.items() if day >= oldest}
    read_at.update(dict.fromkeys(read.days, at))
    return SourceState(
        tried_at=at,
        outcome=read.outcome,
        reason=read.reason,
        digest=read.digest,
        refused=known.refused,
        bookings=read.bookings,
        strangers=read.strangers,
        roomless=read.roomless,
        problems=read.problems,
        read_at=read_at,
        spoken_at=spoken,
        missing=read.missing,
    )


class Summary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything in a `SchoolState`, for comparing and printing."""

    seq: int
    created: e.LogCreated | None
    rules: Rules
    sources: dict[SourceName, SourceState]
    rooms: dict[RoomKey, RoomState]
    notices: dict[int, StandingNotice] = {}
    doors: dict[KioskId, PairedDoor] = {}
    revoked: tuple[KioskId, ...] = ()
    accesses: dict[int, GrantedAccess] = {}
    last_access: int = 0


def summary(school: SchoolState) -> Summary:
    """Copy a school's state into one value, rooms in order of their keys."""
    return Summary(
        seq=school.seq,
        created=school.created,
        rules=school.rules,
        sources=dict(sorted(school.sources.items())),
        rooms=dict(sorted(school.rooms.items())),
        notices=school.notices,
        doors=dict(sorted(school.doors.items())),
        revoked=tuple(sorted(school.revoked)),
        accesses=dict(sorted(school.accesses.items())),
        last_access=school.last_access,
    )


def digest_form(school: SchoolState) -> bytes:
    """Encode a school's state so that equal states, and only they, have equal bytes."""
    return msgspec.json.encode(msgspec.to_builtins(summary(school), str_keys=True), order="sorted")


def zone_of(rules: Rules) -> ZoneInfo:
    """Look up the school's time zone (cached by `zoneinfo`)."""
    return ZoneInfo(rules.zone)
