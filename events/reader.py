"""Opens a file of SQLite for reading only, also where nothing can be written: a backup, a snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import apsw


def open_reader(path: Path) -> apsw.Connection:
    """Open a file that exists.

    In WAL mode even a reader has to make two files beside it, unless somebody has it open. On a medium that
    cannot be written nobody does, and the file cannot change (https://www.sqlite.org/wal.html, 6).

    Raises:
        apsw.Error: It cannot be opened; that it cannot be read may show with the first statement only.
    """
    if _unchanging(path):
        name = f"file:{quote(str(path.resolve()))}?immutable=1"
        return apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def why(path: Path, error: apsw.Error) -> str:
    """Say why a file could not be read, and what helps."""
    if isinstance(error, apsw.CantOpenError) and not os.access(path.parent, os.W_OK):
        return (
            f"{error}: run this as the server's user (sudo -u toctoc …), or copy the folder and read the copy"
        )
    return str(error)


def _unchanging(path: Path) -> bool:
    """Whether it lies on a medium that cannot be written, and has nothing in a WAL that would be missed."""
    wal = path.with_name(f"{path.name}-wal")
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not (wal.exists() and wal.stat().st_size)
