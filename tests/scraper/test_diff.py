"""The difference between what was known of a source and what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import Recorded
from events.ids import BookingId, EventId, RoomKey, SourceName
from events.personal import read_text
from events.state import Booking, RoomState, fold
from scraper.diff import (
    Added,
    Change,
    Changed,
    Known,
    Removed,
    Seen,
    diff,
    join_at_midnight,
)
from scraper.facts import Lens
from scraper.reading import Slot

DAY = datetime(2026, 11, 20, tzinfo=UTC)
"""Midnight, in a school whose zone is UTC: what a local day is, is not this module's business."""
WINDOW = (DAY, DAY + timedelta(days=1))
WEEK = (DAY, DAY + timedelta(days=7))
L213, L218 = RoomKey("L213"), RoomKey("L218")
OASIS = SourceName("oasis")
LENS = Lens(
    source=OASIS, key=b"k" * 32, kinds=(), rooms={"L213": L213, "L218": L218, "V107": RoomKey("V107")}
)


def hours(count: float) -> datetime:
    """Tell the instant so many hours after the day began; hours of other days are beyond 0 and 24."""
    return DAY + timedelta(hours=count)


def slot(start: float, end: float, title: str = "Algebra", **fields: object) -> Slot:
    return replace(Slot(start=hours(start), end=hours(end), title=title), **fields)


def seen(
    start: float,
    end: float,
    title: str = "Algebra",
    *,
    room: RoomKey = L213,
    source_id: str | None = None,
    **fields: object,
) -> Seen:
    of = slot(start, end, title, source_id=source_id, **fields)
    return Seen(room=room, slot=of, series=LENS.series_of(title), name=LENS.name_of(of))


def known(
    start: float,
    end: float,
    title: str | None = "Algebra",
    *,
    name: str = "b1",
    room: RoomKey = L213,
    series_of: str = "Algebra",
    **fields: object,
) -> Known:
    booking = Booking(
        id=BookingId(name),
        source=OASIS,
        start=hours(start),
        end=hours(end),
        first_seen=DAY,
        text=EventId("e"),
        month="2026-11",
        series=LENS.series_of(series_of if title is None else title),
    )
    return Known(room=room, booking=replace(booking, **fields), title=title, series=booking.series)


def compare(
    before: Sequence[Known], now: Sequence[Seen], window: tuple[datetime, datetime] = WINDOW
) -> list[Change]:
    return diff(before, now, window)


# -- the same booking -----------------------------------------------------------------------------


def test_nothing_known_and_nothing_read_is_nothing() -> None:
    assert compare([], []) == []


def test_what_is_as_it_was_is_no_change() -> None:
    assert (
        compare([known(9, 10), known(10, 11, "Physics", name="b2")], [seen(9, 10), seen(10, 11, "Physics")])
        == []
    )


def test_a_booking_that_was_not_known_is_added() -> None:
    assert compare([], [seen(9, 10)]) == [Added(seen=seen(9, 10))]


def test_a_booking_that_was_not_read_is_removed() -> None:
    assert compare([known(9, 10)], []) == [Removed(known=known(9, 10))]


def test_the_same_title_at_other_hours_in_the_same_room_was_rescheduled() -> None:
    assert compare([known(9, 10)], [seen(14, 15)]) == [Changed(known=known(9, 10), seen=seen(14, 15))]


def test_another_title_at_the_same_hours_in_the_same_room_was_retitled() -> None:
    assert compare([known(9, 10)], [seen(9, 10, "Physics")]) == [
        Changed(known=known(9, 10), seen=seen(9, 10, "Physics"))
    ]


def test_another_spelling_of_the_title_is_a_change_of_the_title_only() -> None:
    (change,) = compare([known(9, 10)], [seen(9, 10, "ALGEBRA")])
    assert isinstance(change, Changed)
    assert change.seen.series == change.known.series


def test_the_same_hours_and_title_in_another_room_were_moved_there() -> None:
    there = seen(9, 10, room=L218)
    assert compare([known(9, 10)], [there]) == [
        Removed(known=known(9, 10), moved_to=L218),
        Added(seen=there, moved=known(9, 10)),
    ]


def test_other_hours_and_another_title_are_another_booking() -> None:
    changes = compare([known(9, 10)], [seen(14, 15, "Physics")])
    assert changes == [Removed(known=known(9, 10)), Added(seen=seen(14, 15, "Physics"))]


def test_a_booking_in_both_rooms_that_stays_in_one_was_not_moved() -> None:
    changes = compare([known(9, 10), known(9, 10, name="b2", room=L218)], [seen(9, 10)])
    assert changes == [Removed(known=known(9, 10, name="b2", room=L218))]


