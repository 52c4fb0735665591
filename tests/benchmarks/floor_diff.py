"""Floor of comparing two states of a timetable: a dict of each, their keys and values compared."""

from __future__ import annotations

from typing import Any

Row = tuple[str, tuple[Any, ...]]


def changes(known: list[Row], seen: list[Row]) -> int:
    """Compare rows of (id, what it says); how many were added, removed or changed."""
    was, now = dict(known), dict(seen)
    added, removed = now.keys() - was.keys(), was.keys() - now.keys()
    changed = [key for key in was.keys() & now.keys() if was[key] != now[key]]
    return len(added) + len(removed) + len(changed)
