"""``toctoc find``: the nearest free room, asked from a command line."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from events.client import converse
from events.errors import ToctocError
from events.ids import parse_room_key, read_fingerprint
from events.local import address_of, find_local_server, read_local_server
from events.places import CONFIG, HOST, PORT
from events.search import Answer, Refusal, Why, Wish
from events.wire import Find, Found, Refused, Welcome

SERVER = address_of(HOST, PORT, tls=False)
TIMEOUT = 10.0

WHY: dict[Why, str] = {
    "too-small": "of another type, with fewer seats",
    "no-whiteboard": "has no whiteboard",
    "no-blackboard": "has no blackboard",
    "no-projector": "has no projector and no television",
    "out-of-order": "is out of order",
    "closed": "is closed",
    "in-use": "is in use",
    "occupied": "is occupied",
    "booked": "is booked",
    "unknown": "has no timetable that can be believed now",
    "booked-soon": "is booked before that time is over",
    "closes-soon": "closes before that time is over",
}


class _NotFound(ToctocError):
    """The server does not know the room."""


def main(argv: Sequence[str]) -> int:
    """Ask for a room.

    Returns:
        0 when one was found, 1 when none is free, 2 when it could not be asked.
    """
    arguments = _parser().parse_args(argv)
    try:
        wish = Wish(
            origin=parse_room_key(arguments.origin),
            minutes=arguments.minutes,
            seats=arguments.seats,
            whiteboard=arguments.whiteboard,
            blackboard=arguments.blackboard,
            projector=arguments.projector,
        )
        welcome, answer = _ask(*_server(arguments), wish)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc find: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    else:
        # By the server's clock: that of this machine may be wrong, and the hours are the server's.
        print("\n".join(lines(answer, ZoneInfo(welcome.rules.zone), welcome.server_time)))
    return 0 if answer.rooms else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc find",
        description="Find the nearest free room, the next best, and why nearer ones were refused.",
        epilog="examples: toctoc find --from L213 --minutes 60 --whiteboard (on the server's machine); "
        "toctoc find --from L213 --server wss://rooms.school.example (from another one)",
    )
    parser.add_argument("--from", dest="origin", required=True, metavar="ROOM", help="where you stand")
    parser.add_argument("--minutes", type=_up_to(24 * 60), help="for how long; default: the school's (60)")
    parser.add_argument(
        "--seats", type=_up_to(10_000), help="at least so many; default: a room like this one"
    )
    parser.add_argument("--whiteboard", action="store_true")
    parser.add_argument("--blackboard", action="store_true")
    parser.add_argument("--projector", action="store_true", help="a television is good, too")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--server", metavar="ws://…", help=f"default: as --config says, or {SERVER}")
    where.add_argument(
        "--config", type=Path, metavar="school.toml", help=f"on the server's machine; default: {CONFIG}"
    )
    parser.add_argument(
        "--fingerprint",
        metavar="sha256:…",
        help="of the server's key, as it tells it at its start: where its certificate is not trusted",
    )
    parser.add_argument("--json", action="store_true")
    return parser


def _up_to(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isdecimal() and len(text) < 10 and 0 < int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most}")
        return int(text)

    return read


def _server(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """Find out where the server is, and the fingerprint by which it is known.

    Raises:
        ToctocError: The configuration cannot be followed.
        OSError: It cannot be read.
        ValueError: The fingerprint is none.
    """
    pin = read_fingerprint(arguments.fingerprint) if arguments.fingerprint is not None else None
    if arguments.server is not None:
        return arguments.server, pin
    local = read_local_server(arguments.config) if arguments.config is not None else find_local_server()
    return (local.address, pin or local.pin()) if local is not None else (SERVER, pin)


def _ask(server: str, pin: str | None, wish: Wish) -> tuple[Welcome, Answer]:
    until = time.monotonic() + TIMEOUT
    with converse(server, pin=pin, timeout=TIMEOUT) as conversation:
        conversation.say(Find(id=1, wish=wish))
        while True:
            match conversation.hear(until=until):
                case Found(ref=1, answer=answer):
                    return conversation.welcome, answer
                case Refused(reason=reason):
                    raise _NotFound(reason)


def lines(answer: Answer, zone: ZoneInfo, now: datetime) -> list[str]:
    """Write an answer for people: the best rooms, and why nearer ones were refused.

    Args:
        answer: What the server found.
        zone: The school's, for hours.
        now: The time; hours of another day are told with their date.
    """
    today = now.astimezone(zone).date()

    def hour(at: datetime | None) -> str:
        if at is None:
            return ""
        local = at.astimezone(zone)
        return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"

    found = []
    for number, room in enumerate(answer.rooms[:5]):
        until = f"free until {hour(room.until)}" if room.until else "free, nothing booked"
        wing = ", in the other wing" if room.other_wing else ""
        released = ", booked but nobody came" if room.released else ""
        mark = "→" if number == 0 else " "
        found.append(f"{mark} {room.name:8} {until}, {room.seats} seats{wing}{released}")
    if not answer.rooms:
        found.append("no room is free for that long")
    if answer.refused:
        found.append("nearer, but:" if answer.rooms else "because:")
        found += [
            f"  {refusal.name:8} {_because(refusal, answer.wish, hour(refusal.at))}"
            for refusal in answer.refused
        ]
    return found


def _because(refusal: Refusal, wish: Wish, hour: str) -> str:
    if refusal.why == "too-small" and wish.seats is not None:  # then the type does not matter
        return f"has fewer than {wish.seats} seats"
    if not hour:
        return WHY[refusal.why]
    joint = "from" if refusal.why == "booked-soon" else "at" if refusal.why == "closes-soon" else "until"
    return f"{WHY[refusal.why]} ({joint} {hour})"
