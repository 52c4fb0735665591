"""``toctoc log`` and ``toctoc replay``: the log read by a person, or by another program."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import msgspec

from events.codec import tag_of, to_cloudevent
from events.domain import LogCreated, Recorded
from events.errors import ToctocError
from events.notices import standing
from events.projection import room_day, room_presence
from events.replay import replay, texts, verify
from events.sqlite import SqliteLog
from events.state import SchoolState, digest_form
from events.status import known, rooms_in_order, stretch_at

_FINDINGS_SHOWN = 100


def main(argv: Sequence[str]) -> int:
    """Run ``log`` or ``replay``.

    Returns:
        0 when all is well, 1 when `verify` found something, 2 when the log cannot be read.
    """
    arguments = _parser(argv[0]).parse_args(argv[1:])
    try:
        log = SqliteLog(arguments.data, read_only=True)
        return int(arguments.run(log, arguments, sys.stdout))
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
        parser.add_argument("--seq", type=int, help="only the events up to this one")
        parser.add_argument("--titles", action="store_true", help="with the titles of bookings")
        parser.add_argument("--json", action="store_true")
        parser.set_defaults(run=_replay)
        return parser
    parser = argparse.ArgumentParser(
        prog="toctoc log",
        description="Show, verify or export the event log.",
        epilog="example: toctoc log show --data /var/lib/toctoc --room L213 --last 20",
    )
    commands = parser.add_subparsers(required=True, metavar="show|verify|export")
    show = commands.add_parser("show", help="print events, a line each")
    show.add_argument("--room", help="only of this room")
    show.add_argument("--tag", help="only of this kind, such as presence-pressed")
    show.add_argument("--after", type=int, default=0, metavar="SEQ", help="only those behind this one")
    show.add_argument("--last", type=int, metavar="N", help="only the last N")
    show.set_defaults(run=_show)
    check = commands.add_parser("verify", help="read the whole log and tell what is not as it should be")
    check.set_defaults(run=_verify)
    export = commands.add_parser("export", help="write CloudEvents 1.0, a JSON object a line")
    export.add_argument("--after", type=int, default=0, metavar="SEQ", help="go on behind this one")
    export.set_defaults(run=_export)
    for command in (show, check, export):
        _data(command)
    return parser


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/toctoc"),
        metavar="FOLDER",
        help="the server's data folder; default: /var/lib/toctoc",
    )


def _zone(log: SqliteLog) -> ZoneInfo:
    first = next(log.read(until=1), None)
    return ZoneInfo(first.event.zone if first and isinstance(first.event, LogCreated) else "UTC")


def _show(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    stream = f"room/{arguments.room}" if arguments.room else None
    events: Iterable[Recorded] = log.read(after=arguments.after, stream=stream, tag=arguments.tag)
    if arguments.last is not None:
        events = list(events)[-arguments.last :] if arguments.last > 0 else []
    zone = _zone(log)
    for recorded in events:
        fields = msgspec.to_builtins(recorded.event)
        fields.pop("type")
        fields.pop("room", None)
        at = recorded.at.astimezone(zone)
        body = msgspec.json.encode(fields).decode()
        place = f"{recorded.seq:>7}  {at:%Y-%m-%d %H:%M:%S}  {recorded.stream:12}"
        print(f"{place} {tag_of(recorded.event):17} {body}", file=out)
    return 0


def _verify(log: SqliteLog, _arguments: argparse.Namespace, out: IO[str]) -> int:
    count = 0
    for finding in verify(log, log.personal):
        count += 1
        if count <= _FINDINGS_SHOWN:
            print(f"event {finding.seq}: {finding.what}: {finding.detail}", file=out)
    if count > _FINDINGS_SHOWN:
        print(f"… and {count - _FINDINGS_SHOWN} more", file=out)
    print(f"{log.head()} events, {count} findings", file=out)
    return 1 if count else 0


def _export(log: SqliteLog, arguments: argparse.Namespace, out: IO[str]) -> int:
    first = next(log.read(until=1), None)
    name = first.event.log if first and isinstance(first.event, LogCreated) else "unknown"
    encoder = msgspec.json.Encoder()
    for recorded in log.read(after=arguments.after):
        out.write(encoder.encode(to_cloudevent(recorded, name)).decode() + "\n")
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
