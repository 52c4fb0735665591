"""The state of the whole school, and how it is compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events import domain as e
from events.ids import EventId, KioskId, RoomKey, SourceName
from events.state.folds import FOLDS
from events.state.room import RoomState


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
        created: The first event of the log, with the name that the school has now; None before it.
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
        step = FOLDS.get(type(event))
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
            step = FOLDS.get(type(event))
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
            case e.SchoolRenamed(name=name):
                if self.created is not None:
                    self.created = replace(self.created, school=name)
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
