"""What a door showed at an instant: as was known then, and as is known now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from events import domain as e
from events.decide import decide, decide_motion
from events.ids import EventId, RoomKey, room_stream
from events.log import EventLog
from events.notices import standing, topics_of
from events.projection import room_day, room_presence
from events.report.story import seq_before
from events.state import RoomState, SchoolState, fold
from events.status import Stretch, known, stretch_at


class Shown(Struct, frozen=True, kw_only=True):
    """What a door showed, as far as the log tells.

    Attributes:
        seq: The newest event that was known.
        connected: Whether the room's door was connected; one that was not showed what it had last heard,
            and said since when.
        state: The room.
    """

    at: datetime
    room: RoomKey
    seq: int
    corrected: bool
    stretch: Stretch
    connected: bool
    school: SchoolState
    state: RoomState


def shown_at(school: SchoolState, room: RoomKey, at: datetime, *, corrected: bool = False) -> Shown:
    """Tell what a door showed.

    Args:
        school: As it was known at that instant.
        room: The room; `LookupError` where it was not configured then.
        at: The instant.
        corrected: Whether the state is one that was corrected.
    """
    state = school.rooms[room]
    connected = any(
        school.started_at is None or since >= school.started_at for since in state.kiosks.values()
    )
    return Shown(
        at=at,
        room=room,
        seq=school.seq,
        corrected=corrected,
        stretch=stretch_at(known(school, state), at),
        connected=connected and not school.stopped,
        school=school,
        state=state,
    )


def corrected(log: EventLog, school: SchoolState, room: RoomKey, at: datetime) -> SchoolState:
    """Tell the state of a room at an instant from all that is known now of what had happened by then.

    A second fold, of the room's events in order of when they happened and not of when they came: what a
    press meant is decided anew, each on what had happened before it. Timetables stay as they were read.

    Args:
        log: The log.
        school: As it was known at the instant; not changed.
        room: The room.
        at: The instant.
    """
    last = seq_before(log, at + timedelta(days=31))  # for so long a door keeps what it could not deliver
    happened = [r for r in log.read(until=last, stream=room_stream(room)) if r.at <= at]
    happened.sort(key=lambda r: (r.at, r.seq))
    state, policy = RoomState(key=room), school.rules.policy
    for recorded in happened:
        event = recorded.event
        if isinstance(event, e.PresencePressed):
            anew = decide(state, event.press, name=recorded.id, pressed_at=event.pressed_at, policy=policy)
            event = replace(event, effect=anew.effect, until=anew.until, confirms=anew.confirms)
        elif isinstance(event, e.MotionSeen):
            anew = decide_motion(state, name=recorded.id, seen_at=recorded.at, policy=policy)
            event = replace(event, effect=anew.effect, until=anew.until, confirms=anew.confirms)
        state = fold(state, replace(recorded, event=event))
    again = SchoolState()
    vars(again).update(vars(school))
    again.rooms = {**school.rooms, room: state}
    return again


def as_json(shown: Shown, texts: Mapping[EventId, str] | None) -> dict[str, Any]:
    """Write it as ``toctoc audit screen --json`` prints it: what the gateway would have sent, and more."""
    k = known(shown.school, shown.state)
    topics = topics_of(shown.room, shown.state.info)
    return {
        "at": shown.at,
        "room": shown.room,
        "seq": shown.seq,
        "corrected": shown.corrected,
        "connected": shown.connected,
        "status": shown.stretch,
        "day": room_day(k, shown.at, texts),
        "presence": room_presence(k, shown.at),
        "notices": [
            {"number": notice.number, "text": texts.get(notice.text) if texts is not None else None}
            for notice in standing(shown.school.notices.values(), shown.at)
            if notice.topic in topics
        ],
    }
