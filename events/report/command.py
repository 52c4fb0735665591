"""``toctoc audit``: what a log says of the past, in figures that can be defended.

It speaks English, as the whole command line does, whatever the terminal's language: the same question has the
same bytes, and its words are those of ``--json`` and of the log. What is handed on to people is the report,
which is in French and English.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import apsw
from msgspec.structs import replace

from events.errors import ToctocError
from events.report import asked
from events.report.asked import Unanswerable
from events.report.asking import INDEX, STDOUT, Asked, Draw, add_log, log_folder, open_facts, scope_of
from events.report.days import bounds, month_scope
from events.report.figures import show_no_shows, show_policy, show_use
from events.report.stories import show_booking, show_room, show_screen
from events.sqlite import SqliteLog


def main(argv: Sequence[str], *, draw: Draw | None = None) -> int:
    """Run an audit.

    Args:
        argv: The command line.
        draw: Draws a door's screen (`kiosk.still.draw`), which audits may not import.

    Returns:
        0, 2 when what is asked cannot be answered, or 130 when it was interrupted.
    """
    arguments = _parser().parse_args(_joined(argv))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no accents still tells the figures
    try:
        with _out(arguments) as out:
            _run(arguments, out, draw)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc audit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except apsw.Error as error:
        print(f"toctoc audit: {INDEX}: {error}; to make it anew: toctoc audit index", file=sys.stderr)
        return 2
    return 0


@contextmanager
def _out(arguments: argparse.Namespace) -> Iterator[IO[str]]:
    """Open what people read: standard output, unless rows go there."""
    if getattr(arguments, "csv", None) != STDOUT:
        yield sys.stdout
    elif arguments.json:
        raise Unanswerable("--csv - and --json would both write to standard output: name a file")
    else:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield nowhere


def _run(arguments: argparse.Namespace, out: IO[str], draw: Draw | None) -> None:
    log = SqliteLog(log_folder(arguments), read_only=True)
    facts = open_facts(log, anew=arguments.run is _index)
    try:
        scope = scope_of(facts, arguments)
        arguments.run(Asked(arguments=arguments, log=log, facts=facts, scope=scope, out=out, draw=draw))
    finally:
        facts.close()


def _report(a: Asked) -> None:
    year, month = asked.parse_month(a.arguments.month)
    scope = month_scope(a.scope, year, month)
    asked.days_asked(str(scope.first), str(scope.last), bounds(a.facts))
    rule = asked.parse_rule(a.arguments.rule)
    try:
        from events.report.page import gather_month, page  # noqa: PLC0415  # only a report draws
    except ModuleNotFoundError as error:
        raise Unanswerable(f"a report needs {error.name}: pip install 'toctoc[audit]'") from None
    about = replace(a, scope=scope)
    figures = gather_month(
        a.facts, scope, rule, annotated=about.annotated(), asked=_again(a.arguments), hours=a.arguments.hours
    )
    text = page(figures, a.facts, language=a.arguments.language, local=a.clock)
    out: Path = a.arguments.out
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unanswerable(f"--out {out} cannot be written: {error.strerror}") from None
    if a.arguments.json:
        about.say_json({"report": str(out), "bytes": len(text.encode())})
        return
    a.say(f"{out}: {year}-{month:02}, {len(text.encode()):,} bytes, as of event {a.facts.seq:,}")


def _again(arguments: argparse.Namespace) -> str:
    """Write what asks a command for the same rooms."""
    options = {"--room": arguments.rooms, "--wing": arguments.wings, "--type": arguments.types}
    words = [f"{option} {shlex.quote(one)}" for option, some in options.items() for one in some or ()]
    return " ".join(words)


def _index(a: Asked) -> None:
    if a.arguments.json:
        a.say_json({})
        return
    a.say(f"{a.facts.seq:,} events followed, to {a.clock(a.facts.newest)}")


def _joined(argv: Sequence[str]) -> list[str]:
    """Join ``--rule -10..+15`` to one word: argparse takes what begins with a dash for an option."""
    words_ = list(argv)
    for number_, word in enumerate(words_[:-1]):
        if word == "--rule" and words_[number_ + 1].startswith("-"):
            return _joined([*words_[:number_], f"--rule={words_[number_ + 1]}", *words_[number_ + 2 :]])
    return words_


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc audit",
        description="Tell what was booked, what was really used, what each screen showed, and what was "
        "known then. Every figure is a replay of the event log: same log and arguments, same bytes.",
        epilog="examples: toctoc audit use --from 2026-11-01 --to 2026-11-30; "
        "toctoc audit no-shows --rule -10..+15 --wing L --csv no-shows.csv; "
        "toctoc audit room L213 --day 2026-11-20",
    )
    commands = parser.add_subparsers(required=True, metavar="WHAT")

    def command(name: str, run: Callable[[Asked], None], what: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        one.set_defaults(run=run)
        add_log(one)
        one.add_argument("--json", action="store_true", help="for other programs")
        return one

    use = command("use", show_use, "booked and really used time, by room and day")
    _period(use)
    use.add_argument("--by-hour", action="store_true", help="by weekday and hour of the opening time")
    shows = command("no-shows", show_no_shows, "bookings that nobody came to, and how sure that is")
    _period(shows, hours=False)
    shows.add_argument(
        "--rule",
        default="-10..+15",
        metavar="-10..+15",
        help="minutes before and after the start in which a press confirms; -10..end for to its end",
    )
    policy = command("policy", show_policy, "what releasing unconfirmed bookings would have done")
    _period(policy, hours=False)
    policy.add_argument(
        "--release-after",
        default="5,10,15,20,30",
        metavar="MINUTES",
        help="the rules to try, parted by commas; default: 5,10,15,20,30",
    )
    room = command("room", show_room, "the day of a room: what happened, and when we learnt it")
    room.add_argument("room", metavar="ROOM")
    room.add_argument("--day", required=True, metavar="DAY")
    room.add_argument("--no-titles", action="store_true", help="without the titles of bookings")
    _csv(room)
    booking = command("booking", show_booking, "where a booking came from, and who took it away")
    booking.add_argument("booking", nargs="?", metavar="ID")
    booking.add_argument("--title", metavar="TEXT", help="all bookings with this in their title")
    _period(booking, hours=False)
    screen = command("screen", show_screen, "what a door showed at an instant, as known then")
    screen.add_argument("room", metavar="ROOM")
    screen.add_argument("--at", required=True, metavar="TIME", help="local, such as 2026-11-20T14:07")
    screen.add_argument("--corrected", action="store_true", help="as known now: late presses in their place")
    screen.add_argument("--png", type=Path, metavar="FILE", help="draw the screen; needs toctoc[kiosk]")
    screen.add_argument("--size", default="800x480", metavar="WIDTHxHEIGHT", help="of the screen drawn")
    screen.add_argument("--language", default="fr", help="of the screen drawn; default: fr")
    screen.add_argument("--no-titles", action="store_true", help="without the titles of bookings")
    report = command("report", _report, "a month on one page for a browser, in French and English")
    report.add_argument("--month", required=True, metavar="MONTH", help="such as 2026-11")
    report.add_argument("--out", type=Path, required=True, metavar="FILE", help="such as report.html")
    report.add_argument("--language", choices=("fr", "en"), default="fr", help="the one that is shown first")
    report.add_argument("--rule", default="-10..+15", metavar="-10..+15", help="as of no-shows")
    _rooms(report)
    _hours(report)
    command("index", _index, "make the index anew: the facts that audits read, kept beside the log")
    return parser


def _period(parser: argparse.ArgumentParser, *, hours: bool = True) -> None:
    parser.add_argument("--from", dest="first", metavar="DAY", help="first day; default: the log's first")
    parser.add_argument(
        "--to", dest="last", metavar="DAY", help="last day, included; default: the log's last"
    )
    _rooms(parser)
    parser.add_argument("--no-titles", action="store_true", help="without the titles of bookings")
    _csv(parser)
    if hours:
        _hours(parser)


def _csv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="rows for a spreadsheet; - for standard output"
    )


def _rooms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", dest="rooms", action="append", metavar="ROOM", help="may be repeated")
    parser.add_argument("--wing", dest="wings", action="append", metavar="WING", help="may be repeated")
    parser.add_argument("--type", dest="types", action="append", metavar="TYPE", help="may be repeated")


def _hours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hours",
        metavar="08:00-18:00",
        help="when rooms count as open; default: the configuration's hours, or 08:00-18:00",
    )
