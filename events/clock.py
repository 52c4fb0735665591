"""Time as an argument: everything that needs a clock is given one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Tell the wall-clock time, timezone-aware, in UTC."""

    def boottime(self) -> float:
        """Tell the seconds since the kernel started, suspended time included."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Tell the wall-clock time, timezone-aware, in UTC."""
        return datetime.now(UTC)

    def boottime(self) -> float:
        """Tell the seconds since the kernel started (``CLOCK_BOOTTIME``, see clock_gettime(2))."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
