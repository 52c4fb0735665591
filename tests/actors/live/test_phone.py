"""A phone at the door: what it may say when it knows the door's code, and not without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actors.entry.codes import CONNECTION_TRIES, MINUTE, UNLOCKED
from events.domain import HeadcountChanged, PresencePressed
from events.ids import PHONE, RoomKey
from events.replay import replay, verify
from events.wire import (
    ClientMessage,
    Done,
    DoorCodes,
    Hello,
    Ping,
    Pong,
    Refused,
    RoomPresence,
    SayPresence,
    SetHeadcount,
    Subscribe,
    Unlock,
    Unlocked,
)
from tests.actors.stack import DoorClient, School, Talk, greeted, local, running
from tests.clock import FakeClock

L227, V107 = RoomKey("L227"), RoomKey("V107")
BOARD = Hello(role="board")
URL = '[board]\nurl = "http://rooms.example"\n'


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(local(9, 7))


@pytest.fixture
def school(tmp_path: Path, clock: FakeClock) -> Iterator[School]:
    with running(tmp_path, clock, more=URL) as school:
        yield school


def code_of(school: School, room: str) -> str:
    with DoorClient(room).connect(school.address) as door:
        return door.until(DoorCodes).codes[0].code


def unlock(phone: Talk, school: School, room: RoomKey) -> Unlocked:
    phone.say(Unlock(id=1, room=room, code=code_of(school, room)))
    return phone.until(Unlocked)


def refusal(phone: Talk, message: ClientMessage) -> Refused:
    phone.say(message)
    return phone.until(Refused, ref=getattr(message, "id", None))


def says(room: RoomKey) -> tuple[ClientMessage, ClientMessage]:
    return SayPresence(id=7, room=room, intent="present"), SetHeadcount(id=8, room=room, count=3)


def test_without_a_code_a_board_changes_nothing(school: School) -> None:
    head = school.log().head()
    with greeted(school.address, BOARD) as phone:
        for message in says(L227):
            refused = refusal(phone, message)
            assert refused.code == "not-allowed"
            assert "scan the code" in refused.reason
        phone.say(Ping(id=9))
        phone.until(Pong)
    assert school.log().head() == head


def test_who_knows_the_code_says_that_they_are_there_and_how_many(school: School, clock: FakeClock) -> None:
    with greeted(school.address, BOARD) as phone:
        unlocked = unlock(phone, school, L227)
        assert (unlocked.room, unlocked.until) == (L227, clock.now() + UNLOCKED)
        phone.say(Subscribe(topics=("room/L227",)))
        phone.say(SayPresence(id=2, room=L227, intent="present", minutes=30))
        phone.until(Done, ref=2)
        phone.say(SetHeadcount(id=3, room=L227, count=12))
        assert phone.until(RoomPresence, headcount=12).room == L227
        phone.until(Done, ref=3)
    (press,) = school.records("presence-pressed")
    assert isinstance(press.event, PresencePressed)
    said = press.event.press
    assert (said.kiosk, said.by, said.n, said.minutes, press.event.signature) == (PHONE, "phone", 2, 30, "")
    assert (press.event.effect, press.event.until) == ("walk-in", clock.now() + timedelta(minutes=30))
    (count,) = school.records("headcount-changed")
    assert isinstance(count.event, HeadcountChanged)
    assert (count.event.count, count.event.by) == (12, "phone")
    assert list(verify(school.log())) == []
    assert replay(school.log()).rooms[L227].headcount is not None


def test_a_code_opens_its_own_room_only(school: School) -> None:
    with greeted(school.address, BOARD) as phone:
        assert refusal(phone, Unlock(id=1, room=V107, code=code_of(school, "L227"))).code == "not-allowed"
        unlock(phone, school, L227)
        for message in says(V107):
            assert refusal(phone, message).code == "not-allowed"
        assert refusal(phone, Unlock(id=9, room=RoomKey("X1"), code="aaaaaaaa")).code == "unknown-room"


def test_what_one_phone_unlocked_is_locked_for_others(school: School) -> None:
    with greeted(school.address, BOARD) as phone, greeted(school.address, BOARD) as other:
        unlock(phone, school, L227)
        assert refusal(other, says(L227)[0]).code == "not-allowed"


def test_it_ends_after_a_while(school: School, clock: FakeClock) -> None:
    with greeted(school.address, BOARD) as phone:
        unlock(phone, school, L227)
        clock.advance(UNLOCKED - timedelta(microseconds=1))
        phone.say(SetHeadcount(id=8, room=L227, count=3))
        phone.until(Done, ref=8)
        clock.advance(timedelta(microseconds=1))
        for message in says(L227):
            assert refusal(phone, message).code == "not-allowed"


def test_a_phone_that_guesses_is_not_listened_to_any_more(school: School) -> None:
    code = code_of(school, "L227")
    with greeted(school.address, BOARD) as phone:
        for number in range(CONNECTION_TRIES):
            assert refusal(phone, Unlock(id=number, room=L227, code="aaaaaaaa")).code == "not-allowed"
        assert refusal(phone, Unlock(id=99, room=L227, code=code)).code == "too-fast"
    with greeted(school.address, BOARD) as honest:
        honest.say(Unlock(id=1, room=L227, code=code))
        honest.until(Unlocked)


def test_a_request_is_recorded_once_and_its_number_stands_for_it_alone(school: School) -> None:
    with greeted(school.address, BOARD) as phone:
        unlock(phone, school, L227)
        seqs = []
        for _ in range(2):
            phone.say(SayPresence(id=5, room=L227, intent="present"))
            seqs.append(phone.until(Done, ref=5).seq)
        assert seqs[0] == seqs[1]
        assert refusal(phone, SayPresence(id=5, room=L227, intent="leaving")).code == "bad-message"
    assert len(school.records("presence-pressed")) == 1


def test_a_door_is_told_its_codes_each_minute_ahead_of_time(tmp_path: Path) -> None:
    # The server waits for the minute to end by the clock that goes by itself.
    clock = FakeClock(local(9, 7) + timedelta(seconds=59.9))
    with running(tmp_path, clock, more=URL) as school, DoorClient("L227").connect(school.address) as door:
        first = door.until(DoorCodes).codes
        assert first[0].since <= clock.now() < first[0].until
        door.say(Subscribe(topics=("room/L227",)))
        clock.advance(0.1)
        while (later := door.until(DoorCodes).codes) == first:
            pass
        assert later[0] == first[1]
        assert later[0].since == clock.now()
        assert later[-1].until == clock.now() + 4 * MINUTE


def test_nobody_else_is_told_a_code_and_no_door_where_no_phone_finds_the_board(
    school: School, tmp_path: Path
) -> None:
    with greeted(school.address, BOARD) as board:
        board.snapshot()
        assert not [message for message in board.heard if isinstance(message, DoorCodes)]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running(elsewhere) as other, DoorClient("L227").connect(other.address) as door:
        door.snapshot()
        assert not [message for message in door.heard if isinstance(message, DoorCodes)]
