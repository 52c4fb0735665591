"""What a door keeps on disk of what it was told, so that it starts with that and its age: pure.

Titles are kept of the own room only, of today and tomorrow. Presses are kept elsewhere
(`kiosk.outbox`), and what other doors' plans say can be worked out again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.errors import ToctocError
from events.ids import RoomKey
from events.state import Rules
from events.status import day_of, day_span
from events.wire import Notice, RoomDay, RoomPresence
from kiosk.door.model import Model, begun
from kiosk.door.setup import Setup
from kiosk.door.told import Told
from kiosk.door.update import passed

VERSION = 1
"""Another version of this file is not read: the server tells all of it anew."""


class NotRemembered(ToctocError, ValueError):
    """What was kept cannot be read; there is nothing to do but to ask the server."""


class Memory(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept.

    Attributes:
        version: Which shape it has.
        room: The room at whose door it was heard.
        heard_at: When the server was last heard, in best time: that is how old all of this is.
        school: Name of the school.
        board: Address of its board.
        rules: What it has decided.
        epoch: With ``seq``: up to where in the server's log all is contained; None where that is
            not known, because a snapshot was on its way.
        days: The days of all rooms; only the own one with titles.
        presences: Who is where.
        notices: What the desk put on doors.
    """

    version: int = 0
    room: RoomKey
    heard_at: datetime
    school: str = ""
    board: str = ""
    rules: Rules
    epoch: int | None = None
    seq: int | None = None
    days: tuple[RoomDay, ...] = ()
    presences: tuple[RoomPresence, ...] = ()
    notices: tuple[Notice, ...] = ()


class _Version(Struct):
    version: int = 0


_encoder = msgspec.json.Encoder()
_version_of: msgspec.json.Decoder[_Version] = msgspec.json.Decoder(_Version)
_decoder: msgspec.json.Decoder[Memory] = msgspec.json.Decoder(Memory)


def remembered(model: Model) -> Memory | None:
    """Tell what of a door's knowledge is kept on disk.

    Returns:
        None where it was told nothing, or cannot tell what day it is: titles would then be kept
        longer than their day.
    """
    if model.told.rules is None or model.hearing.heard_at is None or not model.time_known:
        return None
    known = model.told.settled is not None
    return Memory(
        version=VERSION,
        room=model.room,
        heard_at=model.time(model.hearing.heard_at),
        school=model.told.school,
        board=model.told.board,
        rules=model.told.rules,
        epoch=model.told.epoch if known else None,
        seq=model.told.settled if known else None,
        days=tuple(_day(day, model) for day in model.told.days.values()),
        # A count of heads is dated by the beginning of the plan.
        presences=tuple(replace(there, plan=there.plan[:1]) for there in model.told.presences.values()),
        notices=model.told.notices,
    )


def recalled(
    memory: Memory,
    room: RoomKey,
    since: datetime,
    setup: Setup,
    now: datetime,
    *,
    clock_known: bool = True,
) -> Model:
    """Make of what was kept what a door knows when it starts.

    Args:
        memory: What was kept.
        room: The room at whose door it hangs now; of another one's day no title is shown.
        since: When the program started.
        setup: How the door is set up.
        now: The door's wall clock.
        clock_known: Whether that can be believed.

    Returns:
        What it knows. A door whose clock is behind what it heard before does not know the time.
    """
    days = {day.room: day for day in memory.days}
    own = days.get(memory.room)
    if own is not None and memory.room != room:
        days[memory.room] = _untitled(own)
    told = Told(
        zone=memory.rules.zone,
        school=memory.school,
        board=memory.board,
        rules=memory.rules,
        epoch=memory.epoch,
        seq=memory.seq or 0,
        settled=memory.seq,
        days=days,
        presences={there.room: there for there in memory.presences},
        notices=memory.notices,
    )
    believed = clock_known and memory.heard_at <= now + _SLACK
    model = begun(room, since, setup, clock_known=believed)
    hearing = replace(model.hearing, heard_at=memory.heard_at)
    return passed(replace(model, told=told, hearing=hearing), now)


_SLACK = timedelta(minutes=1)
"""By so much a door's clock may be behind the server's: a door that starts is not a better clock."""


def encode(memory: Memory) -> bytes:
    """Write it as it is kept."""
    return _encoder.encode(memory)


def decode(kept: bytes) -> Memory:
    """Read it again.

    Raises:
        NotRemembered: It is torn, or of another version.
    """
    try:
        version = _version_of.decode(kept).version
        if version != VERSION:
            raise NotRemembered(f"what was kept has version {version}, and {VERSION} is read")
        return _decoder.decode(kept)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotRemembered(f"what was kept cannot be read: {error}") from error


def _day(day: RoomDay, model: Model) -> RoomDay:
    day = replace(day, plan=())
    if day.room != model.room or model.hearing.heard_at is None:
        return day
    rules = model.rules_shown
    today = model.today or day_of(rules, model.time(model.hearing.heard_at))
    begin = day_span(rules.zone, today)[0]
    end = day_span(rules.zone, today + timedelta(days=1))[1]
    bookings = tuple(b if b.end > begin and b.start < end else replace(b, title=None) for b in day.bookings)
    return replace(day, bookings=bookings)


def _untitled(day: RoomDay) -> RoomDay:
    closure = replace(day.closure, reason=None) if day.closure else None
    return replace(day, bookings=tuple(replace(b, title=None) for b in day.bookings), closure=closure)
