"""What a door knows after each input."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import Effect, Policy
from events.ids import EventId, RoomKey
from events.state import Rules
from events.wire import (
    Challenge,
    Code,
    DayClosure,
    Done,
    Heartbeat,
    Pressed,
    Refused,
    RulesSet,
    SnapshotBegin,
    SnapshotEnd,
    TimetablesRead,
    Welcome,
)
from kiosk.debounce import HOLD
from kiosk.inbox import (
    Edge,
    FaultFound,
    Gesture,
    Kept,
    LinkChanged,
    Noted,
    Quit,
    Received,
    StuckChanged,
    Touched,
)
from kiosk.model import FEEDBACK, KEEP_PENDING, SILENCE, Model, passed, update
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
