"""CPU of a door that nobody touches, in a window, connected to a real server, against a bare loop.

Both at the same time, for a minute each round, so that each round has one change of the clock and
six heartbeats in it.
"""

from __future__ import annotations

import threading

from tests.benchmarks.hall import SIZE, bare, cpu, hall
from tests.benchmarks.rounds import ROUNDS, report
from tests.system.processes import Door

SECONDS = 60.0


def main() -> None:
    """Compare."""
    moment = threading.Event()
    with hall() as (display, server, folder):
        door = Door("L227", server.address, folder / "door", environment=display.environment, window=SIZE)
        floor = bare("floor_door_idle", display)
        try:
            door.until("snapshot")
            assert floor.stdout is not None
            floor.stdout.readline()
            moment.wait(5)
            pairs = []
            for _ in range(ROUNDS):
                before = cpu(door.pid), cpu(floor.pid)
                moment.wait(SECONDS)
                after = cpu(door.pid), cpu(floor.pid)
                pairs.append(((after[0] - before[0]) / SECONDS * 100, (after[1] - before[1]) / SECONDS * 100))
            report("idle, all threads", "% of a core", pairs, aim="at most 0.05")
        finally:
            floor.kill()
            floor.communicate()
            door.close()


if __name__ == "__main__":
    main()
