"""What the machine says of itself and of its clocks."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
_TIMEX_SIZE = 512  # struct timex is 208 bytes on 64 bits; the kernel writes no more


@cache
def boot_id() -> str:
    """Name this run of the machine, as the kernel does (random(4))."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def clock_is_synchronised() -> bool:
    """Tell whether the wall clock follows a time server.

    A Pi has no clock that runs without power; until a time server was reached its wall clock is
    behind. The kernel knows: adjtimex(2) returns TIME_ERROR for a clock that nobody sets.
    """
    timex = ctypes.create_string_buffer(_TIMEX_SIZE)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (AttributeError, OSError):
        return False
    return bool(0 <= state < _TIME_ERROR)
