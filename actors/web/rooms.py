"""What everybody may see of the rooms, and `/rooms.json`, which tells it to other programs. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from events.ids import RoomKey
from events.state import Rules
from events.status import Stretch, day_of
from events.wire import RoomDay, RoomPresence


class Room(Struct, frozen=True, kw_only=True, gc=False):
    """One room as it travels to clients.

    Attributes:
        day: Its day as those see it who see no titles.
        titled: The same with titles.
    """

    day: RoomDay
    titled: RoomDay
    presence: RoomPresence

    @property
    def plan(self) -> Sequence[Stretch]:
        """The newest plan: both messages bring one, and a press renews that of the presence only."""
        day, presence = self.day.plan, self.presence.plan
        if day and presence:
            return day if day[0].start > presence[0].start else presence
        return presence or day


class Shown(Struct, frozen=True, kw_only=True):
    """What the server knows and the board may see.

    Attributes:
        version: Another number whenever anything else here changed.
        titles: Whether the board may see titles.
    """

    school: str
    epoch: int
    seq: int
    version: int
    rules: Rules
    rooms: Mapping[RoomKey, Room]
    titles: bool


class ListedBooking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking of today or tomorrow in `/rooms.json`.

    Attributes:
        confirmed_at: When somebody pressed for it.
        title: Only where the school shows titles to everybody.
    """

    start: datetime
    end: datetime
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    confirmed_at: datetime | None = None
    title: str | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """A room in `/rooms.json`.

    Attributes:
        status: One of ``in_use occupied booked unknown soon free``.
        available: Whether somebody may take it now.
        until: Until when all of this holds, as far as is known; None where no end is known.
        then: The status after that.
        read_at: When its timetables of today were last believed; None when they were not.
        people: How many people are there, where somebody counted.
    """

    room: RoomKey
    name: str
    wing: str
    type: str
    seats: int
    equipment: tuple[str, ...]
    status: str
    available: bool
    closed: bool
    out_of_order: bool
    released: bool
    until: datetime | None
    then: str | None
    read_at: datetime | None
    people: int | None
    bookings: tuple[ListedBooking, ...]


class Listing(Struct, frozen=True, kw_only=True):
    """`/rooms.json`: all rooms.

    Attributes:
        as_of: When it was made; it holds until ``until`` unless something new happens.
    """

    school: str
    zone: str
    epoch: int
    seq: int
    as_of: datetime
    until: datetime | None
    rooms: tuple[Listed, ...]


def stretch_at(plan: Sequence[Stretch], now: datetime) -> Stretch | None:
    """Find what a plan says of an instant; None behind its end, where nothing is known.

    An instant before its beginning, by a clock that was set back, is taken for the beginning.
    """
    number = max(0, bisect_right(plan, now, key=lambda stretch: stretch.start) - 1)
    if not plan or (plan[number].until is not None and now >= plan[number].until):  # type: ignore[operator]
        return None
    return plan[number]


def rooms_json(shown: Shown, now: datetime) -> tuple[bytes, datetime]:
    """Write all rooms as the board sees them.

    Args:
        shown: What the board may see.
        now: The time.

    Returns:
        The text, and when it is over: at the next change that is known by now.
    """
    rooms = tuple(_listed(shown.rooms[key], shown, now) for key in sorted(shown.rooms))
    ends = [room.until for room in rooms if room.until is not None]
    counted = [
        room.presence.headcount_until
        for room in shown.rooms.values()
        if room.presence.headcount_until is not None and room.presence.headcount_until > now
    ]
    until = min([*ends, *counted], default=None)
    listing = Listing(
        school=shown.school,
        zone=shown.rules.zone,
        epoch=shown.epoch,
        seq=shown.seq,
        as_of=now,
        until=until,
        rooms=rooms,
    )
    return msgspec.json.encode(listing), until or now + timedelta(minutes=1)


def _listed(room: Room, shown: Shown, now: datetime) -> Listed:
    day, presence, info = room.titled if shown.titles else room.day, room.presence, room.day.info
    stretch = stretch_at(room.plan, now)
    status = stretch.status if stretch else None
    until = stretch.until if stretch else None
    then = stretch_at(room.plan, until) if until is not None else None
    counted = presence.headcount_until is not None and now < presence.headcount_until
    return Listed(
        room=day.room,
        name=info.name if info else day.room,
        wing=info.wing if info else "",
        type=info.type if info else "",
        seats=info.seats if info else 0,
        equipment=tuple(
            name
            for name in ("whiteboard", "blackboard", "projector", "tv")
            if info is not None and getattr(info, name)
        ),
        status=status.name if status else "unknown",
        available=status.available if status else False,
        closed=status.closed if status else False,
        out_of_order=status.out_of_order if status else False,
        released=status.released if status else False,
        until=until,
        then=then.status.name if then else None,
        read_at=day.readings.get(day_of(shown.rules, now)),
        people=presence.headcount if counted else None,
        bookings=tuple(
            ListedBooking(
                start=b.start,
                end=b.end,
                all_day=b.all_day,
                unsure=b.unsure,
                kind=b.kind,
                confirmed_at=presence.confirmed.get(b.id),
                title=b.title,
            )
            for b in day.bookings
        ),
    )
