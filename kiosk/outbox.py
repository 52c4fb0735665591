"""The presses that no server has acknowledged yet, on the door's own disk.

SQLite of the standard library, with a rollback journal and ``synchronous=FULL``: what `add`
returned survives kill -9 and a power cut, and a torn last write is rolled back at the next start.
Where the disk cannot be written, as an SD card that turned read-only, presses are kept in memory
until it can; what lies on it is delivered meanwhile. Used by one thread.
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

# A press that was made while the disk failed has another outbox's name and number, which are
# signed: it is carried, and `after` says behind which press of the file it was made.
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS outbox (name TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS press (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        body BLOB NOT NULL,
        signature TEXT NOT NULL,
        refused TEXT
    );
    CREATE TABLE IF NOT EXISTS carried (
        name TEXT PRIMARY KEY,
        after INTEGER NOT NULL,
        body BLOB NOT NULL,
        signature TEXT NOT NULL,
        refused TEXT
    );
"""
_WAITING = """
    SELECT n AS place, 0 AS behind, NULL AS name, body, signature FROM press WHERE refused IS NULL
    UNION ALL
    SELECT after, rowid, name, body, signature FROM carried WHERE refused IS NULL
    ORDER BY place, behind
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


class _Memory:
    """What the disk did not take."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.made = 0
        self.kept: dict[EventId, Kept] = {}
        self.gone: dict[EventId, str] = {}
        """Acknowledged (an empty text) or refused, and the disk does not know it yet."""

    def add(self, make: Callable[[str, int], tuple[Press, str]]) -> Kept:
        press, signature = make(self.name, self.made + 1)
        self.made += 1
        kept = Kept(press, signature)
        self.kept[kept.name] = kept
        return kept


