"""Stories: a room's day, where a booking came from, and what a door showed, then and now."""

# ruff: noqa: RUF001  # spans of hours are written with a dash

from __future__ import annotations

from datetime import timedelta

import pytest

from events import domain as e
from events.ids import BookingId
from events.replay import replay
from events.report.screen import as_json, corrected, shown_at
from events.report.story import Line, provenance, room_story, seq_before, words
from tests.events.builders import DAY, PARIS, ROOM
from tests.events.report.diary import DOOR, OTHER, Diary


def told(diary: Diary) -> list[str]:
    lines = room_story(diary.log, ROOM, DAY, "Europe/Paris")
    return [f"{line.at.astimezone(PARIS):%H:%M} {clocks(line)}" for line in lines]


def clocks(line: Line) -> str:
    return words(line.what, lambda at: f"{at.astimezone(PARIS):%H:%M}")


def test_the_day_of_a_room_is_told_in_the_order_in_which_it_happened() -> None:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00", at="07:00")
    diary.books("b9", "09:00", "10:00", at="07:01", room=OTHER)
    diary.moves("b1", "09:30", "10:30", "07:30")
    diary.presses("12:00")
    diary.presses("09:31", received="12:30")
    diary.presses("12:40", "leaving")
    diary.leaves("13:00")
    diary.joins(at="14:00", since="13:30")
    diary.tell(e.ButtonStuck(room=ROOM, kiosk=DOOR), at="14:10")
    diary.tell(e.ButtonFreed(room=ROOM, kiosk=DOOR), at="14:11")
    diary.tell(e.RoomClosed(room=ROOM, until=diary.at("16:00")), at="15:00")
    diary.tell(e.RoomReopened(room=ROOM), at="15:30")
    diary.tell(e.HeadcountChanged(room=ROOM, count=4, by="desk"), at="15:40")
    diary.cancels("b1", "17:00")
    diary.notes("present", "09:30", "10:00", at="18:00")
    assert told(diary)[3:] == [
        "00:00 door dddddddd online, awake since 00:00",
        "07:00 booking appeared: 09:00–10:00",
        "07:30 booking moved: 09:00–10:00 → 09:30–10:30",
        "09:31 pressed: arrived after a newer press, changed nothing",
        "12:00 pressed: without a booking, until 13:00",
        "12:40 left: presence ended",
        "13:00 door dddddddd offline",
        "14:00 door dddddddd online, awake since 13:30",
        "14:10 button of door dddddddd stuck",
        "14:11 button of door dddddddd free again",
        "15:00 out of order until 16:00",
        "15:30 back in order",
        "15:40 4 people counted (by desk)",
        "17:00 booking vanished: 09:30–10:30",
        "18:00 annotated: present, 09:30 to 10:00",
    ]


def test_a_press_that_arrived_later_says_when_it_was_learnt() -> None:
    diary = Diary()
    diary.presses("09:31", received="12:30")
    (line,) = (
        one for one in room_story(diary.log, ROOM, DAY, "Europe/Paris") if one.tag == "presence-pressed"
    )
    assert (line.at, line.learnt) == (diary.at("09:31"), diary.at("12:30"))


def test_a_timetable_that_fails_is_told_once_and_when_it_is_read_again() -> None:
    diary = Diary()
    for clock, outcome in (
        ("08:00", "failed"),
        ("08:05", "failed"),
        ("08:10", "suspect"),
        ("08:15", "changed"),
    ):
        diary.reads(clock, outcome=outcome)  # type: ignore[arg-type]  # each is an outcome
    assert [line for line in told(diary) if "timetable" in line] == [
        "08:00 timetable oasis failed: ",
        "08:15 timetable oasis is read again",
    ]


def test_what_is_about_other_days_is_not_told() -> None:
    diary = Diary(day=DAY - timedelta(days=1))
    diary.books("b1", "09:00", "10:00", at="07:00")
    diary.presses("09:00")
    diary.books("b2", "09:00", "10:00", at="10:00", day=DAY)
    assert told(diary) == ["10:00 booking appeared: 09:00–10:00"]


