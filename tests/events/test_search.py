"""The nearest free room."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import ClosedDays, Hours, Policy, RoomInfo
from events.ids import EventId, RoomKey
from events.inventory import read_rooms
from events.search import Answer, Candidate, Refusal, UnknownRoom, Wish, find
from events.state import Booking, Closure, RoomState, Rules
from events.status import Known
from tests.events.builders import DAY, DOOR, after, at, booking, known

SCHOOL = read_rooms(Path(__file__).parents[2] / "deploy" / "rooms.toml")
NOON = "12:00"

# Written out by hand from the rule: rooms of the origin's type or with at least its seats; its own
# wing first, then by difference of the numbers, of the letters, then by name.
ORDERS = {
    "L213": "L218 L224 L226 L312 L316 L027 V124 V107 V106A V106B BIBLIO V334",
    "V106A": "V107",
    "BIBLIO": "V106A V106B V107 V115 V116 V124 V334 L027 L213 L218 L224 L226 L312 L316",
    "V005C": (
        "V005B V005D V005A BIBLIO V106B V106A V107 V111 V112 V115 V116 V119 V124 V334 V335 "
        "L019 L026 L027 L209 L210 L211 L213 L218 L224 L226 L227 L228 L312 L313 L316 L318 L319 L321 L322"
    ),
}


def of(key: str, *bookings: Booking, **fields: object) -> Known:
    """Make one of the school's rooms, free unless told."""
    state = RoomState(
        key=RoomKey(key),
        info=SCHOOL[RoomKey(key)],
        bookings={b.id: b for b in bookings},
        kiosks={DOOR: at("00:00")},
    )
    return known(replace(state, **fields))


def all_free() -> list[Known]:
    return [of(key) for key in SCHOOL]


def ask(rooms: list[Known], origin: str = "L213", clock: str = NOON, **wish: object) -> Answer:
    return find(rooms, replace(Wish(origin=RoomKey(origin)), **wish), at(clock))


def keys(answer: Answer) -> list[str]:
    return [candidate.room for candidate in answer.rooms]


def school_with(*changed: Known) -> list[Known]:
    """Take the whole school, some of whose rooms are not as usual."""
    special = {k.room.key: k for k in changed}
    return [special.get(k.room.key, k) for k in all_free()]


def refusal(k: Known, origin: str = "L213", clock: str = NOON, **wish: object) -> tuple[str, object] | None:
    """Tell why a room was refused, in a school where it is the only other one."""
    answer = ask([of(origin), k], origin, clock, **wish)
    if answer.rooms:
        assert keys(answer) == [k.room.key]
        assert answer.refused == ()
        return None
    (refused,) = answer.refused
    assert refused.room == refused.name == k.room.key
    return refused.why, refused.at


# -- order ----------------------------------------------------------------------------------------


def test_the_school_has_35_rooms() -> None:
    assert len(SCHOOL) == 35


@pytest.mark.parametrize("origin", ORDERS)
def test_the_whole_order_of_a_room(origin: str) -> None:
    assert keys(ask(all_free(), origin)) == ORDERS[origin].split()


def nearest_by_hand(rooms: dict[RoomKey, RoomInfo], wish: Wish) -> list[RoomKey]:
    """The rule again, in the plainest way: take the nearest of what is left until nothing is."""
    origin = rooms[wish.origin]
    left = []
    for key, info in rooms.items():
        fits = (
            info.seats >= wish.seats
            if wish.seats is not None
            else info.type == origin.type or info.seats >= origin.seats
        )
        if wish.whiteboard:
            fits = fits and info.whiteboard
        if wish.blackboard:
            fits = fits and info.blackboard
        if wish.projector:
            fits = fits and (info.projector or info.tv)
        if fits and key != wish.origin:
            left.append(key)

    def nearer(one: RoomKey, two: RoomKey) -> bool:
        a, b = rooms[one], rooms[two]
        if (a.wing == origin.wing) != (b.wing == origin.wing):
            return a.wing == origin.wing
        if abs(a.number - origin.number) != abs(b.number - origin.number):
            return abs(a.number - origin.number) < abs(b.number - origin.number)
        alphabet = " ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        here, mine, others = (alphabet.index(info.letter or " ") for info in (origin, a, b))
        if abs(mine - here) != abs(others - here):
            return abs(mine - here) < abs(others - here)
        return one < two

    ordered = []
    while left:
        best = left[0]
        for key in left:
            if nearer(key, best):
                best = key
        left.remove(best)
        ordered.append(best)
    return ordered


