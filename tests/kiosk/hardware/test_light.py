"""The light on gpiozero's mock pins."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from kiosk.hardware.gpio import PinError
from kiosk.hardware.lamp import Glow, Pattern
from kiosk.hardware.light import Lights
from tests.kiosk.pins import TornPin

PINS = (5, 6, 13)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


def states(factory: MockFactory) -> tuple[float, ...]:
    return tuple(float(factory.pin(pin).state) for pin in PINS)


def test_a_light_of_three_colours_shows_the_mixed_ones(factory: MockFactory) -> None:
    lights = Lights("rgb", PINS, pin_factory=factory)
    assert states(factory) == (0, 0, 0)
    lights.show(Glow(sign="booked", pattern="steady"))
    assert states(factory) == (1, 0.2, 0)
    lights.show(Glow(sign="free", pattern="steady", dim=0.1))
    assert states(factory) == (0, 0.1, 0)
    lights.close()


def test_three_lamps_and_a_common_anode_work_as_well() -> None:
    with MockFactory() as factory:
        lights = Lights("three", PINS, active_high=False, pwm=False, pin_factory=factory)
        assert states(factory) == (1, 1, 1)
        lights.show(Glow(sign="soon", pattern="steady"))
        assert states(factory) == (0, 0, 1)
        lights.close()


def test_a_glow_that_is_shown_already_is_not_touched(factory: MockFactory) -> None:
    lights = Lights("rgb", PINS, pin_factory=factory)
    lights.show(Glow(sign="free", pattern="steady"))
    for pin in PINS:
        factory.pin(pin).clear_states()
    lights.show(Glow(sign="free", pattern="steady"))
    assert [len(factory.pin(pin).states) for pin in PINS] == [1, 1, 1]
    lights.close()


class SeenPin(MockPWMPin):  # type: ignore[misc]  # gpiozero tells no types
    """A pin that tells when it has been switched so often."""

    def wait_for(self, switched: int) -> list[float]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= switched, timeout=10)
            return list(self.seen)

    def __init__(self, *arguments: object) -> None:
        self.changed = threading.Condition()
        self.seen: list[float] = []
        super().__init__(*arguments)

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        with self.changed:
            self.seen.append(float(value))
            self.changed.notify_all()


def test_an_answer_flashes_by_itself_and_ends_with_the_colour_of_the_state() -> None:
    with MockFactory(pin_class=SeenPin) as factory:
        lights = Lights("rgb", PINS, pin_factory=factory)
        lights.show(Glow(sign="taken", pattern="steady"))
        green = factory.pin(6)
        green.seen.clear()
        lights.show(Glow(sign="taken", pattern="noted"))
        assert green.wait_for(6) == [1, 0, 1, 0, 1, 0]
        assert float(factory.pin(5).state) == 1
        lights.close()


@pytest.mark.parametrize("pattern", ["pulse", "wink"])
def test_what_goes_on_for_ever_ends_with_the_next_glow(factory: MockFactory, pattern: Pattern) -> None:
    lights = Lights("rgb", PINS, pin_factory=factory)
    before = threading.active_count()
    lights.show(Glow(sign="free", pattern=pattern))
    assert threading.active_count() == before + 1
    lights.show(Glow(sign="taken", pattern="steady"))
    assert threading.active_count() == before
    assert states(factory) == (1, 0, 0)
    lights.close()


def test_closed_it_is_dark_and_the_pins_are_free(factory: MockFactory) -> None:
    lights = Lights("rgb", PINS, pin_factory=factory)
    lights.show(Glow(sign="free", pattern="pulse"))
    lights.close()
    assert states(factory) == (0, 0, 0)
    Lights("rgb", PINS, pin_factory=factory).close()


def test_a_pin_in_use_is_an_error_that_names_it(factory: MockFactory) -> None:
    lights = Lights("rgb", PINS, pin_factory=factory)
    with pytest.raises(PinError, match="no light on GPIO 5, 6, 13"):
        Lights("rgb", PINS, pin_factory=factory)
    lights.close()


def test_a_pin_that_is_torn_off_is_an_error_of_the_next_glow() -> None:
    with MockFactory(pin_class=TornPin) as factory:
        lights = Lights("rgb", PINS, pwm=False, pin_factory=factory)
        lights.show(Glow(sign="free", pattern="steady"))
        factory.pin(6).torn = True
        with pytest.raises(OSError, match="the chip is gone"):
            lights.show(Glow(sign="taken", pattern="steady"))
        factory.pin(6).torn = False
        lights.close()
