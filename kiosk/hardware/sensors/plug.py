"""What every sensor is: the interface that plug-ins follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from events.clock import Clock
from kiosk.inbox import AirFelt, FaultFound, MotionFelt
from kiosk.settings import SensorSection

if TYPE_CHECKING:
    from gpiozero.pins import Factory

Felt = MotionFelt | AirFelt
Put = Callable[[Felt | FaultFound], None]
"""Takes what was felt, and faults. Called from any thread; never raises."""


class Sensor(Protocol):
    """A sensor: says what it feels until it is closed."""

    def start(self, put: Put) -> None:
        """Begin. Returns at once; what cannot be had is told as a fault and tried again by itself.

        Args:
            put: Takes what is felt, with its instant on ``CLOCK_BOOTTIME``.
        """

    def close(self) -> None:
        """End, and give back what it holds. After that nothing is put."""


Make: TypeAlias = "Callable[[SensorSection, Clock, Factory | None], Sensor]"
"""Makes a sensor: from its section, the clock of its instants, and gpiozero's pin factory (None for
the usual one). Opens nothing yet."""
