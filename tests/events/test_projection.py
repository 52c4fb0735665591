"""What travels of a room, and that a door makes the same of it as the server."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events import wire
from events.decide import decide
from events.domain import Hours, Policy
from events.ids import EventId, KioskId
from events.projection import days_shown, restore, room_day, room_presence
from events.state import Closure, Rules
from events.status import Known, plan, status_at
from tests.events.builders import DAY, PARIS, after, at, booking, known, name_of, press, room, travelled
from tests.events.strategies import instants, knowns

TOMORROW = DAY + timedelta(days=1)


@settings(deadline=None, max_examples=200)
@given(knowns(), instants(), st.lists(instants(hours=48), min_size=1, max_size=20))
def test_a_door_tells_the_same_status_as_the_server_at_every_instant_of_the_days_shown(
    k: Known, now: datetime, others: list[datetime]
) -> None:
    restored = travelled(k, now)
    edges = [s.start for s in plan(k, now, days=2) if s.start < at("00:00", DAY + timedelta(days=2))]
    for instant in [*others, *edges, at("23:59:59", TOMORROW)]:
        assert status_at(restored, instant) == status_at(k, instant)


@settings(deadline=None, max_examples=100)
@given(knowns(), instants())
def test_a_plan_that_travelled_is_the_servers_and_the_doors(k: Known, now: datetime) -> None:
    restored = travelled(k, now)
    server = plan(k, now)
    assert list(room_day(k, now).plan) == list(room_presence(k, now).plan) == server
    assert plan(restored, now) == server


@settings(deadline=None, max_examples=100)
@given(knowns(), instants(), st.sampled_from(["present", "leaving"]))
def test_a_door_that_is_cut_off_decides_a_press_as_the_server_would(
    k: Known, now: datetime, intent: str
) -> None:
    p = press(1, "leaving" if intent == "leaving" else "present")
    sides = [
        decide(side.room, p, name=name_of(p), pressed_at=now, policy=k.rules.policy)
        for side in (k, travelled(k, now))
    ]
    assert sides[0] == sides[1]


def test_the_days_shown_are_today_and_tomorrow_and_what_shows_before_it_begins() -> None:
    rules = Rules(zone="Europe/Paris")
    begin, end = days_shown(rules, at("15:00"))
    assert begin == at("00:00")
    assert end == at("00:10", DAY + timedelta(days=2))
    spring = datetime(2026, 3, 28, 12, tzinfo=PARIS)
    begin, end = days_shown(rules, spring)
    assert end - begin == timedelta(hours=47, minutes=10)


def test_bookings_of_other_days_do_not_travel_and_those_that_reach_into_today_do() -> None:
    yesterday, later = DAY - timedelta(days=1), DAY + timedelta(days=2)
    k = known(
        room(
            booking(at("09:00", TOMORROW), at("10:00", TOMORROW), "tomorrow"),
            booking("09:00", "10:00", "today"),
            booking(at("23:00", yesterday), at("00:00"), "ended at midnight"),
            booking(at("23:00", yesterday), at("00:01"), "from yesterday"),
            booking(at("09:00", later), at("10:00", later), "later"),
        )
    )
    day = room_day(k, at("08:00"))
    assert [b.id for b in day.bookings] == ["from yesterday", "today", "tomorrow"]


def test_confirmations_travel_with_the_presence_and_not_with_the_day() -> None:
    state = after(room(booking("09:00", "10:00")), ("09:02", "present"))
    k = known(state)
    assert room_presence(k, at("09:10")).confirmed == {"b1": at("09:02")}
    assert room_presence(k, at("09:10")).last == state.last
    assert b"confirmed" not in msgspec.json.encode(room_day(k, at("09:10")).bookings)
    alone = restore(room_day(k, at("09:10")), None, k.rules)
    assert status_at(alone, at("09:30")).name == "booked", "a day alone says nothing of presses"


def test_without_texts_no_title_and_no_reason_travels() -> None:
    closure = Closure(since=at("08:00"), text=EventId("why"))
    k = known(replace(room(booking("09:00", "10:00")), closure=closure))
    texts = {EventId("text-of-b1"): "Algebra", EventId("why"): "water damage"}
    for message in (room_day(k, at("08:00")), room_presence(k, at("08:00"))):
        text = wire.encode(message)
        assert "title" not in text
        assert "reason" not in text
        assert "text-of-b1" not in text, "not even the name of the event that holds it"
    with_titles = room_day(k, at("08:00"), texts)
    assert with_titles.bookings[0].title == "Algebra"
    assert with_titles.closure is not None
    assert with_titles.closure.reason == "water damage"
    assert "Algebra" not in wire.encode(room_presence(k, at("08:00")))


def test_a_title_that_was_forgotten_is_none() -> None:
    k = known(replace(room(booking("09:00", "10:00")), closure=Closure(since=at("08:00"), text=EventId("w"))))
    day = room_day(k, at("08:00"), {})
    assert day.bookings[0].title is None
    assert day.closure is not None
    assert day.closure.reason is None


def test_a_door_that_joined_before_the_server_started_is_not_watching() -> None:
    doors = {KioskId("old"): at("06:00"), KioskId("new"): at("07:30"), KioskId("newer"): at("07:40")}
    k = replace(known(replace(room(), kiosks=doors)), started_at=at("07:00"))
    assert room_presence(k, at("08:00")).watched_since == at("07:30")
    assert room_presence(replace(k, started_at=at("08:00")), at("08:00")).watched_since is None
    assert room_presence(replace(k, started_at=None), at("08:00")).watched_since == at("06:00")


def test_a_message_is_as_new_as_the_newer_of_its_halves() -> None:
    k = known(replace(room(), seq=5))
    day, presence = room_day(k, at("08:00")), room_presence(k, at("08:00"))
    assert (day.seq, presence.seq) == (5, 5)
    assert restore(day, replace(presence, seq=9), k.rules).room.seq == 9
    assert restore(replace(day, seq=11), presence, k.rules).room.seq == 11


def test_the_rules_of_a_door_are_those_it_was_sent_last() -> None:
    k = known(room(booking("09:00", "10:00")))
    stricter = Rules(zone="Europe/Paris", policy=Policy(soon=30, unknown_after=1440), hours=Hours(friday=""))
    restored = restore(room_day(k, at("08:00")), room_presence(k, at("08:00")), stricter)
    assert status_at(restored, at("08:40")).name == "soon"
    assert status_at(restored, at("08:40")).closed


def test_a_room_of_two_days_booked_every_half_hour_fits_into_a_message() -> None:
    bookings = [
        booking(
            at("00:00", day) + timedelta(minutes=30 * n),
            at("00:00", day) + timedelta(minutes=30 * n + 30),
            f"source:{day}{n:04}",
        )
        for day in (DAY, TOMORROW)
        for n in range(48)
    ]
    texts = {b.text: "É" * 80 for b in bookings}
    text = wire.encode(room_day(known(room(*bookings)), at("00:00"), texts))
    assert len(text.encode()) < wire.MAX_OUTGOING
