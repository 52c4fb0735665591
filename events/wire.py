"""The gateway's protocol: one Struct for each message, told apart by ``type``.

JSON text messages over WebSocket, subprotocol ``toctoc.v1``. What travels is state, and the last
one wins: `RoomDay` and `RoomPresence` hold all that a client needs of a room, with `plan`, the
statuses to the end of the day, so that a phone needs only a clock.

The first message comes from the server: a `Challenge`. The client answers `Hello`, the server
`Welcome` or `Refused`. A `Subscribe` is answered by a snapshot (`SnapshotBegin`, one `RoomDay`
and one `RoomPresence` for each room, `SnapshotEnd`), then by every room that changes. Every
request has an ``id``, its answer names it as ``ref``.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from events.domain import AccessRole, AnyEvent, Correction, Effect, Instant, Intent, Outcome, Press, RoomInfo
from events.errors import WireError
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.search import Answer, Wish
from events.state import LastIntent, Rules
from events.status import Stretch

PROTOCOL = "toctoc.v1"
MAX_INCOMING = 4 * 1024
"""Bytes that a client may send in one message."""
MAX_OUTGOING = 64 * 1024
"""Bytes that the server sends in one message at most."""
HEARTBEAT = 10.0
"""Seconds between two signs of life of the server."""


Role = Literal["kiosk", "board", "operator", "device", "unpaired"]
Code = Literal[
    "bad-message", "not-allowed", "not-authenticated", "unknown-room", "unknown-key", "too-fast", "server"
]
AccessNumber = Annotated[int, Meta(ge=1)]
Hex = Annotated[str, Meta(pattern="^[0-9a-f]*$", max_length=128)]
LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps as it is (RFC 8259, 6)."""
RequestId = Annotated[int, Meta(ge=0, le=LARGEST)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=40)]
Topics = Annotated[tuple[str, ...], Meta(max_length=64)]


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all messages."""


# -- from the client --------------------------------------------------------------------------


class Hello(Message, frozen=True, kw_only=True, omit_defaults=True, tag="hello"):
    """Who the client is.

    Attributes:
        key: A door's public key, of a paired door or one that asks to be.
        room: The room at whose door it hangs.
        signature: The door's or the device's answer to the challenge: see `events.signing`.
        token: An operator's token; empty for a page whose cookie says it.
        name: The operator's name, where it is to be that of the token. Whoever has the server's own token
            may take any, under which the others see them.
        access: A device's number, as the desk knows it.
        program: Name and version of the client, for the desk.
    """

    role: Role
    key: Hex = ""
    room: RoomKey | None = None
    signature: Hex = ""
    token: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=60)] = ""
    access: AccessNumber | None = None
    program: Annotated[str, Meta(max_length=100)] = ""


class Subscribe(Message, frozen=True, kw_only=True, omit_defaults=True, tag="subscribe"):
    """Wish to be told of rooms: ``school``, ``wing/L``, ``type/petit`` or ``room/L213``.

    Operators may add ``feed`` (every event, see `Happened`) and ``roster`` (who is here, see `Roster`).

    Attributes:
        topics: All that the client wishes from here on; they replace those before.
        epoch: With ``seq``: what the client knows already; only rooms changed since then are sent.
    """

    topics: Topics
    epoch: Annotated[int, Meta(ge=0)] | None = None
    seq: Annotated[int, Meta(ge=0)] | None = None


class Unsubscribe(Message, frozen=True, kw_only=True, omit_defaults=True, tag="unsubscribe"):
    """Wish to be told no more of some topics; those that are not followed do not matter.

    Not answered: what is on its way still arrives.
    """

    topics: Topics


class SendPress(Message, frozen=True, kw_only=True, omit_defaults=True, tag="press"):
    """Deliver a press, the first time or again.

    Attributes:
        boot_id: The kernel's name for the door's present run.
        boottime: The door's ``CLOCK_BOOTTIME`` now, in milliseconds.
        wall: The door's wall clock now.
    """

    press: Press
    signature: Hex
    boot_id: str
    boottime: int
    wall: Instant


class Watching(Message, frozen=True, kw_only=True, omit_defaults=True, tag="watching"):
    """Say that all kept presses are delivered, and for how long the door has been awake.

    Attributes:
        for_seconds: Age of the door's present watch with a working button.
    """

    for_seconds: Annotated[float, Meta(ge=0)]


class Stuck(Message, frozen=True, kw_only=True, omit_defaults=True, tag="stuck"):
    """Say that the door's button is stuck, or free again."""

    stuck: bool


