"""A wall clock that is set, seen from beside one that nobody can set."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import EventId
from events.wire import Heartbeat
from kiosk.inbox import ClockStepped, LinkChanged, Noted, Received
from kiosk.steps import LEAST, Steps, believable, restamped
from tests.clock import START, FakeClock

HOUR = timedelta(hours=1)


def test_time_that_passes_is_no_step() -> None:
    clock = FakeClock()
    steps = Steps(clock.now(), clock.boottime())
    for seconds in (0.0, 0.01, 10.0, 86_400.0):
        clock.advance(seconds)
        steps, stepped = steps.look(clock.now(), clock.boottime())
        assert stepped is None


@pytest.mark.parametrize("by", [HOUR, -HOUR, timedelta(seconds=0.6), timedelta(days=-365)])
def test_a_clock_that_is_set_is_noticed_once_and_by_how_much(by: timedelta) -> None:
    clock = FakeClock()
    steps = Steps(clock.now(), clock.boottime())
    clock.advance(7)
    clock.set_wall(clock.now() + by)
    steps, stepped = steps.look(clock.now(), clock.boottime())
    assert stepped is not None
    assert stepped.by == pytest.approx(by.total_seconds(), abs=1e-3)
    clock.advance(7)
    assert steps.look(clock.now(), clock.boottime())[1] is None


def test_a_clock_that_a_time_server_slows_down_is_not_set() -> None:
    clock = FakeClock()
    steps = Steps(clock.now(), clock.boottime())
    for _ in range(100):
        clock.advance(10)
        clock.set_wall(clock.now() - timedelta(seconds=10 * 500e-6))
        steps, stepped = steps.look(clock.now(), clock.boottime())
        assert stepped is None


@given(
    st.lists(st.tuples(st.floats(0, 3600), st.floats(-1e6, 1e6).filter(lambda by: abs(by) > LEAST + 0.01)))
)
def test_all_steps_together_are_what_the_clocks_differ_by(moves: list[tuple[float, float]]) -> None:
    clock = FakeClock()
    steps = Steps(clock.now(), clock.boottime())
    total = 0.0
    for seconds, by in moves:
        clock.advance(seconds)
        clock.set_wall(clock.now() + timedelta(seconds=by))
        steps, stepped = steps.look(clock.now(), clock.boottime())
        assert stepped is not None
        total += stepped.by
    differ = (clock.now() - START).total_seconds() - (clock.boottime() - 1000)
    assert total == pytest.approx(differ, abs=0.01)


def test_what_was_stamped_just_before_the_clock_was_set_is_moved_and_what_came_after_is_not() -> None:
    wall = START + HOUR
    step = ClockStepped(3600.0)
    beat = Heartbeat(server_time=START, epoch=1, seq=1)
    before, after = START - timedelta(seconds=3), wall - timedelta(seconds=1)
    assert restamped(Received(beat, before), step, wall) == Received(beat, before + HOUR)
    assert restamped(Received(beat, after), step, wall) == Received(beat, after)
    assert restamped(LinkChanged("up", before), step, wall) == LinkChanged("up", before + HOUR)
    noted = Noted(EventId("press"), "present", before)
    assert restamped(noted, step, wall) is noted


@pytest.mark.parametrize(
    ("heard_at", "synchronised", "expected"),
    [
        (START - HOUR, True, True),
        (START - HOUR, False, True),  # the program alone started anew
        (START - 3 * HOUR, False, False),  # the machine was off for nobody knows how long
        (START - 3 * HOUR, True, True),
        (START + HOUR, False, False),  # behind what it has lived through
    ],
)
def test_a_clock_is_believed_that_follows_a_time_server_or_never_stopped(
    heard_at: datetime, *, synchronised: bool, expected: bool
) -> None:
    assert believable(heard_at, START, 7200.0, synchronised=synchronised) is expected
