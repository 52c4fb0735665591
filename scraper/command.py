"""``toctoc scrape``: says what a source holds, and records nothing."""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
import tomllib
import urllib.parse
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.errors import ConfigError
from events.printable import printable
from scraper import fullcalendar, ics, measure, oasis, table
from scraper.errors import FetchError, ScrapeError, Unreadable
from scraper.fetch import Page, TimetableClient, is_url, read_file
from scraper.pool import AT_ONCE
from scraper.reading import Entry, Explained, Problem, Reading, Slot, as_json, unreadable_as_json
from scraper.render import render
from scraper.rooms import Pattern, RoomFinder, named, plain

Kind = Literal["oasis", "ics", "fullcalendar-json", "table"]

_LISTED = 20
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_DAY = timedelta(days=1)
_CALENDAR = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*BEGIN:VCALENDAR", re.IGNORECASE | re.MULTILINE)

_TYPES: dict[str, Kind] = {
    "text/calendar": "ics",
    "text/csv": "table",
    "text/tab-separated-values": "table",
    "application/json": "fullcalendar-json",
}
_ENDINGS: dict[str, Kind] = {
    ".ics": "ics",
    ".ical": "ics",
    ".icalendar": "ics",
    ".csv": "table",
    ".tsv": "table",
    ".json": "fullcalendar-json",
}

