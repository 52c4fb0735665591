"""The contract of the event log, and what all its backends share.

A log is append-only. Each event has a position (seq, from 1, without gaps) and a position in its
stream (version, likewise). What `append_group` returned is on disk.

One thread appends; any thread may read, at any time, and is never blocked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from events.clock import Clock, SystemClock
from events.codec import claim
from events.domain import AnyEvent, Recorded
from events.errors import LogConflict
from events.ids import EventId


class Draft(Struct, frozen=True, kw_only=True, gc=False):
    """An event that is to be recorded.

    Attributes:
        at: When it happened.
        text: Its personal part, as JSON, to be kept apart from the log; None where it has none.
    """

    id: EventId
    stream: str
    at: datetime
    event: AnyEvent
    text: bytes | None = None


class Batch(Struct, frozen=True, kw_only=True, gc=False):
    """Events that are recorded all or none.

    Attributes:
        expected: A stream and the version that it has: the one on which these events were
            decided. None for observations, which are true whatever was recorded meanwhile.
    """

    drafts: tuple[Draft, ...]
    expected: tuple[str, int] | None = None


class EventLog(ABC):
    """An append-only log of events."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._versions: dict[str, int] = {}
        self._recorded_at: datetime | None = None

    def append(self, batch: Batch) -> tuple[Recorded, ...]:
        """Record a batch.

        Returns:
            For each draft its record; for one whose id is known, the first record.

        Raises:
            LogConflict: An id is known with another claim, or the stream has moved on. Nothing
                of the batch was written.
            LogClosed: The log was closed or died.
        """
        (result,) = self.append_group([batch])
        if isinstance(result, LogConflict):
            raise result
        return result

    def append_group(self, batches: Sequence[Batch]) -> list[tuple[Recorded, ...] | LogConflict]:
        """Record many batches in one transaction.

        Ids and versions of all of them are checked before the first row is written: a batch
        that is refused never touches its neighbours and leaves no gap.

        Args:
            batches: In the order in which they are to be recorded.

        Returns:
            For each batch its records, or why it was refused.

        Raises:
            LogClosed: The log was closed, or died in this commit: whether the group was
                written is not known before the log is opened anew.
        """
        known = self._find([draft.id for batch in batches for draft in batch.drafts])
        now = self._clock.now()
        if self._recorded_at is not None and now < self._recorded_at:
            now = self._recorded_at
        head = self.head()
        versions: dict[str, int] = {}
        results: list[tuple[Recorded, ...] | LogConflict] = []
        written: list[Recorded] = []
        for batch in batches:
            fitted = self._fit(batch, known, versions, head + len(written), now)
            if isinstance(fitted, LogConflict):
                results.append(fitted)
                continue
            records, fresh = fitted
            known.update(fresh)
            for recorded in fresh.values():
                versions[recorded.stream] = recorded.version
                written.append(recorded)
            results.append(records)
        if written:
            self._write(written)
            self._versions.update(versions)
            self._recorded_at = now
        return results

    def _fit(
        self,
        batch: Batch,
        known: dict[EventId, Recorded],
        versions: dict[str, int],
        seq: int,
        now: datetime,
    ) -> tuple[tuple[Recorded, ...], dict[EventId, Recorded]] | LogConflict:
        """Give a batch its positions, or say why it does not fit.

        Returns:
            For each draft its record; and the new ones among them, each once.
        """
        records: list[Recorded] = []
        fresh: dict[EventId, Recorded] = {}
        reached: dict[str, int] = {}
        for draft in batch.drafts:
            first = known.get(draft.id) or fresh.get(draft.id)
            if first is not None:
                if claim(first.event) != claim(draft.event):
                    return LogConflict(draft.stream, event_id=draft.id)
                records.append(first)
                continue
            if batch.expected is not None and not fresh:
                decided_on, expected = batch.expected
                actual = self._version(decided_on, versions)
                if actual != expected:
                    return LogConflict(decided_on, expected=expected, actual=actual)
            stream = draft.stream
            version = reached.get(stream)
            if version is None:
                version = self._version(stream, versions)
            seq += 1
            reached[stream] = version + 1
            recorded = Recorded(seq, draft.id, stream, version + 1, draft.at, now, draft.event)
            fresh[draft.id] = recorded
            records.append(recorded)
        return tuple(records), fresh

    def _version(self, stream: str, versions: dict[str, int]) -> int:
        version = versions.get(stream)
        if version is None:
            version = self._versions.get(stream)
            if version is None:
                version = self._versions[stream] = self._stream_version(stream)
        return version

    @abstractmethod
    def read(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        stream: str | None = None,
        tag: str | None = None,
        recorded_until: datetime | None = None,
    ) -> Iterator[Recorded]:
        """Read events in the order of their seq. From any thread.

        Args:
            after: Only events with a greater seq.
            until: Only events with this seq or a smaller one.
            stream: Only events of this stream.
            tag: Only events of this kind.
            recorded_until: Only what was recorded at this instant or earlier.

        Raises:
            LogCorrupt: A row cannot be read back.
        """

    @abstractmethod
    def head(self) -> int:
        """Tell the seq of the newest event, 0 for an empty log."""

    @abstractmethod
    def close(self) -> None:
        """End the use of the log; a second call does nothing."""

    @abstractmethod
    def _find(self, ids: Sequence[EventId]) -> dict[EventId, Recorded]:
        """Look up which of these ids are recorded."""

    @abstractmethod
    def _stream_version(self, stream: str) -> int:
        """Look up the version of a stream, 0 for one without events."""

    @abstractmethod
    def _write(self, records: Sequence[Recorded]) -> None:
        """Write records in one transaction, durably.

        Raises:
            LogClosed: The log was closed, or this commit failed.
        """