class Motion(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="motion"):
    """Somebody moved in front of the door's sensor."""


class Air(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="air"):
    """What a door's air sensor measured; None is what it does not measure.

    Attributes:
        temperature: In degrees Celsius.
        humidity: Relative, in percent.
        co2: In parts per million.
    """

    temperature: Annotated[float, Meta(ge=-60, le=100)] | None = None
    humidity: Annotated[float, Meta(ge=0, le=100)] | None = None
    co2: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class SendSensed(Message, frozen=True, kw_only=True, omit_defaults=True, tag="sensed"):
    """Deliver what a door's sensor felt, the first time or again; answered by `Done`.

    Attributes:
        id: Count of what was felt in this run of the door's program, from 1.
        run: Random name of this run of the program; with key and ``id`` the name of the fact.
        boot_id: The kernel's name for the machine's run.
        at: The door's ``CLOCK_BOOTTIME`` then, in milliseconds.
        boottime: The door's ``CLOCK_BOOTTIME`` now, in milliseconds.
    """

    id: RequestId
    run: Annotated[str, Meta(pattern="^[0-9a-f]{8,32}$")]
    boot_id: str
    at: int
    boottime: int
    sensed: Motion | Air


class SetHeadcount(Message, frozen=True, kw_only=True, omit_defaults=True, tag="set-headcount"):
    """Say how many people are in a room; the last word wins. Answered by `Done`."""

    id: RequestId
    room: RoomKey
    count: Annotated[int, Meta(ge=0, le=10_000)]


class PostNotice(Message, frozen=True, kw_only=True, omit_defaults=True, tag="post-notice"):
    """Show a notice on doors until it ends or is withdrawn (operators). Answered by `Done`.

    Attributes:
        topic: Which doors: ``school``, ``wing/L``, ``type/petit`` or ``room/L213``.
    """

    id: RequestId
    topic: str
    text: Annotated[str, Meta(min_length=1, max_length=200)]
    until: Instant | None = None


class WithdrawNotice(Message, frozen=True, kw_only=True, omit_defaults=True, tag="withdraw-notice"):
    """Take a notice away (operators). Answered by `Done`.

    Attributes:
        notice: Its number.
    """

    id: RequestId
    notice: int


class Unlock(Message, frozen=True, kw_only=True, omit_defaults=True, tag="unlock"):
    """Show that one stands at a door, by the code that its QR code carries; answered by `Unlocked`.

    Attributes:
        code: One of the room's present codes (`DoorCodes`).
    """

    id: RequestId
    room: RoomKey
    code: Annotated[str, Meta(pattern="^[0-9A-Za-z]{4,32}$")]


class SayPresence(Message, frozen=True, kw_only=True, omit_defaults=True, tag="say-presence"):
    """Say that one is in a room, or leaves it, from a phone at its door; answered by `Done`.

    Attributes:
        minutes: For how long, where the person chose.
    """

    id: RequestId
    room: RoomKey
    intent: Intent
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] | None = None


class Find(Message, frozen=True, kw_only=True, omit_defaults=True, tag="find"):
    """Ask for the nearest free room."""

    id: RequestId
    wish: Wish


class CloseRoom(Message, frozen=True, kw_only=True, omit_defaults=True, tag="close-room"):
    """Put a room out of order (operators)."""

    id: RequestId
    room: RoomKey
    until: Instant | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


class ReopenRoom(Message, frozen=True, kw_only=True, omit_defaults=True, tag="reopen-room"):
    """Put a room back in order (operators)."""

    id: RequestId
    room: RoomKey


class AnnotateRoom(Message, frozen=True, kw_only=True, omit_defaults=True, tag="annotate-room"):
    """Set right what the log says of a room, by a fact that is added to it (operators).

    Attributes:
        what: Somebody was there; the door could not be believed; a remark; or an earlier annotation is
            taken back.
        withdraws: The number of that annotation: its position in the log; 0 for none.
        text: Why, and who says so.
    """

    id: RequestId
    room: RoomKey
    what: Correction
    start: Instant
    end: Instant
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    booking: BookingId | None = None
    withdraws: Annotated[int, Meta(ge=0)] = 0


class AskSources(Message, frozen=True, kw_only=True, omit_defaults=True, tag="ask-sources"):
    """Ask how the timetables are (operators)."""

    id: RequestId


