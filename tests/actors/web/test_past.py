"""The board at any past instant: the same as a replay, in any order, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
import pytest

import actors.web.past
from actors.web.answer import Answer, Request
from actors.web.past import MOST_WAITING, Past, Then
from events.domain import (
    HeadcountChanged,
    Hours,
    LogCreated,
    Policy,
    PolicySet,
    RoomDeclared,
    RoomEvent,
    RoomInfo,
    SchoolEvent,
)
from events.ids import SCHOOL_STREAM, RoomKey, new_event_id, room_stream
from events.log import Batch, Draft
from events.memory import MemoryLog
from events.projection import room_day, room_presence
from events.replay import replay
from events.status import known
from tests.clock import START, FakeClock
from tests.events.builders import added

ROOMS = (RoomKey("L1"), RoomKey("L2"))
DAYS = 3


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """Three days with something new every seven minutes."""
    clock = FakeClock(START)
    log = MemoryLog(clock)

    def add(event: SchoolEvent | RoomEvent) -> None:
        room = getattr(event, "room", None)
        stream = SCHOOL_STREAM if room is None else room_stream(room)
        log.append(Batch(drafts=(Draft(id=new_event_id(), stream=stream, at=clock.now(), event=event),)))

    add(LogCreated(log="x", school="Lycée Ada", zone="Europe/Paris"))
    add(PolicySet(policy=Policy(), hours=Hours()))
    for room in ROOMS:
        add(RoomDeclared(room=room, info=RoomInfo(name=room)))
    for number in range(DAYS * 24 * 60 // 7):
        clock.advance(timedelta(minutes=7))
        if number % 40 == 0:
            add(added(f"b{number}", of=ROOMS[0]))
        add(HeadcountChanged(room=ROOMS[number % 2], count=number, by="desk"))
    return log


@pytest.fixture
def past(log: MemoryLog) -> Iterator[Past]:
    past = Past(lambda: log)
    yield past
    past.close()


NOW = START + timedelta(days=DAYS)


def ask(past: Past, *targets: str, known_by: str = "") -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        asked = [past.answer(Request(target=target, known=known_by), NOW, titles=False) for target in targets]
        return await asyncio.gather(*asked)

    return asyncio.run(all_of_them())


def target(moment: datetime) -> str:
    return f"/at.json?at={moment.isoformat().replace('+00:00', 'Z')}"


def test_every_instant_is_what_a_replay_gives_in_whatever_order_they_are_asked(
    past: Past, log: MemoryLog
) -> None:
    for hours in (1, 50, 49.5, 3, 71, 26, 26.01, 0):
        moment = START + timedelta(hours=hours)
        (answer,) = ask(past, target(moment))
        assert answer.status is HTTPStatus.OK
        then = msgspec.json.decode(answer.body, type=Then)
        school = replay(log, at=moment)
        rooms = [known(school, school.rooms[key]) for key in ROOMS]
        expected = [message for k in rooms for message in (room_day(k, moment), room_presence(k, moment))]
        assert list(then.messages) == expected
        assert (then.seq, then.rules, then.school) == (school.seq, school.rules, "Lycée Ada")


def test_an_answer_that_the_client_has_is_not_sent_again(past: Past) -> None:
    (first,) = ask(past, target(START + timedelta(hours=5)))
    etag = dict(first.headers)["ETag"]
    (again,) = ask(past, target(START + timedelta(hours=5)), known_by=etag)
    assert (again.status, again.body) == (HTTPStatus.NOT_MODIFIED, b"")


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ("", HTTPStatus.BAD_REQUEST, "no instant"),
        ("?at=", HTTPStatus.BAD_REQUEST, "no instant"),
        ("?at=yesterday", HTTPStatus.BAD_REQUEST, "no instant"),
        ("?at=2026-11-20T08:00Z&at=2026-11-20T09:00Z", HTTPStatus.BAD_REQUEST, "no instant"),
        ("?at=2026-11-20T08:00", HTTPStatus.BAD_REQUEST, "no zone"),
        ("?at=2026-12-24T08:00Z", HTTPStatus.BAD_REQUEST, "still to come"),
        ("?at=0001-01-01T00:00Z", HTTPStatus.NOT_FOUND, "before the log began"),
        ("?at=0001-01-01T00:00%2B14:00", HTTPStatus.NOT_FOUND, "before the log began"),
        ("?at=9999-12-31T23:59-14:00", HTTPStatus.BAD_REQUEST, "still to come"),
        ("?at=2026-11-20T06:59Z", HTTPStatus.NOT_FOUND, "before the log began"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(
    past: Past, query: str, status: HTTPStatus, why: str
) -> None:
    (answer,) = ask(past, f"/at.json{query}")
    assert answer.status is status
    assert why in answer.body.decode()


def test_a_replay_that_takes_too_long_goes_on_when_it_is_asked_for_again(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.web.past, "REPLAY_LIMIT", -1.0)
    monkeypatch.setattr(actors.web.past, "_EVENTS_A_LOOK", 200)
    tried = 0
    while True:
        (answer,) = ask(past, target(NOW - timedelta(hours=1)))
        tried += 1
        if answer.status is HTTPStatus.OK:
            break
        assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
        assert dict(answer.headers)["Retry-After"] == "1"
        assert tried < 20
    assert tried > 2


def test_few_may_wait_and_the_others_are_told_to_ask_again(past: Past) -> None:
    targets = [target(START + timedelta(hours=hour)) for hour in range(3 * MOST_WAITING)]
    answers = ask(past, *targets)
    assert sorted({answer.status for answer in answers}) == [HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE]
    served = [answer for answer in answers if answer.status is HTTPStatus.OK]
    assert len(served) == MOST_WAITING + 1
