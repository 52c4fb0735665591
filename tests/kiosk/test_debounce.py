"""The contact's state machine: what bounces may not change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.debounce import CHATTER, HOLD, QUIET, STUCK, Contact, Outcome
from kiosk.inbox import Gesture, StuckChanged, Touched

Edges = list[tuple[bool, float]]


def run(
    edges: Edges, *, until: float | None = None, open_at_start: bool = True
) -> list[tuple[float, Outcome]]:
    """Feed edges as a main loop does, ticking at each deadline; gives what came out, and when."""
    contact = Contact(open_at_start=open_at_start)
    out: list[tuple[float, Outcome]] = []

    def tick_until(at: float) -> None:
        while contact.deadline is not None and contact.deadline < at:
            due = contact.deadline
            out.extend((due, outcome) for outcome in contact.tick(due))

    for closed, at in edges:
        tick_until(at)
        out.extend((at, outcome) for outcome in contact.feed(closed, at))
    tick_until(float("inf") if until is None else until)
    return out


def outcomes(edges: Edges, *, until: float | None = None, open_at_start: bool = True) -> list[Outcome]:
    return [outcome for _, outcome in run(edges, until=until, open_at_start=open_at_start)]


def test_a_short_press_is_touched_at_once_and_present_when_let_go() -> None:
    told = run([(True, 5.0), (False, 5.3)])

    assert told == [
        (5.0, Touched(at=5.0)),
        (pytest.approx(5.3 + QUIET), Gesture(intent="present", at=5.0)),
    ]


def test_a_hold_is_leaving_while_it_is_still_held() -> None:
    told = run([(True, 5.0)], until=8.0)

    assert told == [(5.0, Touched(at=5.0)), (5.0 + HOLD, Gesture(intent="leaving", at=5.0))]


def test_letting_go_after_leaving_says_nothing_more() -> None:
    assert outcomes([(True, 5.0), (False, 7.0)]) == [Touched(at=5.0), Gesture(intent="leaving", at=5.0)]


def test_let_go_just_before_the_hold_counts_is_present() -> None:
    assert outcomes([(True, 0.0), (False, HOLD - 0.01)])[-1] == Gesture(intent="present", at=0.0)


def test_bounces_of_a_release_just_before_the_hold_counts_do_not_make_it_leaving() -> None:
    edges = [(True, 0.0), (False, 1.48), (True, 1.495), (False, 1.51)]

    assert outcomes(edges) == [Touched(at=0.0), Gesture(intent="present", at=0.0)]


def test_a_contact_shorter_than_the_debounce_time_is_one_press() -> None:
    assert outcomes([(True, 1.0), (False, 1.004)]) == [Touched(at=1.0), Gesture(intent="present", at=1.0)]


def test_a_bounce_at_release_is_not_a_second_press() -> None:
    edges = [(True, 1.0), (False, 1.5), (True, 1.52), (False, 1.53)]

    assert outcomes(edges) == [Touched(at=1.0), Gesture(intent="present", at=1.0)]


def test_two_presses_are_two_facts() -> None:
    edges = [(True, 1.0), (False, 1.2), (True, 1.4), (False, 1.6)]

    assert outcomes(edges) == [
        Touched(at=1.0),
        Gesture(intent="present", at=1.0),
        Touched(at=1.4),
        Gesture(intent="present", at=1.4),
    ]


def test_a_button_held_for_long_is_stuck_until_it_is_free() -> None:
    told = run([(True, 0.0), (False, 60.0)])

    assert told[2:] == [
        (STUCK, StuckChanged(stuck=True, at=STUCK)),
        (60.0 + QUIET, StuckChanged(stuck=False, at=60.0 + QUIET)),
    ]


def test_after_it_came_free_a_button_works_again() -> None:
    edges = [(True, 0.0), (False, 60.0), (True, 61.0), (False, 61.2)]

    assert outcomes(edges)[-2:] == [Touched(at=61.0), Gesture(intent="present", at=61.0)]


def test_a_contact_held_at_start_makes_no_gesture() -> None:
    edges = [(True, 0.0), (False, 3.0), (True, 4.0), (False, 4.2)]

    assert outcomes(edges, open_at_start=False) == [Touched(at=4.0), Gesture(intent="present", at=4.0)]


def test_a_contact_held_at_start_for_long_is_stuck() -> None:
    assert outcomes([(True, 0.0)], until=30.0, open_at_start=False) == [StuckChanged(stuck=True, at=STUCK)]


def test_an_open_contact_at_start_is_no_news() -> None:
    edges = [(False, 0.0), (True, 4.0), (False, 4.2)]

    assert outcomes(edges, open_at_start=False) == [Touched(at=4.0), Gesture(intent="present", at=4.0)]


def test_a_contact_that_chatters_without_end_is_told_as_stuck() -> None:
    edges = [(n % 2 == 0, n * 0.02) for n in range(round((STUCK + CHATTER) / 0.02))]

    told = outcomes(edges, until=STUCK + CHATTER)

    assert told[0] == Touched(at=0.0)
    assert StuckChanged(stuck=True, at=STUCK) in told
    assert len([outcome for outcome in told if isinstance(outcome, Gesture)]) == 1


def test_nothing_is_due_while_nobody_touches_it() -> None:
    contact = Contact()
    assert contact.deadline is None
    contact.feed(closed=False, at=0.0)
    assert contact.deadline is None


def test_a_clock_that_goes_back_is_taken_as_standing_still() -> None:
    contact = Contact(open_at_start=True)
    contact.feed(closed=True, at=10.0)
    contact.feed(closed=False, at=9.0)

    assert contact.tick(10.0 + QUIET) == [Gesture(intent="present", at=10.0)]


def test_a_late_tick_gives_everything_in_order() -> None:
    contact = Contact(open_at_start=True)
    contact.feed(closed=True, at=0.0)

    assert contact.tick(100.0) == [Gesture(intent="leaving", at=0.0), StuckChanged(stuck=True, at=STUCK)]


# -- any train of contacts --------------------------------------------------------------------

lengths = st.integers(min_value=120, max_value=14_000).filter(
    # Bounces blur the very instant at which a hold counts, as they must.
    lambda ms: not any(abs(ms / 1000 - limit) < 2 * QUIET for limit in (HOLD, STUCK))
)
gaps = st.integers(min_value=200, max_value=3_000)
trains = st.lists(st.tuples(gaps, lengths), max_size=6)
bursts = st.lists(st.integers(min_value=1, max_value=12), max_size=3)


def clean(train: list[tuple[int, int]]) -> Edges:
    edges: Edges = []
    at = 0
    for gap, length in train:
        edges += [(True, (at + gap) / 1000), (False, (at + gap + length) / 1000)]
        at += gap + length
    return edges


def kinds(told: list[Outcome]) -> list[tuple[object, ...]]:
    """Leave out when a stuck button was told: bounces may delay that."""
    return [
        ("stuck", outcome.stuck)
        if isinstance(outcome, StuckChanged)
        else (type(outcome).__name__, getattr(outcome, "intent", None), outcome.at)
        for outcome in told
    ]


@given(trains, st.data())
def test_bounces_change_nothing(train: list[tuple[int, int]], data: st.DataObject) -> None:
    edges = clean(train)
    bouncing: Edges = []
    for closed, at in edges:
        bouncing.append((closed, at))
        end = at
        for wait in data.draw(bursts):
            bouncing += [(not closed, end + wait / 1000), (closed, end + wait / 667)]
            end += wait / 667

    assert kinds(outcomes(bouncing)) == kinds(outcomes(edges))


@given(trains)
def test_every_contact_is_one_gesture(train: list[tuple[int, int]]) -> None:
    gestures = [outcome for outcome in outcomes(clean(train)) if isinstance(outcome, Gesture)]

    assert [gesture.intent for gesture in gestures] == [
        "leaving" if length / 1000 >= HOLD else "present" for _, length in train
    ]


any_edges = st.lists(st.tuples(st.booleans(), st.floats(min_value=0, max_value=40)), max_size=40)


@given(edges=any_edges, open_at_start=st.booleans())
def test_whatever_comes_gestures_are_no_more_than_contacts(
    edges: list[tuple[bool, float]], *, open_at_start: bool
) -> None:
    edges = sorted(edges, key=lambda edge: edge[1])
    told = run(edges, open_at_start=open_at_start, until=100.0)

    gestures = [outcome for _, outcome in told if isinstance(outcome, Gesture)]
    touches = [outcome for _, outcome in told if isinstance(outcome, Touched)]
    stuck = [outcome.stuck for _, outcome in told if isinstance(outcome, StuckChanged)]
    assert len(gestures) <= len(touches) <= len([closed for closed, _ in edges if closed])
    assert {gesture.at for gesture in gestures} <= {touch.at for touch in touches}
    assert stuck == [n % 2 == 0 for n in range(len(stuck))]


@given(edges=any_edges, open_at_start=st.booleans())
def test_time_never_goes_back(edges: list[tuple[bool, float]], *, open_at_start: bool) -> None:
    edges = sorted(edges, key=lambda edge: edge[1])
    times = [at for at, _ in run(edges, open_at_start=open_at_start, until=100.0)]

    assert times == sorted(times)


@given(any_edges, st.floats(min_value=0, max_value=1))
def test_a_deadline_passed_is_never_left_due(edges: list[tuple[bool, float]], late: float) -> None:
    contact = Contact()
    for closed, at in sorted(edges, key=lambda edge: edge[1]):
        contact.feed(closed, at)
        contact.tick(at + late / 100)
        assert contact.deadline is None or contact.deadline > at
