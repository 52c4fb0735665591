"""Hours as written and as drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.hours import (
    DAY,
    Drawn,
    Grid,
    Place,
    Written,
    calibrated,
    hours_in,
    is_clock,
    is_full,
    settled,
    strict_hours,
)

DAYTIME = tuple(range(8 * 60, 20 * 60, 30))
WHOLE_DAY = tuple(range(0, DAY, 30))


def even(starts: tuple[int, ...], width: float = 50.0) -> Grid:
    return Grid(starts, starts[-1] + 30, tuple(i * width for i in range(len(starts) + 1)))


def written(text: str) -> Written | None:
    found = strict_hours(f"({text}) Title")
    assert found is not None
    assert found[1] == " Title"
    return found[0]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("09:00-12:30 Anglais", 540, 750),
        ("Anglais, 9h-12h30", 540, 750),
        ("9 h 00 à 12 h 30", 540, 750),
        ("9:00 AM - 1:30 PM", 540, 810),
        ("12:00 am to 12:00 pm", 0, 720),
        ("de 8.15 bis 9.45", 495, 585),
        ("20:00-24:00", 1200, 1440),
    ],
)
def test_ranges_are_found_as_people_write_them(text: str, start: int, end: int) -> None:
    found = hours_in(text)
    assert found is not None
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    "text", ["", "MS GAZ 2022-2023", "25:00-26:00", "09:61-10:00", "13:00 pm-14:00", "9-12"]
)
def test_what_is_no_range_of_hours_is_none(text: str) -> None:
    assert hours_in(text) is None


def test_midnight_at_the_end_is_the_day_s_end_however_it_is_written() -> None:
    grid = even(WHOLE_DAY)
    for text in ("20:00-00:00", "20:00-24:00"):
        result = settled(written(text), Place(False, False, Drawn(2000.0, 2400.0), grid))
        assert (result.start, result.end, result.problem) == (1200, DAY, "")


def test_a_booking_past_midnight_on_a_drawing_that_goes_on_is_read() -> None:
    grid = even(tuple(range(480, 1560, 30)))
    drawn = Drawn((1380 - 480) / 30 * 50, (1500 - 480) / 30 * 50)
    result = settled(written("23:00-01:00"), Place(False, False, drawn, grid))
    assert (result.start, result.end, result.problem) == (1380, 1500, "")


def test_an_end_before_the_start_is_unsure_where_nothing_is_drawn() -> None:
    result = settled(written("14:00-13:00"), Place(False, False))
    assert (result.start, result.end) == (840, DAY)
    assert result.problem


def test_marks_of_a_cut_away_from_the_edge_are_not_believed() -> None:
    grid = even(DAYTIME)
    place = Place(cut_at_start=True, cut_at_end=False, drawn=Drawn(200.0, 300.0), grid=grid)
    assert settled(written("10:00-11:00"), place).problem


@given(st.integers(0, 1439), st.integers(1, 1440), st.floats(0.5, 20))
def test_what_is_drawn_where_it_is_written_is_certain(start: int, length: int, scale: float) -> None:
    end = min(start + length, DAY)
    grid = even(WHOLE_DAY, 30 * scale)
    written = Written(start, end % DAY, strict=True)
    drawn = Drawn(start * scale, end * scale)
    result = settled(written, Place(cut_at_start=False, cut_at_end=False, drawn=drawn, grid=grid))
    assert (result.start, result.end, result.problem) == (start, end, "")


@given(
    a=st.integers(0, 1440),
    b=st.integers(0, 1440),
    cuts=st.tuples(st.booleans(), st.booleans()),
    strict=st.booleans(),
    data=st.data(),
)
def test_unsure_hours_cover_what_is_drawn(
    a: int,
    b: int,
    cuts: tuple[bool, bool],
    *,
    strict: bool,
    data: st.DataObject,
) -> None:
    grid = even(DAYTIME)
    low = data.draw(st.integers(480, 1199))
    high = data.draw(st.integers(low + 1, 1200))
    pixel = [grid.pixel(minute) for minute in (low, high)]
    assert pixel[0] is not None
    assert pixel[1] is not None
    place = Place(*cuts, Drawn(pixel[0], pixel[1]), grid)
    result = settled(Written(a, b, strict=strict), place)
    assert 0 <= result.start < result.end <= 2 * DAY
    if result.problem:
        assert result.start <= low + 3
        assert result.end >= high - 3


def test_the_scale_is_what_most_bookings_agree_with() -> None:
    at = [(600, 660), (700, 760), (800, 900)]
    plain = [(Written(a, b, strict=True), Drawn((a - 480) * 1.7, (b - 480) * 1.7)) for a, b in at]
    plain.append((Written(480, 500, strict=True), Drawn(900.0, 950.0)))
    grid = calibrated(DAYTIME, 1200, [[30.0] * 23], [720.0], plain, [at for _, at in plain])
    assert grid is not None
    assert grid.fits(840, 360 * 1.7)


def test_a_last_slot_of_which_nothing_is_known_may_be_stretched_or_not() -> None:
    plain = [(Written(600, 660, strict=True), Drawn(120.0, 180.0))]
    grid = calibrated(DAYTIME, 1200, [[30.0] * 23], [760.0, 720.0], plain, [Drawn(0.0, 700.0)])
    assert grid is not None
    assert grid.fits(1185, 690 + 70 / 2)
    assert grid.fits(1185, 690 + 30 / 2)
    assert not grid.fits(1100, 690)


def test_no_scale_is_better_than_one_that_most_bookings_contradict() -> None:
    plain = [(Written(600, 660, strict=True), Drawn(float(x), float(x + 10))) for x in (5, 300, 90, 700)]
    assert calibrated(DAYTIME, 1200, [], [1200.0], plain, [Drawn(0.0, 1200.0)]) is None


@pytest.mark.parametrize(
    "text", ["(09:00-12:30) A", " (9:00-12:30) A", "(09:00 - 12:30) A", "(09:00\N{EN DASH}12:30) A"]
)
def test_the_usual_form_is_read_with_small_liberties(text: str) -> None:
    assert strict_hours(text) == (Written(540, 750, strict=True), " A")


@given(st.text(max_size=20), st.text(max_size=5))
def test_the_quick_way_and_the_slow_way_agree(text: str, rest: str) -> None:
    for candidate in (text, f"({text}){rest}"):
        if is_full(candidate):
            assert strict_hours(candidate) == strict_hours(" " + candidate)


@pytest.mark.parametrize("text", ["10", "10:00", "10h", "9:30 - 11:00", "9h-12h30", "10 Uhr", "9a", "1:30pm"])
def test_a_time_by_itself_is_told_from_a_title(text: str) -> None:
    assert is_clock(text)


@pytest.mark.parametrize("text", ["", "Cours 10", "10:00 Cours", "101 bis", "A 9h"])
def test_a_title_with_a_number_is_no_time(text: str) -> None:
    assert not is_clock(text)


def test_a_booking_drawn_as_narrow_as_can_be_may_be_shorter() -> None:
    grid = even(DAYTIME)
    for minutes, problem in ((5, False), (18, False), (30, True)):
        place = Place(False, False, Drawn(200.0, 230.0, widened=True), grid)
        result = settled(Written(600, 600 + minutes, strict=True), place)
        assert bool(result.problem) == problem
    assert settled(Written(600, 605, strict=True), Place(False, False, Drawn(200.0, 230.0), grid)).problem


def test_hours_of_the_next_day_are_told_from_this_one_s_by_their_place() -> None:
    grid = even(tuple(range(480, 1560, 30)))
    drawn = Drawn((1470 - 480) / 30 * 50, (1530 - 480) / 30 * 50)
    result = settled(written("00:30-01:30"), Place(False, False, drawn, grid))
    assert (result.start, result.end, result.problem) == (1470, 1530, "")
