"""The small programs, against a running server and its log."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from websockets.exceptions import ConnectionClosed

from events.command import digest
from events.ids import RoomKey
from events.replay import replay
from events.sqlite import SqliteLog
from events.wire import Hello, Pressed
from tests.actors.stack import (
    ROOMS,
    DoorClient,
    Site,
    free_port,
    greeted,
    name_of,
    page,
    serving_pages,
    write_school,
)
from tests.system.processes import Server, records, toctoc, wait_for


class Hall:
    """A school with today's timetable and one press, served by a process."""

    def __init__(self, folder: Path, site: Site) -> None:
        today = datetime.now(ZoneInfo("Europe/Paris")).date()
        source = f'name = "oasis"\nurl = "{site.show(page(day=today))}"\nrefresh = 3600\nallow_private = true'
        self.folder = folder
        self.port = free_port()
        self.config = write_school(folder, rooms=(*ROOMS, "L228"), port=self.port, sources=[source])
        self.data = folder / "data"
        self.server = Server(self.config, self.port)
        try:
            wait_for(lambda: bool(records(self.data, "timetable-read")))
            self.door = DoorClient("L227")
            with self.door.connect(self.server.address) as talk:
                delivery = self.door.press()
                talk.say(delivery)
                self.pressed = talk.until(Pressed)
                self.press = name_of(delivery)
        except BaseException:
            self.server.close()
            raise


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with serving_pages() as site:
        hall = Hall(tmp_path_factory.mktemp("hall"), site)
        yield hall
        hall.server.close()


def told(*arguments: str | Path, status: int = 0) -> Any:
    """Run a command that answers in JSON."""
    done = toctoc(*arguments)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_find_tells_the_nearest_free_room_and_why_not_the_others(hall: Hall) -> None:
    answer = (
        told("find", "--from", "L209", "--minutes", "5", "--server", hall.server.address, "--json", status=0)
        if _free(hall)
        else None
    )
    if answer is not None:
        assert answer["wish"]["origin"] == "L209"
        assert answer["rooms"]
        assert "L227" not in [room["room"] for room in answer["rooms"]], "somebody pressed there"
        refused = {room["room"]: room["why"] for room in answer["refused"]}
        assert all(refused.values())


def _free(hall: Hall) -> bool:
    """Whether any room is free now, by the hour at which this runs."""
    school = replay(SqliteLog(hall.data, read_only=True))
    from events.search import Wish, find
    from events.status import known

    rooms = [known(school, room) for room in school.rooms.values()]
    return bool(find(rooms, Wish(origin=RoomKey("L209"), minutes=6), datetime.now(UTC)).rooms)


def test_find_says_in_words_what_it_found(hall: Hall) -> None:
    done = toctoc("find", "--from", "L228", "--minutes", "1440", "--server", hall.server.address)
    assert done.returncode in (0, 1), "by the hour something is free for a day, or nothing"
    assert "L227" in done.stdout
    assert "is occupied" in done.stdout


def test_find_without_a_server_or_with_a_room_that_is_none_says_so(hall: Hall) -> None:
    nobody = toctoc("find", "--from", "L209", "--server", f"ws://127.0.0.1:{free_port()}")
    unknown = toctoc("find", "--from", "X999", "--server", hall.server.address)
    assert (nobody.returncode, unknown.returncode) == (2, 2)
    assert "no server answers" in nobody.stderr
    assert "no room 'X999' here" in unknown.stderr
    assert "Traceback" not in nobody.stderr + unknown.stderr


def test_the_log_is_shown_verified_and_exported_beside_the_running_server(hall: Hall) -> None:
    shown = toctoc("log", "show", "--data", hall.data, "--room", "L227")
    assert shown.returncode == 0
    assert "presence-pressed" in shown.stdout
    assert "L213" not in shown.stdout
    verified = toctoc("log", "verify", "--data", hall.data)
    assert (verified.returncode, verified.stdout.split(",")[1].strip()) == (0, "0 findings")
    exported = toctoc("log", "export", "--data", hall.data)
    assert exported.returncode == 0
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["specversion"] for line in lines} == {"1.0"}
    (pressed,) = [line for line in lines if line["type"] == "toctoc.presence-pressed"]
    assert (pressed["id"], pressed["seq"]) == (hall.press, hall.pressed.seq)
    assert "Soutenance" not in exported.stdout, "titles are personal"


def test_a_replay_by_another_process_is_the_same_state(hall: Hall) -> None:
    answer = told("replay", "--data", hall.data, "--seq", str(hall.pressed.seq), "--json")
    assert answer["seq"] == hall.pressed.seq
    assert answer["state"] == digest(replay(SqliteLog(hall.data, read_only=True), seq=hall.pressed.seq))
    assert answer["rooms"]["L227"]["status"]["status"]["name"] == "occupied"
    with greeted(hall.server.address, Hello(role="board")) as board:
        live = board.snapshot()
    for room, presence in live.presences.items():
        last = answer["rooms"][room]["presence"].get("last")
        assert (presence.last.press if presence.last else None) == (last["press"] if last else None)
        bookings = [booking["id"] for booking in answer["rooms"][room]["day"]["bookings"]]
        assert [booking.id for booking in live.days[room].bookings] == bookings


