"""Floor of an audit: the due bookings and booked minutes of each room and day, from the same rows."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import apsw

DAY = 86_400_000_000


def run(path: Path) -> float:
    """Read an index and count; seconds. It knows no zone, no closures, no hours and no evidence."""
    began = time.perf_counter()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    booked: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    presses: dict[tuple[str, int], list[int]] = defaultdict(list)
    due = without_press = 0
    for room, at in connection.execute("SELECT room, at FROM press ORDER BY at"):
        presses[room, at // DAY].append(at)
    query = 'SELECT room, "start", "end", since, gone, moved FROM tenure WHERE "counts" ORDER BY "start"'
    for room, start, end, since, gone, moved in connection.execute(query):
        last = end if gone is None else min(end, gone)
        booked[room, start // DAY].append((max(start, since), last))
        if moved or (gone is not None and gone <= start):
            continue
        due += 1
        low, high = start - 600_000_000, start + 900_000_000
        without_press += not any(low <= at < high for at in presses[room, start // DAY])
    total = 0
    for spans in booked.values():
        reached = 0
        for start, end in sorted(spans):
            total += max(0, end - max(start, reached))
            reached = max(reached, end)
    connection.close()
    assert due > without_press > 0
    assert total > 0
    return time.perf_counter() - began
