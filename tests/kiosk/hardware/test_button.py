"""The push button on gpiozero's mock pins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from kiosk.debounce import Contact
from kiosk.hardware.button import PresenceButton
from kiosk.hardware.gpio import PinError
from kiosk.inbox import Edge, FaultFound, Gesture, Inbox, Input, Touched
from tests.clock import FakeClock
from tests.kiosk.pins import HeldPin, StepClock


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


def waiting(inbox: Inbox) -> list[Input]:
    return inbox.wait(0)


def make(inbox: Inbox, factory: MockFactory) -> tuple[PresenceButton, MockPin]:
    button = PresenceButton(inbox, clock=StepClock(), pin_factory=factory)
    return button, factory.pin(17)


def test_the_level_at_start_is_told(inbox: Inbox, factory: MockFactory) -> None:
    button, _ = make(inbox, factory)

    assert waiting(inbox) == [Edge(closed=False, at=1.0)]
    button.close()


def test_a_button_held_at_start_is_told(inbox: Inbox, factory: MockFactory) -> None:
    factory.pin(17, pin_class=HeldPin)
    button, _ = make(inbox, factory)

    assert waiting(inbox) == [Edge(closed=True, at=1.0)]
    button.close()


def test_each_edge_is_put_with_its_instant(inbox: Inbox, factory: MockFactory) -> None:
    button, pin = make(inbox, factory)
    waiting(inbox)
    pin.drive_low()
    pin.drive_high()

    assert waiting(inbox) == [Edge(closed=True, at=2.0), Edge(closed=False, at=3.0)]
    button.close()


def test_edges_from_another_thread_wake_the_main_loop(inbox: Inbox, factory: MockFactory) -> None:
    button, pin = make(inbox, factory)
    waiting(inbox)
    thread = threading.Thread(target=pin.drive_low)
    thread.start()

    assert inbox.wait(10) == [Edge(closed=True, at=2.0)]
    thread.join()
    button.close()


def test_an_error_never_leaves_the_callback(
    inbox: Inbox, factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    class BrokenClock(StepClock):
        def boottime(self) -> float:
            if self.seconds >= 1:
                raise OSError("no clock")
            return super().boottime()

    button = PresenceButton(inbox, clock=BrokenClock(), pin_factory=factory)
    waiting(inbox)
    factory.pin(17).drive_low()

    assert waiting(inbox) == [FaultFound(what="button", why="no clock")]
    assert "could not be passed on" in caplog.text
    button.close()


def test_an_inbox_that_is_gone_does_not_end_the_callback(factory: MockFactory) -> None:
    class BrokenInbox(Inbox):
        def put(self, item: Input) -> None:
            raise OSError("closed")

    inbox = BrokenInbox()
    button = PresenceButton(inbox, clock=StepClock(), pin_factory=factory)
    factory.pin(17).drive_low()
    button.close()
    inbox.close()


def test_a_closed_button_tells_nothing(inbox: Inbox, factory: MockFactory) -> None:
    button, pin = make(inbox, factory)
    waiting(inbox)
    button.close()
    pin.drive_low()

    assert waiting(inbox) == []


def test_a_contact_that_closes_to_the_supply_counts_as_well(inbox: Inbox, factory: MockFactory) -> None:
    button = PresenceButton(inbox, clock=StepClock(), pin=4, pull_up=False, pin_factory=factory)
    waiting(inbox)
    factory.pin(4).drive_high()

    assert waiting(inbox) == [Edge(closed=True, at=2.0)]
    button.close()


@pytest.mark.parametrize(
    ("pull_up", "active", "pressed_is_high"),
    [
        (True, "auto", False),
        (True, "low", False),
        (True, "high", True),
        (False, "auto", True),
        (False, "high", True),
        (False, "low", False),
    ],
)
def test_which_level_means_pressed_is_as_configured(
    inbox: Inbox,
    factory: MockFactory,
    active: Literal["auto", "low", "high"],
    *,
    pull_up: bool,
    pressed_is_high: bool,
) -> None:
    button = PresenceButton(inbox, clock=StepClock(), pull_up=pull_up, active=active, pin_factory=factory)
    pin = factory.pin(17)
    # Nobody presses: the resistor alone says what the level is.
    (at_start,) = waiting(inbox)
    assert at_start == Edge(closed=pull_up == pressed_is_high, at=1.0)
    (pin.drive_low if pull_up else pin.drive_high)()
    (pin.drive_high if pull_up else pin.drive_low)()

    levels = [item.closed for item in waiting(inbox) if isinstance(item, Edge)]
    assert levels == [not at_start.closed, at_start.closed]
    button.close()


def test_a_pin_in_use_is_an_error_that_names_the_remedy(inbox: Inbox, factory: MockFactory) -> None:
    button, _ = make(inbox, factory)

    with pytest.raises(PinError, match=r"no button on GPIO 17.*gpioinfo"):
        make(inbox, factory)
    button.close()


def test_a_machine_without_gpio_is_an_error_that_names_the_remedy(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-library")

    with pytest.raises(PinError, match="--windowed"):
        PresenceButton(inbox, clock=StepClock())


def test_edges_and_contact_together_make_a_gesture(inbox: Inbox, factory: MockFactory) -> None:
    button, pin = make(inbox, factory)
    pin.drive_low()
    pin.drive_high()
    contact = Contact()
    told = [
        outcome
        for item in waiting(inbox)
        if isinstance(item, Edge)
        for outcome in contact.feed(item.closed, item.at / 10)
    ]

    assert [*told, *contact.tick(time.time())][-1] == Gesture(intent="present", at=0.2)
    button.close()


def test_a_hundred_bounces_that_the_chip_lets_through_are_one_gesture(
    inbox: Inbox, factory: MockFactory
) -> None:
    # The mock ignores bounce_time, as a chip does whose metal bounces more slowly than that.
    clock = FakeClock()
    button = PresenceButton(inbox, clock=clock, bounce=0.05, pin_factory=factory)
    pin = factory.pin(17)
    contact = Contact()
    for _ in range(100):
        clock.advance(0.002)
        pin.drive_low()
        clock.advance(0.003)
        pin.drive_high()
    told = [
        outcome
        for item in waiting(inbox)
        if isinstance(item, Edge)
        for outcome in contact.feed(item.closed, item.at)
    ]
    told += contact.tick(clock.boottime() + 10)

    assert [type(outcome) for outcome in told] == [Touched, Gesture]
    button.close()


def test_a_button_held_at_start_makes_no_gesture_until_it_was_free(
    inbox: Inbox, factory: MockFactory
) -> None:
    clock = FakeClock()
    factory.pin(17, pin_class=HeldPin)
    button = PresenceButton(inbox, clock=clock, pin_factory=factory)
    contact = Contact()

    def told() -> list[type]:
        edges = [item for item in waiting(inbox) if isinstance(item, Edge)]
        outcomes = [outcome for edge in edges for outcome in contact.feed(edge.closed, edge.at)]
        return [type(outcome) for outcome in outcomes + contact.tick(clock.boottime())]

    clock.advance(3.0)
    assert told() == []
    factory.pin(17).drive_high()
    clock.advance(1.0)
    assert told() == []
    factory.pin(17).drive_low()
    clock.advance(0.2)
    factory.pin(17).drive_high()
    clock.advance(0.2)
    assert told() == [Touched, Gesture]
    button.close()
