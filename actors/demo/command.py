"""``toctoc demo``: see all of it on this machine, without a school."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Any

from actors.demo.site import Site
from actors.demo.stage import Cable, DemoFailed, DoorProcess, ServerProcess, free_port
from actors.demo.story import Story
from actors.demo.witness import Witness
from events.domain import TimetableRead
from events.errors import ToctocError
from events.sqlite import SqliteLog

ROOMS = ("L213", "L218", "V106A")
ZONE = "Europe/Paris"
_CONFIG = """\
[school]
name = "École de démonstration"
zone = "{zone}"

[server]
port = {port}
data = "data"

[[source]]
name = "oasis"
url = "{url}"
refresh = 3
allow_private = true
"""
_EFFECTS = {
    "check-in": "a check-in: the booking is confirmed",
    "walk-in": "a walk-in: occupied without a booking",
    "renewed": "renewed: still there",
    "left": "left: nobody is there any more",
    "none": "recorded; it changed nothing",
    "superseded": "recorded; a newer press had been there before",
}


def main(argv: Sequence[str]) -> int:
    """Run the demo.

    Returns:
        0 when everything was as it should be, 1 when not.
    """
    arguments = _parser().parse_args(argv)
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    narrator = Narrator(quiet=arguments.json)
    windowed = has_display and not arguments.headless
    if not has_display and not arguments.headless:
        narrator.say("There is no display here: the doors are drawn off-screen, and press by themselves.")
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toctoc-demo-")))
            stage = stack.enter_context(_staged(folder, narrator, windowed=windowed))
            if windowed:
                return _live(stage, narrator)
            return _by_itself(stage, narrator, arguments)
    except KeyboardInterrupt:
        narrator.say("Good bye.")
        return 0
    except (ToctocError, OSError) as error:
        print(f"toctoc demo: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc demo",
        description="A stand-in for the school's timetable, the server, and three doors, on this machine. "
        "The space bar is the button of the door in the window: tap to say that you are here, hold to leave.",
        epilog="examples: toctoc demo; toctoc demo --headless --seconds 20 --json",
    )
    parser.add_argument(
        "--headless", action="store_true", help="without a window; the doors press by themselves"
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="how long that takes, about (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object with what came of it")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where the doors' pictures go")
    return parser


class Narrator:
    """Says in plain words what happens.

    Args:
        quiet: Say nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._lock = threading.Lock()

    def say(self, words: str) -> None:
        """Say a sentence. From any thread."""
        if not self.quiet:
            with self._lock:
                print(f"{datetime.now():%H:%M:%S}  {words}", flush=True)  # noqa: DTZ005  # for who sits here


