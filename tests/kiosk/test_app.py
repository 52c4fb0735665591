"""The door's loop, step by step: edges go in, presses and pictures come out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from events.domain import Intent
from events.ids import EventId
from events.wire import Air, Heartbeat, Motion
from kiosk.app import ALIVE_EVERY, Door
from kiosk.inbox import Edge, Gesture, Inbox, Input, LinkChanged, Noted, Quit, Received, StuckChanged, Touched
from kiosk.model import Model
from kiosk.screen import Screen
from tests.clock import START, FakeClock
from tests.kiosk.scenes import ROOM


class Line:
    """A line to a server that is not there: remembers what it was asked."""

    def __init__(self) -> None:
        self.presses: list[tuple[Intent, float]] = []
        self.stuck: list[bool] = []
        self.counts: list[int] = []
        self.sensed: list[tuple[Motion | Air, float]] = []

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
            Model(room=ROOM, since=START),
            inbox=self.inbox,
            link=self.line,
            screen=self.screen,
            clock=self.clock,
            windowed=False,
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
        return self.door.model.feedback.told if self.door.model.feedback else ""

    def of(self, kind: type[Any]) -> list[Any]:
        return [item for item in self.seen if isinstance(item, kind)]

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
    assert bench.door.model.stuck
    bench.wait(60)
    assert bench.line.stuck == [True]
    bench.edge(False)
    bench.wait(0.1)
    assert bench.line.stuck == [True, False]
    assert not bench.door.model.stuck
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
    assert bench.door.model.link == "up"
    assert [noted.press for noted in bench.door.model.pending] == ["press-1"]
    assert [type(item) for item in bench.seen[-2:]] == [LinkChanged, Noted]


def test_the_answer_to_a_press_goes_away_by_itself(bench: Bench) -> None:
    bench.edge(True)
    bench.edge(False, after=0.2)
    bench.wait(0.1)
    assert bench.door.model.feedback is not None
    bench.clock.advance(timedelta(minutes=1))
    bench.step_now()
    assert bench.door.model.feedback is None


def test_a_door_ends_when_it_is_told_to_and_takes_in_what_came_before(bench: Bench) -> None:
    bench.inbox.put(LinkChanged("down", bench.clock.now(), "gone"))
    bench.inbox.put(Quit())
    assert not bench.door.step()
    assert bench.door.model.link == "down"


def test_a_door_runs_until_somebody_quits(bench: Bench) -> None:
    ended = threading.Timer(0.05, lambda: bench.inbox.put(Quit()))
    ended.start()
    bench.door.run()
    ended.join()
