"""``toctoc log`` and ``toctoc replay``: the log read by a person, or by another program."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import msgspec

from events.annotate import add_arguments, annotation, by_hand
from events.client import GatewayError
from events.clock import SystemClock
from events.codec import TAGS, tag_of
from events.config import nearest
from events.domain import LogCreated, Recorded, RoomDeclared
from events.errors import LogLocked, ToctocError
from events.notices import standing
from events.places import DATA
from events.progress import Progress
from events.projection import room_day, room_presence
from events.replay import replay, texts, verify
from events.sqlite import SqliteLog
from events.state import SchoolState, digest_form
from events.status import known, rooms_in_order, stretch_at
from events.transfer import export_file, export_lines, import_log, name_of, open_lines
from events.wire import AnnotateRoom

Ask = Callable[[Path, AnnotateRoom], int]
"""Asks the server of a configuration, and gives the seq of what it recorded."""

_FINDINGS_SHOWN = 100
_LOOK_EVERY = 0.5


def main(argv: Sequence[str], *, ask: Ask | None = None) -> int:
    """Run ``log`` or ``replay``.

    Args:
        argv: The command's name and its arguments.
        ask: Lets the running server record an annotation (`actors.commands.room`), which this may not import.

    Returns:
        0 when all is well, 1 when `verify` found something, 2 when the log cannot be read.
    """
    arguments = _parser(argv[0]).parse_args(argv[1:])
    arguments.ask = ask
    try:
        writes = arguments.run is _import
        log = SqliteLog(arguments.data, read_only=not writes, who=f"toctoc {argv[0]}")
        try:
            return int(arguments.run(log, arguments, sys.stdout))
        finally:
            log.close()
    except KeyboardInterrupt:
        return 130
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc {argv[0]}: {error}", file=sys.stderr)
        return 2


def _parser(name: str) -> argparse.ArgumentParser:
    if name == "replay":
        parser = argparse.ArgumentParser(
            prog="toctoc replay",
            description="Tell the state of every room, now or at any instant, by replaying the log.",
            epilog="example: toctoc replay --data /var/lib/toctoc --at 2026-11-20T14:07 --json",
        )
        _data(parser)
        parser.add_argument("--at", metavar="TIME", help="as it was known then; local time of the school")
        parser.add_argument("--seq", type=_count, help="only the events up to this one")
        parser.add_argument("--titles", action="store_true", help="with the titles of bookings")
        parser.add_argument("--json", action="store_true")
        parser.set_defaults(run=_replay)
        return parser
    parser = argparse.ArgumentParser(
        prog="toctoc log",
        description="Show, count, verify, export, import or annotate the event log.",
        epilog="examples: toctoc log show --data /var/lib/toctoc --room L213 --last 20; "
        "toctoc log export --out log.jsonl.gz --resume; toctoc log annotate L213 --present "
        "--day 2026-11-20 --time 10:00-12:00 --by 'A. Martin' --text 'the button was not seen'",
    )
    commands = parser.add_subparsers(
        required=True, metavar="show|stats|verify|export|import|annotate", dest="what"
    )
    show = commands.add_parser("show", help="print events, a line each")
    show.add_argument("--room", help="only of this room")
    show.add_argument("--tag", help="only of this kind, such as presence-pressed")
    show.add_argument("--after", type=_count, default=0, metavar="SEQ", help="only those behind this one")
    show.add_argument("--last", type=_count, metavar="N", help="only the last N")
    show.add_argument("--follow", action="store_true", help="go on as the log grows")
    show.set_defaults(run=_show)
    count = commands.add_parser("stats", help="count the events by their kind")
    count.add_argument("--json", action="store_true")
    count.set_defaults(run=_stats)
    check = commands.add_parser("verify", help="read the whole log and tell what is not as it should be")
    check.set_defaults(run=_verify)
    export = commands.add_parser("export", help="write CloudEvents 1.0, a JSON object a line")
    export.add_argument("--after", type=_count, default=0, metavar="SEQ", help="go on behind this one")
    export.add_argument("--out", type=Path, metavar="FILE", help="gzipped where its name ends in .gz")
    export.add_argument("--resume", action="store_true", help="go on behind what is in FILE")
    export.set_defaults(run=_export)
    taken = commands.add_parser("import", help="write an export into a log; doing it twice is doing it once")
    taken.add_argument("file", type=Path, metavar="FILE", help="gzipped or not; - for standard input")
    taken.set_defaults(run=_import)
    note = commands.add_parser("annotate", help="set something right by a fact that is added")
    add_arguments(note)
    note.set_defaults(run=_annotate)
    for command in (show, count, check, export, taken, note):
        _data(command)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number; allowed is 0 or more")
    return int(text)


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help=f"the server's data folder; default: {DATA}",
    )


def _zone(log: SqliteLog) -> ZoneInfo:
    first = next(log.read(until=1), None)
    return ZoneInfo(first.event.zone if first and isinstance(first.event, LogCreated) else "UTC")


def _show(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    _known(log, arguments)
    stream, after = f"room/{arguments.room}" if arguments.room else None, arguments.after
    head = log.head()  # what is written while these are read is told behind them
    if arguments.last is not None and stream is None and arguments.tag is None:
        after = max(after, head - arguments.last)  # without reading what is not shown
    events: Iterable[Recorded] = log.read(after=after, until=head, stream=stream, tag=arguments.tag)
    if arguments.last is not None:
        events = deque(events, maxlen=arguments.last)
    if arguments.follow:
        events = chain(events, followed(log, after=max(after, head), stream=stream, tag=arguments.tag))
    zone = _zone(log)
    for recorded in events:
        fields = msgspec.to_builtins(recorded.event)
        fields.pop("type")
        fields.pop("room", None)
        at = recorded.at.astimezone(zone)
        body = msgspec.json.encode(fields).decode()
        place = f"{recorded.seq:>7}  {at:%Y-%m-%d %H:%M:%S}  {recorded.stream:12}"
        print(f"{place} {tag_of(recorded.event):17} {body}", file=out, flush=arguments.follow)
    return 0


def _known(log: SqliteLog, arguments: argparse.Namespace) -> None:
    """Refuse a room or a kind of event that nothing can be of."""
    if arguments.tag is not None and arguments.tag not in TAGS.values():
        raise ValueError(
            f"--tag {arguments.tag!r} is no kind of event{nearest(arguments.tag, TAGS.values())}"
        )
    if arguments.room is not None:
        rooms = {getattr(recorded.event, "room", "") for recorded in log.read(tag=TAGS[RoomDeclared])}
        if arguments.room not in rooms:
            hint = nearest(arguments.room, rooms)
            raise ValueError(f"--room {arguments.room!r}: there is no such room in this log{hint}")


def followed(
    log: SqliteLog,
    *,
    after: int,
    stream: str | None,
    tag: str | None,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Recorded]:
    """Tell what is written, until the reader stops.

    Args:
        log: The log.
        after: Only events with a greater seq.
        stream: Only of this stream.
        tag: Only of this kind.
        wait: Waits so many seconds.
    """
    while True:
        for recorded in log.read(after=after, stream=stream, tag=tag):
            yield recorded
            after = recorded.seq
        wait(_LOOK_EVERY)


def _stats(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    zone, counts = _zone(log), log.counts()
    size = log.path.stat().st_size
    if arguments.json:
        kinds = {one.tag: {"events": one.events, "bytes": one.size} for one in counts}
        answer = {"log": name_of(log), "events": log.head(), "bytes": size, "kinds": kinds}
        if counts:
            answer |= {"first": min(one.first for one in counts), "last": max(one.last for one in counts)}
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode(), file=out)
        return 0
    for one in counts:
        span = f"{one.first.astimezone(zone):%Y-%m-%d %H:%M} to {one.last.astimezone(zone):%Y-%m-%d %H:%M}"
        print(f"{one.events:>11,}  {one.tag:20} {one.size:>13,} bytes  {span}", file=out)
    print(f"{log.head():>11,}  events, {size:,} bytes on disk", file=out)
    return 0


def _verify(log: SqliteLog, _arguments: argparse.Namespace, out: IO[str]) -> int:
    count = 0
    progress = Progress("verifying")
    for finding in verify(log, log.personal, progress=progress):
        progress.end()
        count += 1
        if count <= _FINDINGS_SHOWN:
            print(f"event {finding.seq}: {finding.what}: {finding.detail}", file=out)
    progress.end()
    if count > _FINDINGS_SHOWN:
        print(f"… and {count - _FINDINGS_SHOWN} more", file=out)
    print(f"{log.head()} events, {count} findings", file=out)
    return 1 if count else 0


def _export(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    path: Path | None = arguments.out
    if path is None:
        if arguments.resume:
            raise ValueError("--resume wants --out FILE, to see what is there already")
        for line in export_lines(log, after=arguments.after):
            out.write(line.decode())
        return 0
    progress = Progress(f"exporting to {path.name}")
    try:
        first, last = export_file(
            log, path, after=arguments.after, resume=arguments.resume, progress=progress
        )
    finally:
        progress.end()
    print(f"{path}: events {first:,} to {last:,}" if last else f"{path}: nothing new", file=sys.stderr)
    return 0


def _import(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    path: Path | None = None if str(arguments.file) == "-" else arguments.file
    progress = Progress("importing")
    try:
        with open_lines(path, sys.stdin.buffer) as lines:
            new, known_ = import_log(lines, log, progress=progress)
    finally:
        progress.end()
    print(f"{new:,} events imported, {known_:,} were there already; the log has {log.head():,}", file=out)
    if new:
        print("Titles and remarks are no part of an export: copy the folder personal/ as well.", file=out)
    return 0


def _asked(arguments: argparse.Namespace, order: AnnotateRoom) -> int | None:
    """Let the running server record an annotation; None where none runs, or none was named."""
    if arguments.config is None or arguments.ask is None:
        return None
    try:
        return int(arguments.ask(arguments.config, order))
    except GatewayError as unreachable:
        print(f"toctoc log: no server answers ({unreachable}): written by hand", file=sys.stderr)
        return None


def _annotate(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    order = annotation(log, replay(log), arguments, SystemClock().now())
    seq = _asked(arguments, order)
    if seq is None:
        try:
            writer = SqliteLog(log.folder, who="toctoc log annotate")
        except LogLocked as locked:
            raise ValueError(f"{locked}; with --config school.toml it records this") from None
        try:
            seq = by_hand(writer, order, SystemClock().now())
        finally:
            writer.close()
    print(f"{arguments.room} annotated (event {seq}); to take it back: --withdraw {seq}", file=out)
    return 0


def _replay(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    zone = _zone(log)
    at = _instant(arguments.at, zone)
    school = replay(log, seq=arguments.seq, at=at)
    now = at or datetime.now(UTC)
    found = texts(school, log.personal, ended_after=now) if arguments.titles else None
    if arguments.json:
        answer = _answer(school, now, found)
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode(), file=out)
        return 0
    print(f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}, {school.seq} events", file=out)
    for key in rooms_in_order(school):
        stretch = stretch_at(known(school, school.rooms[key]), now)
        status = stretch.status
        marks = [word for word in ("closed", "out_of_order", "released", "warning") if getattr(status, word)]
        until = _until(stretch.until, now, zone)
        print(f"  {key:8} {status.name:9} {until:22} {' '.join(marks)}".rstrip(), file=out)
    return 0


def _until(until: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if until is None:
        return ""
    local = until.astimezone(zone)
    return (
        f"until {local:%H:%M}"
        if local.date() == now.astimezone(zone).date()
        else f"until {local:%Y-%m-%d %H:%M}"
    )


def _instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--at {text!r} is no time; allowed is 2026-11-20T14:07, local") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _answer(school: SchoolState, now: datetime, found: Any) -> dict[str, Any]:
    """Make the JSON: of each room what the gateway would have sent, its status, and the notices."""
    rooms = {}
    for key in rooms_in_order(school):
        k = known(school, school.rooms[key])
        rooms[key] = {
            "status": stretch_at(k, now),
            "day": room_day(k, now, found),
            "presence": room_presence(k, now),
        }
    return {
        "at": now,
        "seq": school.seq,
        "log": school.created.log if school.created else None,
        "state": digest(school),
        "rooms": rooms,
        "notices": [
            {
                "number": notice.number,
                "topic": notice.topic,
                "posted_at": notice.posted_at,
                "until": notice.until,
                "text": found.get(notice.text) if found is not None else None,
            }
            for notice in standing(school.notices.values(), now)
        ],
    }


def digest(school: SchoolState) -> str:
    """Name a state: equal for equal states only; 64 hex digits."""
    return hashlib.sha256(digest_form(school)).hexdigest()
