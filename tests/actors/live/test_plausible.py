"""What is well formed and nobody can mean: it is refused before it is recorded or shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from actors.live.plausible import REACH, why_implausible
from events.ids import RoomKey
from events.wire import (
    LARGEST,
    AnnotateRoom,
    ClientMessage,
    CloseRoom,
    GrantAccess,
    Pair,
    Ping,
    PostNotice,
    encode,
    read_client_message,
)
from tests.actors.stack import DoorClient
from tests.clock import START

ROOM = RoomKey("L213")
ENDS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
ACTS = ("\x1b[2J", "\x07", "\u202e", "\x9b31m", "\u2028", "\x00", "a\nb")


def written(text: str) -> list[ClientMessage]:
    """Every message by which a text becomes part of what others read."""
    return [
        CloseRoom(id=1, room=ROOM, reason=text),
        AnnotateRoom(id=1, room=ROOM, what="note", start=START, end=START, text=text),
        Pair(id=1, code="7K4M2QXD", room=ROOM, name=text),
        GrantAccess(id=1, name=text, role="operator", proof=""),
    ]


def dated(at: datetime) -> list[ClientMessage]:
    return [
        PostNotice(id=1, topic="school", text="x", until=at),
        CloseRoom(id=1, room=ROOM, until=at),
        AnnotateRoom(id=1, room=ROOM, what="note", start=at, end=START, text="x"),
        AnnotateRoom(id=1, room=ROOM, what="note", start=START, end=at, text="x"),
    ]


@pytest.mark.parametrize("text", ACTS)
def test_a_text_that_acts_on_a_screen_is_refused_wherever_one_is_written(text: str) -> None:
    for message in written(f"Fuite{text}"):
        assert "which is not shown to anybody" in (why_implausible(message, START) or ""), message


@pytest.mark.parametrize("text", ["Fuite d\u2019eau à 18 h", "👩\u200d🔧 répare", "مغلق", "क\u094d\u200dष"])
def test_what_people_write_is_taken(text: str) -> None:
    assert [why_implausible(message, START) for message in written(text)] == [None] * 4


@pytest.mark.parametrize("at", [*ENDS, START + REACH + timedelta(seconds=1), START - timedelta(days=9000)])
def test_an_instant_out_of_reach_is_refused(at: datetime) -> None:
    for message in dated(at):
        assert "more than 20 years away" in (why_implausible(message, START) or ""), message


def test_an_instant_of_the_school_is_taken() -> None:
    for at in (START, START + timedelta(days=365), START - timedelta(days=3000)):
        assert [why_implausible(message, START) for message in dated(at)] == [None] * 4
    assert why_implausible(PostNotice(id=1, topic="school", text="x"), START) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"n": -1}, "n is"),
        ({"n": LARGEST + 1}, "n is"),
        ({"outbox": ""}, "outbox"),
        ({"outbox": "\x1b[2J"}, "outbox"),
        ({"outbox": "a.1"}, "outbox"),
        ({"outbox": "a" * 65}, "outbox"),
        ({"outbox": "00ff\n"}, "outbox"),
        ({"by": "desk"}, "a door is pressed by"),
        ({"by": "phone"}, "a door is pressed by"),
        ({"boot_id": "a\u202eb"}, "boot_id"),
        ({"boot_id": "a" * 65}, "boot_id"),
    ],
)
def test_what_a_door_says_of_itself_cannot_be_anything(changed: dict[str, Any], why: str) -> None:
    delivery = DoorClient("L213").press()
    assert why_implausible(delivery, START) is None
    spoilt = replace(delivery, press=replace(delivery.press, **changed))
    assert (why_implausible(spoilt, START) or "").startswith(why)


def test_a_number_that_some_reader_of_json_would_round_is_none() -> None:
    largest = Ping(id=LARGEST)
    assert read_client_message(encode(largest)) == largest
    with pytest.raises(ValueError, match="<= 9007199254740991"):
        read_client_message(encode(Ping(id=LARGEST + 1)))
