"""The nearest free room: a pure function of what is known of all rooms.

Candidates are the rooms of the asking room's type, or with at least its seats; when a number of
seats is asked for, rooms with at least so many, whatever their type. Near is: the same wing
first, then by difference of the numbers, then of the letters, then by key.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.domain import RoomInfo
from events.ids import RoomKey
from events.status import Known, Status, closing_time, status_at

Why = Literal[
    "too-small",
    "no-whiteboard",
    "no-blackboard",
    "no-projector",
    "out-of-order",
    "closed",
    "in-use",
    "occupied",
    "booked",
    "unknown",
    "booked-soon",
    "closes-soon",
]


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody at a door asks for.

    Attributes:
        origin: The room at whose door they stand.
        minutes: For how long they want a room; None for the school's default.
        seats: At least so many; None for rooms like the origin.
        projector: A television is good, too.
    """

    origin: RoomKey
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] | None = None
    seats: int | None = None
    whiteboard: bool = False
    blackboard: bool = False
    projector: bool = False


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room that is free for all of the time asked for.

    Attributes:
        until: Until when it is free; None where nothing is known to end it.
        other_wing: It lies in another wing than the origin.
        released: Booked, but nobody came.
    """

    room: RoomKey
    name: str
    seats: int
    until: datetime | None = None
    other_wing: bool = False
    released: bool = False


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room that is nearer than the best one found, and why it was not taken.

    Attributes:
        at: The instant that decided: when it is next booked, when it closes.
    """

    room: RoomKey
    name: str
    why: Why
    at: datetime | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What a search found.

    Attributes:
        rooms: The nearest first.
        refused: The rooms nearer than the first one found, or all where none was found.
    """

    wish: Wish
    rooms: tuple[Candidate, ...] = ()
    refused: tuple[Refusal, ...] = ()


class UnknownRoom(ValueError):
    """The room at whose door somebody asks is not one of the school's."""


def find(rooms: Iterable[Known], wish: Wish, now: datetime) -> Answer:
    """Search for a free room.

    Args:
        rooms: All rooms of the school.
        wish: What is asked for.
        now: When it is asked.

    Raises:
        UnknownRoom: The origin is not among the rooms.
    """
    of_key = {k.room.key: (k, k.room.info) for k in rooms if k.room.info is not None and not k.room.retired}
    if wish.origin not in of_key:
        raise UnknownRoom(f"no room {wish.origin!r} here")
    origin = of_key[wish.origin][1]
    assert origin is not None
    found: list[Candidate] = []
    refused: list[Refusal] = []
    for key in sorted(of_key, key=lambda key: _distance(key, of_key[key][1], origin)):
        k, info = of_key[key]
        if key == wish.origin or info is None:
            continue
        verdict = _judge(k, info, origin, wish, now)
        if isinstance(verdict, Candidate):
            found.append(verdict)
        elif not found:
            refused.append(verdict)
    return Answer(wish=wish, rooms=tuple(found), refused=tuple(refused))


def _distance(key: RoomKey, info: RoomInfo | None, origin: RoomInfo) -> tuple[bool, int, int, RoomKey]:
    assert info is not None
    return (
        info.wing != origin.wing,
        abs(info.number - origin.number),
        abs(_letter(info) - _letter(origin)),
        key,
    )


def _letter(info: RoomInfo) -> int:
    return ord(info.letter[0].upper()) - ord("A") + 1 if info.letter else 0


def _judge(k: Known, info: RoomInfo, origin: RoomInfo, wish: Wish, now: datetime) -> Candidate | Refusal:
    def refuse(why: Why, at: datetime | None = None) -> Refusal:
        return Refusal(room=k.room.key, name=info.name, why=why, at=at)

    policy = k.rules.policy
    if wish.seats is not None:
        fits = info.seats >= wish.seats
    else:
        fits = info.type == origin.type or info.seats >= origin.seats
    if not fits:
        return refuse("too-small")
    if wish.whiteboard and not info.whiteboard:
        return refuse("no-whiteboard")
    if wish.blackboard and not info.blackboard:
        return refuse("no-blackboard")
    if wish.projector and not (info.projector or info.tv):
        return refuse("no-projector")
    status = status_at(k, now)
    if status.out_of_order:
        return refuse("out-of-order", k.room.closure.until if k.room.closure else None)
    if status.closed:
        return refuse("closed")
    if not status.available:
        return refuse(_TAKEN[status.name], _ends(k, status))
    asked_until = now + timedelta(minutes=wish.minutes or policy.search)
    blocked = now + timedelta(minutes=policy.soon)
    following = [b.start for b in k.room.bookings.values() if b.start > now]
    booked_at = min(following, default=None)
    if booked_at is not None and (booked_at < asked_until or booked_at <= blocked):
        return refuse("booked-soon", booked_at)
    closes_at = closing_time(k, now)
    if closes_at is not None and closes_at < asked_until:
        return refuse("closes-soon", closes_at)
    ends = [at for at in (booked_at, closes_at) if at is not None]
    return Candidate(
        room=k.room.key,
        name=info.name,
        seats=info.seats,
        until=min(ends, default=None),
        other_wing=info.wing != origin.wing,
        released=status.released,
    )


_TAKEN: dict[str, Why] = {
    "in_use": "in-use",
    "occupied": "occupied",
    "booked": "booked",
    "unknown": "unknown",
}


def _ends(k: Known, status: Status) -> datetime | None:
    if status.booking is not None:
        return k.room.bookings[status.booking].end
    return k.room.last.until if status.name == "occupied" and k.room.last else None
