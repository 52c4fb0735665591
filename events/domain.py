"""What can happen, one Struct for each kind of event.

An event is a fact in the past tense. Its tag never changes; new fields have defaults; a changed
meaning is a new revision (see `events.codec`). Times are timezone-aware UTC. No event holds
personal data: titles, texts and the sources' own ids lie in a store of their own
(`events.personal`), to which `Part` is a commitment.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName

Instant = Annotated[datetime, Meta(tz=True)]
Intent = Literal["present", "leaving"]
By = Literal["button", "touch", "phone", "desk", "device"]
Effect = Literal["walk-in", "check-in", "renewed", "left", "none", "superseded"]
Outcome = Literal["changed", "unchanged", "failed", "suspect"]
AccessRole = Literal["operator", "device"]
Correction = Literal["present", "door-broken", "note", "withdrawn"]


class Event(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Base of all events."""


# -- values inside events ---------------------------------------------------------------------


class Value(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Base of the values inside events."""


class Part(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Commitment to the personal part of an event, which lies elsewhere.

    Attributes:
        month: The file it lies in, such as ``2026-11``: the month in which its use ends.
        commitment: HMAC-SHA256 of the part under its own salt, 64 hex digits.
    """

    month: str
    commitment: str


class RoomInfo(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a room is, as the school's configuration says.

    Attributes:
        name: What people call it.
        type: The school's own kind of room, such as ``petit``.
        seats: How many people it holds.
        wing: Wing of the building.
        number: Room number inside the wing; the hundreds are the floor.
        letter: Letter after the number, or empty.
        aliases: Other names under which timetables know it.
        sources: The timetables that speak of it; empty means all of them.
    """

    name: str
    type: str = ""
    seats: int = 0
    wing: str = ""
    number: int = 0
    letter: str = ""
    whiteboard: bool = False
    blackboard: bool = False
    projector: bool = False
    tv: bool = False
    aliases: tuple[str, ...] = ()
    sources: tuple[SourceName, ...] = ()


class Policy(Value, frozen=True, kw_only=True, gc=False, omit_defaults=False):
    """The school's rules, in minutes unless the name says otherwise.

    Written whole: were defaults left out, a better default in a later version would rewrite what
    old logs say.

    Attributes:
        check_in_before: A press confirms a booking from so long before its start.
        check_in_after: Later than so long after its start a check-in counts as late.
        walk_in: How long a press without a booking keeps a room occupied.
        soon: A free room whose next booking starts within this time is shown as ``soon``.
        stale_after: A timetable older than this is told loudly: two refresh periods.
        unknown_after: A timetable older than this no longer proves that a room is free.
        release: Whether a booking that nobody confirmed is shown as free again.
        release_after: When, after its start.
        release_warning: When the door begins to warn, after its start.
        release_exempt_length: Bookings of this length or longer are never released.
        release_exempt_kinds: Kinds of booking that are never released.
        release_exempt_rooms: Rooms that are never released.
        release_exempt_seen: Bookings that appeared less than so long before their start are not released.
        search: How long somebody who asks for a room wants it, unless told.
        motion_counts_for: For how long a motion says that somebody is there, as a press does; 0 means
            that it never does and is evidence only.
    """

    check_in_before: int = 10
    check_in_after: int = 15
    walk_in: int = 60
    soon: int = 10
    stale_after: int = 10
    unknown_after: int = 240
    release: bool = False
    release_after: int = 15
    release_warning: int = 10
    release_exempt_length: int = 180
    release_exempt_kinds: tuple[str, ...] = ("exam",)
    release_exempt_rooms: tuple[RoomKey, ...] = ()
    release_exempt_seen: int = 30
    search: int = 60
    motion_counts_for: int = 0


class Hours(Value, frozen=True, kw_only=True, gc=False, omit_defaults=False):
    """When the school is open: ``HH:MM-HH:MM`` local for each weekday, empty for a closed day.

    Written whole, as `Policy` is.
    """

    monday: str = "00:00-24:00"
    tuesday: str = "00:00-24:00"
    wednesday: str = "00:00-24:00"
    thursday: str = "00:00-24:00"
    friday: str = "00:00-24:00"
    saturday: str = "00:00-24:00"
    sunday: str = "00:00-24:00"


class ClosedDays(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Days on which the school, or some of its rooms, are closed.

    Attributes:
        first: First closed day, local.
        last: Last closed day, included.
        rooms: The rooms that are closed; empty means all.
    """

    first: date
    last: date
    rooms: tuple[RoomKey, ...] = ()


class Span(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """From when to when."""

    start: Instant
    end: Instant


class SourceRead(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How the reading of one source went.

    Attributes:
        days: The local days that were read.
        digest: SHA-256 of what was read, to tell whether two readings are the same.
        rooms: How many rooms it spoke of.
        bookings: How many bookings it held.
        problems: How many things in it could not be understood.
        strangers: How many rooms it spoke of that we do not know.
        roomless: How many bookings in it name no room.
        missing: Configured rooms that it did not speak of: this reading says nothing about them.
        reason: Why it failed or is suspected, in structure and counts, never the page's text.
    """

    source: SourceName
    outcome: Outcome
    days: tuple[date, ...] = ()
    digest: str = ""
    rooms: int = 0
    bookings: int = 0
    problems: int = 0
    strangers: int = 0
    roomless: int = 0
    missing: tuple[RoomKey, ...] = ()
    reason: str = ""


class Press(Value, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a door signs when its button was pressed: all that never changes between deliveries.

    Attributes:
        outbox: Random name of the file that keeps the door's presses.
        n: Count of presses in that file, from 1.
        minutes: For how long, where the person chose; None for the school's default.
        boot_id: The kernel's name for this run of the machine.
        boottime: Milliseconds on ``CLOCK_BOOTTIME`` when the contact closed.
        wall: The door's wall clock then.
        wall_synchronised: Whether that clock was set from a time server.
    """

    kiosk: KioskId
    outbox: str
    n: int
    room: RoomKey
    intent: Intent
    by: By = "button"
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] | None = None
    boot_id: str
    boottime: int
    wall: Instant
    wall_synchronised: bool = False


# -- the school -------------------------------------------------------------------------------


class LogCreated(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="log-created"):
    """The first event of every log.

    Attributes:
        log: Random name of this log.
        school: Name of the school, until it is renamed.
        zone: Its time zone, such as ``Europe/Paris``.
        epoch: Changes only when a log was cut or restored.
    """

    log: str
    school: str
    zone: str
    epoch: int = 1


class SchoolRenamed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="school-renamed"):
    """The school is called otherwise from here on."""

    name: str


class ServerStarted(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="server-started"):
    """The server began a run; whatever was open ended with the run before.

    Attributes:
        alive_until: Last sign of life of the run before, None for the first.
    """

    version: str
    alive_until: Instant | None = None


class ServerStopped(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="server-stopped"):
    """The server ended its run in order."""


class PolicySet(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="policy-set"):
    """The rules that hold from here on."""

    policy: Policy
    hours: Hours
    closed: tuple[ClosedDays, ...] = ()


class TimetableRead(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="timetable-read"):
    """One round of reading all timetables; keeps the age of what is shown."""

    sources: tuple[SourceRead, ...]


class ReadingAccepted(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="reading-accepted"):
    """An operator said that a suspect reading is right.

    Attributes:
        digest: Which reading.
    """

    source: SourceName
    digest: str
    operator: int = 0


class ReadingRefused(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="reading-refused"):
    """An operator said that a suspect reading is wrong: the same again is not believed either.

    Attributes:
        digest: Which reading.
    """

    source: SourceName
    digest: str
    operator: int = 0


class NoticePosted(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="notice-posted"):
    """The desk put a notice on doors; its text is personal and lies in its part.

    Its number, by which it is withdrawn, is the position of this event in the log.

    Attributes:
        topic: Which doors: ``school``, ``wing/L``, ``type/petit`` or ``room/L213``.
        until: When it ends by itself.
    """

    topic: str
    part: Part
    until: Instant | None = None
    operator: int = 0


class NoticeWithdrawn(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="notice-withdrawn"):
    """The desk took a notice away.

    Attributes:
        notice: Its number.
    """

    notice: int
    operator: int = 0


# -- rooms ------------------------------------------------------------------------------------


class RoomDeclared(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="room-declared"):
    """A room exists, or its attributes changed."""

    room: RoomKey
    info: RoomInfo


class RoomRetired(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="room-retired"):
    """A room is no longer configured."""

    room: RoomKey


class RoomClosed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="room-closed"):
    """The desk put a room out of order; the reason is personal and lies in its part."""

    room: RoomKey
    operator: int = 0
    until: Instant | None = None
    part: Part | None = None


class RoomReopened(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="room-reopened"):
    """The desk put a room back in order."""

    room: RoomKey
    operator: int = 0


class BookingAdded(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="booking-added"):
    """A timetable reserves a room.

    Attributes:
        all_day: It is drawn over whole days: the room is blocked, the booking never due.
        unsure: Its hours could not be read exactly: likewise.
        kind: ``exam``, ``course``…, by the school's patterns.
        series: Keyed hash of the normalised title: the same for all bookings of one course.
        moved_from: The room that it was moved from.
    """

    room: RoomKey
    booking: BookingId
    source: SourceName
    start: Instant
    end: Instant
    part: Part
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    series: str = ""
    moved_from: RoomKey | None = None


class BookingChanged(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="booking-changed"):
    """A booking has other hours or another title; its fields are as they are now.

    Attributes:
        was: Its hours before.
    """

    room: RoomKey
    booking: BookingId
    source: SourceName
    start: Instant
    end: Instant
    part: Part
    was: Span
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    series: str = ""


class BookingRemoved(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="booking-removed"):
    """A booking is no longer in its timetable, or was moved to another room."""

    room: RoomKey
    booking: BookingId
    source: SourceName
    moved_to: RoomKey | None = None


class PresencePressed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="presence-pressed"):
    """Somebody pressed, and this is what it meant.

    Attributes:
        press: What the door signed.
        signature: Ed25519 over it, 128 hex digits.
        pressed_at: When, as far as is known.
        earliest: The earliest instant it can have been; earlier than ``pressed_at`` only after a
            restart of the door in between.
        received_at: When the server got it.
        effect: What it changed.
        until: Until when somebody is present.
        confirms: The bookings it confirmed.
    """

    room: RoomKey
    press: Press
    signature: str
    pressed_at: Instant
    earliest: Instant
    received_at: Instant
    effect: Effect
    until: Instant | None = None
    confirms: tuple[BookingId, ...] = ()


