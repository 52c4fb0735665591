"""One press through real processes, whichever of them is killed at whatever step."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.domain import PresencePressed
from events.replay import verify
from events.sqlite import SqliteLog
from tests.actors.stack import free_port, write_school
from tests.system.processes import PATIENCE, Door, Process, Server, Wire, records, stop_all, toctoc, wait_for

STEPS = ("before it is sent", "when it was sent", "between commit and answer", "after the answer")


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

    def door(self, room: str, server: str, name: str = "door") -> Door:
        door = Door(room, server, self.folder / name)
        self.running.append(door)
        return door

    def presses(self) -> list[str]:
        return [record.id for record in records(self.data, "presence-pressed")]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    stop_all(hall.running)


@pytest.mark.parametrize("step", STEPS)
def test_a_press_is_in_the_log_exactly_once_whenever_the_server_is_killed(hall: Hall, step: str) -> None:
    server = hall.server()
    with Wire(hall.port) as wire:
        door = hall.door("L227", wire.address)
        door.until("snapshot")
        if step == "before it is sent":
            wire.up_cut.set()
        if step == "between commit and answer":
            wire.down_cut.set()
        door.press()
        press = door.until("noted")["press"]
        if step == "between commit and answer":
            wait_for(lambda: hall.presses() == [press])
        if step == "after the answer":
            door.until("pressed", press=press)
        server.kill()
        wire.up_cut.clear()
        wire.down_cut.clear()
        hall.server()
        if step != "after the answer":
            assert door.until("pressed", press=press)["effect"] == "walk-in"
        door.press()
        later = door.until("noted")["press"]
        assert door.until("pressed", press=later)["effect"] == "renewed", "the first one counts"
    assert hall.presses() == [press, later]
    log = SqliteLog(hall.data, read_only=True)
    assert list(verify(log, log.personal)) == []


def test_a_press_survives_a_kill_of_its_door_and_comes_after_its_restart(hall: Hall) -> None:
    server = hall.server()
    with Wire(hall.port) as wire:
        wire.up_cut.set()
        door = hall.door("L227", wire.address)
        door.press()
        press = door.until("noted")["press"]
        door.kill()
        assert hall.presses() == []
        wire.up_cut.clear()
        again = hall.door("L227", wire.address)
        assert again.until("pressed")["press"] == press
    assert hall.presses() == [press]
    (recorded,) = records(hall.data, "presence-pressed")
    assert isinstance(recorded.event, PresencePressed)
    assert recorded.event.pressed_at == recorded.event.earliest, "the machine's run is the same"
    assert server.terminate() == 0


def test_a_press_at_one_door_is_seen_at_the_other(hall: Hall) -> None:
    server = hall.server()
    one = hall.door("L227", server.address, "one")
    two = hall.door("L213", server.address, "two")
    one.until("snapshot")
    two.until("snapshot")
    one.press()
    press = one.until("pressed")["press"]
    assert two.until("presence", room="L227", last=press)
    two.say("down")
    assert two.until("gesture")["intent"] == "leaving", "held, not let go"
    assert two.until("pressed")["effect"] == "none"
    two.say("up")
    two.say("quit")
    assert two.process.wait(PATIENCE) == 0
    assert one.terminate() == 0
    assert server.terminate() == 0
    tags = [type(record.event).__name__ for record in records(hall.data)]
    assert tags.count("KioskJoined") == tags.count("KioskLeft") == 2
    assert tags[-1] == "ServerStopped"


def test_a_full_disk_ends_the_server_and_costs_no_press(hall: Hall) -> None:
    """The door keeps the press; the service manager starts the server anew."""
    server = hall.server()
    door = hall.door("L227", server.address)
    door.until("snapshot")
    wait_for(lambda: bool(records(hall.data, "kiosk-joined")))
    full = (hall.data / "log.db-wal").stat().st_size
    assert full > server.said.stat().st_size + 10_000, "there is still room for its last words"
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    door.press()
    press = door.until("noted")["press"]
    assert server.process.wait(PATIENCE) == 70
    assert "the recorder died" in server.said.read_text(encoding="utf-8")
    assert hall.presses() == []
    hall.server()
    door.until("pressed", press=press)
    assert hall.presses() == [press]


def test_a_reload_by_signal_changes_rooms_and_a_wrong_file_changes_nothing(hall: Hall) -> None:
    server = hall.server()
    door = hall.door("L227", server.address)
    door.until("snapshot")
    write_school(hall.folder, port=hall.port, rooms=("L213", "L209", "L210", "L227", "V107", "V111"))
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(records(hall.data, "room-declared")) == 6)
    door.until("presence", room="V111")
    hall.config.write_text("[polizy]\n", encoding="utf-8")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "the configuration stays as it was" in server.said.read_text(encoding="utf-8"))
    assert "did you mean [policy]?" in server.said.read_text(encoding="utf-8")
    door.press()
    door.until("pressed")
    assert door.saw.empty() or all(seen["saw"] != "link" for seen in list(door.saw.queue))


def test_a_second_server_says_who_holds_the_log(hall: Hall) -> None:
    server = hall.server()
    second = toctoc("serve", "--config", hall.config)
    assert second.returncode == 1
    assert f"toctoc serve (pid {server.pid}" in second.stderr
    assert "Traceback" not in second.stderr
