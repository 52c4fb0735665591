"""How presses are kept and answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.ids import EventId
from events.wire import Code, Pressed, Refused
from kiosk.debounce import HOLD
from kiosk.door.presses import FEEDBACK, KEEP_PENDING
from kiosk.door.update import passed, update
from kiosk.inbox import Edge, FaultFound, Gesture, Kept, Quit, Received, StuckChanged, Touched
from tests.kiosk.door.doors import NOW, PRESS, connected, cut, press
from tests.kiosk.scenes import at, received

# -- presses ---------------------------------------------------------------------------------------


def test_a_press_is_answered_step_by_step() -> None:
    model = connected()
    told = []
    for item in (
        Touched(at=1.0),
        Gesture(intent="present", at=1.0),
        press(),
        Received(message=Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24)), at=NOW),
    ):
        model = update(model, item, NOW)
        assert model.presses.feedback is not None
        told.append(model.presses.feedback.told)

    assert told == ["touched", "sending", "noted", "recorded"]
    assert model.presses.feedback is not None
    assert (model.presses.feedback.effect, model.presses.feedback.present_until) == ("walk-in", at(13, 24))
    assert model.presses.pending == ()


def test_a_press_without_a_link_is_kept() -> None:
    model = update(cut(), press(), NOW)

    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "kept"
    assert [noted.press for noted in model.presses.pending] == [PRESS]


def test_a_press_while_the_server_is_silent_is_kept_too() -> None:
    later = NOW + timedelta(minutes=1)
    model = update(connected(), press(pressed_at=later), later)

    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "kept"


def test_an_answer_goes_away_by_itself() -> None:
    model = update(connected(), press(), NOW)

    assert model.next_change(NOW) == NOW + FEEDBACK
    assert passed(model, NOW + FEEDBACK).presses.feedback is None


def test_an_acknowledgement_that_comes_much_later_is_not_shown_to_whoever_passes_by() -> None:
    model = update(cut(), press(), NOW)
    later = NOW + timedelta(minutes=20)
    model = received(model, later, Pressed(ref=PRESS, seq=50, effect="walk-in"))

    assert model.presses.feedback is None
    assert model.presses.pending == ()


def test_an_acknowledgement_of_an_older_press_does_not_answer_the_newer_one() -> None:
    model = update(update(connected(), press(1), NOW), press(2), NOW)
    model = received(model, NOW, Pressed(ref=PRESS, seq=50, effect="walk-in"))

    assert model.presses.feedback is not None
    assert (model.presses.feedback.told, model.presses.feedback.press) == ("noted", "me.x.2")


def test_an_acknowledgement_twice_is_as_once() -> None:
    answer = Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24))
    once = received(update(connected(), press(), NOW), NOW, answer)

    assert received(once, NOW, answer) == once


@pytest.mark.parametrize(("code", "gone"), [("too-fast", False), ("server", False), ("not-allowed", True)])
def test_a_refused_press_is_told_and_kept_where_it_may_still_count(code: Code, *, gone: bool) -> None:
    model = update(connected(), press(), NOW)
    model = received(model, NOW, Refused(code=code, reason="", ref=PRESS))

    assert model.presses.feedback is not None
    assert (model.presses.feedback.told, model.presses.feedback.code) == ("refused", code)
    assert (model.presses.pending == ()) is gone


def test_a_refusal_of_something_else_is_no_answer_to_a_press() -> None:
    model = update(connected(), press(), NOW)

    assert received(model, NOW, Refused(code="server", reason="", ref=4)) == model
    assert received(model, NOW, Refused(code="server", reason="", ref=EventId("else"))) == model


def test_presses_found_at_start_are_pending_without_an_answer() -> None:
    kept = (press(1), press(2))
    model = update(cut(), press(3), NOW)
    model = update(model, Kept(presses=(*kept, press(3))), NOW)

    assert [noted.press for noted in model.presses.pending] == ["me.x.1", "me.x.2", "me.x.3"]


def test_the_number_of_presses_remembered_is_bounded() -> None:
    kept = tuple(press(n, pressed_at=NOW - timedelta(minutes=n)) for n in range(1000))

    assert len(update(cut(), Kept(presses=kept), NOW).presses.pending) == KEEP_PENDING


def test_a_press_noted_twice_is_pending_once() -> None:
    model = update(update(cut(), press(), NOW), press(), NOW)

    assert len(model.presses.pending) == 1


# -- the button ------------------------------------------------------------------------------------


def test_a_hold_fills_in_even_steps() -> None:
    model = update(connected(), Touched(at=1.0), NOW)
    half = NOW + timedelta(seconds=HOLD / 2)

    assert model.presses.held(NOW) == 0.0
    assert model.presses.held(half) == pytest.approx(0.5)
    assert model.presses.held(half + timedelta(milliseconds=10)) == model.presses.held(half)
    assert model.presses.held(NOW + timedelta(seconds=9)) == 1.0
    assert timedelta(0) < model.next_change(half) - half <= timedelta(seconds=HOLD / 30)
    assert update(model, Gesture(intent="leaving", at=1.0), half).presses.held(half) == 0.0


def test_a_stuck_button_is_told_until_it_is_free() -> None:
    model = update(connected(), StuckChanged(stuck=True, at=11.0), NOW)
    assert model.condition.stuck

    assert not update(model, StuckChanged(stuck=False, at=20.0), NOW).condition.stuck


def test_a_fault_is_told_until_it_is_gone() -> None:
    fault = FaultFound(what="disk", why="read-only")
    model = update(update(connected(), fault, NOW), fault, NOW)
    assert model.condition.faults == (fault,)

    assert update(model, FaultFound(what="disk", why="", gone=True), NOW).condition.faults == ()


def test_raw_edges_and_the_end_change_nothing() -> None:
    model = connected()

    assert update(model, Edge(closed=True, at=1.0), NOW) == model
    assert update(model, Quit(), NOW) == model