class Stage:
    """Everything that runs."""

    def __init__(self, folder: Path, narrator: Narrator, *, windowed: bool) -> None:
        self.folder = folder
        self.site = Site(ZONE)
        self.port = free_port()
        self.address = f"ws://127.0.0.1:{self.port}"
        (folder / "rooms.toml").write_text(
            (files("actors.demo") / "rooms.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
        config = folder / "school.toml"
        config.write_text(_CONFIG.format(zone=ZONE, port=self.port, url=self.site.url), encoding="utf-8")
        self.server = ServerProcess(config, self.port, folder / "server.log")
        self.cable = Cable(self.port)
        self.witness = Witness(ROOMS, self._tell)
        self.doors: list[DoorProcess] = []
        self._narrator = narrator
        self._windowed = windowed
        self._told: set[str] = set()
        self._links: dict[str, str] = {}

    def start(self) -> None:
        """Start the server, wait until it has read the timetable, start the doors."""
        say = self._narrator.say
        say("The stand-in for the school's timetable is up.")
        self.server.start()
        log = SqliteLog(self.folder / "data", read_only=True)
        bookings = _wait_for_reading(log)
        say(f"The server has read it: {bookings} bookings of today in 35 rooms.")
        for number, room in enumerate(ROOMS):
            server = self.cable.server if number == 0 else self.address
            door = DoorProcess(
                room,
                server,
                self.folder / f"door-{room}",
                self.witness.saw,
                window=self._windowed and number == 0,
            )
            self.doors.append(door)
        if not self.witness.wait(self.witness.connected, 30):
            raise DemoFailed("not all doors came up")
        say(f"Three doors are connected: {', '.join(ROOMS)}.")
        say(f"The board of all rooms, for a browser: {self.address.replace('ws', 'http', 1)}/")

    def stop(self) -> None:
        """End everything, the doors first."""
        for door in self.doors:
            door.stop()
        self.cable.close()
        self.server.stop()
        self.site.close()

    def _tell(self, room: str, said: dict[str, Any]) -> None:
        """Say what a door saw. From the thread that reads the door."""
        match said["saw"]:
            case "gesture":
                meant = "I am here" if said["intent"] == "present" else "I leave"
                self._narrator.say(f"{room}: toc toc ({meant}).")
            case "pressed":
                self._narrator.say(f"{room}: {_EFFECTS[said['effect']]} (event {said['seq']}).")
                self._tell_reached()
            case "presence":
                self._tell_reached()
            case "link" if said["state"] != self._links.get(room):
                if said["state"] != "up" and self._links.get(room) == "up":
                    self._narrator.say(f"{room}: cut off; it goes on with what it knows.")
                self._links[room] = said["state"]
            case "found":
                self._narrator.say(f"{room}: {_found(said['answer'])}")

    def _tell_reached(self) -> None:
        for press in self.witness.presses:
            if press.name and press.name not in self._told:
                ms = self.witness.to_last_door_ms(press)
                if ms is not None:
                    self._told.add(press.name)
                    if press.everybody:
                        self._narrator.say(
                            f"{press.room}: all three doors show it, {ms:.1f} ms after the press."
                        )


@contextlib.contextmanager
def _staged(folder: Path, narrator: Narrator, *, windowed: bool) -> Iterator[Stage]:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_signal)
    stage = Stage(folder, narrator, windowed=windowed)
    try:
        stage.start()
        yield stage
    except DemoFailed as error:
        raise DemoFailed(f"{error}\n{_last_words(folder)}") from error
    finally:
        stage.stop()


def _last_words(folder: Path) -> str:
    """Collect the ends of all text logs: the folder goes with the demo."""
    words = []
    for path in sorted(folder.rglob("*.log")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        words += [f"--- {path.name} of {path.parent.name}", *lines]
    return "\n".join(words)


def _wait_for_reading(log: SqliteLog) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for recorded in log.read(tag="timetable-read"):
            if isinstance(recorded.event, TimetableRead) and recorded.event.sources[0].outcome != "failed":
                return recorded.event.sources[0].bookings
        time.sleep(0.05)
    raise DemoFailed("the server did not read the timetable within 30 s")


def _found(answer: dict[str, Any]) -> str:
    rooms = answer.get("rooms", [])
    if not rooms:
        return "no room is free for that long."
    refused = len(answer.get("refused", []))
    return f"the nearest free room is {rooms[0]['name']} ({refused} nearer ones are taken or do not fit)."


def _live(stage: Stage, narrator: Narrator) -> int:
    """Let the person at the window press; ends with the window or with Ctrl-C."""
    narrator.say(f"The window is the door of {ROOMS[0]}. Tap the space bar: I am here. Hold it: I leave.")
    narrator.say("L changes the language, Escape or Ctrl-C ends.")
    while stage.doors[0].process.poll() is None:
        time.sleep(0.1)
    return 0


def _by_itself(stage: Stage, narrator: Narrator, arguments: argparse.Namespace) -> int:
    log = SqliteLog(stage.folder / "data", read_only=True)
    story = Story(
        stage.server,
        stage.address,
        stage.doors,
        stage.cable,
        stage.witness,
        log,
        seconds=arguments.seconds,
        say=narrator.say,
    )
    answer = story.run()
    if not arguments.json or arguments.pictures:
        _save_pictures(stage, narrator, arguments.pictures)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        _summarise(answer, narrator)
    return 1 if answer["problems"] else 0


def _save_pictures(stage: Stage, narrator: Narrator, folder: Path | None) -> None:
    folder = folder or Path(tempfile.mkdtemp(prefix="toctoc-pictures-"))
    folder.mkdir(parents=True, exist_ok=True)
    for door in stage.doors:
        path = (folder / f"{door.room}.png").absolute()
        door.say(f"picture {path}")
        if stage.witness.wait(lambda room=door.room: room in stage.witness.pictures):  # type: ignore[misc]
            narrator.say(f"The picture of {door.room}: {path}")


def _summarise(answer: dict[str, Any], narrator: Narrator) -> None:
    say = narrator.say
    say(
        f"{answer['presses_sent']} presses, {answer['presses_recorded']} in the log, each once; "
        f"the server died {answer['server_restarts']} times."
    )
    say(f"From a press to the last door: {answer['press_to_last_door_ms']} ms (median).")
    differing = answer["differing"]
    equal = f"DOES NOT EQUAL (at {', '.join(differing)})" if differing else "equals"
    say(f"The log of {answer['events']} events, replayed by another process, {equal} the live state.")
    for problem in answer["problems"]:
        say(f"NOT AS IT SHOULD BE: {problem}")