WISHES = st.builds(
    Wish,
    origin=st.sampled_from(sorted(SCHOOL)),
    seats=st.none() | st.integers(min_value=1, max_value=140),
    whiteboard=st.booleans(),
    blackboard=st.booleans(),
    projector=st.booleans(),
)


@settings(deadline=None, max_examples=150)
@given(WISHES, st.randoms(use_true_random=False))
def test_the_order_is_that_of_brute_force_whatever_the_order_of_the_rooms(
    wish: Wish, shuffler: random.Random
) -> None:
    rooms = all_free()
    shuffler.shuffle(rooms)
    assert keys(find(rooms, wish, at(NOON))) == nearest_by_hand(SCHOOL, wish)


@pytest.mark.parametrize("origin", sorted(SCHOOL))
def test_every_room_has_the_order_of_brute_force(origin: str) -> None:
    assert keys(ask(all_free(), origin)) == nearest_by_hand(SCHOOL, Wish(origin=RoomKey(origin)))


def test_rooms_at_the_same_distance_come_in_the_order_of_their_keys() -> None:
    info = RoomInfo(name="x", wing="L", number=10)
    rooms = [
        known(RoomState(key=RoomKey(key), info=replace(info, number=number, letter=letter)))
        for key, number, letter in [
            ("origin", 10, "B"),
            ("z", 11, "B"),
            ("a", 9, "B"),
            ("m", 11, "A"),
            ("k", 11, "C"),
            ("n", 9, "c"),
        ]
    ]
    for seed in range(10):
        random.Random(seed).shuffle(rooms)
        assert keys(ask(rooms, "origin")) == ["a", "z", "k", "m", "n"]


# -- which rooms ----------------------------------------------------------------------------------


def test_without_a_number_of_seats_rooms_of_the_type_or_as_large_are_asked_for() -> None:
    assert refusal(of("BIBLIO"), "L213") is None, "the same type, fewer seats"
    assert refusal(of("V107"), "L213") is None, "another type, more seats"
    assert refusal(of("L019"), "L213") == ("too-small", None)


def test_with_a_number_of_seats_the_type_does_not_matter() -> None:
    assert refusal(of("V115"), "L213", seats=32) is None
    assert refusal(of("V115"), "L213", seats=33) == ("too-small", None)
    assert refusal(of("BIBLIO"), "L213", seats=31) == ("too-small", None), "of the type, but too small"
    assert refusal(of("L019"), "L213", seats=12) is None


def test_equipment_is_that_of_the_candidate() -> None:
    assert refusal(of("L218"), whiteboard=True) == ("no-whiteboard", None)
    assert refusal(of("L218"), blackboard=True) is None
    assert refusal(of("L226"), blackboard=True) == ("no-blackboard", None)
    assert refusal(of("L226"), whiteboard=True) is None


def test_a_television_satisfies_who_asks_for_a_projector() -> None:
    assert SCHOOL[RoomKey("L226")].tv
    assert not SCHOOL[RoomKey("L226")].projector
    assert refusal(of("L226"), projector=True) is None
    assert refusal(of("L218"), projector=True) is None
    assert refusal(of("V112"), "L213", seats=10, projector=True) == ("no-projector", None)


def test_the_origin_itself_is_never_an_answer() -> None:
    answer = ask([of("L213")])
    assert (answer.rooms, answer.refused) == ((), ())


def test_a_room_that_is_retired_or_was_never_declared_is_none() -> None:
    answer = ask([of("L213"), of("L218", retired=True), of("L224", info=None)])
    assert (answer.rooms, answer.refused) == ((), ())


