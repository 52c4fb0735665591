"""What each event of a room makes of its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from events import domain as e
from events.ids import BookingId, EventId, SourceName
from events.state.room import Booking, Closure, Headcount, LastIntent, RoomState, stays_until

KEEP_BOOKINGS = timedelta(days=40)
"""Bookings that ended so long before the newest one was recorded are dropped from the state.
A door keeps its presses for 30 days, and a press is decided among the bookings of its time."""


def fold(room: RoomState, recorded: e.Recorded) -> RoomState:
    """Add one event of the room's stream to its state.

    Args:
        room: The state before.
        recorded: The next event of the stream ``room/<key>``.

    Returns:
        The state after.
    """
    return FOLDS[type(recorded.event)](room, recorded, recorded.event)


def _pressed(room: RoomState, recorded: e.Recorded, event: e.PresencePressed) -> RoomState:
    at, bookings, moved, headcount = event.pressed_at, room.bookings, room.moved, room.headcount
    if event.confirms:
        bookings = _confirmed(bookings, event.confirms, at)
    newest = room.last if moved is None else room.said
    if newest is None or at > newest.pressed_at or (at == newest.pressed_at and recorded.id >= newest.press):
        newest = LastIntent(pressed_at=at, press=recorded.id, intent=event.press.intent, until=event.until)
    if moved is None and headcount is None:  # nearly every press of a replay
        return replace(room, bookings=bookings, last=newest, version=recorded.version, seq=recorded.seq)
    last, said, moved = (newest, None, None) if moved is None else _newest(newest, moved)
    if headcount is not None:
        headcount = _recounted(room, headcount, at, recorded.id, leaving=event.press.intent == "leaving")
    return replace(
        room,
        bookings=bookings,
        last=last,
        said=said,
        moved=moved,
        headcount=headcount,
        version=recorded.version,
        seq=recorded.seq,
    )


def _moved(room: RoomState, recorded: e.Recorded, event: e.MotionSeen) -> RoomState:
    if event.until is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    at = recorded.at
    last, said, moved, headcount = room.last, room.said, room.moved, room.headcount
    if headcount is not None:
        headcount = _recounted(room, headcount, at, recorded.id, leaving=False)
    motion = LastIntent(pressed_at=at, press=recorded.id, intent="present", until=event.until)
    if last is None or motion.order > last.order:
        last, said, moved = _newest(last if moved is None else said, motion)
    return replace(
        room,
        bookings=_confirmed(room.bookings, event.confirms, at),
        last=last,
        said=said,
        moved=moved,
        headcount=headcount,
        version=recorded.version,
        seq=recorded.seq,
    )


def _newest(
    said: LastIntent | None, motion: LastIntent
) -> tuple[LastIntent, LastIntent | None, LastIntent | None]:
    """Tell what holds of the newest press and the newest motion: `RoomState.last`, `said`, `moved`.

    It looks at these two alone, so it is the same in whatever order they came.
    """
    if said is None:
        return motion, None, motion
    if said.order > motion.order:
        return said, None, None
    if said.until is not None and motion.until is not None and said.until > motion.until:
        return replace(motion, until=said.until), said, motion
    return motion, said, motion


def _confirmed(
    bookings: dict[BookingId, Booking], confirms: Iterable[BookingId], at: datetime
) -> dict[BookingId, Booking]:
    for booking_id in confirms:
        booking = bookings.get(booking_id)
        if booking is None:
            continue
        if booking.confirmed_at is None or at < booking.confirmed_at:
            bookings = {**bookings, booking_id: replace(booking, confirmed_at=at)}
    return bookings


def _recounted(
    room: RoomState, headcount: Headcount, at: datetime, name: EventId, *, leaving: bool
) -> Headcount | None:
    """Tell what becomes of a count when somebody says that they are there, or leave.

    Args:
        room: The room before that is folded.
        headcount: Its count.
        at: When it was said.
        name: The press or motion that said it.
        leaving: What it said.
    """
    if room.last is not None and room.last.order > (at, name):
        # It came late. What it did between the count and what renewed it since is not known any
        # more, and a number that may be that of others is not shown.
        return headcount if headcount.stands_at == headcount.at else None
    if at <= headcount.at:
        return headcount
    ends = stays_until(room, headcount.stands_at)
    if leaving or ends is None or at >= ends:
        return None
    return replace(headcount, stands_at=at)


def _counted(room: RoomState, recorded: e.Recorded, event: e.HeadcountChanged) -> RoomState:
    headcount = Headcount(count=event.count, at=recorded.at, stands_at=recorded.at)
    return replace(room, headcount=headcount, version=recorded.version, seq=recorded.seq)


def _measured(room: RoomState, recorded: e.Recorded, _event: e.AirMeasured | e.RoomAnnotated) -> RoomState:
    return replace(room, version=recorded.version, seq=recorded.seq)


def _added(room: RoomState, recorded: e.Recorded, event: e.BookingAdded) -> RoomState:
    booking = Booking(
        id=event.booking,
        source=event.source,
        start=event.start,
        end=event.end,
        first_seen=recorded.at,
        text=recorded.id,
        month=event.part.month,
        all_day=event.all_day,
        unsure=event.unsure,
        kind=event.kind,
        series=event.series,
    )
    oldest = recorded.at - KEEP_BOOKINGS
    bookings = {**room.all_bookings, event.booking: booking}
    if any(known.end < oldest for known in bookings.values()):
        bookings = {key: known for key, known in bookings.items() if known.end >= oldest}
    return _booked(room, recorded, bookings, booking)


def _changed(room: RoomState, recorded: e.Recorded, event: e.BookingChanged) -> RoomState:
    known = room.all_bookings.get(event.booking)
    if known is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    booking = replace(
        known,
        start=event.start,
        end=event.end,
        text=recorded.id,
        month=event.part.month,
        all_day=event.all_day,
        unsure=event.unsure,
        kind=event.kind,
        series=event.series,
    )
    return _booked(room, recorded, {**room.all_bookings, event.booking: booking}, known, booking)


def _removed(room: RoomState, recorded: e.Recorded, event: e.BookingRemoved) -> RoomState:
    known = room.all_bookings.get(event.booking)
    if known is None:
        return replace(room, version=recorded.version, seq=recorded.seq)
    bookings = {key: b for key, b in room.all_bookings.items() if key != event.booking}
    return _booked(room, recorded, bookings, known)


def _booked(
    room: RoomState, recorded: e.Recorded, bookings: dict[BookingId, Booking], *changed: Booking
) -> RoomState:
    """Put a room's bookings in the place of those before, and settle which of them count.

    Args:
        room: The state before.
        recorded: What changed them.
        bookings: All bookings there are now.
        changed: Those that came, went or moved, as they were and as they are.
    """
    shadowed: dict[BookingId, Booking] = {}
    if room.shadowed or (room.info is not None and len(room.info.sources) > 1):
        sources = room.info.sources if room.info is not None else ()
        shadowed = {key: bookings[key] for key in room.shadowed if key in bookings}
        near = _touching(bookings.values(), min(b.start for b in changed), max(b.end for b in changed))
        for b in near:
            shadowed.pop(b.id, None)
        shadowed.update((b.id, b) for b in _overlapped(near, sources))
        bookings = {key: b for key, b in bookings.items() if key not in shadowed}
    return replace(room, bookings=bookings, shadowed=shadowed, version=recorded.version, seq=recorded.seq)


def _touching(bookings: Iterable[Booking], start: datetime, end: datetime) -> list[Booking]:
    """List the bookings that overlap a span, and those that overlap them, and so on."""
    away = list(bookings)
    near: list[Booking] = []
    while True:
        found = [b for b in away if b.start < end and b.end > start]
        if not found:
            return near
        near += found
        away = [b for b in away if not (b.start < end and b.end > start)]
        start, end = min(start, *(b.start for b in found)), max(end, *(b.end for b in found))


def _overlapped(bookings: Iterable[Booking], sources: tuple[SourceName, ...]) -> list[Booking]:
    """List the bookings that overlap one that counts of a timetable configured before theirs."""
    rank = {name: number for number, name in enumerate(sources)}
    counting: list[Booking] = []
    lost: list[Booking] = []
    for b in sorted(bookings, key=lambda b: rank.get(b.source, len(rank))):
        beaten = any(b.source != c.source and b.start < c.end and c.start < b.end for c in counting)
        (lost if beaten else counting).append(b)
    return lost


def _declared(room: RoomState, recorded: e.Recorded, event: e.RoomDeclared) -> RoomState:
    before = room.info
    same = (
        before is not None
        and not room.retired
        and (before.name, before.aliases, before.sources)
        == (event.info.name, event.info.aliases, event.info.sources)
    )
    since = room.since if same else recorded.at
    bookings, shadowed = room.bookings, room.shadowed
    if shadowed or (before is not None and before.sources != event.info.sources):
        bookings = room.all_bookings
        shadowed = {b.id: b for b in _overlapped(bookings.values(), event.info.sources)}
        bookings = {key: b for key, b in bookings.items() if key not in shadowed}
    return replace(
        room,
        info=event.info,
        retired=False,
        since=since,
        bookings=bookings,
        shadowed=shadowed,
        version=recorded.version,
        seq=recorded.seq,
    )


def _retired(room: RoomState, recorded: e.Recorded, _event: e.RoomRetired) -> RoomState:
    return replace(room, retired=True, version=recorded.version, seq=recorded.seq)


def _closed(room: RoomState, recorded: e.Recorded, event: e.RoomClosed) -> RoomState:
    closure = Closure(
        since=recorded.at,
        text=recorded.id,
        until=event.until,
        month=event.part.month if event.part else "",
    )
    return replace(room, closure=closure, version=recorded.version, seq=recorded.seq)


def _reopened(room: RoomState, recorded: e.Recorded, _event: e.RoomReopened) -> RoomState:
    return replace(room, closure=None, version=recorded.version, seq=recorded.seq)


def _joined(room: RoomState, recorded: e.Recorded, event: e.KioskJoined) -> RoomState:
    kiosks = {**room.kiosks, event.kiosk: recorded.at}
    return replace(room, kiosks=kiosks, version=recorded.version, seq=recorded.seq)


def _left(room: RoomState, recorded: e.Recorded, event: e.KioskLeft) -> RoomState:
    kiosks = {key: since for key, since in room.kiosks.items() if key != event.kiosk}
    return replace(room, kiosks=kiosks, version=recorded.version, seq=recorded.seq)


def _stuck(room: RoomState, recorded: e.Recorded, event: e.ButtonStuck) -> RoomState:
    stuck = tuple(sorted({*room.stuck, event.kiosk}))
    return replace(room, stuck=stuck, version=recorded.version, seq=recorded.seq)


def _freed(room: RoomState, recorded: e.Recorded, event: e.ButtonFreed) -> RoomState:
    stuck = tuple(kiosk for kiosk in room.stuck if kiosk != event.kiosk)
    return replace(room, stuck=stuck, version=recorded.version, seq=recorded.seq)


# Looked up by type: a `match` over the classes took three times as long in a replay.
FOLDS: dict[type[Any], Callable[[RoomState, e.Recorded, Any], RoomState]] = {
    e.PresencePressed: _pressed,
    e.BookingAdded: _added,
    e.BookingChanged: _changed,
    e.BookingRemoved: _removed,
    e.RoomDeclared: _declared,
    e.RoomRetired: _retired,
    e.RoomClosed: _closed,
    e.RoomReopened: _reopened,
    e.KioskJoined: _joined,
    e.KioskLeft: _left,
    e.ButtonStuck: _stuck,
    e.ButtonFreed: _freed,
    e.HeadcountChanged: _counted,
    e.MotionSeen: _moved,
    e.AirMeasured: _measured,
    e.RoomAnnotated: _measured,
}
