"""Logs of whole school years of 60 rooms, about 1.5 million events each, as big as audits are measured on.

The bookings, readings and presses are those of a made-up year (``DATA/truth/school_year.py``) that went
through `tests.truth`; doors that lose their line, motions and air make up the rest. Every following year is
the first one again, 52 weeks later.
"""

from __future__ import annotations

import argparse
import heapq
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from events import domain as e
from events.ids import BookingId, EventId, KioskId, RoomKey, room_stream
from events.inventory import read_rooms
from events.progress import Progress
from events.sqlite import SqliteLog
from tests import truth

DATA = Path(os.environ.get("TOCTOC_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
ROOMS = 60
YEAR = timedelta(weeks=52)
EVENTS = 1_500_000
_AIR = timedelta(seconds=550)
_AT_ONCE = 20_000

Timed = tuple[datetime, str, datetime, EventId, e.AnyEvent]
"""When it was recorded, its stream, when it happened, its name, itself."""


def inventory(folder: Path) -> Path:
    """Write an inventory of 60 rooms: those of the school, and some of them a second time."""
    rooms = list(read_rooms(DATA / "rooms.toml").items())
    lines = []
    for n in range(ROOMS):
        key, info = rooms[n % len(rooms)]
        name = key if n < len(rooms) else f"N{key}"
        wing = info.wing if n < len(rooms) else "N"
        lines.append(
            f'[[room]]\nid = "{name}"\ntype = "{info.type}"\nseats = {info.seats}\nwing = "{wing}"\n'
            f'number = {info.number}\nletter = "{info.letter}"\n'
        )
    path = folder / "rooms.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def lived() -> truth.Server:
    """Make a year and live through it."""
    generator = DATA / "truth" / "school_year.py"
    if not generator.exists():
        raise SystemExit(f"{generator}: the generator of a school year is not here; set TOCTOC_DATA")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rooms = inventory(folder)
        make = [sys.executable, str(generator), "truth", "--year", "2022", "--seed", "bench"]
        subprocess.run([*make, "--rooms", str(rooms), "--out", str(folder)], check=True)
        with (folder / "truth.jsonl").open(encoding="utf-8") as file:
            shown = truth.Truth(file)
        return truth.run(shown, truth.configuration(shown, rooms))


def build(folder: Path, years: int) -> int:
    """Write a log.

    Args:
        folder: Where to; there is none yet.
        years: How many.

    Returns:
        How many events it has.
    """
    server = lived()
    base = list(server.log.read())
    log = SqliteLog(folder, who="tests.benchmarks")
    log.personal.put(server.parts)
    progress = Progress("writing the log")
    seq, versions, waiting = 0, dict[str, int](), list[e.Recorded]()
    for year in range(years):
        later = YEAR * year
        for recorded_at, stream, at, name, event in heapq.merge(
            _again(base, later, year), _noise(base, later, year), key=lambda timed: timed[0]
        ):
            seq += 1
            versions[stream] = versions.get(stream, 0) + 1
            waiting.append(e.Recorded(seq, name, stream, versions[stream], at, recorded_at, event))
            if len(waiting) == _AT_ONCE:
                log.take_over(waiting)
                waiting.clear()
                progress(seq, years * EVENTS)
    log.take_over(waiting)
    log.close()
    progress.end()
    return seq


def _again(base: list[e.Recorded], later: timedelta, year: int) -> Iterator[Timed]:
    for recorded in base:
        if year and isinstance(recorded.event, e.LogCreated | e.RoomDeclared | e.PolicySet):
            continue
        event, name = recorded.event, recorded.id
        if year:
            name, event = EventId(f"{name[:-1]}{year}.{name[-1]}"), _shifted(event, later, year)
        yield recorded.recorded_at + later, recorded.stream, recorded.at + later, name, event


def _shifted(event: Any, later: timedelta, year: int) -> e.AnyEvent:
    changed: dict[str, Any] = {}
    for field in ("start", "end", "pressed_at", "earliest", "received_at", "until", "watching_since"):
        value = getattr(event, field, None)
        if value is not None:
            changed[field] = value + later
    if getattr(event, "booking", None):
        changed["booking"] = BookingId(f"{event.booking}.{year}")
    if isinstance(event, e.PresencePressed):
        changed["confirms"] = tuple(BookingId(f"{booking}.{year}") for booking in event.confirms)
    if isinstance(event, e.BookingChanged):
        changed["was"] = e.Span(start=event.was.start + later, end=event.was.end + later)
    if isinstance(event, e.TimetableRead):
        changed["sources"] = tuple(
            replace(read, days=tuple(day + later for day in read.days)) for read in event.sources
        )
    return replace(event, **changed)  # type: ignore[no-any-return]  # an event of the same kind


def _noise(base: list[e.Recorded], later: timedelta, year: int) -> Iterator[Timed]:
    """Doors that lose their line, motions and air, from seven to nineteen o'clock, in all rooms."""
    chance = random.Random(year)
    doors = {r.event.room: r.event.kiosk for r in base if isinstance(r.event, e.KioskJoined)}
    first, last = base[0].recorded_at + later, base[-1].recorded_at + later
    at, n = first + timedelta(seconds=1), 0
    away: dict[RoomKey, KioskId] = {}
    while at < last - timedelta(minutes=1):
        if 6 <= at.hour < 18:
            for room, door in doors.items():
                n += 1
                event: e.AnyEvent
                if room in away:
                    event = e.KioskJoined(
                        room=room, kiosk=away.pop(room), watching_since=at - timedelta(days=1)
                    )
                elif chance.random() < 0.01:
                    away[room] = door
                    event = e.KioskLeft(room=room, kiosk=door)
                elif chance.random() < 0.1:
                    event = e.MotionSeen(room=room, kiosk=door)
                else:
                    event = e.AirMeasured(
                        room=room, kiosk=door, temperature=20.5, humidity=41.0, co2=400 + n % 900
                    )
                yield at, room_stream(room), at, EventId(f"{door[:8]}.{year}.{n}.sensed"), event
        at += _AIR
    yield from ()


def main() -> None:
    """Write a log for looking at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--years", type=int, default=1)
    arguments = parser.parse_args()
    began = datetime.now(UTC)
    events = build(arguments.folder, arguments.years)
    print(f"{events:,} events in {(datetime.now(UTC) - began).total_seconds():.0f} s")


if __name__ == "__main__":
    main()