def test_the_newest_event_before_an_instant_is_found_by_halves() -> None:
    diary = Diary()
    for minute in range(0, 60, 7):
        diary.reads(f"08:{minute:02}")
    records = list(diary.log.read())
    for recorded in records:
        assert seq_before(diary.log, recorded.recorded_at) == sum(
            other.recorded_at < recorded.recorded_at for other in records
        )
    assert seq_before(diary.log, diary.at("09:00")) == len(records)


def test_a_booking_is_followed_through_its_rooms_with_the_readings_that_said_so() -> None:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00", at="07:00")
    diary.moves("b1", "09:00", "10:00", "07:10")
    diary.cancels("b1", "07:20", moved_to=OTHER)
    diary.books("b1", "09:00", "10:00", at="07:20", room=OTHER, moved_from=ROOM)
    diary.cancels("b1", "07:30", room=OTHER)
    diary.notes("note", "09:00", "10:00", booking="b1", room=OTHER)
    b1 = BookingId("b1")
    steps = provenance(diary.facts(), {b1})[b1]
    assert [(one.room, clocks(one.line)) for one in steps] == [
        (ROOM, "booking appeared: 09:00–10:00"),
        (ROOM, "booking renamed: 09:00–10:00"),
        (ROOM, f"booking moved to {OTHER}: 09:00–10:00"),
        (OTHER, f"booking appeared: 09:00–10:00, moved here from {ROOM}"),
        (OTHER, "booking vanished: 09:00–10:00"),
        (OTHER, "annotated: note"),
    ]
    assert all(one.read is not None and one.read[1] == "d" for one in steps[:5])
    assert steps[5].read is None


# -- screens ------------------------------------------------------------------------------------------


def status(diary: Diary, at: str, *, now: bool = False) -> str:
    school = replay(diary.log, at=diary.at(at))
    if now:
        school = corrected(diary.log, school, ROOM, diary.at(at))
    return shown_at(school, ROOM, diary.at(at), corrected=now).stretch.status.name


def test_a_press_that_arrived_late_is_not_on_the_screen_of_then_and_is_on_that_of_now() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.presses("09:05", received="11:00")
    assert (status(diary, "09:30"), status(diary, "09:30", now=True)) == ("booked", "in_use")
    assert (status(diary, "10:30"), status(diary, "10:30", now=True)) == ("free", "free")


def test_corrected_presses_are_decided_anew_each_on_what_had_happened_before() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.presses("09:30", "leaving")
    diary.presses("09:05", received="11:00")
    assert status(diary, "09:20", now=True) == "in_use"
    assert status(diary, "09:40", now=True) == "booked"


def test_in_order_both_views_are_the_same() -> None:
    diary = Diary(policy=e.Policy(motion_counts_for=10, unknown_after=24 * 60))
    diary.books("b1", "09:00", "10:00")
    diary.presses("09:05")
    diary.tell(e.MotionSeen(room=ROOM, kiosk=DOOR, effect="walk-in", until=diary.at("12:10")), at="12:00")
    diary.ends()
    for clock in ("08:55", "09:04", "09:10", "10:01", "12:05", "12:11"):
        assert status(diary, clock) == status(diary, clock, now=True), clock


def test_a_screen_is_told_as_the_gateway_would_have_sent_it() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.tell(e.KioskLeft(room=ROOM, kiosk=DOOR), at="09:10")
    at = diary.at("09:30")
    school = replay(diary.log, at=at)
    answer = as_json(shown_at(school, ROOM, at), None)
    assert (answer["room"], answer["seq"], answer["corrected"], answer["connected"]) == (
        ROOM, school.seq, False, False,
    )  # fmt: skip
    assert [booking.id for booking in answer["day"].bookings] == ["b1"]
    assert answer["status"].status.name == "booked"
    with pytest.raises(KeyError):
        shown_at(school, OTHER, at)
