"""When a reading is not believed at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from scraper.diff import Known, Seen
from scraper.doubt import Span, suspicion
from tests.scraper.test_diff import DAY, L218, hours, known, seen

TODAY: Span = (hours(0), hours(24))
TOMORROW: Span = (hours(24), hours(48))
YESTERDAY: Span = (hours(-24), hours(0))


def doubt(before: Sequence[Known], now: Sequence[Seen], *, missing: int = 0, rooms: int = 35) -> str:
    return suspicion(before, now, days=[TODAY, TOMORROW], missing=missing, rooms=rooms)


@pytest.mark.parametrize(
    ("was", "now", "suspect"),
    [
        (6, 3, False),
        (6, 2, True),
        (6, 0, True),
        (5, 0, False),
        (7, 3, True),
        (7, 4, False),
        (0, 0, False),
        (100, 50, False),
        (100, 49, True),
    ],
)
def test_a_day_that_lost_most_of_at_least_six_bookings_is_suspect(
    was: int, now: int, *, suspect: bool
) -> None:
    before = [known(n / 10, n / 10 + 0.1, name=f"b{n}") for n in range(was)]
    read = [seen(n / 10, n / 10 + 0.1) for n in range(now)]
    assert doubt(before, read) == (f"only {now} bookings, where {was} were known" if suspect else "")


def test_each_day_is_judged_by_itself() -> None:
    before = [known(n, n + 1, name=f"b{n}") for n in range(8, 16)]
    before += [known(24 + n, 25 + n, name=f"c{n}") for n in range(8, 16)]
    only_tomorrow = [seen(24 + n, 25 + n) for n in range(8, 16)]
    assert doubt(before, only_tomorrow) == "only 0 bookings, where 8 were known"


@pytest.mark.parametrize(
    ("missing", "rooms", "suspect"),
    [(2, 4, False), (3, 4, True), (3, 3, False), (17, 35, False), (18, 35, True), (0, 0, False)],
)
def test_a_reading_that_does_not_speak_of_most_rooms_is_suspect(
    missing: int, rooms: int, *, suspect: bool
) -> None:
    why = doubt([], [], missing=missing, rooms=rooms)
    assert why == (f"says nothing of {missing} of {rooms} rooms" if suspect else "")


def test_a_page_that_repeats_the_day_before_is_suspect() -> None:
    yesterday = [known(n - 24, n - 23, f"course {n}", name=f"y{n}") for n in range(8, 16)]
    today = [known(n, n + 1, f"lab {n}", name=f"t{n}") for n in range(8, 16)]
    repeated = [seen(n, n + 1, f"course {n}") for n in range(8, 16)]
    other = [*repeated[:-1], seen(15, 16, "course 15", room=L218)]

    def of(now: Sequence[Seen], expected: Sequence[Known]) -> str:
        return suspicion(
            expected, now, days=[TODAY], missing=0, rooms=35, before=yesterday, day_before=YESTERDAY
        )

    assert of(repeated, today) == "repeats the 8 bookings of the day before"
    assert of(other, today) == ""
    same = [known(n, n + 1, f"course {n}", name=f"t{n}") for n in range(8, 16)]
    assert of(repeated, same) == "", "what was known to be the same on both days is no surprise"
    assert DAY - hours(-24) == timedelta(days=1)


def test_why_a_reading_is_suspect_holds_no_title() -> None:
    before = [known(n, n + 1, "CANARY", name=f"b{n}") for n in range(10)]
    assert "CANARY" not in doubt(before, [seen(9, 10, "CANARY")], rooms=4)
