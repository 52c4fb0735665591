"""Reads the timetables when they are due, in a pool of threads, and tells the school what they say."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import pykka

from actors.base import BaseActor, tell
from actors.messages import Message, ReadDue, Reload, Taken, TakeReadings
from actors.settings import SchoolSettings
from actors.source_reader import SourceReader
from events.clock import Clock
from events.ids import SourceName
from scraper.pool import Outcome, Pool, host_of
from scraper.turns import next_try

logger = logging.getLogger(__name__)

GATHER = 1.0
"""Seconds that readings wait for others, so that one round is one event; no source waits longer for one
that is slow or hangs."""
PROBLEMS_TOLD = 10
"""Of the problems of a reading so many are told in the text log; their number is in the event log."""
_CHROMIUM = "chromium"


class RoundOver(Message, frozen=True, kw_only=True, gc=False):
    """What was read so far goes to the school."""


class TimetableActor(BaseActor):
    """Knows when each source is due.

    Args:
        settings: What the administrator wrote.
        school: Who is told what was read.
        clock: Where the time comes from.
        ended: Told why, when the process has to end.
    """

    name = "timetable"

    def __init__(
        self,
        settings: SchoolSettings,
        school: pykka.ActorRef[Any],
        clock: Clock,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._school = school
        self._clock = clock
        self._ended = ended
        self._pool = Pool(lanes={_CHROMIUM: 1})
        self._readers: dict[SourceName, SourceReader] = {}
        self._due: dict[SourceName, float] = {}
        self._failures: dict[SourceName, int] = {}
        self._in_flight: set[SourceName] = set()
        self._taken: list[Taken] = []
        self._digests: dict[SourceName, str] = {}
        self._timer: threading.Timer | None = None
        self._gathering: threading.Timer | None = None

    def on_start(self) -> None:
        """Read everything at once."""
        self._configure(self._settings)
        self._look()

    def on_stop(self) -> None:
        """Give up what is being fetched."""
        for timer in (self._timer, self._gathering):
            if timer is not None:
                timer.cancel()
        self._pool.close()
        for reader in self._readers.values():
            reader.close()

    def died(self, why: str) -> None:
        """End the process: without readings it would show an old timetable for ever."""
        self.on_stop()
        self._ended(f"the timetable reader died: {why}")

    def receive(self, message: Any) -> None:
        """Look what is due, take what was read, follow a new configuration."""
        match message:
            case ReadDue():
                self._look()
            case Taken():
                self._take(message)
            case RoundOver():
                self._gathering = None
                self._tell_school()
            case Reload(settings=settings):
                self._configure(settings)
                self._look()
            case _:
                raise TypeError(f"the timetable reader knows no {type(message).__name__}")

    def _configure(self, settings: SchoolSettings) -> None:
        """Make a reader for each source that is new, or whose rooms or ways changed, and read it at once."""
        other_rooms = (settings.rooms, settings.zone) != (self._settings.rooms, self._settings.zone)
        self._settings = settings
        for source in settings.sources:
            known = self._readers.get(source.name)
            if known is not None and known.source == source and not other_rooms:
                continue
            if known is not None:
                known.close()
            self._readers[source.name] = SourceReader(source, settings, self._clock)
            self._due[source.name] = 0.0
        for name in self._readers.keys() - {source.name for source in settings.sources}:
            self._readers.pop(name).close()
            del self._due[name]

    def _look(self) -> None:
        """Begin to read the sources that are due."""
        now = time.monotonic()
        for name, at in self._due.items():
            if at > now or name in self._in_flight:
                continue
            reader = self._readers[name]
            lanes = [host_of(reader.source.url)]
            if reader.source.render == "chromium":
                lanes.append(_CHROMIUM)
            self._in_flight.add(name)
            future = self._pool.submit(
                reader.read, key=name, hosts=lanes, deadline=reader.seconds(), abort=reader.abort
            )
            future.add_done_callback(self._done)
        self._wake()

    def _done(self, future: Future[Outcome[Taken]]) -> None:
        """Pass a result on. Runs on a thread of the pool, or on the actor's own when cancelled."""
        if future.cancelled():
            return
        outcome = future.result()
        taken = outcome.value
        if taken is None:
            taken = Taken(
                source=SourceName(outcome.key), days=(), at=self._clock.now(), reason=str(outcome.error)
            )
        if self.actor_ref.is_alive():
            tell(self.actor_ref, taken)

    def _take(self, taken: Taken) -> None:
        name = taken.source
        self._in_flight.discard(name)
        if name not in self._readers:
            return
        failed = taken.reading is None
        self._failures[name] = self._failures.get(name, 0) + 1 if failed else 0
        refresh = float(self._readers[name].source.refresh)
        self._due[name] = next_try(
            time.monotonic(), refresh, self._failures[name], taken.retry_after, random.random
        )
        self._tell_text_log(taken)
        self._taken.append(taken)
        if not self._in_flight:
            self._tell_school()
        elif self._gathering is None:
            self._gathering = _later(GATHER, self.actor_ref, RoundOver())
        self._look()

    def _tell_school(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._taken:
            tries = {taken.source: self._at(self._due[taken.source]) for taken in self._taken}
            self._school.tell(TakeReadings(readings=tuple(self._taken), next_try=tries))
            self._taken = []

    def _at(self, due: float) -> datetime:
        return self._clock.now() + timedelta(seconds=max(0.0, due - time.monotonic()))

    def _tell_text_log(self, taken: Taken) -> None:
        if taken.reason:
            logger.warning("timetable %s: %s", taken.source, taken.reason)
        if taken.reading is not None and taken.digest != self._digests.get(taken.source):
            self._digests[taken.source] = taken.digest
            for problem in taken.reading.problems[:PROBLEMS_TOLD]:
                logger.warning("timetable %s: %s: %s", taken.source, problem.where, problem.what)

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [at for name, at in self._due.items() if name not in self._in_flight]
        if waiting:
            self._timer = _later(max(0.0, min(waiting) - time.monotonic()), self.actor_ref, ReadDue())


def _later(seconds: float, ref: pykka.ActorRef[Any], message: object) -> threading.Timer:
    """Tell an actor something after a while, on a thread that ends with it."""

    def tell_if_alive() -> None:
        if ref.is_alive():
            tell(ref, message)

    timer = threading.Timer(seconds, tell_if_alive)
    timer.daemon = True
    timer.start()
    return timer
