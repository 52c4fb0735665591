"""The log in SQLite: one file, one writer, any number of readers.

What was measured, and why it is written so:

- ``synchronous=FULL`` lost nothing in 360 simulated power cuts; ``NORMAL`` lost acknowledged
  events in 242 of 300. It is set, read back and asserted.
- SQLite 3.7.0 to 3.51.2 can corrupt a file when its WAL is reset
  (https://sqlite.org/wal.html#walresetbug), so the log brings its own SQLite and checks it.
- The file is opened by apsw only, also by readers and tests: the standard library's `sqlite3`,
  opened and closed on it in the same process, would drop its locks (POSIX advisory locks).
- One statement a call: apsw runs a string of statements lazily, the second pragma of one string
  may never run.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from events.clock import Clock, SystemClock
from events.codec import REVISIONS, TAGS, decode, encode
from events.domain import AnyEvent, Recorded
from events.errors import LogClosed, LogConflict, LogCorrupt, LogError, LogLocked, UnknownEvent
from events.ids import EventId
from events.log import Batch, EventLog
from events.personal import PersonalStore
from events.reader import open_reader, why

OLDEST_SQLITE = (3, 51, 3)
APPLICATION_ID = 0x746F6374  # "toct", so that `file` and a lost disk tell what this is
SCHEMA = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_CREATE = (
    """
    CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        stream TEXT NOT NULL,
        version INTEGER NOT NULL,
        tag TEXT NOT NULL,
        revision INTEGER NOT NULL,
        at INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (stream, version)
    ) STRICT
    """,
    """
    CREATE TRIGGER log_is_never_updated BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
    """,
    """
    CREATE TRIGGER log_is_never_deleted BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA}",
)
_COLUMNS = "seq, id, stream, version, tag, revision, at, recorded_at, body"
_INSERT = f"INSERT INTO log ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
_FIND = f"SELECT {_COLUMNS} FROM log WHERE id IN"  # noqa: S608

_AT_ONCE = 512
_READ_AT_ONCE = 128
"""Rows that are decoded together: one call for all of them takes a fifth of the time off a replay, and so
few of them stay in the processor's cache: 512 were slower again."""
_decode_list = msgspec.json.Decoder(list[AnyEvent]).decode


class Holder(Struct, frozen=True):
    """Who holds a log, as its lock file says.

    Attributes:
        since: Local wall-clock time, ISO 8601.
    """

    who: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.who} (pid {self.pid}, since {self.since})"


class TagCount(Struct, frozen=True):
    """How many events of a kind there are.

    Attributes:
        size: Bytes of their bodies.
        first: When the first was recorded.
        last: When the last was.
    """

    tag: str
    events: int
    size: int
    first: datetime
    last: datetime


