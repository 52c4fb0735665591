"""The load of the relaying benchmark: clients that count, in the process that measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol


class Crowd:
    """Many clients, of which one sends.

    Args:
        address: Where to connect.
        subprotocol: What to ask for.
        greet: What each client, by its number, says first.
        counts: Tells whether a received text is one to be counted.
    """

    def __init__(
        self,
        address: str,
        *,
        subprotocol: str | None,
        greet: Callable[[ClientConnection, int], Awaitable[None]],
        counts: Callable[[str], bool],
    ) -> None:
        self.address, self.subprotocol, self.greet, self.counts = address, subprotocol, greet, counts
        self._left = 0
        self._all = asyncio.Event()
        self.last_at = 0.0
        self.sample = ""

    async def open(self, number: int) -> list[ClientConnection]:
        """Connect clients and begin to read."""
        protocols = [Subprotocol(self.subprotocol)] if self.subprotocol else None
        connections = []
        for one in range(number):
            connection = await connect(
                self.address, subprotocols=protocols, compression=None, ping_interval=None, proxy=None
            )
            await self.greet(connection, one)
            connections.append(connection)
        self._readers = [asyncio.create_task(self._read(connection)) for connection in connections]
        self._number = number
        return connections

    async def close(self, connections: list[ClientConnection]) -> None:
        """Leave."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*(connection.close() for connection in connections))

    async def measure(self, send: Callable[[], Awaitable[None]]) -> float:
        """Send once; seconds until the last client has it."""
        self._left = self._number
        self._all.clear()
        began = time.perf_counter()
        await send()
        async with asyncio.timeout(10):
            await self._all.wait()
        return self.last_at - began

    async def _read(self, connection: ClientConnection) -> None:
        async for text in connection:
            if isinstance(text, str) and self.counts(text):
                self.sample = text
                self._left -= 1
                if self._left == 0:
                    self.last_at = time.perf_counter()
                    self._all.set()
