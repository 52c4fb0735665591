"""The search for a room in what a door knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.ids import RoomKey
from events.search import Wish
from events.wire import RoomDay
from kiosk.search import ANY_SEATS, MINUTES, SEATS, Looser, Search, search
from tests.kiosk.scenes import INFO, ROOM, RULES, at, booking, day

NOW = at(12, 24)


def rooms(*described: dict[str, object]) -> dict[RoomKey, RoomDay]:
    """The own room, and others that differ from it as described."""
    days = {ROOM: day(NOW)}
    for n, more in enumerate(described):
        key = RoomKey(f"L{214 + n}")
        until = more.pop("free_until", None)
        bookings = (booking(key, NOW + timedelta(minutes=int(str(until))), at(18), None),) if until else ()
        info = replace(INFO, name=key, number=214 + n, **more)
        days[key] = day(NOW, room=key, info=info, bookings=bookings)
    return days


def searched(wish: Wish, days: dict[RoomKey, RoomDay]) -> Search:
    found = search(wish, days, {}, RULES, NOW)
    assert found is not None
    return found


def loosened(found: Search) -> list[tuple[str, int]]:
    names = ("minutes", "seats", "whiteboard", "blackboard", "projector")
    return [
        ("+".join(name for name in names if getattr(one.wish, name) != getattr(found.wish, name)), one.rooms)
        for one in found.looser
    ]


def test_the_first_answer_is_for_the_schools_own_length() -> None:
    rules = replace(RULES, policy=replace(RULES.policy, search=45))
    found = search(Wish(origin=ROOM), rooms({"free_until": 50}, {"free_until": 40}), {}, rules, NOW)

    assert found is not None
    assert found.minutes == 45
    assert [candidate.room for candidate in found.answer.rooms] == ["L214"]


def test_a_door_whose_room_is_not_known_finds_nothing() -> None:
    assert search(Wish(origin=RoomKey("X1")), rooms(), {}, RULES, NOW) is None


def test_where_a_room_is_found_nothing_is_loosened() -> None:
    assert searched(Wish(origin=ROOM), rooms({})).looser == ()


@pytest.mark.parametrize(
    ("wish", "room", "name"),
    [
        (Wish(origin=ROOM, whiteboard=True), {"whiteboard": False}, "whiteboard"),
        (Wish(origin=ROOM, blackboard=True), {"blackboard": False}, "blackboard"),
        (Wish(origin=ROOM, projector=True), {"projector": False, "tv": False}, "projector"),
        (Wish(origin=ROOM, seats=40), {}, "seats"),
        (Wish(origin=ROOM), {"type": "projet", "seats": 5}, "seats"),
        (Wish(origin=ROOM, minutes=120), {"free_until": 100}, "minutes"),
    ],
)
def test_it_is_told_what_stands_in_the_way(wish: Wish, room: dict[str, object], name: str) -> None:
    assert loosened(searched(wish, rooms(dict(room)))) == [(name, 1)]


def test_the_longest_of_the_shorter_times_is_offered() -> None:
    found = searched(Wish(origin=ROOM, minutes=120), rooms({"free_until": 70}, {"free_until": 40}))

    assert [(one.wish.minutes, one.rooms) for one in found.looser] == [(60, 1)]


def test_what_only_helps_together_is_offered_as_anything_at_all() -> None:
    wish = Wish(origin=ROOM, minutes=120, whiteboard=True)
    found = searched(wish, rooms({"free_until": 40, "whiteboard": False}))

    assert found.looser == (Looser(Wish(origin=ROOM, minutes=30, seats=ANY_SEATS), 1),)


def test_where_nothing_helps_nothing_is_offered() -> None:
    assert searched(Wish(origin=ROOM), rooms({"free_until": 20})).looser == ()


WISHES = st.builds(
    Wish,
    origin=st.just(ROOM),
    minutes=st.sampled_from([None, *MINUTES]),
    seats=st.sampled_from([None, 0, 20, 40]),
    whiteboard=st.booleans(),
    blackboard=st.booleans(),
    projector=st.booleans(),
)
ROOMS = st.lists(
    st.fixed_dictionaries(
        {
            "free_until": st.sampled_from([None, 5, 40, 70, 100]),
            "seats": st.integers(5, 60),
            "type": st.sampled_from(["petit", "grand"]),
            "whiteboard": st.booleans(),
            "blackboard": st.booleans(),
            "projector": st.booleans(),
            "tv": st.booleans(),
        }
    ),
    max_size=6,
)


@given(WISHES, ROOMS)
def test_what_is_offered_instead_is_found_when_it_is_asked_for(
    wish: Wish, described: list[dict[str, object]]
) -> None:
    days = rooms(*described)
    found = searched(wish, days)

    assert not (found.looser and found.answer.rooms)
    for one in found.looser:
        assert len(searched(one.wish, days).answer.rooms) == one.rooms > 0
    if not found.looser and not found.answer.rooms:
        anything = Wish(origin=ROOM, minutes=30, seats=ANY_SEATS)
        assert searched(anything, days).answer.rooms == ()


@given(st.lists(st.integers(0, 400), max_size=30))
def test_the_seats_to_choose_from_part_the_rooms(seats: list[int]) -> None:
    described: list[dict[str, object]] = [{"seats": count} for count in seats]
    found = searched(Wish(origin=ROOM), rooms(*described))

    assert len(found.seats) <= 2
    assert set(found.seats) <= set(SEATS)
    for number in found.seats:
        assert 0 < sum(count >= number for count in seats) < len(seats)
