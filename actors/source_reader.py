"""Reads one configured timetable: fetches or renders it, and understands it by its kind."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from actors.messages import Taken
from actors.settings import SchoolSettings, Source
from events.clock import Clock
from scraper import fullcalendar, ics, oasis, table
from scraper.errors import FetchError, ScrapeError
from scraper.fetch import Basic, Bearer, Limits, NotModified, Page, Proxy, TimetableClient
from scraper.reading import Reading, Slot
from scraper.render import render
from scraper.rooms import Pattern, RoomFinder, named, plain

logger = logging.getLogger(__name__)


class SourceReader:
    """Reads one source; used by one thread at a time, but for `abort`.

    Args:
        source: Its configuration.
        settings: The inventory, the zone, and where relative paths begin.
        clock: Where the time comes from.
    """

    def __init__(self, source: Source, settings: SchoolSettings, clock: Clock) -> None:
        self.source = source
        self.zone = ZoneInfo(settings.zone)
        self._clock = clock
        self._folder = settings.path.absolute().parent
        self._limits = Limits(whole=float(source.timeout), size=source.max_megabytes * 1024 * 1024)
        self._mine = [room for room in settings.rooms if source.speaks_of(room)]
        self._finder = RoomFinder(
            names=named(
                (room, (settings.rooms[room].name, *settings.rooms[room].aliases, *_called(source, room)))
                for room in self._mine
            ),
            patterns=tuple(_pattern(text) for text in source.patterns),
            not_rooms=frozenset(plain(words) for words in source.not_rooms),
        )
        self._separator = None if source.separator == "auto" else source.separator
        self._client: TimetableClient | None = None
        self._last: dict[tuple[str, ...], tuple[date, Reading]] = {}

    def read(self) -> Taken:
        """Fetch and understand the source, today first; never raises. Runs on a thread of the pool."""
        at = self._clock.now()
        today = at.astimezone(self.zone).date()
        try:
            readings, problems, retry_after = self._read(today)
        except ScrapeError as error:
            return self._failed(today, at, str(error), getattr(error, "retry_after", None))
        except Exception as error:
            logger.exception("timetable %s: the reader failed", self.source.name)
            return self._failed(
                today, at, f"the reader failed ({type(error).__name__}); the text log says how"
            )
        reading = merge(readings)
        digest = hashlib.sha256(msgspec.json.encode(reading.rooms, order="deterministic")).hexdigest()
        return Taken(
            source=self.source.name,
            days=reading.days,
            at=at,
            reading=reading,
            digest=digest,
            reason="; ".join(problems),
            retry_after=retry_after,
        )

    def seconds(self) -> float:
        """Tell how long `read` may take."""
        pages = 1 + (self.source.days_ahead if self._is_paged() else 0) + bool(self.source.resources)
        return pages * (float(self.source.timeout) + 2.0)

    def abort(self) -> None:
        """Make a running `read` end soon. From any thread."""
        if self._client is not None:
            self._client.abort()

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _failed(self, today: date, at: object, reason: str, retry_after: float | None = None) -> Taken:
        return Taken(
            source=self.source.name,
            days=(today,),
            at=at,  # type: ignore[arg-type]  # the clock's
            reason=reason,
            retry_after=retry_after,
        )

    def _is_paged(self) -> bool:
        """Tell whether each day is a page of its own."""
        return self.source.kind == "oasis" and "{day}" in self.source.url

    def _read(self, today: date) -> tuple[list[Reading], list[str], float | None]:
        """Read today and the days ahead; of pages each day by itself, and today has to succeed."""
        if not self._is_paged():
            return [self._read_span(today)], [], None
        readings = [self._read_span(today)]
        problems: list[str] = []
        retry_after: float | None = None
        for ahead in range(1, self.source.days_ahead + 1):
            day = today + timedelta(days=ahead)
            try:
                readings.append(self._read_span(day))
            except ScrapeError as error:
                problems.append(f"{day}: {error}")
                retry_after = getattr(error, "retry_after", None)
                break
        return readings, problems, retry_after

    def _read_span(self, day: date) -> Reading:
        """Read a page of a day, or what holds many days from a day on."""
        end = day + timedelta(days=1 + (0 if self.source.kind == "oasis" else self.source.days_ahead))
        addresses = tuple(
            url.replace("{day}", day.isoformat())
            .replace("{start}", day.isoformat())
            .replace("{end}", end.isoformat())
            for url in (self.source.url, self.source.resources)
            if url
        )
        if self.source.render == "chromium":
            return self._understand([self._rendered(addresses[0])], day, end)
        client = self._connected()
        answers = [client.fetch(address) for address in addresses]
        known = self._last.get(addresses)
        if known is not None and known[0] == day and all(isinstance(a, NotModified) for a in answers):
            return known[1]
        pages = [
            client.fetch_page(address) if isinstance(answer, NotModified) else answer
            for address, answer in zip(addresses, answers, strict=True)
        ]
        self._last.pop(addresses, None)
        try:
            reading = self._understand(pages, day, end)
        except ScrapeError:
            # Else the server would answer "not modified" and hide it.
            for address in addresses:
                client.forget(address)
            raise
        self._last = {key: kept for key, kept in self._last.items() if kept[0] >= day - timedelta(days=1)}
        self._last[addresses] = (day, reading)
        return reading

    def _understand(self, pages: list[Page], day: date, end: date) -> Reading:
        page, source = pages[0], self.source
        span = (day, end)
        if source.kind == "oasis":
            return oasis.parse(page.body, zone=self.zone, day=day, content_type=page.content_type)
        if source.kind == "ics":
            return ics.parse(
                page.body,
                zone=self.zone,
                days=span,
                content_type=page.content_type,
                separator=self._separator,
                rooms=self._finder,
                answers_for=self._mine,
            )
        if source.kind == "fullcalendar-json":
            return fullcalendar.parse(
                page.body,
                zone=self.zone,
                days=span,
                resources=pages[1].body if len(pages) > 1 else None,
                content_type=page.content_type,
                rooms=self._finder,
                answers_for=self._mine,
            )
        return table.parse(
            page.body,
            zone=self.zone,
            days=span,
            content_type=page.content_type,
            separator=self._separator,
            rooms=self._finder,
            answers_for=self._mine,
        )

    def _rendered(self, url: str) -> Page:
        began = time.monotonic()
        page = render(
            url,
            deadline=float(self.source.timeout),
            allow_private=self.source.allow_private,
            zone=self.zone,
            proxy=self._proxy(),
            contact=self.source.contact,
            size=self._limits.size,
        )
        logger.debug("timetable %s: rendered in %.1f s", self.source.name, time.monotonic() - began)
        return page

    def _connected(self) -> TimetableClient:
        """Make the client at the first use: a password file may come later than the server."""
        if self._client is None:
            ca_file = self._folder / self.source.ca_file if self.source.ca_file else None
            try:
                self._client = TimetableClient(
                    contact=self.source.contact,
                    limits=self._limits,
                    allow_private=self.source.allow_private,
                    credentials=self._credentials(),
                    proxy=self._proxy(),
                    ca_file=ca_file,
                )
            except (OSError, ValueError) as error:
                raise FetchError(self.source.url, f"it cannot be asked: {error}") from None
        return self._client

    def _proxy(self) -> Proxy | None:
        return Proxy(self.source.proxy) if self.source.proxy else None

    def _credentials(self) -> Basic | Bearer | None:
        source = self.source
        secret = _secret(self._folder, source.password_file, source.password_env)
        if secret is not None:
            return Basic(source.user, secret)
        secret = _secret(self._folder, source.token_file, source.token_env)
        return None if secret is None else Bearer(secret)


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


def _called(source: Source, room: str) -> list[str]:
    return [alias for alias, key in source.aliases.items() if key == room]


def _pattern(text: str) -> Pattern:
    field, _, regex = text.partition("=")
    return Pattern(field=cast("Literal['location', 'summary', 'description']", field), find=re.compile(regex))


def _secret(folder: Path, file: str, variable: str) -> str | None:
    """Read a secret from a file beside the configuration, or from the environment.

    Raises:
        OSError: The file cannot be read.
        ValueError: The variable is not set.
    """
    if file:
        return (folder / file).read_text(encoding="utf-8").strip()
    if variable:
        value = os.environ.get(variable)
        if value is None:
            raise ValueError(f"the variable {variable} is not set")
        return value
    return None
