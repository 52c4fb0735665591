"""An air sensor at a serial line: a microcontroller that sends ``temperature,humidity,co2`` as text.

The line is a USB adapter (``/dev/ttyUSB0``, ``/dev/ttyACM0``) or Bluetooth (``/dev/rfcomm0``).
"""

from __future__ import annotations

import logging
import math
import os
import select
import threading

import serial

from events.clock import Clock
from events.wire import Air
from kiosk.hardware.sensors.plug import Put
from kiosk.inbox import AirFelt, FaultFound

logger = logging.getLogger(__name__)

SILENCE = 60.0
"""Seconds without a measurement after which the sensor counts as out of order."""
FIRST_RETRY, LAST_RETRY = 1.0, 30.0
"""Seconds until a line that is gone is opened again: at first, and at most; doubled in between."""
LONGEST = 100
"""Characters of the longest line that can be a measurement."""

_TEMPERATURE = (-40.0, 85.0)
_HUMIDITY = (0.0, 100.0)
# Air has 420 ppm and more; a sensor that warms up says 0.
_CO2 = (200.0, 40_000.0)


class Lines:
    """Makes lines of what comes in pieces: pure.

    What comes before the first end of a line is dropped: it may be the end of a number.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._whole = False

    def feed(self, piece: bytes) -> list[str]:
        """Take a piece.

        Returns:
            The lines that are whole now, without their ends.
        """
        *ended, self._rest = (self._rest + piece).split(b"\n")
        if ended and not self._whole:
            self._whole = True
            del ended[0]
        if len(self._rest) > LONGEST:
            # Noise, or another speed: forget it, and its end as well when it comes.
            self._rest, self._whole = b"", False
        return [line.decode("ascii", errors="replace").strip() for line in ended]


def parse(line: str) -> Air | None:
    """Read a measurement: pure.

    A number that air cannot have, and ``nan``, which a sensor says that does not answer, count as
    not measured.

    Args:
        line: Such as ``21.4,45.0,612``.

    Returns:
        None for what is no measurement.
    """
    if len(line) > LONGEST:
        return None
    try:
        numbers = [float(field) for field in line.split(",")]
    except ValueError:
        return None
    if len(numbers) != len(("temperature", "humidity", "co2")):
        return None
    temperature, humidity, co2 = (
        _plausible(number, span)
        for number, span in zip(numbers, (_TEMPERATURE, _HUMIDITY, _CO2), strict=True)
    )
    if temperature is None and humidity is None and co2 is None:
        return None
    return Air(temperature=temperature, humidity=humidity, co2=None if co2 is None else round(co2))


def _plausible(number: float, span: tuple[float, float]) -> float | None:
    return number if math.isfinite(number) and span[0] <= number <= span[1] else None


class AirLine:
    """Reads measurements off a serial line, in a thread of its own.

    A line that is not there, or goes away, is opened again by itself; half lines and garbage are
    passed over. It sleeps on the line's descriptor: between measurements it costs nothing.

    Args:
        device: The line.
        baud: Its speed.
        clock: What measurements are stamped with.
        silence: See `SILENCE`.
        retry: See `FIRST_RETRY`.
    """

    def __init__(
        self, device: str, baud: int, *, clock: Clock, silence: float = SILENCE, retry: float = FIRST_RETRY
    ) -> None:
        self._device = device
        self._baud = baud
        self._clock = clock
        self._silence = silence
        self._first_retry = retry
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread: threading.Thread | None = None
        self._heard_at = clock.boottime()
        self._faulty = False

    def start(self, put: Put) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, args=(put,), name="air", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and give the line back."""
        os.eventfd_write(self._wake, 1)
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake)

    def _run(self, put: Put) -> None:
        retry = self._first_retry
        while True:
            why = f"{self._device} says nothing"
            try:
                with serial.Serial(self._device, self._baud, timeout=0, exclusive=True) as port:
                    if self._read(port, put):
                        retry = self._first_retry
            except (OSError, ValueError) as error:  # SerialException is an OSError; a bad speed a ValueError
                why = str(error)
            if self._sleep(0):
                return
            self._tell(put, why)
            if self._sleep(retry):
                return
            retry = min(2 * retry, LAST_RETRY)

    def _read(self, port: serial.Serial, put: Put) -> bool:
        """Read until the line is silent for too long or goes away, or it is the end.

        Returns:
            Whether anything was measured.

        Raises:
            OSError: The line went away.
        """
        lines = Lines()
        measured = False
        began = self._clock.boottime()
        while (left := max(began, self._heard_at) + self._silence - self._clock.boottime()) > 0:
            ready, _, _ = select.select([port.fileno(), self._wake], [], [], left)
            if self._wake in ready or not ready:
                break
            piece = os.read(port.fileno(), 4096)
            if not piece:
                raise OSError(f"{self._device} was unplugged")
            for air in filter(None, map(parse, lines.feed(piece))):
                self._heard_at = self._clock.boottime()
                put(AirFelt(air=air, at=self._heard_at))
                measured = True
                if self._faulty:
                    self._faulty = False
                    put(FaultFound(what="sensor", why="", gone=True))
        return measured

    def _tell(self, put: Put, why: str) -> None:
        # A line that is back within a minute is not worth a word.
        if not self._faulty and self._clock.boottime() - self._heard_at >= self._silence:
            self._faulty = True
            put(FaultFound(what="sensor", why=why))

    def _sleep(self, seconds: float) -> bool:
        """Sleep; tells whether it is the end."""
        return bool(select.select([self._wake], [], [], seconds)[0])
