"""What a client is reached by: a WebSocket, or frames over plain TCP. Belongs to the gateway's loop."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import websockets.asyncio.server as ws
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State

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


class Packed(bytes):
    """A message as the frame of a WebSocket (RFC 6455, 5.2), not compressed: made once for all clients.

    Attributes:
        text: The message.
    """

    text: str


def pack(text: str) -> Packed:
    """Build the frame of a message."""
    packed = Packed(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))
    packed.text = text
    return packed


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

    def write_all(self, messages: Sequence[Packed]) -> int:
        """Send messages in one piece, without waiting; tells what `waiting_bytes` would.

        To a connection that is over they go nowhere.
        """

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

    def reset(self) -> None:
        """End it at once; what the network has not taken yet is never sent."""


class WebSocket:
    """A connection of the `websockets` library.

    Args:
        raw: Its own object, after the handshake.
    """

    __slots__ = ("_protocol", "_transport", "raw")

    def __init__(self, raw: ws.ServerConnection) -> None:
        self.raw = raw
        self._protocol = raw.protocol
        self._transport = raw.transport
        # The headers of the handshake took 3 KiB of the 20 of a connection, and nobody reads them again.
        for said in (raw.request, raw.response):
            if said is not None:
                said.headers.clear()

    async def recv(self) -> str | bytes:
        """See `Connection`."""
        try:
            return await self.raw.recv()
        except ConnectionClosed as closed:
            raise Gone(goodbye=closed.rcvd is not None) from closed
        except AssertionError as error:
            # The library's own (17.4): text that is no UTF-8, read when the connection is already closing.
            raise Gone(goodbye=False) from error

    async def send(self, text: str) -> None:
        """See `Connection`."""
        try:
            await self.raw.send(text)
        except ConnectionClosed as closed:
            raise Gone(goodbye=closed.rcvd is not None) from closed

    def write_all(self, messages: Sequence[Packed]) -> int:
        """See `Connection`.

        This alone goes past the library: its `broadcast` builds every frame anew for every client and
        hands each to the network by itself, which takes 1.6 to 2 times what bare sockets take. Frames are
        whole and written on the loop, so that they come between those that the library writes; there is
        no compression, and no message of ours is fragmented.
        """
        transport = self._transport
        if self._protocol.state is State.OPEN:
            transport.write(b"".join(messages))
        return transport.get_write_buffer_size()

    def waiting_bytes(self) -> int:
        """See `Connection`."""
        return self._transport.get_write_buffer_size()

    async def close(self, code: int, reason: str) -> None:
        """See `Connection`."""
        await self.raw.close(code, reason)

    def abort(self) -> None:
        """See `Connection`."""
        self._transport.abort()

    def reset(self) -> None:
        """See `Connection`."""
        reset(self._transport)


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection so that the system drops what it kept for the other end.

    Else it goes on offering that to somebody who does not read, or who has just lost the right to it.
    """
    connected = transport.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):  # it is over already
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def part(connection: Connection, code: int, reason: str) -> None:
    """Close a connection; one whose client does not read is cut off, for `close` would wait for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT):
            await connection.close(code, reason)
    connection.abort()
