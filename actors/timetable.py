"""Reads the timetables when they are due, in a pool of threads, and tells the school a round at a time."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pykka
from msgspec.structs import replace

from actors.base import BaseActor, tell
from actors.messages import ReadDue, Reload, Taken, TakeReadings
from actors.settings import SchoolSettings, Source
from events.clock import Clock
from events.ids import SourceName
from scraper.errors import ScrapeError
from scraper.fetch import Limits, NotModified, Page, TimetableClient
from scraper.oasis import parse
from scraper.reading import Reading, Slot

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""Sources fetched at the same time."""
PROBLEMS_TOLD = 10
"""Of the problems of a reading so many are told in the text log; their number is in the event log."""
JITTER = 0.1
"""A refresh comes up to this share of its period later, so that servers are not hit in step."""


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
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
        self._readers: dict[SourceName, SourceReader] = {}
        self._due: dict[SourceName, float] = {}
        self._round: set[SourceName] = set()
        self._taken: list[Taken] = []
        self._timer: threading.Timer | None = None
        self._digests: dict[SourceName, str] = {}

    def on_start(self) -> None:
        """Read everything at once."""
        self._configure(self._settings)
        self._look()

    def on_stop(self) -> None:
        """Give up what is being fetched, without waiting for it: a source may take its time."""
        if self._timer is not None:
            self._timer.cancel()
        for reader in self._readers.values():
            reader.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

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
            case Reload(settings=settings):
                self._configure(settings)
                self._look()
            case _:
                raise TypeError(f"the timetable reader knows no {type(message).__name__}")

    def _configure(self, settings: SchoolSettings) -> None:
        if settings.rooms != self._settings.rooms:
            # Of a room that is new, what was read before says nothing.
            self._due = dict.fromkeys(self._due, 0.0)
        self._settings = settings
        for source in settings.sources:
            known = self._readers.get(source.name)
            if known is None or known.source != source or known.zone.key != settings.zone:
                self._readers[source.name] = SourceReader(source, ZoneInfo(settings.zone), self._clock)
                self._due[source.name] = 0.0
        for name in self._readers.keys() - {source.name for source in settings.sources}:
            del self._readers[name], self._due[name]

    def _look(self) -> None:
        """Begin a round of the sources that are due, unless one is under way."""
        if self._round:
            return
        now = time.monotonic()
        due = [name for name, at in self._due.items() if at <= now]
        self._round = set(due)
        for name in due:
            reader = self._readers[name]
            self._due[name] = now + reader.source.refresh * (1 + random.uniform(0, JITTER))  # noqa: S311
            self._pool.submit(reader.read).add_done_callback(self._done)
        self._wake()

    def _done(self, future: Future[Taken]) -> None:
        """Pass a result on. Runs on a thread of the pool, or on the actor's own when cancelled."""
        if not future.cancelled():
            tell(self.actor_ref, future.result())

    def _take(self, taken: Taken) -> None:
        self._round.discard(taken.source)
        self._taken.append(taken)
        if taken.reason:
            logger.warning("timetable %s: %s", taken.source, taken.reason)
        if taken.reading is not None and taken.digest != self._digests.get(taken.source):
            self._digests[taken.source] = taken.digest
            for problem in taken.reading.problems[:PROBLEMS_TOLD]:
                logger.warning("timetable %s: %s: %s", taken.source, problem.where, problem.what)
        if not self._round:
            self._school.tell(TakeReadings(readings=tuple(self._taken)))
            self._taken = []
            self._look()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._due:
            delay = max(0.0, min(self._due.values()) - time.monotonic())
            self._timer = threading.Timer(delay, self._timed)
            self._timer.daemon = True
            self._timer.start()

    def _timed(self) -> None:
        """Say that something is due. Runs on the timer's thread."""
        if self.actor_ref.is_alive():
            tell(self.actor_ref, ReadDue())


class SourceReader:
    """Reads one source; used by one thread at a time.

    Args:
        source: Its configuration.
        zone: The school's time zone.
        clock: Where the time comes from.
    """

    def __init__(self, source: Source, zone: ZoneInfo, clock: Clock) -> None:
        self.source = source
        self.zone = zone
        self._clock = clock
        limits = Limits(whole=float(source.timeout), size=source.max_megabytes * 1024 * 1024)
        self._client = TimetableClient(contact=source.contact, limits=limits)
        self._last: dict[str, tuple[date, Reading]] = {}

    def read(self) -> Taken:
        """Fetch and understand the source, today first; never raises. Runs on a thread of the pool."""
        at = self._clock.now()
        today = at.astimezone(self.zone).date()
        days = [today]
        if "{day}" in self.source.url:
            days += [today + timedelta(days=ahead) for ahead in range(1, self.source.days_ahead + 1)]
        readings: list[Reading] = []
        reasons: list[str] = []
        for day in days:
            try:
                readings.append(self._read_day(day))
            except ScrapeError as error:
                reasons.append(f"{day}: {error}")
                if day == today:
                    break
            except Exception:
                logger.exception("timetable %s: the reader failed", self.source.name)
                reasons.append(f"{day}: the reader failed; its log says how")
                break
        reason = "; ".join(reasons)
        if not readings:
            return Taken(source=self.source.name, days=(today,), at=at, reason=reason)
        reading = merge(readings)
        digest = hashlib.sha256(msgspec.json.encode(reading.rooms, order="deterministic")).hexdigest()
        return Taken(
            source=self.source.name, days=reading.days, at=at, reading=reading, digest=digest, reason=reason
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read_day(self, day: date) -> Reading:
        url = self.source.url.replace("{day}", day.isoformat())
        fetched: Page | NotModified = self._client.fetch(url)
        if isinstance(fetched, NotModified):
            known = self._last.get(url)
            if known is not None and known[0] == day:
                return known[1]
            fetched = self._client.fetch_page(url)
        self._last.pop(url, None)
        try:
            reading = parse(fetched.body, zone=self.zone, day=day, content_type=fetched.content_type)
        except ScrapeError:
            self._client.forget(url)
            raise
        self._last = {u: known for u, known in self._last.items() if known[0] >= day - timedelta(days=1)}
        self._last[url] = (day, reading)
        return reading


def merge(readings: list[Reading]) -> Reading:
    """Make one reading of those of several days; a room is in it if all of them speak of it."""
    first = readings[0]
    if len(readings) == 1:
        return first
    rooms: dict[str, tuple[Slot, ...]] = {}
    for name in first.rooms:
        if all(name in reading.rooms for reading in readings):
            rooms[name] = tuple(slot for reading in readings for slot in reading.rooms[name])
    return replace(
        first,
        days=tuple(day for reading in readings for day in reading.days),
        rooms=rooms,
        problems=tuple(problem for reading in readings for problem in reading.problems),
    )
