"""How many people are in a room: a count holds as long as the presence in which it was made."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events import wire
from events.decide import present
from events.domain import HeadcountChanged, Intent, MotionSeen, Policy, RoomEvent
from events.ids import BookingId
from events.projection import restore, room_day, room_presence
from events.state import Booking, RoomState, fold
from events.status import headcount_at, headcount_until, status_at
from tests.events.builders import (
    DOOR,
    ROOM,
    after,
    at,
    booking,
    decided,
    known,
    minutes,
    motion_name,
    moved,
    name_of,
    press,
    recorded_after,
    room,
    travelled,
)

NINE_TO_TEN = booking("09:00", "10:00", "nine")
TEN_TO_ELEVEN = booking("10:00", "11:00", "ten")


def counted(state: RoomState, clock: str | datetime, count: int = 12) -> RoomState:
    """Tell the room's state after somebody counted."""
    moment = at(clock) if isinstance(clock, str) else clock
    event = HeadcountChanged(room=ROOM, count=count, by="touch", kiosk=DOOR)
    return fold(state, recorded_after(state, event, happened=moment))


def people(state: RoomState, clock: str) -> int | None:
    return headcount_at(known(state), at(clock))


# -- how long it holds ----------------------------------------------------------------------------


def test_a_count_holds_until_the_presence_in_which_it_was_made_ends_by_itself() -> None:
    state = counted(after(room(), ("08:00", "present")), "08:10")
    assert headcount_until(known(state)) == at("09:00")
    assert (people(state, "08:10"), people(state, "08:59:59"), people(state, "09:00")) == (12, 12, None)


def test_the_last_word_wins_and_nobody_is_a_number_too() -> None:
    state = counted(counted(after(room(), ("08:00", "present")), "08:10"), "08:20", 0)
    assert people(state, "08:30") == 0


def test_a_room_in_which_nobody_counted_has_no_count() -> None:
    state = after(room(), ("08:00", "present"))
    assert (people(state, "08:10"), headcount_until(known(state))) == (None, None)


def test_whoever_renews_the_presence_renews_the_count() -> None:
    state = counted(after(room(), ("08:00", "present")), "08:10")
    state = after(state, ("08:40", "present"), ("09:30", "present"))
    assert (people(state, "10:29"), people(state, "10:30")) == (12, None)


def test_leaving_ends_a_count_for_good() -> None:
    state = after(counted(after(room(), ("08:00", "present")), "08:10"), ("08:20", "leaving"))
    assert people(state, "08:30") is None
    assert people(after(state, ("08:31", "present")), "08:32") is None


def test_who_comes_after_the_end_is_not_counted() -> None:
    state = counted(after(room(), ("08:00", "present")), "08:10")
    for clock in ("09:00", "09:30"):
        assert people(after(state, (clock, "present")), "09:31") is None
    assert people(after(state, ("08:59:59", "present")), "09:31") == 12


def test_the_next_booking_is_not_counted_with_the_one_before() -> None:
    state = counted(after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present")), "09:10")
    assert (people(state, "09:59"), people(state, "10:00")) == (12, None)
    renewed = after(state, ("09:55", "present"))
    assert (people(renewed, "09:59"), people(renewed, "10:00")) == (12, None)
    assert people(after(state, ("10:01", "present")), "10:02") is None


def test_those_who_confirmed_the_next_booking_early_are_not_counted_either() -> None:
    """The press before ten confirms both, for nobody had confirmed the first."""
    state = counted(after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:51", "present")), "09:52")
    assert status_at(known(state), at("10:05")).name == "in_use"
    assert (people(state, "09:59"), people(state, "10:05")) == (12, None)
    again = counted(state, "10:05", 7)
    assert (people(again, "10:06"), people(again, "10:59"), people(again, "11:00")) == (7, 7, None)


def test_a_count_lasts_with_a_booking_that_was_prolonged() -> None:
    state = counted(after(room(NINE_TO_TEN), ("09:05", "present")), "09:10")
    longer = replace(state.bookings[BookingId("nine")], end=at("10:30"))
    state = replace(state, bookings={longer.id: longer})
    assert (people(state, "10:29"), people(state, "10:30")) == (12, None)


@pytest.mark.parametrize("bookings", [(), (NINE_TO_TEN,), (booking("00:00", "23:59", all_day=True),)])
def test_a_count_of_a_room_where_nobody_is_known_to_be_shows_nothing(bookings: tuple[Booking, ...]) -> None:
    state = counted(room(*bookings), "09:10")
    assert state.headcount is not None
    assert (people(state, "09:10"), people(state, "09:30")) == (None, None)
    assert people(after(state, ("09:11", "present")), "09:12") is None, "whoever came may be others"


def test_a_count_after_all_have_left_shows_nothing() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"), ("09:20", "leaving"))
    assert people(counted(state, "09:30"), "09:30") is None


def test_a_presence_that_is_heard_of_after_the_count_was_there_when_it_was_made() -> None:
    """A door that was cut off delivers late; the desk had counted meanwhile."""
    state = after(counted(room(), "08:30"), ("08:00", "present"))
    assert (people(state, "08:40"), people(state, "09:00")) == (12, None)
    assert people(after(counted(room(), "08:30"), ("08:00", "leaving")), "08:40") is None


def test_a_late_press_between_the_count_and_what_renewed_it_throws_doubt_on_it() -> None:
    state = after(counted(after(room(), ("08:00", "present")), "08:10"), ("08:40", "present"))
    assert people(state, "08:50") == 12
    assert people(after(state, ("08:20", "leaving")), "08:50") is None
    assert people(after(state, ("08:20", "present")), "08:50") is None


def test_a_motion_that_counts_keeps_a_count_and_one_that_does_not_ends_none() -> None:
    start = counted(after(room(), ("08:00", "present")), "08:10")
    for minutes_counted, holds in ((0, False), (30, True)):
        event = moved(start, 1, at("08:50"), Policy(motion_counts_for=minutes_counted))[1]
        assert isinstance(event, MotionSeen)
        state = fold(start, recorded_after(start, event, name=motion_name(1), happened=at("08:50")))
        assert people(state, "08:55") == 12
        assert (people(state, "09:10") == 12) is holds


# -- in whatever order ----------------------------------------------------------------------------

clocks = st.integers(min_value=0, max_value=240).map(lambda n: at("07:30") + minutes(n))
facts = st.lists(
    st.tuples(clocks, st.sampled_from(["present", "present", "leaving", "motion"]), st.none() | st.just(25)),
    min_size=1,
    max_size=4,
    unique_by=lambda fact: fact[0],
)
Fact = tuple[datetime, str, int | None]
COUNTED = Policy(motion_counts_for=20)


def after_facts(state: RoomState, order: list[tuple[int, Fact]]) -> RoomState:
    for n, (moment, what, asked) in order:
        if what == "count":
            state = counted(state, moment)
            continue
        name = motion_name(n) if what == "motion" else name_of(press(n))
        if what == "motion":
            event: RoomEvent = moved(state, n, moment, COUNTED)[1]
        else:
            intent: Intent = "leaving" if what == "leaving" else "present"
            event = decided(state, press(n, intent, for_minutes=asked), moment, COUNTED)[1]
        state = fold(state, recorded_after(state, event, name=name, happened=moment))
    return state


@settings(deadline=None, max_examples=150)
@given(facts, clocks.map(lambda clock: clock + timedelta(seconds=30)), clocks)
def test_a_count_that_is_shown_is_the_one_of_those_who_are_there_in_whatever_order_all_came(
    said: list[Fact], counted_at: datetime, later: datetime
) -> None:
    numbered: list[tuple[int, Fact]] = list(enumerate([*said, (counted_at, "count", None)]))
    now = max(later, *(moment for _, (moment, _, _) in numbered))
    in_time = after_facts(room(), sorted(numbered, key=lambda fact: fact[1][0]))
    truth = headcount_at(known(in_time), now)
    for order in permutations(numbered):
        assert headcount_at(known(after_facts(room(), list(order))), now) in (truth, None)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 16), st.integers(1, 8)), max_size=3), facts, clocks, clocks)