@pytest.mark.parametrize("fields", [None, {"retired": True}, {"info": None}])
def test_a_search_from_a_room_that_is_none_says_so(fields: dict[str, object] | None) -> None:
    rooms = [of("L218")] + ([of("L213", **fields)] if fields is not None else [])
    with pytest.raises(UnknownRoom, match="no room 'L213' here"):
        ask(rooms)


# -- why not --------------------------------------------------------------------------------------


def test_a_room_in_use_is_refused_until_its_booking_ends() -> None:
    k = of("L218", booking("11:00", "13:00", confirmed_at="11:00"))
    assert refusal(k) == ("in-use", at("13:00"))


def test_an_occupied_room_is_refused_until_the_presence_ends() -> None:
    k = of("L218")
    assert refusal(replace(k, room=after(k.room, ("11:30", "present")))) == ("occupied", at("12:30"))


def test_a_booked_room_is_refused_even_if_it_is_empty() -> None:
    assert refusal(of("L218", booking("11:00", "13:00"))) == ("booked", at("13:00"))


def test_a_released_room_counts() -> None:
    k = of("L218", booking("11:30", "13:00"))
    released = replace(k, rules=replace(k.rules, policy=Policy(release=True, unknown_after=1440)))
    answer = ask([of("L213"), released])
    assert [(c.room, c.released) for c in answer.rooms] == [("L218", True)]
    assert not any(c.released for c in ask(all_free()).rooms)


def test_a_room_of_which_nothing_is_known_is_refused() -> None:
    assert refusal(replace(of("L218"), readings={})) == ("unknown", None)


@pytest.mark.parametrize(
    ("start", "asked", "why"),
    [
        ("13:00", 60, None),
        ("12:59", 60, "booked-soon"),
        ("12:30", 30, None),
        ("12:29", 30, "booked-soon"),
        ("12:11", 5, None),
        ("12:10", 5, "booked-soon"),
        ("12:05", 5, "booked-soon"),
    ],
)
def test_a_room_must_be_free_for_all_of_the_time_and_not_booked_within_ten_minutes(
    start: str, asked: int, why: str | None
) -> None:
    told = refusal(of("L218", booking(start, "14:00")), minutes=asked)
    assert told == (None if why is None else (why, at(start)))


def test_without_a_number_of_minutes_the_policy_tells() -> None:
    k = of("L218", booking("12:45", "14:00"))
    assert refusal(k) == ("booked-soon", at("12:45"))
    assert refusal(replace(k, rules=replace(k.rules, policy=Policy(search=45, unknown_after=1440)))) is None


def test_a_closed_room_is_refused() -> None:
    closed = Rules(zone="Europe/Paris", closed=(ClosedDays(first=DAY, last=DAY),))
    assert refusal(replace(of("L218"), rules=closed)) == ("closed", None)
    night = Rules(zone="Europe/Paris", hours=Hours(friday="08:00-12:00"))
    assert refusal(replace(of("L218"), rules=night)) == ("closed", None)


def test_a_room_that_is_out_of_order_is_refused_until_it_is_back() -> None:
    closure = Closure(since=at("08:00"), text=EventId("c"))
    assert refusal(of("L218", closure=closure)) == ("out-of-order", None)
    back = replace(closure, until=at("15:00"))
    assert refusal(of("L218", closure=back)) == ("out-of-order", at("15:00"))
    assert refusal(of("L218", closure=replace(closure, until=at("12:00")))) is None


@pytest.mark.parametrize(("asked", "why"), [(60, None), (61, "closes-soon")])
def test_nothing_is_offered_beyond_closing(asked: int, why: str | None) -> None:
    rules = Rules(zone="Europe/Paris", policy=Policy(unknown_after=1440), hours=Hours(friday="08:00-13:00"))
    told = refusal(replace(of("L218"), rules=rules), minutes=asked)
    assert told == (None if why is None else (why, at("13:00")))