def test_of_two_of_one_title_the_one_that_stayed_is_not_mistaken_for_the_one_that_moved() -> None:
    before = [known(9, 10), known(14, 15, name="b2")]
    changes = compare(before, [seen(14, 15), seen(16, 17)])
    assert changes == [Changed(known=before[0], seen=seen(16, 17))]


def test_what_changed_its_kind_of_hours_is_a_change() -> None:
    for mark in ("all_day", "unsure", "cut_at_start", "cut_at_end"):
        now = replace(seen(9, 10), slot=replace(slot(9, 10), **{mark: True}))
        (change,) = compare([known(9, 10)], [now])
        assert isinstance(change, Changed)
        assert change.seen.unsure is (mark != "all_day")
        again = known(9, 10, all_day=mark == "all_day", unsure=mark != "all_day")
        assert compare([again], [now]) == []


def test_a_booking_whose_title_was_forgotten_is_known_by_its_series() -> None:
    forgotten = known(9, 10, None)
    assert compare([forgotten], [seen(9, 10)]) == []
    assert compare([forgotten], [seen(9, 10, "  ALGEBRA ")]) == [], "spelling is forgotten, too"
    assert compare([forgotten], [seen(9, 10, "Physics")]) == [
        Changed(known=forgotten, seen=seen(9, 10, "Physics"))
    ]


def test_bookings_without_a_title_are_told_apart_by_their_hours() -> None:
    before = [known(9, 10, ""), known(11, 12, "", name="b2")]
    assert compare(before, [seen(9, 10, ""), seen(11, 12, "")]) == []


def test_two_bookings_that_are_all_the_same_stay_two() -> None:
    before = [known(9, 10), known(9, 10, name="b2")]
    assert compare(before, [seen(9, 10), seen(9, 10)]) == []
    assert compare(before, [seen(9, 10)]) == [Removed(known=before[0])] or compare(before, [seen(9, 10)]) == [
        Removed(known=before[1])
    ]
    assert compare(before[:1], [seen(9, 10), seen(9, 10)]) == [Added(seen=seen(9, 10))]


# -- the source's own ids -------------------------------------------------------------------------


def named(source_id: str) -> str:
    name = LENS.name_of(slot(0, 1, source_id=source_id))
    assert name is not None
    return name


def test_a_source_with_ids_is_followed_by_them_whatever_else_changed() -> None:
    before = known(9, 10, name=named("u1"))
    now = seen(14, 16, "Physics", source_id="u1")
    assert compare([before], [now]) == [Changed(known=before, seen=now)]
    there = seen(14, 16, "Physics", source_id="u1", room=L218)
    assert compare([before], [there]) == [
        Removed(known=before, moved_to=L218),
        Added(seen=there, moved=before),
    ]


def test_an_id_is_stronger_than_hours_and_title() -> None:
    before = [known(9, 10, name=named("u1")), known(14, 15, name=named("u2"))]
    now = [seen(14, 15, source_id="u1"), seen(9, 10, source_id="u2")]
    assert compare(before, now) == [
        Changed(known=before[1], seen=now[1]),
        Changed(known=before[0], seen=now[0]),
    ]


def test_one_id_in_three_rooms_is_one_booking_in_each() -> None:
    rooms = (L213, L218, RoomKey("V107"))
    now = [seen(9, 10, source_id="u1", room=room) for room in rooms]
    changes = compare([], now)
    assert [change.seen.room for change in changes if isinstance(change, Added)] == list(rooms)
    before = [known(9, 10, name=named("u1"), room=room) for room in rooms]
    assert compare(before, now) == []
    assert compare(before[:2], now) == [Added(seen=now[2])]
    assert compare(before, now[:2]) == [Removed(known=before[2])]


def test_an_id_that_stands_twice_in_one_room_makes_two_bookings() -> None:
    twice = [seen(9, 10, source_id="u1"), seen(14, 15, source_id="u1")]
    assert after({}, twice).read() == Counter({row(s): 1 for s in twice})
    assert after(after({}, twice).rooms, twice).changes == []


# -- midnight -------------------------------------------------------------------------------------


def test_pieces_that_touch_at_midnight_are_one_booking() -> None:
    pieces = [
        seen(20, 24, cut_at_end=True),
        seen(24, 48, cut_at_start=True, cut_at_end=True),
        seen(48, 50, cut_at_start=True),
    ]
    (whole,) = join_at_midnight(reversed(pieces))
    assert whole == seen(20, 50)
    assert not whole.unsure
    assert compare([], pieces, WEEK) == [Added(seen=whole)]
    assert compare([known(20, 50)], pieces, WEEK) == []


