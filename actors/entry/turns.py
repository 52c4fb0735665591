"""Whose turn it is to say who they are: so many at once, address by address.

After a restart two thousand clients come at once, and each is let in within a round trip once it is
looked at; of somebody who opens connections and says nothing there may be a thousand as well. Whoever
refused the newest, or the longest silent, would refuse honest ones in one of the two cases. So all wait
here, the addresses take turns, and none may hold more than `SHARE` of the places: whoever is alone at
their address has the next one.

Used by the gateway's loop only.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SHARE = 0.8
"""Part of the places that one address may hold: the phones of a school may have the same one."""


class TooMany(Exception):
    """Nobody's turn came in time."""


class Turns:
    """The places, and who waits for one.

    Args:
        places: How many there are.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._held: Counter[str] = Counter()
        # Who holds no place, and who holds some: each in the order in which it had its last turn.
        self._fresh: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._others: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def held(self) -> int:
        """How many places are taken."""
        return self._held.total()

    @asynccontextmanager
    async def turn(self, address: str, *, limit: float) -> AsyncIterator[None]:
        """Wait for a place and hold it for the length of the block.

        Args:
            address: Where the client comes from.
            limit: Seconds after which it waits no longer.

        Raises:
            TooMany: There was none in time.
        """
        asked = asyncio.get_running_loop().create_future()
        self._line(address).setdefault(address, deque()).append(asked)
        self._grant()
        try:
            async with asyncio.timeout(limit):
                await asked
        except TimeoutError:
            self._give_up(address, asked)
            raise TooMany from None
        except BaseException:
            self._give_up(address, asked)
            raise
        try:
            yield
        finally:
            self._release(address)

    def resize(self, places: int) -> None:
        """Have another number of places from now on; nobody is sent away."""
        self.places = places
        self._grant()

    def _release(self, address: str) -> None:
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
            queue = self._others.pop(address, None)
            if queue is not None:
                self._fresh[address] = queue
        self._grant()

    def _give_up(self, address: str, asked: asyncio.Future[None]) -> None:
        line = self._line(address)
        queue = line.get(address)
        if queue is not None and asked in queue:
            queue.remove(asked)
            if not queue:
                del line[address]
        elif asked.done() and not asked.cancelled():
            self._release(address)  # the place came in the same instant

    def _grant(self) -> None:
        """Give the free places away: first to addresses that hold none, then to one of each in turn."""
        most = max(1, int(self.places * SHARE))
        passed = 0
        while self.held < self.places:
            if self._fresh:
                waiting = self._fresh
            elif passed < len(self._others):
                waiting = self._others
            else:
                return
            address, queue = waiting.popitem(last=False)
            if self._held[address] >= most:
                self._others[address] = queue
                passed += 1
                continue
            asked = queue.popleft()
            if not asked.done():
                self._held[address] += 1
                asked.set_result(None)
                passed = 0
            if queue:
                self._line(address)[address] = queue

    def _line(self, address: str) -> OrderedDict[str, deque[asyncio.Future[None]]]:
        """Tell where an address waits."""
        return self._others if self._held[address] else self._fresh
