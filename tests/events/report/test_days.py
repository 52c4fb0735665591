"""Rooms and days: what was booked, who was there, which bookings were due, and what is left out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from events import domain as e
from events.ids import BookingId, KioskId
from events.report.asked import choose_rooms
from events.report.days import bounds, room_days, rooms_of
from events.report.ledger import gather
from events.report.spans import HOUR, length
from events.report.use import Use, use_by_day, use_of
from tests.events.builders import DAY, OASIS, ROOM
from tests.events.report.diary import OTHER, Diary


def test_overlapping_bookings_are_booked_time_once() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.books("b2", "10:00", "12:00")
    day = diary.ends().one_day()
    assert diary.clocks(day.booked) == ["09:00-12:00"]
    assert len(day.due) == 2


def test_a_booking_is_booked_time_from_when_it_was_known_to_when_it_was_cancelled() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="09:06")
    diary.books("b2", "14:00", "16:00", at="09:10")
    diary.cancels("b2", "14:40")
    day = diary.ends().one_day()
    assert diary.clocks(day.booked) == ["09:06-10:00", "14:00-14:40"]
    assert [due.booking for due in day.due] == ["b1", "b2"]


@pytest.mark.parametrize(("cancelled", "due"), [("08:59", 0), ("09:00", 0), ("09:01", 1)])
def test_due_is_what_was_not_cancelled_at_or_before_its_start(cancelled: str, due: int) -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.cancels("b1", cancelled)
    day = diary.ends().one_day()
    assert (len(day.due), len(day.cancelled)) == (due, 1 - due)


def test_a_booking_that_its_page_lost_for_a_while_is_one_booking() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.cancels("b1", "09:30")
    diary.books("b1", "09:00", "11:00", at="09:40")
    day = diary.ends().one_day()
    assert [(due.booking, due.gone) for due in day.due] == [("b1", None)]
    assert diary.clocks(day.booked) == ["09:00-09:30", "09:40-11:00"]


def test_a_booking_that_was_moved_is_due_where_and_when_it_ended_up() -> None:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "11:00")
    diary.reads(
        "09:20",
        e.BookingRemoved(room=ROOM, booking=BookingId("b1"), source=OASIS, moved_to=OTHER),
    )
    diary.books("b1", "09:00", "11:00", at="09:20", room=OTHER, moved_from=ROOM)
    here, there = diary.ends().days()
    assert ([d.booking for d in here.due], [d.booking for d in there.due]) == ([], ["b1"])
    assert diary.clocks(here.booked) == ["09:00-09:20"]
    assert diary.clocks(there.booked) == ["09:20-11:00"]


def test_bookings_over_whole_days_are_neither_due_nor_booked_time() -> None:
    diary = Diary()
    diary.books("b1", "00:00", "23:59", all_day=True)
    day = diary.ends().one_day()
    assert (day.due, day.booked) == ([], [])


def test_presence_lasts_to_what_was_decided_to_leaving_or_to_the_next_press() -> None:
    diary = Diary()
    diary.presses("08:00")
    diary.presses("08:30")
    diary.presses("12:00")
    diary.presses("12:20", "leaving")
    assert diary.clocks(diary.ends().one_day().present) == ["08:00-09:30", "12:00-12:20"]


def test_a_booking_that_was_confirmed_early_is_used_to_its_end_as_its_door_shows() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "10:00", "12:00")
    diary.presses("09:55")
    day = diary.ends().one_day()
    assert diary.clocks(day.present) == ["09:55-12:00"]


def test_a_press_that_came_late_is_presence_at_its_own_time() -> None:
    diary = Diary()
    diary.presses("12:00")
    diary.presses("08:00", received="13:00")
    assert diary.clocks(diary.ends().one_day().present) == ["08:00-09:00", "12:00-13:00"]


def test_presence_of_the_evening_before_goes_on_after_midnight() -> None:
    diary = Diary(day=DAY - timedelta(days=1))
    diary.presses("23:30")
    diary.day = DAY
    diary.ends()
    assert diary.clocks(diary.one_day().present) == ["00:00-00:30"]


def test_a_booking_over_midnight_is_due_once_and_booked_on_both_days() -> None:
    diary = Diary()
    diary.books("b1", "22:00", "02:00", at="08:00", ends_on=DAY + timedelta(days=1))
    diary.presses("22:05")
    diary.day = DAY + timedelta(days=1)
    facts = diary.ends().facts()
    scope = replace(diary.scope(), first=DAY)
    days = list(room_days(facts, scope))
    assert [[due.booking for due in day.due] for day in days] == [["b1"], []]
    assert [diary.clocks(day.booked) for day in days] == [["22:00-00:00"], ["00:00-02:00"]]
    assert [diary.clocks(day.present) for day in days] == [["22:05-00:00"], ["00:00-02:00"]]
    assert sum(use_of(day).fields()["used_min"] for day in days) == 235.0  # type: ignore[misc]  # minutes


@pytest.mark.parametrize(
    ("day", "booked", "opened"), [(date(2026, 3, 29), 60.0, 23), (date(2026, 10, 25), 180.0, 25)]
)
def test_on_the_days_on_which_clocks_change_a_minute_is_a_minute(
    day: date, booked: float, opened: int
) -> None:
    diary = Diary(day=day, hours=e.Hours(monday="08:00-12:00"))
    diary.books("b1", "01:30", "03:30")
    diary.presses("01:30")
    diary.day = day + timedelta(days=1)
    facts = diary.ends("01:00").facts()
    (use,) = (use_of(one) for one in room_days(facts, replace(diary.scope(), first=day, last=day)))
    assert (use.fields()["booked_min"], use.fields()["used_min"]) == (booked, booked)
    assert use.open == opened * HOUR


def test_a_room_is_open_while_it_is_configured() -> None:
    diary = Diary(began="09:00")
    diary.tell(e.RoomRetired(room=ROOM), at="16:00")
    assert diary.clocks(diary.ends().one_day().open) == ["09:00-16:00"]


def test_an_annotation_that_was_taken_back_changes_nothing() -> None:
    diary = Diary()
    note = diary.notes("present", "09:00", "10:00", at="12:00")
    back = diary.notes("withdrawn", "09:00", "10:00", at="13:00", withdraws=note.seq)
    assert diary.ends().one_day().present == []
    diary.notes("withdrawn", "09:00", "10:00", at="23:59", withdraws=back.seq)
    assert diary.clocks(diary.one_day().present) == ["09:00-10:00"], "taking back was taken back"


def test_a_room_keeps_its_figures_when_its_name_and_wing_change() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    renamed = e.RoomInfo(name="Amphi Curie", wing="C", seats=40, sources=(OASIS,))
    diary.tell(e.RoomDeclared(room=ROOM, info=renamed), at="12:00")
    diary.books("b2", "14:00", "15:00", at="12:05")
    facts = diary.ends().facts()
    assert [due.booking for due in diary.one_day().due] == ["b1", "b2"]
    for asked in ({"keys": ["Amphi Curie"]}, {"keys": [ROOM]}, {"wings": ["C"]}):
        assert choose_rooms(rooms_of(facts), **asked) == (ROOM,)


def test_a_motion_that_counts_is_presence_and_shortens_none() -> None:
    diary = Diary(policy=e.Policy(motion_counts_for=10))
    diary.presses("08:00")
    moved = e.MotionSeen(room=ROOM, kiosk=KioskId("d"), effect="renewed", until=diary.at("08:40"))
    diary.tell(moved, at="08:30")
    diary.tell(
        e.MotionSeen(room=ROOM, kiosk=KioskId("d"), effect="walk-in", until=diary.at("12:10")), at="12:00"
    )
    assert diary.clocks(diary.ends().one_day().present) == ["08:00-09:00", "12:00-12:10"]


def test_a_room_out_of_order_is_in_no_figure_while_it_is() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "14:00", "16:00")
    diary.tell(e.RoomClosed(room=ROOM, until=diary.at("11:00")), at="08:30")
    diary.tell(e.RoomClosed(room=ROOM), at="15:00")
    diary.presses("15:10")
    diary.tell(e.RoomReopened(room=ROOM), at="17:00")
    day = diary.ends().one_day()
    assert ([d.booking for d in day.due], day.left_out) == (["b2"], 1)
    assert diary.clocks(day.booked) == ["14:00-15:00"]
    assert diary.clocks(day.present) == []
    assert diary.clocks(day.open) == ["08:00-08:30", "11:00-15:00", "17:00-18:00"]


def test_closed_days_are_left_out_for_the_rooms_they_name() -> None:
    closed = e.ClosedDays(first=DAY, last=DAY, rooms=(ROOM,))
    assert [day.room for day in Diary(ROOM, OTHER, closed=[closed]).ends().days()] == [OTHER]
    assert Diary(closed=[e.ClosedDays(first=DAY, last=DAY)]).ends().days() == []


def test_rooms_count_as_open_in_the_configured_hours_else_from_eight_to_six() -> None:
    assert Diary().ends().one_day().open == Diary().ends().days(hours=None)[0].open
    assert length(Diary().ends().one_day().open) == 10 * HOUR
    friday = Diary(hours=e.Hours(friday="09:00-12:00, 13:00-20:00")).ends()
    assert friday.clocks(friday.one_day().open) == ["09:00-12:00", "13:00-20:00"]
    asked = friday.days(hours=e.Hours(friday="10:00-11:00"))
    assert friday.clocks(asked[0].open) == ["10:00-11:00"]


def test_nothing_is_told_of_what_comes_after_the_log_s_end() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "11:00")
    diary.books("b2", "14:00", "16:00")
    day = diary.ends("10:00").one_day()
    assert diary.clocks(day.booked) == ["09:00-10:00"]
    assert [due.booking for due in day.due] == ["b1"]
    assert diary.clocks(day.open) == ["08:00-10:00"]


def test_a_room_is_in_the_figures_while_it_is_configured() -> None:
    diary = Diary(ROOM, OTHER)
    diary.tell(e.RoomRetired(room=OTHER), at="12:00")
    diary.ends()
    assert [day.room for day in diary.days()] == [ROOM, OTHER]
    diary.day = DAY + timedelta(days=1)
    diary.ends()
    assert [day.room for day in diary.days()] == [ROOM]
    assert list(rooms_of(diary.facts())) == [ROOM, OTHER]


def test_the_bounds_of_a_log_are_local_days_and_none_for_an_empty_one() -> None:
    assert bounds(Diary().ends().facts()) == (DAY, DAY)
    assert bounds(gather([])) is None


# -- use --------------------------------------------------------------------------------------------


def test_use_tells_core_hours_apart_and_walk_ins_from_use() -> None:
    diary = Diary()
    diary.books("b1", "17:00", "19:00")
    diary.presses("17:05")
    diary.presses("08:00", received="19:30")
    use = use_of(diary.ends().one_day())
    assert use.fields() == {
        "due": 1, "left_out": 0,
        "booked_min": 120.0, "present_min": 175.0, "used_min": 115.0, "walk_in_min": 60.0,
        "core_booked_min": 60.0, "core_present_min": 115.0, "core_used_min": 55.0, "core_walk_in_min": 60.0,
        "core_open_min": 600.0, "core_watched_min": 600.0,
    }  # fmt: skip
    rates = use.rates()
    assert (rates["taux_theorique"], rates["taux_effectif"], rates["frequency"]) == (0.1, 0.0917, 0.1917)


def test_occupancy_is_told_where_heads_were_counted_and_only_there() -> None:
    diary = Diary(seats=20)
    diary.presses("09:00")
    diary.tell(e.HeadcountChanged(room=ROOM, count=10, by="device"), at="09:30")
    diary.tell(e.HeadcountChanged(room=ROOM, count=20, by="device"), at="09:45")
    diary.tell(e.HeadcountChanged(room=ROOM, count=7, by="desk"), at="14:00")
    rates = use_of(diary.ends().one_day()).rates()
    assert (rates["counted_min"], rates["occupancy"], rates["utilisation"]) == (30.0, 0.75, 0.075)
    bare = use_of(Diary(seats=20).ends().one_day()).rates()
    assert (bare["occupancy"], bare["utilisation"], bare["frequency"]) == (None, None, 0.0)


def test_the_total_is_the_sum_of_all_rooms_and_days() -> None:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00")
    diary.books("b2", "09:00", "10:00", room=OTHER)
    diary.presses("09:00", room=OTHER)
    diary.day = DAY
    rows = list(use_by_day(room_days(diary.ends().facts(), diary.scope())))
    assert [(day, room) for day, room, _ in rows] == [(date(2026, 11, 20), ROOM), (date(2026, 11, 20), OTHER)]
    total = Use()
    for _, _, one in rows:
        total.add(one)
    assert (total.fields()["booked_min"], total.fields()["used_min"], total.days) == (120.0, 60.0, 2)
