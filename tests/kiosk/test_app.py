"""The door's loop, step by step: edges go in, presses and pictures come out."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from events.domain import Intent
from events.ids import EventId
from events.wire import Air, Heartbeat, Motion
from kiosk import app, machine
from kiosk.app import ALIVE_EVERY, DISPLAY_AGAIN, LINK_ALIVE, Door
from kiosk.door.model import Model, begun
from kiosk.drawing.screen import Screen
from kiosk.drawing.sdl import pygame
from kiosk.drawing.window import Window
from kiosk.inbox import (
    AirFelt,
    ClockStepped,
    Edge,
    FaultFound,
    Gesture,
    Inbox,
    Input,
    LinkChanged,
    MotionFelt,
    Noted,
    Quit,
    Received,
    StuckChanged,
    Tapped,
    Touched,
)
from tests.clock import START, FakeClock
from tests.kiosk.scenes import ROOM


class Line:
    """A line to a server that is not there: remembers what it was asked."""

    def __init__(self) -> None:
        self.presses: list[tuple[Intent, float]] = []
        self.stuck: list[bool] = []
        self.counts: list[int] = []
        self.sensed: list[tuple[Motion | Air, float]] = []
        self.alive_at = 1000.0

    def submit(self, intent: Intent, *, at: float, **_more: Any) -> None:
        self.presses.append((intent, at))

    def report_stuck(self, *, stuck: bool) -> None:
        self.stuck.append(stuck)

    def recount(self, people: int) -> None:
        self.counts.append(people)

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        self.sensed.append((sensed, at))


class Bench:
    """A door drawn in memory, whose clock and button the test moves."""

    def __init__(self) -> None:
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        self.clock = FakeClock()
        self.inbox = Inbox()
        self.line = Line()
        self.screen = Screen((320, 240), fullscreen=False, caption="test", window=False)
        self.seen: list[Input] = []
        self.door = Door(
            begun(ROOM, START),
            inbox=self.inbox,
            link=self.line,
            screen=self.screen,
            clock=self.clock,
            open_at_start=True,
            watcher=lambda item, *_rest: self.seen.append(item),
        )
        self.step_now()

    def step_now(self) -> bool:
        """Let the door take in what is there, without sleeping for what is not."""
        self.inbox.put(Received(Heartbeat(server_time=self.clock.now(), epoch=1, seq=1), self.clock.now()))
        return self.door.step()

    def edge(self, closed: bool, *, after: float = 0.0) -> None:  # noqa: FBT001  # as in Edge
        self.clock.advance(after)
        self.inbox.put(Edge(closed, self.clock.boottime()))
        self.step_now()

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.step_now()

    def told(self) -> str:
        """What is answered to the person at the button."""
        return self.door.model.presses.feedback.told if self.door.model.presses.feedback else ""

    def of(self, kind: type[Any]) -> list[Any]:
        return [item for item in self.seen if isinstance(item, kind)]

    def faults(self) -> list[str]:
        """What people are told is wrong."""
        return [fault.what for fault in self.door.model.condition.faults]

    def close(self) -> None:
        self.screen.close()
        self.inbox.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_a_press_and_its_release_are_one_press_that_means_present(bench: Bench) -> None:
    pressed_at = bench.clock.boottime() + 1
    bench.edge(True, after=1)
    assert bench.line.presses == [], "nothing is meant before it is let go"
    assert bench.told() == "touched", "but light and picture answer"
    bench.edge(False, after=0.2)
    bench.wait(0.1)
    assert bench.line.presses == [("present", pressed_at)]
    assert bench.told() == "sending"


def test_a_hold_means_leaving_while_it_is_still_held(bench: Bench) -> None:
    pressed_at = bench.clock.boottime()
    bench.edge(True)
    bench.wait(1.49)
    assert bench.line.presses == []
    bench.wait(0.02)
    assert bench.line.presses == [("leaving", pressed_at)]
    bench.edge(False, after=0.5)
    bench.wait(0.1)
    assert bench.line.presses == [("leaving", pressed_at)], "letting go adds nothing"


def test_a_bouncing_contact_is_one_press(bench: Bench) -> None:
    for n in range(9):
        bench.edge(n % 2 == 0, after=0.004)
    bench.wait(0.2)
    for n in range(9):
        bench.edge(n % 2 == 1, after=0.003)
    bench.wait(0.1)
    assert [intent for intent, _at in bench.line.presses] == ["present"]
    assert len(bench.of(Touched)) == len(bench.of(Gesture)) == 1


def test_two_presses_are_two(bench: Bench) -> None:
    for _ in range(2):
        bench.edge(True, after=1)
        bench.edge(False, after=0.2)
        bench.wait(0.1)
    assert [intent for intent, _at in bench.line.presses] == ["present", "present"]


def test_a_stuck_button_is_reported_until_it_is_free(bench: Bench) -> None:
    bench.edge(True)
    bench.wait(10.1)
    assert bench.line.stuck == [True]
    assert bench.door.model.condition.stuck
    bench.wait(60)
    assert bench.line.stuck == [True]
    bench.edge(False)
    bench.wait(0.1)
    assert bench.line.stuck == [True, False]
    assert not bench.door.model.condition.stuck
    assert [intent for intent, _at in bench.line.presses] == ["leaving"]
    assert [item.stuck for item in bench.of(StuckChanged)] == [True, False]


def test_an_edge_sets_the_alarm_for_what_follows_from_it(bench: Bench) -> None:
    bench.edge(True)
    assert bench.door._sleep() <= 1.5
    bench.edge(False, after=0.2)
    assert bench.door._sleep() <= 0.05


def test_a_door_that_nobody_touches_sleeps_long(bench: Bench) -> None:
    assert 1 < bench.door._sleep() <= ALIVE_EVERY


def test_what_comes_from_the_line_is_in_the_model_and_on_the_picture(bench: Bench) -> None:
    bench.inbox.put(LinkChanged("up", bench.clock.now()))
    bench.inbox.put(Noted(EventId("press-1"), "present", bench.clock.now()))
    assert bench.door.step()
    assert bench.door.model.hearing.link == "up"
    assert [noted.press for noted in bench.door.model.presses.pending] == ["press-1"]
    assert [type(item) for item in bench.seen[-2:]] == [LinkChanged, Noted]


def test_the_answer_to_a_press_goes_away_by_itself(bench: Bench) -> None:
    bench.edge(True)
    bench.edge(False, after=0.2)
    bench.wait(0.1)
    assert bench.door.model.presses.feedback is not None
    bench.clock.advance(timedelta(minutes=1))
    bench.step_now()
    assert bench.door.model.presses.feedback is None


def test_a_door_ends_when_it_is_told_to_and_takes_in_what_came_before(bench: Bench) -> None:
    bench.inbox.put(LinkChanged("down", bench.clock.now(), "gone"))
    bench.inbox.put(Quit())
    assert not bench.door.step()
    assert bench.door.model.hearing.link == "down"


def test_a_door_runs_until_somebody_quits(bench: Bench) -> None:
    ended = threading.Timer(0.05, lambda: bench.inbox.put(Quit()))
    ended.start()
    bench.door.run()
    ended.join()


# -- time -----------------------------------------------------------------------------------------


def test_a_clock_that_is_set_is_no_silence_of_the_server(bench: Bench) -> None:
    """A Pi without a clock of its own is set forwards by hours when it reaches a time server."""
    bench.inbox.put(LinkChanged("up", bench.clock.now()))
    bench.step_now()
    assert bench.door.model.hearing.connected(bench.clock.now())
    bench.clock.advance(5)
    bench.clock.set_wall(bench.clock.now() + timedelta(hours=9))
    bench.inbox.put(Edge(closed=True, at=bench.clock.boottime()))
    bench.door.step()
    assert [item.by for item in bench.of(ClockStepped)] == [pytest.approx(9 * 3600)]
    assert bench.door.model.hearing.connected(bench.clock.now())
    assert bench.door.model.hearing.cut_off_since(bench.clock.now()) is None
    order = [type(item) for item in bench.seen]
    assert order.index(ClockStepped) < order.index(Touched), "before anything that came with it"


def test_a_clock_that_is_set_back_keeps_the_picture_alive(bench: Bench) -> None:
    bench.clock.set_wall(bench.clock.now() - timedelta(days=300))
    assert bench.door._sleep() <= ALIVE_EVERY, "however far the next change seems to be"
    bench.step_now()
    assert bench.door._draw_at is not None
    assert bench.door._draw_at - bench.clock.now() <= timedelta(minutes=1)


def test_nothing_is_looked_at_again_while_nothing_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    views: list[datetime] = []
    monkeypatch.setattr(bench.door, "_draw", views.append)
    monkeypatch.setattr(bench.inbox, "wait", lambda _seconds, _others: [])
    for _ in range(5):
        bench.clock.advance(2)
        bench.door.step()
    assert views == []
    bench.clock.advance(60)
    bench.door.step()
    assert len(views) == 1, "the clock on the picture"


# -- what is felt ---------------------------------------------------------------------------------


def test_what_a_sensor_feels_is_shown_always_and_told_when_it_is_worth_it(bench: Bench) -> None:
    for n in range(3):
        bench.inbox.put(AirFelt(Air(co2=700 + n), bench.clock.boottime()))
        bench.inbox.put(MotionFelt(bench.clock.boottime()))
        bench.wait(10)
    assert bench.door.model.condition.air == Air(co2=702)
    assert bench.line.sensed == [(Air(co2=700), 1000.0), (Motion(), 1000.0)]


class Parts:
    """Something fitted beside the screen, that is missing until a certain time."""

    def __init__(self, due: float | None = None) -> None:
        self.due = due
        self.shown: list[Model] = []

    def follow(self, model: Model, now: datetime) -> None:
        self.shown.append(model)
        self.due = None


def test_the_light_answers_before_the_picture_and_what_is_missing_is_tried_again(bench: Bench) -> None:
    parts = Parts(due=bench.clock.boottime() + 3)
    bench.door._parts = parts
    assert bench.door._sleep() <= 3
    bench.edge(True)
    assert parts.shown[-1].presses.feedback is not None
    parts.due = bench.clock.boottime() + 3
    bench.wait(1)
    assert parts.due is None


class Cache:
    def __init__(self) -> None:
        self.offered: list[Model] = []

    def offer(self, model: Model) -> None:
        self.offered.append(model)


def test_what_is_known_is_offered_to_be_kept(bench: Bench) -> None:
    cache = Cache()
    bench.door._cache = cache
    bench.inbox.put(LinkChanged("up", bench.clock.now()))
    bench.step_now()
    assert cache.offered[-1] is bench.door.model


# -- faults ---------------------------------------------------------------------------------------


class Windowed(Bench):
    """A door in a window of SDL's dummy display, that can be taken away and brought back."""

    def __init__(self) -> None:
        super().__init__()
        self.there = True
        self.opened = 0
        self.door.screen = self.open()
        self.door._reopen = self.open
        self.door._window = Window()
        self.step_now()

    def open(self) -> Screen:
        if not self.there:
            raise pygame.error("No available video device")
        self.opened += 1
        return Screen((320, 240), window=True)

    def unplug(self) -> None:
        """Take the display away underneath the door."""
        self.there = False
        pygame.display.quit()

    def close(self) -> None:
        pygame.display.quit()
        super().close()