def test_the_first_reason_that_holds_is_told() -> None:
    broken = Closure(since=at("08:00"), text=EventId("c"))
    k = of("L019", booking("11:00", "13:00"), closure=broken)
    assert refusal(k) == ("too-small", None)
    assert refusal(k, seats=1, blackboard=True) == ("no-blackboard", None)
    assert refusal(k, seats=1) == ("out-of-order", None)
    assert refusal(replace(k, room=replace(k.room, closure=None)), seats=1) == ("booked", at("13:00"))


# -- the answer -----------------------------------------------------------------------------------


def test_an_answer_names_the_nearest_the_next_best_and_why_nearer_ones_were_refused() -> None:
    answer = ask(
        school_with(of("L218", booking("11:00", "13:00")), of("L226", booking("11:00", "13:00"))),
        "L213",
        seats=30,
    )
    assert keys(answer)[:3] == ["L224", "L312", "L316"]
    assert answer.rooms[0] == Candidate(room=RoomKey("L224"), name="L224", seats=48)
    by_room = {refused.room: refused for refused in answer.refused}
    assert by_room[RoomKey("L218")] == Refusal(
        room=RoomKey("L218"), name="L218", why="booked", at=at("13:00")
    )
    assert by_room[RoomKey("L211")].why == "too-small"
    assert RoomKey("L226") not in by_room, "it is farther than the one found"


def test_where_nothing_is_found_every_room_has_its_reason() -> None:
    answer = ask(all_free(), seats=1000)
    assert answer.rooms == ()
    assert len(answer.refused) == 34
    assert {refused.why for refused in answer.refused} == {"too-small"}


def test_a_candidate_is_free_until_its_next_booking_or_closing_whichever_is_first() -> None:
    rules = Rules(zone="Europe/Paris", policy=Policy(unknown_after=1440), hours=Hours(friday="08:00-18:00"))
    for start, until in (("15:00", "15:00"), ("19:00", "18:00")):
        k = replace(of("L218", booking(start, "20:00")), rules=rules)
        assert ask([of("L213"), k]).rooms[0].until == at(until)
    assert ask([of("L213"), of("L218")]).rooms[0].until is None


def test_a_candidate_in_another_wing_says_so() -> None:
    other = {c.room: c.other_wing for c in ask(all_free()).rooms}
    assert not other[RoomKey("L027")]
    assert other[RoomKey("V124")]


SLOTS = st.lists(
    st.tuples(st.sampled_from(sorted(SCHOOL)), st.integers(0, 40), st.integers(1, 12)), max_size=40
)


@settings(deadline=None, max_examples=60)
@given(WISHES, SLOTS, st.sampled_from([5, 30, 60, 120]))
def test_a_room_is_found_exactly_when_no_booking_touches_the_time_asked_for(
    wish: Wish, slots: list[tuple[str, int, int]], asked: int
) -> None:
    taken: dict[str, list[Booking]] = {}
    for n, (key, start, length) in enumerate(slots):
        begin = at("08:00") + timedelta(minutes=15 * start)
        taken.setdefault(key, []).append(booking(begin, begin + timedelta(minutes=15 * length), f"b{n}"))
    answer = find([of(key, *taken.get(key, [])) for key in SCHOOL], replace(wish, minutes=asked), at(NOON))
    needed = at(NOON) + timedelta(minutes=max(asked, 11))  # not booked within ten minutes, ten included

    def free(key: RoomKey) -> bool:
        return not any(b.start < needed and b.end > at(NOON) for b in taken.get(key, []))

    fitting = nearest_by_hand(SCHOOL, wish)
    expected = [key for key in fitting if free(key)]
    assert [c.room for c in answer.rooms] == expected
    if expected:
        nearer = set(fitting[: fitting.index(expected[0])])
        assert nearer <= {refused.room for refused in answer.refused}
    assert not {c.room for c in answer.rooms} & {refused.room for refused in answer.refused}
    assert len({r.room for r in answer.refused}) == len(answer.refused)


def test_a_search_before_midnight_looks_into_the_next_day() -> None:
    tomorrow: date = DAY + timedelta(days=1)
    k = of("L218", booking(at("00:15", tomorrow), at("08:00", tomorrow)))
    assert refusal(k, clock="23:30") == ("booked-soon", at("00:15", tomorrow))
