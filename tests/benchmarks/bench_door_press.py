"""From the edge of the contact to what its picture says, medians over 200 presses.

A door in a window and a server in a process of its own, on loopback, with real commits at both
ends. That a contact has been let go is believed after 50 ms (`kiosk.debounce.QUIET`): from then on
counts what the second and the third figure tell.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pygame

from tests.benchmarks.floor_door_press import Bare
from tests.benchmarks.hall import SIZE
from tests.benchmarks.rounds import ROUNDS, report
from tests.system.conftest import Display
from tests.system.processes import ROOT, Door

PRESSES = 40
"""In a round, of which there are five."""


def pressed(door: Door) -> tuple[float, float, float]:
    """Press once; milliseconds to "touched", "noted" and "recorded"."""
    door.say("down")
    touched = door.until("touched")
    door.say("up")
    counted = door.until("gesture")["taken"]
    noted, recorded = door.until("noted"), door.until("pressed")
    return (
        (touched["at"] - touched["contact"]) * 1000,
        (noted["at"] - counted) * 1000,
        (recorded["at"] - counted) * 1000,
    )


def median(take: Callable[[], float]) -> float:
    """Measure a floor; milliseconds."""
    return statistics.median(take() for _ in range(PRESSES)) * 1000


def main() -> None:
    """Compare."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        display = Display()
        stack.callback(display.close)
        os.environ.update(
            display.environment, SDL_FRAMEBUFFER_ACCELERATION="0", PYGAME_HIDE_SUPPORT_PROMPT="1"
        )
        program = [sys.executable, str(ROOT / "tests" / "benchmarks" / "serve_all.py")]
        server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.callback(server.communicate)
        bare = Bare(folder)
        stack.callback(pygame.display.quit)
        stack.callback(bare.server.communicate)
        stack.callback(bare.server.kill)
        assert server.stdout is not None
        address = f"ws://127.0.0.1:{int(server.stdout.readline().split()[0])}"
        door = Door("L001", address, folder / "door", environment=display.environment, window=SIZE)
        stack.callback(door.close)
        door.until("snapshot")
        pressed(door)
        rounds = []
        for _ in range(ROUNDS):
            presses = [pressed(door) for _ in range(PRESSES)]
            ours = [statistics.median(figures) for figures in zip(*presses, strict=True)]
            rounds.append((ours, median(bare.show), median(bare.record)))
        bare.line.close()
    shown = "floor: a picture"
    report(f"edge to touched ({shown})", "ms", [(o[0], s) for o, s, _ in rounds], aim="50 ms in all")
    report(f"counted to noted ({shown})", "ms", [(o[1], s) for o, s, _ in rounds], aim="50 ms in all")
    commits = "floor: a commit, there, a commit, back, a picture"
    report(f"counted to recorded ({commits})", "ms", [(o[2], r) for o, _, r in rounds], aim="as it is")


if __name__ == "__main__":
    main()