@pytest.fixture
def windowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Windowed]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    bench = Windowed()
    yield bench
    bench.close()


def test_a_door_whose_display_is_gone_is_pressed_as_before_and_tries_to_open_it_again(
    windowed: Windowed,
) -> None:
    windowed.unplug()
    windowed.edge(True)
    windowed.step_now()
    assert windowed.faults() == ["display"]
    assert windowed.door.screen is None
    windowed.edge(False, after=0.2)
    windowed.wait(0.1)
    assert [intent for intent, _at in windowed.line.presses] == ["present"]
    assert windowed.door._sleep() <= DISPLAY_AGAIN
    windowed.wait(DISPLAY_AGAIN)
    assert windowed.door.screen is None, "it is still gone"
    windowed.there = True
    windowed.wait(DISPLAY_AGAIN)
    windowed.step_now()
    assert windowed.door.screen is not None
    assert windowed.faults() == []
    windowed.step_now()
    assert windowed.door.screen.shown is not None


def test_a_display_that_fails_while_it_is_drawn_on_is_gone(
    windowed: Windowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_anything: object) -> None:
        raise pygame.error("Couldn't set video mode")

    monkeypatch.setattr(pygame.display, "update", fails)
    windowed.edge(True)
    windowed.step_now()
    assert (windowed.door.screen, windowed.faults()) == (None, ["display"])
    monkeypatch.undo()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    windowed.wait(DISPLAY_AGAIN)
    windowed.step_now()
    assert windowed.door.screen is not None


