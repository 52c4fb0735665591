"""The rooms of the school, as its inventory file lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from events.config import load, place
from events.domain import RoomInfo
from events.errors import ConfigError
from events.ids import RoomKey, parse_room_key

_Count = Annotated[int, Meta(ge=0, le=100_000)]


class Room(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[room]]` table.

    Attributes:
        id: Its permanent key, which is also its name in timetables.
        name: What people call it; empty for the key.
        type: The school's own kind of room; search prefers the same kind.
        seats: How many people it holds.
        wing: Wing of the building.
        number: Room number inside the wing; the hundreds are the floor.
        letter: Letter after the number, or empty.
        aliases: Other names under which timetables know it.
    """

    id: str
    name: str = ""
    type: str = ""
    seats: _Count = 0
    wing: str = ""
    number: _Count = 0
    letter: str = ""
    whiteboard: bool = False
    blackboard: bool = False
    projector: bool = False
    tv: bool = False
    aliases: tuple[str, ...] = ()


class Inventory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    room: tuple[Room, ...]


def read_rooms(path: Path) -> dict[RoomKey, RoomInfo]:
    """Read an inventory.

    Returns:
        The rooms by key, in the order of the file; no two of them share a key or an alias. `sources` is
        empty: which timetable speaks of a room is not the inventory's to say.

    Raises:
        ConfigError: The file cannot be followed; names the room.
    """
    inventory = load(path, Inventory)
    file = str(path)
    if not inventory.room:
        raise ConfigError(file, "[[room]]", "at least one room is needed")
    rooms: dict[RoomKey, RoomInfo] = {}
    owners: dict[str, str] = {}
    for number, room in enumerate(inventory.room, start=1):
        try:
            key = parse_room_key(room.id)
        except ValueError as error:
            raise ConfigError(file, place("room", "id", number=number, name=room.id), str(error)) from None
        for field, names in (("id", (room.id,)), ("aliases", room.aliases)):
            for name in names:
                where = place("room", field, number=number, name=room.id)
                if not name.strip():
                    raise ConfigError(file, where, "an empty name is not allowed")
                if name in owners:
                    raise ConfigError(file, where, f'"{name}" already names {owners[name]}')
                owners[name] = f'[[room]] no. {number} "{room.id}"'
        rooms[key] = _info(room)
    return rooms


def _info(room: Room) -> RoomInfo:
    return RoomInfo(
        name=room.name or room.id,
        type=room.type,
        seats=room.seats,
        wing=room.wing,
        number=room.number,
        letter=room.letter,
        whiteboard=room.whiteboard,
        blackboard=room.blackboard,
        projector=room.projector,
        tv=room.tv,
        aliases=room.aliases,
    )