class HeadcountChanged(
    Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="headcount-changed"
):
    """Somebody said how many people are in a room; the last word wins.

    It holds for as long as the presence in which it was said; said of an empty room it says nothing
    of whoever comes later.

    Attributes:
        by: At the door, or at the desk.
        kiosk: The door at which it was said; None at the desk.
    """

    room: RoomKey
    count: int
    by: By
    kiosk: KioskId | None = None
    operator: int = 0


class MotionSeen(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="motion-seen"):
    """Somebody moved in front of a door's sensor, and this is what it meant.

    Attributes:
        effect: What it changed: ``none`` where the school does not count motion.
        until: For how long this motion alone says that somebody is there. A presence that was
            pressed for longer stays as long as it was: the fold takes the later of the two, so
            that it does not matter which of them came first.
        confirms: The bookings it confirmed.
    """

    room: RoomKey
    kiosk: KioskId
    effect: Effect = "none"
    until: Instant | None = None
    confirms: tuple[BookingId, ...] = ()


class AirMeasured(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="air-measured"):
    """What a door's air sensor measured; None is what it does not measure.

    Attributes:
        temperature: In degrees Celsius.
        humidity: Relative, in percent.
        co2: In parts per million.
    """

    room: RoomKey
    kiosk: KioskId
    temperature: float | None = None
    humidity: float | None = None
    co2: int | None = None


