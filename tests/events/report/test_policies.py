"""Rules of release, tried on what happened."""

from __future__ import annotations

import pytest

from events import domain as e
from events.report.policies import BackTest, back_test
from events.report.spans import HOUR, MINUTE
from tests.events.builders import ROOM
from tests.events.report.diary import Diary

RULES = (5, 10, 15, 20, 30)


def tried(diary: Diary) -> BackTest:
    facts = diary.ends().facts()
    return back_test(diary.days(), RULES, facts.newest)


def test_a_booking_that_nobody_came_to_gives_back_the_rest_of_it_under_each_rule() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    outcomes = tried(diary).outcomes
    assert [one.given_back // MINUTE for one in outcomes] == [115, 110, 105, 100, 90]
    assert [one.came_later for one in outcomes] == [0] * 5


def test_one_that_somebody_came_to_is_taken_away_by_the_rules_before() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.presses("09:12")
    outcomes = tried(diary).outcomes
    assert [one.released for one in outcomes] == [1, 1, 0, 0, 0]
    assert [one.came_later for one in outcomes] == [1, 1, 0, 0, 0]
    assert [one.given_back // MINUTE for one in outcomes] == [7, 2, 0, 0, 0]
    assert outcomes[0].taken_away // MINUTE == 108
    assert outcomes[0].fields()["came_later_share"] == 1.0


def test_those_who_come_early_for_the_next_booking_confirm_only_that() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.books("b2", "11:00", "12:00")
    diary.presses("10:55")
    outcomes = tried(diary).outcomes
    assert [(one.released, one.came_later) for one in outcomes] == [(1, 0)] * 5


@pytest.mark.parametrize(
    "diary_of",
    [
        lambda d: d.books("b1", "09:00", "12:00"),
        lambda d: d.books("b1", "09:00", "11:00", kind="exam"),
        lambda d: d.books("b1", "09:00", "11:00", at="08:31"),
    ],
    ids=["three hours", "an exam", "entered at the last moment"],
)
def test_what_the_school_exempts_is_touched_by_no_rule(diary_of: object) -> None:
    diary = Diary()
    diary_of(diary)  # type: ignore[operator]
    test = tried(diary)
    assert (test.due, test.exempt, [one.released for one in test.outcomes]) == (1, 1, [0] * 5)


def test_exempt_rooms_are_those_of_the_policy_in_force() -> None:
    diary = Diary(policy=e.Policy(release_exempt_rooms=(ROOM,)))
    diary.books("b1", "09:00", "11:00")
    assert tried(diary).exempt == 1


def test_without_a_door_that_watches_nothing_is_released() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.leaves("09:03")
    test = tried(diary)
    assert (test.unobserved, test.outcomes[0].eligible) == (1, 0)


def test_a_booking_cancelled_after_its_start_gives_back_only_what_it_still_held() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.cancels("b1", "09:25")
    assert [one.given_back // MINUTE for one in tried(diary).outcomes] == [20, 15, 10, 5, 0]


def test_what_people_left_early_is_given_back_under_every_rule() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.presses("09:00")
    diary.presses("10:00", "leaving")
    test = tried(diary)
    assert test.left_early == HOUR
    assert [one.released for one in test.outcomes] == [0] * 5
