"""What a door shows: the table of statuses, row by row, and the plan of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import ClosedDays, Hours, Policy
from events.ids import BookingId, EventId, KioskId, RoomKey
from events.state import Closure, LastIntent, RoomState, Rules
from events.status import (
    Known,
    Status,
    closing_time,
    day_of,
    day_span,
    opening_spans,
    parse_hours,
    plan,
    status_at,
    stretch_at,
)
from tests.events.builders import DAY, DOOR, after, at, booking, known, minutes, room
from tests.events.strategies import instants, knowns

NINE_TO_TEN = booking("09:00", "10:00", "nine")
TEN_TO_ELEVEN = booking("10:00", "11:00", "ten")
RELEASE = Policy(release=True, unknown_after=24 * 60)
NINE, TEN = BookingId("nine"), BookingId("ten")


def shown(state: RoomState | Known, clock: str, *, policy: Policy | None = None) -> Status:
    k = state if isinstance(state, Known) else known(state, policy=policy)
    return status_at(k, at(clock))


def word(state: RoomState | Known, clock: str, *, policy: Policy | None = None) -> str:
    return shown(state, clock, policy=policy).name


# -- the table ------------------------------------------------------------------------------------


def test_a_room_with_nothing_is_free_and_available() -> None:
    status = shown(room(), "08:30")
    assert status == Status(name="free")
    assert status.available


def test_a_running_confirmed_booking_is_in_use() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"))
    assert shown(state, "09:30") == Status(name="in_use", booking=NINE)
    assert not shown(state, "09:30").available


def test_somebody_without_a_booking_occupies() -> None:
    state = after(room(), ("08:00", "present"))
    assert shown(state, "08:30") == Status(name="occupied")
    assert not shown(state, "08:30").available
    assert word(state, "08:59:59") == "occupied"
    assert word(state, "09:00") == "free"


def test_a_running_booking_that_nobody_confirmed_is_booked() -> None:
    status = shown(room(NINE_TO_TEN), "09:00")
    assert status == Status(name="booked", booking=NINE)
    assert not status.available
    assert word(room(NINE_TO_TEN), "09:59:59") == "booked"
    assert word(room(NINE_TO_TEN), "10:00") == "free"


def test_a_booking_that_was_left_early_is_booked_again_and_says_since_when() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"), ("09:40", "leaving"))
    assert shown(state, "09:45") == Status(name="booked", booking=NINE, left_at=at("09:40"))
    assert not shown(state, "09:45").available


def test_who_comes_back_after_leaving_is_in_use_again() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"), ("09:40", "leaving"), ("09:50", "present"))
    assert shown(state, "09:55") == Status(name="in_use", booking=NINE)


def test_leaving_a_booking_that_nobody_confirmed_says_nothing() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "leaving"))
    assert shown(state, "09:10") == Status(name="booked", booking=NINE)


@pytest.mark.parametrize(
    ("clock", "name"), [("08:49:59", "free"), ("08:50", "soon"), ("08:59:59", "soon"), ("09:00", "booked")]
)
def test_a_free_room_is_soon_booked_ten_minutes_before(clock: str, name: str) -> None:
    status = shown(room(NINE_TO_TEN), clock)
    assert status.name == name
    assert status.available is (name != "booked")


def test_without_a_reading_of_today_nothing_says_that_the_room_is_free() -> None:
    assert shown(known(room(), read_at=None), "08:30") == Status(name="unknown")
    assert not shown(known(room(), read_at=None), "08:30").available


def test_a_reading_older_than_four_hours_no_longer_says_that_the_room_is_free() -> None:
    k = known(room(), policy=Policy(), read_at="08:00")
    assert word(k, "12:00") == "free"
    assert word(k, "12:00:01") == "unknown"


def test_unknown_takes_away_only_the_claim_that_the_room_is_free() -> None:
    state = after(room(NINE_TO_TEN), ("08:10", "present"))
    k = known(state, read_at=None)
    assert [word(k, clock) for clock in ("08:00", "08:30", "09:30", "10:30")] == [
        "unknown",
        "occupied",
        "booked",
        "unknown",
    ]
    confirmed = known(after(room(NINE_TO_TEN), ("09:10", "present")), read_at=None)
    assert word(confirmed, "09:30") == "in_use"
    assert word(known(room(NINE_TO_TEN), read_at=None), "08:55") == "unknown", "not soon"


def test_tomorrows_reading_counts_as_todays_after_midnight() -> None:
    tomorrow = DAY + timedelta(days=1)
    k = replace(known(room(), policy=Policy()), readings={DAY: at("22:00"), tomorrow: at("22:00")})
    assert status_at(k, at("00:30", tomorrow)).name == "free"
    assert status_at(k, at("02:00", tomorrow)).name == "free"
    assert status_at(k, at("02:00:01", tomorrow)).name == "unknown"
    today_only = replace(k, readings={DAY: at("22:00")})
    assert status_at(today_only, at("23:59:59")).name == "free"
    assert status_at(today_only, at("00:00", tomorrow)).name == "unknown"


# -- order of precedence --------------------------------------------------------------------------


def test_the_first_of_the_table_that_holds_is_told() -> None:
    confirmed = replace(NINE_TO_TEN, confirmed_at=at("09:05"))
    unconfirmed = booking("09:00", "10:30", "other")
    here = LastIntent(pressed_at=at("09:05"), press=EventId("p"), intent="present", until=at("10:30"))
    everything = replace(room(unconfirmed, confirmed), last=here)
    assert shown(everything, "09:30") == Status(name="in_use", booking=NINE)
    no_confirmed = replace(room(unconfirmed), last=here)
    assert word(no_confirmed, "09:30") == "booked", "a booking runs: whoever is here did not confirm it"
    no_booking = replace(room(booking("10:05", "11:00")), last=here)
    assert word(known(no_booking, read_at=None), "10:00") == "occupied"
    assert word(known(room(booking("10:05", "11:00")), read_at=None), "10:00") == "unknown"
    assert word(room(booking("10:05", "11:00")), "10:00") == "soon"


def test_of_several_running_bookings_the_confirmed_one_is_told_then_the_earliest() -> None:
    one, two = booking("08:00", "11:00", "long"), booking("09:00", "10:00", "nine", confirmed_at="09:02")
    assert shown(room(one, two), "09:30") == Status(name="in_use", booking=NINE)
    assert shown(room(one, two), "10:30") == Status(name="booked", booking=BookingId("long"))


# -- check-ins ------------------------------------------------------------------------------------


def test_who_checks_in_early_occupies_until_the_start_and_then_uses() -> None:
    state = after(room(NINE_TO_TEN), ("08:52", "present"))
    assert word(state, "08:52") == "occupied"
    assert word(state, "08:59:59") == "occupied"
    assert shown(state, "09:00") == Status(name="in_use", booking=NINE)
    assert word(state, "09:59:59") == "in_use"
    assert word(state, "10:00") == "free"


def test_who_checks_in_late_uses_the_room_from_then_on() -> None:
    state = after(room(NINE_TO_TEN), ("09:40", "present"))
    assert word(state, "09:45") == "in_use"


def test_who_came_early_and_left_before_the_start_has_left() -> None:
    state = after(room(NINE_TO_TEN), ("08:52", "present"), ("08:55", "leaving"))
    assert word(state, "08:56") == "soon"
    assert shown(state, "09:10") == Status(name="booked", booking=NINE, left_at=at("08:55"))


def test_a_press_between_two_bookings_of_which_the_first_was_not_confirmed_confirms_both() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:55", "present"))
    assert shown(state, "09:56") == Status(name="in_use", booking=NINE)
    assert shown(state, "10:05") == Status(name="in_use", booking=TEN)


def test_a_press_between_two_bookings_of_which_the_first_is_confirmed_leaves_the_second_to_its_own() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("09:05", "present"), ("09:55", "present"))
    assert shown(state, "10:05") == Status(name="booked", booking=TEN)


def test_a_walk_in_ends_where_the_next_booking_begins() -> None:
    state = after(room(NINE_TO_TEN), ("08:30", "present"))
    assert word(state, "08:59:59") == "occupied"
    assert word(state, "09:00") == "booked"


# -- never due ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["all_day", "unsure"])
def test_a_booking_that_is_never_due_blocks_the_room_and_is_confirmed_by_nobody(how: str) -> None:
    b = booking("08:00", "18:00", "long", all_day=how == "all_day", unsure=how == "unsure")
    state = after(room(b), ("09:00", "present"))
    assert state.bookings[BookingId("long")].confirmed_at is None
    assert shown(state, "08:30") == Status(name="booked", booking=BookingId("long"))
    assert word(state, "09:30") == "in_use", "somebody is here"
    assert word(state, "10:00") == "booked", "and no longer"
    assert not shown(room(b), "12:00", policy=RELEASE).released


# -- release --------------------------------------------------------------------------------------


def test_nothing_is_released_unless_the_school_says_so() -> None:
    status = shown(room(NINE_TO_TEN), "09:30", policy=Policy(unknown_after=1440))
    assert (status.released, status.warning, status.available) == (False, False, False)


@pytest.mark.parametrize(
    ("clock", "warning", "released"),
    [
        ("09:09:59", False, False),
        ("09:10", True, False),
        ("09:14:59", True, False),
        ("09:15", False, True),
        ("09:59:59", False, True),
    ],
)
def test_an_unconfirmed_booking_is_released_at_fifteen_minutes_after_a_warning_from_ten(
    clock: str, *, warning: bool, released: bool
) -> None:
    status = shown(room(NINE_TO_TEN), clock, policy=RELEASE)
    assert status == Status(name="booked", booking=NINE, warning=warning, released=released)
    assert status.available is released


def test_a_press_on_a_released_booking_is_a_late_check_in() -> None:
    state = after(room(NINE_TO_TEN), ("09:20", "present"), policy=RELEASE)
    assert shown(state, "09:25", policy=RELEASE) == Status(name="in_use", booking=NINE)


def test_the_rest_of_a_booking_that_was_left_early_is_released_at_once() -> None:
    state = after(room(NINE_TO_TEN), ("09:02", "present"), ("09:05", "leaving"))
    assert shown(state, "09:05", policy=RELEASE) == Status(
        name="booked", booking=NINE, released=True, left_at=at("09:05")
    )


EXEMPT = {
    "three hours": (booking("09:00", "12:00", "nine"), RELEASE),
    "an exam": (booking("09:00", "10:00", "nine", kind="exam"), RELEASE),
    "a named room": (NINE_TO_TEN, replace(RELEASE, release_exempt_rooms=(RoomKey("L213"),))),
    "seen late": (booking("09:00", "10:00", "nine", first_seen=at("08:30:01")), RELEASE),
    "all day": (booking("09:00", "10:00", "nine", all_day=True), RELEASE),
    "unsure": (booking("09:00", "10:00", "nine", unsure=True), RELEASE),
}


@pytest.mark.parametrize("why", EXEMPT)
def test_what_is_exempt_is_neither_released_nor_warned_of(why: str) -> None:
    b, policy = EXEMPT[why]
    for clock in ("09:12", "09:30"):
        assert shown(room(b), clock, policy=policy) == Status(name="booked", booking=NINE)


@pytest.mark.parametrize("why", [why for why in EXEMPT if why not in ("all day", "unsure")])
def test_what_is_exempt_is_not_released_when_it_is_left_either(why: str) -> None:
    b, policy = EXEMPT[why]
    state = after(room(b), ("09:02", "present"), ("09:05", "leaving"))
    assert not shown(state, "09:30", policy=policy).released


@pytest.mark.parametrize(
    "b",
    [
        booking("09:00", "11:59", "nine"),
        booking("09:00", "10:00", "nine", kind="course"),
        booking("09:00", "10:00", "nine", first_seen=at("08:30")),
    ],
)
def test_what_is_just_not_exempt_is_released(b: object) -> None:
    state = replace(room(NINE_TO_TEN), bookings={NINE: b})
    assert shown(state, "09:15", policy=RELEASE).released


@pytest.mark.parametrize(("joined", "released"), [("08:50", True), ("08:50:01", False), ("09:05", False)])
def test_only_a_door_that_was_connected_for_the_whole_window_releases(joined: str, *, released: bool) -> None:
    state = room(NINE_TO_TEN, joined=at(joined))
    assert shown(state, "09:30", policy=RELEASE).released is released


def test_a_room_without_a_door_is_never_released() -> None:
    state = replace(room(NINE_TO_TEN), kiosks={})
    assert shown(state, "09:30", policy=RELEASE) == Status(name="booked", booking=NINE)


def test_a_door_that_joined_before_the_servers_last_start_does_not_count() -> None:
    k = known(room(NINE_TO_TEN, joined=at("08:00")), policy=RELEASE)
    assert status_at(replace(k, started_at=at("07:00")), at("09:30")).released
    assert not status_at(replace(k, started_at=at("08:30")), at("09:30")).released


def test_one_door_of_several_is_enough() -> None:
    state = replace(room(NINE_TO_TEN), kiosks={DOOR: at("09:05"), KioskId("other"): at("08:00")})
    assert shown(state, "09:30", policy=RELEASE).released


def test_of_two_bookings_at_once_both_must_be_released() -> None:
    other = booking("09:10", "10:00", "ten past")
    assert not shown(room(NINE_TO_TEN, other), "09:20", policy=RELEASE).released
    assert shown(room(NINE_TO_TEN, other), "09:25", policy=RELEASE).released
    assert not shown(room(NINE_TO_TEN, other), "09:19", policy=RELEASE).warning
    assert shown(room(NINE_TO_TEN, other), "09:20", policy=RELEASE).warning


# -- closed ---------------------------------------------------------------------------------------

WEEKDAYS_ONLY = Hours(
    monday="08:00-20:00", friday="08:00-12:00, 13:30-18:00", saturday="", sunday="00:00-24:00"
)


@pytest.mark.parametrize(
    ("clock", "closed"),
    [
        ("07:59:59", True),
        ("08:00", False),
        ("11:59:59", False),
        ("12:00", True),
        ("13:29:59", True),
        ("13:30", False),
        ("18:00", True),
    ],
)
def test_outside_the_opening_hours_the_room_is_closed_beside_its_status(clock: str, *, closed: bool) -> None:
    status = shown(known(room(), hours=WEEKDAYS_ONLY), clock)
    assert status == Status(name="free", closed=closed)
    assert status.available is not closed


def test_a_closed_weekday_is_closed_all_day() -> None:
    saturday = DAY + timedelta(days=1)
    k = replace(known(room(), hours=WEEKDAYS_ONLY), readings={saturday: at("00:00", saturday)})
    for clock in ("00:00", "12:00", "23:59:59"):
        assert status_at(k, at(clock, saturday)).closed
    assert not status_at(k, at("00:00", saturday + timedelta(days=1))).closed


def test_closed_days_close_all_rooms_or_those_named() -> None:
    def on(*rooms: str) -> Known:
        closed = ClosedDays(first=DAY, last=DAY, rooms=tuple(RoomKey(key) for key in rooms))
        return known(room(), rules=Rules(zone="Europe/Paris", closed=(closed,)))

    assert shown(on(), "12:00").closed
    assert shown(on("L213", "L218"), "12:00").closed
    assert not shown(on("L218"), "12:00").closed
    assert not shown(on(), "12:00").out_of_order


def test_closed_days_begin_and_end_at_local_midnight() -> None:
    closed = ClosedDays(first=DAY, last=DAY + timedelta(days=1))
    k = known(room(), rules=Rules(zone="Europe/Paris", closed=(closed,)))
    assert not status_at(k, at("00:00") - minutes(1)).closed
    assert status_at(k, at("00:00")).closed
    assert status_at(k, at("23:59", DAY + timedelta(days=1))).closed
    assert not status_at(k, at("00:00", DAY + timedelta(days=2))).closed


def test_the_desk_closes_a_room_until_it_reopens_or_until_a_time() -> None:
    for_ever = replace(room(), closure=Closure(since=at("08:00"), text=EventId("c")))
    assert shown(for_ever, "23:00") == Status(name="free", closed=True, out_of_order=True)
    until = replace(room(), closure=Closure(since=at("08:00"), text=EventId("c"), until=at("10:00")))
    assert shown(until, "09:59:59") == Status(name="free", closed=True, out_of_order=True)
    assert shown(until, "10:00") == Status(name="free")


def test_a_closed_room_still_says_what_it_is_used_for() -> None:
    state = after(room(NINE_TO_TEN), ("09:05", "present"))
    state = replace(state, closure=Closure(since=at("08:00"), text=EventId("c")))
    assert shown(state, "09:30") == Status(name="in_use", closed=True, out_of_order=True, booking=NINE)


def test_a_retired_room_is_closed() -> None:
    assert shown(replace(room(), retired=True), "09:00").closed


# -- hours in words -------------------------------------------------------------------------------


def test_opening_hours_are_spans_of_minutes() -> None:
    assert parse_hours("08:00-12:00, 13:30-18:00") == [(480, 720), (810, 1080)]
    assert parse_hours("00:00-24:00") == [(0, 1440)]
    assert parse_hours(" 8:05 - 9:00 ") == [(485, 540)]
    assert parse_hours("") == []
    assert parse_hours("08:00-12:00,12:00-13:00") == [(480, 720), (720, 780)]


@pytest.mark.parametrize(
    "text",
    [
        "8-12",
        "08:00",
        "12:00-08:00",
        "08:00-08:00",
        "08:60-09:00",
        "00:00-24:01",
        "25:00-26:00",
        "08:00-12:00, 11:00-13:00",
        "13:00-14:00, 08:00-09:00",
        "-1:00-08:00",
        "08:0-09:00",
        "²:00-08:00",
        "08:00 12:00",
        "closed",
    ],
)
def test_what_is_no_span_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="span"):
        parse_hours(text)


# -- days of 23 and 25 hours ----------------------------------------------------------------------

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(("day", "hours"), [(DAY, 24), (SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_23_24_or_25_hours(day: date, hours: int) -> None:
    begin, end = day_span("Europe/Paris", day)
    assert end - begin == timedelta(hours=hours)
    assert begin.tzinfo is UTC
    rules = Rules(zone="Europe/Paris")
    assert day_of(rules, begin) == day == day_of(rules, end - timedelta(microseconds=1))
    assert day_of(rules, end) == day + timedelta(days=1)


@pytest.mark.parametrize(("day", "hours"), [(DAY, 10), (SPRING, 9), (AUTUMN, 11)])
def test_opening_hours_follow_the_clocks_on_the_wall(day: date, hours: int) -> None:
    week = Hours(friday="00:00-10:00", sunday="00:00-10:00")
    ((begin, end),) = opening_spans(week, "Europe/Paris", day)
    assert end - begin == timedelta(hours=hours)
    assert opening_spans(Hours(friday="", sunday=""), "Europe/Paris", day) == []


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_plan_of_a_day_on_which_the_clocks_change_is_whole(day: date) -> None:
    begin, end = day_span("Europe/Paris", day)
    rules = Rules(zone="Europe/Paris", hours=Hours(sunday="01:00-04:00"))
    b = booking(begin + minutes(90), begin + minutes(150), "at night")
    k = Known(room=room(b), rules=rules, readings={day: begin})
    stretches = plan(k, begin)
    assert stretches[0].start == begin
    assert stretches[-1].until == end
    assert sum(((s.until or end) - s.start for s in stretches), timedelta()) == end - begin
    open_for = sum(((s.until or end) - s.start for s in stretches if not s.status.closed), timedelta())
    assert open_for == timedelta(hours=2 if day == SPRING else 4)


def test_a_reading_grows_old_by_real_hours_not_by_the_clock_on_the_wall() -> None:
    begin, _ = day_span("Europe/Paris", SPRING)
    k = Known(room=room(), rules=Rules(zone="Europe/Paris"), readings={SPRING: begin})
    assert status_at(k, at("05:00", SPRING)).name == "free", "four hours after midnight it is 5 o'clock"
    assert status_at(k, at("05:01", SPRING)).name == "unknown"


# -- closing time ---------------------------------------------------------------------------------


def test_an_open_room_closes_at_the_end_of_the_span() -> None:
    k = known(room(), hours=WEEKDAYS_ONLY)
    assert closing_time(k, at("09:00")) == at("12:00")
    assert closing_time(k, at("12:00")) == at("18:00")
    assert closing_time(k, at("18:00")) == at("00:00", DAY + timedelta(days=1))


def test_a_school_that_never_closes_has_no_closing_time() -> None:
    assert closing_time(known(room()), at("09:00")) is None


def test_a_room_closes_at_the_midnight_before_a_closed_day() -> None:
    tomorrow = DAY + timedelta(days=1)
    rules = Rules(zone="Europe/Paris", closed=(ClosedDays(first=tomorrow, last=tomorrow),))
    assert closing_time(known(room(), rules=rules), at("09:00")) == at("00:00", tomorrow)


# -- the plan -------------------------------------------------------------------------------------


def test_the_plan_of_a_day_written_out() -> None:
    state = after(room(NINE_TO_TEN, TEN_TO_ELEVEN), ("08:55", "present"))
    k = known(state, policy=replace(RELEASE, unknown_after=600), hours=WEEKDAYS_ONLY, read_at="08:00")
    told = [
        (s.start, s.until, s.status.name, s.status.closed, s.status.warning, s.status.released)
        for s in plan(k, at("08:30"))
    ]
    midnight = at("00:00", DAY + timedelta(days=1))
    assert told == [
        (at("08:30"), at("08:50"), "free", False, False, False),
        (at("08:50"), at("08:55"), "soon", False, False, False),
        (at("08:55"), at("09:00"), "occupied", False, False, False),
        (at("09:00"), at("10:00"), "in_use", False, False, False),
        (at("10:00"), at("10:10"), "booked", False, False, False),
        (at("10:10"), at("10:15"), "booked", False, True, False),
        (at("10:15"), at("11:00"), "booked", False, False, True),
        (at("11:00"), at("12:00"), "free", False, False, False),
        (at("12:00"), at("13:30"), "free", True, False, False),
        (at("13:30"), at("18:00"), "free", False, False, False),
        (at("18:00"), at("18:00:00.000001"), "free", True, False, False),
        (at("18:00:00.000001"), midnight, "unknown", True, False, False),
    ]


def test_the_stretch_of_now_ends_where_the_plan_says_or_is_open() -> None:
    state = after(room(NINE_TO_TEN), ("08:55", "present"))
    assert stretch_at(known(state), at("09:10")).until == at("10:00")
    tomorrow = DAY + timedelta(days=1)
    k = replace(known(room()), readings={DAY: at("08:00"), tomorrow: at("08:00") + timedelta(days=1)})
    assert stretch_at(k, at("12:00")).until is None


@settings(deadline=None, max_examples=200)
@given(knowns(), instants(), st.integers(min_value=1, max_value=2), st.data())
def test_the_plan_tells_at_every_instant_what_the_status_is(
    k: Known, now: datetime, days: int, data: st.DataObject
) -> None:
    stretches = plan(k, now, days=days)
    end = day_span("Europe/Paris", day_of(k.rules, now) + timedelta(days=days - 1))[1]
    assert stretches[0].start == now
    assert stretches[-1].until == end
    assert all(one.until == two.start for one, two in pairwise(stretches)), "there is a gap"
    assert all(one.status != two.status for one, two in pairwise(stretches)), "a stretch goes on"
    assert all(s.until is not None and s.start < s.until for s in stretches)
    microsecond = timedelta(microseconds=1)
    edges = [edge for s in stretches for edge in (s.start, (s.until or end) - microsecond)]
    spread = data.draw(
        st.lists(st.integers(min_value=0, max_value=(end - now) // microsecond - 1), min_size=5, max_size=20)
    )
    for instant in edges + [now + later * microsecond for later in spread]:
        (stretch,) = [s for s in stretches if s.start <= instant and (s.until is None or instant < s.until)]
        assert stretch.status == status_at(k, instant)


@settings(deadline=None, max_examples=100)
@given(knowns(), instants())
def test_the_stretch_of_now_is_the_first_of_the_plan_of_two_days(k: Known, now: datetime) -> None:
    first, *rest = plan(k, now, days=2)
    stretch = stretch_at(k, now)
    assert stretch.status == first.status == status_at(k, now)
    assert stretch.until == (first.until if rest else None)


@settings(deadline=None, max_examples=100)
@given(knowns(), instants())
def test_only_what_is_free_soon_or_released_and_open_is_available(k: Known, now: datetime) -> None:
    status = status_at(k, now)
    assert status.available == (
        not status.closed
        and (status.name in ("free", "soon") or (status.name == "booked" and status.released))
    )
    assert not (status.out_of_order and not status.closed)
    assert not (status.released and status.warning)
    if status.name in ("in_use", "booked"):
        assert status.booking in k.room.bookings
    else:
        assert status.booking is None


def test_who_pressed_where_the_clock_was_ahead_is_not_here_before() -> None:
    """A door may be some seconds ahead of whoever asks."""
    state = after(room(), ("08:00:05", "present"))
    told = [(s.start, s.status.name) for s in plan(known(state), at("08:00"))]
    assert told[:2] == [(at("08:00"), "free"), (at("08:00:05"), "occupied")]
