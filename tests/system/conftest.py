"""Displays for the programs that open a window."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

# Runs where somebody has made a chip for it: it says how. Elsewhere it is not there, rather than skipped.
collect_ignore = [] if os.environ.get("TOCTOC_GPIO_SIM") else ["test_gpio.py"]


class Display:
    """An X server of its own, in memory.

    Attributes:
        name: What ``DISPLAY`` says.
    """

    def __init__(self, number: str = "") -> None:
        read, write = os.pipe()
        wanted = [f":{number}"] if number else []
        command = [
            "Xvfb",
            *wanted,
            "-displayfd",
            str(write),
            "-screen",
            "0",
            "1024x768x24",
            "-nolisten",
            "tcp",
        ]
        self._xvfb = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as numbers:
            self.number = numbers.readline().strip()
        assert self.number, "Xvfb did not start"
        self.name = f":{self.number}"
        self.environment = {**os.environ, "DISPLAY": self.name, "SDL_VIDEODRIVER": "x11"}

    def do(self, *arguments: str | int) -> None:
        """Move the mouse, push its buttons, hit keys: see xdotool(1)."""
        command = ["xdotool", *map(str, arguments)]
        subprocess.run(command, env=self.environment, check=True, timeout=20, stdout=subprocess.DEVNULL)

    def close(self) -> None:
        self._xvfb.terminate()
        self._xvfb.wait(10)


@pytest.fixture
def screens() -> None:
    """Skip what needs a display where there is none to be had."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        if os.environ.get("TOCTOC_NO_SKIP"):
            pytest.fail("Xvfb and xdotool are missing: sudo apt-get install xvfb xdotool")
        pytest.skip("needs Xvfb and xdotool: sudo apt-get install xvfb xdotool")


@pytest.fixture
def display(screens: None) -> Iterator[Display]:
    """A screen of its own, in memory."""
    display = Display()
    yield display
    display.close()
