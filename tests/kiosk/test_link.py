"""The door's line: against the real gateway, and against servers that do not behave."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

import kiosk.link
from actors.messages import ActorDied
from events.clock import SystemClock
from events.domain import Policy
from events.ids import RoomKey, press_id
from events.search import Wish
from events.signing import new_key, public_hex
from events.state import Rules
from events.wire import (
    PROTOCOL,
    Challenge,
    ClientMessage,
    Find,
    Found,
    Heartbeat,
    Hello,
    Pressed,
    Refused,
    RoomPresence,
    RulesSet,
    SendPress,
    SnapshotEnd,
    Stuck,
    Subscribe,
    Watching,
    Welcome,
    encode,
    read_client_message,
)
from kiosk.inbox import FaultFound, Input, Kept, LinkChanged, Noted, Received
from kiosk.link import FIRST_WAIT, Link, Target
from kiosk.outbox import Outbox
from tests.actors.stack import TIMEOUT, School, eventually, free_port, running, write_school
from tests.clock import START, FakeClock

ROOM = RoomKey("L227")
M = TypeVar("M")


class Box:
    """An inbox that can be waited on for what a test wants to see."""

    def __init__(self) -> None:
        self.items: queue.Queue[Input] = queue.Queue()
        self.seen: list[Input] = []

    def put(self, item: Input) -> None:
        self.items.put(item)

    def until(self, kind: type[M], what: Callable[[M], bool] = lambda _item: True) -> M:
        end = time.monotonic() + TIMEOUT
        while True:
            item = self.items.get(timeout=max(0.0, end - time.monotonic()))
            self.seen.append(item)
            if isinstance(item, kind) and what(item):
                return item

    def message(self, kind: type[M], **fields: Any) -> M:
        """Wait for a message of the server."""

        def wanted(received: Received) -> bool:
            message = received.message
            return isinstance(message, kind) and all(getattr(message, k) == v for k, v in fields.items())

        received = self.until(Received, wanted)
        assert isinstance(received.message, kind)
        return received.message

    def state(self, state: str) -> LinkChanged:
        return self.until(LinkChanged, lambda item: item.state == state)


class Waits:
    """Stands for sleeping: remembers for how long, and takes no time, or as long as the test says."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.gate = threading.Event()
        self.gate.set()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.to_thread(self.gate.wait, TIMEOUT)


class Door:
    """A link with its inbox, on a folder."""

    def __init__(
        self, folder: Path, server: str, *, key: Any = None, clock: Any = None, ceiling: float = 30.0
    ) -> None:
        self.path = folder / "outbox.db"
        self.key = key or new_key()
        self.box = Box()
        self.waits = Waits()
        self.link = Link(
            Target(server=server, room=ROOM, ceiling=ceiling),
            key=self.key,
            outbox=self.path,
            inbox=self.box,
            clock=clock or SystemClock(),
            wait=self.waits,
        )

    def __enter__(self) -> Self:
        self.link.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.waits.gate.set()
        self.link.stop()

    def press(self, count: int = 1) -> list[Noted]:
        """Press so often; returns once all of it is on disk."""
        for _ in range(count):
            self.link.submit("present", at=SystemClock().boottime())
        return [self.box.until(Noted) for _ in range(count)]

    def waiting(self) -> list[str]:
        """The presses in the outbox, looked up beside the link."""
        db = sqlite3.connect(self.path)
        try:
            rows = db.execute("SELECT n FROM press WHERE refused IS NULL ORDER BY n").fetchall()
            (name,) = db.execute("SELECT name FROM outbox").fetchone()
        finally:
            db.close()
        from events.signing import kiosk_id

        return [press_id(kiosk_id(public_hex(self.key)), name, n) for (n,) in rows]


# -- against the real gateway ---------------------------------------------------------------------


