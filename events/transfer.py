"""A log carried from one place to another: CloudEvents 1.0, a JSON object a line.

What is exported is the log and nothing personal: titles and remarks stay in their own files. What is
imported is the same log again, event by event, so that doing it twice is doing it once.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import msgspec
from msgspec import Struct

from events.codec import claim, decode, to_cloudevent
from events.domain import LogCreated, Recorded
from events.errors import LogError, UnknownEvent
from events.ids import EventId
from events.log import EventLog
from events.sqlite import SqliteLog

_AT_ONCE = 2000
_GZIP = b"\x1f\x8b"
_encode = msgspec.json.Encoder().encode

Progress = Callable[[int, int], None]


class TransferError(LogError):
    """What is to be imported is not the log that is here, or no export at all.

    Attributes:
        line: Where in the file; 0 for the file as a whole.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(line, problem)
        self.line, self.problem = line, problem

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}" if self.line else self.problem


class CloudEvent(Struct, frozen=True):
    """A line of an export: see https://github.com/cloudevents/spec, 1.0, and `events.codec.to_cloudevent`."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]
    seq: int
    streamversion: int
    revision: int
    recordedat: datetime


_decode = msgspec.json.Decoder(CloudEvent).decode


def name_of(log: EventLog) -> str:
    """Tell the name of a log, as its first event says; empty for an empty one."""
    first = next(log.read(until=1), None)
    return first.event.log if first is not None and isinstance(first.event, LogCreated) else ""


def export_lines(log: EventLog, *, after: int = 0) -> Iterator[bytes]:
    """Write a log as lines, one at a time.

    Args:
        log: The log.
        after: Only events with a greater seq.
    """
    name = name_of(log) or "unknown"
    for recorded in log.read(after=after):
        yield _encode(to_cloudevent(recorded, name)) + b"\n"


def export_file(
    log: EventLog, path: Path, *, after: int = 0, resume: bool = False, progress: Progress | None = None
) -> tuple[int, int]:
    """Write a log to a file, durably; gzipped where its name ends in ``.gz``.

    Args:
        log: The log.
        path: The file.
        after: Only events with a greater seq.
        resume: Go on behind the newest event that is in the file. A line that was cut short is written
            anew.
        progress: Told how far it is.

    Returns:
        Seq of the first and the last event that were written; the last is 0 for none.

    Raises:
        TransferError: The file that is to be gone on with is no export of this log.
        OSError: It cannot be written.
    """
    zipped = path.suffix == ".gz"
    if resume and path.exists():
        after = _cut_to_whole_lines(path, name_of(log), zipped=zipped)
    head, last = log.head(), 0
    with path.open("ab" if resume else "wb") as file:
        # A file of several gzip members is a gzip file (RFC 1952, 2.2).
        out = cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="wb", mtime=0)) if zipped else file
        for last, line in enumerate(export_lines(log, after=after), start=after + 1):
            out.write(line)
            if progress is not None and last % _AT_ONCE == 0:
                progress(last - after, head - after)
        if zipped:
            out.close()
        file.flush()
        os.fsync(file.fileno())
    return after + 1, last


def _cut_to_whole_lines(path: Path, log: str, *, zipped: bool) -> int:
    """Cut a file behind its last whole line, and tell the seq of that; 0 where there is none."""
    good, seq = 0, 0
    with path.open("rb") as file:
        lines: Iterable[bytes] = gzip.GzipFile(fileobj=file) if zipped else file
        try:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    break
                seq = _read(line, number, log).seq
                good += len(line)
        except (EOFError, gzip.BadGzipFile) as error:
            raise TransferError(0, f"{path}: its end is damaged ({error}); export to a new file") from None
    if not zipped:
        os.truncate(path, good)
    return seq


def import_log(
    lines: Iterable[bytes], log: SqliteLog, *, progress: Progress | None = None
) -> tuple[int, int]:
    """Write an export into a log.

    Events that are there already are compared, and are not written again.

    Args:
        lines: The export, from its first line or from anywhere up to what is missing.
        log: Where to; empty, or holding the beginning of the same log.
        progress: Told how many lines were read.

    Returns:
        How many events were new, and how many were there.

    Raises:
        TransferError: There is a gap, it is another log, or an event here is another one. What came
            before that line is written.
        LogError: The log cannot be written.
    """
    taking = _Import(log)
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                taking.take(line, number)
            if progress is not None and number % _AT_ONCE == 0:
                progress(number, 0)
    finally:
        taking.write()
    return taking.new, taking.known


class _Import:
    """What is being imported."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log
        self._name = name_of(log)
        self._head = log.head()
        self._there: Iterator[Recorded] | None = None
        self._expected: int | None = None
        self._waiting: list[Recorded] = []
        self.new = self.known = 0

    def take(self, line: bytes, number: int) -> None:
        """Take a line."""
        recorded = _recorded(_read(line, number, self._name or None), number)
        end = self._head + self.new + len(self._waiting)
        expected = end + 1 if self._expected is None else self._expected
        if recorded.seq != self._expected and (self._expected is not None or recorded.seq > expected):
            raise _gap(number, recorded.seq, expected)
        if recorded.seq == 1:
            self._name = _first(recorded, number)
        if recorded.seq <= self._head:
            self._there = self._there or self._log.read(after=recorded.seq - 1, until=self._head)
            if not _same(next(self._there, None), recorded):
                raise TransferError(number, f"event {recorded.seq} is another one in the log here")
            self.known += 1
        else:
            self._waiting.append(recorded)
        self._expected = recorded.seq + 1
        if len(self._waiting) == _AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        self._log.take_over(self._waiting)
        self.new += len(self._waiting)
        self._waiting.clear()


