"""``toctoc sources``: how the timetables are, and an operator's word on a suspect reading."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from actors.commands.ask import add_config, ask_server
from actors.intake import report
from actors.settings import SchoolSettings, read_school
from events.client import GatewayError
from events.clock import SystemClock
from events.errors import ToctocError
from events.ids import SourceName
from events.printable import printable
from events.replay import replay
from events.sqlite import SqliteLog
from events.wire import AskSources, Done, JudgeReading, SourceReport, Sources


def main(argv: Sequence[str]) -> int:
    """Tell how the timetables are, or judge one.

    Returns:
        0 when all are well or the word is in the log, 1 when a timetable is not well, 2 when nothing
        could be told.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = read_school(arguments.config)
        if arguments.what is not None:
            return _judge(settings, arguments.what, arguments.source)
        reports, from_log = _reports(settings)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc sources: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(reports), indent=2).decode())
    else:
        print("\n".join(_lines(reports, SystemClock().now(), ZoneInfo(settings.zone))))
        if from_log:
            print("(no server runs: this is what the log says)")
    return 0 if all(one.outcome in ("changed", "unchanged") for one in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc sources",
        description="Tell how the timetables are; say of a suspect reading that it is right, or wrong.",
        epilog="examples: toctoc sources; toctoc sources accept oasis",
    )
    parser.add_argument("what", nargs="?", choices=("accept", "refuse"))
    parser.add_argument("source", nargs="?", metavar="SOURCE")
    add_config(parser)
    parser.add_argument("--json", action="store_true")
    return parser


def _judge(settings: SchoolSettings, what: str, source: str | None) -> int:
    names = [one.name for one in settings.sources]
    if source not in names:
        raise ValueError(f"{source!r} is no source; there are {', '.join(names) or 'none'}")
    accept = what == "accept"
    order = JudgeReading(id=1, source=SourceName(source), accept=accept)
    done = ask_server(settings, order, Done)
    print(f"the reading of {source} is {'believed' if accept else 'refused'} (event {done.seq})")
    return 0


def _reports(settings: SchoolSettings) -> tuple[tuple[SourceReport, ...], bool]:
    """Ask the server; where none runs, read the log."""
    try:
        return ask_server(settings, AskSources(id=1), Sources).sources, False
    except GatewayError:
        school = replay(SqliteLog(settings.data, read_only=True))
        now = SystemClock().now()
        return tuple(report(one, school=school, settings=settings, at=now) for one in settings.sources), True


def _lines(reports: Sequence[SourceReport], now: datetime, zone: ZoneInfo) -> list[str]:
    lines = []
    for one in reports:
        lines.append(f"{one.source} ({one.kind}): {one.outcome or 'never tried'}{_because(one)}")
        if one.read_at is None:
            lines.append("  today was never read")
        else:
            age = round((now - one.read_at).total_seconds() / 60)
            lines.append(
                f"  read at {one.read_at.astimezone(zone):%H:%M}, {age} min ago: {one.bookings} bookings"
            )
        if one.tried_at is not None and one.failures:
            lines.append(
                f"  {one.failures} failures in a row, the last at {one.tried_at.astimezone(zone):%H:%M}"
            )
        if one.problems:
            lines.append(f"  not understood in it: {one.problems}; the server's text log names them")
        if one.strangers:
            lines.append(f"  rooms that are not in the inventory: {', '.join(one.strangers)}")
        if one.roomless:
            lines.append(f"  bookings that name no room: {one.roomless}; toctoc scrape lists them")
        if one.missing:
            lines.append(f"  rooms that it does not speak of: {', '.join(one.missing)}")
        if one.shadowed:
            lines.append(
                f"  {one.shadowed} coming bookings do not count: a timetable before it says otherwise"
            )
        if one.next_try is not None:
            lines.append(f"  next try at {one.next_try.astimezone(zone):%H:%M:%S}")
        if one.outcome == "suspect":
            lines.append(f"  toctoc sources accept {one.source}, or refuse {one.source}, says what is true")
    # Names of rooms and reasons are a page's own words.
    return [printable(line) for line in lines] or ["no [[source]] is configured"]


def _because(one: SourceReport) -> str:
    return f": {one.reason}" if one.reason else ""
