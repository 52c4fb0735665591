"""What the shell has to do for an input."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.search import Wish
from kiosk.door.model import Model
from kiosk.door.setup import Setup
from kiosk.door.update import update
from kiosk.door.visit import AWAKE, PAGE, SETTLING
from kiosk.inbox import (
    Action,
    Ask,
    Count,
    Edge,
    Gesture,
    Input,
    Leave,
    OpenPage,
    Quit,
    Speak,
    Stay,
    StuckChanged,
    Tapped,
    Touched,
)
from kiosk.orders import Order, Recount, Submit, TellStuck, orders
from tests.kiosk.scenes import ROOM, at, day, door, presence

NOW = at(12, 24)
AT = 77.5


def connected(setup: Setup | None = None) -> Model:
    return replace(door(NOW, day(NOW), presence()), setup=setup or Setup())


def tapped(action: Action | None) -> Tapped:
    return Tapped(action, AT)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Gesture("present", AT), Submit(intent="present", at=AT)),
        (Gesture("leaving", AT), Submit(intent="leaving", at=AT)),
        (StuckChanged(stuck=True, at=AT), TellStuck(stuck=True)),
        (tapped(Stay(30)), Submit(intent="present", at=AT, by="touch", minutes=30)),
        (tapped(Stay()), Submit(intent="present", at=AT, by="touch")),
        (tapped(Leave()), Submit(intent="leaving", at=AT, by="touch")),
        (tapped(Count(12)), Recount(12)),
    ],
)
def test_what_is_pressed_and_touched_is_sent(item: Input, expected: Order) -> None:
    assert orders(connected(), item, NOW) == (expected,)


@pytest.mark.parametrize(
    "item",
    [
        tapped(None),
        tapped(OpenPage("find")),
        tapped(Speak("en")),
        tapped(Ask(Wish(origin=ROOM))),
        Touched(AT),
        Edge(closed=True, at=AT),
        Quit(),
    ],
)
def test_what_only_changes_the_picture_orders_nothing(item: Input) -> None:
    assert orders(connected(), item, NOW) == ()


NIGHT = Setup(night_hours="12:00-13:00")


def test_a_touch_that_wakes_the_door_orders_nothing_and_the_next_one_does() -> None:
    model = connected(NIGHT)
    assert orders(model, tapped(Stay()), NOW) == ()

    model = update(model, tapped(Stay()), NOW)
    later = NOW + timedelta(seconds=1)

    assert len(orders(model, tapped(Stay()), later)) == 1


def test_the_button_counts_also_while_the_door_sleeps() -> None:
    assert orders(connected(NIGHT), Gesture("present", AT), NOW) == (Submit(intent="present", at=AT),)


def test_a_second_contact_of_the_finger_that_opened_the_page_orders_nothing() -> None:
    model = update(connected(), tapped(OpenPage("stay")), NOW)

    assert orders(model, tapped(Stay(15)), NOW + SETTLING - timedelta(milliseconds=1)) == ()
    assert orders(model, tapped(Stay(15)), NOW + SETTLING) != ()


def test_a_second_contact_of_the_finger_that_stays_is_no_second_press() -> None:
    model = update(connected(), tapped(Stay(15)), NOW)

    assert orders(model, tapped(Stay(15)), NOW + timedelta(milliseconds=100)) == ()


def test_a_touch_of_a_page_that_has_just_gone_orders_nothing() -> None:
    """The finger was on its way when the page gave way to the sign."""
    model = update(connected(), tapped(OpenPage("stay")), NOW)

    assert orders(model, tapped(Stay(15)), NOW + PAGE - timedelta(seconds=1)) != ()
    assert orders(model, tapped(Stay(15)), NOW + PAGE) == ()


ACTIONS = st.sampled_from(
    [None, OpenPage("stay"), OpenPage("sign"), Stay(15), Leave(), Count(3), Speak("en")]
)
TOUCHES = st.lists(st.tuples(ACTIONS, st.floats(0.01, 45)), max_size=12)


@given(TOUCHES, st.sampled_from(["", "12:00-12:25", "00:00-24:00"]))
def test_what_is_ordered_is_answered_and_what_is_not_is_not(
    touches: list[tuple[Action | None, float]], night: str
) -> None:
    """Orders and the model use one guard: no press without its answer, no answer without its press."""
    model, now = connected(Setup(night_hours=night)), NOW
    ordered: list[datetime] = []
    for action, pause in touches:
        now += timedelta(seconds=pause)
        item = tapped(action)
        found = orders(model, item, now)
        model = update(model, item, now)
        presses = [order for order in found if isinstance(order, Submit)]
        if presses:
            ordered.append(now)
        feedback = model.presses.feedback
        answered = feedback is not None and (feedback.told, feedback.since) == ("sending", now)
        assert answered == bool(presses)
        assert (model.visit.counted is not None and model.visit.counted[1] == now) == (
            any(isinstance(order, Recount) for order in found)
        )
        assert model.visit.touched_at == now
    assert all(later - earlier >= SETTLING for earlier, later in pairwise(ordered))


def test_a_door_stays_awake_for_a_while() -> None:
    model = update(connected(NIGHT), tapped(None), NOW)

    assert orders(model, tapped(Leave()), NOW + AWAKE - timedelta(seconds=1)) != ()
    assert orders(model, tapped(Leave()), NOW + AWAKE) == ()
