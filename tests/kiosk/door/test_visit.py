"""What somebody at the screen opens, and when it ends; at night, too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from events.wire import Heartbeat, Pressed
from kiosk.door.model import Model, begun
from kiosk.door.presses import FEEDBACK
from kiosk.door.setup import Setup
from kiosk.door.update import passed, update
from kiosk.door.visit import AWAKE, COUNTED, LANGUAGE, PAGE, SETTLING, Visit
from kiosk.inbox import Action, Count, Gesture, Input, Leave, LinkChanged, OpenPage, Speak, Stay, Touched
from tests.kiosk import scenes
from tests.kiosk.door.doors import NOW, PRESS, connected, people_here, press, seconds, tap
from tests.kiosk.scenes import ROOM, at, presence, received, said

# -- touch -----------------------------------------------------------------------------------------


def test_a_touch_opens_a_page_and_the_way_back_closes_it() -> None:
    model = tap(connected(), OpenPage("stay"))
    assert (model.visit.page, model.visit.page_since) == ("stay", NOW)

    assert tap(model, OpenPage("sign"), NOW + seconds(1)).visit.page == "sign"


def test_a_page_that_nobody_touches_gives_way_to_the_sign() -> None:
    model = tap(connected(), OpenPage("find"))

    assert passed(model, NOW + PAGE - seconds(0.1)).visit.page == "find"
    assert passed(model, NOW + PAGE).visit.page == "sign"
    assert passed(model, NOW + PAGE).visit.search is None


def test_every_touch_keeps_the_page_open_also_one_that_means_nothing() -> None:
    model = tap(tap(connected(), OpenPage("find")), None, NOW + seconds(15))

    assert passed(model, NOW + seconds(34)).visit.page == "find"
    assert model.next_change(NOW + seconds(34)) <= NOW + seconds(35)
    assert passed(model, NOW + seconds(35)).visit.page == "sign"


@pytest.mark.parametrize("item", [Touched(at=1.0), Gesture(intent="present", at=1.0)])
def test_the_button_returns_to_the_sign_where_its_answer_stands(item: Input) -> None:
    model = update(tap(connected(), OpenPage("find")), item, NOW + seconds(1))

    assert model.visit.page == "sign"
    assert model.presses.feedback is not None
    assert model.visit.touched_at == NOW + seconds(1)


@pytest.mark.parametrize(
    ("action", "intent"), [(Stay(30), "present"), (Stay(), "present"), (Leave(), "leaving")]
)
def test_a_press_by_touch_is_answered_at_once_on_the_sign(action: Action, intent: str) -> None:
    model = tap(tap(connected(), OpenPage("stay")), action, NOW + seconds(2))

    assert model.visit.page == "sign"
    assert model.presses.feedback is not None
    assert (model.presses.feedback.told, model.presses.feedback.intent) == ("sending", intent)
    assert model.presses.feedback.until == NOW + seconds(2) + FEEDBACK


def test_a_press_by_touch_goes_the_way_of_every_press() -> None:
    now = NOW + seconds(2)
    model = tap(tap(connected(), OpenPage("stay")), Stay(15), now)
    model = update(model, replace(press(pressed_at=now), minutes=15), now)
    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "noted"
    stretch = model.status(now)
    assert stretch is not None
    assert (stretch.status.name, stretch.until) == ("occupied", at(12, 39, 2))

    model = received(model, now, Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(12, 39, 2)))
    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "recorded"


def test_staying_longer_without_a_link_shows_the_new_end() -> None:
    model = received(connected(), NOW, presence(last=said(at(12, 20), at(12, 40))))
    model = update(model, LinkChanged(state="down", at=NOW), NOW)
    model = update(model, replace(press(), minutes=36), NOW)
    stretch = model.status(NOW)

    assert stretch is not None
    assert stretch.until == at(13)


def test_a_touch_right_after_the_page_changed_is_ignored() -> None:
    opened = tap(connected(), OpenPage("stay"))
    early = tap(opened, Stay(15), NOW + SETTLING / 2)

    assert early.visit.page == "stay"
    assert early.presses.feedback is None
    assert early.visit.touched_at == NOW + SETTLING / 2, "but somebody is there"
    assert tap(opened, Stay(15), NOW + SETTLING).presses.feedback is not None


def test_a_touch_of_the_page_that_has_just_closed_by_itself_is_ignored() -> None:
    model = tap(tap(connected(), OpenPage("stay")), Stay(15), NOW + PAGE)

    assert model.visit.page == "sign"
    assert model.presses.feedback is None


def test_the_language_is_changed_by_a_touch_and_comes_back() -> None:
    model = tap(connected(), Speak("en"))
    assert model.visit.language == "en"
    assert model.next_language == "fr"

    touched = tap(model, None, NOW + seconds(30))

    assert passed(touched, NOW + seconds(30) + LANGUAGE - seconds(1)).visit.language == "en"
    assert touched.next_change(NOW + seconds(89.5)) == NOW + seconds(90)
    assert passed(touched, NOW + seconds(30) + LANGUAGE).visit.language == "fr"


def test_a_language_that_the_door_does_not_speak_is_not_chosen() -> None:
    assert tap(connected(), Speak("tlh")).visit.language == "fr"


def test_the_first_of_the_configured_languages_comes_back() -> None:
    model = replace(connected(), setup=Setup(languages=("en", "fr")), visit=Visit(language="en"))
    model = tap(model, Speak("fr"))

    assert passed(model, NOW + LANGUAGE).visit.language == "en"


def test_a_second_contact_of_the_finger_does_not_change_the_language_back() -> None:
    model = tap(tap(connected(), Speak("en")), Speak("fr"), NOW + seconds(0.1))

    assert model.visit.language == "en"


# -- the night -------------------------------------------------------------------------------------


def at_night() -> Model:
    return replace(connected(), setup=Setup(night_hours="12:00-12:30"))


def test_the_screen_rests_at_night_and_a_touch_only_wakes_it() -> None:
    model = at_night()
    assert model.resting(NOW)

    woken = tap(model, OpenPage("find"))

    assert woken.visit.page == "sign"
    assert not woken.resting(NOW)
    assert tap(woken, OpenPage("find"), NOW + seconds(1)).visit.page == "find"


def test_the_same_fingers_second_contact_opens_nothing_on_the_woken_screen() -> None:
    woken = tap(at_night(), None)

    assert tap(woken, OpenPage("find"), NOW + SETTLING / 2).visit.page == "sign"


def test_a_press_wakes_it_and_counts() -> None:
    model = update(at_night(), Touched(at=1.0), NOW)
    assert not model.resting(NOW)
    model = update(model, Gesture(intent="present", at=1.0), NOW + seconds(0.4))

    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "sending"


def test_it_goes_back_to_sleep_and_the_morning_wakes_it() -> None:
    woken = tap(at_night(), None)

    assert woken.next_change(NOW + AWAKE - seconds(1)) == NOW + AWAKE
    assert woken.resting(NOW + AWAKE)
    assert not woken.resting(at(12, 30))
    assert woken.next_change(at(12, 29, 59)) == at(12, 30)


def test_a_night_by_the_schools_clock_is_told_by_the_servers_time() -> None:
    slow = received(at_night(), NOW, Heartbeat(server_time=NOW + timedelta(hours=2), epoch=1, seq=50))

    assert not slow.resting(NOW)
    assert slow.resting(NOW - timedelta(hours=2))


def test_a_door_that_does_not_know_the_time_does_not_sleep() -> None:
    assert not scenes.timeless(at_night()).resting(NOW)


# -- counting heads --------------------------------------------------------------------------------


def test_a_count_is_shown_at_once() -> None:
    assert people_here().headcount(NOW) == 3
    assert tap(people_here(), Count(12)).headcount(NOW) == 12


def test_a_count_is_the_servers_again_once_it_has_said_the_same() -> None:
    model = tap(people_here(), Count(12))
    older = replace(presence(last=said(at(12, 20), at(13, 20)), seq=51), headcount=3)
    model = received(model, NOW, older)
    assert model.headcount(NOW) == 12, "the server's word is from before the touch"
    model = received(model, NOW, replace(older, seq=52, headcount=12))
    assert model.visit.counted is None

    assert received(model, NOW, replace(older, seq=53, headcount=7)).headcount(NOW) == 7


def test_a_count_that_the_server_never_took_is_not_shown_for_long() -> None:
    model = tap(people_here(), Count(12))

    assert model.next_change(NOW + COUNTED - seconds(0.5)) == NOW + COUNTED
    assert passed(model, NOW + COUNTED).headcount(NOW + COUNTED) == 3


def test_nobody_is_counted_where_nobody_is_known_to_be() -> None:
    assert connected().headcount(NOW) is None
    assert begun(ROOM, NOW).headcount(NOW) is None