class JudgeReading(Message, frozen=True, kw_only=True, omit_defaults=True, tag="judge-reading"):
    """Say that a suspect reading is right, or wrong (operators)."""

    id: RequestId
    source: SourceName
    accept: bool


class Pair(Message, frozen=True, kw_only=True, omit_defaults=True, tag="pair"):
    """Say which room a door hangs at that shows this code (operators). Answered by `Paired`.

    Attributes:
        code: As the door shows it; small letters, blanks and hyphens do not matter.
        name: Where it hangs, for people.
    """

    id: RequestId
    code: Annotated[str, Meta(max_length=32)]
    room: RoomKey
    name: Annotated[str, Meta(max_length=60)] = ""


class RevokeDoor(Message, frozen=True, kw_only=True, omit_defaults=True, tag="revoke-door"):
    """Take a door's key away (operators): it falls at once. Answered by `Done`."""

    id: RequestId
    kiosk: KioskId


class GrantAccess(Message, frozen=True, kw_only=True, omit_defaults=True, tag="grant-access"):
    """Let a person or a small device in (the server's own token only). Answered by `Granted`.

    Attributes:
        name: Of the person or the device; no two have the same.
        room: The room for which a device speaks.
        proof: By what the server knows them: the argon2id hash of an operator's secret, or the key
            that a device derives from its own. The secret itself never travels.
    """

    id: RequestId
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    role: AccessRole
    proof: Annotated[str, Meta(max_length=200)]
    room: RoomKey | None = None


class RevokeAccess(Message, frozen=True, kw_only=True, omit_defaults=True, tag="revoke-access"):
    """Take an access away (the server's own token only): it falls at once. Answered by `Done`."""

    id: RequestId
    access: AccessNumber


class AskAccess(Message, frozen=True, kw_only=True, omit_defaults=True, tag="ask-access"):
    """Ask who may come in (operators). Answered by `Accesses`."""

    id: RequestId


class JoinChannel(Message, frozen=True, kw_only=True, omit_defaults=True, tag="join-channel"):
    """Come into a channel in which people talk (operators). Answered by `Done`."""

    id: RequestId
    channel: ChannelName


class LeaveChannel(Message, frozen=True, kw_only=True, omit_defaults=True, tag="leave-channel"):
    """Go out of a channel (operators). Answered by `Done`."""

    id: RequestId
    channel: ChannelName


class Say(Message, frozen=True, kw_only=True, omit_defaults=True, tag="say"):
    """Say something to those in a channel (operators); nobody keeps it. Answered by `Done`.

    Attributes:
        channel: One that was joined.
        text: One line, without control characters and without those that turn the direction of writing.
        action: It tells what the sender does: "waves".
    """

    id: RequestId
    channel: ChannelName
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    action: bool = False


class Ping(Message, frozen=True, kw_only=True, omit_defaults=True, tag="ping"):
    """Ask for a `Pong`."""

    id: RequestId


# -- from the server --------------------------------------------------------------------------


class Challenge(Message, frozen=True, kw_only=True, omit_defaults=True, tag="challenge"):
    """The first message of a connection: what a door has to sign."""

    nonce: Hex


class Welcome(Message, frozen=True, kw_only=True, omit_defaults=True, tag="welcome"):
    """The client is who it says.

    Attributes:
        rules: What the school has decided; sent again as `RulesSet` when they change.
        operator: Number of the operator; 0 for the server's own token, and for who is none.
        name: The operator's name.
        board: Address of the school's board, such as ``https://rooms.school.example``; empty
            where there is none that a phone could open. A room's page is ``<board>/room/<key>``.
    """

    role: Role
    school: str
    epoch: int
    server_time: Instant
    rules: Rules
    kiosk: KioskId | None = None
    room: RoomKey | None = None
    board: str = ""
    operator: int = 0
    name: str = ""


class PairingCode(Message, frozen=True, kw_only=True, omit_defaults=True, tag="pairing-code"):
    """What a door that is not paired has to show (to that door only); replaces the code before.

    Attributes:
        code: 8 characters, to be shown in two groups of four.
        until: When it ends; a new one comes before.
    """

    code: str
    until: Instant


class Paired(Message, frozen=True, kw_only=True, omit_defaults=True, tag="paired"):
    """A door belongs to a room from here on: the answer to `Pair`, and told to the door itself.

    The door keeps both and begins anew as ``kiosk``.

    Attributes:
        kiosk: Fingerprint of the door's key: the door shows the same.
        server: Fingerprint of the server's key; empty where the connection is plain.
        ref: The ``id`` of `Pair`; None to the door.
    """

    room: RoomKey
    kiosk: KioskId
    server: Hex = ""
    ref: RequestId | None = None


