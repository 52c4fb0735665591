"""Small makers of events and states, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from events import wire
from events.decide import Decision, decide, decide_motion
from events.domain import (
    AnyEvent,
    BookingAdded,
    Hours,
    Intent,
    MotionSeen,
    Part,
    Policy,
    PresencePressed,
    Press,
    Recorded,
    RoomEvent,
    RoomInfo,
)
from events.ids import (
    SCHOOL_STREAM,
    BookingId,
    EventId,
    KioskId,
    RoomKey,
    SourceName,
    press_id,
    room_stream,
    sensed_id,
)
from events.log import Batch, Draft
from events.projection import restore, room_day, room_presence
from events.state import Booking, RoomState, Rules, fold
from events.status import Known

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 11, 20)
"""A Friday, one hour ahead of UTC in Paris."""
ROOM = RoomKey("L213")
OASIS = SourceName("oasis")
DOOR = KioskId("d" * 32)
PART = Part(month="2026-11", commitment="c" * 64)


def at(clock: str, day: date = DAY) -> datetime:
    """Tell the instant at which clocks in Paris show ``HH:MM`` or ``HH:MM:SS``."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=PARIS).astimezone(UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def booking(
    start: str | datetime,
    end: str | datetime,
    name: str = "b1",
    *,
    first_seen: datetime | None = None,
    confirmed_at: str | None = None,
    all_day: bool = False,
    unsure: bool = False,
    kind: str = "",
) -> Booking:
    return Booking(
        id=BookingId(name),
        source=OASIS,
        start=at(start) if isinstance(start, str) else start,
        end=at(end) if isinstance(end, str) else end,
        first_seen=first_seen or at("00:00"),
        text=EventId(f"text-of-{name}"),
        month="2026-11",
        all_day=all_day,
        unsure=unsure,
        kind=kind,
        confirmed_at=at(confirmed_at) if confirmed_at else None,
    )


def room(*bookings: Booking, key: RoomKey = ROOM, joined: datetime | None = None) -> RoomState:
    """Make a room with a door that has been connected since midnight, unless told."""
    return RoomState(
        key=key,
        info=RoomInfo(name=key),
        bookings={b.id: b for b in bookings},
        kiosks={DOOR: joined or at("00:00")},
        version=1,
        seq=1,
    )


def known(
    state: RoomState,
    *,
    policy: Policy | None = None,
    hours: Hours | None = None,
    rules: Rules | None = None,
    read_at: str | datetime | None = "08:00",
) -> Known:
    """Gather a room with a timetable of today that was read at ``read_at`` and never gets too old."""
    rules = rules or Rules(
        zone="Europe/Paris",
        policy=policy or Policy(unknown_after=24 * 60),
        hours=hours or Hours(),
    )
    moment = at(read_at) if isinstance(read_at, str) else read_at
    return Known(room=state, rules=rules, readings={DAY: moment} if moment else {})


def press(
    n: int = 1, intent: Intent = "present", *, of: RoomKey = ROOM, for_minutes: int | None = None
) -> Press:
    return Press(
        kiosk=DOOR,
        outbox="outbox",
        n=n,
        room=of,
        intent=intent,
        minutes=for_minutes,
        boot_id="boot",
        boottime=1_000 * n,
        wall=at("08:00") + minutes(n),
    )


def name_of(p: Press) -> EventId:
    return press_id(p.kiosk, p.outbox, p.n)


def decided(
    state: RoomState, p: Press, pressed_at: datetime, policy: Policy | None = None
) -> tuple[Decision, PresencePressed]:
    decision = decide(state, p, name=name_of(p), pressed_at=pressed_at, policy=policy or Policy())
    event = PresencePressed(
        room=state.key,
        press=p,
        signature="00",
        pressed_at=pressed_at,
        earliest=pressed_at,
        received_at=pressed_at,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )
    return decision, event


def motion_name(n: int) -> EventId:
    return sensed_id(DOOR, "0123abcd", n)


def moved(state: RoomState, n: int, seen_at: datetime, policy: Policy) -> tuple[Decision, MotionSeen]:
    """Decide a motion, as `decided` does a press."""
    decision = decide_motion(state, name=motion_name(n), seen_at=seen_at, policy=policy)
    event = MotionSeen(
        room=state.key,
        kiosk=DOOR,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )
    return decision, event


def after(
    state: RoomState, *presses: tuple[str | datetime, Intent], policy: Policy | None = None
) -> RoomState:
    """Tell the room's state after presses at these times of the day, each decided on the one before."""
    for offset, (clock, intent) in enumerate(presses):
        moment = at(clock) if isinstance(clock, str) else clock
        p = press(state.version + offset, intent)
        state = fold(state, recorded_after(state, decided(state, p, moment, policy)[1], name=name_of(p)))
    return state


def recorded_after(
    state: RoomState, event: RoomEvent, *, name: EventId | None = None, happened: datetime | None = None
) -> Recorded:
    """Put the next event of a room into its envelope."""
    happened = event.pressed_at if isinstance(event, PresencePressed) else happened or at("08:00")
    return Recorded(
        seq=state.seq + 1,
        id=name or EventId(f"e{state.seq + 1}"),
        stream=room_stream(state.key),
        version=state.version + 1,
        at=happened,
        recorded_at=happened,
        event=event,
    )


def added(
    name: str = "b1", start: str = "09:00", end: str = "10:00", *, of: RoomKey = ROOM, part: Part = PART
) -> BookingAdded:
    return BookingAdded(
        room=of, booking=BookingId(name), source=OASIS, start=at(start), end=at(end), part=part
    )


def draft(
    name: str, event: AnyEvent, *, happened: datetime | None = None, text: bytes | None = None
) -> Draft:
    of: RoomKey | None = getattr(event, "room", None)
    stream = room_stream(of) if of is not None else SCHOOL_STREAM
    return Draft(id=EventId(name), stream=stream, at=happened or at("08:00"), event=event, text=text)


def batch(*drafts: Draft, expected: tuple[str, int] | None = None) -> Batch:
    return Batch(drafts=drafts, expected=expected)


def seqs(records: Iterable[Recorded]) -> list[int]:
    return [recorded.seq for recorded in records]


def positions(records: Sequence[Recorded]) -> list[tuple[int, str, int]]:
    return [(recorded.seq, recorded.stream, recorded.version) for recorded in records]


def travelled(k: Known, now: datetime) -> Known:
    """Send a room through the wire and make a room of what arrives."""
    day = wire.read_server_message(wire.encode(room_day(k, now)))
    presence = wire.read_server_message(wire.encode(room_presence(k, now)))
    assert isinstance(day, wire.RoomDay)
    assert isinstance(presence, wire.RoomPresence)
    return restore(day, presence, k.rules)
