"""``toctoc timeline``: a day of the whole school unfolds in a terminal; the arrow keys scrub it."""

from __future__ import annotations

import argparse
import contextlib
import curses
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from events.domain import Recorded
from events.errors import ToctocError
from events.ids import BookingId, RoomKey
from events.log import EventLog
from events.report import asked
from events.report.asking import add_log, log_folder, open_facts
from events.report.days import bounds
from events.report.index import IndexedFacts
from events.report.spans import instant
from events.report.story import Line, about, seq_before, words
from events.sqlite import SqliteLog
from events.state import SchoolState
from events.status import Status, StatusName, day_span, known, rooms_in_order, status_at

MINUTE = timedelta(minutes=1)
FASTEST = 7200
_FRAME = 0.1
_TOLD = 6
_SIGNS: dict[StatusName, str] = {
    "in_use": "■",
    "occupied": "■",
    "booked": "▲",
    "unknown": "?",
    "soon": "◐",
    "free": "●",
}
_COLOURS = {
    "in_use": curses.COLOR_RED, "occupied": curses.COLOR_RED, "booked": curses.COLOR_YELLOW,
    "unknown": curses.COLOR_WHITE, "soon": curses.COLOR_CYAN, "free": curses.COLOR_GREEN,
}  # fmt: skip


class Watch(Struct, frozen=True, kw_only=True):
    """What somebody sees of the day, and how fast it goes.

    Attributes:
        at: The instant shown.
        speed: Seconds of the day in one second.
        running: Whether it goes on by itself.
        over: Whether they have seen enough.
    """

    at: datetime
    speed: int = 600
    running: bool = True
    over: bool = False


