"""A buzzer at a pin: makes heard what `kiosk.hardware.sound` says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from gpiozero import Buzzer, TonalBuzzer
from gpiozero.pins import Factory

from kiosk.hardware.gpio import PinError, prepare
from kiosk.hardware.sound import BEEPS, Beep, Note

HIGH, LOW = 880.0, 220.0
"""Hertz: both ends of what gpiozero's tonal buzzer plays."""


class Sounder:
    """A buzzer at a pin.

    Used by the main thread; each sound is made in a thread of its own and ends by itself. While one
    is heard another is left out.

    Args:
        kind: ``buzzer`` sounds when it is switched on (an active one); ``tonal`` makes the tone
            that it is given (a passive one).
        pin: GPIO number.
        pin_factory: gpiozero's; None for the one in ``GPIOZERO_PIN_FACTORY``, or lgpio.

    Raises:
        PinError: The pin cannot be used; the text names the remedy.
    """

    def __init__(
        self, kind: Literal["buzzer", "tonal"], pin: int, *, pin_factory: Factory | None = None
    ) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        try:
            if pin_factory is None:
                prepare()
            self._buzzer = (Buzzer if kind == "buzzer" else TonalBuzzer)(pin, pin_factory=pin_factory)
        except Exception as error:  # lgpio's errors and gpiozero's have no common base
            raise PinError("buzzer", [pin], str(error) or type(error).__name__) from error
        self._on: Callable[[bool], None] = self._switch if kind == "buzzer" else self._sing
        self._off: Callable[[], None] = self._buzzer.off if kind == "buzzer" else self._buzzer.stop

    def play(self, sound: Beep) -> None:
        """Make a sound heard, and return at once.

        Raises:
            Exception: The last one could not be made; the GPIO library's errors have no common base.
        """
        if self._error is not None:
            raise self._error
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._play, args=(BEEPS[sound],), name="sound", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Be silent and give the pin back."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._buzzer.close()

    def _play(self, notes: tuple[Note, ...]) -> None:
        try:
            for note in notes:
                self._on(note.high)
                try:
                    self._stopping.wait(note.length)
                finally:
                    self._off()
                self._stopping.wait(note.rest)
        except Exception as error:  # noqa: BLE001  # told to whoever plays next
            self._error = error

    def _switch(self, _high: bool) -> None:  # noqa: FBT001  # one pitch for both
        self._buzzer.on()

    def _sing(self, high: bool) -> None:  # noqa: FBT001  # the note's one property
        self._buzzer.play(HIGH if high else LOW)