class KioskJoined(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="kiosk-joined"):
    """A door is connected and has delivered all its presses.

    Attributes:
        watching_since: Since when it has been awake with a working button.
    """

    room: RoomKey
    kiosk: KioskId
    watching_since: Instant


class KioskLeft(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="kiosk-left"):
    """A door is no longer connected."""

    room: RoomKey
    kiosk: KioskId


class ButtonStuck(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="button-stuck"):
    """A door's button has been held for so long that nobody can be holding it."""

    room: RoomKey
    kiosk: KioskId


class ButtonFreed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="button-freed"):
    """A stuck button came free."""

    room: RoomKey
    kiosk: KioskId


class RoomAnnotated(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="room-annotated"):
    """An operator set right what the log says of a room; nothing that was recorded is altered.

    Audits tell their figures with these corrections and without them.

    Attributes:
        what: Somebody was there although nobody pressed; the door could not be believed; a remark; or
            an earlier annotation is taken back.
        start: From when it is about.
        end: Until when.
        part: What the operator wrote, and their name.
        booking: The booking that it is about; None for whatever was there.
        withdraws: Position in the log of the annotation that is taken back; 0 for none.
    """

    room: RoomKey
    what: Correction
    start: Instant
    end: Instant
    part: Part
    booking: BookingId | None = None
    withdraws: int = 0
    operator: int = 0