class Day:
    """A day of a log, minute by minute.

    Args:
        log: The log.
        facts: Its index: it knows the state with which the day begins.
        day: The local day.
    """

    def __init__(self, log: EventLog, facts: IndexedFacts, day: date) -> None:
        self.day = day
        self.zone = ZoneInfo(facts.zone)
        self.begin, end = day_span(facts.zone, day)
        # Of what comes after the log's end nothing is known, and nothing is shown.
        known_to = self.begin - (self.begin - instant(facts.newest)) // MINUTE * MINUTE
        self.end = min(end, known_to + MINUTE)
        school = facts.state_at(log, self.begin - timedelta(microseconds=1))
        self._minutes: list[SchoolState] = []
        self._lines: list[tuple[RoomKey, Line]] = []
        minute = self.begin
        for recorded in log.read(after=school.seq, until=seq_before(log, self.end)):
            while recorded.recorded_at > minute:
                self._keep(school)
                minute += MINUTE
            self._tell(school, recorded)
            school.apply(recorded)
        while minute <= self.end:
            self._keep(school)
            minute += MINUTE

    def _tell(self, school: SchoolState, recorded: Recorded) -> None:
        key: RoomKey | None = getattr(recorded.event, "room", None)
        room = school.rooms.get(key) if key is not None else None
        if key is None or room is None or recorded.recorded_at < self.begin:
            return
        known_ = room.all_bookings.get(getattr(recorded.event, "booking", None) or BookingId(""))
        before = (known_.start, known_.end) if known_ is not None else None
        line = about(recorded, before, (self.begin, self.end))
        if line is not None:
            self._lines.append((key, line))

    def _keep(self, school: SchoolState) -> None:
        kept = SchoolState()
        vars(kept).update(vars(school))  # its parts are never changed, only replaced
        kept.rooms, kept.sources = dict(school.rooms), dict(school.sources)
        self._minutes.append(kept)

    def statuses(self, at: datetime) -> dict[RoomKey, Status]:
        """Tell the status of every room at an instant, as was known then, to the minute."""
        school = self._minutes[min((at - self.begin) // MINUTE, len(self._minutes) - 1)]
        return {key: status_at(known(school, school.rooms[key]), at) for key in rooms_in_order(school)}

    def told(self, at: datetime, most: int) -> list[tuple[RoomKey, Line]]:
        """List what was learnt last before an instant, the newest first."""
        past = bisect_right(self._lines, at, key=lambda told: told[1].learnt)
        return self._lines[max(0, past - most) : past][::-1]


def pressed(watch: Watch, key: int, begin: datetime, end: datetime) -> Watch:
    """Follow a key.

    Args:
        watch: What is seen.
        key: As curses names it.
        begin: Of the day.
        end: Of the day.
    """
    jumps = {
        curses.KEY_LEFT: -5 * MINUTE, curses.KEY_RIGHT: 5 * MINUTE,
        curses.KEY_PPAGE: -60 * MINUTE, curses.KEY_NPAGE: 60 * MINUTE,
    }  # fmt: skip
    if key in jumps:
        at = min(max(watch.at + jumps[key], begin), end - MINUTE)
        return replace(watch, at=at, running=False)
    match key:
        case curses.KEY_UP:
            return replace(watch, speed=min(watch.speed * 2, FASTEST))
        case curses.KEY_DOWN:
            return replace(watch, speed=max(watch.speed // 2, 1))
        case curses.KEY_HOME:
            return replace(watch, at=begin)
        case curses.KEY_END:
            return replace(watch, at=end - MINUTE, running=False)
        case 32:  # the space bar
            return replace(watch, running=not watch.running)
        case 27 | 113:  # Escape, q
            return replace(watch, over=True)
    return watch


def gone_on(watch: Watch, seconds: float, end: datetime) -> Watch:
    """Let time pass; at the end of the day it stands."""
    if not watch.running:
        return watch
    at = watch.at + timedelta(seconds=seconds * watch.speed)
    return replace(watch, at=min(at, end - MINUTE), running=at < end - MINUTE)


def picture(day: Day, watch: Watch, width: int, height: int) -> list[list[tuple[str, str]]]:
    """Set the lines of the screen: texts, each with the status that colours it, or none.

    Args:
        day: The day.
        watch: What is seen of it.
        width: Cells in a line.
        height: Lines; where it is too low for all, fewer events are told, and then fewer rooms.
    """
    statuses = day.statuses(watch.at)
    local = watch.at.astimezone(day.zone)
    counts = Counter("closed" if status.closed else status.name for status in statuses.values())
    pace = f"{watch.speed} s a second" if watch.running else "stands"
    head = [[(f"{day.day:%A} {day.day}  {local:%H:%M}   {pace}", "")], [(_bar(day, watch, width), "")]]
    digits = len(str(len(statuses)))  # of one width, so that nothing moves while they change
    signs = [(f"{_SIGNS[name]} {name.replace('_', ' ')} {counts[name]:{digits}}", name) for name in _SIGNS]
    head += [*_flowed([*signs, (f"· closed {counts['closed']:{digits}}", "")], width), []]
    longest = max((len(key) for key in statuses), default=1)
    rooms = _flowed(
        [
            (
                f"{'·' if status.closed else _SIGNS[status.name]} {key:{longest}}",
                "" if status.closed else status.name,
            )
            for key, status in statuses.items()
        ],
        width,
    )
    keys = [(one, "") for one in ("←→ 5 min", "PgUp PgDn 1 h", "↑↓ speed", "space stop", "q end")]
    foot = [[], *_flowed(keys, width)]
    left = height - len(head) - len(foot)
    if len(rooms) > left:
        rooms = [*rooms[: max(left - 1, 0)], [("… a larger terminal shows all rooms", "")]]
    told = []
    for key, line in day.told(watch.at, min(_TOLD, max(left - len(rooms) - 1, 0))):
        at = line.learnt.astimezone(day.zone)
        what = words(line.what, lambda one: f"{one.astimezone(day.zone):%H:%M}")
        told.append([(f"{at:%H:%M}  {key}  {what}"[: width - 1], "")])
    return [*head, *rooms, *([[], *told] if told else []), *foot]


def _flowed(parts: Sequence[tuple[str, str]], width: int) -> list[list[tuple[str, str]]]:
    """Set parts side by side, in as many lines as they need."""
    lines: list[list[tuple[str, str]]] = [[]]
    taken = 0
    for text, name in parts:
        if lines[-1] and taken + len(text) > width - 1:
            lines.append([])
            taken = 0
        lines[-1].append((f"{text}   ", name))
        taken += len(text) + 3
    return lines


def _bar(day: Day, watch: Watch, width: int) -> str:
    cells = max(width - 2, 10)
    done = int(cells * ((watch.at - day.begin) / (day.end - day.begin)))
    return "━" * done + "╸" + "─" * (cells - done - 1)


def main(argv: Sequence[str]) -> int:
    """Show a day.

    Returns:
        0, or 2 when it cannot be shown.
    """
    arguments = _parser().parse_args(argv)
    try:
        log = SqliteLog(log_folder(arguments), read_only=True)
        facts = open_facts(log)
        try:
            wanted = asked.parse_day(arguments.day, "--day")
            asked.days_asked(str(wanted), str(wanted), bounds(facts))
            if not 1 <= arguments.speed <= FASTEST:
                raise asked.Unanswerable(f"--speed {arguments.speed}: allowed is 1 to {FASTEST}")
            if not sys.stdout.isatty():
                raise asked.Unanswerable("it needs a terminal; for a program: toctoc replay --at TIME --json")
            day = Day(log, facts, wanted)
        finally:
            facts.close()
        start = asked.parse_time(f"{wanted}T{arguments.start}", "--start", facts.zone)
        curses.wrapper(_show, day, Watch(at=start, speed=arguments.speed))
    except (ToctocError, OSError, ValueError, curses.error) as error:
        sys.stderr.write(f"toctoc timeline: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc timeline",
        description="Watch a day of the whole school unfold, as was known then; scrub with the arrow keys.",
        epilog="example: toctoc timeline --day 2026-11-20 --speed 600",
    )
    parser.add_argument("--day", required=True, metavar="DAY")
    parser.add_argument("--speed", type=int, default=600, help="seconds of the day in one; default: 600")
    parser.add_argument("--start", default="07:30", metavar="TIME", help="where to begin; default: 07:30")
    add_log(parser)
    return parser


def _pairs() -> dict[str, int]:
    """Tell with which attribute each status is written; none on a terminal without colours."""
    if not curses.has_colors():
        return {}
    curses.use_default_colors()
    for number, colour in enumerate(_COLOURS.values(), start=1):
        curses.init_pair(number, colour, -1)
    return {name: curses.color_pair(number) for number, name in enumerate(_COLOURS, start=1)}


def _show(screen: Any, day: Day, watch: Watch) -> None:
    with contextlib.suppress(curses.error):  # not every terminal can hide its cursor
        curses.curs_set(0)
    pairs = _pairs()
    screen.timeout(int(_FRAME * 1000))
    before = time.monotonic()
    while not watch.over:
        height, width = screen.getmaxyx()
        screen.erase()
        for y, line in enumerate(picture(day, watch, width, height)[:height]):
            x = 0
            for text, name in line:
                if x < width - 1:
                    screen.addnstr(y, x, text, width - 1 - x, pairs.get(name, curses.A_NORMAL))
                x += len(text)
        screen.refresh()
        watch = pressed(watch, screen.getch(), day.begin, day.end)
        now = time.monotonic()
        watch, before = gone_on(watch, now - before, day.end), now
