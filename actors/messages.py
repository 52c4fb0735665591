"""What actors tell each other: frozen Structs, declared once, handled by ``match``.

Calls go down (gateway → school → room → recorder), events go up (recorder → school → room and
gateway), all of them by ``tell``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from actors.settings import SchoolSettings
from events.domain import AccessRole, By, Correction, LogCreated, Press, Recorded
from events.errors import LogConflict
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.log import Batch
from events.search import Wish
from events.state import GrantedAccess, PairedDoor, Rules, StandingNotice
from events.status import Known
from events.wire import Air, Motion, ServerMessage
from scraper.reading import Reading

Session = int
"""Names one connection of the gateway."""


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """Base of what actors tell each other."""


# -- to the school, from the gateway and the program ----------------------------------------------


class RecordPress(Message, frozen=True, kw_only=True, gc=False):
    """A genuine press came. The school hands it on to its room.

    Attributes:
        name: The press.
        pressed_at: When, as far as is known.
        earliest: The earliest instant it can have been.
    """

    name: EventId
    press: Press
    signature: str
    pressed_at: datetime
    earliest: datetime
    received_at: datetime


class RecordSensed(Message, frozen=True, kw_only=True, gc=False):
    """A door's sensor felt something. A motion that the school counts is handed on to its room.

    Attributes:
        name: The fact: see `events.ids.sensed_id`.
        at: When it was felt, as far as is known.
    """

    name: EventId
    room: RoomKey
    kiosk: KioskId
    sensed: Motion | Air
    at: datetime
    received_at: datetime


class Probe(Message, frozen=True, kw_only=True, gc=False):
    """Does whoever stands between a press and the log still work? Goes the way of a press, to the recorder.

    Attributes:
        sent: Seconds of the gateway's loop.
    """

    sent: float


class KioskWatches(Message, frozen=True, kw_only=True, gc=False):
    """A door is connected, has delivered all it kept, and has been awake for so long."""

    room: RoomKey
    kiosk: KioskId
    since: datetime
    at: datetime


class KioskGone(Message, frozen=True, kw_only=True, gc=False):
    """A door that watched is no longer connected."""

    room: RoomKey
    kiosk: KioskId
    at: datetime


class ReportStuck(Message, frozen=True, kw_only=True, gc=False):
    """A door's button is stuck, or free again."""

    room: RoomKey
    kiosk: KioskId
    stuck: bool
    at: datetime


class Search(Message, frozen=True, kw_only=True, gc=False):
    """Somebody asks for a room."""

    session: Session
    ref: int
    wish: Wish
    at: datetime


class Order(Message, frozen=True, kw_only=True, gc=False):
    """Something that a client wants recorded, and is told when it is.

    Attributes:
        ref: The client's name for it.
        operator: Who wants it, where that is an operator; 0 for the server's own token.
    """

    session: Session
    ref: int
    operator: int = 0


class SetClosure(Order, frozen=True, kw_only=True, gc=False):
    """The desk puts a room out of order, or back.

    Attributes:
        closed: Which of the two.
    """

    room: RoomKey
    closed: bool
    at: datetime
    until: datetime | None = None
    reason: str = ""


class Annotate(Order, frozen=True, kw_only=True, gc=False):
    """An operator sets right what the log says of a room: see `events.wire.AnnotateRoom`."""

    room: RoomKey
    what: Correction
    start: datetime
    end: datetime
    text: str
    at: datetime
    booking: BookingId | None = None
    withdraws: int = 0


class JudgeReading(Order, frozen=True, kw_only=True, gc=False):
    """An operator says that a suspect reading is right, or wrong."""

    source: SourceName
    accept: bool
    at: datetime


class SetHeadcount(Order, frozen=True, kw_only=True, gc=False):
    """Somebody says how many people are in a room.

    Attributes:
        kiosk: The door at which they say so; None at the desk.
    """

    room: RoomKey
    count: int
    at: datetime
    by: By
    kiosk: KioskId | None = None


class PostNotice(Order, frozen=True, kw_only=True, gc=False):
    """The desk wants a notice on doors.

    Attributes:
        text: As it was written.
    """

    topic: str
    text: str
    at: datetime
    until: datetime | None = None


class WithdrawNotice(Order, frozen=True, kw_only=True, gc=False):
    """The desk takes a notice away.

    Attributes:
        notice: Its number.
    """

    notice: int
    at: datetime


class PairDoor(Order, frozen=True, kw_only=True, gc=False):
    """An operator says at which room a door hangs that waited for it.

    Attributes:
        key: Its public key.
        name: Where it hangs, for people.
    """

    room: RoomKey
    kiosk: KioskId
    key: str
    at: datetime
    name: str = ""


class RevokeDoor(Order, frozen=True, kw_only=True, gc=False):
    """An operator takes a door's key away.

    Attributes:
        configured: The door stands in the server's configuration.
    """

    kiosk: KioskId
    at: datetime
    configured: bool = False


class GrantAccess(Order, frozen=True, kw_only=True, gc=False):
    """Somebody, or a small device, is to be let in.

    Attributes:
        proof: By what the server knows them.
        room: The room for which a device speaks.
    """

    name: str
    role: AccessRole
    proof: str
    at: datetime
    room: RoomKey | None = None


class RevokeAccess(Order, frozen=True, kw_only=True, gc=False):
    """An access is to be taken away."""

    access: int
    at: datetime


