"""What a press does, before the server has said so: decided here as the server will."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from events.decide import Decision, decide
from events.domain import Intent, PresencePressed, Press, Recorded
from events.ids import EventId, KioskId, room_stream
from events.state import RoomState, Rules, fold
from events.status import Known
from kiosk.inbox import Noted


def foreseen(k: Known, presses: Iterable[tuple[Noted, datetime]], best: datetime) -> Known:
    """Tell what will be known of a room once presses are recorded that are not yet.

    Args:
        k: What is known of it.
        presses: The presses, oldest first, each with its best time.
        best: Now, in best time: what is pressed later has not happened.
    """
    room = k.room
    for noted, pressed_at in presses:
        if pressed_at > best or (room.last is not None and room.last.press == noted.press):
            continue
        room = _pressed(room, noted, pressed_at, k.rules)
    return replace(k, room=room)


def would_do(k: Known, minutes: int | None, at: datetime) -> Decision:
    """Tell what a touch that says ``present`` would do.

    Args:
        k: What is known of the room.
        minutes: For how long; None for the school's default.
        at: When, in best time.
    """
    press = _press(k.room, "present", minutes, at)
    # Later than any other press of the same instant.
    return decide(k.room, press, name=EventId("~"), pressed_at=at, policy=k.rules.policy)


def _pressed(room: RoomState, noted: Noted, pressed_at: datetime, rules: Rules) -> RoomState:
    press = _press(room, noted.intent, noted.minutes, pressed_at)
    decision = decide(room, press, name=noted.press, pressed_at=pressed_at, policy=rules.policy)
    event = PresencePressed(
        room=room.key,
        press=press,
        signature="",
        pressed_at=pressed_at,
        earliest=pressed_at,
        received_at=pressed_at,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )
    recorded = Recorded(
        seq=room.seq,
        id=noted.press,
        stream=room_stream(room.key),
        version=room.version,
        at=pressed_at,
        recorded_at=pressed_at,
        event=event,
    )
    return fold(room, recorded)


def _press(room: RoomState, intent: Intent, minutes: int | None, pressed_at: datetime) -> Press:
    return Press(
        kiosk=KioskId(""),
        outbox="",
        n=0,
        room=room.key,
        intent=intent,
        minutes=minutes,
        boot_id="",
        boottime=0,
        wall=pressed_at,
    )
