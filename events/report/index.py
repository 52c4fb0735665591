"""The facts of a log in a file of their own, so that an audit of years is asked in seconds.

The file is derived: it can be deleted at any time, `open_index` makes it anew, and following a log that
has grown costs what has come since. Beside the facts it holds the state of the school at some instants,
from which the state at any instant is a short replay away (`state_at`).
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from events import domain as e
from events.errors import LogError
from events.ids import KioskId, RoomKey, SourceName
from events.log import EventLog
from events.report.facts import KINDS, Fact, Facts, Open
from events.report.ledger import Ledger
from events.report.spans import FOREVER, Micros, micros
from events.state import (
    GrantedAccess,
    PairedDoor,
    RoomState,
    Rules,
    SchoolState,
    SourceState,
    StandingNotice,
)

logger = logging.getLogger(__name__)

FOLD = 1
"""Raised whenever `events.report.ledger.Ledger`, or the fold of a state, makes something else of the same
events: an index that was made by another one is made anew."""
SNAPSHOT_EVERY = 50_000
"""Events between two states that are kept: a tenth of a second of replay."""
_APPLICATION_ID = 0x746F6361  # "toca"
_COMMIT_EVERY = 20_000
_DAMAGE = (apsw.NotADBError, apsw.CorruptError, zlib.error, msgspec.DecodeError)
"""What reading a damaged file raises."""

F = TypeVar("F", bound=Fact)
Progress = Callable[[int, int], None]
"""Told how many events are followed, of how many."""


class Snapshot(Struct, frozen=True):
    """A `SchoolState` whole: its attributes, by their names."""

    created: e.LogCreated | None
    seq: int
    version: int
    rules: Rules
    sources: dict[SourceName, SourceState]
    rooms: dict[RoomKey, RoomState]
    notices: dict[int, StandingNotice]
    doors: dict[KioskId, PairedDoor]
    revoked: frozenset[KioskId]
    accesses: dict[int, GrantedAccess]
    last_access: int
    started_at: datetime | None
    stopped: bool


_encode = msgspec.msgpack.Encoder().encode
_decode_snapshot = msgspec.msgpack.Decoder(Snapshot).decode
_decode_open = msgspec.msgpack.Decoder(Open).decode


def pack(school: SchoolState) -> bytes:
    """Write a state."""
    snapshot = Snapshot(**{name: getattr(school, name) for name in Snapshot.__struct_fields__})
    return zlib.compress(_encode(snapshot), 1)


def unpack(body: bytes) -> SchoolState:
    """Read a state that `pack` wrote."""
    snapshot = _decode_snapshot(zlib.decompress(body))
    school = SchoolState()
    for name in Snapshot.__struct_fields__:
        setattr(school, name, getattr(snapshot, name))
    return school


class IndexedFacts(Facts):
    """Facts in a file. One thread.

    Args:
        connection: The file.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.log, self.school, self.zone, self.seq, self.newest = _head(connection)

    def stored(self, kind: type[F], start: Micros = 0, end: Micros = FOREVER) -> Iterator[F]:
        """Read rows: see `Facts.stored`."""
        columns = ", ".join(f'"{name}"' for name in kind.__struct_fields__)
        order = ", ".join(f'"{name}"' for name in (kind.BEGIN, *kind.KEY))
        query = (
            f'SELECT {columns} FROM {_table(kind)} WHERE "{kind.BEGIN}" < ?'  # noqa: S608  # names of ours
            f' AND coalesce("{kind.END}", {FOREVER}) >= ? ORDER BY {order}'
        )
        for row in self._connection.execute(query, (end, start)):
            yield kind(*row)

    def begun(self) -> Open:
        """Tell what has begun: see `Facts.begun`."""
        body = self._connection.execute("SELECT begun FROM head").get
        return Open() if body is None else _decode_open(body)

    def state_at(self, log: EventLog, at: datetime) -> SchoolState:
        """Tell the state as it was known at an instant, from the nearest kept state on.

        Args:
            log: The log that is followed.
            at: What was recorded then, or earlier.
        """
        query = "SELECT body FROM snapshot WHERE recorded_at <= ? ORDER BY seq DESC LIMIT 1"
        body = self._connection.execute(query, (micros(at),)).get
        school = unpack(body) if body is not None else SchoolState()
        return school.apply_all(log.read(after=school.seq, recorded_until=at))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def open_index(
    log: EventLog, path: Path | None, *, anew: bool = False, progress: Progress | None = None
) -> IndexedFacts:
    """Open the facts of a log, and follow it to its head.

    What is read is what was followed then, whoever else follows the log meanwhile. A file that is damaged
    is made anew.

    Args:
        log: The log.
        path: The file; None to keep the facts in memory, where nothing may be written.
        anew: Make it from nothing.
        progress: Told now and then how far it is.

    Raises:
        LogError: The file cannot be written.
    """
    try:
        if path is not None and anew:
            _delete(path)
        try:
            return _followed(log, path, progress)
        except _DAMAGE:
            if path is None:
                raise
            logger.warning("%s was damaged and is made anew", path)
            _delete(path)
            return _followed(log, path, progress)
    except apsw.Error as error:
        raise LogError(f"{path or 'memory'}: the index cannot be written: {error}") from error


