"""What a press does, before the server has said so."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from events.wire import Pressed
from kiosk.door.effect import would_do
from kiosk.door.update import update
from kiosk.inbox import LinkChanged
from tests.kiosk import scenes
from tests.kiosk.door.doors import NOW, PRESS, connected, cut, name_of, press
from tests.kiosk.scenes import at, day, door, presence, received, said

# -- what an own press does while the server has not answered --------------------------------------


def test_a_door_that_is_cut_off_shows_the_walk_in_of_its_own_button() -> None:
    model = update(cut(), press(), NOW)
    stretch = model.status(NOW)

    assert stretch is not None
    assert (stretch.status.name, stretch.until) == ("occupied", at(13, 24))


def test_a_door_that_is_cut_off_confirms_a_booking() -> None:
    now = at(14, 37)
    model = update(door(now, day(now), presence()), LinkChanged(state="down", at=now), now)
    assert name_of(model, now) == "booked"

    assert name_of(update(model, press(pressed_at=now), now), now) == "in_use"


def test_a_door_that_is_cut_off_lets_people_leave() -> None:
    now = at(10, 42)
    model, _ = scenes.in_use()
    model = update(model, press(pressed_at=now, intent="leaving"), now)
    stretch = model.status(now)

    assert stretch is not None
    assert (stretch.status.name, stretch.status.left_at) == ("booked", now)


def test_minutes_asked_count() -> None:
    model = update(cut(), replace(press(), minutes=15), NOW)
    stretch = model.status(NOW)

    assert stretch is not None
    assert stretch.until == at(12, 39)


def test_the_picture_does_not_fall_back_between_acknowledgement_and_presence() -> None:
    model = update(connected(), press(), NOW)
    model = received(model, NOW, Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24)))
    assert name_of(model, NOW) == "occupied"

    model = received(model, NOW, presence(last=said(NOW, at(13, 24)), seq=50))

    assert name_of(model, NOW) == "occupied"
    assert model.presses.answered == ()


def test_a_presence_that_comes_before_its_acknowledgement_is_not_counted_twice() -> None:
    model = update(connected(), press(), NOW)
    there = presence(last=replace(said(NOW, at(13, 24)), press=PRESS), seq=50)
    model = received(model, NOW, there)
    before = model.status(NOW)
    model = received(model, NOW, Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24)))

    assert model.status(NOW) == before
    assert model.presses.answered == ()


def test_a_newer_press_elsewhere_wins_over_a_pending_one() -> None:
    model = update(connected(), press(pressed_at=NOW - timedelta(minutes=5)), NOW)
    model = received(model, NOW, presence(last=said(NOW - timedelta(minutes=1), None), seq=50))

    assert name_of(model, NOW) == "free"


def test_a_pending_press_counts_by_the_servers_clock() -> None:
    model = update(cut(), press(), NOW)
    model = replace(model, hearing=replace(model.hearing, offset=timedelta(hours=1)))
    stretch = model.status(NOW)

    assert stretch is not None
    assert stretch.until == at(14, 24)


# -- what a touch would do -------------------------------------------------------------------------


def test_what_a_touch_would_do_is_what_the_server_decides() -> None:
    k = connected().known(NOW)
    assert k is not None

    assert would_do(k, 15, NOW).until == at(12, 39)
    assert would_do(k, 240, NOW).until == at(14, 30), "cut at the next booking"
    assert would_do(k, None, at(14, 25)).confirms == (scenes.ENGLISH.id,)
