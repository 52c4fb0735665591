"""Memory of a door in a window, connected, after presses, against bare pygame with a window."""

from __future__ import annotations

from tests.benchmarks.hall import SIZE, bare, hall, memory
from tests.benchmarks.rounds import compare
from tests.system.processes import Door


def main() -> None:
    """Compare."""
    with hall() as (display, server, folder):

        def ours() -> float:
            door = Door("L227", server.address, folder / "door", environment=display.environment, window=SIZE)
            door.until("snapshot")
            for _ in range(5):
                door.press()
                door.until("pressed")
            used = memory(door.pid)
            door.close()
            return used

        def floor(name: str) -> float:
            program = bare(name, display)
            assert program.stdout is not None
            program.stdout.readline()
            used = memory(program.pid)
            program.communicate()
            return used

        title = f"memory with a window of {SIZE}"
        compare(title, "MiB", ours, lambda: floor("floor_door_memory"), aim="at most 1.2")
        title = "the same, beside pygame with the libraries that a door needs"
        compare(title, "MiB", ours, lambda: floor("floor_door_libraries"), aim="at most 1.2")


if __name__ == "__main__":
    main()
