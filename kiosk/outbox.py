"""The presses that no server has acknowledged yet, on the door's own disk.

SQLite of the standard library, with a rollback journal and ``synchronous=FULL``: what `add`
returned survives kill -9 and a power cut, and a torn last write is rolled back at the next start.
Used by one thread.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from events.domain import Press
from events.ids import EventId, press_id

logger = logging.getLogger(__name__)

_SCHEMA = """
    CREATE TABLE outbox (name TEXT NOT NULL);
    CREATE TABLE press (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        body BLOB NOT NULL,
        signature TEXT NOT NULL,
        refused TEXT
    );
"""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Press).decode


class Kept(Struct, frozen=True):
    """A press as it was stored and as it is delivered, any number of times."""

    press: Press
    signature: str

    @property
    def name(self) -> EventId:
        """Name of the press."""
        return press_id(self.press.kiosk, self.press.outbox, self.press.n)


class Outbox:
    """Keeps presses until they are acknowledged.

    Args:
        path: The file. One that is damaged is set aside under another name, never deleted.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.fault = ""
        self._path = path
        self._now = now
        try:
            self._db = self._open()
        except (sqlite3.Error, OSError) as error:
            self._db = self._open_in_memory(error)
        (self.name,) = self._db.execute("SELECT name FROM outbox").fetchone()

    def add(self, make: Callable[[str, int], tuple[Press, str]]) -> Kept:
        """Store a press under the next number, in one durable write.

        Args:
            make: Makes the press and its signature for an outbox and a number.

        Returns:
            The press as stored. When the disk fails it is kept in memory, and `fault` says so.
        """
        try:
            return self._add(make)
        except sqlite3.Error as error:
            # A new name: the numbers of the file may not be used twice.
            self._db.close()
            self._db = self._open_in_memory(error)
            (self.name,) = self._db.execute("SELECT name FROM outbox").fetchone()
            return self._add(make)

    def waiting(self) -> list[Kept]:
        """List the presses that are to be delivered, in order."""
        rows = self._db.execute("SELECT n, body, signature FROM press WHERE refused IS NULL ORDER BY n")
        kept: list[Kept] = []
        for n, body, signature in rows.fetchall():
            try:
                kept.append(Kept(_decode(body), signature))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                logger.error("press %d of the outbox cannot be read: %s", n, error)  # noqa: TRY400
                self._refuse(n, f"cannot be read: {error}")
        return kept

    def remove(self, name: EventId) -> bool:
        """Forget a press that was acknowledged.

        Returns:
            Whether it was here.
        """
        n = self._number(name)
        if n is None:
            return False
        with self._db:
            return self._db.execute("DELETE FROM press WHERE n = ?", (n,)).rowcount == 1

    def set_aside(self, name: EventId, reason: str) -> None:
        """Keep a press that the server will never take, but deliver it no more."""
        n = self._number(name)
        if n is not None:
            self._refuse(n, reason)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _refuse(self, n: int, reason: str) -> None:
        with self._db:
            self._db.execute("UPDATE press SET refused = ? WHERE n = ?", (reason, n))

    def _number(self, name: EventId) -> int | None:
        """Tell the number of a press of this outbox."""
        _, _, rest = name.partition(".")
        outbox, _, n = rest.rpartition(".")
        return int(n) if outbox == self.name and n.isdecimal() else None

    def _add(self, make: Callable[[str, int], tuple[Press, str]]) -> Kept:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'press'").fetchone()
            n = (row[0] if row else 0) + 1
            press, signature = make(self.name, n)
            self._db.execute(
                "INSERT INTO press (n, body, signature) VALUES (?, ?, ?)", (n, _encode(press), signature)
            )
        return Kept(press, signature)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connect(str(self._path))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            aside = self._path.with_name(f"{self._path.name}.damaged-{self._now():%Y%m%dT%H%M%S}")
            self._path.rename(aside)
            logger.error("the outbox was damaged (%s) and is set aside as %s", error, aside.name)  # noqa: TRY400
            return _connect(str(self._path))

    def _open_in_memory(self, error: Exception) -> sqlite3.Connection:
        logger.error("presses are kept in memory only: %s: %s", self._path, error)
        self.fault = str(error)
        return _connect(":memory:")


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        _check(db)
        if db.execute("SELECT count(*) FROM outbox").fetchone() == (0,):
            with db:
                db.execute("INSERT INTO outbox VALUES (?)", (secrets.token_hex(8),))
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    (found,) = db.execute("PRAGMA quick_check").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
