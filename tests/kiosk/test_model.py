"""What a door knows after each input."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import Effect, Policy
from events.ids import EventId, RoomKey
from events.search import Wish
from events.state import Rules
from events.wire import (
    Air,
    Challenge,
    Code,
    DayClosure,
    Done,
    DoorCode,
    DoorCodes,
    Heartbeat,
    Notices,
    Pressed,
    Refused,
    RulesSet,
    SnapshotBegin,
    SnapshotEnd,
    TimetablesRead,
    Welcome,
)
from kiosk.hardware.debounce import HOLD
from kiosk.inbox import (
    Action,
    AirFelt,
    Ask,
    ClockStepped,
    Count,
    Edge,
    FaultFound,
    Gesture,
    Input,
    Kept,
    Leave,
    LinkChanged,
    Noted,
    OpenPage,
    Quit,
    Received,
    Speak,
    Stay,
    StuckChanged,
    Tapped,
    Touched,
)
from kiosk.model import (
    AWAKE,
    COUNTED,
    FEEDBACK,
    KEEP_PENDING,
    LANGUAGE,
    OTHERS,
    PAGE,
    SETTLING,
    SILENCE,
    Model,
    Setup,
    passed,
    update,
    would_do,
)
from kiosk.search import EVERY
from tests.kiosk import scenes
from tests.kiosk.scenes import ROOM, RULES, TODAY, at, booking, day, door, presence, received, said

NOW = at(12, 24)
OTHER = RoomKey("L214")
PRESS = EventId("me.x.1")


def press(n: int = 1, *, pressed_at: datetime = NOW, intent: str = "present") -> Noted:
    return Noted(
        press=EventId(f"me.x.{n}"),
        intent="leaving" if intent == "leaving" else "present",
        pressed_at=pressed_at,
    )


def connected() -> Model:
    return door(NOW, day(NOW), presence())


def cut() -> Model:
    return update(connected(), LinkChanged(state="down", at=NOW, why="gone"), NOW)


def name_of(model: Model, now: datetime) -> str:
    stretch = model.status(now)
    assert stretch is not None
    return stretch.status.name


# -- what the server tells --------------------------------------------------------------------


def test_a_new_door_knows_nothing_and_says_so() -> None:
    model = Model(room=ROOM, since=NOW)

    assert model.status(NOW) is None
    assert model.read_at(NOW) is None
    assert not model.connected(NOW)


def test_a_welcome_brings_rules_school_and_clock() -> None:
    model = Model(room=ROOM, since=NOW)
    told = Welcome(
        role="kiosk", school="Lycée", epoch=3, server_time=NOW + timedelta(hours=2), rules=RULES, room=ROOM
    )
    model = received(model, NOW, told)

    assert (model.school, model.rules) == ("Lycée", RULES)
    assert model.time(NOW) == NOW + timedelta(hours=2)


def test_a_heartbeat_corrects_the_clock() -> None:
    model = received(connected(), NOW, Heartbeat(server_time=NOW - timedelta(seconds=9), epoch=1, seq=50))

    assert model.time(NOW) == NOW - timedelta(seconds=9)
    assert model.seq == 50


def test_a_door_whose_clock_is_years_off_shows_the_servers_time_and_status() -> None:
    wrong = datetime(1970, 1, 1, 3, tzinfo=UTC)
    model = Model(room=ROOM, since=wrong)
    model = update(model, LinkChanged(state="up", at=wrong), wrong)
    model = received(model, wrong, scenes.welcome(NOW), day(NOW), presence())

    assert model.time(wrong) == NOW
    assert name_of(model, wrong) == "free"
    assert wrong < model.next_change(wrong) <= wrong + timedelta(minutes=1)


def test_new_rules_replace_the_old_ones() -> None:
    rules = replace(RULES, policy=Policy(walk_in=30))

    assert received(connected(), NOW, RulesSet(rules=rules)).rules == rules


def test_the_last_state_of_a_room_wins() -> None:
    later = presence(last=said(at(12, 20), at(13, 20)), seq=44)
    model = received(connected(), NOW, later)

    assert model.presences[ROOM] == later
    assert name_of(model, NOW) == "occupied"
    assert model.seq == 44


def test_a_whole_snapshot_drops_the_rooms_that_it_does_not_name() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60), day(NOW))
    assert OTHER in model.days, "not before its end"
    model = received(model, NOW, SnapshotEnd(seq=60))

    assert set(model.days) == {ROOM}
    assert set(model.presences) == {ROOM}


def test_a_resumed_snapshot_drops_nothing() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60, whole=False), day(NOW), SnapshotEnd(seq=61))

    assert set(model.days) == {ROOM, OTHER}
    assert model.seq == 61


def test_a_snapshot_that_breaks_off_drops_nothing() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60), day(NOW))
    model = update(model, LinkChanged(state="down", at=NOW), NOW)
    model = received(model, NOW, SnapshotEnd(seq=60))

    assert set(model.days) == {ROOM, OTHER}


def test_a_restored_log_starts_counting_anew() -> None:
    model = received(connected(), NOW, SnapshotBegin(epoch=2, seq=7))

    assert (model.epoch, model.seq) == (2, 7)


def test_titles_and_reasons_of_other_rooms_are_not_kept() -> None:
    closure = DayClosure(since=NOW, reason="secret")
    model = received(connected(), NOW, day(NOW, room=OTHER, closure=closure))
    kept = model.days[OTHER]

    assert [b.title for b in kept.bookings] == [None] * len(kept.bookings)
    assert kept.closure == DayClosure(since=NOW)


def test_another_room_that_is_retired_is_forgotten() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, day(NOW, room=OTHER, retired=True))

    assert OTHER not in model.days
    assert OTHER not in model.presences


def test_titles_of_past_days_are_dropped_at_midnight() -> None:
    model = passed(connected(), at(23, 59))
    assert model.day is not None
    assert model.day.bookings[0].title is not None

    model = passed(model, at(0, 0, 1, day=TODAY + timedelta(days=1)))

    assert model.day is not None
    assert [b.title for b in model.day.bookings] == [None, None, None, None, "Forum"]


def test_titles_of_yesterday_that_come_later_are_not_kept_either() -> None:
    tomorrow = at(0, 5, day=TODAY + timedelta(days=1))
    model = received(passed(connected(), tomorrow), tomorrow, day(NOW))

    assert model.day is not None
    assert [b.title for b in model.day.bookings if b.title] == ["Forum"]


def test_messages_for_others_change_nothing_but_the_sign_of_life() -> None:
    model = connected()
    later = NOW + timedelta(seconds=5)

    assert received(model, later, Done(ref=1, seq=1)) == replace(model, heard_at=later)
    assert received(model, later, Challenge(nonce="00")) == model


# -- the link ---------------------------------------------------------------------------------


def test_a_server_silent_for_half_a_minute_is_cut_off() -> None:
    model = connected()

    assert model.connected(NOW + timedelta(seconds=29))
    assert model.cut_off_since(NOW + timedelta(seconds=29)) is None
    assert not model.connected(NOW + SILENCE)
    assert model.cut_off_since(NOW + SILENCE) == NOW


def test_a_short_break_is_not_yet_told_loudly() -> None:
    model = cut()

    assert not model.connected(NOW)
    assert model.cut_off_since(NOW + timedelta(seconds=5)) is None


def test_a_door_that_is_refused_says_so_at_once() -> None:
    model = update(connected(), LinkChanged(state="refused", at=NOW, why="unknown-key"), NOW)

    assert model.cut_off_since(NOW) == NOW


def test_a_door_that_never_found_its_server_counts_from_its_start() -> None:
    model = Model(room=ROOM, since=NOW)

    assert model.cut_off_since(NOW + timedelta(seconds=29)) is None
    assert model.cut_off_since(NOW + timedelta(seconds=31)) == NOW


def test_a_timetable_is_stale_after_two_refresh_periods() -> None:
    model = connected()

    assert not model.stale(NOW + timedelta(minutes=7))
    assert model.stale(NOW + timedelta(minutes=7, seconds=1))


def test_a_timetable_that_was_read_again_without_a_change_is_fresh() -> None:
    later = NOW + timedelta(minutes=7)
    model = received(connected(), later, TimetablesRead(readings={TODAY: later}))

    assert not model.stale(later + timedelta(minutes=10))
    assert model.stale(later + timedelta(minutes=10, seconds=1))


def test_a_room_whose_timetable_fell_silent_keeps_its_age() -> None:
    later = NOW + timedelta(minutes=7)
    silent = TimetablesRead(readings={TODAY: later}, others={ROOM: {TODAY: NOW - timedelta(minutes=3)}})
    model = received(connected(), later, silent)

    assert model.stale(later + timedelta(seconds=1))


# -- presses ----------------------------------------------------------------------------------


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
        assert model.feedback is not None
        told.append(model.feedback.told)

    assert told == ["touched", "sending", "noted", "recorded"]
    assert model.feedback is not None
    assert (model.feedback.effect, model.feedback.present_until) == ("walk-in", at(13, 24))
    assert model.pending == ()


def test_a_press_without_a_link_is_kept() -> None:
    model = update(cut(), press(), NOW)

    assert model.feedback is not None
    assert model.feedback.told == "kept"
    assert [noted.press for noted in model.pending] == [PRESS]


def test_a_press_while_the_server_is_silent_is_kept_too() -> None:
    later = NOW + timedelta(minutes=1)
    model = update(connected(), press(pressed_at=later), later)

    assert model.feedback is not None
    assert model.feedback.told == "kept"


def test_an_answer_goes_away_by_itself() -> None:
    model = update(connected(), press(), NOW)

    assert model.next_change(NOW) == NOW + FEEDBACK
    assert passed(model, NOW + FEEDBACK).feedback is None


def test_an_acknowledgement_that_comes_much_later_is_not_shown_to_whoever_passes_by() -> None:
    model = update(cut(), press(), NOW)
    later = NOW + timedelta(minutes=20)
    model = received(model, later, Pressed(ref=PRESS, seq=50, effect="walk-in"))

    assert model.feedback is None
    assert model.pending == ()


def test_an_acknowledgement_of_an_older_press_does_not_answer_the_newer_one() -> None:
    model = update(update(connected(), press(1), NOW), press(2), NOW)
    model = received(model, NOW, Pressed(ref=PRESS, seq=50, effect="walk-in"))

    assert model.feedback is not None
    assert (model.feedback.told, model.feedback.press) == ("noted", "me.x.2")


def test_an_acknowledgement_twice_is_as_once() -> None:
    answer = Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24))
    once = received(update(connected(), press(), NOW), NOW, answer)

    assert received(once, NOW, answer) == once


@pytest.mark.parametrize(("code", "gone"), [("too-fast", False), ("server", False), ("not-allowed", True)])
def test_a_refused_press_is_told_and_kept_where_it_may_still_count(code: Code, *, gone: bool) -> None:
    model = update(connected(), press(), NOW)
    model = received(model, NOW, Refused(code=code, reason="", ref=PRESS))

    assert model.feedback is not None
    assert (model.feedback.told, model.feedback.code) == ("refused", code)
    assert (model.pending == ()) is gone


def test_a_refusal_of_something_else_is_no_answer_to_a_press() -> None:
    model = update(connected(), press(), NOW)

    assert received(model, NOW, Refused(code="server", reason="", ref=4)) == model
    assert received(model, NOW, Refused(code="server", reason="", ref=EventId("else"))) == model


def test_presses_found_at_start_are_pending_without_an_answer() -> None:
    kept = (press(1), press(2))
    model = update(cut(), press(3), NOW)
    model = update(model, Kept(presses=(*kept, press(3))), NOW)

    assert [noted.press for noted in model.pending] == ["me.x.1", "me.x.2", "me.x.3"]


def test_the_number_of_presses_remembered_is_bounded() -> None:
    kept = tuple(press(n, pressed_at=NOW - timedelta(minutes=n)) for n in range(1000))

    assert len(update(cut(), Kept(presses=kept), NOW).pending) == KEEP_PENDING


def test_a_press_noted_twice_is_pending_once() -> None:
    model = update(update(cut(), press(), NOW), press(), NOW)

    assert len(model.pending) == 1


# -- what an own press does while the server has not answered ------------------------------------


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
    assert model.answered == ()


def test_a_presence_that_comes_before_its_acknowledgement_is_not_counted_twice() -> None:
    model = update(connected(), press(), NOW)
    there = presence(last=replace(said(NOW, at(13, 24)), press=PRESS), seq=50)
    model = received(model, NOW, there)
    before = model.status(NOW)
    model = received(model, NOW, Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(13, 24)))

    assert model.status(NOW) == before
    assert model.answered == ()


def test_a_newer_press_elsewhere_wins_over_a_pending_one() -> None:
    model = update(connected(), press(pressed_at=NOW - timedelta(minutes=5)), NOW)
    model = received(model, NOW, presence(last=said(NOW - timedelta(minutes=1), None), seq=50))

    assert name_of(model, NOW) == "free"


def test_a_pending_press_counts_by_the_servers_clock() -> None:
    model = update(cut(), press(), NOW)
    model = replace(model, offset=timedelta(hours=1))
    stretch = model.status(NOW)

    assert stretch is not None
    assert stretch.until == at(14, 24)


# -- the button -------------------------------------------------------------------------------


def test_a_hold_fills_in_even_steps() -> None:
    model = update(connected(), Touched(at=1.0), NOW)
    half = NOW + timedelta(seconds=HOLD / 2)

    assert model.held(NOW) == 0.0
    assert model.held(half) == pytest.approx(0.5)
    assert model.held(half + timedelta(milliseconds=10)) == model.held(half)
    assert model.held(NOW + timedelta(seconds=9)) == 1.0
    assert timedelta(0) < model.next_change(half) - half <= timedelta(seconds=HOLD / 30)
    assert update(model, Gesture(intent="leaving", at=1.0), half).held(half) == 0.0


def test_a_stuck_button_is_told_until_it_is_free() -> None:
    model = update(connected(), StuckChanged(stuck=True, at=11.0), NOW)
    assert model.stuck

    assert not update(model, StuckChanged(stuck=False, at=20.0), NOW).stuck


def test_a_fault_is_told_until_it_is_gone() -> None:
    fault = FaultFound(what="disk", why="read-only")
    model = update(update(connected(), fault, NOW), fault, NOW)
    assert model.faults == (fault,)

    assert update(model, FaultFound(what="disk", why="", gone=True), NOW).faults == ()


def test_raw_edges_and_the_end_change_nothing() -> None:
    model = connected()

    assert update(model, Edge(closed=True, at=1.0), NOW) == model
    assert update(model, Quit(), NOW) == model


# -- time -------------------------------------------------------------------------------------


def test_the_picture_changes_at_the_next_full_minute() -> None:
    model = received(connected(), NOW + timedelta(seconds=7), Heartbeat(server_time=NOW, epoch=1, seq=41))
    model = replace(model, offset=timedelta(seconds=-7))
    now = NOW + timedelta(seconds=40)

    assert model.next_change(NOW + timedelta(seconds=17)) == NOW + timedelta(seconds=37), "silence"
    assert model.next_change(now) == NOW + timedelta(seconds=67)


def test_the_picture_changes_when_the_status_does() -> None:
    shortly = booking("s", NOW + timedelta(minutes=10, seconds=20), at(14), "x")
    model = door(NOW, day(NOW, bookings=(shortly,)), presence())

    assert model.next_change(NOW) == NOW + timedelta(seconds=20)
    assert name_of(model, NOW + timedelta(seconds=20)) == "soon"


@given(st.integers(min_value=0, max_value=2 * 24 * 3600), st.sampled_from(sorted(scenes.SCENES)))
def test_the_next_change_is_always_later_and_never_more_than_a_minute_away(seconds: int, name: str) -> None:
    model, now = scenes.SCENES[name]()
    now += timedelta(seconds=seconds)
    model = passed(model, now)

    assert now < model.next_change(now) <= now + timedelta(minutes=1)


@given(st.lists(st.sampled_from(["present", "leaving"]), min_size=1, max_size=5), st.integers(0, 5))
def test_predicting_and_being_told_come_to_the_same(intents: list[str], known_to_server: int) -> None:
    """The server decides presses in order; whatever part it has told, the picture is the same."""
    model = cut()
    presses = [
        press(n, pressed_at=NOW + timedelta(minutes=n), intent=intent) for n, intent in enumerate(intents)
    ]
    end = NOW + timedelta(minutes=9)
    for noted in presses:
        model = update(model, noted, end)
    expected = model.status(end)
    effect: Effect = "none"
    for seq, noted in enumerate(presses[:known_to_server], start=50):
        model = received(model, end, Pressed(ref=noted.press, seq=seq, effect=effect))

    assert model.status(end) == expected


def test_rooms_of_a_school_without_rules_show_the_configured_zone() -> None:
    model = Model(room=ROOM, since=NOW, zone="Indian/Reunion")

    assert model.rules_shown == Rules(zone="Indian/Reunion")
    assert passed(model, datetime(2026, 11, 20, 21, tzinfo=UTC)).today == date(2026, 11, 21)


# -- touch ------------------------------------------------------------------------------------


def tap(model: Model, action: Action | None, now: datetime = NOW) -> Model:
    return update(model, Tapped(action, 1.0), now)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_touch_opens_a_page_and_the_way_back_closes_it() -> None:
    model = tap(connected(), OpenPage("stay"))
    assert (model.page, model.page_since) == ("stay", NOW)

    assert tap(model, OpenPage("sign"), NOW + seconds(1)).page == "sign"


def test_a_page_that_nobody_touches_gives_way_to_the_sign() -> None:
    model = tap(connected(), OpenPage("find"))

    assert passed(model, NOW + PAGE - seconds(0.1)).page == "find"
    assert passed(model, NOW + PAGE).page == "sign"
    assert passed(model, NOW + PAGE).search is None


def test_every_touch_keeps_the_page_open_also_one_that_means_nothing() -> None:
    model = tap(tap(connected(), OpenPage("find")), None, NOW + seconds(15))

    assert passed(model, NOW + seconds(34)).page == "find"
    assert model.next_change(NOW + seconds(34)) <= NOW + seconds(35)
    assert passed(model, NOW + seconds(35)).page == "sign"


@pytest.mark.parametrize("item", [Touched(at=1.0), Gesture(intent="present", at=1.0)])
def test_the_button_returns_to_the_sign_where_its_answer_stands(item: Input) -> None:
    model = update(tap(connected(), OpenPage("find")), item, NOW + seconds(1))

    assert model.page == "sign"
    assert model.feedback is not None
    assert model.touched_at == NOW + seconds(1)


@pytest.mark.parametrize(
    ("action", "intent"), [(Stay(30), "present"), (Stay(), "present"), (Leave(), "leaving")]
)
def test_a_press_by_touch_is_answered_at_once_on_the_sign(action: Action, intent: str) -> None:
    model = tap(tap(connected(), OpenPage("stay")), action, NOW + seconds(2))

    assert model.page == "sign"
    assert model.feedback is not None
    assert (model.feedback.told, model.feedback.intent) == ("sending", intent)
    assert model.feedback.until == NOW + seconds(2) + FEEDBACK


def test_a_press_by_touch_goes_the_way_of_every_press() -> None:
    now = NOW + seconds(2)
    model = tap(tap(connected(), OpenPage("stay")), Stay(15), now)
    model = update(model, replace(press(pressed_at=now), minutes=15), now)
    assert model.feedback is not None
    assert model.feedback.told == "noted"
    stretch = model.status(now)
    assert stretch is not None
    assert (stretch.status.name, stretch.until) == ("occupied", at(12, 39, 2))

    model = received(model, now, Pressed(ref=PRESS, seq=50, effect="walk-in", until=at(12, 39, 2)))
    assert model.feedback is not None
    assert model.feedback.told == "recorded"


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

    assert early.page == "stay"
    assert early.feedback is None
    assert early.touched_at == NOW + SETTLING / 2, "but somebody is there"
    assert tap(opened, Stay(15), NOW + SETTLING).feedback is not None


def test_a_touch_of_the_page_that_has_just_closed_by_itself_is_ignored() -> None:
    model = tap(tap(connected(), OpenPage("stay")), Stay(15), NOW + PAGE)

    assert model.page == "sign"
    assert model.feedback is None


def test_the_language_is_changed_by_a_touch_and_comes_back() -> None:
    model = tap(connected(), Speak("en"))
    assert model.language == "en"
    assert model.next_language == "fr"

    touched = tap(model, None, NOW + seconds(30))

    assert passed(touched, NOW + seconds(30) + LANGUAGE - seconds(1)).language == "en"
    assert touched.next_change(NOW + seconds(89.5)) == NOW + seconds(90)
    assert passed(touched, NOW + seconds(30) + LANGUAGE).language == "fr"


def test_a_language_that_the_door_does_not_speak_is_not_chosen() -> None:
    assert tap(connected(), Speak("tlh")).language == "fr"


def test_the_first_of_the_configured_languages_comes_back() -> None:
    model = replace(connected(), setup=Setup(languages=("en", "fr")), language="en")
    model = tap(model, Speak("fr"))

    assert passed(model, NOW + LANGUAGE).language == "en"


def test_a_second_contact_of_the_finger_does_not_change_the_language_back() -> None:
    model = tap(tap(connected(), Speak("en")), Speak("fr"), NOW + seconds(0.1))

    assert model.language == "en"


# -- the night --------------------------------------------------------------------------------


def at_night() -> Model:
    return replace(connected(), setup=Setup(night_hours="12:00-12:30"))


def test_the_screen_rests_at_night_and_a_touch_only_wakes_it() -> None:
    model = at_night()
    assert model.resting(NOW)

    woken = tap(model, OpenPage("find"))

    assert woken.page == "sign"
    assert not woken.resting(NOW)
    assert tap(woken, OpenPage("find"), NOW + seconds(1)).page == "find"


def test_the_same_fingers_second_contact_opens_nothing_on_the_woken_screen() -> None:
    woken = tap(at_night(), None)

    assert tap(woken, OpenPage("find"), NOW + SETTLING / 2).page == "sign"


def test_a_press_wakes_it_and_counts() -> None:
    model = update(at_night(), Touched(at=1.0), NOW)
    assert not model.resting(NOW)
    model = update(model, Gesture(intent="present", at=1.0), NOW + seconds(0.4))

    assert model.feedback is not None
    assert model.feedback.told == "sending"


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
    assert not replace(at_night(), clock_known=False).resting(NOW)


# -- finding a room ---------------------------------------------------------------------------


def neighbours() -> Model:
    return scenes.school(connected(), NOW, free=scenes.FREE_ROOMS)


def finding() -> Model:
    return tap(neighbours(), OpenPage("find"))


def found(model: Model) -> list[str]:
    assert model.search is not None
    return [candidate.room for candidate in model.search.answer.rooms]


def test_the_first_answer_is_there_with_the_page() -> None:
    model = finding()

    assert model.search is not None
    assert model.search.wish == Wish(origin=ROOM)
    assert model.search.minutes == RULES.policy.search
    assert found(model)[:3] == ["L212", "L216", "L218"]
    assert model.search.at == NOW


def test_another_wish_is_answered_at_once() -> None:
    wish = Wish(origin=ROOM, minutes=30, blackboard=True)
    model = tap(finding(), Ask(wish), NOW + seconds(1))

    assert model.search is not None
    assert model.search.wish == wish
    assert "L212" not in found(model)


def test_a_wish_counts_on_its_page_only() -> None:
    assert tap(neighbours(), Ask(Wish(origin=ROOM))).search is None


def test_it_works_without_a_link() -> None:
    model = update(neighbours(), LinkChanged(state="down", at=NOW), NOW)

    assert found(tap(model, OpenPage("find"))) == found(finding())


def test_a_door_that_knows_nothing_opens_the_page_without_an_answer() -> None:
    model = tap(Model(room=ROOM, since=NOW), OpenPage("find"))
    assert (model.page, model.search) == ("find", None)
    later = NOW + seconds(1)
    model = received(model, later, scenes.welcome(later), SnapshotBegin(epoch=1, seq=41), day(later))
    model = received(model, later, day(later, room=OTHER), SnapshotEnd(seq=41))

    assert found(model) == [OTHER]


@pytest.mark.parametrize("more", [{"closure": DayClosure(since=NOW)}, {"retired": True}])
def test_a_room_that_changed_is_searched_again(more: dict[str, object]) -> None:
    later = NOW + EVERY
    model = update(
        finding(), Received(message=replace(day(later, room=RoomKey("L212")), **more), at=later), later
    )

    assert "L212" not in found(model)


def test_somebody_elses_press_is_seen_while_the_page_is_open() -> None:
    later = NOW + EVERY
    there = presence(room=RoomKey("L216"), last=said(later, at(14)), seq=60)
    model = received(finding(), later, there)

    assert "L216" not in found(model)


def test_many_presses_in_a_second_are_one_search() -> None:
    model = received(finding(), NOW + EVERY, presence(room=RoomKey("L216"), last=said(NOW, at(14)), seq=60))
    again = NOW + EVERY + seconds(0.2)
    model = received(model, again, presence(room=RoomKey("L218"), last=said(NOW, at(14)), seq=61))
    assert model.search is not None
    assert model.search.outdated
    assert "L218" in found(model)

    due = NOW + 2 * EVERY

    assert model.next_change(again) == due
    assert "L218" not in found(passed(model, due))


def test_a_snapshot_is_searched_once_at_its_end() -> None:
    """Rooms of two times beside each other would be no answer; and 500 searches would be slow."""
    later = NOW + EVERY
    model = received(finding(), later, SnapshotBegin(epoch=1, seq=90, whole=False))
    gone = day(later, room=RoomKey("L212"), retired=True)
    during = received(model, later, gone)
    assert found(passed(during, later + EVERY)) == found(finding())

    assert "L212" not in found(received(during, later + EVERY, SnapshotEnd(seq=90)))


def test_a_snapshot_that_breaks_off_does_not_stop_the_search() -> None:
    later = NOW + EVERY
    model = received(
        finding(), later, SnapshotBegin(epoch=1, seq=90), day(later, room=RoomKey("L212"), retired=True)
    )
    model = update(model, LinkChanged(state="down", at=later), later)

    assert "L212" not in found(model)


def test_what_is_free_changes_with_the_clock() -> None:
    """At 12:55 L216 is free until 15:00 for two hours, at 13:01 it no longer is."""
    now = at(12, 55)
    model = tap(
        tap(neighbours(), OpenPage("find"), now), Ask(Wish(origin=ROOM, minutes=120)), now + seconds(1)
    )
    assert "L216" in found(model)
    for second in range(10, 370, 10):
        model = tap(model, None, now + seconds(second))

    assert "L216" not in found(model)


def test_rooms_are_not_searched_while_nobody_asks() -> None:
    model = received(
        neighbours(), NOW + EVERY, presence(room=RoomKey("L216"), last=said(NOW, at(14)), seq=60)
    )

    assert model.search is None


def test_what_is_known_of_others_is_old_after_ninety_seconds() -> None:
    model = finding()

    assert model.others_since(NOW + OTHERS - seconds(1)) is None
    assert model.others_since(NOW + OTHERS) == NOW
    for second in range(10, 90, 10):
        model = tap(model, None, NOW + seconds(second))
    assert model.next_change(NOW + OTHERS - seconds(1)) == NOW + OTHERS
    assert Model(room=ROOM, since=NOW).others_since(NOW + OTHERS) is None


# -- counting heads ---------------------------------------------------------------------------


def people_here() -> Model:
    there = replace(presence(last=said(at(12, 20), at(13, 20)), seq=50), headcount=3)
    return received(connected(), NOW, there)


def test_a_count_is_shown_at_once() -> None:
    assert people_here().headcount(NOW) == 3
    assert tap(people_here(), Count(12)).headcount(NOW) == 12


def test_a_count_is_the_servers_again_once_it_has_said_the_same() -> None:
    model = tap(people_here(), Count(12))
    older = replace(presence(last=said(at(12, 20), at(13, 20)), seq=51), headcount=3)
    model = received(model, NOW, older)
    assert model.headcount(NOW) == 12, "the server's word is from before the touch"
    model = received(model, NOW, replace(older, seq=52, headcount=12))
    assert model.counted is None

    assert received(model, NOW, replace(older, seq=53, headcount=7)).headcount(NOW) == 7


def test_a_count_that_the_server_never_took_is_not_shown_for_long() -> None:
    model = tap(people_here(), Count(12))

    assert model.next_change(NOW + COUNTED - seconds(0.5)) == NOW + COUNTED
    assert passed(model, NOW + COUNTED).headcount(NOW + COUNTED) == 3


def test_nobody_is_counted_where_nobody_is_known_to_be() -> None:
    assert connected().headcount(NOW) is None
    assert Model(room=ROOM, since=NOW).headcount(NOW) is None


# -- what a touch would do --------------------------------------------------------------------


def test_what_a_touch_would_do_is_what_the_server_decides() -> None:
    k = connected().known(NOW)
    assert k is not None

    assert would_do(k, 15, NOW).until == at(12, 39)
    assert would_do(k, 240, NOW).until == at(14, 30), "cut at the next booking"
    assert would_do(k, None, at(14, 25)).confirms == (scenes.ENGLISH.id,)


# -- codes and notices ------------------------------------------------------------------------


def test_the_newest_code_that_holds_is_shown() -> None:
    codes = (
        DoorCode(code="AAAA", since=NOW - seconds(60), until=NOW + seconds(60)),
        DoorCode(code="BBBB", since=NOW + seconds(30), until=NOW + seconds(90)),
    )
    model = received(connected(), NOW, DoorCodes(codes=codes))

    assert [model.code(NOW + seconds(n)) for n in (0, 29, 30, 89, 90)] == [
        "AAAA",
        "AAAA",
        "BBBB",
        "BBBB",
        None,
    ]
    assert model.next_change(NOW + seconds(20)) == NOW + seconds(30)
    assert connected().code(NOW) is None


def test_the_picture_changes_when_a_notice_ends() -> None:
    ending = replace(scenes.NOTICE, until=NOW + seconds(20))
    model = received(connected(), NOW, Notices(notices=(ending,)))

    assert model.next_change(NOW) == NOW + seconds(20)


# -- a clock that is set ----------------------------------------------------------------------


def stepped(model: Model, now: datetime, by: timedelta) -> Model:
    """The door's clock is set; ``now`` is what it said before."""
    return update(model, ClockStepped(by.total_seconds()), now + by)


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(days=-3), timedelta(seconds=-40)])
def test_the_best_time_stays_as_it_was_where_the_server_was_heard(by: timedelta) -> None:
    before = connected()
    after = stepped(before, NOW, by)

    assert after.time(NOW + by) == before.time(NOW)
    assert after.connected(NOW + by)


