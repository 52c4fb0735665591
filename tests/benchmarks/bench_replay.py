"""Replay of 200,000 events, against a bare cursor, Struct decoding and a fold."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from events.log import Batch
from events.replay import replay
from events.sqlite import SqliteLog
from tests.benchmarks import floor_replay
from tests.benchmarks.bench_append import draft
from tests.benchmarks.rounds import compare

EVENTS, GROUP = 200_000, 1000


def main() -> None:
    """Compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = SqliteLog(folder)
        for first in range(0, EVENTS, GROUP):
            log.append(Batch(drafts=tuple(draft(n) for n in range(first, first + GROUP))))
        log.close()
        reader = SqliteLog(folder, read_only=True)

        def ours() -> float:
            began = time.perf_counter()
            school = replay(reader)
            took = time.perf_counter() - began
            assert school.seq == EVENTS
            return EVENTS / took

        def floor() -> float:
            return floor_replay.run(folder / "log.db")

        compare("replay of 200,000", "events/s", ours, floor, aim="at least 0.8", more_is_better=True)


if __name__ == "__main__":
    main()