def _followed(log: EventLog, path: Path | None, progress: Progress | None) -> IndexedFacts:
    connection = _opened(path)
    if not _fits(connection, log):
        connection.close()
        if path is not None:
            _delete(path)
        connection = _opened(path)
    _follow(connection, log, progress)
    connection.execute("BEGIN")  # one state of the file for all that is read
    return IndexedFacts(connection)


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _opened(path: Path | None) -> apsw.Connection:
    connection = apsw.Connection(str(path) if path is not None else ":memory:")
    connection.set_busy_timeout(60_000)
    # What a power cut takes away here is made again from the log.
    for pragma in ("journal_mode = wal", "synchronous = off", "cache_size = -4000"):
        connection.execute(f"PRAGMA {pragma}").get  # noqa: B018  # runs the statement
    connection.execute("BEGIN IMMEDIATE")  # two audits may begin at once
    if connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
        _create(connection)
    connection.execute("COMMIT")
    return connection


@cache
def shape() -> int:
    """Number the shape of the file: another one for other fields, anywhere in what it holds."""
    schemas = msgspec.json.schema_components([*KINDS, Snapshot, Open, e.AnyEvent])
    return zlib.crc32(f"{FOLD} {schemas}".encode()) & 0x7FFFFFFF


def _create(connection: apsw.Connection) -> None:
    for kind in KINDS:
        columns = [
            f'"{name}" {_type(hint)}'
            for name, hint in get_type_hints(kind).items()
            if name in kind.__struct_fields__
        ]
        keys = ", ".join(kind.KEY)
        connection.execute(
            f"CREATE TABLE {_table(kind)} ({', '.join(columns)}, PRIMARY KEY ({keys})) WITHOUT ROWID"
        )
        connection.execute(f'CREATE INDEX {_table(kind)}_begin ON {_table(kind)} ("{kind.BEGIN}")')
    connection.execute("CREATE TABLE snapshot (seq INTEGER PRIMARY KEY, recorded_at INTEGER, body BLOB)")
    connection.execute(
        "CREATE TABLE head (seq INTEGER, id TEXT, log TEXT, school TEXT, state BLOB, begun BLOB)"
    )
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {shape()}")


def _type(hint: Any) -> str:
    if hint in (int, Micros, bool, Micros | None):
        return "INTEGER"
    return "BLOB" if hint is bytes else "TEXT"


def _table(kind: type[Fact]) -> str:
    return kind.__name__.lower()


def _fits(connection: apsw.Connection, log: EventLog) -> bool:
    """Tell whether the file has our shape and follows this log: its newest event is the log's."""
    if connection.execute("PRAGMA user_version").get != shape():
        return False
    row = connection.execute("SELECT seq, id FROM head").get
    if row is None:
        return True
    seq, name = row
    there = next(log.read(after=seq - 1, until=seq), None)
    return there is not None and there.id == name


def _follow(connection: apsw.Connection, log: EventLog, progress: Progress | None) -> None:
    if log.head() == (connection.execute("SELECT seq FROM head").get or 0):
        return
    connection.execute("BEGIN IMMEDIATE")  # whoever else follows it has ended by now
    try:
        _append(connection, log, progress)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _append(connection: apsw.Connection, log: EventLog, progress: Progress | None) -> None:
    row = connection.execute("SELECT state, begun FROM head").get
    school, begun = (unpack(row[0]), _decode_open(row[1])) if row else (None, None)
    head, first = log.head(), school.seq if school else 0
    inserts = {
        kind: f"INSERT OR REPLACE INTO {_table(kind)} VALUES ({', '.join('?' * len(kind.__struct_fields__))})"  # noqa: S608  # names of ours
        for kind in KINDS
    }
    keys = {kind: attrgetter(*kind.KEY) for kind in KINDS}
    waiting: dict[type[Fact], dict[Any, Fact]] = {kind: {} for kind in KINDS}

    def put(row: Fact) -> None:
        kind = type(row)
        waiting[kind][keys[kind](row)] = row

    def flush() -> None:
        for kind, rows in waiting.items():
            connection.executemany(inserts[kind], [astuple(row) for row in rows.values()])
            rows.clear()

    ledger = Ledger(put, school, begun)
    newest: e.Recorded | None = None
    for newest in log.read(after=first, until=head):
        ledger.apply(newest)
        if newest.seq % _COMMIT_EVERY == 0:
            flush()
            if progress is not None:
                progress(newest.seq - first, head - first)
        if newest.seq % SNAPSHOT_EVERY == 0:
            body = pack(ledger.school)
            connection.execute(
                "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)",
                (newest.seq, micros(newest.recorded_at), body),
            )
    flush()
    if newest is None:
        return
    created = ledger.school.created
    connection.execute("DELETE FROM head")
    connection.execute(
        "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?)",
        (
            newest.seq,
            newest.id,
            created.log if created else "",
            created.school if created else "",
            pack(ledger.school),
            _encode(ledger.open),
        ),
    )


def _head(connection: apsw.Connection) -> tuple[str, str, str, int, Micros]:
    row = connection.execute("SELECT log, school, state, seq, begun FROM head").get
    if row is None:
        return "", "", "UTC", 0, 0
    log, school, state, seq, begun = cast("tuple[str, str, bytes, int, bytes]", row)
    return log, school, unpack(state).rules.zone, seq, _decode_open(begun).newest
