"""The line itself: servers that do not behave, and what a door resumes from."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

import kiosk.link.delivery
import kiosk.link.link
from events.signing import kiosk_id
from events.state import Rules
from events.wire import (
    Challenge,
    ClientMessage,
    Heartbeat,
    Hello,
    Paired,
    PairingCode,
    Pressed,
    Refused,
    SendPress,
    SnapshotEnd,
    Subscribe,
    Welcome,
    encode,
    read_client_message,
)
from kiosk.outbox import Outbox
from tests.actors.stack import eventually
from tests.clock import START, FakeClock
from tests.kiosk.link.bench import ROOM, Door, Stage, background, misbehaving, pressed, welcome


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link.link, "SILENCE", 0.1)

    async def play(connection: ServerConnection) -> None:
        await connection.wait_closed()

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        assert "nothing heard" in door.box.state("down").why
        (noted,) = door.press()
        assert door.waiting() == [noted.press]


def test_a_server_that_falls_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link.link, "SILENCE", 0.2)
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        assert "nothing heard" in door.box.state("down").why
        door.box.state("up")


@pytest.mark.parametrize("garbage", ["", "{", '{"type":"unheard-of"}', b"\xff\xfe", "x" * 1_000_000])
def test_a_server_that_sends_garbage_is_left_and_tried_again(tmp_path: Path, garbage: str | bytes) -> None:
    async def play(connection: ServerConnection) -> None:
        await welcome(connection)
        with contextlib.suppress(Exception):
            await connection.send(garbage)
            await connection.wait_closed()

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.box.state("down")
        door.box.state("up")


@pytest.mark.parametrize(
    "first", ['{"type":"heartbeat"}', "rubbish", encode(Heartbeat(server_time=START, epoch=1, seq=1))]
)
def test_what_does_not_begin_with_a_challenge_is_no_server_of_ours(tmp_path: Path, first: str) -> None:
    async def play(connection: ServerConnection) -> None:
        await connection.send(first)
        await connection.wait_closed()

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        assert "WireError" in door.box.state("down").why


def test_a_server_that_does_not_know_the_key_is_asked_for_a_code_and_presses_are_kept(tmp_path: Path) -> None:
    said: list[str] = []

    async def play(connection: ServerConnection) -> None:
        await connection.send(encode(Challenge(nonce="ab" * 32)))
        hello = read_client_message(await connection.recv())
        assert isinstance(hello, Hello)
        said.append(hello.role)
        if len(said) == 1:
            await connection.send(encode(Refused(code="unknown-key", reason="no door with this key")))
            await connection.close(1008)
            return
        answer = Welcome(role=hello.role, school="Test", epoch=1, server_time=START, rules=Rules())
        await connection.send(encode(answer))
        if hello.role == "unpaired":
            await connection.send(encode(PairingCode(code="7K4M2QXD", until=START)))
            await connection.send(encode(Paired(room=ROOM, kiosk=kiosk_id(hello.key))))
        await connection.wait_closed()

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        assert door.box.state("refused").why == "no door with this key"
        (noted,) = door.press()
        assert door.waiting() == [noted.press]
        door.box.state("up")
        assert said == ["kiosk", "unpaired", "kiosk"]


def test_a_door_resumes_from_what_it_was_last_told(tmp_path: Path) -> None:
    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if not isinstance(message, Subscribe):
            return []
        if connection == 1:
            return [SnapshotEnd(seq=40), Heartbeat(server_time=START, epoch=1, seq=42), "close"]
        return []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server):
        first = stage.until(Subscribe)
        assert (first.seq, first.topics) == (None, ("school",))
        second = stage.until(Subscribe)
        assert (second.epoch, second.seq) == (1, 42)


def test_a_door_that_knew_something_at_its_start_asks_only_for_what_changed_since(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server, resume=(1, 40)):
        subscribed = stage.until(Subscribe)
        assert (subscribed.epoch, subscribed.seq) == (1, 40)


def test_what_a_door_knew_of_another_log_counts_for_nothing(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server, resume=(5, 40)):
        subscribed = stage.until(Subscribe)
        assert (subscribed.epoch, subscribed.seq) == (1, None)


def test_a_server_that_stops_reading_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It still speaks, so that it does not seem silent; but nobody reads the presses."""
    monkeypatch.setattr(kiosk.link.link, "PING", 0.1)

    async def play(connection: ServerConnection) -> None:
        await welcome(connection)
        transport: Any = connection.transport
        transport.pause_reading()
        with contextlib.suppress(Exception):
            while True:
                await connection.send(encode(Heartbeat(server_time=START, epoch=1, seq=1)))
                await asyncio.sleep(0.02)

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        (noted,) = door.press()
        assert "ping" in door.box.state("down").why
        assert door.waiting() == [noted.press]
        door.box.state("up")


def test_a_server_of_another_protocol_is_none_of_ours(tmp_path: Path) -> None:
    async def run(stopping: asyncio.Event, port: queue.Queue[int]) -> None:
        async with serve(lambda connection: connection.wait_closed(), "127.0.0.1", 0) as server:
            port.put(next(iter(server.sockets)).getsockname()[1])
            await stopping.wait()

    with background(run) as number, Door(tmp_path, f"ws://127.0.0.1:{number}") as door:
        assert "subprotocol" in door.box.state("down").why
        door.box.state("down")


def test_a_web_server_in_its_place_is_none_of_ours(tmp_path: Path) -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async def run(stopping: asyncio.Event, port: queue.Queue[int]) -> None:
        async with await asyncio.start_server(page, "127.0.0.1", 0) as server:
            port.put(server.sockets[0].getsockname()[1])
            await stopping.wait()

    with background(run) as number, Door(tmp_path, f"ws://127.0.0.1:{number}") as door:
        assert "HTTP 200" in door.box.state("down").why
        (noted,) = door.press()
        assert door.waiting() == [noted.press]


def test_an_error_of_its_own_does_not_end_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that fails at the wrong moment must not leave a door that never connects again."""
    failing = [sqlite3.OperationalError("disk I/O error")]
    real = Outbox.remove

    def remove(outbox: Outbox, name: Any) -> bool:
        if failing:
            raise failing.pop()
        return real(outbox, name)

    monkeypatch.setattr(Outbox, "remove", remove)
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press()
        assert "disk I/O error" in door.box.state("down").why
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])
    assert "the line failed" in caplog.text


def test_a_thread_that_turns_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link.link, "ALIVE_EVERY", 0.01)
    clock = FakeClock()
    with Door(tmp_path, "ws://127.0.0.1:9", clock=clock) as door:
        assert door.link.alive_at == 1000
        clock.advance(20)
        eventually(lambda: door.link.alive_at == 1020)
    clock.advance(20)
    assert door.link.alive_at == 1020, "a thread that ended says nothing"


def test_a_door_that_stops_keeps_what_was_not_acknowledged(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        noted = door.press(2)
    assert door.waiting() == [item.press for item in noted]
    door.link.stop()
    door.link.submit("present", at=0.0)
    assert len(door.waiting()) == 2