def test_a_replay_answers_for_any_instant(hall: Hall) -> None:
    started = records(hall.data)[0].recorded_at
    before = told("replay", "--data", hall.data, "--at", "2020-01-01T12:00", "--json")
    assert (before["seq"], before["rooms"]) == (0, {})
    then = told("replay", "--data", hall.data, "--at", started.isoformat(), "--json")
    assert then["seq"] >= 1
    words = toctoc("replay", "--data", hall.data)
    assert "L227" in words.stdout
    assert "occupied" in words.stdout
    wrong = toctoc("replay", "--data", hall.data, "--at", "yesterday")
    assert wrong.returncode == 2
    assert "'yesterday' is no time" in wrong.stderr


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    for command in (["log", "show"], ["log", "verify"], ["log", "export"], ["replay"]):
        done = toctoc(*command, "--data", tmp_path / "none")
        assert done.returncode == 2
        assert "there is no log here" in done.stderr
    assert not (tmp_path / "none").exists()


def test_the_desk_closes_a_room_through_the_running_server(hall: Hall) -> None:
    with greeted(hall.server.address, Hello(role="board")) as board:
        board.snapshot("room/V107")
        closed = toctoc("room", "close", "V107", "--reason", "Peinture", "--config", hall.config)
        assert closed.returncode == 0, closed.stderr
        assert "V107 is out of order (event " in closed.stdout
        from events.wire import RoomDay

        assert board.until(RoomDay, room="V107").closure is not None
        reopened = toctoc("room", "reopen", "V107", "--config", hall.config)
        assert (reopened.returncode, "back in order" in reopened.stdout) == (0, True)
        assert board.until(RoomDay, room="V107").closure is None
    wrong = toctoc("room", "close", "X999", "--config", hall.config)
    assert wrong.returncode == 1
    assert "no room 'X999'" in wrong.stderr


def test_the_desk_closes_a_room_by_hand_when_no_server_runs(tmp_path: Path) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    early = toctoc("room", "close", "L213", "--config", config)
    assert early.returncode == 1
    assert "start the server once" in early.stderr
    Server(config, port).terminate()
    closed = toctoc("room", "close", "L213", "--until", "2030-01-01T08:00", "--config", config)
    assert closed.returncode == 0, closed.stderr
    (recorded,) = records(tmp_path / "data", "room-closed")
    assert recorded.event.until == datetime(2030, 1, 1, 7, 0, tzinfo=UTC)  # type: ignore[union-attr]
    server = Server(config, port)
    try:
        with greeted(server.address, Hello(role="board")) as board:
            assert board.snapshot().days[RoomKey("L213")].closure is not None
    finally:
        server.close()


def test_a_screenshot_is_a_picture_of_the_servers_state(hall: Hall, tmp_path: Path) -> None:
    picture = tmp_path / "door.png"
    done = toctoc(
        "kiosk", "--room", "L227", "--server", hall.server.address, "--screenshot", picture,
        "--size", "800x480", "--data", tmp_path / "door",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    raw = picture.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", raw[16:24]) == (800, 480)


def test_a_screenshot_drops_no_door(hall: Hall, tmp_path: Path) -> None:
    with hall.door.connect(hall.server.address) as talk:
        done = toctoc(
            "kiosk", "--room", "L227", "--server", hall.server.address,
            "--screenshot", tmp_path / "door.png", "--data", tmp_path / "door",
        )  # fmt: skip
        assert done.returncode == 0
        talk.say(hall.door.press())
        try:
            assert talk.until(Pressed).effect == "renewed"
        except ConnectionClosed:
            pytest.fail("the door was cut off")


def test_a_screenshot_without_a_server_or_of_no_room_says_so(hall: Hall, tmp_path: Path) -> None:
    picture = tmp_path / "door.png"
    for room, server, words in (
        ("L227", f"ws://127.0.0.1:{free_port()}", "no server answers"),
        ("X999", hall.server.address, "no room 'X999'"),
    ):
        done = toctoc(
            "kiosk", "--room", room, "--server", server, "--screenshot", picture, "--data", tmp_path / "door"
        )
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not picture.exists()


def test_a_doors_key_is_made_once_and_shown(tmp_path: Path) -> None:
    first = toctoc("kiosk", "--show-key", "--data", tmp_path / "door")
    again = toctoc("kiosk", "--show-key", "--data", tmp_path / "door")
    assert first.returncode == again.returncode == 0
    assert first.stdout == again.stdout
    assert len(bytes.fromhex(first.stdout.strip())) == 32
    assert (tmp_path / "door" / "door.key").stat().st_mode & 0o077 == 0


def test_a_server_says_what_is_wrong_with_its_configuration(tmp_path: Path) -> None:
    config = write_school(tmp_path, more="[policy]\nwalkin = 5")
    done = toctoc("serve", "--config", config)
    assert done.returncode == 1
    assert "did you mean walk_in?" in done.stderr
    assert "Traceback" not in done.stderr
