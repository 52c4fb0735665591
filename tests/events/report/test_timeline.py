"""A day of the school in a terminal: what is shown at each instant, and what the keys do."""

from __future__ import annotations

import curses
import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from events import domain as e
from events.ids import RoomKey
from events.report.index import open_index
from events.report.timeline import Day, Watch, gone_on, main, picture, pressed
from tests.events.builders import DAY, ROOM
from tests.events.report.diary import OTHER, Diary
from tests.events.report.test_command import keep

ROOT = Path(__file__).resolve().parents[3]


def diary() -> Diary:
    written = Diary(ROOM, OTHER)
    written.books("b1", "09:00", "10:00", at="07:00")
    written.presses("09:05:30")
    written.presses("08:30", received="09:20", room=OTHER)
    return written.ends()


@pytest.fixture
def day() -> Day:
    written = diary()
    return Day(written.log, open_index(written.log, None), DAY)


def status(day: Day, clock: str, room: RoomKey = ROOM) -> str:
    return day.statuses(Diary().at(clock))[room].name


def test_each_instant_shows_what_was_known_then(day: Day) -> None:
    shown = [status(day, clock) for clock in ("08:00", "08:55", "09:01", "09:06", "10:01")]
    assert shown == ["free", "soon", "booked", "in_use", "free"]
    assert [status(day, clock, OTHER) for clock in ("09:00", "09:21")] == ["free", "occupied"]


def test_what_was_learnt_is_told_the_newest_first(day: Day) -> None:
    told = [(room, line.tag) for room, line in day.told(Diary().at("09:20"), 2)]
    assert told == [(OTHER, "presence-pressed"), (ROOM, "presence-pressed")]
    assert day.told(Diary().at("00:00"), 0) == []


def test_the_keys_scrub_stop_and_end(day: Day) -> None:
    noon = Diary().at("12:00")
    watch = Watch(at=noon)

    def after(*keys: int) -> Watch:
        one = watch
        for key in keys:
            one = pressed(one, key, day.begin, day.end)
        return one

    assert after(curses.KEY_LEFT).at == noon - timedelta(minutes=5)
    assert after(curses.KEY_RIGHT, curses.KEY_NPAGE).at == noon + timedelta(minutes=65)
    assert after(*[curses.KEY_PPAGE] * 20).at == day.begin
    assert after(curses.KEY_END).at == day.end - timedelta(minutes=1)
    assert after(curses.KEY_END, curses.KEY_RIGHT, curses.KEY_HOME).at == day.begin
    assert (after(curses.KEY_UP).speed, after(curses.KEY_DOWN).speed) == (1200, 300)
    assert (after(ord(" ")).running, after(ord(" "), ord(" ")).running) == (False, True)
    assert after(ord("q")).over
    assert after(-1) == watch


def test_time_goes_on_at_its_speed_to_the_end_of_the_day(day: Day) -> None:
    noon = Diary().at("12:00")
    assert gone_on(Watch(at=noon, speed=600), 0.5, day.end).at == noon + timedelta(minutes=5)
    standing = Watch(at=noon, running=False)
    assert gone_on(standing, 9.0, day.end) == standing
    late = gone_on(Watch(at=day.end - timedelta(minutes=2), speed=600), 1.0, day.end)
    assert (late.at, late.running) == (day.end - timedelta(minutes=1), False)


def shown(day: Day, width: int, height: int) -> list[str]:
    lines = picture(day, Watch(at=Diary().at("09:10")), width, height)
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_the_picture_names_every_room_with_its_sign_and_fits_its_width(day: Day) -> None:
    for width in (30, 80, 200):
        lines = picture(day, Watch(at=Diary().at("09:10")), width, 40)
        cells = [cell for line in lines for cell in line]
        assert ("■ L213   ", "in_use") in cells
        assert ("● L218   ", "free") in cells
        assert all(len(line) < max(width, 42) for line in shown(day, width, 40))  # the day and its pace: 41
        assert {"q end", "· closed 0"} <= {text.strip() for text, _ in cells}


def test_a_low_terminal_tells_fewer_events_then_fewer_rooms_and_always_the_keys(day: Day) -> None:
    assert [len(shown(day, 80, height)) for height in (40, 14, 11, 9, 8)] == [13, 13, 11, 8, 8]
    assert not any("pressed" in line for line in shown(day, 80, 9))
    low = shown(day, 80, 7)
    assert "… a larger terminal shows all rooms" in low
    assert not any("L213" in line for line in low)
    assert low[-1].endswith("q end")


def test_closed_rooms_are_counted_as_closed_and_not_as_free() -> None:
    written = Diary(ROOM, OTHER, hours=e.Hours(friday="08:00-18:00"))
    day = Day(written.ends().log, open_index(written.log, None), DAY)
    cells = [cell for line in picture(day, Watch(at=written.at("19:00")), 80, 24) for cell in line]
    assert ("· closed 2   ", "") in cells
    assert ("● free 0   ", "free") in cells


def test_of_a_day_that_is_not_over_only_what_is_known_is_shown() -> None:
    written = Diary()
    written.presses("09:05:30")
    day = Day(written.log, open_index(written.log, None), DAY)
    assert day.end == written.at("09:07")
    assert pressed(Watch(at=day.begin), curses.KEY_END, day.begin, day.end).at == written.at("09:06")
    assert status(day, "09:06") == "occupied"


@pytest.mark.parametrize("terminal", ["xterm-256color", "vt100"])
def test_in_a_terminal_it_is_shown_until_it_is_ended(tmp_path: Path, terminal: str) -> None:
    folder = keep(diary(), tmp_path / "log")
    leader, follower = pty.openpty()
    program = [sys.executable, str(ROOT / "toctoc.py"), "timeline", "--day", str(DAY), "--log", str(folder)]
    environment = {
        **os.environ,
        "TERM": terminal,
        "LINES": "30",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        [*program, "--start", "09:10"], stdin=follower, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    seen = b""
    while b"L218" not in seen:
        seen += os.read(leader, 4096)
    os.write(leader, b"q")
    assert process.wait(timeout=20) == 0
    os.close(leader)
    assert "09:1" in seen.decode(errors="replace")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--day", "2026-11-20"), "it needs a terminal"),
        (("--day", "2026-11-2"), "is no day"),
        (("--day", "2020-01-01"), "says nothing of 2020-01-01"),
        (("--day", "2026-11-20", "--speed", "0"), "--speed 0: allowed is 1 to"),
    ],
)
def test_what_cannot_be_shown_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str
) -> None:
    folder = keep(diary(), tmp_path / "log")
    assert main([*words, "--log", str(folder)]) == 2
    assert problem in capsys.readouterr().err
