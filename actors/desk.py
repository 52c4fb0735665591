"""``toctoc room``: the front desk puts a room out of order, or back.

Goes to the running server as operator; when none runs, takes the log's lock and writes itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from actors.settings import SchoolSettings, read_school
from events.client import GatewayError, converse
from events.clock import SystemClock
from events.domain import AnyEvent, Part, RoomClosed, RoomReopened
from events.errors import ConfigError, LogError, LogLocked, ToctocError
from events.ids import RoomKey, new_event_id, room_stream
from events.log import Batch, Draft
from events.personal import new_part
from events.sqlite import SqliteLog
from events.wire import ClientMessage, CloseRoom, Done, Refused, ReopenRoom, ServerMessage

TIMEOUT = 10.0
T = TypeVar("T", bound=ServerMessage)


class NotDone(ToctocError):
    """The server refused."""


def main(argv: Sequence[str]) -> int:
    """Close or reopen a room.

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
            seq = _by_hand(settings, order, unreachable)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc room: {error}", file=sys.stderr)
        return 1
    done = "out of order" if isinstance(order, CloseRoom) else "back in order"
    print(f"{room} is {done} (event {seq})")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc room",
        description="Put a room out of order, or back in order.",
        epilog="example: toctoc room close L213 --until 2026-11-21T18:00 --reason 'Projecteur en panne' "
        "--config /etc/toctoc/school.toml",
    )
    parser.add_argument("what", choices=("close", "reopen"))
    parser.add_argument("room", metavar="ROOM")
    parser.add_argument("--until", metavar="TIME", help="local time, such as 2026-11-21T18:00")
    parser.add_argument("--reason", default="", help="shown at the door")
    parser.add_argument("--config", type=Path, required=True, metavar="school.toml")
    return parser


def _order(arguments: argparse.Namespace, room: RoomKey, zone: ZoneInfo) -> CloseRoom | ReopenRoom:
    if arguments.what == "reopen":
        return ReopenRoom(id=1, room=room)
    until = None
    if arguments.until is not None:
        until = datetime.fromisoformat(arguments.until)
        until = (until if until.tzinfo else until.replace(tzinfo=zone)).astimezone(UTC)
    return CloseRoom(id=1, room=room, until=until, reason=arguments.reason)


def ask_server(settings: SchoolSettings, order: ClientMessage, answer: type[T]) -> T:
    """Ask the running server as operator.

    Args:
        settings: Where it listens, and where the operator's token lies.
        order: What to ask.
        answer: What is waited for.

    Raises:
        GatewayError: No server answers.
        NotDone: It refused.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = f"ws://{host}:{settings.port}"
    try:
        token = (settings.data / "operator.token").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise GatewayError(server, "no server has ever run on this data folder") from None
    until = time.monotonic() + TIMEOUT
    with converse(server, token=token, timeout=TIMEOUT) as conversation:
        conversation.say(order)
        while True:
            message = conversation.hear(until=until)
            if isinstance(message, answer):
                return message
            if isinstance(message, Refused):
                raise NotDone(message.reason)


def _by_hand(settings: SchoolSettings, order: CloseRoom | ReopenRoom, unreachable: GatewayError) -> int:
    if not (settings.data / "log.db").exists():
        raise LogError(f"{settings.data}: there is no log here; start the server once")
    try:
        log = SqliteLog(settings.data, who="toctoc room")
    except LogLocked as locked:
        raise LogError(f"the server does not answer ({unreachable}), and {locked}") from unreachable
    try:
        if log.head() == 0:
            raise LogError(f"{log.path}: nothing is in this log; start the server once")
        now = SystemClock().now()
        part: Part | None = None
        text: bytes | None = None
        event: AnyEvent
        if isinstance(order, CloseRoom):
            if order.reason:
                part, text = new_part(order.until or now, reason=order.reason)
            event = RoomClosed(room=order.room, until=order.until, part=part)
        else:
            event = RoomReopened(room=order.room)
        draft = Draft(id=new_event_id(), stream=room_stream(order.room), at=now, event=event, text=text)
        return log.append(Batch(drafts=(draft,)))[0].seq
    finally:
        log.close()
