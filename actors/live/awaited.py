"""Who waits for the answer to which press. Belongs to the gateway's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from actors.messages import Session
from events.ids import EventId

GATHER_AFTER = 0.05
"""Seconds after which a press is no longer counted on: it met something slow."""


class Awaited:
    """The presses, and what was sensed, that are on their way through the log."""

    def __init__(self) -> None:
        self._waiting: dict[EventId, set[Session]] = {}
        self._asked_at = 0.0

    def expect(self, press: EventId, session: Session) -> None:
        """Note that a session waits for an answer."""
        self._waiting.setdefault(press, set()).add(session)
        self._asked_at = asyncio.get_running_loop().time()

    def answered(self, press: EventId) -> Collection[Session]:
        """Tell who waited for an answer that has come."""
        return self._waiting.pop(press, ())

    def forget(self, session: Session) -> None:
        """Take note that a session is over."""
        for press, waiting in list(self._waiting.items()):
            waiting.discard(session)
            if not waiting:
                del self._waiting[press]

    def more_is_coming(self) -> bool:
        """Tell whether there are presses of which the log will soon tell."""
        return bool(self._waiting) and asyncio.get_running_loop().time() - self._asked_at < GATHER_AFTER
