"""What is said to whoever asked for something, once the log has it. Pure."""

from __future__ import annotations

from actors import messages as m
from events import domain as e
from events.errors import LogConflict
from events.ids import EventId, phone_number, sensed_number
from events.wire import Done, Granted, Paired, Pressed, Refused


def ref_of(name: EventId) -> int | EventId:
    """Tell by what the door knows a press, or what was sensed; by what a phone knows its request."""
    number = sensed_number(name)
    if number is None:
        number = phone_number(name)
    return name if number is None else number


def answers(message: m.Committed) -> tuple[tuple[EventId, Pressed | Done | Refused], ...]:
    """Acknowledge what doors sent among what was recorded, now or earlier."""
    made: list[tuple[EventId, Pressed | Done | Refused]] = []
    for append, result in message.results:
        if isinstance(result, LogConflict):
            if isinstance(append.ref, m.RecordSensed):
                name = append.ref.name
                made.append((name, Refused(code="bad-message", reason=str(result), ref=ref_of(name))))
            continue
        for recorded in result:
            event, name = recorded.event, recorded.id
            if isinstance(event, e.PresencePressed):
                by_phone = phone_number(name)
                if by_phone is not None:
                    made.append((name, Done(ref=by_phone, seq=recorded.seq)))
                    continue
                pressed = Pressed(ref=name, seq=recorded.seq, effect=event.effect, until=event.until)
                made.append((name, pressed))
            elif isinstance(event, e.MotionSeen | e.AirMeasured):
                number = sensed_number(name)
                if number is not None:
                    made.append((name, Done(ref=number, seq=recorded.seq)))
    return tuple(made)


def replies(message: m.Committed) -> tuple[tuple[m.Session, Done | Paired | Granted], ...]:
    """Tell whoever ordered something that it is in the log."""
    return tuple(
        (append.ref.session, _done(append.ref, result[-1]))
        for append, result in message.results
        if isinstance(append.ref, m.Order) and not isinstance(result, LogConflict)
    )


def _done(order: m.Order, recorded: e.Recorded) -> Done | Paired | Granted:
    match recorded.event:
        case e.DoorPaired(hangs_at=room, kiosk=kiosk):
            return Paired(ref=order.ref, room=room, kiosk=kiosk)
        case e.AccessGranted(access=number):
            return Granted(ref=order.ref, seq=recorded.seq, access=number)
    return Done(ref=order.ref, seq=recorded.seq)
