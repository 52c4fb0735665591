"""What is pending for a client goes out in one write, past the library and in step with it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from actors.live.connection import Packed, WebSocket, pack
from tests.actors.stack import TIMEOUT

TEXTS = ["", "é", "a" * 125, "b" * 126, "ü" * 40_000]


def test_a_frame_is_as_the_standard_wants_it() -> None:
    assert pack("Hi") == b"\x81\x02Hi"
    assert pack("a" * 126) == b"\x81\x7e\x00\x7e" + b"a" * 126
    assert pack("a" * 65_536)[:10] == b"\x81\x7f" + (65_536).to_bytes(8, "big")
    assert pack("é").text == "é"


async def to_the_end(client: ClientConnection) -> None:
    while True:
        await client.recv()


@asynccontextmanager
async def pair(
    serving: Callable[[WebSocket], Awaitable[None]],
) -> AsyncIterator[ClientConnection]:
    """Connect a client to somebody who serves one connection."""

    async def begin(raw: ServerConnection) -> None:
        await serving(WebSocket(raw))

    async with (
        asyncio.timeout(TIMEOUT),
        serve(begin, "127.0.0.1", 0, compression=None) as server,
        connect(
            f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", compression="deflate", proxy=None
        ) as client,
    ):
        yield client


def test_messages_of_one_write_come_one_by_one_between_those_of_the_library() -> None:
    async def serving(connection: WebSocket) -> None:
        await connection.send("first")
        connection.write_all([pack(text) for text in TEXTS])
        await connection.raw.ping()
        connection.write_all([pack("last but one")])
        await connection.send("last")
        await connection.raw.wait_closed()

    async def run() -> None:
        async with pair(serving) as client:
            heard = [await client.recv() for _ in range(len(TEXTS) + 3)]
            assert heard == ["first", *TEXTS, "last but one", "last"]

    asyncio.run(run())


def test_several_messages_are_handed_to_the_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    async def serving(connection: WebSocket) -> None:
        transport = connection.raw.transport
        written = transport.write

        def write(data: bytes) -> None:
            sizes.append(len(data))
            written(data)

        monkeypatch.setattr(transport, "write", write)
        connection.write_all([pack("one"), pack("two")])
        await connection.raw.wait_closed()

    async def run() -> None:
        async with pair(serving) as client:
            assert [await client.recv(), await client.recv()] == ["one", "two"]

    asyncio.run(run())
    assert sizes[0] == len(pack("one")) + len(pack("two"))


def test_what_is_written_after_the_farewell_goes_nowhere() -> None:
    async def serving(connection: WebSocket) -> None:
        closing = asyncio.create_task(connection.raw.close(1000, "enough"))
        await asyncio.sleep(0)
        connection.write_all([pack("too late")])
        await closing
        connection.write_all([pack("later still")])

    async def run() -> None:
        async with pair(serving) as client:
            assert [message async for message in client] == []
            assert client.close_code == 1000

    asyncio.run(run())


def test_what_waits_for_a_client_that_does_not_read_is_counted() -> None:
    counted: asyncio.Future[int]

    async def serving(connection: WebSocket) -> None:
        big: list[Packed] = [pack("x" * 60_000)] * 400
        waiting = connection.write_all(big)
        assert waiting == connection.waiting_bytes()
        counted.set_result(waiting)
        await connection.raw.wait_closed()

    async def run() -> None:
        nonlocal counted
        counted = asyncio.get_running_loop().create_future()
        async with pair(serving) as client:
            assert await counted > 64 * 1024
            client.transport.abort()

    asyncio.run(run())


def test_a_client_that_is_reset_is_sent_nothing_of_what_waited_for_it() -> None:
    async def serving(connection: WebSocket) -> None:
        connection.raw.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384
        )
        await connection.send("first")
        connection.write_all([pack("x" * 60_000)] * 400)
        connection.reset()

    async def run() -> None:
        async with pair(serving) as client:
            assert await client.recv() == "first"
            with pytest.raises(ConnectionClosedError) as closed:
                await to_the_end(client)
            assert isinstance(closed.value.__cause__, ConnectionResetError)

    asyncio.run(run())


def test_the_headers_of_the_handshake_are_not_kept() -> None:
    left: list[int] = []

    async def serving(connection: WebSocket) -> None:
        request, response = connection.raw.request, connection.raw.response
        assert request is not None
        assert response is not None
        left.extend((len(request.headers), len(response.headers)))
        await connection.send("still there")

    async def run() -> None:
        async with pair(serving) as client:
            assert await client.recv() == "still there"

    asyncio.run(run())
    assert left == [0, 0]
