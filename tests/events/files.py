"""Logs in files: events with a title, and what the log itself never does to a file."""

from __future__ import annotations

from pathlib import Path

import apsw

from events.log import Draft
from events.personal import new_part
from tests.events.builders import added, at, draft


def with_title(name: str, title: str, booking: str = "b1") -> Draft:
    part, text = new_part(at("10:00"), title=title, source_id="uid-of-" + title)
    return draft(name, added(booking, part=part), text=text)


def raw(path: Path, *statements: str) -> None:
    """Do to a closed file what the log itself never does."""
    connection = apsw.Connection(str(path))
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


def forge(folder: Path, *statements: str) -> None:
    """Change rows behind the back of the triggers."""
    raw(
        folder / "log.db",
        "DROP TRIGGER log_is_never_updated",
        "DROP TRIGGER log_is_never_deleted",
        *statements,
    )