class LogLock:
    """The right to write to a log; given back when the process ends, however it ends."""

    def __init__(self, path: Path, who: str) -> None:
        """Take the lock.

        Args:
            path: The lock file, made if it is missing.
            who: What to tell others who want it.

        Raises:
            LogLocked: Somebody else holds it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_holder(self._file)
            os.close(self._file)
            raise LogLocked(str(path.parent), holder) from None
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, msgspec.json.encode(Holder(who, os.getpid(), now)), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._file)


def _read_holder(descriptor: int) -> str:
    try:
        return str(msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder))
    except msgspec.DecodeError:
        return "somebody who has not said who"


class SqliteLog(EventLog):
    """A log in a folder: ``log.db`` and, apart from it, the personal parts of its events.

    Args:
        folder: The data folder, made if it is missing.
        read_only: Only `read` and `head`; needs no lock.
        who: What the lock tells others.
        clock: Where the time of recording comes from.

    Raises:
        LogLocked: Another process writes to this log.
        LogError: The SQLite that was found is too old, the file is no log of ours, or there is none.
    """

    def __init__(
        self, folder: Path, *, read_only: bool = False, who: str = "toctoc", clock: Clock | None = None
    ) -> None:
        super().__init__(clock or SystemClock())
        check_sqlite()
        self.folder = folder
        self.path = folder / "log.db"
        self._lock: LogLock | None = None
        self._writer: apsw.Connection | None = None
        self.personal = PersonalStore(folder / "personal", read_only=read_only)
        if read_only:
            if not self.path.exists():
                raise LogError(f"{self.path}: there is no log here")
            _check_file(self.path)
            self._head = self.head_on_disk()
            return
        self._lock = LogLock(folder / "log.lock", who)
        try:
            self._writer = _open_writer(self.path)
            self._head = self.head_on_disk()
            self._recorded_at = self._newest_time()
            self._sweep()
        except BaseException:
            self.close()
            raise

    def append_group(self, batches: Sequence[Batch]) -> list[tuple[Recorded, ...] | LogConflict]:
        """Record many batches in one transaction: see `EventLog.append_group`.

        Personal parts are committed first, so that an event never points to one that does not
        exist; one whose event was then not written is swept at the next start.
        """
        self._connection()  # a closed log takes no parts either
        parts = [(d.id, d.event.part.month, d.text) for b in batches for d in b.drafts if d.text is not None]  # type: ignore[union-attr]  # only events with a part have a text
        if parts:
            self.personal.put(parts)
        return super().append_group(batches)

    def take_over(self, records: Sequence[Recorded]) -> None:
        """Write what another log recorded, as it stands there: see `events.transfer`.

        Args:
            records: The next events of that log, in one transaction: the first follows the newest here.

        Raises:
            LogConflict: The first does not follow, or one is out of place in its stream.
            LogClosed: The log was closed, or died in this commit.
        """
        head, versions = self._head, dict[str, int]()
        for seq, r in enumerate(records, start=head + 1):
            version = versions.get(r.stream)
            version = self._version(r.stream, {}) if version is None else version
            if (r.seq, r.version) != (seq, version + 1):
                raise LogConflict(r.stream, expected=r.version - 1, actual=version)
            versions[r.stream] = r.version
        if records:
            self._write(records)
            self._versions.update(versions)
            self._recorded_at = records[-1].recorded_at

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
        where, values = ["seq > ?"], [after]
        bounds: tuple[tuple[str, Any], ...] = (
            ("seq <= ?", until),
            ("stream = ?", stream),
            ("tag = ?", tag),
            ("recorded_at <= ?", _micros(recorded_until) if recorded_until else None),
        )
        for condition, value in bounds:
            if value is not None:
                where.append(condition)
                values.append(value)
        query = f"SELECT {_COLUMNS} FROM log WHERE {' AND '.join(where)} ORDER BY seq"  # noqa: S608
        connection = _open_reader(self.path)
        try:
            rows = connection.execute(query, values)
            while some := list(islice(rows, _READ_AT_ONCE)):
                yield from _records(some)
        except apsw.Error as error:
            raise LogCorrupt(f"{self.path}: {error}") from error
        finally:
            connection.close()

    def head(self) -> int:
        """Tell the seq of the newest event: of a read-only log, the one now on disk."""
        return self._head if self._writer is not None else self.head_on_disk()

    def head_on_disk(self) -> int:
        """Look up the seq of the newest event in the file."""
        connection = _open_reader(self.path)
        try:
            return int(connection.execute("SELECT coalesce(max(seq), 0) FROM log").get)
        except apsw.Error as error:
            raise LogCorrupt(f"{self.path}: {error}") from error
        finally:
            connection.close()

    def counts(self) -> list[TagCount]:
        """Count the events by their kind, the most frequent first."""
        query = """
            SELECT tag, count(*), sum(length(body)), min(recorded_at), max(recorded_at) FROM log
            GROUP BY tag ORDER BY count(*) DESC, tag
        """
        connection = _open_reader(self.path)
        try:
            return [
                TagCount(tag, events, size, _instant(first), _instant(last))
                for tag, events, size, first, last in connection.execute(query)
            ]
        except apsw.Error as error:
            raise LogCorrupt(f"{self.path}: {error}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close the file and give the lock back; a second call does nothing."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.personal.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _find(self, ids: Sequence[EventId]) -> dict[EventId, Recorded]:
        writer = self._connection()
        found: dict[EventId, Recorded] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            # One look-up for many ids: one each took nine times as long.
            for row in writer.execute(f"{_FIND} ({','.join('?' * len(some))})", some):
                recorded = _recorded(row)
                found[recorded.id] = recorded
        return found

    def _stream_version(self, stream: str) -> int:
        query = "SELECT coalesce(max(version), 0) FROM log WHERE stream = ?"
        return int(self._connection().execute(query, (stream,)).get)

    def _write(self, records: Sequence[Recorded]) -> None:
        writer = self._connection()
        rows = _rows(records)  # what cannot be encoded leaves no open transaction
        try:
            writer.execute("BEGIN IMMEDIATE")
            writer.executemany(_INSERT, rows)
            writer.execute("COMMIT")
        except apsw.Error as error:
            # Whether the commit reached the disk is unknown, and a second try on the same handle
            # may succeed without the first one's pages (PostgreSQL's "fsyncgate").
            self._writer = None
            raise LogClosed(f"{self.path}: writing failed: {error}; the log has to be opened anew") from error
        self._head = records[-1].seq

    def _connection(self) -> apsw.Connection:
        if self._writer is None:
            raise LogClosed(f"{self.path}: closed, or open for reading only")
        return self._writer

    def _newest_time(self) -> datetime | None:
        row = self._connection().execute("SELECT recorded_at FROM log ORDER BY seq DESC LIMIT 1").get
        return None if row is None else _EPOCH + row * _MICROSECOND

    def _sweep(self) -> None:
        for event_id, month in self.personal.newest():
            if not self._find([event_id]):
                self.personal.drop(event_id, month)


def check_sqlite(version: str | None = None) -> None:
    """Refuse an SQLite with the WAL-reset bug.

    Raises:
        LogError: It is older than `OLDEST_SQLITE`.
    """
    version = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise LogError(
            f"SQLite {version} can corrupt a log; {needed} or newer is needed: pip install -U apsw"
        )


def _open_writer(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(5000)
        if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
            _create(connection)
        _check_schema(connection, path)
        _set(connection, "journal_mode", "wal")
        _set(connection, "synchronous", 2)
    except apsw.Error as error:
        connection.close()
        raise LogError(f"{path}: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: apsw.Connection) -> None:
    with connection:
        for statement in _CREATE:
            connection.execute(statement)


def _check_schema(connection: apsw.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").get != APPLICATION_ID:
        raise LogError(f"{path}: this is no log of toctoc")
    schema = connection.execute("PRAGMA user_version").get
    if schema != SCHEMA:
        raise LogError(f"{path}: its schema is {schema}, this program knows {SCHEMA}")


def _check_file(path: Path) -> None:
    connection = _open_reader(path)
    try:
        _check_schema(connection, path)
    except apsw.Error as error:
        raise LogError(f"{path}: {why(path, error)}") from error
    finally:
        connection.close()


def _open_reader(path: Path) -> apsw.Connection:
    try:
        connection = open_reader(path)
    except apsw.Error as error:
        raise LogError(f"{path}: {why(path, error)}") from error
    connection.set_busy_timeout(5000)
    _set(connection, "query_only", 1)
    return connection


def _set(connection: apsw.Connection, pragma: str, value: str | int) -> None:
    connection.execute(f"PRAGMA {pragma} = {value}").get  # noqa: B018  # runs the statement
    found = connection.execute(f"PRAGMA {pragma}").get
    if found != value:
        raise LogError(
            f"PRAGMA {pragma} is {found!r}, not {value!r}: this file system or SQLite cannot do it"
        )


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _rows(records: Sequence[Recorded]) -> list[tuple[Any, ...]]:
    """Encode records."""
    return [
        (
            r.seq,
            r.id,
            r.stream,
            r.version,
            tag,
            REVISIONS.get(tag, 1),
            (r.at - _EPOCH) // _MICROSECOND,
            _commit_micros(r.recorded_at),
            encode(r.event),
        )
        for r in records
        for tag in (TAGS[type(r.event)],)
    ]


def _records(rows: Sequence[Any]) -> Iterable[Recorded]:
    """Read rows back; where one of them cannot be, those before it are given all the same."""
    seqs, ids, streams, versions, tags, revisions, ats, commits, bodies = zip(*rows, strict=True)
    if (REVISIONS or set(revisions) != {1}) and any(
        revision != REVISIONS.get(tag, 1) for tag, revision in zip(tags, revisions, strict=True)
    ):
        return map(_recorded, rows)
    try:
        events = _decode_list(b"[%b]" % b",".join(bodies))
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        return map(_recorded, rows)  # one by one: it tells which
    if len(events) != len(rows):
        return map(_recorded, rows)
    # Exact, as `_instant` is, and three times as fast.
    happened = msgspec.convert([at / 1e6 for at in ats], list[datetime], strict=False)
    # Commits have their times in order: where the first and the last are of one, all are.
    one_commit = commits[0] == commits[-1]
    recorded = repeat(_instant(commits[0])) if one_commit else map(_commit_instant, commits)
    return map(Recorded, seqs, ids, streams, versions, happened, recorded, events)


def _recorded(row: Any) -> Recorded:
    seq, event_id, stream, version, tag, revision, at, recorded_at, body = row
    try:
        event = decode(body, tag, revision)
    except UnknownEvent as error:
        raise LogCorrupt(f"event {seq} ({event_id}) in {stream}: {error}", seq=seq) from error
    return Recorded(seq, event_id, stream, version, _instant(at), _commit_instant(recorded_at), event)


def _instant(micros: int) -> datetime:
    # Exact: a double tells microseconds apart until the year 2242, and this is twice as fast as
    # adding a timedelta to the epoch.
    return datetime.fromtimestamp(micros / 1e6, UTC)


_commit_instant = lru_cache(maxsize=16)(_instant)
_commit_micros = lru_cache(maxsize=16)(_micros)
"""All events of a commit have the same; looking it up is four times as fast as making it."""
