"""The sensors of a door, each made of its section of the configuration."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from events.clock import Clock
from kiosk.hardware.sensors.plug import Felt, Make, Put, Sensor
from kiosk.inbox import FaultFound, Inbox
from kiosk.kinds import GROUP, kinds
from kiosk.settings import SensorSection

if TYPE_CHECKING:
    from gpiozero.pins import Factory

logger = logging.getLogger(__name__)


def make_sensor(section: SensorSection, clock: Clock, pin_factory: Factory | None = None) -> Sensor:
    """Make a sensor.

    Args:
        section: Which, and where it hangs.
        clock: What its measurements are stamped with.
        pin_factory: gpiozero's; None for the usual one.

    Raises:
        LookupError: There is no such kind; see `kinds`.
    """
    match section.kind:
        case "motion":
            from kiosk.hardware.sensors.motion import Motion  # noqa: PLC0415  # imports what it needs only where it is used

            return Motion(section.pin, clock=clock, pin_factory=pin_factory)
        case "air":
            from kiosk.hardware.sensors.air import AirLine  # noqa: PLC0415  # likewise

            return AirLine(section.device, section.baud, clock=clock)
        case kind:
            from importlib.metadata import entry_points  # noqa: PLC0415  # likewise

            for entry in entry_points(group=GROUP, name=kind):
                make: Make = entry.load()
                return make(section, clock, pin_factory)
    raise LookupError(f"no kind of sensor {section.kind!r}; known kinds: {', '.join(kinds())}")


class Sensors:
    """All sensors of a door.

    Args:
        sections: What `kiosk.toml` says.
        inbox: Where all that they feel goes. A fault is told when the first sensor has one, and
            gone when none has any more.
        clock: What measurements are stamped with.
        pin_factory: gpiozero's; None for the usual one.
    """

    def __init__(
        self,
        sections: Iterable[SensorSection],
        *,
        inbox: Inbox,
        clock: Clock,
        pin_factory: Factory | None = None,
    ) -> None:
        self._sections = tuple(sections)
        self._inbox = inbox
        self._clock = clock
        self._pin_factory = pin_factory
        self._lock = threading.Lock()
        self._faulty: set[str] = set()
        self._started: list[tuple[str, Sensor]] = []

    def start(self) -> None:
        """Start all; one that cannot be made is a fault, and the others go on."""
        for number, section in enumerate(self._sections, 1):
            name = f"{section.kind} sensor, no. {number}"
            put = self._put_of(name)
            try:
                sensor = make_sensor(section, self._clock, self._pin_factory)
                sensor.start(put)
            except Exception as error:  # other people's code
                logger.exception("the %s does not start", name)
                put(FaultFound(what="sensor", why=f"{name}: {error}"))
            else:
                self._started.append((name, sensor))

    def close(self) -> None:
        """End all."""
        for name, sensor in reversed(self._started):
            try:
                sensor.close()
            except Exception:
                logger.exception("the %s does not end", name)
        self._started.clear()

    def _put_of(self, name: str) -> Put:
        def put(item: Felt | FaultFound) -> None:
            # An exception here would end the GPIO library's only thread.
            try:
                if isinstance(item, FaultFound):
                    self._fault(name, item)
                else:
                    self._inbox.put(item)
            except Exception:
                logger.exception("what the %s felt could not be passed on", name)

        return put

    def _fault(self, name: str, fault: FaultFound) -> None:
        with self._lock:
            before = bool(self._faulty)
            if fault.gone:
                self._faulty.discard(name)
            elif name not in self._faulty:
                logger.warning("%s: %s", name, fault.why)
                self._faulty.add(name)
            if before != bool(self._faulty):
                self._inbox.put(fault)
