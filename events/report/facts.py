"""What audits need of a log: rows of facts.

A fact is one row: a booking in a room, a press, a stretch for which a door watched. `events.report.ledger`
makes them of events, `events.report.index` keeps them.

All instants are whole microseconds since 1970, UTC (`events.report.spans`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, TypeVar

from msgspec import Struct

from events import domain as e
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.report.spans import FOREVER, Micros


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


class Entry(Fact, frozen=True, gc=False):
    """What a reading said of a booking: it appeared, changed or vanished; or an operator annotated it.

    Attributes:
        source: The timetable; empty for an operator.
        at: When it was seen.
        learnt: When it was recorded.
        start: When the booking starts by then; of one that vanished, when it did; `at` where nobody knows.
        end: When it ends.
        event: The event, as JSON.
        text: The name of the event, whose personal part holds the title; empty for one without.
        month: The file in which that part lies.
        read: The event of the round of readings that brought it; 0 for none.
        digest: What was read then of the booking's timetable.
    """

    BEGIN: ClassVar[str] = "start"
    END: ClassVar[str] = "end"

    seq: int
    room: RoomKey
    booking: BookingId
    source: SourceName
    at: Micros
    learnt: Micros
    start: Micros
    end: Micros
    event: bytes
    text: EventId
    month: str
    read: int = 0
    digest: str = ""


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
    Tenure, Entry, Press, Watch, Silence, OutOfOrder, Standing, RulesSet, Count, Remark,
)  # fmt: skip

F = TypeVar("F", bound=Fact)


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
        unread: What was said of bookings in the newest commit, as long as its round of readings is not known.
        newest: When the newest event was recorded; an annotation, which may be made long after a server
            has ended, is none.
    """

    tenures: dict[RoomKey, dict[BookingId, Tenure]] = {}
    watches: dict[RoomKey, dict[KioskId, Watch]] = {}
    closures: dict[RoomKey, OutOfOrder] = {}
    standings: dict[RoomKey, Standing] = {}
    reads: dict[SourceName, Micros] = {}
    missing: dict[SourceName, dict[RoomKey, Micros]] = {}
    unread: list[Entry] = []
    newest: Micros = 0


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
