"""How long a door waits before it connects again, so that a thousand do not come at once: pure."""

from __future__ import annotations

from collections.abc import Callable

FIRST = 0.5
"""Seconds that the first wait lasts at most; each further one at most twice as long."""
STEADY = 60.0
"""Seconds after `Welcome` from which a connection counts as good."""
SPREAD = 3
"""With so many doublings the waits begin where a good connection was lost: all doors lose it at
once, and a thousand within half a second is more than a small server's handshakes; within 4 s it
is 250 a second."""


def failures_then(failures: int, lasted: float | None) -> int:
    """Count the failures in a row when a connection has ended, or could not be made.

    Args:
        failures: How many there were before.
        lasted: For how many seconds it was up; None where it never was.
    """
    return SPREAD if lasted is not None and lasted > STEADY else failures + 1


def pause(failures: int, ceiling: float, uniform: Callable[[float, float], float]) -> float:
    """Tell for how many seconds to wait before the next attempt: exponential, with full jitter.

    Args:
        failures: Failures in a row, this one included.
        ceiling: The wait is never longer.
        uniform: Draws evenly between two numbers.
    """
    return uniform(0.0, min(ceiling, FIRST * 2 ** min(failures, 16)))
