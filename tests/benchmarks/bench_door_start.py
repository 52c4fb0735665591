"""From the start of the process to the first picture on the display, against bare pygame."""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path

from tests.benchmarks.hall import SIZE, bare, hall
from tests.benchmarks.rounds import compare
from tests.system.processes import PATIENCE, Door


def main() -> None:
    """Compare."""
    with hall() as (display, server, folder):
        said = folder / "notify"

        def ours() -> float:
            """Start a door that knows its room from its last run; it tells the service manager."""
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                Path(said).unlink(missing_ok=True)
                manager.bind(str(said))
                manager.settimeout(PATIENCE)
                environment = {**display.environment, "NOTIFY_SOCKET": str(said)}
                began = time.perf_counter()
                door = Door("L227", server.address, folder / "door", environment=environment, window=SIZE)
                assert manager.recv(4096).startswith(b"STATUS=the first picture is shown")
                took = time.perf_counter() - began
                door.until("snapshot")
                door.terminate()
            return took * 1000

        def floor() -> float:
            began = time.perf_counter()
            program = bare("floor_door_start", display)
            assert program.stdout is not None
            select.select([program.stdout], [], [], PATIENCE)
            took = time.perf_counter() - began
            program.communicate()
            return took * 1000

        compare("start to first picture", "ms", ours, floor, aim="at most 2", rounds=15)


if __name__ == "__main__":
    main()
