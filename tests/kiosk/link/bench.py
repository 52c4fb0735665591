"""A link to test, real servers, and servers that play what a test says."""

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

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from events.clock import SystemClock
from events.ids import RoomKey, press_id
from events.signing import kiosk_id, new_key, public_hex
from events.state import Rules
from events.wire import (
    PROTOCOL,
    Challenge,
    ClientMessage,
    Hello,
    Pressed,
    SendPress,
    Welcome,
    encode,
    read_client_message,
)
from kiosk.inbox import Input, LinkChanged, Noted, Received
from kiosk.link.entry import Target
from kiosk.link.link import Link
from tests.actors.stack import TIMEOUT
from tests.clock import START

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


Play = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def _served(play: Play) -> AsyncIterator[int]:
    here: set[ServerConnection] = set()

    async def attend(connection: ServerConnection) -> None:
        here.add(connection)
        try:
            await play(connection)
        finally:
            here.discard(connection)

    server = await serve(
        attend, "127.0.0.1", 0, subprotocols=[Subprotocol(PROTOCOL)], compression=None, close_timeout=0.1
    )
    try:
        yield next(iter(server.sockets)).getsockname()[1]
    finally:
        server.close()
        closed = asyncio.ensure_future(server.wait_closed())
        # The library forgets a connection whose handshake ends while it closes (1 in 50 on a busy machine).
        while not (await asyncio.wait([closed], timeout=0.2))[0]:
            for connection in here:
                connection.transport.abort()


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
