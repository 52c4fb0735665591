"""What a press means, or a motion: the one decision of the system, made once, kept in the event.

The effect is that at the moment of the press, among the bookings known when it is received,
under the policy then in force. A replay never comes here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from events.domain import Effect, Intent, Policy, Press
from events.ids import BookingId, EventId
from events.state import Booking, LastIntent, RoomState


class Decision(Struct, frozen=True, kw_only=True):
    """The effect of a press or a motion: see `events.domain.PresencePressed` and `MotionSeen`."""

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
    last, order = room.last, (pressed_at, name)
    if last is not None and last.order > order:
        if room.moved is None or (room.said is not None and room.said.order > order):
            return Decision(effect="superseded")
        # Only a motion is newer, and that takes nothing away from what is said.
        last = room.said
    return _decided(room, press.intent, press.minutes or policy.walk_in, last, pressed_at, policy)


def decide_motion(room: RoomState, *, name: EventId, seen_at: datetime, policy: Policy) -> Decision:
    """Decide what a motion does: that of a press ``present`` for `Policy.motion_counts_for` minutes.

    Args:
        room: The room as it is known now.
        name: Name of the motion.
        seen_at: When it happened.
        policy: The school's rules; where they do not count motion, the effect is ``none``.

    Returns:
        The decision; its ``until`` counts from ``seen_at``, and is the motion's own: see
        `events.domain.MotionSeen`.
    """
    if not policy.motion_counts_for:
        return Decision(effect="none")
    if room.last is not None and room.last.order > (seen_at, name):
        return Decision(effect="superseded")
    return _decided(room, "present", policy.motion_counts_for, room.last, seen_at, policy)


def _decided(
    room: RoomState,
    intent: Intent,
    minutes: int,
    last: LastIntent | None,
    pressed_at: datetime,
    policy: Policy,
) -> Decision:
    before = timedelta(minutes=policy.check_in_before)
    window = [b for b in room.bookings.values() if b.due and b.start - before <= pressed_at < b.end]
    running = [b for b in window if b.start <= pressed_at]
    speaks_for = running or window
    if intent == "leaving":
        was_here = present(last, pressed_at) or any(b.confirmed_at for b in speaks_for)
        return Decision(effect="left" if was_here else "none")
    if speaks_for:
        confirmed_and_running = [
            b for b in running if b.confirmed_at is not None and not left(b, last, policy)
        ]
        confirms = confirmed_and_running or window
        new = any(b.confirmed_at is None for b in confirms)
        return Decision(
            effect="check-in" if new else "renewed",
            until=max(b.end for b in speaks_for),
            confirms=tuple(sorted(b.id for b in confirms)),
        )
    until = pressed_at + timedelta(minutes=minutes)
    following = [b.start for b in room.bookings.values() if pressed_at < b.start < until]
    renewed = present(last, pressed_at)
    return Decision(effect="renewed" if renewed else "walk-in", until=min([until, *following]))


def present(last: LastIntent | None, now: datetime) -> bool:
    """Tell whether somebody is in the room, as far as presses and counted motions say."""
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
