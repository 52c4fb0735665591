"""The log in memory: for tests, and to try a thing out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from events.clock import Clock
from events.codec import tag_of
from events.domain import Recorded
from events.errors import LogClosed
from events.ids import EventId
from events.log import EventLog


class MemoryLog(EventLog):
    """A log that is gone with its process."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._records: list[Recorded] = []
        self._by_id: dict[EventId, Recorded] = {}
        self._closed = False

    def read(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        stream: str | None = None,
        tag: str | None = None,
        recorded_until: datetime | None = None,
    ) -> Iterator[Recorded]:
        """Read events in the order of their seq: see `EventLog.read`."""
        for recorded in self._records[after:until]:
            if stream is not None and recorded.stream != stream:
                continue
            if tag is not None and tag_of(recorded.event) != tag:
                continue
            if recorded_until is not None and recorded.recorded_at > recorded_until:
                continue
            yield recorded

    def head(self) -> int:
        """Tell the seq of the newest event."""
        return len(self._records)

    def close(self) -> None:
        """End the use of the log."""
        self._closed = True

    def _find(self, ids: Sequence[EventId]) -> dict[EventId, Recorded]:
        if self._closed:
            raise LogClosed("the log is closed")
        return {event_id: self._by_id[event_id] for event_id in ids if event_id in self._by_id}

    def _stream_version(self, stream: str) -> int:
        return sum(recorded.stream == stream for recorded in self._records)

    def _write(self, records: Sequence[Recorded]) -> None:
        self._records.extend(records)
        self._by_id.update((recorded.id, recorded) for recorded in records)