class Outbox:
    """Keeps presses until they are acknowledged.

    Args:
        path: The file. One that is damaged is set aside under another name, never deleted.
        now: The wall clock, to name a file that is set aside.

    Attributes:
        fault: Why the disk cannot be written; empty while it can.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.fault = ""
        self._path = path
        self._now = now
        self._name = ""
        self._db: sqlite3.Connection | None = None
        self._memory: _Memory | None = None
        try:
            self._connect()
            assert self._db is not None
            _touch(self._db)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    @property
    def name(self) -> str:
        """Name under which presses are made now; numbers of one name are never used twice."""
        return self._name if self._memory is None else self._memory.name

    def add(self, make: Callable[[str, int], tuple[Press, str]]) -> Kept:
        """Store a press under the next number, in one durable write.

        Args:
            make: Makes the press and its signature for an outbox and a number.

        Returns:
            The press as stored. When the disk fails it is kept in memory, and `fault` says so.
        """
        if self._memory is None:
            assert self._db is not None
            try:
                return _add(self._db, make)
            except sqlite3.Error as error:
                self._fail(error)
        assert self._memory is not None
        return self._memory.add(make)

    def waiting(self) -> list[Kept]:
        """List the presses that are to be delivered, in the order in which they were made."""
        memory = self._memory
        stored = [kept for kept in self._stored() if memory is None or kept.name not in memory.gone]
        if memory is not None:
            stored += [kept for name, kept in memory.kept.items() if name not in memory.gone]
        return stored

    def remove(self, name: EventId) -> bool:
        """Forget a press that was acknowledged.

        Returns:
            Whether it was here.
        """
        return self._close_one(name, "")

    def set_aside(self, name: EventId, reason: str) -> None:
        """Keep a press that the server will never take, but deliver it no more."""
        self._close_one(name, reason)

    def recover(self) -> bool:
        """Try to write what is in memory only; call it now and then while there is a `fault`.

        Returns:
            Whether the disk can be written.
        """
        memory = self._memory
        if memory is None:
            return True
        try:
            if self._db is None or not _usable(self._db):
                # A descriptor of before stays read-only although the card is not any more.
                self._connect()
                assert self._db is not None
                _touch(self._db)
            _carry_over(self._db, memory)
        except (sqlite3.Error, OSError) as error:
            logger.debug("the outbox cannot be written yet: %s", error)
            return False
        logger.info("the outbox can be written again: %s", self._path)
        self._memory, self.fault = None, ""
        return True

    def close(self) -> None:
        """Close the file."""
        self._disconnect()

    def _close_one(self, name: EventId, refused: str) -> bool:
        if self._memory is None:
            assert self._db is not None
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    return _forget(self._db, name, refused)
            except sqlite3.Error as error:
                self._fail(error)
        assert self._memory is not None
        if all(kept.name != name for kept in self.waiting()):
            return False
        self._memory.gone[name] = refused
        return True

    def _stored(self) -> list[Kept]:
        """Read what the disk holds."""
        if self._db is None:
            return []
        try:
            rows = self._db.execute(_WAITING).fetchall()
        except sqlite3.Error as error:
            logger.error("the outbox cannot be read: %s", error)  # noqa: TRY400  # no fault of the program
            return []
        found: list[Kept] = []
        for n, _behind, name, body, signature in rows:
            try:
                found.append(Kept(_decode(body), signature))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                logger.error("press %s of the outbox cannot be read: %s", name or n, error)  # noqa: TRY400
                self._leave_unread(n, name, f"cannot be read: {error}")
        return found

    def _leave_unread(self, n: int, name: str | None, why: str) -> None:
        assert self._db is not None
        try:
            with self._db:
                if name is None:
                    self._db.execute("UPDATE press SET refused = ? WHERE n = ?", (why, n))
                else:
                    self._db.execute("UPDATE carried SET refused = ? WHERE name = ?", (why, name))
        except sqlite3.Error as error:
            logger.debug("it cannot be marked either: %s", error)

    def _fail(self, error: Exception) -> None:
        """Go on in memory, under a new name: the numbers of the file may not be used twice."""
        logger.error("presses are kept in memory only: %s: %s", self._path, error)
        self.fault = str(error)
        self._memory = _Memory()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            aside = self._path.with_name(f"{self._path.name}.damaged-{self._now():%Y%m%dT%H%M%S}")
            self._path.rename(aside)
            logger.error("the outbox was damaged (%s) and is set aside as %s", error, aside.name)  # noqa: TRY400
            return _connect(self._path)

    def _connect(self) -> None:
        """Open the file, anew where it was open."""
        self._disconnect()
        self._db = self._open()
        self._name = _name(self._db)

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _add(db: sqlite3.Connection, make: Callable[[str, int], tuple[Press, str]]) -> Kept:
    with db:
        db.execute("BEGIN IMMEDIATE")
        n = _last(db) + 1
        press, signature = make(_name(db), n)
        db.execute("INSERT INTO press (n, body, signature) VALUES (?, ?, ?)", (n, _encode(press), signature))
    return Kept(press, signature)


def _forget(db: sqlite3.Connection, name: EventId, refused: str) -> bool:
    """Remove a press, or where a reason is given deliver it no more."""
    _, _, rest = name.partition(".")
    outbox, _, number = rest.rpartition(".")
    if outbox == _name(db) and number.isdecimal():
        table, column = "press", "n"
    else:
        table, column, number = "carried", "name", str(name)
    if refused:
        done = db.execute(f"UPDATE {table} SET refused = ? WHERE {column} = ?", (refused, number))  # noqa: S608
    else:
        done = db.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))  # noqa: S608
    return done.rowcount == 1


def _carry_over(db: sqlite3.Connection, memory: _Memory) -> None:
    """Write down what happened while nothing could be written, all or nothing."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        after = _last(db)
        for name, kept in memory.kept.items():
            if memory.gone.get(name) != "":
                db.execute(
                    "INSERT OR IGNORE INTO carried (name, after, body, signature) VALUES (?, ?, ?, ?)",
                    (name, after, _encode(kept.press), kept.signature),
                )
        for name, refused in memory.gone.items():
            _forget(db, name, refused)


def _usable(db: sqlite3.Connection) -> bool:
    try:
        _touch(db)
    except sqlite3.Error:
        return False
    return True


def _touch(db: sqlite3.Connection) -> None:
    """Find out whether the disk takes a write.

    Raises:
        sqlite3.Error: It does not.
    """
    # To write what is there already would be left out.
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {1 - int(version)}")


def _name(db: sqlite3.Connection) -> str:
    (name,) = db.execute("SELECT name FROM outbox").fetchone()
    return str(name)


def _last(db: sqlite3.Connection) -> int:
    """Give the highest number ever used."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'press'").fetchone()
    return int(row[0]) if row else 0


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")
        _check(db)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"outbox", "press", "carried"} <= tables:
            db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
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