def test_a_count_is_never_shown_where_nobody_is_known_to_be(
    spans: list[tuple[int, int]], said: list[Fact], counted_at: datetime, later: datetime
) -> None:
    start = room(
        *(
            booking(at("07:30") + minutes(15 * begin), at("07:30") + minutes(15 * (begin + length)), f"b{n}")
            for n, (begin, length) in enumerate(spans)
        )
    )
    numbered: list[tuple[int, Fact]] = list(enumerate([*said, (counted_at, "count", None)]))
    state = after_facts(start, numbered)
    now = max(later, *(moment for _, (moment, _, _) in numbered))
    if headcount_at(known(state), now) is not None:
        assert present(state.last, now) or status_at(known(state), now).name == "in_use"


# -- what travels ---------------------------------------------------------------------------------


def test_a_count_travels_with_the_presence_and_with_its_end() -> None:
    k = known(counted(after(room(NINE_TO_TEN), ("09:05", "present")), "09:10"))
    presence = room_presence(k, at("09:20"))
    assert (presence.headcount, presence.headcount_until) == (12, at("10:00"))
    over = room_presence(k, at("10:00"))
    assert (over.headcount, over.headcount_until) == (None, None)


@settings(deadline=None, max_examples=100)
@given(facts, clocks, st.lists(clocks, min_size=1, max_size=5))
def test_a_door_shows_the_count_for_as_long_as_the_server_would(
    said: list[Fact], counted_at: datetime, others: list[datetime]
) -> None:
    numbered: list[tuple[int, Fact]] = list(enumerate([*said, (counted_at, "count", None)]))
    k = known(after_facts(room(NINE_TO_TEN, TEN_TO_ELEVEN), sorted(numbered, key=lambda fact: fact[1][0])))
    now = max(moment for _, (moment, _, _) in numbered)
    restored = travelled(k, now)
    for moment in (now, *(other for other in others if other > now)):
        assert headcount_at(restored, moment) == headcount_at(k, moment)


def test_a_door_that_is_cut_off_ends_the_count_by_its_own_button() -> None:
    k = travelled(known(counted(after(room(), ("08:00", "present")), "08:10")), at("08:20"))
    assert headcount_at(k, at("08:25")) == 12
    gone = replace(k, room=after(k.room, ("08:30", "leaving")))
    assert headcount_at(gone, at("08:31")) is None
    renewed = replace(k, room=after(k.room, ("08:30", "present")))
    assert headcount_at(renewed, at("09:20")) == 12


def test_a_presence_without_a_plan_still_tells_its_count() -> None:
    k = known(counted(after(room(), ("08:00", "present")), "08:10"))
    day, presence = room_day(k, at("08:20")), room_presence(k, at("08:20"))
    assert headcount_at(restore(day, replace(presence, plan=()), k.rules), at("08:30")) == 12
    bare = wire.RoomPresence(room=ROOM, seq=1, headcount=12)
    assert headcount_at(restore(day, bare, k.rules), at("08:30")) is None