@pytest.mark.parametrize(
    "pieces",
    [
        [seen(20, 24), seen(24, 26)],
        [seen(20, 24, cut_at_end=True), seen(24, 26)],
        [seen(20, 24), seen(24, 26, cut_at_start=True)],
        [seen(20, 24, cut_at_end=True), seen(24, 26, "Physics", cut_at_start=True)],
        [seen(20, 24, cut_at_end=True), seen(24, 26, room=L218, cut_at_start=True)],
        [seen(20, 23, cut_at_end=True), seen(24, 26, cut_at_start=True)],
    ],
)
def test_what_only_looks_like_pieces_is_not_joined(pieces: list[Seen]) -> None:
    assert join_at_midnight(pieces) == sorted(pieces, key=lambda s: (s.room, s.slot.start))


def test_a_joined_booking_is_as_sure_as_its_least_sure_piece() -> None:
    pieces = [seen(20, 24, cut_at_end=True, unsure=True), seen(24, 26, cut_at_start=True)]
    assert join_at_midnight(pieces) == [seen(20, 26, unsure=True)]


def test_a_joined_booking_is_all_day_only_if_all_of_it_is() -> None:
    whole = [
        seen(0, 24, all_day=True, cut_at_end=True),
        seen(24, 48, all_day=True, cut_at_start=True),
    ]
    assert join_at_midnight(whole) == [seen(0, 48, all_day=True)]
    for n in (0, 1):
        part = list(whole)
        part[n] = replace(whole[n], slot=replace(whole[n].slot, all_day=False))
        assert join_at_midnight(part) == [seen(0, 48)]


def test_what_is_cut_at_the_edge_of_what_was_read_is_unsure() -> None:
    (change,) = compare([], [seen(20, 24, cut_at_end=True)])
    assert isinstance(change, Added)
    assert change.seen.unsure


# -- beyond the window ----------------------------------------------------------------------------


def test_a_cut_booking_keeps_the_hours_that_were_known_beyond_the_window() -> None:
    before = known(-3, 30)
    assert compare([before], [seen(0, 24, cut_at_start=True, cut_at_end=True)]) == []


def test_a_cut_booking_that_ends_earlier_than_was_known_keeps_its_known_start() -> None:
    (change,) = compare([known(-3, 10)], [seen(0, 9, cut_at_start=True)])
    assert isinstance(change, Changed)
    assert (change.seen.slot.start, change.seen.slot.end) == (hours(-3), hours(9))
    assert not change.seen.unsure


def test_a_booking_that_is_not_cut_any_more_ends_where_the_page_says() -> None:
    (change,) = compare([known(20, 30)], [seen(20, 24)])
    assert isinstance(change, Changed)
    assert change.seen.slot.end == hours(24)


def test_hours_that_were_never_seen_stay_unsure_however_often_the_window_moves_on() -> None:
    first = seen(0, 40, cut_at_start=True)
    assert first.unsure, "it began before the first day that was ever read"
    before = known(0, 40, unsure=True)
    tomorrow = (WINDOW[1], WINDOW[1] + timedelta(days=1))
    assert compare([before], [seen(24, 40, cut_at_start=True)], tomorrow) == []


# -- any two readings -----------------------------------------------------------------------------

Rooms = dict[RoomKey, RoomState]
Row = tuple[RoomKey, datetime, datetime, str, bool, bool]


class Outcome:
    """The rooms after a reading, with the titles that the events brought."""

    def __init__(self, rooms: Rooms, titles: dict[EventId, str], changes: list[Change]) -> None:
        self.rooms, self.titles, self.changes = rooms, titles, changes

    def read(self) -> Counter[Row]:
        """List what is known now, in the form in which it was read."""
        return Counter(
            (key, b.start, b.end, self.titles[b.text], b.all_day, b.unsure)
            for key, room in self.rooms.items()
            for b in room.bookings.values()
        )


def row(s: Seen) -> Row:
    return s.room, s.slot.start, s.slot.end, s.slot.title, s.slot.all_day, s.unsure


TITLES: dict[EventId, str] = {}


def after(rooms: Rooms, now: Sequence[Seen], window: tuple[datetime, datetime] = WINDOW) -> Outcome:
    """Do what the server does with a reading: compare, draft the facts, fold them."""
    before = [
        Known(room=key, booking=b, title=TITLES[b.text], series=b.series)
        for key, room in rooms.items()
        for b in room.bookings.values()
        if b.start < window[1] and b.end > window[0]
    ]
    changes = diff(before, now, window)
    rooms = dict(rooms)
    for drafted in LENS.facts(changes, DAY):
        key = RoomKey(drafted.stream.removeprefix("room/"))
        state = rooms.get(key, RoomState(key=key))
        if drafted.text is not None:
            TITLES[drafted.id] = read_text(drafted.text).title
        rooms[key] = fold(
            state,
            Recorded(
                seq=state.seq + 1,
                id=drafted.id,
                stream=drafted.stream,
                version=state.version + 1,
                at=drafted.at,
                recorded_at=drafted.at,
                event=drafted.event,
            ),
        )
    return Outcome(rooms, TITLES, changes)


