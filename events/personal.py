"""Personal data, apart from the log: titles, texts, names and the timetables' own ids.

The log holds a commitment to each part (HMAC-SHA256 under a salt of its own) and never the part,
so that it can be kept for ever while parts are forgotten. There is one file a month: the month in
which the use of a part ends, so that forgetting a month is deleting a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

from events.domain import Part
from events.errors import LogCorrupt, LogError
from events.ids import EventId
from events.reader import open_reader, why

_CREATE = """
    CREATE TABLE IF NOT EXISTS part
    (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT
"""
_NEWEST = 2000
"""How many of a file's newest parts are looked at when swept: a crash leaves one group at most."""


class Text(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is personal in an event.

    Attributes:
        salt: 64 random hex digits: without them the commitment tells nothing.
        title: A booking's title.
        source_id: The timetable's own id of a booking; calendar ids name teachers.
        reason: What an operator wrote: why a room is out of order, or a notice.
    """

    salt: str
    title: str = ""
    source_id: str = ""
    reason: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Text).decode


def new_part(
    used_until: datetime, *, title: str = "", source_id: str = "", reason: str = ""
) -> tuple[Part, bytes]:
    """Make a personal part and the commitment to it.

    Args:
        used_until: When its use ends: for a booking its end.
        title: A booking's title.
        source_id: The timetable's own id of it.
        reason: What an operator wrote.

    Returns:
        What goes into the event, and what goes into the store.
    """
    body = _encode(Text(salt=secrets.token_hex(32), title=title, source_id=source_id, reason=reason))
    return Part(month=f"{used_until:%Y-%m}", commitment=commitment(body)), body


def commitment(body: bytes) -> str:
    """Compute the commitment to a part (RFC 2104); 64 hex digits.

    Raises:
        LogCorrupt: It is no part.
    """
    salt = bytes.fromhex(read_text(body).salt)
    return hmac.new(salt, body, hashlib.sha256).hexdigest()


def read_text(body: bytes) -> Text:
    """Read a part back.

    Raises:
        LogCorrupt: It is none.
    """
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        raise LogCorrupt(f"a personal part cannot be read: {error}") from error


class PersonalStore:
    """The parts, in a folder with a file for each month. One thread writes.

    Args:
        folder: Made when the first part is put.
        read_only: Only `get`.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._folder = folder
        self._read_only = read_only
        self._open: dict[str, apsw.Connection] = {}

    def put(self, parts: Iterable[tuple[EventId, str, bytes]]) -> None:
        """Keep parts, durably; one that is known stays as it is.

        Args:
            parts: For each the event's id, the month and the part.

        Raises:
            LogError: They could not be written.
        """
        by_month: dict[str, list[tuple[str, bytes]]] = {}
        for event_id, month, body in parts:
            by_month.setdefault(month, []).append((event_id, body))
        try:
            for month, rows in by_month.items():
                with self._connection(month) as connection:
                    connection.executemany("INSERT OR IGNORE INTO part (id, body) VALUES (?, ?)", rows)
        except apsw.Error as error:
            raise LogError(f"{self._folder}: a personal part could not be written: {error}") from error

    def get(self, wanted: Iterable[tuple[EventId, str]]) -> dict[EventId, bytes]:
        """Look parts up; one that was forgotten or lost is missing in the answer. From any thread.

        Args:
            wanted: For each the event's id and the month.

        Raises:
            LogError: A file of parts cannot be read.
        """
        by_month: dict[str, list[EventId]] = {}
        for event_id, month in wanted:
            by_month.setdefault(month, []).append(event_id)
        found: dict[EventId, bytes] = {}
        for month, ids in by_month.items():
            path = self._path(month)
            if not path.exists():
                continue
            try:
                with contextlib.closing(open_reader(path)) as connection:
                    connection.set_busy_timeout(5000)
                    for event_id in ids:
                        for (body,) in connection.execute("SELECT body FROM part WHERE id = ?", (event_id,)):
                            found[event_id] = body
            except apsw.Error as error:
                raise LogError(f"{path}: personal parts cannot be read: {why(path, error)}") from error
        return found

    def newest(self) -> Sequence[tuple[EventId, str]]:
        """List the newest parts of each month, for sweeping what has no event."""
        rows: list[tuple[EventId, str]] = []
        for path in sorted(self._folder.glob("????-??.db")):
            month = path.stem
            query = "SELECT id FROM part ORDER BY n DESC LIMIT ?"
            rows += [
                (EventId(event_id), month)
                for (event_id,) in self._connection(month).execute(query, (_NEWEST,))
            ]
        return rows

    def drop(self, event_id: EventId, month: str) -> None:
        """Delete a part for good: overwritten, not only unlinked (``secure_delete``)."""
        connection = self._connection(month)
        connection.execute("DELETE FROM part WHERE id = ?", (event_id,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").get  # noqa: B018  # runs the statement

    def close(self) -> None:
        """Close all files."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _path(self, month: str) -> Path:
        return self._folder / f"{month}.db"

    def _connection(self, month: str) -> apsw.Connection:
        connection = self._open.get(month)
        if connection is None:
            if self._read_only:
                raise LogError(f"{self._folder}: open for reading only")
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = self._open[month] = apsw.Connection(str(self._path(month)))
            connection.set_busy_timeout(5000)
            for pragma in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
                connection.execute(f"PRAGMA {pragma}").get  # noqa: B018  # runs the statement
            connection.execute(_CREATE)
        return connection
