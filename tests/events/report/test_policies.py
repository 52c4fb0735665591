"""Rules of release, tried on what happened."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import domain as e
from events.decide import decide_motion
from events.ids import EventId
from events.report.policies import BackTest, back_test
from events.report.spans import HOUR, MINUTE
from events.status import known, status_at
from tests.events.builders import PARIS, ROOM
from tests.events.report.diary import DOOR, Diary

RULES = (5, 10, 15, 20, 30)


def tried(diary: Diary) -> BackTest:
    facts = diary.ends().facts()
    return back_test(diary.days(), RULES, facts.newest)


def reasons(test: BackTest) -> list[str]:
    return [why for why, count in test.exempt.items() for _ in range(count)]


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


def test_a_press_while_the_booking_before_is_in_use_confirms_only_that_as_at_the_doors() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "10:00", "11:00")
    diary.presses("09:02")
    assert diary.presses("09:57").confirms == ("b1",)
    assert status_at(known(diary.school, diary.school.rooms[ROOM]), diary.at("10:16")).name == "booked"
    outcomes = tried(diary).outcomes
    assert [(one.released, one.came_later) for one in outcomes] == [(1, 1)] * 5
    assert [one.given_back for one in outcomes] == [0] * 5
    assert [one.taken_away // MINUTE for one in outcomes] == [55, 50, 45, 40, 30]


@given(
    hours=st.sets(st.integers(8, 17), min_size=1, max_size=8),
    presses=st.lists(
        st.tuples(st.integers(7 * 60, 19 * 60), st.sampled_from(["present", "leaving"])),
        max_size=12,
        # One button: of two presses at one instant the id says which is newer.
        unique_by=lambda press: press[0],
    ),
    after=st.sampled_from(RULES),
)
@settings(max_examples=150, deadline=None)
def test_a_rule_takes_away_what_a_server_under_that_rule_would_have_released(
    hours: set[int], presses: list[tuple[int, e.Intent]], after: int
) -> None:
    diary = Diary(policy=e.Policy(unknown_after=24 * 60, release=True, release_after=after))
    for hour in sorted(hours):
        diary.books(f"b{hour}", f"{hour:02}:00", f"{hour + 1:02}:00")
    told = [(diary.at(f"{minute // 60:02}:{minute % 60:02}:30"), intent) for minute, intent in presses]
    moments = [(diary.at(f"{hour:02}:{after:02}"), "") for hour in hours]
    released = 0
    for at, intent in sorted([*told, *moments]):
        if intent:
            diary.presses(f"{at.astimezone(PARIS):%H:%M:%S}", cast("e.Intent", intent))
            continue
        k = known(diary.school, diary.school.rooms[ROOM])
        status = status_at(k, at)
        unconfirmed = [
            b for b in k.room.bookings.values() if b.id == status.booking and b.confirmed_at is None
        ]
        released += status.released and bool(unconfirmed)
    facts = diary.ends().facts()
    (outcome,) = back_test(diary.days(), [after], facts.newest).outcomes
    assert outcome.released == released


def test_a_motion_that_counts_confirms_as_a_press_does() -> None:
    diary = Diary(policy=e.Policy(unknown_after=24 * 60, motion_counts_for=15))
    diary.books("b1", "09:00", "11:00")
    at = diary.goes_on_to("09:08")
    decision = decide_motion(
        diary.school.rooms[ROOM], name=EventId("m"), seen_at=at, policy=diary.school.rules.policy
    )
    motion = e.MotionSeen(
        room=ROOM, kiosk=DOOR, effect=decision.effect, until=decision.until, confirms=decision.confirms
    )
    diary.tell(motion, at=at)
    assert [one.released for one in tried(diary).outcomes] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("diary_of", "why"),
    [
        (lambda d: d.books("b1", "09:00", "12:00"), "long"),
        (lambda d: d.books("b1", "09:00", "11:00", kind="exam"), "kind"),
        (lambda d: d.books("b1", "09:00", "11:00", at="08:31"), "late"),
    ],
    ids=["three hours", "an exam", "entered at the last moment"],
)
def test_what_the_school_exempts_is_touched_by_no_rule(diary_of: object, why: str) -> None:
    diary = Diary()
    diary_of(diary)  # type: ignore[operator]
    test = tried(diary)
    assert (test.due, reasons(test), [one.released for one in test.outcomes]) == (1, [why], [0] * 5)


def test_exempt_rooms_are_those_of_the_policy_in_force() -> None:
    diary = Diary(policy=e.Policy(release_exempt_rooms=(ROOM,)))
    diary.books("b1", "09:00", "11:00")
    assert reasons(tried(diary)) == ["room"]


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


def test_nothing_is_given_back_of_a_room_that_another_booking_holds() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.books("b2", "10:00", "12:00")
    diary.presses("10:20")
    fifteen = next(one for one in tried(diary).outcomes if one.after == 15)
    assert (fifteen.released, fifteen.given_back // MINUTE) == (2, 45)


def test_nothing_is_given_back_of_a_room_that_is_out_of_order() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.tell(e.RoomClosed(room=ROOM), at="10:00")
    assert [one.given_back // MINUTE for one in tried(diary).outcomes] == [55, 50, 45, 40, 30]
