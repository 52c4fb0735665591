"""What a press means: the one decision of the system, made once, kept in the event.

The effect is that at the moment of the press, among the bookings known when it is received,
under the policy then in force. A replay never comes here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from events.domain import Effect, Policy, Press
from events.ids import BookingId, EventId
from events.state import Booking, LastIntent, RoomState


class Decision(Struct, frozen=True, kw_only=True):
    """The effect of a press: see `events.domain.PresencePressed`."""

    effect: Effect
    until: datetime | None = None
    confirms: tuple[BookingId, ...] = ()


def decide(room: RoomState, press: Press, *, name: EventId, pressed_at: datetime, policy: Policy) -> Decision:
    """Decide what a press does.

    Whom a press speaks for is settled without looking at other presses: the bookings that run,
    and where none does, those that it may confirm early. So presence is the same in whatever
    order presses arrive. Only *which* booking a press confirms looks at what was confirmed
    before: one who presses while a confirmed booking runs belongs to it, and does not also
    confirm the next.

    Args:
        room: The room as it is known now.
        press: What the door signed.
        name: Name of the press.
        pressed_at: When it happened.
        policy: The school's rules.

    Returns:
        The decision; its ``until`` counts from ``pressed_at``.
    """
    if room.last is not None and room.last.order > (pressed_at, name):
        return Decision(effect="superseded")
    before = timedelta(minutes=policy.check_in_before)
    window = [b for b in room.bookings.values() if b.due and b.start - before <= pressed_at < b.end]
    running = [b for b in window if b.start <= pressed_at]
    speaks_for = running or window
    if press.intent == "leaving":
        was_here = present(room.last, pressed_at) or any(b.confirmed_at for b in speaks_for)
        return Decision(effect="left" if was_here else "none")
    if speaks_for:
        confirmed_and_running = [
            b for b in running if b.confirmed_at is not None and not left(b, room.last, policy)
        ]
        confirms = confirmed_and_running or window
        new = any(b.confirmed_at is None for b in confirms)
        return Decision(
            effect="check-in" if new else "renewed",
            until=max(b.end for b in speaks_for),
            confirms=tuple(sorted(b.id for b in confirms)),
        )
    until = pressed_at + timedelta(minutes=press.minutes or policy.walk_in)
    following = [b.start for b in room.bookings.values() if pressed_at < b.start < until]
    renewed = present(room.last, pressed_at)
    return Decision(effect="renewed" if renewed else "walk-in", until=min([until, *following]))


def present(last: LastIntent | None, now: datetime) -> bool:
    """Tell whether somebody is in the room, as far as presses say."""
    return last is not None and last.until is not None and last.pressed_at <= now < last.until


def left(booking: Booking, last: LastIntent | None, policy: Policy) -> bool:
    """Tell whether those of a booking have said that they leave, and nobody since that they are here."""
    if last is None or last.intent != "leaving":
        return False
    if booking.start <= last.pressed_at:
        return last.pressed_at < booking.end
    # Left before the start: those who had come early.
    return booking.start - timedelta(minutes=policy.check_in_before) <= last.pressed_at and (
        booking.confirmed_at is not None and booking.confirmed_at <= last.pressed_at
    )
