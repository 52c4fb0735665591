"""Every cell of the table of roles and messages, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest

from actors.entry.credentials import proof_of
from actors.live.session import ALLOWED
from events.examples import CLIENT
from events.ids import RoomKey, press_id
from events.signing import answer_device, device_key
from events.wire import (
    Challenge,
    ClientMessage,
    GrantAccess,
    Granted,
    Hello,
    PairingCode,
    Ping,
    Pong,
    Refused,
    Role,
    SendPress,
    Welcome,
)
from tests.actors.stack import DoorClient, Talk, greeted, running

SECRET = "the counter's own"


@pytest.fixture
def talks(tmp_path: Path) -> Iterator[dict[Role, Talk]]:
    """A connection of each role to one server."""
    door = DoorClient("L213")
    with ExitStack() as stack:
        school = stack.enter_context(running(tmp_path, doors=[("L213", door.key)]))
        operator = stack.enter_context(greeted(school.address, Hello(role="operator", token=school.token)))
        grant = GrantAccess(
            id=1, name="counter", role="device", proof=proof_of("device", SECRET), room=RoomKey("L213")
        )
        operator.say(grant)
        number = operator.until(Granted).access
        device = stack.enter_context(Talk(school.address))
        challenge = device.hear()
        assert isinstance(challenge, Challenge)
        answer = answer_device(device_key(SECRET), challenge.nonce)
        device.say(Hello(role="device", access=number, signature=answer))
        assert device.until(Welcome).name == "counter"
        waits = stack.enter_context(Talk(school.address))
        challenge = waits.hear()
        assert isinstance(challenge, Challenge)
        waits.say(DoorClient("L213").unpaired(challenge.nonce))
        waits.until(PairingCode)
        yield {
            "kiosk": stack.enter_context(door.connect(school.address)),
            "board": stack.enter_context(greeted(school.address, Hello(role="board"))),
            "operator": operator,
            "device": device,
            "unpaired": waits,
        }


def test_the_examples_have_every_message() -> None:
    assert {type(message) for message in CLIENT} == set(get_args(ClientMessage))


@pytest.mark.parametrize("role", get_args(Role))
def test_each_message_is_taken_from_whom_the_table_says_and_from_nobody_else(
    talks: dict[Role, Talk], role: Role
) -> None:
    """What the table does not have is refused by name, with its ref, and the socket stays."""
    talk = talks[role]
    for n, message in enumerate(CLIENT):
        first = len(talk.heard)
        talk.say(message)
        talk.say(Ping(id=4_000_000 + n))
        talk.until(Pong, ref=4_000_000 + n)
        tag = type(message).__struct_config__.tag
        by_table = [
            said
            for said in talk.heard[first:]
            if isinstance(said, Refused) and said.reason == f"a {role} may not send {tag}"
        ]
        if isinstance(message, ALLOWED[role]):
            assert by_table == [], tag
            continue
        (refused,) = by_table
        assert (refused.code, refused.ref) == ("not-allowed", _ref(message)), tag


def _ref(message: Any) -> Any:
    if isinstance(message, SendPress):
        return press_id(message.press.kiosk, message.press.outbox, message.press.n)
    return getattr(message, "id", None)