def open_lines(path: Path | None, stdin: IO[bytes]) -> IO[bytes]:
    """Open an export, whether it is gzipped or not; None for standard input."""
    file = stdin if path is None else path.open("rb")
    peeked = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", file))
    return cast("IO[bytes]", _Unzipped(peeked)) if peeked.peek(2)[:2] == _GZIP else peeked


class _Unzipped(gzip.GzipFile):
    """A gzip file that closes the file it reads from, too."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(fileobj=file)
        self._under = file

    def close(self) -> None:
        super().close()
        self._under.close()


def _read(line: bytes, number: int, log: str | None) -> CloudEvent:
    """Read a line.

    Raises:
        TransferError: It is none of an export, or of another log.
    """
    try:
        event = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TransferError(number, f"this is no event of an export: {error}") from None
    if event.specversion != "1.0" or not event.type.startswith("toctoc."):
        raise TransferError(number, f"this is no event of toctoc: {event.type!r}")
    if log is not None and event.source != f"/toctoc/{log}":
        raise TransferError(number, f"this is of another log: {event.source}, and here is /toctoc/{log}")
    return event


def _recorded(line: CloudEvent, number: int) -> Recorded:
    tag = line.type.removeprefix("toctoc.")
    try:
        event = decode(_encode({"type": tag, **line.data}), tag, line.revision)
    except UnknownEvent as error:
        raise TransferError(number, str(error)) from None
    return Recorded(
        line.seq, EventId(line.id), line.subject, line.streamversion, line.time, line.recordedat, event
    )


def _first(recorded: Recorded, number: int) -> str:
    if not isinstance(recorded.event, LogCreated):
        raise TransferError(number, "a log begins with log-created")
    return recorded.event.log


def _gap(number: int, seq: int, expected: int) -> TransferError:
    if seq < expected:
        return TransferError(number, f"event {seq} comes again, where event {expected} should be")
    return TransferError(
        number, f"event {seq} where event {expected} should be: {seq - expected} are missing"
    )


def _same(one: Recorded | None, other: Recorded) -> bool:
    return one is not None and (one.id, one.stream, one.version, claim(one.event)) == (
        other.id,
        other.stream,
        other.version,
        claim(other.event),
    )
