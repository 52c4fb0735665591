"""The door's line: against the real gateway, and against servers that do not behave."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import resource
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
from events.signing import kiosk_id, new_key, public_hex
from events.state import Rules
from events.wire import (
    PROTOCOL,
    Air,
    Challenge,
    ClientMessage,
    Done,
    Find,
    Found,
    Heartbeat,
    Hello,
    Motion,
    Paired,
    PairingCode,
    Pressed,
    Refused,
    RoomPresence,
    RulesSet,
    SendPress,
    SendSensed,
    SetHeadcount,
    SnapshotEnd,
    Stuck,
    Subscribe,
    Watching,
    Welcome,
    encode,
    read_client_message,
)
from kiosk.inbox import FaultFound, Input, Kept, LinkChanged, Noted, Received
from kiosk.link import FIRST_WAIT, KEEP_SENSED, SPREAD, Link, Target, pause
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
        self,
        folder: Path,
        server: str,
        *,
        key: Any = None,
        clock: Any = None,
        ceiling: float = 30.0,
        resume: tuple[int, int] | None = None,
        uniform: Callable[[float, float], float] | None = None,
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
            resume=resume,
            wait=self.waits,
            uniform=uniform,
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
def background(run: Callable[[asyncio.Event, queue.Queue[int]], Awaitable[None]]) -> Iterator[int]:
    """Run a server on a thread until the test is done; gives its port."""
    port: queue.Queue[int] = queue.Queue()
    ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def main() -> None:
        stopping = asyncio.Event()
        ready.put((asyncio.get_running_loop(), stopping))
        await run(stopping, port)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    loop, stopping = ready.get(timeout=TIMEOUT)
    try:
        yield port.get(timeout=TIMEOUT)
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(TIMEOUT)


@contextlib.contextmanager
def misbehaving(play: Play) -> Iterator[str]:
    """Serve sockets on a thread, each by what the test plays."""

    async def run(stopping: asyncio.Event, address: queue.Queue[int]) -> None:
        async with _served(play) as port:
            address.put(port)
            await stopping.wait()

    with background(run) as port:
        yield f"ws://127.0.0.1:{port}"


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


def highest(low: float, high: float) -> float:
    """Draw the longest wait there is."""
    assert low == 0
    return high


def test_the_waits_between_attempts_double_up_to_a_bound(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9", uniform=highest) as door:
        eventually(lambda: len(door.waits.asked) >= 10)
        asked = door.waits.asked[:10]
    assert asked == [min(30.0, FIRST_WAIT * 2**k) for k in range(1, 11)]


def test_a_ceiling_of_its_own_bounds_the_waits(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9", ceiling=2.0) as door:
        eventually(lambda: len(door.waits.asked) >= 40)
        assert all(0 <= seconds <= 2.0 for seconds in door.waits.asked)
        assert len(set(door.waits.asked[5:40])) > 30, "spread, not in step"


def test_a_connection_that_lasted_begins_the_waits_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    go = threading.Event()

    async def play(connection: ServerConnection) -> None:
        await welcome(connection)
        await asyncio.to_thread(go.wait, TIMEOUT)
        connection.transport.abort()

    with misbehaving(play) as server, Door(tmp_path, server, clock=clock, uniform=highest) as door:
        door.box.state("up")
        clock.advance(61)
        door.waits.gate.clear()
        go.set()
        eventually(lambda: bool(door.waits.asked))
        assert door.waits.asked == [FIRST_WAIT * 2**SPREAD]


def arrivals(doors: int, *, away: float, seed: int) -> list[float]:
    """Play so many doors that lose their server at once; tells when each reaches it again."""
    reached = []
    for n in range(doors):
        drawn = random.Random(f"{seed}/{n}")
        at, failures = 0.0, SPREAD
        while True:
            at += pause(failures, 30.0, drawn.uniform)
            if at >= away:
                reached.append(at)
                break
            failures += 1
    return reached


@pytest.mark.parametrize("away", [0.0, 5.0, 60.0, 3600.0])
def test_a_thousand_doors_that_come_back_at_once_come_spread_over_seconds(away: float) -> None:
    reached = sorted(arrivals(1000, away=away, seed=1))
    busiest = max(sum(at <= other < at + 0.1 for other in reached) for at in reached)
    bound = min(30.0, FIRST_WAIT * 2 ** (SPREAD + (4 if away else 0)))
    assert reached[-1] <= away + bound, "and none is left out for longer than the ceiling"
    assert busiest <= (45 if away == 0 else 30), f"{busiest} within 100 ms"


def test_full_jitter_is_even_between_nothing_and_its_bound() -> None:
    drawn = random.Random(7)
    waits = [pause(4, 30.0, drawn.uniform) for _ in range(8000)]
    bound = FIRST_WAIT * 2**4
    eighths = [sum(n * bound / 8 <= wait < (n + 1) * bound / 8 for wait in waits) for n in range(8)]
    assert sum(eighths) == 8000
    # 1000 each, give or take; of eight such counts one is out by five deviations once in a million.
    assert all(abs(eighth - 1000) < 150 for eighth in eighths), eighths


def test_a_server_that_accepts_and_closes_at_once_is_not_stormed(tmp_path: Path) -> None:
    async def play(connection: ServerConnection) -> None:
        await connection.close(1011, "no")

    with misbehaving(play) as server, Door(tmp_path, server, uniform=highest) as door:
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


def test_what_was_felt_is_sent_until_the_server_has_it(tmp_path: Path) -> None:
    """Killed between commit and answer: the same fact under the same name, and not a third time."""

    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if not isinstance(message, SendSensed):
            return []
        return [None] if connection == 1 else [Done(ref=message.id, seq=9)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=12.5)
        first, second = stage.until(SendSensed), stage.until(SendSensed)
        assert (first.id, first.run, first.at) == (second.id, second.run, second.at) == (1, first.run, 12500)
        assert second.boottime >= first.boottime
        assert door.box.message(Done).ref == 1
        assert door.link._sensed == {}
        door.link.tell_sensed(Air(co2=700), at=13.0)
        assert stage.until(SendSensed).id == 2


def test_what_was_felt_while_away_is_sent_in_order_and_never_more_than_a_bound(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9") as away:
        away.waits.gate.clear()
        for n in range(KEEP_SENSED + 5):
            away.link.tell_sensed(Motion(), at=float(n))
        away.press()
        assert [message.at for message in away.link._sensed.values()] == [
            1000 * n for n in range(5, KEEP_SENSED + 5)
        ]


def test_what_was_felt_and_is_not_acknowledged_is_sent_again_over_the_same_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk.link, "RESEND", 0.1)
    deliveries = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal deliveries
        if not isinstance(message, SendSensed):
            return []
        deliveries += 1
        if deliveries == 1:
            return []
        return [
            Refused(code="too-fast", reason="later", ref=message.id)
            if deliveries == 2
            else Done(ref=1, seq=2)
        ]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.box.message(Done)
        assert (stage.connections, deliveries) == (1, 3)


def test_what_the_server_will_not_have_is_dropped_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(
        lambda message, _n: (
            [Refused(code="not-allowed", reason="no sensor here", ref=message.id)]
            if isinstance(message, SendSensed)
            else []
        )
    )
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.box.message(Refused)
        assert door.link._sensed == {}
    assert "no sensor here" in caplog.text


def test_of_several_counts_only_the_newest_is_sent_again(tmp_path: Path) -> None:
    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if connection == 1 and isinstance(message, SetHeadcount) and message.count == 5:
            return [None]
        if connection == 2 and isinstance(message, SetHeadcount):
            return [Done(ref=message.id, seq=3)]
        return []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        for people in (3, 4, 5):
            door.link.recount(people)
        assert [stage.until(SetHeadcount).count for _ in range(4)] == [3, 4, 5, 5]
        door.box.message(Done)
        assert door.link._count is None


def test_a_question_is_answered_under_the_number_it_was_asked_with(tmp_path: Path) -> None:
    """A wish and the first thing felt may have the same number: neither takes the other's answer."""

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if isinstance(message, Find):
            return [Refused(code="unknown-room", reason="no such room", ref=message.id)]
        return []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.link.find(Find(id=1, wish=Wish(origin=ROOM)))
        assert door.box.message(Refused).ref == 1
        assert list(door.link._sensed) == [1], "what was felt still waits"