@st.composite
def readings(draw: st.DrawFn, *, days: int = 1, ids: bool = False) -> list[Seen]:
    """Make a reading of few rooms, hours and titles, so that much is alike and much collides."""
    count = draw(st.integers(min_value=0, max_value=7))
    read: list[Seen] = []
    for _ in range(count):
        day = 24 * draw(st.integers(min_value=0, max_value=days - 1))
        start = draw(st.sampled_from([0, 9, 10, 20]))
        end = draw(st.sampled_from([11, 12, 24]))
        marks: dict[str, object] = {}
        if start == 0:
            marks["cut_at_start"] = draw(st.booleans())
        if end == 24:
            marks["cut_at_end"] = draw(st.booleans())
        if draw(st.integers(min_value=0, max_value=5)) == 0:
            marks[draw(st.sampled_from(["all_day", "unsure"]))] = True
        title = draw(st.sampled_from(["Algebra", "algebra", "Physics", ""]))
        source_id = draw(st.none() | st.sampled_from(["u1", "u2", "u3"])) if ids else None
        of = slot(day + start, day + max(end, start + 1), title, source_id=source_id, **marks)
        room = draw(st.sampled_from([L213, L218]))
        read.append(Seen(room=room, slot=of, series=LENS.series_of(title), name=LENS.name_of(of)))
    return read


@settings(deadline=None, max_examples=300)
@given(st.lists(readings(), min_size=1, max_size=4))
def test_applying_the_difference_gives_exactly_what_was_read(history: list[list[Seen]]) -> None:
    rooms: Rooms = {}
    for now in history:
        outcome = after(rooms, now)
        assert outcome.read() == Counter(row(s) for s in join_at_midnight(now))
        assert after(outcome.rooms, now).changes == [], "reading the same again changed something"
        assert after(outcome.rooms, list(reversed(now))).changes == [], "the order of reading matters"
        rooms = outcome.rooms


@settings(deadline=None, max_examples=300)
@given(st.lists(readings(ids=True), min_size=1, max_size=4))
def test_the_same_holds_for_a_source_with_ids_even_if_they_are_not_unique(history: list[list[Seen]]) -> None:
    rooms: Rooms = {}
    for now in history:
        outcome = after(rooms, now)
        assert outcome.read() == Counter(row(s) for s in join_at_midnight(now))
        assert after(outcome.rooms, now).changes == []
        rooms = outcome.rooms


@settings(deadline=None, max_examples=200)
@given(readings(days=3), readings(days=3))
def test_several_days_are_compared_as_one(one: list[Seen], two: list[Seen]) -> None:
    first = after({}, one, WEEK)
    assert first.read() == Counter(row(s) for s in join_at_midnight(one))
    second = after(first.rooms, two, WEEK)
    assert second.read() == Counter(row(s) for s in join_at_midnight(two))
    assert after(second.rooms, two, WEEK).changes == []


@settings(deadline=None, max_examples=200)
@given(readings(days=3), readings())
def test_a_reading_of_one_day_touches_no_other_day(week: list[Seen], one_day: list[Seen]) -> None:
    first = after({}, week, WEEK)
    second = after(first.rooms, one_day)
    outside = Counter({r: n for r, n in first.read().items() if not (r[1] < WINDOW[1] and r[2] > WINDOW[0])})
    assert outside <= second.read()
    assert after(second.rooms, one_day).changes == []
    for (key, start, end, *_), count in second.read().items():
        if start < WINDOW[1] and end > WINDOW[0]:
            assert count <= sum(s.room == key for s in one_day)


@settings(deadline=None, max_examples=200)
@given(readings(), readings())
def test_the_difference_is_no_larger_than_it_has_to_be(one: list[Seen], two: list[Seen]) -> None:
    first = after({}, one)
    before, now = first.read(), Counter(row(s) for s in join_at_midnight(two))
    changes = after(first.rooms, two).changes
    touched = sum(not isinstance(change, Added) for change in changes)
    assert touched >= sum((before - now).values())
    untouched = before & now
    kept = sum(before.values()) - touched
    assert kept == sum(untouched.values()), "what is as it was was touched"


def test_the_difference_does_not_depend_on_the_order_of_reading() -> None:
    before = [known(9, 10), known(11, 12, "Physics", name="b2")]
    now = [seen(14, 15), seen(11, 12, "Chemistry"), seen(16, 17, "Physics")]
    one, two = compare(before, now), compare(before[::-1], now[::-1])
    assert sorted(map(str, one)) == sorted(map(str, two))
