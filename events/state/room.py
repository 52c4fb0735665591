"""What is known of one room: its bookings, who said that they are there, its doors. Immutable."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events import domain as e
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName


class Booking(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A booking as it is now.

    Attributes:
        first_seen: When it appeared in its timetable, for us.
        confirmed_at: The earliest press that confirmed it.
        text: The event whose personal part holds its title.
        month: The file in which that part lies.
    """

    id: BookingId
    source: SourceName
    start: datetime
    end: datetime
    first_seen: datetime
    text: EventId
    month: str
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    series: str = ""
    confirmed_at: datetime | None = None

    @property
    def due(self) -> bool:
        """Whether somebody can be expected to confirm it."""
        return not (self.all_day or self.unsure)


class LastIntent(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The newest thing that somebody said by a press; older ones no longer matter.

    Where the school counts motion, a motion says ``present`` as a press does, and may be the newest.

    Attributes:
        press: Name of the press, or of the motion.
        until: Until when somebody is present; None when they left.
    """

    pressed_at: datetime
    press: EventId
    intent: e.Intent
    until: datetime | None = None

    @property
    def order(self) -> tuple[datetime, EventId]:
        """What makes one press newer than another, whatever the order in which they came."""
        return self.pressed_at, self.press


class Closure(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The desk put the room out of order."""

    since: datetime
    text: EventId
    until: datetime | None = None
    month: str = ""


class Headcount(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How many people somebody counted in a room.

    Attributes:
        at: When.
        stands_at: The newest instant of which it is known that the presence counted was still the
            same: that of the count, then that of each renewal.
    """

    count: int
    at: datetime
    stands_at: datetime


class RoomState(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Everything that is known of one room.

    Attributes:
        bookings: Those that count.
        shadowed: Those that overlap one of a timetable that is configured before theirs: of two
            timetables that disagree the first is right, and the other is kept in sight.
        since: Since when it is known as it is: readings of timetables before that say nothing of it.
        last: The newest intent: a press, or a motion that counts. Such a motion never shortens what
            was said: it lasts until the later end of the two.
        said: The newest press, where a motion is newer.
        moved: That motion, with the end that it has by itself; None where a press is the newest.
        headcount: The last count, unless the presence counted has ended by a new one, or by leaving;
            whether it holds at an instant is told by `events.status.headcount_at`.
        version: Position of its newest event in its own stream.
        seq: Position of that event in the log.
        kiosks: The doors that joined and since when; one that joined before the server's last
            start does not count (see `events.status`).
        stuck: The doors whose button is stuck.
    """

    key: RoomKey
    info: e.RoomInfo | None = None
    retired: bool = False
    since: datetime | None = None
    bookings: dict[BookingId, Booking] = {}
    shadowed: dict[BookingId, Booking] = {}
    last: LastIntent | None = None
    closure: Closure | None = None
    kiosks: dict[KioskId, datetime] = {}
    stuck: tuple[KioskId, ...] = ()
    said: LastIntent | None = None
    moved: LastIntent | None = None
    headcount: Headcount | None = None
    version: int = 0
    seq: int = 0

    @property
    def all_bookings(self) -> dict[BookingId, Booking]:
        """All that any timetable says, whether it counts or not."""
        return {**self.bookings, **self.shadowed} if self.shadowed else self.bookings


def stays_until(room: RoomState, at: datetime) -> datetime | None:
    """Tell until when the presence lasts that there is at an instant.

    That is what was said, and the bookings that were confirmed and run then: one who confirmed the
    next booking is there in it, although the presence that was pressed ended with the one before.

    Returns:
        None where nobody is known to be there at that instant, or all have left.
    """
    last = room.last
    if last is None or last.intent == "leaving":
        return None
    ends = [
        b.end
        for b in room.bookings.values()
        if b.due and b.confirmed_at is not None and b.confirmed_at <= at and b.start <= at < b.end
    ]
    if last.until is not None and last.pressed_at <= at < last.until:
        ends.append(last.until)
    return max(ends, default=None)
