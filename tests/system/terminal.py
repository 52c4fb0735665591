"""A terminal with a program in it, for what people see and type there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from pathlib import Path

from tests.part import needs
from tests.system.processes import PATIENCE, wait_for

tmux = needs(shutil.which("tmux") is not None, "tmux", remedy="sudo apt-get install tmux")


class Terminal:
    """A terminal with a program in it, looked at and typed into as by a person.

    Args:
        folder: Where its socket lies.
        command: What runs in it.
    """

    def __init__(self, folder: Path, *command: str | Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._name = f"t{len(list(folder.glob('terminal-*')))}"
        (folder / f"terminal-{self._name}").touch()
        line = shlex.join(map(str, command))
        # It stays to be looked at when the program has ended.
        shell = f"{line}; status=$?; echo; echo the end: $status; exec cat"
        self._run("new-session", "-d", "-s", self._name, "-x", "120", "-y", "30", shell)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def type(self, text: str) -> None:
        """Hit the keys of a text."""
        self._run("send-keys", "-t", self._name, "-l", text)

    def key(self, name: str) -> None:
        """Hit a key by its name, such as Enter or C-c."""
        self._run("send-keys", "-t", self._name, name)

    def say(self, line: str) -> None:
        """Type a line and send it."""
        self.type(line)
        self.key("Enter")

    def lines(self) -> list[str]:
        """Look at it: all lines, also those that went out above."""
        shown = self._run("capture-pane", "-p", "-S", "-", "-t", self._name).splitlines()
        return [line.rstrip() for line in shown if line.strip()]

    def until(self, *words: str) -> str:
        """Wait until a line with all these words is shown; gives the last of them."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [line for line in self.lines() if all(word in line for word in words)]
            if found:
                return found[-1]
            assert time.monotonic() < end, "\n".join([f"no {words} in", *self.lines()])

    def until_typed(self, line: str) -> None:
        """Wait until this is the line that is typed: below all that came, above the one with the state."""
        wait_for(lambda: self.lines()[-2:-1] == [line] and "feed: " in self.lines()[-1])

    def close(self) -> None:
        self._run("kill-session", "-t", self._name)
