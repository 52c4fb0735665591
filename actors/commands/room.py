"""``toctoc room``: the front desk puts a room out of order, or back, or says how many are in it.

Goes to the running server as operator; when none runs, takes the log's lock and writes itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from actors.commands.ask import add_config, ask_server, by_hand
from actors.ordered import is_out_of_order, not_out_of_order
from actors.settings import read_school
from events.client import GatewayError
from events.domain import AnyEvent, HeadcountChanged, Part, RoomClosed, RoomReopened
from events.errors import ConfigError, ToctocError
from events.ids import RoomKey, new_event_id, room_stream
from events.log import Draft
from events.personal import new_part
from events.replay import replay
from events.sqlite import SqliteLog
from events.wire import CloseRoom, Done, ReopenRoom, SetHeadcount

MOST_PEOPLE = 10_000


def main(argv: Sequence[str]) -> int:
    """Close or reopen a room, or say how many people are in it.

    Returns:
        0 when it is in the log, 1 when not.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = read_school(arguments.config)
        room = RoomKey(arguments.room)
        if room not in settings.rooms:
            raise ConfigError(str(arguments.config), "", f"no room {room!r} in the inventory")
        order = _order(arguments, room, ZoneInfo(settings.zone))
        try:
            seq = ask_server(settings, order, Done).seq
        except GatewayError as unreachable:
            seq = by_hand(settings, "toctoc room", lambda log, now: _draft(order, log, now), unreachable)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc room: {error}", file=sys.stderr)
        return 1
    print(f"{room} {_outcome(order)} (event {seq})")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc room",
        description="Put a room out of order, or back in order; say how many people are in it.",
        epilog="examples: toctoc room close L213 --until 2026-11-21T18:00 --reason 'Projecteur en panne'; "
        "toctoc room count L213 12",
    )
    parser.add_argument("what", choices=("close", "reopen", "count"))
    parser.add_argument("room", metavar="ROOM")
    parser.add_argument("people", metavar="PEOPLE", nargs="?", help="for count: how many are there")
    parser.add_argument("--until", metavar="TIME", help="for close: local time, such as 2026-11-21T18:00")
    parser.add_argument("--reason", default="", help="for close: shown at the door")
    add_config(parser)
    return parser


_Order = CloseRoom | ReopenRoom | SetHeadcount


def _order(arguments: argparse.Namespace, room: RoomKey, zone: ZoneInfo) -> _Order:
    people = arguments.people
    if arguments.what == "count":
        if people is None or not people.isdecimal() or int(people) > MOST_PEOPLE:
            said = "nothing" if people is None else repr(people)
            raise ValueError(f"count wants how many people there are, from 0 to {MOST_PEOPLE}, not {said}")
        return SetHeadcount(id=1, room=room, count=int(people))
    if people is not None:
        raise ValueError(f"{arguments.what} takes a room and nothing behind it, not {people!r}")
    if arguments.what == "reopen":
        return ReopenRoom(id=1, room=room)
    return CloseRoom(id=1, room=room, until=instant(arguments.until, zone), reason=arguments.reason)


def _outcome(order: _Order) -> str:
    match order:
        case CloseRoom():
            return "is out of order"
        case ReopenRoom():
            return "is back in order"
        case SetHeadcount(count=count):
            return f"has {count} {'person' if count == 1 else 'people'} in it"


def instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Read ``--until``: a time of the school's clocks, unless it says which zone.

    Returns:
        The instant in UTC; None for None.

    Raises:
        ValueError: It is no time, with what is allowed.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--until {text!r} is no time; allowed is 2026-11-21T18:00, local") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _draft(order: _Order, log: SqliteLog, now: datetime) -> Draft:
    part: Part | None = None
    text: bytes | None = None
    event: AnyEvent
    match order:
        case CloseRoom():
            if order.reason:
                part, text = new_part(order.until or now, reason=order.reason)
            event = RoomClosed(room=order.room, until=order.until, part=part)
        case ReopenRoom():
            if not is_out_of_order(replay(log), order.room, now):
                raise ValueError(not_out_of_order(order.room))
            event = RoomReopened(room=order.room)
        case SetHeadcount(count=count):
            event = HeadcountChanged(room=order.room, count=count, by="desk")
    return Draft(id=new_event_id(), stream=room_stream(order.room), at=now, event=event, text=text)
