"""How often and how many."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from actors.entry.limits import Allowance, Allowances
from tests.clock import START


@given(st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=60))
def test_nobody_takes_more_than_a_burst_and_what_was_earned(milliseconds: list[int]) -> None:
    allowance = Allowance(5, 2.0)
    now, taken = START, 0
    for step in milliseconds:
        now += timedelta(milliseconds=step)
        taken += allowance.take(now)
        assert taken <= 5 + 2.0 * (now - START).total_seconds() + 1e-9


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    allowance = Allowance(2, 1.0)
    assert allowance.take(START)
    assert allowance.take(START - timedelta(hours=1))
    assert not allowance.take(START - timedelta(hours=1))
    assert allowance.take(START - timedelta(hours=1) + timedelta(seconds=1))


def test_only_wrong_guesses_count_and_each_address_for_itself() -> None:
    guesses = Allowances(3, 0.1)
    for _ in range(3):
        assert guesses.may_take("192.0.2.1", START)
        guesses.take("192.0.2.1", START)
    assert not guesses.may_take("192.0.2.1", START)
    assert guesses.may_take("192.0.2.2", START)
    assert guesses.may_take("192.0.2.1", START + timedelta(seconds=10))


def test_a_hundred_thousand_addresses_are_not_all_remembered() -> None:
    guesses = Allowances(3, 0.1)
    for n in range(30_000):
        guesses.take(f"2001:db8::{n:x}", START)
    assert len(guesses._known) <= 10_000
    for _ in range(2):
        guesses.take("2001:db8::752f", START)
    assert not guesses.may_take("2001:db8::752f", START), "the newest are"
