"""The codes that doors show, and who is let in by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.entry.codes import (
    ADDRESS_RATE,
    ADDRESS_TRIES,
    AHEAD,
    HOLDS,
    MINUTE,
    Codes,
    Gate,
    next_change,
)
from events.ids import RoomKey
from events.wire import Unlock

L213, L227 = RoomKey("L213"), RoomKey("L227")
CODES = Codes(b"the secret of this run")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001  # hypothesis wants it without
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
rooms = st.text(st.characters(exclude_characters="/", exclude_categories=["C", "Z"]), min_size=1).map(RoomKey)


def test_a_code_holds_from_its_minute_for_two() -> None:
    code = CODES.of(L213, NOON)[0]
    assert (code.since, code.until) == (NOON, NOON + 2 * MINUTE)
    just_before = timedelta(microseconds=-1)
    held = [NOON + just_before, NOON, NOON + 2 * MINUTE + just_before, NOON + 2 * MINUTE]
    assert [CODES.hold(L213, code.code, at) for at in held] == [False, True, True, False]


@given(room=rooms, now=moments, later=st.timedeltas(timedelta(), timedelta(minutes=3)))
def test_what_a_door_was_told_the_server_takes(room: RoomKey, now: datetime, later: timedelta) -> None:
    for code in CODES.of(room, now):
        assert CODES.hold(room, code.code, now + later) == (code.since <= now + later < code.until)


@given(room=rooms, now=moments)
def test_a_door_knows_a_code_that_holds_until_two_minutes_after_it_was_cut_off(
    room: RoomKey, now: datetime
) -> None:
    codes = CODES.of(room, now)
    for passed in (timedelta(), AHEAD * MINUTE):
        assert any(code.since <= now + passed < code.until for code in codes)
    assert not any(now + AHEAD * MINUTE + HOLDS < code.until for code in codes)


def test_whoever_scans_the_last_moment_of_a_code_has_a_minute() -> None:
    last = NOON + MINUTE - timedelta(microseconds=1)
    newest = next(code for code in reversed(CODES.of(L213, last)) if code.since <= last)
    assert CODES.hold(L213, newest.code, last + MINUTE)


@given(now=moments)
def test_the_next_minute_is_to_come_and_brings_another_code(now: datetime) -> None:
    assert timedelta() < next_change(now) - now <= MINUTE
    assert CODES.of(L213, next_change(now))[0] == CODES.of(L213, now)[1]


def test_no_room_minute_or_run_has_the_code_of_another() -> None:
    codes = {
        code.code
        for secret in (b"this run", b"another")
        for room in (L213, L227)
        for minute in range(500)
        for code in [Codes(secret).of(room, NOON + minute * MINUTE)[0]]
    }
    assert len(codes) == 2 * 2 * 500


def test_a_code_goes_over_the_wire_and_may_be_typed_in_capitals() -> None:
    code = CODES.of(L213, NOON)[0].code
    assert msgspec.convert({"type": "unlock", "id": 1, "room": "L213", "code": code}, Unlock).code == code
    assert CODES.hold(L213, code.upper(), NOON)


def test_a_code_of_another_room_opens_nothing() -> None:
    assert not CODES.hold(L227, CODES.of(L213, NOON)[0].code, NOON)


def test_an_address_that_guesses_has_to_wait_and_earns_its_tries_back() -> None:
    gate = Gate(CODES)
    for _ in range(ADDRESS_TRIES):
        assert gate.may_try("192.0.2.7", NOON)
        assert not gate.open(L213, "aaaaaaaa", "192.0.2.7", NOON)
    assert not gate.may_try("192.0.2.7", NOON)
    assert gate.may_try("192.0.2.8", NOON)
    assert not gate.may_try("192.0.2.7", NOON + SECOND / ADDRESS_RATE / 2)
    assert gate.may_try("192.0.2.7", NOON + SECOND / ADDRESS_RATE)
    assert gate.may_try("192.0.2.7", NOON - SECOND) is False, "a clock that goes back gives nothing"


def test_who_knows_the_code_is_never_in_the_way_of_others_at_the_same_address() -> None:
    gate = Gate(CODES)
    code = CODES.of(L213, NOON)[0].code
    for _ in range(10 * ADDRESS_TRIES):
        assert gate.may_try("192.0.2.7", NOON)
        assert gate.open(L213, code, "192.0.2.7", NOON)


def test_what_is_remembered_of_guesses_is_bounded() -> None:
    for apart in (SECOND, timedelta()):
        gate = Gate(CODES)
        for number in range(25_000):
            gate.open(L213, "aaaaaaaa", f"2001:db8::{number:x}", NOON + number * apart)
        assert len(gate._guesses._known) <= 10_000
