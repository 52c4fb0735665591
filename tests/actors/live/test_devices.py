"""Small devices: sessions like any other, in frames over plain TCP."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import actors.live.client
import actors.live.connection
import actors.live.devices
import actors.live.fanout
import actors.live.serving
from actors.entry.credentials import new_secret
from actors.live.framing import DISCONNECT, HEADER, frame
from events.domain import PresencePressed
from events.ids import RoomKey
from events.signing import answer_device, device_key
from events.wire import (
    MAX_INCOMING,
    Challenge,
    Done,
    GrantAccess,
    Granted,
    Hello,
    Joined,
    Left,
    Ping,
    Pong,
    Pressed,
    Refused,
    RevokeAccess,
    Roster,
    SayPresence,
    SetHeadcount,
    SnapshotEnd,
    Subscribe,
    Welcome,
    encode,
)
from tests.actors.device import Device
from tests.actors.stack import TIMEOUT, DoorClient, School, eventually, free_port, greeted, running
from tests.clock import FakeClock

L213, L227 = RoomKey("L213"), RoomKey("L227")
EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "device.py"


@contextlib.contextmanager
def school_with_devices(folder: Path, **configuration: Any) -> Iterator[tuple[School, int]]:
    port = free_port()
    with running(folder, more=f"[devices]\nport = {port}", **configuration) as school:
        yield school, port


def grant(school: School, name: str = "lab", room: RoomKey = L213) -> tuple[int, str]:
    """Let a device in; gives its number and its secret."""
    secret = new_secret()
    with greeted(school.address, Hello(role="operator", token=school.token)) as operator:
        operator.say(GrantAccess(id=1, name=name, role="device", proof=device_key(secret), room=room))
        number = operator.until(Granted).access
    school.wait_published()
    return number, secret


# -- a session like any other ---------------------------------------------------------------------


def test_a_device_with_its_secret_presses_for_its_room_and_is_told_when_it_is_in_the_log(
    tmp_path: Path,
) -> None:
    with school_with_devices(tmp_path) as (school, port):
        number, secret = grant(school)
        with Device(port) as device:
            welcome = device.hello(number, secret)
            assert (welcome.role, welcome.room) == ("device", L213)
            device.say(SayPresence(id=5, room=L213, intent="present", minutes=30))
            done = device.until(Done)
            (recorded,) = school.records("presence-pressed")
            assert (done.ref, done.seq) == (5, recorded.seq)
            assert isinstance(recorded.event, PresencePressed)
            assert recorded.event.press.by == "device"
            device.say(SetHeadcount(id=6, room=L213, count=3))
            assert device.until(Done).ref == 6
            device.say(SayPresence(id=7, room=L227, intent="present"))
            refused = device.until(Refused)
            assert (refused.code, refused.ref) == ("not-allowed", 7)
            device.say(Ping(id=8))
            assert device.until(Pong).ref == 8, "and it stays"


def test_a_door_comes_in_with_its_key_and_gets_the_same_answers(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with school_with_devices(tmp_path, doors=[("L213", door.key)]) as (_, port), Device(port) as device:
        device.say(door.hello(device.until(Challenge).nonce))
        assert device.until(Welcome).kiosk == door.kiosk
        device.say(Subscribe(topics=("room/L213",)))
        device.until(SnapshotEnd)
        device.say(door.press())
        assert device.until(Pressed).effect == "walk-in"


def test_a_device_sees_what_boards_see(tmp_path: Path) -> None:
    from events.wire import RoomDay, RoomPresence

    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        device.say(Subscribe(topics=("room/L213",)))
        assert device.until(RoomDay).room == L213
        device.until(SnapshotEnd)
        with DoorClient("L213").connect(school.address) as _:
            device.say(SayPresence(id=1, room=L213, intent="present"))
            assert device.until(RoomPresence).last is not None


def test_those_who_follow_the_roster_see_devices_come_and_how_they_go(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port):
        number, secret = grant(school)
        with greeted(school.address, Hello(role="operator", token=school.token, name="desk")) as desk:
            desk.snapshot("roster")
            assert [member.name for member in desk.until(Roster).members] == ["desk"]
            with Device(port) as device:
                device.hello(number, secret)
                assert desk.until(Joined).member.name == "device lab"
                device.socket.sendall(frame(DISCONNECT.decode()))
                left = desk.until(Left)
                assert (left.member.room, left.how) == (L213, "goodbye")
                assert device.ends() == DISCONNECT
            with Device(port) as device:
                device.hello(number, secret)
                desk.until(Joined)
            assert desk.until(Left).how == "cut off", "it hung up without a word"


def test_a_device_whose_access_is_revoked_falls_at_once(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        number, secret = grant(school)
        device.hello(number, secret)
        with greeted(school.address, Hello(role="operator", token=school.token)) as operator:
            operator.say(RevokeAccess(id=1, access=number))
            operator.until(Done)
        device.ends()
        with Device(port) as again:
            nonce = again.until(Challenge).nonce
            again.say(Hello(role="device", access=number, signature=answer_device(device_key(secret), nonce)))
            assert again.until(Refused).code == "not-authenticated"
            assert again.ends() == DISCONNECT


def test_a_wrong_secret_and_a_token_are_turned_away(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port):
        number, _ = grant(school)
        for hello, code in (
            (Hello(role="device", access=number, signature="00" * 32), "not-authenticated"),
            (Hello(role="operator", token=school.token), "not-allowed"),
        ):
            with Device(port) as device:
                device.until(Challenge)
                device.say(hello)
                assert device.until(Refused).code == code
                assert device.ends() == DISCONNECT


def test_the_listener_is_off_unless_the_school_wants_it(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        assert school.app.settings.devices_port is None


# -- what can go wrong on the line ----------------------------------------------------------------


def test_messages_may_come_in_any_pieces(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        stream = frame(encode(Ping(id=1))) + frame(encode(Ping(id=2)))
        device.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(0, len(stream), 7):
            device.socket.sendall(stream[n : n + 7])
        assert [device.until(Pong).ref for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("garbage", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a header is 64 bytes"),
        (b"\xff" * 64, "a header is 64 bytes"),
        (b"99999".ljust(HEADER), "a message has 1 to 4096 bytes, and the header says 99999"),
        (b"99999".ljust(HEADER) + b"x" * 99_999, "the header says 99999"),
        (b"0".ljust(HEADER), "the header says 0"),
    ],
    ids=["another protocol", "no text", "too long", "too long and all of it", "nothing"],
)
def test_what_is_no_frame_is_told_and_ends_the_connection(tmp_path: Path, garbage: bytes, why: str) -> None:
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        device.socket.sendall(garbage)
        refused = device.until(Refused)
        assert refused.code == "bad-message"
        assert why in refused.reason
        assert device.ends() == DISCONNECT


def test_a_wrong_encoding_is_refused_and_the_device_stays(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        for body in (
            b'{"type":"ping","id":"\xff"}',
            '{"type":"ping","id":1}'.encode("utf-16"),
            b"hello",
            b" ",
        ):
            device.socket.sendall(str(len(body)).encode().ljust(HEADER) + body)
            assert device.until(Refused).code == "bad-message"
        device.say(Ping(id=9))
        assert device.until(Pong).ref == 9


def test_the_longest_message_is_taken(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        text = encode(Ping(id=1)).ljust(MAX_INCOMING)
        device.socket.sendall(frame(text))
        assert device.until(Pong).ref == 1


def test_half_a_message_and_a_disappearance_leave_nothing_behind(tmp_path: Path) -> None:
    with school_with_devices(tmp_path) as (school, port):
        number, secret = grant(school)
        with greeted(school.address, Hello(role="operator", token=school.token, name="desk")) as desk:
            desk.snapshot("roster")
            desk.until(Roster)
            with Device(port) as device:
                device.hello(number, secret)
                device.socket.sendall(frame(encode(Ping(id=1)))[:70])
                desk.until(Joined)
            assert desk.until(Left).how == "cut off"
        eventually(lambda: _connected(school) == 0)


def test_whoever_says_nothing_at_first_is_shown_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.serving, "HELLO_LIMIT", 0.2)
    with school_with_devices(tmp_path) as (_, port), Device(port) as device:
        device.until(Challenge)
        assert device.ends() == DISCONNECT


def test_whoever_is_silent_for_too_long_is_told_and_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.devices, "IDLE", 0.5)
    with school_with_devices(tmp_path) as (school, port), Device(port) as device:
        device.hello(*grant(school))
        began = time.monotonic()
        for n in range(3):  # letters of a message that never ends are silence, too
            device.socket.sendall(b"9" if n == 0 else b" ")
        refused = device.until(Refused)
        assert "say ping now and then" in refused.reason
        assert device.ends() == DISCONNECT
        assert time.monotonic() - began < TIMEOUT


def test_a_device_that_does_not_read_is_cut_off_and_delays_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.client, "LAG", 4096)
    monkeypatch.setattr(actors.live.fanout, "LAG_LIMIT", 0.3)
    monkeypatch.setattr(actors.live.connection, "CLOSE_LIMIT", 0.2)
    clock = FakeClock()
    with school_with_devices(tmp_path, clock=clock) as (school, port):
        number, secret = grant(school)
        door = DoorClient("L213")
        with Device(port) as device, door.connect(school.address) as talk:
            device.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            device.hello(number, secret)
            device.say(Subscribe(topics=("school",)))
            device.until(SnapshotEnd)
            # Answers that it does not read fill the kernel's buffers, and then the server's.
            device.socket.setblocking(False)
            flood = frame(encode(Ping(id=1))) * 1000

            def is_gone() -> bool:
                with contextlib.suppress(OSError):
                    device.socket.send(flood)
                clock.advance(1)  # or presses are too fast
                talk.say(door.press())
                talk.until(Pressed)
                return _connected(school) == 1

            eventually(is_gone)


def _connected(school: School) -> int:
    """Count who is connected, by what the server measures of itself."""
    import urllib.request

    host, port = school.app.address
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=TIMEOUT) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("toctoc_clients{"))


def test_the_kernel_is_told_to_find_out_when_the_other_end_is_gone() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as one,
    ):
        actors.live.devices.set_up(one)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 35_000
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * actors.live.devices.KERNEL


# -- the example ----------------------------------------------------------------------------------


@pytest.fixture
def example() -> ModuleType:
    """The sample of `deploy/`, as MicroPython would run it."""
    spec = importlib.util.spec_from_file_location("device", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_presses_and_gets_its_acknowledgement(tmp_path: Path, example: Any) -> None:
    with school_with_devices(tmp_path) as (school, port):
        example.ACCESS, example.SECRET = grant(school)
        example.HOST, example.PORT = "127.0.0.1", port
        told = example.press_until_it_counts()
        (recorded,) = school.records("presence-pressed")
        assert told == {"type": "done", "ref": 1, "seq": recorded.seq}
        assert isinstance(recorded.event, PresencePressed)
        assert (recorded.event.room, recorded.event.press.by) == (L213, "device")


def test_the_example_is_told_why_it_is_refused(tmp_path: Path, example: Any) -> None:
    with school_with_devices(tmp_path) as (school, port):
        example.ACCESS, _ = grant(school)
        example.HOST, example.PORT = "127.0.0.1", port
        told = example.press()
        assert told["code"] == "not-authenticated"
        assert json.dumps(told["reason"])


def test_the_example_tries_until_the_server_is_there(
    tmp_path: Path, example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    answers: list[Any] = [OSError("no server"), ValueError("half a header"), {"type": "done"}]

    def press() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(example, "press", press)
    monkeypatch.setattr(example.time, "sleep", waited.append)
    assert example.press_until_it_counts() == {"type": "done"}
    assert waited == [2, 2]