def test_a_clock_that_no_server_has_corrected_is_right_once_it_is_set() -> None:
    model = Model(room=ROOM, since=NOW, clock_known=False)
    after = stepped(model, NOW, timedelta(hours=6))

    assert after.time_known
    assert after.time(NOW + timedelta(hours=6)) == NOW + timedelta(hours=6)
    assert after.since == NOW + timedelta(hours=6)


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(hours=-6)])
def test_an_answer_and_a_page_are_shown_for_as_long_as_without_the_step(by: timedelta) -> None:
    pressed = update(connected(), press(), NOW)
    pressed = tap(pressed, OpenPage("find"), NOW + seconds(1))
    after = stepped(tap(pressed, Speak("en"), NOW + seconds(2)), NOW + seconds(3), by)

    assert after.feedback is not None
    assert passed(after, NOW + FEEDBACK - seconds(0.1) + by).feedback is not None
    assert passed(after, NOW + FEEDBACK + by).feedback is None
    assert passed(after, NOW + seconds(21.9) + by).page == "find"
    assert passed(after, NOW + seconds(22) + by).page == "sign"
    assert passed(after, NOW + seconds(61.9) + by).language == "en"
    assert passed(after, NOW + seconds(62) + by).language == "fr"


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(hours=-6)])
def test_a_count_is_shown_for_as_long_as_without_the_step(by: timedelta) -> None:
    counted = stepped(tap(people_here(), Count(12)), NOW + seconds(1), by)

    assert passed(counted, NOW + COUNTED - seconds(0.1) + by).counted is not None
    assert passed(counted, NOW + COUNTED + by).counted is None


