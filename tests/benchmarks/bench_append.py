"""64 appends that wait for one commit, against bare apsw with the same rows."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from events.domain import PresencePressed, Press
from events.ids import KioskId, RoomKey, press_id, room_stream
from events.log import Batch, Draft
from events.sqlite import SqliteLog, _rows
from tests.benchmarks import floor_append
from tests.benchmarks.rounds import compare

GROUPS, GROUP, ROOMS = 150, 64, 35
START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def draft(n: int) -> Draft:
    """Make the draft of a press."""
    room, at = RoomKey(f"L{n % ROOMS:03}"), START + timedelta(seconds=n)
    press = Press(
        kiosk=KioskId("0123456789abcdef0123456789abcdef"), outbox="0123456789abcdef", n=n, room=room,
        intent="present", boot_id="d3b07384-d113-4ec6-a7d7-6e5e2f1d2c0a", boottime=n * 1000, wall=at,
    )  # fmt: skip
    event = PresencePressed(
        room=room, press=press, signature="ab" * 64, pressed_at=at, earliest=at, received_at=at,
        effect="walk-in", until=at + timedelta(hours=1),
    )  # fmt: skip
    return Draft(id=press_id(press.kiosk, press.outbox, n), stream=room_stream(room), at=at, event=event)


def main() -> None:
    """Compare."""
    drafts = [[draft(g * GROUP + n) for n in range(GROUP)] for g in range(GROUPS)]
    batches = [[Batch(drafts=(one,)) for one in group] for group in drafts]
    with tempfile.TemporaryDirectory() as name:
        folder, numbers = Path(name), count()
        log = SqliteLog(folder / "rows")
        rows: list[list[tuple[Any, ...]]] = []
        for group in batches:
            records = [result for result in log.append_group(group) if isinstance(result, tuple)]
            rows.append(_rows([recorded for (recorded,) in records]))
        log.close()

        def ours() -> float:
            mine = SqliteLog(folder / f"ours{next(numbers)}")
            began = time.perf_counter()
            for group in batches:
                mine.append_group(group)
            took = time.perf_counter() - began
            mine.close()
            return GROUPS * GROUP / took

        def floor() -> float:
            return floor_append.run(folder / f"floor{next(numbers)}.db", rows)

        compare("64 waiting appends", "events/s", ours, floor, aim="at least 0.7", more_is_better=True)


if __name__ == "__main__":
    main()