def test_a_door_gets_the_schools_state_and_delivers_its_press(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.state("up")
        assert door.box.message(Welcome).school == "Test"
        snapshot = door.box.message(SnapshotEnd)
        assert snapshot.seq >= 8
        (noted,) = door.press()
        pressed = door.box.message(Pressed)
        assert (pressed.ref, pressed.effect) == (noted.press, "walk-in")
        assert door.waiting() == []
        (recorded,) = school.records("presence-pressed")
        assert recorded.id == noted.press


def test_a_door_says_that_it_watches_and_for_how_long(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        (joined,) = school.wait_for("kiosk-joined")
        assert door.link is not None
        assert joined.event.watching_since <= START  # type: ignore[union-attr]
    school.wait_for("kiosk-left")


def test_presses_made_while_away_come_in_order_exactly_once_and_before_the_watch(tmp_path: Path) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    with Door(tmp_path, f"ws://127.0.0.1:{port}") as door:
        door.box.state("down")
        noted = door.press(20)
        assert door.waiting() == [item.press for item in noted]
        school = School(config)
        try:
            for item in noted:
                assert door.box.message(Pressed).ref == item.press
            school.wait_for("kiosk-joined")
            recorded = [r.id for r in school.records("presence-pressed")]
            assert recorded == [item.press for item in noted]
            assert school.tags().index("kiosk-joined") > school.tags().index("presence-pressed") + 18
            assert door.waiting() == []
        finally:
            school.stop()


def test_a_server_that_restarts_finds_its_doors_again(tmp_path: Path) -> None:
    config = write_school(tmp_path, port=free_port())
    first = School(config)
    with Door(tmp_path, first.address) as door:
        try:
            door.box.message(SnapshotEnd)
            door.press()
            door.box.message(Pressed)
        finally:
            first.stop()
        door.box.state("down")
        noted = door.press(3)
        second = School(config)
        try:
            assert [door.box.message(Pressed).ref for _ in noted] == [item.press for item in noted]
            second.wait_for("kiosk-joined", 2)
            assert len(second.records("presence-pressed")) == 4
        finally:
            second.stop()


def test_a_reload_reaches_the_door_over_the_same_line(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        school.reload(more="[policy]\nwalk_in = 7")
        assert door.box.message(RulesSet).rules.policy == Policy(walk_in=7)
        assert not [item for item in door.box.seen if isinstance(item, LinkChanged) and item.state != "up"]


def test_a_door_asks_and_is_answered(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        door.link.find(Find(id=3, wish=Wish(origin=ROOM)))
        assert door.box.message(Found).ref == 3


def test_a_stuck_button_ends_the_watch_and_begins_it_anew(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        school.wait_for("kiosk-joined")
        door.link.report_stuck(stuck=True)
        school.wait_for("button-stuck")
        door.link.report_stuck(stuck=False)
        school.wait_for("button-freed")


def test_a_button_that_came_free_while_nobody_could_be_told_is_told_of_later(tmp_path: Path) -> None:
    config = write_school(tmp_path, port=free_port())
    first = School(config)
    with Door(tmp_path, first.address) as door:
        try:
            door.box.message(SnapshotEnd)
            door.link.report_stuck(stuck=True)
            first.wait_for("button-stuck")
        finally:
            first.stop()
        door.box.state("down")
        door.link.report_stuck(stuck=False)
        second = School(config)
        try:
            second.wait_for("button-freed")
            assert [tag for tag in second.tags() if tag.startswith("button")] == [
                "button-stuck",
                "button-freed",
            ]
        finally:
            second.stop()


def test_a_press_for_a_room_that_died_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kiosk.link, "RESEND", 0.2)
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        ref = school.app._actors[1]
        actor: Any = ref._actor_weakref()
        actor._rooms[ROOM].stop(block=True, timeout=TIMEOUT)
        (noted,) = door.press()
        eventually(lambda: "found no room" in caplog.text)
        assert door.waiting() == [noted.press]
        ref.tell(ActorDied(room=ROOM, why="a fault was injected"))
        assert door.box.message(Pressed).ref == noted.press
        assert len(school.records("presence-pressed")) == 1


def test_two_doors_see_each_others_presses(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        running(tmp_path) as school,
        Door(tmp_path / "a", school.address) as one,
        Door(tmp_path / "b", school.address) as two,
    ):
        one.box.message(SnapshotEnd)
        two.box.message(SnapshotEnd)
        (noted,) = one.press()
        presence = two.box.message(RoomPresence, room=ROOM)
        while presence.last is None:
            presence = two.box.message(RoomPresence, room=ROOM)
        assert presence.last.press == noted.press


# -- against servers that do not behave -----------------------------------------------------------

Play = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def _served(play: Play) -> AsyncIterator[int]:
    async with serve(
        play, "127.0.0.1", 0, subprotocols=[Subprotocol(PROTOCOL)], compression=None, close_timeout=0.1
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@contextlib.contextmanager
def misbehaving(play: Play) -> Iterator[str]:
    """Serve sockets on a thread, each by what the test plays."""
    address: queue.Queue[int] = queue.Queue()
    stop: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def run() -> None:
        stopping = asyncio.Event()
        stop.put((asyncio.get_running_loop(), stopping))
        async with _served(play) as port:
            address.put(port)
            await stopping.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    loop, stopping = stop.get(timeout=TIMEOUT)
    try:
        yield f"ws://127.0.0.1:{address.get(timeout=TIMEOUT)}"
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(TIMEOUT)


async def welcome(connection: ServerConnection, *, epoch: int = 1) -> Hello:
    """Play the server's part up to the welcome."""
    await connection.send(encode(Challenge(nonce="ab" * 32)))
    hello = read_client_message(await connection.recv())
    assert isinstance(hello, Hello)
    answer = Welcome(role="kiosk", school="Test", epoch=epoch, server_time=START, rules=Rules())
    await connection.send(encode(answer))
    return hello


class Stage:
    """A server that welcomes a door and then does what the test says with each message."""

    def __init__(self, answer: Callable[[ClientMessage, int], list[Any]] | None = None) -> None:
        self.heard: queue.Queue[ClientMessage] = queue.Queue()
        self.connections = 0
        self.answer = answer or (lambda _message, _connection: [])

    async def play(self, connection: ServerConnection) -> None:
        self.connections += 1
        number = self.connections
        await welcome(connection)
        async for text in connection:
            message = read_client_message(text)
            self.heard.put(message)
            for reply in self.answer(message, number):
                if reply is None:
                    connection.transport.abort()
                    return
                if reply == "close":
                    # Unlike an abort, which makes the kernel drop what was sent and not yet read.
                    await connection.close(1012)
                    return
                await connection.send(encode(reply))

    def until(self, kind: type[M]) -> M:
        end = time.monotonic() + TIMEOUT
        while True:
            message = self.heard.get(timeout=max(0.0, end - time.monotonic()))
            if isinstance(message, kind):
                return message


def pressed(delivery: SendPress, seq: int = 7) -> Pressed:
    press = delivery.press
    return Pressed(ref=press_id(press.kiosk, press.outbox, press.n), seq=seq, effect="walk-in")


def test_the_waits_between_attempts_are_random_below_a_doubling_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds: list[float] = []

    def highest(low: float, high: float) -> float:
        assert low == 0
        bounds.append(high)
        return high

    monkeypatch.setattr("kiosk.link.random.uniform", highest)
    with Door(tmp_path, "ws://127.0.0.1:9") as door:
        eventually(lambda: len(door.waits.asked) >= 10)
        asked = door.waits.asked[:10]
    assert asked == bounds[:10]
    assert asked == [min(30.0, FIRST_WAIT * 2**k) for k in range(1, 11)]


def test_a_ceiling_of_its_own_bounds_the_waits(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9", ceiling=2.0) as door:
        eventually(lambda: len(door.waits.asked) >= 40)
        assert all(0 <= seconds <= 2.0 for seconds in door.waits.asked)
        assert len(set(door.waits.asked[5:40])) > 30, "spread, not in step"


def test_a_connection_that_lasted_begins_the_waits_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.link.random.uniform", lambda _low, high: high)
    clock = FakeClock()
    go = threading.Event()

    async def play(connection: ServerConnection) -> None:
        await welcome(connection)
        await asyncio.to_thread(go.wait, TIMEOUT)
        connection.transport.abort()

    with misbehaving(play) as server, Door(tmp_path, server, clock=clock) as door:
        door.box.state("up")
        clock.advance(61)
        door.waits.gate.clear()
        go.set()
        eventually(lambda: bool(door.waits.asked))
        assert door.waits.asked == [FIRST_WAIT]


def test_a_server_that_accepts_and_closes_at_once_is_not_stormed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.link.random.uniform", lambda _low, high: high)

    async def play(connection: ServerConnection) -> None:
        await connection.close(1011, "no")

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        eventually(lambda: len(door.waits.asked) >= 4)
        assert door.waits.asked[:4] == [FIRST_WAIT * 2**k for k in range(1, 5)]
        assert not [item for item in door.box.seen if isinstance(item, LinkChanged) and item.state == "up"]


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link, "SILENCE", 0.1)

    async def play(connection: ServerConnection) -> None:
        await connection.wait_closed()

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        assert "nothing heard" in door.box.state("down").why
        (noted,) = door.press()
        assert door.waiting() == [noted.press]


def test_a_server_that_falls_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link, "SILENCE", 0.2)
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


def test_a_server_that_does_not_know_the_key_is_asked_again_and_presses_are_kept(tmp_path: Path) -> None:
    attempts = 0

    async def play(connection: ServerConnection) -> None:
        nonlocal attempts
        attempts += 1
        if attempts > 3:
            await welcome(connection)
            await connection.wait_closed()
            return
        await connection.send(encode(Challenge(nonce="ab" * 32)))
        await connection.recv()
        await connection.send(encode(Refused(code="unknown-key", reason="no [[door]] with this key")))
        await connection.close(1008)

    with misbehaving(play) as server, Door(tmp_path, server) as door:
        assert door.box.state("refused").why == "no [[door]] with this key"
        (noted,) = door.press()
        assert door.waiting() == [noted.press]
        door.box.state("up")


def test_a_lost_acknowledgement_is_asked_for_again_over_the_next_line(tmp_path: Path) -> None:
    """Killed between commit and answer: the press comes again and gets the same answer."""

    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if not isinstance(message, SendPress):
            return []
        return [None] if connection == 1 else [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        (noted,) = door.press()
        acknowledged = door.box.message(Pressed)
        assert (acknowledged.ref, acknowledged.seq) == (noted.press, 7)
        first, second = stage.until(SendPress), stage.until(SendPress)
        assert (first.press, first.signature) == (second.press, second.signature)
        eventually(lambda: door.waiting() == [])
        assert stage.connections == 2


def test_an_acknowledgement_that_does_not_come_is_asked_for_over_the_same_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk.link, "RESEND", 0.1)
    deliveries = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal deliveries
        if not isinstance(message, SendPress):
            return []
        deliveries += 1
        return [pressed(message)] if deliveries == 2 else []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press()
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])
        assert (stage.connections, deliveries) == (1, 2)


def test_a_door_watches_only_once_its_outbox_is_empty(tmp_path: Path) -> None:
    held: list[SendPress] = []

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if isinstance(message, SendPress):
            held.append(message)
            return [pressed(item) for item in held] if len(held) == 3 else []
        return []

    box = Outbox(tmp_path / "outbox.db", SystemClock().now)
    box.close()
    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, "ws://127.0.0.1:9") as away:
        away.press(3)
        key = away.key
    with misbehaving(stage.play) as server, Door(tmp_path, server, key=key) as door:
        kept = door.box.until(Kept)
        assert len(kept.presses) == 3
        assert isinstance(stage.heard.get(timeout=TIMEOUT), Subscribe)
        order = [type(stage.heard.get(timeout=TIMEOUT)) for _ in range(5)]
        assert order == [Stuck, SendPress, SendPress, SendPress, Watching]
        assert [item.press.n for item in held] == [1, 2, 3]


def test_a_stuck_door_says_so_and_does_not_watch(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.waits.gate.clear()
        assert not stage.until(Stuck).stuck
        stage.until(Watching)
        door.link.report_stuck(stuck=True)
        assert stage.until(Stuck).stuck
        door.link.report_stuck(stuck=False)
        assert not stage.until(Stuck).stuck


def test_a_press_that_is_refused_for_good_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if not isinstance(message, SendPress):
            return []
        if message.press.n == 1:
            return [Refused(code="bad-message", reason="no", ref=pressed(message).ref)]
        return [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press(2)
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])
        db = sqlite3.connect(door.path)
        assert db.execute("SELECT n, refused FROM press").fetchall() == [(1, "bad-message: no")]
        db.close()


def test_a_press_that_came_too_fast_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link, "RESEND", 0.1)
    seen = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal seen
        if not isinstance(message, SendPress):
            return []
        seen += 1
        if seen == 1:
            return [Refused(code="too-fast", reason="later", ref=pressed(message).ref)]
        return [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press()
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])


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


def test_a_door_without_a_disk_says_so_and_delivers_from_memory(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        assert door.box.until(FaultFound).what == "disk"
        door.press()
        door.box.message(Pressed)


def test_a_door_that_stops_keeps_what_was_not_acknowledged(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        noted = door.press(2)
    assert door.waiting() == [item.press for item in noted]
    door.link.stop()
    door.link.submit("present", at=0.0)
    assert len(door.waiting()) == 2