def test_the_hold_goes_on_filling() -> None:
    held = update(connected(), Touched(at=1.0), NOW)
    by = timedelta(hours=-2)

    assert stepped(held, NOW + seconds(0.75), by).held(NOW + seconds(0.75) + by) == pytest.approx(0.5)


INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from(
        [
            Tapped(OpenPage("find"), 1.0),
            Tapped(OpenPage("stay"), 1.0),
            Tapped(Speak("en"), 1.0),
            Tapped(Stay(30), 1.0),
            Tapped(Count(4), 1.0),
            Touched(at=1.0),
            Gesture(intent="present", at=1.0),
            AirFelt(air=Air(co2=600), at=1.0),
            StuckChanged(stuck=True, at=1.0),
        ]
    ),
    st.sampled_from(["up", "down"]).map(lambda state: LinkChanged(state=state, at=NOW)),  # type: ignore[arg-type]
    st.integers(1, 4).map(press),
    st.integers(1, 4).map(
        lambda n: Received(message=Pressed(ref=EventId(f"me.x.{n}"), seq=60 + n, effect="walk-in"), at=NOW)
    ),
    st.just(Received(message=Heartbeat(server_time=NOW, epoch=1, seq=70), at=NOW)),
)


@given(
    st.lists(st.tuples(INPUTS, st.floats(0, 12)), max_size=10),
    st.floats(-3e5, 3e5),
    st.floats(-3600, 3600),
    st.floats(0, 100),
    st.booleans(),
)
def test_a_step_of_the_clock_changes_nothing_that_anybody_sees(
    happened: list[tuple[Input, float]],
    by: float,
    offset: float,
    wait: float,
    night: bool,  # noqa: FBT001
) -> None:
    """Two doors live through the same; the clock of one is set in between. They show the same ever after."""
    step = timedelta(seconds=round(by, 3))
    now = NOW
    model = replace(neighbours(), setup=Setup(night_hours="12:24-12:26" if night else ""))
    model = received(model, now, Heartbeat(server_time=now + timedelta(seconds=offset), epoch=1, seq=50))
    for item, pause in happened:
        now += timedelta(seconds=pause)
        match item:
            case Received(message=Heartbeat() as beat):
                beat = replace(beat, server_time=now + timedelta(seconds=offset))
                item = Received(message=beat, at=now)  # noqa: PLW2901
            case Received() | LinkChanged():
                item = replace(item, at=now)  # noqa: PLW2901
            case Noted():
                item = replace(item, pressed_at=now)  # noqa: PLW2901
        model = update(model, item, now)
    set_door = stepped(model, now, step)

    for later in (now, now + timedelta(seconds=wait)):
        one, other = passed(model, later), passed(set_door, later + step)
        shown = later + step
        assert other.time(shown) == one.time(later)
        assert other.status(shown) == one.status(later)
        assert other.known(shown) == one.known(later)
        assert other.connected(shown) == one.connected(later)
        assert other.cut_off_since(shown) == one.cut_off_since(later)
        assert other.others_since(shown) == one.others_since(later)
        assert other.read_at(shown) == one.read_at(later)
        assert other.held(shown) == one.held(later)
        assert other.resting(shown) == one.resting(later)
        assert other.takes_touch(shown) == one.takes_touch(later)
        assert other.headcount(shown) == one.headcount(later)
        assert (other.page, other.language, other.today) == (one.page, one.language, one.today)
        assert (other.feedback is None) == (one.feedback is None)
        if other.feedback is not None and one.feedback is not None:
            assert other.feedback.until - other.feedback.since == one.feedback.until - one.feedback.since
            assert other.feedback.until - shown == one.feedback.until - later
        if other.search is not None and one.search is not None:
            assert other.search.answer == one.search.answer
        if other.search is None or not other.search.outdated:
            assert other.next_change(shown) - shown == one.next_change(later) - later


