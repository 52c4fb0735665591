"""A door as people find it: a window, a mouse, a keyboard, and what goes wrong with each part of it."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from events.clock import SystemClock
from events.domain import PresencePressed
from tests.actors.stack import free_port, write_school
from tests.system.conftest import Display
from tests.system.processes import PATIENCE, Door, Process, Server, records, stop_all, wait_for

NOBODY = "ws://127.0.0.1:9"
"""Where no server listens."""


class Hall:
    """A folder with a school, its server and its doors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = write_school(folder, port=self.port)
        self.data = folder / "data"
        self.running: list[Process] = []

    def server(self) -> Server:
        server = Server(self.config, self.port)
        self.running.append(server)
        return server

    def door(
        self, server: str, *, display: Display | None = None, environment: dict[str, str] | None = None
    ) -> Door:
        environment = display.environment if display is not None else environment
        window = "800x480" if display is not None or (environment or {}).get("DISPLAY") else ""
        door = Door("L227", server, self.folder / "door", environment=environment, window=window)
        self.running.append(door)
        return door

    def presses(self) -> list[PresencePressed]:
        events = [record.event for record in records(self.data, "presence-pressed")]
        return [event for event in events if isinstance(event, PresencePressed)]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    stop_all(hall.running)


class Person:
    """Somebody with a keyboard and a mouse at a door's window."""

    def __init__(self, display: Display, door: Door, folder: Path) -> None:
        self.display, self.door, self.folder = display, door, folder
        display.do("search", "--sync", "--class", "toctoc", "windowfocus", "windowmove", 0, 0)

    def looks(self) -> dict[str, Any]:
        return self.door.described(self.folder)

    def settles(self) -> None:
        """Wait: so soon after a page came a touch was meant for the one before."""
        came = SystemClock().boottime()
        wait_for(lambda: SystemClock().boottime() - came > 0.4)

    def touches(self, action: str, **fields: Any) -> None:
        """Touch what means this, once it is there and takes a touch."""

        def wanted(target: dict[str, Any]) -> bool:
            same = all(target.get(key) == value for key, value in fields.items())
            return bool(target["action"] == action and same)

        wait_for(lambda: any(wanted(target) for target in self.looks()["targets"]))
        self.settles()
        x, y, width, height = next(t["box"] for t in self.looks()["targets"] if wanted(t))
        self.display.do("mousemove", x + width // 2, y + height // 2, "click", 1)
        self.door.until("tapped", action=action)


def test_a_key_is_a_press_from_the_touch_to_the_record(hall: Hall, display: Display) -> None:
    server = hall.server()
    door = hall.door(server.address, display=display)
    door.until("snapshot")
    person = Person(display, door, hall.folder)
    display.do("key", "space")
    touched = door.until("touched")
    noted = door.until("noted")
    pressed = door.until("pressed")
    assert touched["at"] < noted["at"] < pressed["at"]
    assert (pressed["press"], pressed["effect"]) == (noted["press"], "walk-in")
    assert [press.press.by for press in hall.presses()] == ["button"]
    assert person.looks()["sign"] == "taken"
    display.do("keydown", "space")
    assert door.until("gesture")["intent"] == "leaving"
    display.do("keyup", "space")
    assert door.until("pressed")["effect"] == "left"


def test_a_hit_on_a_key_is_answered_within_50_ms_by_a_door_that_sleeps(hall: Hall, display: Display) -> None:
    door = hall.door(NOBODY, display=display)
    Person(display, door, hall.folder)
    took = []
    for _ in range(11):
        before = SystemClock().boottime()
        display.do("key", "space")
        took.append(door.until("touched")["at"] - before)
        door.until("noted")
    # The time of starting xdotool is in it.
    assert statistics.median(took) < 0.05, took


def test_by_mouse_a_room_is_looked_for_and_a_stay_of_half_an_hour_recorded_and_ended(
    hall: Hall, display: Display
) -> None:
    server = hall.server()
    door = hall.door(server.address, display=display)
    door.until("snapshot")
    person = Person(display, door, hall.folder)
    person.touches("OpenPage", page="find")
    before = next(t["wish"] for t in _asks(person.looks()))
    asked = next(t["wish"] for t in _asks(person.looks()) if t["wish"] != before)
    person.touches("Ask", wish=asked)
    person.touches("OpenPage", page="sign")
    person.touches("OpenPage", page="stay")
    person.touches("Stay", minutes=30)
    assert door.until("pressed")["effect"] == "walk-in"
    (press,) = hall.presses()
    assert (press.press.by, press.press.minutes, press.press.intent) == ("touch", 30, "present")
    assert press.until is not None
    assert 29 <= (press.until - press.pressed_at).total_seconds() / 60 <= 30
    wait_for(lambda: person.looks()["sign"] == "taken")
    person.touches("Leave")
    assert door.until("pressed")["effect"] == "left"
    assert [press.press.intent for press in hall.presses()] == ["present", "leaving"]


def _asks(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [target for target in shown["targets"] if target["action"] == "Ask"]


def test_another_language_comes_by_touch_and_by_key(hall: Hall, display: Display) -> None:
    server = hall.server()
    door = hall.door(server.address, display=display)
    door.until("snapshot")
    person = Person(display, door, hall.folder)
    assert person.looks()["word"] == "Inconnu", "no timetable was ever read in this school"
    person.touches("Speak", language="en")
    wait_for(lambda: person.looks()["word"] == "Unknown")
    person.settles()
    display.do("key", "l")
    wait_for(lambda: person.looks()["word"] == "Inconnu")


# -- what goes wrong ------------------------------------------------------------------------------


def test_a_door_without_a_display_takes_presses_and_opens_its_window_when_there_is_one(
    hall: Hall, screens: None
) -> None:
    first = Display()
    number = first.number
    first.close()
    door = hall.door(NOBODY, environment={"DISPLAY": f":{number}", "SDL_VIDEODRIVER": "x11"})
    assert not door.until("fault", what="display")["gone"]
    door.press()
    door.until("noted")
    display = Display(number)
    try:
        door.until("fault", what="display", gone=True)
        Person(display, door, hall.folder)
        display.do("key", "space")
        door.until("noted")
        door.say("quit")
        assert door.process.wait(PATIENCE) == 0
    finally:
        door.close()
        display.close()


def test_a_door_that_was_killed_shows_what_it_knew_and_since_when(hall: Hall) -> None:
    server = hall.server()
    door = hall.door(server.address)
    door.until("snapshot")
    door.press()
    press = door.until("pressed")["press"]
    assert door.terminate() == 0, "what is known is written at the end"
    known = hall.folder / "door" / "known.json"
    assert press in known.read_text(encoding="utf-8")
    known.unlink()
    door = hall.door(server.address)
    wait_for(lambda: known.exists() and press in known.read_text(encoding="utf-8"))
    door.kill()
    server.kill()
    again = hall.door(server.address)
    again.until("link", state="down")
    assert again.described(hall.folder)["sign"] == "taken", "it knows who came in before"
    hall.server()
    again.until("snapshot")
    again.press()
    assert again.until("pressed")["effect"] == "renewed"


@pytest.mark.parametrize("content", ["", '{"version":1', '{"version":999}', "\x00" * 5000])
def test_what_a_door_knew_and_cannot_be_read_is_set_aside(hall: Hall, content: str) -> None:
    folder = hall.folder / "door"
    folder.mkdir()
    (folder / "known.json").write_text(content, encoding="utf-8")
    door = hall.door(NOBODY)
    door.until("link", state="down")
    assert door.described(hall.folder)["sign"] == "unknown"
    assert (folder / "known.json.unreadable").read_text(encoding="utf-8") == content
    assert "it is set aside" in door.said.read_text(encoding="utf-8")


def test_a_disk_that_fails_under_a_running_door_is_told_and_costs_no_press(hall: Hall) -> None:
    server = hall.server()
    door = hall.door(server.address)
    door.until("snapshot")
    log = door.said.stat().st_size
    server.kill()
    door.until("link", state="down")
    _, hard = resource.prlimit(door.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (log, hard))
    door.press()
    assert not door.until("fault", what="disk")["gone"]
    press = door.until("noted")["press"]
    resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert door.until("fault", what="disk", gone=True)
    door.kill()
    hall.server()
    again = hall.door(server.address)
    assert again.until("pressed")["press"] == press
    assert len(hall.presses()) == 1


def test_a_card_that_turned_read_only_is_told_and_what_lies_on_it_is_delivered(hall: Hall) -> None:
    """With a real file system that is mounted read-only, where this user may mount one."""
    mount = _mounts(hall.folder)
    away = hall.door(NOBODY)
    away.press()
    first = away.until("noted")["press"]
    away.terminate()
    mount("ro")
    try:
        server = hall.server()
        door = hall.door(server.address)
        assert door.until("fault", what="disk")
        assert door.until("pressed")["press"] == first
        door.press()
        assert door.until("pressed")["effect"] == "renewed"
        mount("rw")
        assert door.until("fault", what="disk", gone=True)
        door.terminate()
    finally:
        mount("")
    assert len(hall.presses()) == 2


def _mounts(folder: Path) -> Callable[[str], None]:
    """Mount a small file system as the folder of the door; give a function that mounts it in another way."""
    card = folder / "door"
    card.mkdir()

    def run(*command: str) -> bool:
        try:
            return subprocess.run(command, check=False, capture_output=True).returncode == 0
        except FileNotFoundError:
            return False

    def mount(how: str) -> None:
        if how:
            assert run("mount", "-o", f"remount,{how}", str(card))
        else:
            run("umount", "-l", str(card))

    if not run("mount", "-t", "tmpfs", "-o", "size=8m", "door", str(card)):
        pytest.skip("needs to mount a file system: run as root")
    return mount


def test_the_service_manager_is_told_when_it_is_ready_how_it_is_and_that_it_lives(hall: Hall) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(hall.folder / "notify"))
        manager.settimeout(PATIENCE)
        patience = {"NOTIFY_SOCKET": str(hall.folder / "notify"), "WATCHDOG_USEC": "1000000"}
        server = hall.server()
        door = hall.door(server.address, environment=patience)

        def hear(what: str) -> str:
            while True:
                said = manager.recv(4096).decode()
                if re.search(what, said):
                    return said

        assert manager.recv(4096).decode() == "STATUS=the first picture is shown"
        assert manager.recv(4096).decode().startswith("READY=1\nSTATUS=L227, ")
        hear("STATUS=L227, unknown, connected, 0 presses kept")
        hear("WATCHDOG=1")
        server.kill()
        hear("STATUS=L227, unknown, not connected")
        door.press()
        hear("STATUS=L227, taken, not connected, 1 presses kept")
        door.process.send_signal(signal.SIGTERM)
        hear("STOPPING=1")
        assert door.process.wait(PATIENCE) == 0


def test_a_door_ends_when_its_driver_is_gone(hall: Hall) -> None:
    door = hall.door(NOBODY)
    door.until("link")
    assert door.process.stdin is not None
    os.close(os.dup(door.process.stdin.fileno()))
    door.process.stdin.close()
    assert door.process.wait(PATIENCE) == 0
