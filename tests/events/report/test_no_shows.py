"""No-shows: what counts as evidence, what nobody observed, and what contradicts the books."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from events import domain as e
from events.report.days import Rule, Scope, room_days
from events.report.evidence import Evidence, evidence
from events.report.no_shows import NoShows, no_shows
from tests.events.builders import DAY, ROOM
from tests.events.report.diary import OTHER, Diary

RULE = Rule()


def graded(diary: Diary, rule: Rule = RULE, *, corrected: bool = True) -> list[Evidence]:
    facts = diary.facts()
    return list(evidence(room_days(facts, diary.scope(corrected=corrected)), rule, facts.newest))


def grades(diary: Diary, rule: Rule = RULE, *, corrected: bool = True) -> list[str]:
    return [one.grade for one in graded(diary, rule, corrected=corrected)]


def booked(**options: object) -> Diary:
    diary = Diary(**options)  # type: ignore[arg-type]
    diary.books("b1", "09:00", "11:00")
    return diary


@pytest.mark.parametrize(
    ("pressed", "grade"),
    [("08:49:59", "no-show"), ("08:50", "confirmed"), ("09:14:59", "confirmed"), ("09:15", "no-show")],
)
def test_a_press_confirms_from_the_rule_s_begin_to_before_its_end(pressed: str, grade: str) -> None:
    diary = booked()
    diary.presses(pressed)
    assert grades(diary.ends()) == [grade]


def test_a_rule_may_go_to_the_booking_s_end() -> None:
    diary = booked()
    diary.presses("10:59")
    assert grades(diary.ends(), Rule(before=10, after=None)) == ["confirmed"]
    assert str(Rule(before=10, after=None)) == "-10..end"


def test_of_a_door_that_did_not_watch_through_the_window_nothing_is_said() -> None:
    diary = booked()
    diary.leaves("09:05")
    (one,) = graded(diary.ends())
    assert (one.grade, one.why, one.pressed) == ("unobserved", "door", False)


def test_a_door_that_was_only_cut_off_tells_later_that_it_watched() -> None:
    diary = booked()
    diary.leaves("09:05")
    diary.joins(at="10:00", since="00:00")
    assert grades(diary.ends()) == ["no-show"]


def test_a_press_is_evidence_also_where_the_door_did_not_watch() -> None:
    diary = booked(doors=False)
    diary.presses("09:01", received="12:00")
    assert grades(diary.ends()) == ["confirmed"]


def test_a_booking_cancelled_a_little_late_is_watched_until_then_only() -> None:
    diary = booked()
    diary.reads("08:58", outcome="unchanged")
    diary.cancels("b1", "09:05")
    diary.leaves("09:10")
    assert grades(diary.ends()) == ["no-show"]


def test_a_timetable_that_was_silent_for_too_long_before_a_start_makes_it_unobserved() -> None:
    diary = Diary(policy=e.Policy())
    diary.books("b1", "09:00", "11:00", at="04:00")
    (one,) = graded(diary.ends())
    assert (one.grade, one.why) == ("unobserved", "timetable")
    fresh = Diary(policy=e.Policy())
    fresh.books("b1", "09:00", "11:00", at="04:00")
    fresh.reads("05:00", outcome="unchanged")
    assert grades(fresh.ends()) == ["no-show"]


def test_a_booking_that_vanished_while_nobody_read_may_have_been_cancelled_in_time() -> None:
    diary = booked()
    diary.reads("08:50", outcome="unchanged")
    diary.cancels("b1", "09:20")
    (one,) = graded(diary.ends())
    assert (one.grade, one.why) == ("unobserved", "timetable")
    read = booked()
    for before, after in pairwise(["08:50", "08:58", "09:07", "09:16"]):
        read.reads(before, outcome="unchanged")
        read.reads(after, outcome="unchanged")
    read.cancels("b1", "09:20")
    assert grades(read.ends()) == ["no-show"]


def test_a_no_show_whose_room_somebody_used_later_is_contradicted() -> None:
    diary = booked()
    diary.presses("10:00")
    (one,) = graded(diary.ends())
    assert (one.grade, one.late, one.contradicted) == ("no-show", True, True)


def test_what_a_press_confirms_here_and_not_at_the_door_is_told_apart() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "10:00", "11:00")
    diary.presses("09:01")
    diary.presses("09:55")  # b1 is in use: its door takes this for b1
    diary.presses("13:58")
    diary.books("b3", "14:00", "15:00", at="14:02")
    found = {one.due.booking: one for one in graded(diary.ends())}
    assert {name: (one.grade, one.at_door) for name, one in found.items()} == {
        "b1": ("confirmed", True), "b2": ("confirmed", False), "b3": ("confirmed", False),
    }  # fmt: skip
    assert no_shows(found.values(), Rule(), "Europe/Paris").total.not_at_door == 2


def test_those_who_come_early_for_the_next_booking_contradict_nothing() -> None:
    diary = booked()
    diary.books("b2", "11:00", "12:00")
    diary.presses("10:52")
    one, other = graded(diary.ends())
    assert (one.grade, one.late, other.grade) == ("no-show", False, "confirmed")


def test_a_cancelled_booking_that_was_used_is_contradicted_and_not_due() -> None:
    diary = booked()
    diary.cancels("b1", "08:00")
    diary.presses("09:02")
    (one,) = graded(diary.ends())
    assert (one.cancelled, one.contradicted) == (True, True)
    total = counted(diary).total
    assert (total.due, total.cancelled_used, total.fields()["contradicted"]) == (0, 1, 1)


def test_a_window_that_is_not_over_when_the_log_ends_is_not_counted() -> None:
    diary = booked()
    assert grades(diary.ends("09:14")) == []
    assert grades(diary.ends("09:15")) == ["no-show"]


def test_an_operator_s_annotation_confirms_and_can_be_left_out() -> None:
    diary = booked()
    note = diary.notes("present", "09:00", "10:00")
    assert grades(diary.ends()) == ["confirmed"]
    assert grades(diary, corrected=False) == ["no-show"]
    diary.notes("withdrawn", "09:00", "10:00", withdraws=note.seq, at="23:10")
    assert grades(diary) == ["no-show"]


def test_an_annotation_of_one_booking_says_nothing_of_another() -> None:
    diary = booked()
    diary.books("b2", "09:00", "10:00")
    diary.notes("present", "09:00", "10:00", booking="b2")
    assert [(one.due.booking, one.grade) for one in graded(diary.ends())] == [
        ("b1", "no-show"), ("b2", "confirmed"),
    ]  # fmt: skip


def test_a_door_that_an_operator_calls_broken_observed_nothing() -> None:
    diary = booked()
    diary.notes("door-broken", "08:00", "09:10")
    assert grades(diary.ends()) == ["unobserved"]
    assert grades(diary, corrected=False) == ["no-show"]


# -- counts -----------------------------------------------------------------------------------------


def counted(diary: Diary, days: int = 1) -> NoShows:
    facts = diary.facts()
    scope = diary.scope()
    scope = Scope(first=DAY, last=DAY + timedelta(days=days - 1), rooms=scope.rooms)
    return no_shows(evidence(room_days(facts, scope), RULE, facts.newest), RULE, facts.zone)


def test_counts_add_up_by_room_weekday_and_hour() -> None:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "14:00", "15:00")
    diary.books("b3", "09:30", "10:00", room=OTHER)
    diary.presses("09:00")
    diary.leaves("13:00")
    found = counted(diary.ends())
    assert {key: t.no_show for key, t in found.by_room.items()} == {ROOM: 0, OTHER: 1}
    assert {key: (t.due, t.unobserved) for key, t in found.by_hour.items()} == {"09": (2, 0), "14": (1, 1)}
    assert found.by_weekday["friday"] == found.total
    assert found.unobserved_by == {"door": 1}
    total = found.total
    assert total.due == total.confirmed + total.no_show + total.unobserved == 3
    assert (total.without_press, total.rate, total.coverage) == (2, 0.5, 0.666667)


def weekly(*came: bool | None) -> NoShows:
    """A series that somebody came to, missed, or whose door did not watch, one day after the other."""
    diary = Diary()
    for n, here in enumerate(came):
        diary.day = DAY + timedelta(days=n)
        diary.books(f"b{n}", "09:00", "10:00", at="08:00", series="s")
        if here:
            diary.presses("09:01")
        if here is None:
            diary.leaves("09:02")
            diary.joins(at="12:00")
        diary.ends()
    return counted(diary, len(came))


def test_a_series_missed_three_times_in_a_row_is_named() -> None:
    (series,) = weekly(True, False, False, False, True).in_a_row
    assert (series.newest.series, series.longest, series.tally.due) == ("s", 3, 5)


def test_somebody_who_came_in_between_ends_the_row_and_what_nobody_observed_does_not() -> None:
    assert weekly(False, False, True, False, False).in_a_row == []
    (series,) = weekly(False, False, None, False).in_a_row
    assert series.longest == 3


def test_what_was_booked_once_is_no_series() -> None:
    assert weekly(False).by_series == {}


def test_an_empty_log_has_no_rate() -> None:
    total = counted(Diary().ends()).total
    assert (total.due, total.rate, total.coverage) == (0, None, None)


def test_a_room_put_out_of_order_in_the_window_proves_nothing() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.tell(e.RoomClosed(room=ROOM), at="09:05")
    (one,) = evidence(diary.ends().days(), Rule(), diary.facts().newest)
    assert (one.grade, one.why) == ("unobserved", "room")
