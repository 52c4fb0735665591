"""``toctoc scrape``: says what a source holds, and records nothing."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.errors import ConfigError
from scraper import oasis
from scraper.errors import FetchError, ScrapeError
from scraper.fetch import TimetableClient, is_url, read_file
from scraper.reading import Problem, Reading, Slot, as_json, unreadable_as_json

_EPILOG = """\
examples:
  toctoc scrape salles.html
  toctoc scrape https://oasis.example.org/salles --day 2026-11-20 --rooms rooms.toml --json

exit status: 0 when the source was read, 2 when it could not be fetched or understood
"""


class InventoryRoom(Struct, frozen=True, kw_only=True):
    """One ``[[room]]`` of an inventory, as far as a source is concerned.

    Attributes:
        id: The school's own name of the room.
        name: What people call it, if that differs.
        aliases: What sources call it.
    """

    id: str
    name: str = ""
    aliases: tuple[str, ...] = ()


class _Inventory(Struct, frozen=True):
    room: tuple[InventoryRoom, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: Arguments after ``toctoc scrape``; those of the process when None.

    Returns:
        The exit status: 0 read, 1 a wrong inventory, 2 unreadable (or wrong arguments).
    """
    arguments = _parser().parse_args(argv)
    zone: ZoneInfo = arguments.zone
    try:
        inventory = read_inventory(arguments.rooms) if arguments.rooms else None
    except ConfigError as error:
        print(f"toctoc scrape: {error}", file=sys.stderr)
        return 1
    try:
        reading = _read(arguments.source, zone=zone, day=arguments.day)
    except ScrapeError as error:
        print(f"toctoc scrape: {arguments.source}: cannot be read: {_reason(error)}", file=sys.stderr)
        if arguments.json:
            _print_json(unreadable_as_json(error, day=arguments.day, zone=zone.key))
        return 2
    if inventory is not None:
        reading = by_inventory(reading, inventory)
    if arguments.json:
        _print_json(as_json(reading))
    else:
        print(_table(reading))
    return 0


def read_inventory(path: str) -> tuple[InventoryRoom, ...]:
    """Reads the ``[[room]]`` tables of a file; other keys are left to whoever needs them.

    Args:
        path: A TOML file.

    Returns:
        The rooms in the file's order.

    Raises:
        ConfigError: The file cannot be read, is no TOML, or has a room that cannot be followed.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        rooms = msgspec.convert(tables, _Inventory).room
    except OSError as error:
        raise ConfigError(path, "", error.strerror or str(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", f"no TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(path, "[[room]]", str(error)) from None
    owner: dict[str, str] = {}
    for room in rooms:
        for name in dict.fromkeys((room.id, *room.aliases)):
            if name in owner:
                raise ConfigError(path, f"[[room]] {room.id}", f"{name!r} already stands for {owner[name]}")
            owner[name] = room.id
    return rooms


def by_inventory(reading: Reading, inventory: Sequence[InventoryRoom]) -> Reading:
    """Puts a reading into the inventory's order and under its ids.

    Args:
        reading: What was read, rooms under the source's ids.
        inventory: The school's rooms.

    Returns:
        The same reading: the inventory's rooms first, in its order, then those that it does not
        know. A problem tells of each room that only one of the two has.
    """
    owner = {room.id: room.id for room in inventory}
    for room in inventory:
        for name in (room.name, *room.aliases):
            if name:
                owner.setdefault(name, room.id)
    merged: dict[str, list[Slot]] = {}
    strangers: dict[str, tuple[Slot, ...]] = {}
    for name, slots in reading.rooms.items():
        if name in owner:
            merged.setdefault(owner[name], []).extend(slots)
        else:
            strangers[name] = slots
    problems = [
        *(
            msgspec.structs.replace(it, rooms=tuple(owner.get(room, room) for room in it.rooms))
            for it in reading.problems
        ),
        *(
            Problem(
                what="the inventory has this room, the source does not",
                where=f"room {room.id}",
                rooms=(room.id,),
            )
            for room in inventory
            if room.id not in merged
        ),
        *(
            Problem(
                what="the source has this room, the inventory does not", where=f"room {name}", rooms=(name,)
            )
            for name in strangers
        ),
    ]
    rooms = {
        room.id: tuple(sorted(merged[room.id], key=lambda slot: (slot.start, slot.end, slot.title)))
        for room in inventory
        if room.id in merged
    }
    return msgspec.structs.replace(reading, rooms=rooms | strangers, problems=tuple(problems))


def _read(source: str, *, zone: ZoneInfo, day: date | None) -> Reading:
    if is_url(source):
        with TimetableClient() as client:
            page = client.fetch_page(source)
    else:
        page = read_file(source)
    return oasis.parse(page.body, zone=zone, day=day, content_type=page.content_type)


def _reason(error: ScrapeError) -> str:
    return error.problem if isinstance(error, FetchError) else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc scrape",
        description="Reads a timetable page and prints its rooms and bookings. Records nothing.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="FILE_OR_URL", help="a saved page, or an http or https address")
    parser.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="refuse a page that shows another day")
    parser.add_argument(
        "--rooms", metavar="rooms.toml", help="inventory: its order, its ids, and what is missing"
    )
    parser.add_argument(
        "--zone",
        type=_zone,
        default="Europe/Paris",
        metavar="ZONE",
        help="zone of the page's hours (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-20") from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, LookupError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone; one is Europe/Paris") from None


def _print_json(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=1))


# For people


def _table(reading: Reading) -> str:
    zone = ZoneInfo(reading.zone)
    bookings = sum(len(slots) for slots in reading.rooms.values())
    days = ", ".join(day.strftime("%a %Y-%m-%d") for day in reading.days)
    lines = [f"{days} ({reading.zone}): {len(reading.rooms)} rooms, {bookings} bookings"]
    if reading.shown is not None:
        first, last = (_clock(instant, zone, reading) for instant in reading.shown)
        lines[0] += f", shown {first}-{last}"
    wide = max((len(room) for room in reading.rooms), default=0)
    for room, slots in reading.rooms.items():
        if not slots:
            lines.append(f"{room:<{wide}}  -")
        for i, slot in enumerate(slots):
            name = room if i == 0 else ""
            title = _printable(slot.title) or "(no title)"
            marks = "".join(f"  [{mark}]" for mark in _marks(slot))
            lines.append(f"{name:<{wide}}  {_hours(slot, zone, reading)}  {title}{marks}".rstrip())
    if reading.problems:
        lines.append(f"{len(reading.problems)} problems:")
        lines += [f"  {problem.where}: {problem.what}" for problem in reading.problems]
    return "\n".join(lines)


def _hours(slot: Slot, zone: ZoneInfo, reading: Reading) -> str:
    if slot.all_day:
        return "all day    "
    return f"{_clock(slot.start, zone, reading)}-{_clock(slot.end, zone, reading)}"


def _clock(instant: datetime, zone: ZoneInfo, reading: Reading) -> str:
    local = instant.astimezone(zone)
    ends_the_day = local.date() > reading.days[-1] and local.hour == local.minute == 0
    return "24:00" if ends_the_day else f"{local:%H:%M}"


def _marks(slot: Slot) -> list[str]:
    marks = []
    if slot.cut_at_start:
        marks.append("began earlier")
    if slot.cut_at_end:
        marks.append("goes on")
    if slot.unsure:
        marks.append("hours unsure")
    return marks


def _printable(title: str) -> str:
    """A title that cannot move the cursor or colour the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in title)
