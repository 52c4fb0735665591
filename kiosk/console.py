"""``toctoc console``: the front desk, in a terminal."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri

from events.client import address
from events.clock import SystemClock
from events.errors import ToctocError
from events.ids import RoomKey, parse_room_key, read_fingerprint
from events.local import NotReadable, address_of, find_local_server, read_local_server
from events.places import CONFIG, HOST, PORT
from kiosk.desk.desk import Desk
from kiosk.desk.line import Target, TurnedAway
from kiosk.desk.terminal import run

SERVER = address_of(HOST, PORT, tls=False)
NAME = "desk"
"""The name of whoever uses the server's own token and says none."""


def main(argv: Sequence[str]) -> int:
    """Run the console.

    Returns:
        0 when the person left, 1 when the server does not let them in, 2 when it could not be begun.
    """
    arguments = _parser().parse_args(argv)
    try:
        target = _target(arguments)
        parse_uri(address(target.server))
        room = parse_room_key(arguments.room) if arguments.room else None
        _need_terminal()
    except (ToctocError, OSError, ValueError, InvalidURI) as error:
        print(f"toctoc console: {error}", file=sys.stderr)
        return 2
    try:
        run(Desk(RoomKey(room) if room else None), target, SystemClock())
    except TurnedAway as refused:
        # The server does not tell whose token it is, so it cannot say that only the name is wrong.
        hint = "; a granted token counts only with its own name, or without --as" if arguments.name else ""
        print(f"toctoc console: {target.server} does not let you in: {refused}{hint}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc console",
        description="See what happens, put notices on doors, talk to the others at the desk.",
        epilog="examples: toctoc console --as front-desk --server wss://rooms.school.example "
        "--token-file ~/.toctoc-token; on the server's machine: sudo toctoc console --as front-desk",
    )
    parser.add_argument("--as", dest="name", default="", metavar="NAME", help="your name, as it was granted")
    parser.add_argument(
        "--server", metavar="ws://…", help=f"default: as {CONFIG} says, if there is one; else {SERVER}"
    )
    parser.add_argument(
        "--fingerprint", metavar="sha256:…", help="of the server's key, where its certificate is its own"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="holds your token; else it is asked for",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="school.toml",
        help=f"on the server's machine: uses the server's own token; default without --server: {CONFIG}, for "
        "those who may read it",
    )
    parser.add_argument("--room", metavar="ROOM", help="where you are, for /find")
    return parser


def _target(arguments: argparse.Namespace) -> Target:
    """Find out where the server is, who we are, and what proves it.

    Raises:
        ConfigError: The configuration cannot be followed.
        OSError: A file cannot be read.
        ValueError: What was said does not fit together.
    """
    pin = read_fingerprint(arguments.fingerprint) if arguments.fingerprint else None
    if arguments.config is not None:
        local = read_local_server(arguments.config)
        server = arguments.server or local.address
        return Target(server=server, token=local.token(), name=arguments.name or NAME, pin=pin or local.pin())
    if arguments.server is None and (found := find_local_server()) is not None:
        with suppress(NotReadable):
            pin = pin or found.pin()
        arguments.server = found.address
        if arguments.token_file is None:
            # Whoever may not read the server's own token has one of their own.
            with suppress(NotReadable):
                own = found.token()
                return Target(server=found.address, token=own, name=arguments.name or NAME, pin=pin)
    if arguments.token_file is not None:
        token = arguments.token_file.expanduser().read_text(encoding="utf-8").strip()
        if not token:
            raise ValueError(f"{arguments.token_file} is empty; it has to hold the token")
    else:
        token = _ask_token()
    return Target(server=arguments.server or SERVER, token=token, name=arguments.name, pin=pin)


def _ask_token() -> str:
    _need_terminal()
    try:
        token = getpass.getpass("token: ").strip()
    except (EOFError, KeyboardInterrupt):
        token = ""
        print()  # the cursor stands behind the question
    if not token:
        raise ValueError("no token was given; toctoc access grant NAME --operator makes one")
    return token


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("this is no terminal; toctoc notice and toctoc room work without")