def test_a_door_that_starts_without_a_display_says_so_and_finds_one_later(windowed: Windowed) -> None:
    windowed.unplug()
    windowed.door.screen = windowed.door._window = None
    windowed.door.ready()
    windowed.step_now()
    assert windowed.faults() == ["display"]
    windowed.there = True
    windowed.wait(DISPLAY_AGAIN)
    windowed.step_now()
    assert (windowed.faults(), windowed.opened) == ([], 2)


def test_a_compositor_that_ends_takes_the_window_and_not_the_door(windowed: Windowed) -> None:
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert windowed.step_now()
    windowed.step_now()
    windowed.step_now()
    assert (windowed.opened, windowed.faults()) == (2, []), "opened anew at once, as it could be"


def test_a_window_on_a_desk_can_be_closed(windowed: Windowed) -> None:
    windowed.door._closable = True
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert not windowed.step_now()


def test_a_cable_that_was_pulled_out_is_told_and_a_new_display_is_drawn_on(
    windowed: Windowed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status = tmp_path / "card0-HDMI-A-1" / "status"
    status.parent.mkdir()
    status.write_text("connected\n", encoding="ascii")
    monkeypatch.setattr(app, "missing_display", lambda: machine.missing_display(tmp_path))
    assert windowed.door._window is not None
    windowed.door._window.direct = True
    windowed.wait(ALIVE_EVERY)
    assert windowed.faults() == []
    status.write_text("disconnected\n", encoding="ascii")
    windowed.wait(ALIVE_EVERY)
    windowed.step_now()
    assert windowed.faults() == ["display"]
    assert windowed.door.screen is not None, "the kernel goes on drawing, and so do we"
    status.write_text("connected\n", encoding="ascii")
    windowed.wait(ALIVE_EVERY)
    windowed.step_now()
    windowed.step_now()
    assert (windowed.faults(), windowed.opened) == ([], 2)


def test_a_picture_that_cannot_be_drawn_costs_no_press(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_anything: object) -> None:
        raise KeyError("a title that nobody thought of")

    monkeypatch.setattr(app, "view", fails)
    bench.edge(True)
    bench.edge(False, after=0.2)
    bench.wait(0.1)
    assert [intent for intent, _at in bench.line.presses] == ["present"]
    assert bench.faults() == ["display"]
    assert caplog.text.count("the picture cannot be drawn") == 1
    monkeypatch.undo()
    bench.wait(1)
    bench.step_now()
    assert bench.faults() == []


def test_space_is_the_button_and_l_another_language_where_a_keyboard_stands_in(windowed: Windowed) -> None:
    windowed.door._keyboard = True
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE))
    windowed.step_now()
    assert windowed.of(Touched)
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_l))
    windowed.step_now()
    assert windowed.door.model.visit.language == "en"


