"""The push button at the door: its edges go into the inbox, and nothing else happens here."""

from __future__ import annotations

import contextlib
import logging
import os

from gpiozero import Button
from gpiozero.pins import Factory

from events.clock import Clock
from events.errors import ToctocError
from kiosk.inbox import Edge, FaultFound, Inbox

_log = logging.getLogger(__name__)


class ButtonError(ToctocError, RuntimeError):
    """The button's pin cannot be used.

    Attributes:
        pin: The pin, by its GPIO number.
        problem: What the GPIO library said.
    """

    def __init__(self, pin: int, problem: str) -> None:
        super().__init__(pin, problem)
        self.pin, self.problem = pin, problem

    def __str__(self) -> str:
        return (
            f"no button on GPIO {self.pin}: {self.problem}. On a Raspberry Pi: install lgpio, put the user "
            "into the group gpio, give the program a writable directory in LG_WD, and see with `gpioinfo` "
            "that nobody else holds the pin. On a PC: --windowed, where the space bar is the button"
        )


class PresenceButton:
    """A push button on a GPIO pin.

    At start it says whether the contact is closed; from then on each edge is put into the inbox
    with its instant on ``CLOCK_BOOTTIME``. The edges come in the GPIO library's one thread, which
    an exception would end for good.

    Args:
        inbox: Where the edges go.
        clock: What they are stamped with.
        pin: GPIO number.
        pull_up: The contact closes to ground; else to 3.3 V.
        bounce: Seconds for which the chip itself waits until a level is stable. Shorter contacts
            vanish, so keep it short: `kiosk.debounce` does the work.
        pin_factory: gpiozero's; None for the one in ``GPIOZERO_PIN_FACTORY``, or lgpio.

    Raises:
        ButtonError: The pin cannot be used; the text names the remedy.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        clock: Clock,
        pin: int = 17,
        pull_up: bool = True,
        bounce: float | None = 0.02,
        pin_factory: Factory | None = None,
    ) -> None:
        self._inbox, self._clock = inbox, clock
        if pin_factory is None:
            # Else gpiozero tries one library after the other and ends with one that sees no edges.
            os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
        try:
            # Kept here: the pin itself holds only a weak reference.
            self._button = Button(pin, pull_up=pull_up, bounce_time=bounce, pin_factory=pin_factory)
        except Exception as error:  # lgpio's errors and gpiozero's have no common base
            raise ButtonError(pin, str(error) or type(error).__name__) from error
        level = self._level()
        self._put(closed=level)
        self._button.when_pressed = self._when_closed
        self._button.when_released = self._when_opened
        if self._level() != level:
            self._put(closed=not level)

    def close(self) -> None:
        """Give the pin back."""
        self._button.when_pressed = None
        self._button.when_released = None
        self._button.close()

    def _level(self) -> bool:
        return bool(self._button.is_pressed)

    def _when_closed(self) -> None:
        self._put(closed=True)

    def _when_opened(self) -> None:
        self._put(closed=False)

    def _put(self, *, closed: bool) -> None:
        try:
            self._inbox.put(Edge(closed=closed, at=self._clock.boottime()))
        except Exception as error:  # noqa: BLE001  # any would end the library's only thread
            _log.exception("an edge of the button could not be passed on")
            with contextlib.suppress(Exception):
                self._inbox.put(FaultFound(what="button", why=str(error)))
