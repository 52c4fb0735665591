"""What the benchmarks of the door stand in: a display in memory, a real server, programs with windows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.actors.stack import free_port, write_school
from tests.system.conftest import Display
from tests.system.processes import ROOT, Server

SIZE = "800x480"


@contextmanager
def hall() -> Iterator[tuple[Display, Server, Path]]:
    """Give a display, a server of five rooms on loopback, and a folder.

    What runs on the display finds its modules compiled, from its second start on, as pip leaves them at
    a door: without that a start is 100 ms of compiling.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        display = Display()
        display.environment |= {
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        server = Server(write_school(folder, port=free_port()), _port(folder))
        try:
            yield display, server, folder
        finally:
            server.close()
            display.close()


def _port(folder: Path) -> int:
    lines = (folder / "school.toml").read_text(encoding="utf-8").splitlines()
    return next(int(line.split("=")[1]) for line in lines if line.startswith("port"))


def bare(floor: str, display: Display) -> subprocess.Popen[bytes]:
    """Start a floor's program in a window, as large as the door's; it says a line when it is drawn."""
    program = [sys.executable, str(ROOT / "tests" / "benchmarks" / f"{floor}.py"), *SIZE.split("x")]
    environment = {
        **display.environment,
        "SDL_AUDIODRIVER": "dummy",
        "SDL_FRAMEBUFFER_ACCELERATION": "0",
        "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    }
    return subprocess.Popen(
        program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def cpu(pid: int) -> float:
    """Tell the seconds of CPU that all threads of a process have used, to the nanosecond (schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def memory(pid: int) -> float:
    """Tell the MiB of memory that a process has in use (VmRSS of proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
