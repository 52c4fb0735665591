"""The way from one door to another, as far as the rooms' numbers tell it: pure.

A number says the floor (its hundreds) and the order of the doors in a wing. It does not say on
which side of a corridor a door is, nor that a number which no room here has is no door: what does
not follow is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from events.domain import RoomInfo

Side = Literal["", "left", "right"]


class Way(Struct, frozen=True, kw_only=True):
    """How somebody gets from one door to another.

    Attributes:
        wing: The other wing; empty where it is the same, or has no name.
        floor: The other floor, 0 on the ground; None where it is the same, or not known.
        rises: By how many floors it lies higher; negative where it lies lower.
        doors: How many doors further, 1 for the next one; None where the numbers leave gaps.
        side: To which side, as seen by who stands before the door.
        towards: The next room on the way, where that is another than the one looked for.
        near: It is in the same wing and on the same floor.
    """

    wing: str = ""
    floor: int | None = None
    rises: int = 0
    doors: int | None = None
    side: Side = ""
    towards: str = ""
    near: bool = False


def way(origin: RoomInfo, other: RoomInfo, rooms: Iterable[RoomInfo], rises: Side) -> Way:
    """Tell the way to a room.

    Args:
        origin: The room at whose door somebody stands.
        other: The room they look for.
        rooms: All rooms that are known; with these two or without.
        rises: To which side of the origin's door the numbers grow; empty where nobody said.
    """
    wing = other.wing if other.wing != origin.wing else ""
    if origin.number <= 0 or other.number <= 0:
        return Way(wing=wing)
    storeys = _floor(other) - _floor(origin)
    if storeys or other.wing != origin.wing:
        return Way(wing=wing, floor=_floor(other) if storeys else None, rises=storeys)
    if _order(origin) == _order(other):
        return Way(near=True)
    corridor = [room for room in rooms if room.number > 0 and _same_floor(room, origin)]
    corridor = sorted(
        [*(room for room in corridor if room not in (origin, other)), origin, other], key=_order
    )
    up = _order(other) > _order(origin)
    ends = sorted((corridor.index(origin), corridor.index(other)))
    passed = corridor[ends[0] : ends[1] + 1]
    if not up:
        passed.reverse()
    return Way(
        doors=len(passed) - 1 if _unbroken(passed, corridor) else None,
        side=_side(rises, up=up),
        towards=passed[1].name if _order(passed[1]) not in (_order(origin), _order(other)) else "",
        near=True,
    )


def _floor(room: RoomInfo) -> int:
    return room.number // 100


def _same_floor(room: RoomInfo, origin: RoomInfo) -> bool:
    return room.wing == origin.wing and _floor(room) == _floor(origin)


def _order(room: RoomInfo) -> tuple[int, str]:
    return room.number, room.letter.upper()


def _unbroken(passed: list[RoomInfo], corridor: list[RoomInfo]) -> bool:
    """Tell whether the numbers leave no room for a door that is not known.

    A missing number may be an office. Where all of a corridor are odd, or all even, the others
    are not doors of this corridor. Two rooms of one number and letter stand in no order.
    """
    step = 2 if len({room.number % 2 for room in corridor}) == 1 and len(corridor) > 2 else 1
    ends = (_order(passed[0]), _order(passed[-1]))
    if sum(_order(room) in ends for room in corridor) > len(ends):
        return False
    upwards = sorted(passed, key=_order)
    return all(_follows(later, earlier, step) for earlier, later in pairwise(upwards))


def _follows(later: RoomInfo, earlier: RoomInfo, step: int) -> bool:
    if later.number != earlier.number:
        return later.number - earlier.number <= step and later.letter.upper() in ("", "A")
    # "@" comes before "A": the room without a letter before the first with one.
    letters = earlier.letter.upper() or "@", later.letter.upper()
    return len(letters[0]) == len(letters[1]) == 1 and ord(letters[1]) - ord(letters[0]) == 1


def _side(rises: Side, *, up: bool) -> Side:
    if not rises or up:
        return rises
    return "left" if rises == "right" else "right"
