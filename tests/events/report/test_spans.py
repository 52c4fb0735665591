from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from events.report.days import CORE_HOURS
from events.report.spans import (
    HOUR,
    Span,
    covered,
    day_of_school,
    instant,
    length,
    micros,
    minutes,
    open_hours,
    overlap,
    union,
    without,
)

SPAN = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1]))
SPANS = st.lists(SPAN, max_size=8)


def points(spans: list[Span]) -> set[int]:
    return {point for start, end in spans for point in range(start, end)}


@given(SPANS)
def test_a_union_has_the_same_points_in_order_and_apart(spans: list[Span]) -> None:
    merged = union(spans)
    assert points(merged) == points(spans)
    assert all(start < end for start, end in merged)
    assert all(one[1] < other[0] for one, other in pairwise(merged))
    assert length(merged) == len(points(spans))


@given(SPANS, SPANS)
def test_overlap_and_rest_are_what_sets_of_points_say(ones: list[Span], others: list[Span]) -> None:
    a, b = union(ones), union(others)
    assert points(overlap(a, b)) == points(a) & points(b)
    assert points(without(a, b)) == points(a) - points(b)
    assert union(without(a, b)) == without(a, b)
    assert union(overlap(a, b)) == overlap(a, b)


@given(SPAN, SPANS)
def test_covered_is_when_nothing_is_left(span: Span, spans: list[Span]) -> None:
    assert covered(span, union(spans)) == (not points([span]) - points(spans))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001  # made aware below
def test_an_instant_comes_back_exactly(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert instant(micros(aware)) == aware


def test_minutes_are_told_to_a_hundredth() -> None:
    assert minutes(micros(datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC))) == 1.5
    assert minutes(100_000) == 0.0


def test_the_day_on_which_clocks_go_forward_has_23_hours_and_as_many_open_ones_as_any() -> None:
    day = date(2023, 3, 26)
    assert length([day_of_school("Europe/Paris", day)]) == 23 * HOUR
    for one in (day, day - timedelta(days=1)):
        assert length(open_hours(CORE_HOURS, "Europe/Paris", one)) == 10 * HOUR
