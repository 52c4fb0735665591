"""What a client is reached by: a WebSocket, or frames over plain TCP. Belongs to the gateway's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import websockets.asyncio.server as ws
from websockets.exceptions import ConnectionClosed

CLOSE_LIMIT = 2.0
"""Seconds in which a client has to answer the farewell."""


class Gone(Exception):
    """The connection is over.

    Attributes:
        goodbye: The client said that it goes.
    """

    def __init__(self, *, goodbye: bool) -> None:
        super().__init__(goodbye)
        self.goodbye = goodbye


class Connection(Protocol):
    """One client's connection, whatever it is made of."""

    async def recv(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            Gone: There will be none.
        """

    async def send(self, text: str) -> None:
        """Send a message; waits while the client does not read.

        Raises:
            Gone: The connection is over.
        """

    def write(self, text: str) -> None:
        """Send a message without waiting; to a connection that is over it goes nowhere."""

    def waiting_bytes(self) -> int:
        """Tell how much was written and not yet taken by the network."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye.

        Args:
            code: Why, as a WebSocket says it (RFC 6455, 7.4.1).
            reason: Why, in words.
        """

    def abort(self) -> None:
        """End it at once."""


class WebSocket:
    """A connection of the `websockets` library.

    Args:
        raw: Its own object, after the handshake.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: ws.ServerConnection) -> None:
        self.raw = raw

    async def recv(self) -> str | bytes:
        """See `Connection`."""
        try:
            return await self.raw.recv()
        except ConnectionClosed as closed:
            raise Gone(goodbye=closed.rcvd is not None) from closed

    async def send(self, text: str) -> None:
        """See `Connection`."""
        try:
            await self.raw.send(text)
        except ConnectionClosed as closed:
            raise Gone(goodbye=closed.rcvd is not None) from closed

    def write(self, text: str) -> None:
        """See `Connection`."""
        ws.broadcast((self.raw,), text)

    def waiting_bytes(self) -> int:
        """See `Connection`."""
        return self.raw.transport.get_write_buffer_size()

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`."""
        await self.raw.close(code, reason)

    def abort(self) -> None:
        """See `Connection`."""
        self.raw.transport.abort()


def broadcast(connections: Iterable[Connection], text: str) -> None:
    """Write one message to many; WebSockets get the same frame, which is built once."""
    sockets = []
    for connection in connections:
        if isinstance(connection, WebSocket):
            sockets.append(connection.raw)
        else:
            connection.write(text)
    ws.broadcast(sockets, text)


async def part(connection: Connection, code: int, reason: str) -> None:
    """Close a connection; one whose client does not read is cut off, for `close` would wait for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT):
            await connection.close(code, reason)
    connection.abort()
