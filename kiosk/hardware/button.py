"""The push button at the door: its edges go into the inbox, and nothing else happens here."""

from __future__ import annotations

import contextlib
import logging
from typing import Literal

from gpiozero import Button
from gpiozero.pins import Factory

from events.clock import Clock
from kiosk.hardware.gpio import PinError, prepare
from kiosk.inbox import Edge, FaultFound, Inbox

_log = logging.getLogger(__name__)


class PresenceButton:
    """A push button on a GPIO pin.

    At start it says whether the contact is closed; from then on each edge is put into the inbox
    with its instant on ``CLOCK_BOOTTIME``. The edges come in the GPIO library's one thread, which
    an exception would end for good.

    Args:
        inbox: Where the edges go.
        clock: What they are stamped with.
        pin: GPIO number.
        pull_up: The Pi's own resistor pulls the pin to 3.3 V; else to ground.
        active: Which level means pressed; ``auto`` is the one to which the resistor does not pull.
            The other one is a button that opens when it is pressed.
        bounce: Seconds for which lgpio itself waits until a level is stable. Shorter contacts
            vanish, so keep it short: `kiosk.debounce` does the work.
        pin_factory: gpiozero's; None for the one in ``GPIOZERO_PIN_FACTORY``, or lgpio.

    Raises:
        PinError: The pin cannot be used; the text names the remedy.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        clock: Clock,
        pin: int = 17,
        pull_up: bool = True,
        active: Literal["auto", "low", "high"] = "auto",
        bounce: float | None = 0.02,
        pin_factory: Factory | None = None,
    ) -> None:
        self._inbox, self._clock = inbox, clock
        # With its own resistor gpiozero calls the level away from it pressed, and takes no other word.
        self._opens = active == ("high" if pull_up else "low")
        try:
            if pin_factory is None:
                prepare()
            # Kept here: the pin itself holds only a weak reference.
            self._button = Button(pin, pull_up=pull_up, bounce_time=bounce or None, pin_factory=pin_factory)
        except Exception as error:  # lgpio's errors and gpiozero's have no common base
            raise PinError("button", [pin], str(error) or type(error).__name__) from error
        level = self._level()
        self._put(closed=level)
        self._button.when_pressed = self._when_pressed
        self._button.when_released = self._when_released
        if self._level() != level:
            self._put(closed=not level)

    def close(self) -> None:
        """Give the pin back."""
        self._button.when_pressed = None
        self._button.when_released = None
        self._button.close()

    def _level(self) -> bool:
        return bool(self._button.is_pressed) != self._opens

    def _when_pressed(self) -> None:
        self._put(closed=not self._opens)

    def _when_released(self) -> None:
        self._put(closed=self._opens)

    def _put(self, *, closed: bool) -> None:
        try:
            self._inbox.put(Edge(closed=closed, at=self._clock.boottime()))
        except Exception as error:  # noqa: BLE001  # any would end the library's only thread
            _log.exception("an edge of the button could not be passed on")
            with contextlib.suppress(Exception):
                self._inbox.put(FaultFound(what="button", why=str(error)))
