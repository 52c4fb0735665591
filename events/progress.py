"""A line on a terminal that tells how far something is that lasts."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_AFTER = 0.5
"""Seconds after which it is shown: what is done at once needs no bar."""
_EVERY = 0.1
_WIDTH = 30


class Progress:
    """Call it now and then; it is silent where nobody watches.

    Args:
        what: What is being done.
        out: Where to show it; standard error unless told.
    """

    def __init__(self, what: str, out: TextIO | None = None) -> None:
        self._what = what
        self._out = out or sys.stderr
        self._watched = self._out.isatty()
        self._began = self._shown = time.monotonic()
        self._length = 0

    def __call__(self, done: int, total: int) -> None:
        """Tell how far it is.

        Args:
            done: So many are done.
            total: Of so many; 0 where nobody knows.
        """
        now = time.monotonic()
        if not self._watched or now - self._began < _AFTER or now - self._shown < _EVERY:
            return
        self._shown = now
        line = f"{self._what}: {done:,}"
        if total:
            full = _WIDTH * done // total
            left = (now - self._began) * (total - done) / done if done else 0
            line = (
                f"{self._what} [{'█' * full}{'·' * (_WIDTH - full)}] {done:,} of {total:,}, {left:.0f} s left"
            )
        self._out.write("\r" + line.ljust(self._length))
        self._out.flush()
        self._length = len(line)

    def end(self) -> None:
        """Take the line away."""
        if self._length:
            self._out.write("\r" + " " * self._length + "\r")
            self._out.flush()
            self._length = 0