def test_a_server_that_stops_reading_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It still speaks, so that it does not seem silent; but nobody reads the presses."""
    monkeypatch.setattr(kiosk.link, "PING", 0.1)

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


def test_a_door_without_a_disk_says_so_and_delivers_from_memory(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        assert door.box.until(FaultFound).what == "disk"
        door.press()
        door.box.message(Pressed)


@pytest.fixture
def card() -> Iterator[Callable[[bool], None]]:
    """Let the disk fail, or work again: this process may write no file, or may."""

    def works(yes: bool) -> None:  # noqa: FBT001  # the one thing it says
        limit = resource.RLIM_INFINITY if yes else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    yield works
    works(True)


def test_a_disk_that_fails_and_works_again_is_told_both_times_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: Callable[[bool], None]
) -> None:
    monkeypatch.setattr(kiosk.link, "ALIVE_EVERY", 0.05)
    with Door(tmp_path, "ws://127.0.0.1:9") as door:
        before = door.press()
        card(False)
        door.link.submit("present", at=SystemClock().boottime())
        fault = door.box.until(FaultFound)
        assert (fault.what, fault.gone, bool(fault.why)) == ("disk", False, True)
        during = [door.box.until(Noted), *door.press()]
        card(True)
        assert door.box.until(FaultFound).gone
        after = door.press()
        key = door.key
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server, key=key) as door:
        kept = door.box.until(Kept)
        assert [item.press for item in kept.presses] == [item.press for item in (*before, *during, *after)]
        for _ in range(4):
            door.box.message(Pressed)
        eventually(lambda: door.link._outbox is not None and door.link._outbox.waiting() == [])


def test_a_thread_that_turns_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link, "ALIVE_EVERY", 0.01)
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
