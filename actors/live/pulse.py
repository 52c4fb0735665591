"""Whether all who stand between a press and the log are alive. Belongs to the gateway's loop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pykka

from actors import messages as m
from actors.base import tell
from actors.live.fanout import Fanout
from actors.live.latest import Latest
from actors.web.health import Condition
from events.ids import SourceName


class Pulse:
    """Asks for signs of life, and knows the last one.

    Args:
        latest: What is told.
        fanout: To whom.
        school: Whom to ask.
        began_at: When the gateway began.
    """

    def __init__(
        self, latest: Latest, fanout: Fanout, school: pykka.ActorRef[Any], began_at: datetime
    ) -> None:
        self._latest = latest
        self._fanout = fanout
        self._school = school
        self._began_at = began_at
        self._proved_at: float | None = None
        self._sources: Mapping[SourceName, datetime | None] = {}

    def begin(self) -> None:
        """Take note that the school has spoken: it has just written the start of the run."""
        self._proved_at = asyncio.get_running_loop().time()
        self.probe()

    def probe(self) -> None:
        """Ask for a sign of life, which comes by way of the recorder."""
        tell(self._school, m.Probe(sent=asyncio.get_running_loop().time()))

    def proved(self, sent: float, sources: Mapping[SourceName, datetime | None]) -> None:
        """Take a sign of life.

        Args:
            sent: When it was asked for, in seconds of the loop.
            sources: For each timetable when today was last read and believed.
        """
        self._proved_at, self._sources = sent, sources

    def condition(self) -> Condition:
        """Tell how the server is."""
        age = None
        if self._latest.begun.is_set() and self._proved_at is not None:
            age = asyncio.get_running_loop().time() - self._proved_at
        sessions = [client.session for client in self._fanout]
        return Condition(
            seq=self._latest.seq,
            began_at=self._began_at,
            recorder_age=age,
            sources=self._sources,
            clients=Counter(session.who.role or "unknown" for session in sessions),
            doors=sum(session.watching for session in sessions),
        )