def test_a_touch_beside_everything_is_still_a_touch(windowed: Windowed) -> None:
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(1, 1)))
    windowed.step_now()
    assert [item.action for item in windowed.of(Tapped)] == [None]
    assert windowed.door.model.visit.touched_at == windowed.clock.now()


# -- signs of life --------------------------------------------------------------------------------


class Manager:
    """A service manager's socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        said = []
        while True:
            try:
                said += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return said


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


def test_a_door_is_ready_after_its_first_picture(manager: Manager, bench: Bench) -> None:
    assert manager.heard() == []
    bench.door.ready()
    assert bench.screen.shown is not None
    first, status = manager.heard()
    assert (first, status) == ("READY=1", f"STATUS={ROOM}, unknown, connecting, 0 presses kept")


def test_a_door_shows_that_it_lives_and_says_what_changed(manager: Manager, bench: Bench) -> None:
    bench.door.ready()
    manager.heard()
    bench.wait(ALIVE_EVERY / 2)
    assert manager.heard() == []
    bench.line.alive_at = bench.clock.boottime()
    bench.wait(ALIVE_EVERY / 2)
    assert manager.heard() == ["WATCHDOG=1"]
    bench.inbox.put(LinkChanged("down", bench.clock.now(), "gone"))
    bench.inbox.put(FaultFound("disk", "read-only\nfile system"))
    bench.wait(ALIVE_EVERY)
    assert manager.heard() == [
        f"STATUS={ROOM}, unknown, not connected, 0 presses kept, disk: read-only file system",
        "WATCHDOG=1",
    ]


def test_a_door_whose_link_is_dead_does_not_say_that_it_lives(manager: Manager, bench: Bench) -> None:
    bench.line.alive_at = bench.clock.boottime()
    bench.wait(LINK_ALIVE + 1)
    assert "WATCHDOG=1" not in manager.heard()
    bench.line.alive_at = bench.clock.boottime()
    bench.wait(ALIVE_EVERY)
    assert "WATCHDOG=1" in manager.heard()


def test_a_door_that_draws_nothing_does_not_say_that_it_lives(
    manager: Manager, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "view", lambda *_anything: 1 / 0)
    bench.wait(1)
    manager.heard()
    bench.line.alive_at = bench.clock.boottime()
    bench.wait(ALIVE_EVERY)
    assert "WATCHDOG=1" not in manager.heard()


def test_a_door_without_a_display_lives(manager: Manager, windowed: Windowed) -> None:
    """To start it anew would bring no display, and cost the presses of meanwhile."""
    windowed.unplug()
    windowed.wait(1)
    windowed.line.alive_at = windowed.clock.boottime()
    windowed.wait(ALIVE_EVERY)
    assert "WATCHDOG=1" in manager.heard()


def test_an_impatient_manager_is_told_twice_as_often_as_it_asks(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    bench = Bench()
    assert bench.door._sleep() <= 2
    bench.wait(2)
    assert "WATCHDOG=1" in manager.heard()
    bench.close()
