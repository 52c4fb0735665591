"""What is fitted at a door beside its screen: button, light, buzzer, sensors, the display's light.

Each may be missing, at the start or later: the door runs as a screen meanwhile, and tries again. The
GPIO library takes longer to import (0.1 s on a PC) than the door to draw its first picture, so that
it is imported by the first part that needs it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from events.clock import Clock
from kiosk.door.model import Model
from kiosk.hardware.backlight import CLASS, Backlight, brightness
from kiosk.hardware.lamp import light
from kiosk.hardware.lasting import Lasting
from kiosk.hardware.sensors.fitted import Sensors
from kiosk.hardware.sound import beep
from kiosk.inbox import Inbox
from kiosk.settings import DoorSettings

if TYPE_CHECKING:
    from gpiozero.pins import Factory

    from kiosk.hardware.button import PresenceButton
    from kiosk.hardware.buzzer import Sounder
    from kiosk.hardware.light import Lights


class Fittings:
    """All of them. Used by the main thread; nothing is opened before `start`.

    Args:
        settings: What the door is told.
        inbox: Where edges, what sensors feel and faults go.
        clock: What they are stamped with.
        pin_factory: gpiozero's; None for the one in ``GPIOZERO_PIN_FACTORY``, or lgpio.
        backlights: The kernel's folder of displays whose light can be set.
    """

    def __init__(
        self,
        settings: DoorSettings,
        *,
        inbox: Inbox,
        clock: Clock,
        pin_factory: Factory | None = None,
        backlights: Path = CLASS,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._clock = clock
        self._pin_factory = pin_factory
        self._heard: Model | None = None
        self._light = Lasting("light", self._make_light, inbox=inbox, clock=clock, fault="light")
        self._sound = Lasting("buzzer", self._make_sound, inbox=inbox, clock=clock, fault=None)
        self._button = Lasting("button", self._make_button, inbox=inbox, clock=clock, fault="button")
        self._wanted: list[Lasting[PresenceButton] | Lasting[Lights] | Lasting[Sounder]] = []
        if settings.button.kind == "gpio":
            self._wanted.append(self._button)
        if settings.light.kind != "none":
            self._wanted.append(self._light)
        if settings.sound.kind != "none":
            self._wanted.append(self._sound)
        self._sensors = Sensors(settings.sensors, inbox=inbox, clock=clock, pin_factory=pin_factory)
        self._backlight = Backlight.find(backlights, full=settings.screen.brightness / 100)

    def start(self) -> None:
        """Take what is there; what is missing is told as a fault.

        It imports the GPIO library: where the first picture matters more, draw that before.
        """
        for part in self._wanted:
            part.start()
        self._sensors.start()

    @property
    def due(self) -> float | None:
        """When `follow` tries something again, seconds on ``CLOCK_BOOTTIME``; None for never."""
        return min((part.due for part in self._wanted if part.due is not None), default=None)

    def follow(self, model: Model, now: datetime) -> None:
        """Show and sound what the door knows now, and try again what is missing, where it is time.

        Call it after each change, before the picture is drawn: light and sound are faster. Where
        nothing changed it does nothing.

        Args:
            model: What the door knows.
            now: The door's wall clock.
        """
        for part in self._wanted:
            part.tick()
        if self._light.part is not None:
            glow = light(model, now)
            self._light.use(lambda lights: lights.show(glow))
        if self._sound.part is not None and self._heard is not None:
            sound = beep(self._heard, model, now)
            if sound is not None:
                self._sound.use(lambda sounder: sounder.play(sound))
        self._heard = model
        if self._backlight is not None:
            self._backlight.set(brightness(model, now))

    def close(self) -> None:
        """Give all back. The light goes out, the display shines."""
        self._sensors.close()
        for part in self._wanted:
            part.close()
        if self._backlight is not None:
            self._backlight.close()

    def _make_button(self) -> PresenceButton:
        from kiosk.hardware.button import PresenceButton  # noqa: PLC0415  # see above

        section = self._settings.button
        return PresenceButton(
            self._inbox,
            clock=self._clock,
            pin=section.pin,
            pull_up=section.pull_up,
            active=section.active,
            bounce=section.bounce,
            pin_factory=self._pin_factory,
        )

    def _make_light(self) -> Lights:
        from kiosk.hardware.light import Lights  # noqa: PLC0415  # see above

        section = self._settings.light
        assert section.kind != "none"
        first, second, third = section.pins
        return Lights(
            section.kind,
            (first, second, third),
            active_high=section.active_high,
            pwm=section.pwm,
            pin_factory=self._pin_factory,
        )

    def _make_sound(self) -> Sounder:
        from kiosk.hardware.buzzer import Sounder  # noqa: PLC0415  # see above

        section = self._settings.sound
        assert section.kind != "none"
        return Sounder(section.kind, section.pin, pin_factory=self._pin_factory)
