"""Hours of the day that may go over midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hours import in_hours, next_turn, spans_of
from tests.kiosk.scenes import TODAY, at

PARIS = "Europe/Paris"
CLOCK_BACK = date(2026, 10, 25)
CLOCK_FORTH = date(2026, 3, 29)


@pytest.mark.parametrize(
    ("now", "inside"),
    [
        (at(18, 59), False),
        (at(19, 0), True),
        (at(23, 59), True),
        (at(0, 0), True),
        (at(6, 59), True),
        (at(7, 0), False),
    ],
)
def test_hours_may_go_over_midnight(now: datetime, *, inside: bool) -> None:
    assert in_hours("19:00-07:00", PARIS, now) is inside


def test_there_may_be_several_spans_and_none() -> None:
    assert [in_hours("12:00-13:30, 22:00-06:00", PARIS, at(hour)) for hour in (12, 14, 23, 5)] == [
        True,
        False,
        True,
        True,
    ]
    assert not in_hours("", PARIS, at(3))
    assert next_turn("", PARIS, at(3)) is None


def test_they_end_at_midnight_and_begin_there() -> None:
    assert spans_of("22:00-00:00") == ((22 * 60, 24 * 60),)
    assert next_turn("22:00-24:00", PARIS, at(22, 30)) == at(0, day=TODAY + timedelta(days=1))


def test_midnight_is_no_turn_in_a_span_that_goes_over_it() -> None:
    assert next_turn("19:00-07:00", PARIS, at(19)) == at(7, day=TODAY + timedelta(days=1))
    assert next_turn("19:00-07:00", PARIS, at(7)) == at(19)


def test_hours_that_never_end_have_no_turn() -> None:
    assert next_turn("00:00-24:00", PARIS, at(3)) is None


@pytest.mark.parametrize(
    "hours", ["19:00", "7-9", "19:00-19:00", "25:00-26:00", "08:00-12:00,11:00-13:00", "x"]
)
def test_what_is_no_span_of_hours_is_refused(hours: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        spans_of(hours)


@given(
    st.sampled_from(
        ["19:00-07:00", "02:30-02:45", "02:30-05:00", "12:00-13:30,22:00-06:00", "00:00-24:00", ""]
    ),
    st.sampled_from([TODAY, CLOCK_BACK, CLOCK_FORTH]),
    st.integers(0, 24 * 60 - 1),
)
def test_nothing_turns_before_the_next_turn(hours: str, day: date, minutes: int) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    turn = next_turn(hours, PARIS, now) or now + timedelta(days=1)

    assert turn > now
    instants = [now + timedelta(minutes=n) for n in range(int((turn - now) / timedelta(minutes=1)))]
    assert {in_hours(hours, PARIS, instant) for instant in instants} <= {in_hours(hours, PARIS, now)}


def test_hours_that_come_twice_when_the_clocks_are_set_back_begin_twice() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    turns = [first - timedelta(minutes=5)]
    for _ in range(4):
        turn = next_turn("02:30-02:45", PARIS, turns[-1])
        assert turn is not None
        turns.append(turn)

    assert [turn - first for turn in turns[1:]] == [timedelta(minutes=n) for n in (0, 15, 60, 75)]


def test_hours_that_begin_while_the_clocks_jump_begin_with_the_jump() -> None:
    before = datetime(2026, 3, 29, 0, 50, tzinfo=UTC)

    assert next_turn("02:30-05:00", PARIS, before) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