class AskSources(Message, frozen=True, kw_only=True, gc=False):
    """An operator asks how the timetables are."""

    session: Session
    ref: int
    at: datetime


class Reload(Message, frozen=True, kw_only=True, gc=False):
    """The configuration was read again."""

    settings: SchoolSettings


class TakeReadings(Message, frozen=True, kw_only=True, gc=False):
    """Timetables were read.

    Attributes:
        next_try: When each source will be tried again.
    """

    readings: tuple[Taken, ...]
    next_try: Mapping[SourceName, datetime] = {}


class Taken(Message, frozen=True, kw_only=True, gc=False):
    """How reading one source went.

    Attributes:
        reading: What it says; None when it failed.
        digest: SHA-256 of what it says; empty when it failed.
        reason: Why it failed, or what of it could not be read.
        retry_after: Seconds that its server asked us to wait.
    """

    source: SourceName
    days: tuple[date, ...]
    at: datetime
    reading: Reading | None = None
    digest: str = ""
    reason: str = ""
    retry_after: float | None = None


# -- to a room, from the school -------------------------------------------------------------------


class Told(Message, frozen=True, kw_only=True, gc=False):
    """What was recorded in the room's stream, and whether the room's own append is settled.

    Attributes:
        records: New events of the room, in order.
        settled: The append in flight is over.
        conflict: Why it was refused; None when it was recorded.
    """

    records: tuple[Recorded, ...] = ()
    settled: bool = False
    conflict: LogConflict | None = None


class FollowRules(Message, frozen=True, kw_only=True, gc=False):
    """The rules that hold from here on."""

    rules: Rules


# -- to the recorder ------------------------------------------------------------------------------


class Append(Message, frozen=True, kw_only=True, gc=False):
    """Record a batch; the answer goes to the school alone.

    Attributes:
        room: The room that decided it; None for the school's own.
        ref: What the school needs to know it again by.
    """

    batch: Batch
    room: RoomKey | None = None
    ref: object = None


# -- to the school, from below --------------------------------------------------------------------


class Committed(Message, frozen=True, kw_only=True, gc=False):
    """A group of appends is on disk, or was refused.

    Attributes:
        new: What was recorded, in the order of seq, without gaps.
        results: For each append its records, or why it was refused.
    """

    new: tuple[Recorded, ...]
    results: tuple[tuple[Append, tuple[Recorded, ...] | LogConflict], ...]


class Proved(Message, frozen=True, kw_only=True, gc=False):
    """The answer to `Probe`: all that was to be recorded before it, was.

    Attributes:
        sources: For each timetable when today was last read and believed; the school adds them.
    """

    sent: float
    sources: Mapping[SourceName, datetime | None] = {}


class PressRefused(Message, frozen=True, kw_only=True, gc=False):
    """A press or a motion cannot be recorded, whenever it is sent: its name is taken by another one."""

    name: EventId
    reason: str


class ActorDied(Message, frozen=True, kw_only=True, gc=False):
    """A room is dead; told by itself with its last breath."""

    room: RoomKey
    why: str


# -- to the gateway, from the school --------------------------------------------------------------


class Changed(Message, frozen=True, kw_only=True, gc=False):
    """A room is not as it was.

    Attributes:
        day: More changed than a press can change.
    """

    known: Known
    day: bool = True


class KnownAccess(Message, frozen=True, kw_only=True, gc=False):
    """Who may come in, as the log says.

    Attributes:
        doors: The paired doors.
        revoked: Doors whose key was taken away.
        accesses: People and devices, by number.
    """

    doors: Mapping[KioskId, PairedDoor]
    revoked: frozenset[KioskId]
    accesses: Mapping[int, GrantedAccess]


class Publish(Message, frozen=True, kw_only=True, gc=False):
    """What is new, as of a position of the log.

    Attributes:
        changed: The rooms that are not as they were.
        answers: What to send to whom waits for it, by the name of the press, or of what was sensed.
        replies: What to send to one session.
        texts: Titles, reasons and notices that are new.
        created: The log's first event with the school's name of now, when the gateway is first told, and when
            that name changed.
        rules: The rules, when they changed.
        readings: For each room when its timetables were believed, when that changed.
        notices: Those that nobody has withdrawn, when they changed.
        access: Who may come in, when that changed.
        happened: What was recorded.
    """

    seq: int
    changed: tuple[Changed, ...] = ()
    answers: tuple[tuple[EventId, ServerMessage], ...] = ()
    replies: tuple[tuple[Session, ServerMessage], ...] = ()
    texts: Mapping[EventId, str] = {}
    created: LogCreated | None = None
    rules: Rules | None = None
    readings: Mapping[RoomKey, dict[date, datetime]] | None = None
    notices: tuple[StandingNotice, ...] | None = None
    access: KnownAccess | None = None
    happened: tuple[Recorded, ...] = ()


class Reply(Message, frozen=True, kw_only=True, gc=False):
    """Send a message to one session."""

    session: Session
    message: ServerMessage


# -- to any actor, from the program ---------------------------------------------------------------


class AreYouThere(Message, frozen=True, kw_only=True, gc=False):
    """Asked with a timeout; every actor answers True."""


class DayBegan(Message, frozen=True, kw_only=True, gc=False):
    """A new local day: other bookings are shown, and every plan ends at another midnight."""


class ReadDue(Message, frozen=True, kw_only=True, gc=False):
    """It is time to look which timetables have to be read."""
