"""When what is pending for clients is written: to each in one piece, soon, and late for nobody.

Belongs to the gateway's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from actors.live.awaited import Awaited
from actors.live.client import Client
from actors.live.connection import Packed, pack

GATHER = 0.01
"""Seconds for which what is new waits at most for presses that are on their way, so that all of it is one
write. It waits no longer than writing took the last time, so that nothing takes twice as long for it."""
WRITE = 16 * 1024
"""Bytes that are gathered for one client before they are written."""


class Writes:
    """What is pending for some clients.

    Args:
        awaited: The presses that are on their way.
    """

    def __init__(self, awaited: Awaited) -> None:
        self._awaited = awaited
        self._waiting: list[Client] = []
        self._queued = 0
        self._due: asyncio.Handle | None = None
        self._took = 0.0

    def text(self, clients: Iterable[Client], text: str) -> None:
        """Have a message written with all else that is pending for some clients."""
        self.frames(clients, (pack(text),))

    def frames(self, clients: Iterable[Client], frames: Sequence[Packed]) -> None:
        """The same with several messages, whose frames were built for others, too."""
        waiting = self._waiting
        for client in clients:
            pending = client.pending
            if not pending:
                waiting.append(client)
            pending.extend(frames)
        # So many bytes more may wait for one client.
        self._queued += sum(map(len, frames))
        if self._queued > WRITE:
            self.out()
        elif waiting and self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._patience(), self.out)

    def _patience(self) -> float:
        return min(GATHER, self._took) if self._awaited.more_is_coming() else 0.0

    def hurry(self) -> None:
        """Write what is pending when the loop comes round, unless presses are on their way.

        Not at once: of the updates that have come by now, all go out in one write.
        """
        if self._due is not None and not self._awaited.more_is_coming():
            self._due.cancel()
            self._due = asyncio.get_running_loop().call_soon(self.out)

    def out(self) -> None:
        """Write what is pending, to each client in one piece, and see who does not read."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._queued = 0
        waiting, self._waiting = self._waiting, []
        now = asyncio.get_running_loop().time()
        for client in waiting:
            if client.push() and not client.snapshotting:
                client.lagging_since = client.lagging_since or now
        self._took = asyncio.get_running_loop().time() - now
