"""What a door keeps on disk, and what it knows when it starts with that."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.ids import EventId, RoomKey
from events.status import plan
from events.wire import Heartbeat, Notices, RoomDay, SnapshotBegin, SnapshotEnd
from kiosk.door.hearing import SILENCE
from kiosk.door.model import Model, begun
from kiosk.door.setup import Setup
from kiosk.door.update import passed, update
from kiosk.inbox import ClockStepped, LinkChanged, Noted
from kiosk.memory import Memory, NotRemembered, decode, encode, recalled, remembered
from tests.kiosk import scenes
from tests.kiosk.scenes import (
    BOOKINGS,
    ROOM,
    TODAY,
    at,
    booking,
    day,
    door,
    presence,
    received,
    said,
    welcome,
)

NOW = at(12, 24)
OTHER = RoomKey("L214")
SETUP = Setup(languages=("en", "fr"))


def model() -> Model:
    known = door(NOW, day(NOW), presence())
    known = received(known, NOW, day(NOW, room=OTHER), presence(room=OTHER))
    return received(known, NOW, Heartbeat(server_time=NOW, epoch=1, seq=55))


def memory(known: Model | None = None) -> Memory:
    kept = remembered(known or model())
    assert kept is not None
    return kept


def titles(known: Model) -> list[str]:
    assert known.day is not None
    return [b.title for b in known.day.bookings if b.title is not None]


def test_a_door_starts_with_what_it_knew() -> None:
    before, later = model(), NOW + timedelta(minutes=3)
    after = recalled(decode(encode(memory(before))), ROOM, later, SETUP, later)

    assert after.told.rules == before.told.rules
    assert (after.told.school, after.told.epoch, after.told.settled) == (before.told.school, 1, 55)
    assert set(after.told.days) == {ROOM, OTHER}
    assert after.status(later) == before.status(later)
    assert titles(after) == titles(before)
    assert after.hearing.heard_at == NOW
    assert (after.setup, after.visit.language) == (SETUP, "en")
    assert not after.hearing.connected(later)
    assert after.visit.page == "sign"
    assert after.presses.pending == ()


@pytest.mark.parametrize(
    "name", ["in_use", "occupied", "booked", "released", "out_of_order", "headcount", "stale"]
)
def test_whatever_was_shown_is_shown_again(name: str) -> None:
    before, now = scenes.SCENES[name]()
    after = recalled(decode(encode(memory(before))), ROOM, now, Setup(), now)

    assert after.status(now) == before.status(now)
    assert after.headcount(now) == before.headcount(now)


def test_what_is_kept_is_as_old_as_the_servers_last_word_by_its_own_clock() -> None:
    slow = received(model(), NOW, Heartbeat(server_time=NOW + timedelta(hours=2), epoch=1, seq=55))

    assert memory(slow).heard_at == NOW + timedelta(hours=2)
    assert memory(passed(slow, NOW + timedelta(minutes=5))).heard_at == NOW + timedelta(hours=2)


def test_a_door_that_knows_nothing_keeps_nothing() -> None:
    assert remembered(begun(ROOM, NOW)) is None


def test_nothing_is_kept_while_nobody_knows_what_day_it_is() -> None:
    assert remembered(scenes.timeless(model())) is None


def test_what_is_remembered_is_kept_again_with_its_age() -> None:
    later = NOW + timedelta(hours=1)
    again = memory(recalled(memory(), ROOM, later, SETUP, later))

    assert again == memory()


def test_notices_are_kept() -> None:
    before = received(model(), NOW, Notices(notices=(scenes.NOTICE,)))

    assert recalled(memory(before), ROOM, NOW, SETUP, NOW).told.notices == (scenes.NOTICE,)


# -- titles -----------------------------------------------------------------------------------


def day_after_tomorrow() -> RoomDay:
    after = TODAY + timedelta(days=2)
    early = booking("early", at(0, 5, day=after), at(2, day=after), "Nuit de l’info")  # noqa: RUF001
    yesterday = booking("y", at(22, day=date(2026, 11, 19)), at(23, day=date(2026, 11, 19)), "Hier")
    return day(NOW, bookings=(yesterday, *BOOKINGS, early))


def test_only_titles_of_today_and_tomorrow_are_kept() -> None:
    kept = memory(received(model(), NOW, day_after_tomorrow()))
    bookings = next(known.bookings for known in kept.days if known.room == ROOM)

    assert [b.title for b in bookings if b.title] == [b.title for b in BOOKINGS]
    assert len(bookings) == len(BOOKINGS) + 2, "the bookings themselves are"


def test_no_title_of_another_room_is_on_disk() -> None:
    written = msgspec.json.decode(encode(memory()))
    others = [known for known in written["days"] if known["room"] != ROOM]

    assert len(others) == 1
    assert all("title" not in b for b in others[0]["bookings"])


def test_past_titles_are_dropped_when_recalled_after_midnight() -> None:
    tomorrow = at(0, 5, day=TODAY + timedelta(days=1))

    assert titles(recalled(memory(), ROOM, tomorrow, SETUP, tomorrow)) == ["Forum"]


def test_past_titles_are_dropped_once_the_time_is_known() -> None:
    """A clock that stood still while the Pi was off does not bring yesterday back."""
    stood = NOW + timedelta(minutes=1)
    after = recalled(memory(), ROOM, stood, SETUP, stood, clock_known=False)
    assert after.status(stood) is None
    tomorrow = at(9, 30, day=TODAY + timedelta(days=1))
    after = passed(received(after, stood, welcome(tomorrow)), stood)

    assert titles(after) == ["Forum"]


def test_a_door_that_moved_to_another_room_shows_no_title_of_the_old_one() -> None:
    after = recalled(memory(), OTHER, NOW, SETUP, NOW)

    assert titles(after) == []
    assert all(b.title is None for known in after.told.days.values() for b in known.bookings)


# -- where in the log -------------------------------------------------------------------------


def test_the_middle_of_a_whole_snapshot_is_nowhere_in_the_log() -> None:
    during = received(model(), NOW, SnapshotBegin(epoch=2, seq=80), day(NOW))
    assert (memory(during).epoch, memory(during).seq) == (None, None)
    broken = update(during, LinkChanged(state="down", at=NOW), NOW)
    assert (memory(broken).epoch, memory(broken).seq) == (None, None)

    whole = memory(received(during, NOW, SnapshotEnd(seq=80)))

    assert (whole.epoch, whole.seq) == (2, 80)


def test_the_middle_of_a_resumed_snapshot_is_where_it_was_resumed() -> None:
    during = received(model(), NOW, welcome(NOW), Heartbeat(server_time=NOW, epoch=1, seq=90))
    during = received(during, NOW, SnapshotBegin(epoch=1, seq=90, whole=False), day(NOW))
    assert memory(during).seq == 55

    assert memory(received(during, NOW, SnapshotEnd(seq=90))).seq == 90


def test_a_message_about_one_room_says_nothing_of_the_others() -> None:
    assert memory(received(model(), NOW, presence(seq=99))).seq == 55


# -- age and clock ----------------------------------------------------------------------------


def test_a_door_that_starts_gives_the_server_a_moment_before_it_says_since_when() -> None:
    start = NOW + timedelta(hours=14)
    after = recalled(memory(), ROOM, start, SETUP, start)

    assert after.hearing.cut_off_since(start + timedelta(seconds=5)) is None
    assert after.hearing.cut_off_since(start + SILENCE) == NOW
    assert after.next_change(start) <= start + SILENCE


def test_other_rooms_are_as_old_as_the_memory() -> None:
    start = NOW + timedelta(minutes=1)
    after = recalled(memory(), ROOM, start, SETUP, start)
    assert after.hearing.others_since(start) == NOW

    assert received(after, start, welcome(start)).hearing.others_since(start) is None


def test_a_clock_behind_the_servers_last_word_is_wrong() -> None:
    early = NOW - timedelta(hours=3)
    after = recalled(memory(), ROOM, early, SETUP, early)

    assert not after.time_known
    assert after.status(early) is None
    assert after.hearing.others_since(early) == NOW


def test_a_clock_that_is_set_later_leaves_the_age_of_the_memory_as_it_is() -> None:
    wrong = NOW + timedelta(minutes=1)
    after = recalled(memory(), ROOM, wrong, SETUP, wrong, clock_known=False)
    right = wrong + timedelta(hours=6)
    after = update(after, step(right - wrong), right)

    assert after.time_known
    assert after.hearing.heard_at == NOW
    assert after.time(right) == right
    assert after.hearing.since == right


def step(by: timedelta) -> ClockStepped:
    return ClockStepped(by.total_seconds())


def test_presses_of_this_run_move_with_the_clock_and_older_ones_do_not() -> None:
    start = NOW + timedelta(minutes=1)
    after = recalled(memory(), ROOM, start, SETUP, start, clock_known=False)
    older = Noted(press=scenes.PRESS, intent="present", pressed_at=NOW - timedelta(hours=1))
    newer = replace(older, press=EventId("me.x.2"), pressed_at=start)
    after = update(update(after, older, start), newer, start)
    by = timedelta(hours=6)
    after = update(after, step(by), start + by)

    assert [noted.pressed_at for noted in after.presses.pending] == [older.pressed_at, start + by]


# -- what is on disk --------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [b"", b"{", b"null", b"[]", b'{"version": 1}', b"\xff\xfe"])
def test_what_is_torn_is_not_read(kept: bytes) -> None:
    with pytest.raises(NotRemembered, match="cannot be read"):
        decode(kept)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_version_is_not_read(version: int) -> None:
    with pytest.raises(NotRemembered, match=f"version {version}"):
        decode(encode(replace(memory(), version=version)))


@given(st.data())
def test_a_file_that_was_cut_anywhere_is_refused_or_whole(data: st.DataObject) -> None:
    whole = encode(memory())
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    with pytest.raises(NotRemembered):
        decode(cut)


def test_plans_can_be_worked_out_again_and_are_not_kept() -> None:
    known = model()
    stretches = tuple(plan(k, NOW) if (k := known.known(NOW)) is not None else ())
    assert len(stretches) > 3
    there = replace(presence(last=said(at(12), at(13))), headcount=4, plan=stretches)
    known = received(known, NOW, replace(day(NOW), plan=stretches), there)
    kept = memory(known)

    assert [len(one.plan) for one in kept.days] == [0, 0]
    assert [len(one.plan) for one in kept.presences] == [1, 0]
    assert recalled(kept, ROOM, NOW, SETUP, NOW).headcount(NOW) == known.headcount(NOW) == 4
