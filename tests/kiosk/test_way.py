"""What the numbers of two rooms say about the way between them, and what they do not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain import RoomInfo
from kiosk.way import Side, Way, way


def room(name: str) -> RoomInfo:
    """A room by its name: wing, number, letter."""
    wing, rest = (name[0], name[1:]) if name[:1].isalpha() else ("", name)
    digits = rest.rstrip("ABCDEFGHIJ")
    return RoomInfo(name=name, wing=wing, number=int(digits or 0), letter=rest[len(digits) :])


def rooms(names: str) -> list[RoomInfo]:
    return [room(name) for name in names.split()]


def told(origin: str, other: str, names: str, rises: Side = "") -> Way:
    return way(room(origin), room(other), rooms(names), rises)


CORRIDOR = "L210 L211 L212 L213 L214 L215 L216"


def test_doors_are_counted_where_no_number_is_missing() -> None:
    assert told("L213", "L215", CORRIDOR) == Way(near=True, doors=2, towards="L214")
    assert told("L213", "L210", CORRIDOR) == Way(near=True, doors=3, towards="L212")


def test_the_next_door_leads_past_no_other() -> None:
    assert told("L213", "L214", CORRIDOR) == Way(near=True, doors=1)


@pytest.mark.parametrize(
    ("other", "rises", "side"),
    [
        ("L215", "left", "left"),
        ("L215", "right", "right"),
        ("L211", "left", "right"),
        ("L211", "right", "left"),
        ("L211", "", ""),
    ],
)
def test_the_side_is_told_only_where_somebody_said_how_the_numbers_grow(
    other: str, rises: Side, side: Side
) -> None:
    assert told("L213", other, CORRIDOR, rises).side == side


def test_a_missing_number_may_be_a_door_so_that_none_are_counted() -> None:
    assert told("L213", "L211", "L209 L210 L211 L213") == Way(near=True)
    assert told("L213", "L209", "L209 L210 L211 L213", "left") == Way(near=True, side="right", towards="L211")


def test_where_all_of_a_corridor_are_odd_the_even_numbers_are_no_doors_of_it() -> None:
    assert told("L213", "L217", "L211 L213 L215 L217").doors == 2
    assert told("L213", "L215", "L213 L215").doors is None, "two rooms say nothing of a corridor"
    assert told("L213", "L217", "L210 L211 L213 L215 L217").doors is None


def test_letters_follow_their_number() -> None:
    names = "V005 V005A V005B V005C V006"
    assert told("V005", "V006", names).doors == 4
    assert told("V005A", "V005C", names) == Way(near=True, doors=2, towards="V005B")
    assert told("V005C", "V005", names, "right") == Way(near=True, doors=3, side="left", towards="V005B")


def test_a_missing_letter_may_be_a_door() -> None:
    assert told("V005A", "V005C", "V005A V005C").doors is None


def test_another_floor_is_told_with_up_or_down() -> None:
    assert told("L213", "L313", "L213 L313") == Way(floor=3, rises=1)
    assert told("L213", "L026", "L213 L026") == Way(floor=0, rises=-2)


def test_another_wing_is_told_with_its_floor_where_that_is_another() -> None:
    assert told("L213", "V107", "L213 V107") == Way(wing="V", floor=1, rises=-1)
    assert told("L213", "V213", "L213 V213") == Way(wing="V")


def test_rooms_of_another_wing_or_floor_are_no_doors_on_the_way() -> None:
    assert told("L213", "L215", CORRIDOR + " V214 L314").doors == 2


@pytest.mark.parametrize(("origin", "other"), [("L0", "L213"), ("L213", "L"), ("0", "0")])
def test_a_room_without_a_number_has_no_way(origin: str, other: str) -> None:
    assert told(origin, other, CORRIDOR, "left") == Way()


def test_a_school_without_wings_has_one() -> None:
    assert told("213", "215", "213 214 215") == Way(near=True, doors=2, towards="214")


def test_two_rooms_of_one_number_are_on_one_floor_and_no_more_is_claimed() -> None:
    twin = RoomInfo(name="Labo", wing="L", number=213)

    assert way(room("L213"), twin, [room("L213"), twin], "left") == Way(near=True)
    found = way(room("L212"), twin, [*rooms(CORRIDOR), twin], "left")
    assert (found.near, found.side, found.doors) == (True, "left", None)


NUMBERS = st.lists(st.integers(1, 450), min_size=2, max_size=30, unique=True)


@given(NUMBERS, st.sampled_from(["", "left", "right"]))
def test_what_is_counted_is_what_stands_between(numbers: list[int], rises: Side) -> None:
    known = [RoomInfo(name=str(number), wing="L", number=number) for number in numbers]
    origin, other = known[0], known[1]
    found = way(origin, other, known, rises)
    low, high = sorted((origin.number, other.number))
    between = sorted(number for number in numbers if low <= number <= high)

    assert found.near == (origin.number // 100 == other.number // 100)
    assert found.rises == other.number // 100 - origin.number // 100
    if found.doors is not None:
        assert found.doors == len(between) - 1
        steps = {later - earlier for earlier, later in pairwise(between)}
        assert steps in ({1}, {2})
    if found.side:
        assert (found.side == rises) == (other.number > origin.number)


@given(NUMBERS, st.sampled_from(["left", "right"]))
def test_the_way_back_is_as_long_and_to_the_other_side(numbers: list[int], rises: Side) -> None:
    known = [RoomInfo(name=str(number), wing="L", number=number) for number in numbers]
    there, back = (
        way(known[0], known[1], known, rises),
        way(known[1], known[0], known, rises),
    )

    assert there.doors == back.doors
    assert there.rises == -back.rises
    assert {there.side, back.side} in ({"left", "right"}, {""})