class DoorPaired(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="door-paired"):
    """An operator said which room a door hangs at; from here on its key is known.

    It is the school's own, as every other word on who may do what: a door may be moved.

    Attributes:
        hangs_at: The room.
        kiosk: Fingerprint of the key.
        key: Public half of the door's Ed25519 key, 64 hex digits.
        name: Where it hangs, for people.
    """

    hangs_at: RoomKey
    kiosk: KioskId
    key: str
    name: str = ""
    operator: int = 0


class DoorRevoked(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="door-revoked"):
    """An operator took a door's key away; it counts again only when it is paired again."""

    kiosk: KioskId
    operator: int = 0


class AccessGranted(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="access-granted"):
    """Somebody, or a small device, may come in; the name is personal and lies in its part.

    What proves who it is, is not in the log: see `actors.entry.credentials`.

    Attributes:
        access: Its number, from 1 and never given twice: what events name as their operator.
        speaks_for: The room for which a device speaks; None for a person.
    """

    access: int
    role: AccessRole
    part: Part
    speaks_for: RoomKey | None = None
    operator: int = 0


class AccessRevoked(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="access-revoked"):
    """An access was taken away; its number is not given again."""

    access: int
    operator: int = 0


SchoolEvent = (
    LogCreated
    | SchoolRenamed
    | ServerStarted
    | ServerStopped
    | PolicySet
    | TimetableRead
    | ReadingAccepted
    | ReadingRefused
    | NoticePosted
    | NoticeWithdrawn
    | DoorPaired
    | DoorRevoked
    | AccessGranted
    | AccessRevoked
)
RoomEvent = (
    RoomDeclared
    | RoomRetired
    | RoomClosed
    | RoomReopened
    | BookingAdded
    | BookingChanged
    | BookingRemoved
    | PresencePressed
    | HeadcountChanged
    | MotionSeen
    | AirMeasured
    | KioskJoined
    | KioskLeft
    | ButtonStuck
    | ButtonFreed
    | RoomAnnotated
)
AnyEvent = SchoolEvent | RoomEvent


class Recorded(Struct, frozen=True, gc=False):
    """An event in its envelope, as the log holds it.

    Attributes:
        seq: Position in the log, from 1, without gaps.
        id: Unique name of the event.
        stream: ``school`` or ``room/<key>``.
        version: Position in its stream, from 1, without gaps.
        at: When it happened.
        recorded_at: When it was written.
    """

    seq: int
    id: EventId
    stream: str
    version: int
    at: Instant
    recorded_at: Instant
    event: AnyEvent
