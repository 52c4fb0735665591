"""The front desk's console in a real terminal, against a real server and a real door."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.domain import NoticePosted
from tests.actors.stack import free_port, write_school
from tests.part import needs
from tests.system.processes import PATIENCE, ROOT, Door, Process, Server, records, stop_all, wait_for

tmux = needs(shutil.which("tmux") is not None, "tmux", remedy="sudo apt-get install tmux")


class Terminal:
    """A terminal with a program in it, looked at and typed into as by a person.

    Args:
        folder: Where its socket lies.
        command: What runs in it.
    """

    def __init__(self, folder: Path, *command: str | Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._name = f"t{len(list(folder.glob('terminal-*')))}"
        (folder / f"terminal-{self._name}").touch()
        line = shlex.join(map(str, command))
        # It stays to be looked at when the program has ended.
        shell = f"{line}; echo; echo the end: $?; exec cat"
        self._run("new-session", "-d", "-s", self._name, "-x", "120", "-y", "30", shell)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def type(self, text: str) -> None:
        """Hit the keys of a text."""
        self._run("send-keys", "-t", self._name, "-l", text)

    def key(self, name: str) -> None:
        """Hit a key by its name, such as Enter or C-c."""
        self._run("send-keys", "-t", self._name, name)

    def say(self, line: str) -> None:
        """Type a line and send it."""
        self.type(line)
        self.key("Enter")

    def lines(self) -> list[str]:
        """Look at it: all lines, also those that went out above."""
        shown = self._run("capture-pane", "-p", "-S", "-", "-t", self._name).splitlines()
        return [line.rstrip() for line in shown if line.strip()]

    def until(self, *words: str) -> str:
        """Wait until a line with all these words is shown; gives the last of them."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [line for line in self.lines() if all(word in line for word in words)]
            if found:
                return found[-1]
            assert time.monotonic() < end, "\n".join([f"no {words} in", *self.lines()])

    def until_typed(self, line: str) -> None:
        """Wait until this is the line that is typed: below all that came, above the one with the state."""
        wait_for(lambda: self.lines()[-2:-1] == [line] and "feed: " in self.lines()[-1])

    def close(self) -> None:
        self._run("kill-session", "-t", self._name)


class Hall:
    """A school, its server, its doors, and terminals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = write_school(folder, port=self.port)
        self.running: list[Process] = []
        self.terminals: list[Terminal] = []

    def server(self) -> Server:
        server = Server(self.config, self.port)
        self.running.append(server)
        return server

    def console(self, name: str) -> Terminal:
        program = (sys.executable, ROOT / "toctoc.py", "console", "--as", name, "--config", self.config)
        terminal = Terminal(self.folder, *program)
        self.terminals.append(terminal)
        terminal.until("* you are")
        return terminal


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    for terminal in hall.terminals:
        terminal.close()
    stop_all(hall.running)


@tmux
def test_two_people_and_a_door_meet_and_the_line_that_is_typed_stays(hall: Hall) -> None:
    server = hall.server()
    desk = hall.console("front-desk")
    desk.type("/say L213 Fuite")
    night = hall.console("night")
    desk.until("* night joined")
    door = Door("L213", server.address, hall.folder / "door")
    hall.running.append(door)
    door.until("snapshot")
    desk.until("* door L213 joined")
    door.press()
    desk.until("L213: somebody came, without a booking")
    desk.until_typed("front-desk> /say L213 Fuite")
    desk.say(" d'eau --until 23:59")
    night.until("notice", "room/L213", "Fuite d'eau")
    (notice,) = records(server.data, "notice-posted")
    assert isinstance(notice.event, NoticePosted)
    assert (notice.event.topic, notice.event.until is not None) == ("room/L213", True)
    desk.say("/join wing-L")
    desk.until("* you are in wing-L, with nobody else")
    night.say("/join wing-L")
    night.until("* you are in wing-L, with front-desk")
    night.say("qui a la clé ?")
    desk.until("[wing-L] <night> qui a la clé ?")
    door.terminate()
    desk.until("* door L213 left")
    night.key("C-c")
    night.until("the end: 0")
    desk.until("* night left")


@tmux
def test_when_the_server_is_killed_the_console_says_so_and_comes_back_by_itself(hall: Hall) -> None:
    server = hall.server()
    desk = hall.console("front-desk")
    desk.say("/join wing-L")
    desk.until("* you are in wing-L")
    desk.type("half a line")
    server.kill()
    desk.until("* the server is gone")
    desk.until("not connected since")
    desk.key("Enter")
    desk.until("not sent: there is no connection")
    desk.type("another half")
    hall.server()
    desk.until("* the server is back")
    desk.until("* meanwhile:")
    desk.until_typed("front-desk wing-L> another half")
    desk.key("Enter")
    desk.until("[wing-L] <front-desk> another half")
    desk.key("Up")
    desk.until("front-desk wing-L> another half")
    desk.key("C-c")
    desk.until("the end: 0")


@tmux
def test_keys_complete_what_was_begun(hall: Hall) -> None:
    hall.server()
    desk = hall.console("front-desk")
    desk.type("/wit")
    desk.key("Tab")
    desk.until("front-desk> /withdraw")
    desk.key("C-u")
    desk.type("/room V1")
    desk.key("Tab")
    desk.until("front-desk> /room V107")
    desk.key("Enter")
    desk.until("V107: petit, 20 seats")
    desk.say("/quit")
    desk.until("the end: 0")
