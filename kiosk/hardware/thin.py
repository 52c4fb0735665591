"""Which of the sensors' measurements are told to the server: pure, with time in what was felt.

The screen shows every measurement; the log keeps for ever what it is told, so that it is told what
changed, and now and then that nothing did.
"""

from __future__ import annotations

from events.wire import Air, Motion
from kiosk.inbox import AirFelt, MotionFelt
from kiosk.orders import TellSensed

MOTION_EVERY = 300.0
"""Seconds between two facts while somebody moves."""
AIR_EVERY = 900.0
"""Seconds after which the air is told although it did not change."""
AIR_AT_MOST = 60.0
"""Seconds that lie at least between two facts about the air."""
TEMPERATURE, HUMIDITY, CO2 = 0.5, 3.0, 100
"""What counts as a change: degrees, percent and parts per million."""


class Thin:
    """Lets through what is worth telling. Its times are seconds on ``CLOCK_BOOTTIME``."""

    def __init__(self) -> None:
        self._motion_at = float("-inf")
        self._air: Air | None = None
        self._air_at = float("-inf")

    def feel(self, item: MotionFelt | AirFelt) -> TellSensed | None:
        """Take what a sensor felt.

        Args:
            item: What, and when.

        Returns:
            What the server is told, if anything.
        """
        match item:
            case MotionFelt(at=at):
                if at - self._motion_at < MOTION_EVERY:
                    return None
                self._motion_at = at
                return TellSensed(sensed=Motion(), at=at)
            case AirFelt(air=air, at=at):
                age = at - self._air_at
                if age < AIR_AT_MOST or (age < AIR_EVERY and not _changed(self._air, air)):
                    return None
                self._air, self._air_at = air, at
                return TellSensed(sensed=air, at=at)


def _changed(before: Air | None, after: Air) -> bool:
    if before is None:
        return True
    return (
        _moved(before.temperature, after.temperature, TEMPERATURE)
        or _moved(before.humidity, after.humidity, HUMIDITY)
        or _moved(before.co2, after.co2, CO2)
    )


def _moved(before: float | None, after: float | None, by: float) -> bool:
    """Whether a measurement went so far, came or went away."""
    if before is None or after is None:
        return before is not after
    return abs(after - before) >= by