class Granted(Message, frozen=True, kw_only=True, omit_defaults=True, tag="granted"):
    """The access is in the log.

    Attributes:
        access: Its number, which is part of the token.
    """

    ref: RequestId
    seq: int
    access: int


class KnownDoor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A door that may report presses.

    Attributes:
        configured: It stands in the server's configuration.
        connected: It is connected now.
    """

    kiosk: KioskId
    room: RoomKey
    name: str = ""
    configured: bool = False
    connected: bool = False
    paired_at: Instant | None = None


class KnownAccess(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody, or a device, that may come in."""

    access: int
    role: AccessRole
    name: str
    granted_at: Instant
    room: RoomKey | None = None
    connected: bool = False


class Accesses(Message, frozen=True, kw_only=True, omit_defaults=True, tag="accesses"):
    """The answer to `AskAccess`, in several messages where one would be too long.

    Attributes:
        more: Another one follows.
    """

    ref: RequestId
    doors: tuple[KnownDoor, ...] = ()
    accesses: tuple[KnownAccess, ...] = ()
    more: bool = False


class Notice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice that the desk put on doors.

    Attributes:
        number: Position of its posting in the log; what `WithdrawNotice` names.
        topic: Which doors show it: ``school``, ``wing/L``, ``type/petit`` or ``room/L213``.
        until: When it ends by itself.
    """

    number: int
    topic: str
    text: str
    posted_at: Instant
    until: Instant | None = None


class Notices(Message, frozen=True, kw_only=True, omit_defaults=True, tag="notices"):
    """All notices that stand, the newest first; replaces what was sent before.

    Sent with every snapshot, and whenever one was posted or withdrawn. One that ends by itself is hidden
    by whoever shows it, and left out of what is sent later.
    """

    notices: tuple[Notice, ...] = ()


class DoorCode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A code that a door's QR code carries for a while: who knows it stood before that door."""

    code: str
    since: Instant
    until: Instant


class DoorCodes(Message, frozen=True, kw_only=True, omit_defaults=True, tag="door-codes"):
    """The codes of a door for now and the next minutes (to that door only); replaces older ones.

    The QR code shows ``<board>/room/<key>#<code>`` with the newest code that holds already, and
    the link without it when none does.
    """

    codes: tuple[DoorCode, ...]


class Unlocked(Message, frozen=True, kw_only=True, omit_defaults=True, tag="unlocked"):
    """The code was right: until then this connection may say `SayPresence` and `SetHeadcount` of the room."""

    ref: RequestId
    room: RoomKey
    until: Instant


class RulesSet(Message, frozen=True, kw_only=True, omit_defaults=True, tag="rules"):
    """The school's rules changed."""

    rules: Rules


class SnapshotBegin(Message, frozen=True, kw_only=True, omit_defaults=True, tag="snapshot-begin"):
    """What follows is the state at a position of the log.

    Attributes:
        whole: Rooms not named before `SnapshotEnd` no longer exist; else only changes follow.
    """

    epoch: int
    seq: int
    whole: bool = True


class SnapshotEnd(Message, frozen=True, kw_only=True, omit_defaults=True, tag="snapshot-end"):
    """The snapshot is complete."""

    seq: int


class DayBooking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking of the days shown; the title only for those who may see it."""

    id: BookingId
    start: Instant
    end: Instant
    first_seen: Instant
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    title: str | None = None


class DayClosure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The room is out of order."""

    since: Instant
    until: Instant | None = None
    reason: str | None = None


class RoomDay(Message, frozen=True, kw_only=True, omit_defaults=True, tag="room-day"):
    """A room with its bookings of yesterday's rest, today and tomorrow.

    Attributes:
        seq: Position of the newest event that it contains.
        readings: For each local day, when its timetables were last believed.
        retired: The room no longer exists.
        plan: The statuses to the end of the day.
    """

    room: RoomKey
    seq: int
    info: RoomInfo | None
    bookings: tuple[DayBooking, ...]
    readings: dict[date, Instant]
    closure: DayClosure | None = None
    retired: bool = False
    plan: tuple[Stretch, ...] = ()


