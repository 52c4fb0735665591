"""What a door makes of what the server tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from events.domain import Policy
from events.wire import (
    Challenge,
    DayClosure,
    Done,
    DoorCode,
    DoorCodes,
    Heartbeat,
    Notices,
    RulesSet,
    SnapshotBegin,
    SnapshotEnd,
    TimetablesRead,
    Welcome,
)
from kiosk.door.model import begun
from kiosk.door.update import passed, update
from kiosk.inbox import LinkChanged
from tests.kiosk import scenes
from tests.kiosk.door.doors import NOW, OTHER, connected, name_of, seconds
from tests.kiosk.scenes import ROOM, RULES, TODAY, at, day, presence, received, said

# -- what the server tells -------------------------------------------------------------------------


def test_a_new_door_knows_nothing_and_says_so() -> None:
    model = begun(ROOM, NOW)

    assert model.status(NOW) is None
    assert model.read_at(NOW) is None
    assert not model.hearing.connected(NOW)


def test_a_welcome_brings_rules_school_and_clock() -> None:
    model = begun(ROOM, NOW)
    told = Welcome(
        role="kiosk", school="Lycée", epoch=3, server_time=NOW + timedelta(hours=2), rules=RULES, room=ROOM
    )
    model = received(model, NOW, told)

    assert (model.told.school, model.told.rules) == ("Lycée", RULES)
    assert model.time(NOW) == NOW + timedelta(hours=2)


def test_a_heartbeat_corrects_the_clock() -> None:
    model = received(connected(), NOW, Heartbeat(server_time=NOW - timedelta(seconds=9), epoch=1, seq=50))

    assert model.time(NOW) == NOW - timedelta(seconds=9)
    assert model.told.seq == 50


def test_a_door_whose_clock_is_years_off_shows_the_servers_time_and_status() -> None:
    wrong = datetime(1970, 1, 1, 3, tzinfo=UTC)
    model = begun(ROOM, wrong)
    model = update(model, LinkChanged(state="up", at=wrong), wrong)
    model = received(model, wrong, scenes.welcome(NOW), day(NOW), presence())

    assert model.time(wrong) == NOW
    assert name_of(model, wrong) == "free"
    assert wrong < model.next_change(wrong) <= wrong + timedelta(minutes=1)


def test_new_rules_replace_the_old_ones() -> None:
    rules = replace(RULES, policy=Policy(walk_in=30))

    assert received(connected(), NOW, RulesSet(rules=rules)).told.rules == rules


def test_the_last_state_of_a_room_wins() -> None:
    later = presence(last=said(at(12, 20), at(13, 20)), seq=44)
    model = received(connected(), NOW, later)

    assert model.told.presences[ROOM] == later
    assert name_of(model, NOW) == "occupied"
    assert model.told.seq == 44


def test_a_whole_snapshot_drops_the_rooms_that_it_does_not_name() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60), day(NOW))
    assert OTHER in model.told.days, "not before its end"
    model = received(model, NOW, SnapshotEnd(seq=60))

    assert set(model.told.days) == {ROOM}
    assert set(model.told.presences) == {ROOM}


def test_a_resumed_snapshot_drops_nothing() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60, whole=False), day(NOW), SnapshotEnd(seq=61))

    assert set(model.told.days) == {ROOM, OTHER}
    assert model.told.seq == 61


def test_a_snapshot_that_breaks_off_drops_nothing() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER))
    model = received(model, NOW, SnapshotBegin(epoch=1, seq=60), day(NOW))
    model = update(model, LinkChanged(state="down", at=NOW), NOW)
    model = received(model, NOW, SnapshotEnd(seq=60))

    assert set(model.told.days) == {ROOM, OTHER}


def test_a_restored_log_starts_counting_anew() -> None:
    model = received(connected(), NOW, SnapshotBegin(epoch=2, seq=7))

    assert (model.told.epoch, model.told.seq) == (2, 7)


def test_titles_and_reasons_of_other_rooms_are_not_kept() -> None:
    closure = DayClosure(since=NOW, reason="secret")
    model = received(connected(), NOW, day(NOW, room=OTHER, closure=closure))
    kept = model.told.days[OTHER]

    assert [b.title for b in kept.bookings] == [None] * len(kept.bookings)
    assert kept.closure == DayClosure(since=NOW)


def test_another_room_that_is_retired_is_forgotten() -> None:
    model = received(connected(), NOW, day(NOW, room=OTHER), presence(room=OTHER))
    model = received(model, NOW, day(NOW, room=OTHER, retired=True))

    assert OTHER not in model.told.days
    assert OTHER not in model.told.presences


def test_titles_of_past_days_are_dropped_at_midnight() -> None:
    model = passed(connected(), at(23, 59))
    assert model.day is not None
    assert model.day.bookings[0].title is not None

    model = passed(model, at(0, 0, 1, day=TODAY + timedelta(days=1)))

    assert model.day is not None
    assert [b.title for b in model.day.bookings] == [None, None, None, None, "Forum"]


def test_titles_of_yesterday_that_come_later_are_not_kept_either() -> None:
    tomorrow = at(0, 5, day=TODAY + timedelta(days=1))
    model = received(passed(connected(), tomorrow), tomorrow, day(NOW))

    assert model.day is not None
    assert [b.title for b in model.day.bookings if b.title] == ["Forum"]


def test_messages_for_others_change_nothing_but_the_sign_of_life() -> None:
    model = connected()
    later = NOW + timedelta(seconds=5)

    assert received(model, later, Done(ref=1, seq=1)) == replace(
        model, hearing=replace(model.hearing, heard_at=later)
    )
    assert received(model, later, Challenge(nonce="00")) == model


# -- how old the timetable is ----------------------------------------------------------------------


def test_a_timetable_is_stale_after_two_refresh_periods() -> None:
    model = connected()

    assert not model.stale(NOW + timedelta(minutes=7))
    assert model.stale(NOW + timedelta(minutes=7, seconds=1))


def test_a_timetable_that_was_read_again_without_a_change_is_fresh() -> None:
    later = NOW + timedelta(minutes=7)
    model = received(connected(), later, TimetablesRead(readings={TODAY: later}))

    assert not model.stale(later + timedelta(minutes=10))
    assert model.stale(later + timedelta(minutes=10, seconds=1))


def test_a_room_whose_timetable_fell_silent_keeps_its_age() -> None:
    later = NOW + timedelta(minutes=7)
    silent = TimetablesRead(readings={TODAY: later}, others={ROOM: {TODAY: NOW - timedelta(minutes=3)}})
    model = received(connected(), later, silent)

    assert model.stale(later + timedelta(seconds=1))


# -- codes and notices -----------------------------------------------------------------------------


def test_the_newest_code_that_holds_is_shown() -> None:
    codes = (
        DoorCode(code="AAAA", since=NOW - seconds(60), until=NOW + seconds(60)),
        DoorCode(code="BBBB", since=NOW + seconds(30), until=NOW + seconds(90)),
    )
    model = received(connected(), NOW, DoorCodes(codes=codes))

    assert [model.code(NOW + seconds(n)) for n in (0, 29, 30, 89, 90)] == [
        "AAAA",
        "AAAA",
        "BBBB",
        "BBBB",
        None,
    ]
    assert model.next_change(NOW + seconds(20)) == NOW + seconds(30)
    assert connected().code(NOW) is None


def test_the_picture_changes_when_a_notice_ends() -> None:
    ending = replace(scenes.NOTICE, until=NOW + seconds(20))
    model = received(connected(), NOW, Notices(notices=(ending,)))

    assert model.next_change(NOW) == NOW + seconds(20)
