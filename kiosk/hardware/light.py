"""The light beside the button: plays what `kiosk.hardware.lamp` says on three LEDs."""

from __future__ import annotations

from gpiozero import RGBLED
from gpiozero.pins import Factory

from kiosk.hardware.gpio import PinError, prepare
from kiosk.hardware.lamp import Glow, Kind, play

Pins = tuple[int, int, int]


class Lights:
    """Three LEDs at three pins: one of three colours, or a green, an orange and a red one.

    Used by the main thread; what blinks or swells does so in a thread of the GPIO library, started
    once when the glow changes.

    Args:
        kind: Which LEDs they are.
        pins: GPIO numbers: red, green, blue; or green, orange, red.
        active_high: A high level lights them (common cathode); else a low one (common anode).
        pwm: They can be dimmed: the library switches them 100 times a second. Without it they are
            on or off.
        pin_factory: gpiozero's; None for the one in ``GPIOZERO_PIN_FACTORY``, or lgpio.

    Raises:
        PinError: A pin cannot be used; the text names the remedy.
    """

    def __init__(
        self,
        kind: Kind,
        pins: Pins,
        *,
        active_high: bool = True,
        pwm: bool = True,
        pin_factory: Factory | None = None,
    ) -> None:
        self._kind: Kind = kind
        self._pwm = pwm
        self._glow: Glow | None = None
        try:
            if pin_factory is None:
                prepare()
            # Three LEDs that blink together, whatever their colours are.
            self._leds = RGBLED(*pins, active_high=active_high, pwm=pwm, pin_factory=pin_factory)
        except Exception as error:  # lgpio's errors and gpiozero's have no common base
            raise PinError("light", pins, str(error) or type(error).__name__) from error

    def show(self, glow: Glow) -> None:
        """Show a glow. Does nothing where it is shown already; never waits for it to end.

        Raises:
            Exception: The pins are gone; the GPIO library's errors have no common base.
        """
        if glow == self._glow:
            return
        wanted = play(glow, self._kind, pwm=self._pwm)
        if wanted.times == 0:
            self._leds.value = wanted.off
        else:
            self._leds.blink(
                on_time=wanted.on_time,
                off_time=wanted.off_time,
                fade_in_time=wanted.fade,
                fade_out_time=wanted.fade,
                on_color=wanted.on,
                off_color=wanted.off,
                n=wanted.times,
            )
        self._glow = glow

    def close(self) -> None:
        """Switch them off and give the pins back."""
        self._leds.off()
        self._leds.close()