class RoomPresence(Message, frozen=True, kw_only=True, omit_defaults=True, tag="room-presence"):
    """Who said what in a room: all that a press can change.

    Attributes:
        seq: Position of the newest event that it contains.
        confirmed: When the bookings of the days shown were confirmed.
        watched_since: Since when a door of the room has been connected; None when none is.
        headcount: How many people are there, where somebody counted those who are there now.
        headcount_until: Until when that holds, if nothing new happens.
        plan: The statuses to the end of the day.
    """

    room: RoomKey
    seq: int
    last: LastIntent | None = None
    confirmed: dict[BookingId, Instant] = {}
    watched_since: Instant | None = None
    headcount: int | None = None
    headcount_until: Instant | None = None
    plan: tuple[Stretch, ...] = ()


class TimetablesRead(Message, frozen=True, kw_only=True, omit_defaults=True, tag="timetables-read"):
    """Timetables were read: replaces ``readings`` of every `RoomDay`; what else changed is told by itself.

    Attributes:
        readings: For each local day, when the timetables of most rooms were last believed.
        others: The rooms of which that is not true, each with its own.
    """

    readings: dict[date, Instant]
    others: dict[RoomKey, dict[date, Instant]] = {}


class Pressed(Message, frozen=True, kw_only=True, omit_defaults=True, tag="pressed"):
    """The press is in the log, on disk; each delivery of it gets this same answer.

    Attributes:
        ref: Name of the press.
    """

    ref: EventId
    seq: int
    effect: Effect
    until: Instant | None = None


class Found(Message, frozen=True, kw_only=True, omit_defaults=True, tag="found"):
    """The answer to `Find`."""

    ref: RequestId
    answer: Answer


class Done(Message, frozen=True, kw_only=True, omit_defaults=True, tag="done"):
    """What was asked for, or felt by a sensor, is in the log; what is not kept there is done.

    Attributes:
        seq: Its position in the log; of what is not kept, the log's present end.
    """

    ref: RequestId
    seq: int


class SourceReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one timetable is.

    Attributes:
        tried_at: When it was last tried.
        read_at: When today was last read and believed.
        failures: Failures in a row.
        bookings: Bookings that the last believed reading held.
        problems: How many things in it could not be understood.
        strangers: Rooms that it spoke of and that we do not know.
        roomless: How many bookings in it name no room.
        missing: Rooms that we have and that it never spoke of.
        shadowed: Coming bookings of it that do not count: a timetable before it says otherwise.
        next_try: When it will be tried again.
    """

    source: SourceName
    kind: str
    outcome: Outcome | None = None
    reason: str = ""
    tried_at: Instant | None = None
    read_at: Instant | None = None
    failures: int = 0
    bookings: int = 0
    problems: int = 0
    strangers: tuple[str, ...] = ()
    roomless: int = 0
    missing: tuple[RoomKey, ...] = ()
    shadowed: int = 0
    next_try: Instant | None = None


class Sources(Message, frozen=True, kw_only=True, omit_defaults=True, tag="sources"):
    """The answer to `AskSources`."""

    ref: RequestId
    sources: tuple[SourceReport, ...]


class Refused(Message, frozen=True, kw_only=True, omit_defaults=True, tag="refused"):
    """A message was not followed; the connection stays unless the code says otherwise.

    Attributes:
        ref: The ``id`` of the request, or the name of the press.
    """

    code: Code
    reason: str
    ref: RequestId | EventId | None = None


class Heartbeat(Message, frozen=True, kw_only=True, omit_defaults=True, tag="heartbeat"):
    """The server lives, and this is its clock."""

    server_time: Instant
    epoch: int
    seq: int


class Pong(Message, frozen=True, kw_only=True, omit_defaults=True, tag="pong"):
    """The answer to `Ping`."""

    ref: RequestId
    server_time: Instant


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody, or something, that is connected.

    Attributes:
        name: Unique among those who are here: a person's own, ``door L213``, ``device lab``; whoever
            comes second with a name gets ``-2`` behind it.
        room: A door's or a device's.
        channels: Those that a person joined.
    """

    name: str
    role: Role
    since: Instant
    room: RoomKey | None = None
    channels: tuple[str, ...] = ()


class Roster(Message, frozen=True, kw_only=True, omit_defaults=True, tag="roster"):
    """Who is here (topic ``roster``): told when somebody subscribes, then `Joined` and `Left`.

    Boards are counted and not named. Whoever uses the server's own token without a name, as the commands
    on its machine do, is not in it.

    Attributes:
        you: The name under which the others see who subscribed; empty for one that is not in it.
        more: The list goes on in the next message.
    """

    members: tuple[Member, ...]
    boards: int = 0
    you: str = ""
    more: bool = False