# -- a clock that cannot be believed ------------------------------------------------------------


def timeless() -> Model:
    return replace(connected(), clock_known=False)


def test_a_door_that_does_not_know_the_time_tells_no_status() -> None:
    model = timeless()

    assert not model.time_known
    assert model.status(NOW) is None
    assert model.known(NOW) is None
    assert model.headcount(NOW) is None
    assert model.code(NOW) is None
    assert model.info is not None, "but which room it is"
    assert tap(model, OpenPage("find")).search is None
    assert model.next_change(NOW) > NOW


def test_it_does_not_drop_titles_by_a_time_that_is_none() -> None:
    model = passed(timeless(), NOW + timedelta(days=30))

    assert model.day is not None
    assert len([b for b in model.day.bookings if b.title]) == len(scenes.BOOKINGS)


def test_the_server_tells_the_time() -> None:
    model = received(timeless(), NOW, scenes.welcome(at(13)))

    assert model.time_known
    assert model.time(NOW) == at(13)
    assert name_of(model, NOW) == "free"


def test_a_press_counts_although_nobody_knows_when_it_was() -> None:
    model = update(timeless(), press(), NOW)
    assert model.feedback is not None
    assert [noted.press for noted in model.pending] == [PRESS]

    assert name_of(received(model, NOW, scenes.welcome(NOW)), NOW) == "occupied"
