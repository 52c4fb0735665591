"""The front desk's console in a real terminal, against a real server and a real door."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.domain import NoticePosted
from tests.actors.stack import free_port, write_school
from tests.system.processes import ROOT, Door, Process, Server, records, stop_all
from tests.system.terminal import Terminal, tmux


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
        terminal = self.begin("--as", name, "--config", self.config)
        terminal.until("* you are")
        return terminal

    def begin(self, *arguments: str | Path) -> Terminal:
        terminal = Terminal(self.folder, sys.executable, ROOT / "toctoc.py", "console", *arguments)
        self.terminals.append(terminal)
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
    night.until("notice", "on the door of L213", "Fuite d'eau")
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


@tmux
@pytest.mark.parametrize("key", ["C-c", "C-d", "Enter"])
def test_who_gives_no_token_is_told_how_to_get_one(hall: Hall, key: str) -> None:
    desk = hall.begin("--as", "front-desk")
    desk.until("token:")
    desk.key(key)
    desk.until("no token was given; toctoc access grant")
    desk.until("the end: 2")


@tmux
def test_who_is_turned_away_is_told_why_and_that_the_name_may_be_wrong(hall: Hall) -> None:
    server = hall.server()
    (hall.folder / "token").write_text("wrong", encoding="ascii")
    desk = hall.begin("--as", "Alice", "--server", server.address, "--token-file", hall.folder / "token")
    desk.until("does not let you in: the operator's token is wrong; a granted token counts only")
    desk.until("the end: 1")