_EPILOG = """\
kinds, and an example of each:
  oasis              a page with FullCalendar's resource timeline, rendered by a server or a browser
    toctoc scrape salles.html
    toctoc scrape https://oasis.example.org/salles --render --day 2026-11-20 --rooms rooms.toml --json
  ics                an iCalendar feed
    toctoc scrape ADECal.ics --from 2026-11-16 --to 2026-11-21
    toctoc scrape edt.ics --pattern 'summary=\\b[sS](?:alle|\\.) ?(\\w+)' --explain
  fullcalendar-json  the JSON from which such a page draws its timeline; needs no browser
    toctoc scrape 'https://oasis.example.org/events?start=2026-11-20&end=2026-11-21' \\
      --resources https://oasis.example.org/rooms --day 2026-11-20
  table              CSV or JSON with the columns room, start, end, title (also: salle, début, fin, titre)
    toctoc scrape salles.csv --kind table --separator '+'

before sources are configured:
  toctoc scrape --measure urls.txt --workers 20

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
    parser = _parser()
    arguments = parser.parse_args(argv)
    _refuse_contradictions(parser, arguments)
    if arguments.measure is not None:
        # Whoever types an address knows whose it is; the guard is for those of a configuration.
        make = functools.partial(TimetableClient, allow_private=True)
        return measure.main(arguments.measure, workers=arguments.workers, make=make)
    zone: ZoneInfo = arguments.zone
    days = _days(parser, arguments)
    try:
        inventory = read_inventory(arguments.rooms) if arguments.rooms else None
    except ConfigError as error:
        print(f"toctoc scrape: {error}", file=sys.stderr)
        return 1
    try:
        reading = _read(arguments, days, inventory or ())
    except ScrapeError as error:
        where = error.url if isinstance(error, FetchError) else arguments.source
        print(f"toctoc scrape: {where}: cannot be read: {_reason(error)}", file=sys.stderr)
        if arguments.json:
            _print_json(unreadable_as_json(error, day=days[0] if days else None, zone=zone.key))
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


def by_names(
    inventory: Sequence[InventoryRoom], patterns: Sequence[Pattern] = (), not_rooms: Sequence[str] = ()
) -> RoomFinder:
    """Makes what finds an inventory's rooms in the words of a feed.

    Args:
        inventory: The school's rooms; none to call rooms as the source does.
        patterns: Where the feed writes rooms, other than in LOCATION.
        not_rooms: What stands in the place of a room and is none.
    """
    return RoomFinder(
        names=named((room.id, (room.name, *room.aliases)) for room in inventory),
        patterns=tuple(patterns),
        not_rooms=frozenset(plain(name) for name in not_rooms),
    )


def guessed_kind(page: Page) -> Kind:
    """Guesses what a body is, by its bytes, its Content-Type and its name, in this order."""
    body = page.body
    if _CALENDAR.search(body, 0, 65536):
        return "ics"
    if _JSON.match(body):
        return "table" if table.is_table(body) and not fullcalendar.is_feed(body) else "fullcalendar-json"
    if table.is_table(body):
        return "table"
    declared = (page.content_type or "").partition(";")[0].strip().lower()
    if declared:
        return _TYPES.get(declared, "oasis")
    path = urllib.parse.urlsplit(page.url).path if is_url(page.url) else page.url
    return _ENDINGS.get(PurePath(path).suffix.lower(), "oasis")


def _read(
    arguments: argparse.Namespace, days: tuple[date, date] | None, inventory: Sequence[InventoryRoom]
) -> Reading:
    zone, explain = arguments.zone, arguments.explain
    page = _rendered(arguments) if arguments.render else _fetched(arguments.source)
    kind: Kind = arguments.kind or ("oasis" if arguments.render else guessed_kind(page))
    if arguments.resources is not None and kind != "fullcalendar-json":
        raise Unreadable(
            "FullCalendar's feed of events, which --resources goes with", f"what looks like {kind}"
        )
    rooms = by_names(inventory, arguments.pattern, arguments.no_room)
    if kind == "ics":
        return ics.parse(
            page.body,
            zone=zone,
            days=days,
            content_type=page.content_type,
            separator=arguments.separator,
            rooms=rooms,
            explain=explain,
        )
    if kind == "table":
        return table.parse(
            page.body,
            zone=zone,
            days=days,
            content_type=page.content_type,
            separator=arguments.separator,
            rooms=rooms,
            explain=explain,
        )
    if kind == "fullcalendar-json":
        resources = None if arguments.resources is None else _fetched(arguments.resources).body
        return fullcalendar.parse(
            page.body,
            zone=zone,
            days=days,
            resources=resources,
            content_type=page.content_type,
            rooms=rooms,
            explain=explain,
        )
    if days is not None and days[1] - days[0] > timedelta(days=1):
        raise Unreadable("a feed, which has many days", "a page, which shows one: ask for it with --day")
    reading = oasis.parse(page.body, zone=zone, day=days[0] if days else None, content_type=page.content_type)
    return explained(reading) if explain else reading


def _fetched(source: str) -> Page:
    if not is_url(source):
        return read_file(source)
    # Whoever types an address knows whose it is; the guard is for those of a configuration.
    with TimetableClient(allow_private=True) as client:
        return client.fetch_page(source)


def _rendered(arguments: argparse.Namespace) -> Page:
    return render(arguments.source, zone=arguments.zone, allow_private=True)


def explained(reading: Reading) -> Reading:
    """Says of each booking of a page which element it is, and of the rest why it is none.

    Args:
        reading: What a page said; a feed's explanations are made while it is read.
    """
    rows = [
        Explained(
            what="booked",
            where=f"room {room}, booking {number} in order of time",
            start=slot.start,
            end=slot.end,
            title=slot.title,
            rooms=(room,),
        )
        for room, slots in reading.rooms.items()
        for number, slot in enumerate(slots, start=1)
        if not slot.unsure
    ]
    rows += [
        Explained(
            what="left out",
            where=problem.where,
            why=problem.what,
            start=problem.start,
            end=problem.end,
            title=problem.title or "",
            rooms=problem.rooms,
        )
        for problem in reading.problems
    ]
    return msgspec.structs.replace(reading, explained=tuple(rows))


def _refuse_contradictions(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if (arguments.source is None) == (arguments.measure is None):
        parser.error("one source is needed, or --measure URLS.txt instead of it")
    if arguments.measure is not None and arguments.json:
        parser.error("--measure and --json do not go together")
    if arguments.render and not is_url(arguments.source or ""):
        parser.error("--render needs an http or https address")
    if arguments.render and arguments.kind not in {None, "oasis"}:
        parser.error(f"--render is for pages, not for --kind {arguments.kind}")


def _days(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> tuple[date, date] | None:
    first, end = arguments.first, arguments.end
    if arguments.day is not None:
        if first is not None or end is not None:
            parser.error("--day and --from or --to do not go together")
        first, end = arguments.day, min(arguments.day, date.max - _DAY) + _DAY
    if first is None and end is None:
        return None
    if first is None or end is None:
        parser.error("--from and --to go together")
    if not 0 < (end - first).days <= ics.MOST_DAYS:
        parser.error(f"--from and --to (which is excluded) span 1 to {ics.MOST_DAYS} days")
    return first, end


def _reason(error: ScrapeError) -> str:
    return error.problem if isinstance(error, FetchError) else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc scrape",
        description="Reads a timetable, page or feed, and prints its rooms and bookings. Records nothing.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", nargs="?", metavar="FILE_OR_URL", help="a saved file, or an http or https address"
    )
    parser.add_argument(
        "--kind", choices=get_args(Kind), help="what the source is (guessed from what it holds)"
    )
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="read this day; refuse a page that shows another one"
    )
    parser.add_argument("--from", dest="first", type=_day, metavar="YYYY-MM-DD", help="first day of a feed")
    parser.add_argument(
        "--to", dest="end", type=_day, metavar="YYYY-MM-DD", help="the day after the last one of a feed"
    )
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
    parser.add_argument(
        "--separator",
        metavar="','",
        help="what parts several rooms in one LOCATION of a feed or one cell of a table; '' when nothing "
        "does (a feed's is guessed, a table's is ';')",
    )
    parser.add_argument(
        "--pattern",
        action="append",
        default=[],
        type=_pattern,
        metavar="FIELD=REGEX",
        help="find rooms in location, summary or description; the first group is the room",
    )
    parser.add_argument(
        "--resources",
        metavar="FILE_OR_URL",
        help="the rooms of a fullcalendar-json, where it has such a feed",
    )
    parser.add_argument(
        "--render", action="store_true", help="let a headless Chromium run the page's scripts first"
    )
    parser.add_argument(
        "--no-room", action="append", default=[], metavar="WORDS", help="what a feed writes for no room"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say where each booking comes from, and why the rest is none"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--measure",
        metavar="URLS.txt",
        help="fetch a list, one address a line, one after another and then together; print both times",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=AT_ONCE,
        metavar="N",
        help="how many at once for --measure (%(default)s)",
    )
    return parser


def _count(text: str) -> int:
    if re.fullmatch(r"[1-9]\d{0,2}", text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-20") from None


def _pattern(text: str) -> Pattern:
    name, equals, pattern = text.partition("=")
    try:
        if equals:
            return msgspec.convert({"field": name, "find": re.compile(pattern)}, Pattern)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{pattern!r} is no pattern: {error}") from None
    except msgspec.ValidationError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no pattern; write one as 'summary=Salle (\\w+)'")


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
    lines = [f"{_span(reading)} ({reading.zone}): {len(reading.rooms)} rooms, {bookings} bookings"]
    if reading.status == "empty":
        lines[0] += ": it holds nothing at all, which says nothing of any room"
    if reading.shown is not None:
        first, last = (_clock(instant, zone, reading) for instant in reading.shown)
        lines[0] += f", shown {first}-{last}"
    wide = max((len(room) for room in reading.rooms), default=0)
    for room, slots in reading.rooms.items():
        if not slots:
            lines.append(f"{printable(room):<{wide}}  -")
        for i, slot in enumerate(slots):
            name = printable(room) if i == 0 else ""
            lines.append(f"{name:<{wide}}  {_row(slot, zone, reading)}")
    for entries, what in (
        (reading.without_room, "events name no room"),
        (reading.all_day, "events of whole days"),
        (reading.cancelled, "events are cancelled"),
        (reading.unbooked, "events take no time in their rooms"),
    ):
        if entries:
            lines.append(f"{len(entries)} {what}:")
            lines += [f"  {_row(entry, zone, reading)}" for entry in entries[:_LISTED]]
            if len(entries) > _LISTED:
                lines.append(f"  ... and {len(entries) - _LISTED} more; --json lists them all")
    if reading.problems:
        lines.append(f"{len(reading.problems)} problems:")
        lines += [f"  {problem.where}: {printable(problem.what)}" for problem in reading.problems]
    if reading.explained:
        lines.append("where it comes from:")
        lines += [f"  {_explanation(it, zone)}" for it in reading.explained]
    return "\n".join(lines)


def _span(reading: Reading) -> str:
    if not reading.days:
        return "all days"
    first, last = (f"{day:%a} {day.isoformat()}" for day in (reading.days[0], reading.days[-1]))
    return first if first == last else f"{first} to {last}"


def _row(it: Slot | Entry, zone: ZoneInfo, reading: Reading) -> str:
    marks = "".join(f"  [{mark}]" for mark in (_marks(it) if isinstance(it, Slot) else ()))
    return f"{_hours(it, zone, reading)}  {printable(it.title) or '(no title)'}{marks}".rstrip()


def _hours(it: Slot | Entry, zone: ZoneInfo, reading: Reading) -> str:
    day = "" if len(reading.days) == 1 else f"{it.start.astimezone(zone).date().isoformat()} "
    if it.all_day:
        days = (it.end.astimezone(zone).date() - it.start.astimezone(zone).date()).days
        return f"{day}{'all day' if days <= 1 else f'{days} days':<11}"
    return f"{day}{_clock(it.start, zone, reading)}-{_clock(it.end, zone, reading)}"


def _clock(instant: datetime, zone: ZoneInfo, reading: Reading) -> str:
    local = instant.astimezone(zone)
    ends_the_day = len(reading.days) == 1 and local.date() > reading.days[0]
    return "24:00" if ends_the_day and local.hour == local.minute == 0 else f"{local:%H:%M}"


def _explanation(explained: Explained, zone: ZoneInfo) -> str:
    times = [it.astimezone(zone) for it in (explained.start, explained.end) if it is not None]
    hours = " to ".join(f"{it.date().isoformat()} {it:%H:%M}" for it in times)
    words = [explained.where, explained.what, ", ".join(explained.rooms), hours, repr(explained.title)]
    return printable(
        "  ".join(word for word in words if word) + (f": {explained.why}" if explained.why else "")
    )


def _marks(slot: Slot) -> list[str]:
    marks = []
    if slot.cut_at_start:
        marks.append("began earlier")
    if slot.cut_at_end:
        marks.append("goes on")
    if slot.unsure:
        marks.append("hours unsure")
    return marks
