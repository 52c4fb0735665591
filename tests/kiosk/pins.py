"""Pins and clocks for tests of what hangs at the GPIO."""

from __future__ import annotations

from datetime import UTC, datetime

from gpiozero.pins.mock import MockPin


class StepClock:
    """Each look at it is one second later."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)

    def boottime(self) -> float:
        self.seconds += 1
        return self.seconds


class HeldPin(MockPin):  # type: ignore[misc]  # gpiozero tells no types
    """A pin that a pressed button draws down, whatever the pull."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.drive_low()


class TornPin(MockPin):  # type: ignore[misc]  # likewise
    """A pin that works until it is told to be torn off."""

    torn = False

    def _set_state(self, value: float) -> None:
        if self.torn:
            raise OSError("the chip is gone")
        super()._set_state(value)
