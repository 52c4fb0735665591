"""toctoc: which rooms are free, booked or really in use. The command line.

One line for each sub-command, imported only when it is called, so that a door needs none of the
server's libraries and the server none of the door's.
"""

from __future__ import annotations

import gc
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

COMMANDS = {
    "serve": ("actors.commands.serve", "run the school's server"),
    "kiosk": ("kiosk.command", "run a door: its screen and its button"),
    "console": ("kiosk.console", "the front desk, in a terminal: feed, notices, who is here"),
    "find": ("kiosk.find", "find the nearest free room"),
    "room": ("actors.commands.room", "put a room out of order, or back; say how many are in it"),
    "notice": ("actors.commands.notice", "put a notice on doors, or take it away"),
    "pair": ("actors.commands.pair", "say at which room a door hangs that waits"),
    "access": ("actors.commands.access", "tell who may come in; let in, turn out"),
    "sources": ("actors.commands.sources", "tell how the timetables are"),
    "scrape": ("scraper.command", "read a timetable and print it; records nothing"),
    "log": ("events.command", "show, count, verify, export, import or annotate the event log"),
    "replay": ("events.command", "tell the state of every room at any instant"),
    "audit": ("events.report.command", "tell what was booked, what was used, and what was known then"),
    "timeline": ("events.report.timeline", "watch a day of the whole school unfold"),
    "protocol": ("events.protocol", "describe the gateway's protocol (AsyncAPI)"),
    "demo": ("actors.demo.command", "see all of it on this machine, without a school"),
}

_PRINTS = ("audit", "find", "scrape", "log", "protocol", "replay")
_EXTRA = {
    "actors": "server",
    "scraper": "server",
    "events": "server",
    "kiosk": "kiosk",
    "kiosk.console": "desk",
}


def main() -> int:
    """Run one sub-command.

    Returns:
        Its exit status; 2 for a command that does not exist or lacks its libraries.
    """
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        print(_help())
        return 0 if arguments else 2
    name = arguments[0]
    if name not in COMMANDS:
        print(f"toctoc: there is no command {name!r}\n\n{_help()}", file=sys.stderr)
        return 2
    module = COMMANDS[name][0]
    # What is imported stays: to look for garbage in it meanwhile is 9 ms of the 140 that a door takes
    # to its first picture.
    gc.disable()
    try:
        command = import_module(module)
    except ModuleNotFoundError as error:
        extra = _EXTRA.get(module) or _EXTRA[module.partition(".")[0]]
        print(f"toctoc {name} needs {error.name}: pip install 'toctoc[{extra}]'", file=sys.stderr)
        return 2
    finally:
        gc.enable()
    if name in _PRINTS:
        # Whoever reads may stop reading, as `head` does: end then, without a word.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if name in ("log", "replay"):
        return int(command.main([name, *arguments[1:]], ask=_ask))
    if name == "audit":
        return int(command.main(arguments[1:], draw=_draw))
    return int(command.main(arguments[1:]))


def _ask(config: Path, order: Any) -> int:
    """Let the running server record what an operator orders: only the server's package knows how."""
    desk, settings = import_module("actors.commands.room"), import_module("actors.settings")
    done = import_module("events.wire").Done
    return int(desk.ask_server(settings.read_school(config), order, done).seq)


def _draw(*arguments: Any, **options: Any) -> None:
    """Draw a door's screen: audits know the state, and only the door's package what it looked like."""
    import_module("kiosk.still").draw(*arguments, **options)


def _help() -> str:
    lines = ["usage: toctoc COMMAND …", "", (__doc__ or "").partition("\n")[0], "", "commands:"]
    lines += [f"  {name:8} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join([*lines, "", "toctoc COMMAND --help tells more, with an example."])


if __name__ == "__main__":
    sys.exit(main())
