"""The connections that are open, from the turn of the loop that accepts them to the one that closes them.

asyncio waits for them from Python 3.12 on only, and `websockets` for those alone that it has begun to
serve. Whoever ends the loop before leaves sockets open, and a server that waits for a stranger who
connected and says nothing stops 10 s late.

Belongs to the gateway's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection

from actors.live.connection import CLOSE_LIMIT


class Arrival(Protocol):
    """One connection."""

    def is_silent(self) -> bool:
        """Tell whether nothing whole was heard of it yet."""

    def abort(self) -> None:
        """End it at once."""


class Arrivals:
    """All of them."""

    def __init__(self) -> None:
        self._beginning: dict[Arrival, asyncio.Task[Any]] = {}
        self._open: set[Arrival] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def began(self, arrival: Arrival) -> None:
        """Take note that a connection begins: asyncio has a task for each until TLS is agreed on.

        Called in that task.
        """
        task = asyncio.current_task()
        assert task is not None
        self._beginning[arrival] = task
        task.add_done_callback(lambda _: self._beginning.pop(arrival, None))

    def made(self, arrival: Arrival) -> None:
        """Take note of a connection that has begun."""
        self._open.add(arrival)
        self._none_open.clear()
        task = self._beginning.pop(arrival, None)
        if task is not None and task.cancelling():
            # It was agreed on in the turn in which it was turned away. The task closes it, too late: a TLS
            # transport that is closed twice cannot be aborted any more, and waits 30 s for the other end.
            arrival.abort()

    def lost(self, arrival: Arrival) -> None:
        """Take note that a connection is over."""
        self._open.discard(arrival)
        if not self._open:
            self._none_open.set()

    async def turn_away(self) -> None:
        """End those that only begin."""
        beginning = list(self._beginning.values())
        for task in beginning:
            task.cancel()
        if beginning:
            await asyncio.wait(beginning)

    async def end(self) -> None:
        """Wait until none is open; those that say nothing or do not read are cut off."""
        for arrival in self._open:
            if arrival.is_silent():
                arrival.abort()
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._none_open.wait()
        except TimeoutError:
            for arrival in self._open:
                arrival.abort()
            await self._none_open.wait()


class Visit(ServerConnection):
    """A connection of the `websockets` library."""

    def __init__(self, arrivals: Arrivals, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._arrivals = arrivals
        arrivals.began(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        super().connection_made(transport)
        self._arrivals.made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        super().connection_lost(exc)
        self._arrivals.lost(self)

    def is_silent(self) -> bool:
        """See `Arrival`."""
        return self.request is None

    def abort(self) -> None:
        """See `Arrival`."""
        self.transport.abort()


class DeviceVisit(asyncio.StreamReaderProtocol):
    """A connection to the port for small devices.

    Args:
        arrivals: Takes note of it.
        welcome: Serves it.
        limit: Bytes that are read ahead.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        welcome: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        limit: int,
    ) -> None:
        super().__init__(asyncio.StreamReader(limit=limit), welcome)
        self._arrivals = arrivals
        arrivals.began(self)
        self._made: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._made = transport
        super().connection_made(transport)
        self._arrivals.made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        super().connection_lost(exc)
        self._arrivals.lost(self)

    def is_silent(self) -> bool:
        """See `Arrival`: each is served, and parted from, from its first instant."""
        return False

    def abort(self) -> None:
        """See `Arrival`."""
        self._made.abort()
