"""What a press means."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.decide import Decision, decide, decide_motion, left, present
from events.domain import Effect, Intent, Policy, RoomEvent
from events.ids import BookingId, EventId
from events.state import Booking, LastIntent, RoomState, fold
from tests.events.builders import (
    after,
    at,
    booking,
    decided,
    minutes,
    motion_name,
    moved,
    name_of,
    press,
    recorded_after,
    room,
)

POLICY = Policy()


def pressed(
    state: RoomState,
    clock: str,
    intent: Intent = "present",
    *,
    for_minutes: int | None = None,
    policy: Policy = POLICY,
) -> Decision:
    p = press(99, intent, for_minutes=for_minutes)
    return decide(state, p, name=name_of(p), pressed_at=at(clock), policy=policy)


def confirms(decision: Decision) -> list[str]:
    return list(decision.confirms)


NINE_TO_TEN = booking("09:00", "10:00", "nine")
TEN_TO_ELEVEN = booking("10:00", "11:00", "ten")


# -- inside no window: a walk-in ------------------------------------------------------------------


def test_a_press_in_a_free_room_is_a_walk_in_for_an_hour() -> None:
    assert pressed(room(), "08:00") == Decision(effect="walk-in", until=at("09:00"))


def test_a_walk_in_lasts_as_long_as_the_policy_or_the_person_says() -> None:
    assert pressed(room(), "08:00", policy=Policy(walk_in=30)).until == at("08:30")
    assert pressed(room(), "08:00", for_minutes=120).until == at("10:00")
    assert pressed(room(), "08:00", for_minutes=5).until == at("08:05")


def test_a_walk_in_is_cut_at_the_next_booking() -> None:
    state = room(booking("09:00", "10:00"), booking("08:45", "08:50", "sooner"))
    assert pressed(state, "08:30").until == at("08:45")


def test_a_walk_in_is_cut_also_at_a_booking_that_is_never_due() -> None:
    state = room(booking("08:30", "18:00", unsure=True))
    assert pressed(state, "08:00") == Decision(effect="walk-in", until=at("08:30"))


def test_a_walk_in_is_not_cut_at_a_booking_that_starts_when_it_ends() -> None:
    assert pressed(room(NINE_TO_TEN), "08:00").until == at("09:00")


def test_a_second_press_renews_a_walk_in_for_another_hour() -> None:
    state = after(room(), ("08:00", "present"))
    assert pressed(state, "08:40") == Decision(effect="renewed", until=at("09:40"))


def test_a_press_after_a_walk_in_ran_out_is_a_walk_in_again() -> None:
    state = after(room(), ("08:00", "present"))
    assert pressed(state, "08:59:59").effect == "renewed"
    assert pressed(state, "09:00").effect == "walk-in"


def test_a_press_while_an_all_day_booking_runs_is_a_walk_in_and_confirms_nothing() -> None:
    state = room(booking("00:00", "23:59", all_day=True), booking("09:00", "10:00", "unsure", unsure=True))
    decision = pressed(state, "09:30")
    assert (decision.effect, decision.until, confirms(decision)) == ("walk-in", at("10:30"), [])


# -- the window: start - 10 min … end -------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "effect"),
    [
        ("08:49:59", "walk-in"),
        ("08:50", "check-in"),
        ("08:59:59", "check-in"),
        ("09:00", "check-in"),
        ("09:15", "check-in"),
        ("09:15:01", "check-in"),
        ("09:59:59", "check-in"),
        ("10:00", "walk-in"),
    ],
)
def test_a_press_confirms_from_ten_minutes_before_the_start_to_the_end(clock: str, effect: Effect) -> None:
    decision = pressed(room(NINE_TO_TEN), clock)
    assert decision.effect == effect
    assert confirms(decision) == (["nine"] if effect == "check-in" else [])
    if effect == "check-in":
        assert decision.until == at("10:00")


def test_the_window_opens_when_the_policy_says() -> None:
    policy = Policy(check_in_before=30)
    assert pressed(room(NINE_TO_TEN), "08:30", policy=policy).effect == "check-in"
    assert pressed(room(NINE_TO_TEN), "08:29:59", policy=policy).effect == "walk-in"


def test_a_second_press_on_a_confirmed_booking_renews_it() -> None:
    state = after(room(NINE_TO_TEN), ("09:01", "present"))
    assert pressed(state, "09:30") == Decision(
        effect="renewed", until=at("10:00"), confirms=(BookingId("nine"),)
    )


def test_the_first_confirmation_stays_the_earliest_press() -> None:
    state = after(room(NINE_TO_TEN), ("08:55", "present"), ("09:30", "present"))
    assert state.bookings[BookingId("nine")].confirmed_at == at("08:55")


def test_the_minutes_asked_for_do_not_matter_inside_a_booking() -> None:
    assert pressed(room(NINE_TO_TEN), "09:10", for_minutes=5).until == at("10:00")


# -- adjacent and overlapping bookings ------------------------------------------------------------


def test_a_press_before_a_booking_confirms_it_also_while_an_unconfirmed_one_runs() -> None:
    decision = pressed(room(NINE_TO_TEN, TEN_TO_ELEVEN), "09:55")
    assert decision == Decision(
        effect="check-in", until=at("10:00"), confirms=(BookingId("nine"), BookingId("ten"))
    )


def test_a_press_while_a_confirmed_booking_runs_renews_that_one_only() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present"))
    assert pressed(state, "09:55") == Decision(
        effect="renewed", until=at("10:00"), confirms=(BookingId("nine"),)
    )


def test_a_press_after_all_have_left_is_the_next_group_that_comes_early() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present"), ("09:52", "leaving"))
    decision = pressed(state, "09:55")
    assert decision.effect == "check-in"
    assert confirms(decision) == ["nine", "ten"]


def test_a_press_when_the_next_booking_has_begun_confirms_that_one() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present"))
    assert confirms(pressed(state, "10:00")) == ["ten"]


def test_two_bookings_at_once_are_confirmed_together_until_the_later_end() -> None:
    state = room(NINE_TO_TEN, booking("09:00", "11:00", "long"))
    assert pressed(state, "09:30") == Decision(
        effect="check-in", until=at("11:00"), confirms=(BookingId("long"), BookingId("nine"))
    )


def test_a_booking_that_appeared_later_is_confirmed_by_the_next_press_only_if_none_is_confirmed() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"))
    late = booking("09:00", "11:00", "late")
    state = room(*state.bookings.values(), late)
    assert confirms(pressed(state, "09:30")) == ["nine"]


# -- leaving --------------------------------------------------------------------------------------


def test_leaving_ends_a_walk_in() -> None:
    state = after(room(), ("08:00", "present"))
    assert pressed(state, "08:20", "leaving") == Decision(effect="left")


def test_leaving_a_confirmed_booking_is_left_even_after_the_presence_ran_out() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"), ("09:10", "leaving"))
    assert pressed(state, "09:30", "leaving").effect == "left"


@pytest.mark.parametrize("clock", ["08:00", "09:30"])
def test_leaving_where_nobody_was_changes_nothing(clock: str) -> None:
    assert pressed(room(NINE_TO_TEN), clock, "leaving") == Decision(effect="none")


def test_leaving_confirms_nothing() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "leaving"))
    assert state.bookings[BookingId("nine")].confirmed_at is None


def test_who_came_early_may_leave_before_the_start() -> None:
    state = after(room(NINE_TO_TEN), ("08:52", "present"), ("08:55", "leaving"))
    assert left(state.bookings[BookingId("nine")], state.last, POLICY)


@pytest.mark.parametrize(
    ("presses", "gone"),
    [
        ([("09:05", "present")], False),
        ([("09:05", "present"), ("09:40", "leaving")], True),
        ([("09:05", "present"), ("09:40", "leaving"), ("09:45", "present")], False),
        ([("08:52", "present"), ("08:55", "leaving")], True),
        ([("08:30", "present"), ("08:45", "leaving")], False),
        ([("09:05", "present"), ("10:00", "leaving")], False),
        ([], False),
    ],
)
def test_left_is_who_said_so_in_the_window_and_was_not_heard_of_since(
    presses: list[tuple[str | datetime, Intent]], *, gone: bool
) -> None:
    state = after(room(NINE_TO_TEN), *presses)
    assert left(state.bookings[BookingId("nine")], state.last, POLICY) is gone


def test_those_of_one_booking_who_leave_do_not_leave_for_the_next() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present"), ("09:55", "leaving"))
    assert left(state.bookings[BookingId("nine")], state.last, POLICY)
    assert not left(state.bookings[BookingId("ten")], state.last, POLICY)


# -- presence -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "here"), [("07:59:59", False), ("08:00", True), ("08:59:59", True), ("09:00", False)]
)
def test_somebody_is_present_from_the_press_until_just_before_its_end(clock: str, *, here: bool) -> None:
    last = LastIntent(pressed_at=at("08:00"), press=EventId("p"), intent="present", until=at("09:00"))
    assert present(last, at(clock)) is here


def test_nobody_is_present_who_left_or_never_came() -> None:
    assert not present(None, at("08:00"))
    assert not present(LastIntent(pressed_at=at("08:00"), press=EventId("p"), intent="leaving"), at("08:01"))


# -- order ----------------------------------------------------------------------------------------


def test_an_older_press_is_superseded_and_changes_no_presence() -> None:
    state = after(room(NINE_TO_TEN), ("09:10", "present"))
    assert pressed(state, "09:05", "leaving") == Decision(effect="superseded")
    assert pressed(state, "09:05") == Decision(effect="superseded")
    late = after(state, ("09:05", "leaving"))
    assert late.last == state.last
    assert late.version == state.version + 1


def test_a_press_is_not_superseded_by_itself() -> None:
    p = press()
    state = room()
    event = decided(state, p, at("08:00"))[1]
    state = fold(state, recorded_after(state, event, name=name_of(p)))
    assert decided(state, p, at("08:00"))[0].effect == "renewed"


def test_of_two_presses_at_one_instant_the_name_decides_whichever_comes_first() -> None:
    one, two = press(1), press(2, "leaving")
    ends = set()
    for order in ((one, two), (two, one)):
        state = room()
        for p in order:
            event = decided(state, p, at("08:00"))[1]
            state = fold(state, recorded_after(state, event, name=name_of(p)))
        assert state.last is not None
        ends.add(state.last.press)
    assert ends == {name_of(two)}


clocks = st.integers(min_value=0, max_value=240).map(lambda n: at("07:30") + minutes(n))
bookings = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=16),
        st.integers(min_value=1, max_value=8),
        st.sampled_from([(False, False), (False, False), (False, False), (True, False), (False, True)]),
    ),
    max_size=4,
).map(
    lambda spans: [
        booking(
            at("07:30") + minutes(15 * start),
            at("07:30") + minutes(15 * (start + length)),
            f"b{n}",
            all_day=all_day,
            unsure=unsure,
        )
        for n, (start, length, (all_day, unsure)) in enumerate(spans)
    ]
)
deliveries = st.lists(
    st.tuples(clocks, st.sampled_from(["present", "present", "leaving"]), st.none() | st.just(25)),
    min_size=1,
    max_size=4,
    unique_by=lambda p: p[0],
)


def room_after(state: RoomState, order: list[tuple[int, tuple[datetime, Intent, int | None]]]) -> RoomState:
    """Deliver presses as a room records them: a known name is not recorded again."""
    names = set()
    for n, (moment, intent, asked) in order:
        p = press(n, intent, for_minutes=asked)
        if name_of(p) in names:
            continue
        names.add(name_of(p))
        event = decided(state, p, moment)[1]
        state = fold(state, recorded_after(state, event, name=name_of(p)))
    return state


@settings(deadline=None, max_examples=150)
@given(bookings, deliveries, st.data())
def test_every_order_and_repetition_of_the_same_presses_ends_in_the_same_presence(
    of_room: list[Booking], presses: list[tuple[datetime, Intent, int | None]], data: st.DataObject
) -> None:
    start = room(*of_room)
    numbered = list(enumerate(presses))
    in_time = room_after(start, sorted(numbered, key=lambda p: p[1][0]))
    for order in permutations(numbered):
        assert room_after(start, list(order)).last == in_time.last
    repeated = data.draw(st.lists(st.sampled_from(numbered), max_size=6)) + numbered
    assert room_after(start, repeated).last == in_time.last


@settings(deadline=None, max_examples=150)
@given(bookings, deliveries)
def test_every_decision_keeps_what_it_promises(
    of_room: list[Booking], presses: list[tuple[datetime, Intent, int | None]]
) -> None:
    state = room(*of_room)
    for n, (moment, intent, asked) in enumerate(presses):
        decision, event = decided(state, press(n, intent, for_minutes=asked), moment)
        if decision.effect in ("walk-in", "check-in", "renewed"):
            assert decision.until is not None
            assert decision.until > moment
            assert intent == "present"
        else:
            assert decision.until is None
            assert decision.confirms == ()
        for confirmed in decision.confirms:
            b = state.bookings[confirmed]
            assert b.due
            assert b.start - minutes(10) <= moment < b.end
        if decision.effect == "check-in":
            assert any(state.bookings[c].confirmed_at is None for c in decision.confirms)
        if decision.effect == "walk-in":
            assert not any(
                moment < b.start < decision.until for b in state.bookings.values() if decision.until
            )
        state = fold(state, recorded_after(state, event, name=name_of(event.press)))


# -- motion ---------------------------------------------------------------------------------------

COUNTED = Policy(motion_counts_for=10)


def motion(state: RoomState, clock: str, policy: Policy = COUNTED) -> Decision:
    return decide_motion(state, name=motion_name(99), seen_at=at(clock), policy=policy)


def after_motion(state: RoomState, clock: str, policy: Policy = COUNTED, n: int = 1) -> RoomState:
    event = moved(state, n, at(clock), policy)[1]
    return fold(state, recorded_after(state, event, name=motion_name(n), happened=at(clock)))


def last_of(state: RoomState) -> LastIntent:
    assert state.last is not None
    return state.last


@pytest.mark.parametrize("state", [room(), room(NINE_TO_TEN), after(room(), ("08:30", "present"))])
def test_a_motion_does_nothing_at_all_unless_the_school_counts_it(state: RoomState) -> None:
    assert motion(state, "09:05", POLICY) == Decision(effect="none")
    seen = after_motion(state, "09:05", POLICY)
    assert seen == replace(state, version=state.version + 1, seq=state.seq + 1)


def test_a_motion_that_counts_is_a_walk_in_for_as_long_as_the_policy_says() -> None:
    assert motion(room(), "08:00") == Decision(effect="walk-in", until=at("08:10"))
    assert motion(room(booking("08:05", "09:00", unsure=True)), "08:00").until == at("08:05")


def test_a_motion_that_counts_checks_in_as_a_press_does() -> None:
    state = room(NINE_TO_TEN)
    assert motion(state, "08:49:59").effect == "walk-in"
    assert motion(state, "08:50") == pressed(state, "08:50") == motion(state, "09:59:59")
    seen = after_motion(state, "08:55")
    assert seen.bookings[BookingId("nine")].confirmed_at == at("08:55")
    assert motion(seen, "09:30").effect == "renewed"


def test_a_motion_prolongs_a_presence_and_never_shortens_it() -> None:
    state = after_motion(after(room(), ("08:00", "present")), "08:30")
    assert (last_of(state).pressed_at, last_of(state).until) == (at("08:30"), at("09:00"))
    state = after_motion(state, "08:55", n=2)
    assert last_of(state).until == at("09:05")
    assert not present(state.last, at("09:05"))


def test_a_motion_after_all_have_left_is_a_new_presence_only_where_motion_counts() -> None:
    state = after(room(), ("08:00", "present"), ("08:20", "leaving"))
    assert not present(after_motion(state, "08:25", POLICY).last, at("08:26"))
    again = after_motion(state, "08:25")
    assert present(again.last, at("08:26"))
    assert last_of(again).until == at("08:35"), "what was said before the leaving does not come back"


def test_a_press_ends_what_a_motion_said() -> None:
    state = after_motion(room(), "08:00")
    assert pressed(state, "08:05", "leaving") == Decision(effect="left")
    gone = after(state, ("08:05", "leaving"))
    assert not present(gone.last, at("08:06"))
    assert (gone.said, gone.moved) == (None, None)


def test_a_motion_that_is_older_than_a_press_is_superseded() -> None:
    state = after(room(), ("08:10", "leaving"))
    assert motion(state, "08:05") == Decision(effect="superseded")
    assert after_motion(state, "08:05").last == state.last


def test_a_press_that_comes_after_a_newer_motion_still_says_what_it_says() -> None:
    state = after_motion(room(), "08:30")
    late = after(state, ("08:20", "present"))
    assert (last_of(late).press, last_of(late).until) == (motion_name(1), at("09:20"))
    gone = after(late, ("08:25", "leaving"))
    assert last_of(gone).until == at("08:40"), "the motion came after they left"
    assert pressed(gone, "08:24") == Decision(effect="superseded"), "an older press than the newest press"


facts = st.lists(
    st.tuples(clocks, st.sampled_from(["present", "leaving", "motion", "motion"]), st.none() | st.just(25)),
    min_size=1,
    max_size=4,
    unique_by=lambda fact: fact[0],
)
Fact = tuple[int, tuple[datetime, str, int | None]]


def after_facts(state: RoomState, order: list[Fact], policy: Policy) -> RoomState:
    """Deliver presses and motions as a room records them: a known name is not recorded again."""
    names = set()
    for n, (moment, what, asked) in order:
        name = motion_name(n) if what == "motion" else name_of(press(n))
        if name in names:
            continue
        names.add(name)
        if what == "motion":
            event: RoomEvent = moved(state, n, moment, policy)[1]
        else:
            intent: Intent = "leaving" if what == "leaving" else "present"
            event = decided(state, press(n, intent, for_minutes=asked), moment, policy)[1]
        state = fold(state, recorded_after(state, event, name=name, happened=moment))
    return state


@settings(deadline=None, max_examples=150)
@given(bookings, facts, st.sampled_from([3, 10, 90]), st.data())
def test_every_order_and_repetition_of_the_same_presses_and_motions_ends_in_the_same_presence(
    of_room: list[Booking], said: list[tuple[datetime, str, int | None]], counted: int, data: st.DataObject
) -> None:
    start, policy = room(*of_room), Policy(motion_counts_for=counted)
    numbered: list[Fact] = list(enumerate(said))
    in_time = after_facts(start, sorted(numbered, key=lambda fact: fact[1][0]), policy)
    for order in permutations(numbered):
        assert after_facts(start, list(order), policy).last == in_time.last
    repeated = data.draw(st.lists(st.sampled_from(numbered), max_size=6)) + numbered
    assert after_facts(start, repeated, policy).last == in_time.last


@settings(deadline=None, max_examples=150)
@given(bookings, facts)
def test_motions_that_do_not_count_change_no_presence_in_whatever_order(
    of_room: list[Booking], said: list[tuple[datetime, str, int | None]]
) -> None:
    numbered: list[Fact] = list(enumerate(said))
    presses = [fact for fact in numbered if fact[1][1] != "motion"]
    state, without = (after_facts(room(*of_room), order, POLICY) for order in (numbered, presses))
    assert (state.last, state.bookings) == (without.last, without.bookings)


@settings(deadline=None, max_examples=150)
@given(bookings, facts, clocks)
def test_motions_never_make_a_presence_that_was_pressed_end_sooner(
    of_room: list[Booking], said: list[tuple[datetime, str, int | None]], now: datetime
) -> None:
    numbered = [fact for fact in enumerate(said) if fact[1][0] <= now]
    presses = [fact for fact in numbered if fact[1][1] != "motion"]
    in_time = sorted(numbered, key=lambda fact: fact[1][0])
    with_motions = after_facts(room(*of_room), in_time, COUNTED)
    without = after_facts(room(*of_room), sorted(presses, key=lambda fact: fact[1][0]), COUNTED)
    if present(without.last, now):
        assert present(with_motions.last, now)
