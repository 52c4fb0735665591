"""What the machine says of itself and of its clocks."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

CONNECTORS = Path("/sys/class/drm")
"""The kernel's folder with one folder for each connector of each graphics card."""

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


def missing_display(connectors: Path = CONNECTORS) -> str:
    """Tell in words that no display is plugged in.

    The kernel keeps drawing for a display whose cable was pulled out, and says so in sysfs alone.

    Args:
        connectors: The kernel's folder of them.

    Returns:
        Empty where one is, and where nothing is known about any.
    """
    states = {}
    for status in connectors.glob("card*-*/status"):
        name = status.parent.name.partition("-")[2]
        if name.startswith(("Writeback", "Virtual")):
            continue
        try:
            states[name] = status.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
    if not states or any(state != "disconnected" for state in states.values()):
        return ""
    return f"nothing is plugged in at {', '.join(sorted(states))}"
