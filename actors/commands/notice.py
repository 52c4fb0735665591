"""``toctoc notice``: the front desk puts a notice on doors, lists those that stand, takes one away.

Goes to the running server as operator; when none runs, reads the log, or takes its lock and writes
itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from actors.commands.ask import add_config, ask_server, by_hand
from actors.commands.room import instant
from actors.settings import SchoolSettings, read_school
from events.client import GatewayError
from events.clock import SystemClock
from events.domain import NoticePosted, NoticeWithdrawn
from events.errors import ToctocError
from events.ids import SCHOOL_STREAM, new_event_id
from events.log import Draft
from events.notices import LONGEST, one_line, why_not_posted, why_not_withdrawn
from events.personal import new_part
from events.projection import notices
from events.replay import replay, texts
from events.sqlite import SqliteLog
from events.wire import Done, Notice, Notices, PostNotice, Subscribe, WithdrawNotice

_WHO = "toctoc notice"
_NO_ROOM = "notices"
"""A topic that no room belongs to: its snapshot holds the notices alone."""


def main(argv: Sequence[str]) -> int:
    """Post, list or withdraw notices.

    Returns:
        0 when it is in the log, or listed; 1 when not.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = read_school(arguments.config)
        arguments.run(settings, arguments, sys.stdout)
    except (ToctocError, OSError, ValueError) as error:
        _say(f"{_WHO}: {error}", sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_WHO,
        description="Put a notice on doors, list those that stand, take one away.",
        epilog="example: toctoc notice post wing/L 'Exercice incendie à 14 h' --until 2026-11-20T15:00",
    )
    commands = parser.add_subparsers(required=True, metavar="post|list|withdraw")
    post = commands.add_parser("post", help="put a notice on doors")
    post.add_argument("topic", metavar="TOPIC", help="school, wing/L, type/petit or room/L213")
    post.add_argument("text", metavar="TEXT", help=f"one line of up to {LONGEST} letters")
    post.add_argument(
        "--until", metavar="TIME", help="when it ends by itself: local time, such as 2026-11-21T18:00"
    )
    post.set_defaults(run=_post)
    listed = commands.add_parser("list", help="tell which notices stand")
    listed.set_defaults(run=_list)
    withdraw = commands.add_parser("withdraw", help="take a notice away")
    withdraw.add_argument("number", metavar="N", type=int, help="its number, as list tells it")
    withdraw.set_defaults(run=_withdraw)
    for command in (post, listed, withdraw):
        add_config(command)
    return parser


def _post(settings: SchoolSettings, arguments: argparse.Namespace, out: IO[str]) -> None:
    topic, text = arguments.topic, one_line(arguments.text)
    until = instant(arguments.until, ZoneInfo(settings.zone))

    def make(log: SqliteLog, now: datetime) -> Draft:
        problem = why_not_posted(replay(log), topic, until, now)
        if problem is not None:
            raise ValueError(problem)
        part, body = new_part(until or now, reason=text)
        event = NoticePosted(topic=topic, until=until, part=part)
        return Draft(id=new_event_id(), stream=SCHOOL_STREAM, at=now, event=event, text=body)

    try:
        seq = ask_server(settings, PostNotice(id=1, topic=topic, text=text, until=until), Done).seq
    except GatewayError as unreachable:
        seq = by_hand(settings, _WHO, make, unreachable)
    _say(f"notice {seq} is on the doors of {topic}", out)


def _withdraw(settings: SchoolSettings, arguments: argparse.Namespace, out: IO[str]) -> None:
    number: int = arguments.number

    def make(log: SqliteLog, now: datetime) -> Draft:
        problem = why_not_withdrawn(replay(log), number, now)
        if problem is not None:
            raise ValueError(problem)
        event = NoticeWithdrawn(notice=number)
        return Draft(id=new_event_id(), stream=SCHOOL_STREAM, at=now, event=event)

    try:
        seq = ask_server(settings, WithdrawNotice(id=1, notice=number), Done).seq
    except GatewayError as unreachable:
        seq = by_hand(settings, _WHO, make, unreachable)
    _say(f"notice {number} is withdrawn (event {seq})", out)


def _list(settings: SchoolSettings, _arguments: argparse.Namespace, out: IO[str]) -> None:
    now = SystemClock().now()
    try:
        standing = ask_server(settings, Subscribe(topics=(_NO_ROOM,)), Notices).notices
    except GatewayError:
        log = SqliteLog(settings.data, read_only=True)
        school = replay(log)
        found = texts(school, log.personal, ended_after=now)
        standing = notices(school.notices.values(), now, found).notices
    zone = ZoneInfo(settings.zone)
    for notice in standing:
        _say(_line(notice, zone), out)
    if not standing:
        _say("no notice stands", out)


def _line(notice: Notice, zone: ZoneInfo) -> str:
    posted = f"since {notice.posted_at.astimezone(zone):%Y-%m-%d %H:%M}"
    until = f", until {notice.until.astimezone(zone):%Y-%m-%d %H:%M}" if notice.until else ""
    return f"{notice.number:>7}  {notice.topic}  {posted}{until}  {notice.text}"


def _say(line: str, out: IO[str]) -> None:
    print(line, file=out)