class Joined(Message, frozen=True, kw_only=True, omit_defaults=True, tag="joined"):
    """Somebody came, or came into a channel.

    Attributes:
        member: As they are now.
        channel: The channel; empty where they came at all.
    """

    member: Member
    channel: str = ""


class Left(Message, frozen=True, kw_only=True, omit_defaults=True, tag="left"):
    """Somebody went, or went out of a channel.

    Attributes:
        member: As they are now; of one that is gone, as they were.
        how: With a goodbye; without one; or because the same door came again by another connection.
        channel: The channel; empty where they went altogether.
    """

    member: Member
    how: Literal["goodbye", "cut off", "replaced"] = "goodbye"
    channel: str = ""


class Boards(Message, frozen=True, kw_only=True, omit_defaults=True, tag="boards"):
    """How many boards are connected (topic ``roster``): told with the heartbeat when it changed."""

    count: int


class Said(Message, frozen=True, kw_only=True, omit_defaults=True, tag="said"):
    """Somebody said something in a channel; told to all who are in it, the sender too.

    Attributes:
        name: Who, as in `Roster`.
        action: It tells what they do.
    """

    channel: str
    name: str
    text: str
    at: Instant
    action: bool = False


class Happened(Message, frozen=True, kw_only=True, omit_defaults=True, tag="happened"):
    """An event, as it is in the log, without its personal part (topic ``feed``).

    Attributes:
        at: When it happened.
        recorded_at: When it was written.
        stream: ``school`` or ``room/L213``.
    """

    seq: int
    at: Instant
    recorded_at: Instant
    stream: str
    event: AnyEvent


class Missed(Message, frozen=True, kw_only=True, omit_defaults=True, tag="missed"):
    """Events that were not sent, because too much waited for this client, or one was too long.

    Attributes:
        first: Position of the first of them.
        last: Position of the last; all between are missed, too.
    """

    first: int
    last: int


ClientMessage = (
    Hello
    | Subscribe
    | Unsubscribe
    | SendPress
    | Watching
    | Stuck
    | SendSensed
    | SetHeadcount
    | PostNotice
    | WithdrawNotice
    | Unlock
    | SayPresence
    | Find
    | CloseRoom
    | ReopenRoom
    | AnnotateRoom
    | AskSources
    | JudgeReading
    | Pair
    | RevokeDoor
    | GrantAccess
    | RevokeAccess
    | AskAccess
    | JoinChannel
    | LeaveChannel
    | Say
    | Ping
)
ServerMessage = (
    Challenge
    | Welcome
    | PairingCode
    | Paired
    | Granted
    | Accesses
    | RulesSet
    | Notices
    | DoorCodes
    | Unlocked
    | SnapshotBegin
    | RoomDay
    | RoomPresence
    | SnapshotEnd
    | TimetablesRead
    | Pressed
    | Found
    | Done
    | Sources
    | Refused
    | Heartbeat
    | Pong
    | Roster
    | Joined
    | Left
    | Boards
    | Said
    | Happened
    | Missed
)

_encoder = msgspec.json.Encoder()


# Made when the first message comes: a door's first picture does not wait for them (6 ms of 100).
@cache
def _from_client() -> msgspec.json.Decoder[ClientMessage]:
    return msgspec.json.Decoder(ClientMessage)


@cache
def _from_server() -> msgspec.json.Decoder[ServerMessage]:
    return msgspec.json.Decoder(ServerMessage)


def encode(message: ClientMessage | ServerMessage) -> str:
    """Write a message as the text that travels."""
    return _encoder.encode(message).decode()


_TOO_DEEP = "JSON is nested too deep"


def read_client_message(text: str | bytes) -> ClientMessage:
    """Read what a client sent.

    Raises:
        WireError: It is none of the client's messages; the text says what is wrong where.
    """
    try:
        return _from_client().decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(str(error)) from error
    except RecursionError:
        raise WireError(_TOO_DEEP) from None


def read_server_message(text: str | bytes) -> ServerMessage:
    """Read what the server sent.

    Raises:
        WireError: It is none of the server's messages.
    """
    try:
        return _from_server().decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(str(error)) from error
    except RecursionError:
        raise WireError(_TOO_DEEP) from None
