"""``toctoc pair``: say at which room a door hangs that shows a code.

On the server's machine, by the server's own token; the desk's console does the same as an operator.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from actors.commands.access import grouped
from actors.commands.ask import add_config, ask_server
from actors.settings import read_school
from events.errors import ConfigError, ToctocError
from events.ids import RoomKey
from events.wire import Pair, Paired


def main(argv: Sequence[str]) -> int:
    """Pair a door.

    Returns:
        0 when it is in the log, 1 when not.
    """
    parser = argparse.ArgumentParser(
        prog="toctoc pair",
        description="Say at which room a door hangs that waits and shows a code.",
        epilog="example: toctoc pair 7K4M-2QXD --room L213",
    )
    parser.add_argument("code", metavar="CODE", help="as the door shows it")
    parser.add_argument("--room", required=True, metavar="ROOM", help="where it hangs, such as L213")
    parser.add_argument("--name", default="", help="where exactly, for people, such as 'north door'")
    add_config(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = read_school(arguments.config)
        room = RoomKey(arguments.room)
        if room not in settings.rooms:
            raise ConfigError(str(arguments.config), "", f"no room {room!r} in the inventory")
        paired = ask_server(settings, Pair(id=1, code=arguments.code, room=room, name=arguments.name), Paired)
    except (ToctocError, OSError, ValueError) as error:
        print(f"toctoc pair: {error}", file=sys.stderr)
        return 1
    print(f"The door with the key {grouped(paired.kiosk)} hangs at {paired.room} now.")
    print("Its screen showed another key? Then it was another door: toctoc access revoke --door KEY")
    return 0
