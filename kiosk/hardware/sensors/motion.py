"""A passive infrared motion sensor at a GPIO pin."""

from __future__ import annotations

import logging
import threading
from queue import Empty, SimpleQueue

from gpiozero import MotionSensor
from gpiozero.pins import Factory

from events.clock import Clock
from kiosk.hardware.gpio import PinError, prepare
from kiosk.hardware.sensors.plug import Put
from kiosk.inbox import FaultFound, MotionFelt

logger = logging.getLogger(__name__)

SAMPLE_RATE = 2
"""How often a second the pin is looked at. A sensor's pulse lasts 2 s at least (AM312, HC-SR501)."""
STILL_THERE = 60.0
"""Seconds after which motion that goes on is told again: the pin stays high meanwhile."""
AGAIN = 30.0
"""Seconds until a pin that cannot be had is tried again."""


class Motion:
    """Puts `MotionFelt` when somebody begins to move, and each minute while it goes on.

    Its own thread does so, and takes the pin again where it could not be had; the GPIO library's
    threads only wake it.

    Args:
        pin: GPIO number.
        clock: What motions are stamped with.
        pin_factory: gpiozero's; None for the usual one.
        still_there: See `STILL_THERE`.
        again: See `AGAIN`.
    """

    def __init__(
        self,
        pin: int,
        *,
        clock: Clock,
        pin_factory: Factory | None = None,
        still_there: float = STILL_THERE,
        again: float = AGAIN,
    ) -> None:
        self._pin = pin
        self._clock = clock
        self._factory = pin_factory
        self._still_there = still_there
        self._again = again
        self._sensor: MotionSensor | None = None
        # True: motion; False: none any more; None: the end.
        self._told: SimpleQueue[bool | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, put: Put) -> None:
        """Begin. On the main thread, where the GPIO library has to be imported."""
        problem = self._open()
        if problem is not None:
            put(FaultFound(what="sensor", why=str(problem)))
        self._thread = threading.Thread(target=self._run, args=(put,), name="motion", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and give the pin back."""
        self._told.put(None)
        if self._thread is not None:
            self._thread.join()
        if self._sensor is not None:
            self._sensor.close()

    def _open(self) -> Exception | None:
        try:
            if self._factory is None:
                prepare()
            sensor = MotionSensor(self._pin, sample_rate=SAMPLE_RATE, pin_factory=self._factory)
        except Exception as error:  # noqa: BLE001  # lgpio's errors and gpiozero's have no common base
            return PinError("motion sensor", [self._pin], str(error) or type(error).__name__)
        sensor.when_motion = lambda: self._told.put(True)
        sensor.when_no_motion = lambda: self._told.put(False)
        self._sensor = sensor
        return None

    def _run(self, put: Put) -> None:
        while self._sensor is None:
            try:
                self._told.get(timeout=self._again)
            except Empty:
                if self._open() is None:
                    put(FaultFound(what="sensor", why="", gone=True))
            else:
                return
        moving: bool | None = False
        while True:
            try:
                moving = self._told.get(timeout=self._still_there if moving else None)
            except Empty:
                logger.debug("still moving")
            if moving is None:
                return
            if moving:
                put(MotionFelt(at=self._clock.boottime()))
