"""Floor of appending: bare apsw, the same table and indexes, encoded rows, one commit for 64."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw

TABLE = """
    CREATE TABLE log (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream TEXT NOT NULL, version INTEGER NOT NULL,
        tag TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
        body BLOB NOT NULL, UNIQUE (stream, version)
    ) STRICT
"""
INSERT = "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def run(path: Path, groups: list[list[tuple[Any, ...]]]) -> float:
    """Append groups of encoded rows; events a second."""
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = wal", "synchronous = full"):
        connection.execute(f"PRAGMA {pragma}").get  # noqa: B018
    connection.execute(TABLE)
    began = time.perf_counter()
    for rows in groups:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return sum(map(len, groups)) / took
