"""What is heard of a press."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin
from msgspec.structs import replace

from events.ids import EventId
from events.wire import Pressed
from kiosk.door.setup import Setup
from kiosk.door.update import update
from kiosk.hardware.buzzer import HIGH, LOW, Sounder
from kiosk.hardware.gpio import PinError
from kiosk.hardware.sound import BEEPS, Note, beep
from kiosk.inbox import Gesture, LinkChanged, Noted, Touched
from tests.kiosk import scenes
from tests.kiosk.pins import TornPin
from tests.kiosk.scenes import PRESS, received


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


def test_a_press_is_heard_once_when_it_is_noted() -> None:
    free, now = scenes.free()
    touched = update(free, Touched(at=1.0), now)
    sending = update(touched, Gesture(intent="present", at=1.0), now)
    noted = update(sending, Noted(press=PRESS, intent="present", pressed_at=now), now)
    recorded = received(noted, now, Pressed(ref=PRESS, seq=42, effect="walk-in"))
    over, later = update(recorded, LinkChanged(state="up", at=now), now + timedelta(seconds=9)), now

    steps = [free, touched, sending, noted, recorded, over]
    heard = [beep(before, after, later) for before, after in pairwise(steps)]
    assert heard == [None, None, "noted", None, None]
    # Everything within one turn of the main loop.
    assert beep(sending, recorded, now) == "noted"
    assert beep(touched, recorded, now) == "noted"


def test_a_press_kept_for_later_and_one_refused_are_heard_otherwise() -> None:
    cut_off, now = scenes.cut_off()
    kept, _ = scenes.kept()
    assert beep(cut_off, kept, now) == "kept"
    assert beep(kept, kept, now) is None
    noted, _ = scenes.noted()
    refused, now = scenes.refused()
    assert beep(noted, refused, now) == "refused"
    assert beep(refused, refused, now) is None


def test_what_was_kept_makes_no_second_sound_when_it_arrives() -> None:
    kept, now = scenes.kept()
    arrived = received(kept, now, Pressed(ref=PRESS, seq=42, effect="walk-in"))
    assert arrived.presses.feedback is not None
    assert arrived.presses.feedback.told == "recorded"
    assert beep(kept, arrived, now) is None


def test_the_next_press_is_heard_as_well() -> None:
    noted, now = scenes.noted()
    again = update(noted, Noted(press=EventId("me.x.2"), intent="present", pressed_at=now), now)
    assert beep(noted, again, now) == "noted"


def test_nothing_is_heard_at_night() -> None:
    sending, now = scenes.sending()
    noted, _ = scenes.noted()
    night = Setup(night_hours="00:00-24:00")
    assert beep(replace(sending, setup=night), replace(noted, setup=night), now) is None
    assert beep(sending, noted, now) == "noted"


def test_the_three_sounds_are_told_apart_by_who_does_not_look() -> None:
    assert [len(BEEPS[sound]) for sound in ("noted", "kept", "refused")] == [1, 2, 1]
    (short,), (long,) = BEEPS["noted"], BEEPS["refused"]
    assert long.length >= 5 * short.length
    assert short.high
    assert not long.high


class HeardPin(MockPWMPin):  # type: ignore[misc]  # gpiozero tells no types
    """A pin that remembers its frequencies and levels, and tells when it is silent again."""

    def __init__(self, *arguments: object) -> None:
        self.heard: list[float | None] = []
        self.silent = threading.Condition()
        super().__init__(*arguments)

    def note(self, value: float | None) -> None:
        with self.silent:
            self.heard.append(value)
            self.silent.notify_all()

    def wait_for(self, count: int) -> list[float | None]:
        with self.silent:
            assert self.silent.wait_for(lambda: len(self.heard) >= count, timeout=10)
            return list(self.heard)

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        self.note(value)

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        if self.frequency is None:
            self.note(value)


def test_a_buzzer_sounds_as_often_as_the_press_says() -> None:
    with MockFactory(pin_class=HeardPin) as factory:
        sounder = Sounder("buzzer", 12, pin_factory=factory)
        pin = factory.pin(12)
        pin.heard.clear()
        sounder.play("kept")
        assert pin.wait_for(4) == [1, 0, 1, 0]
        sounder.close()


def test_a_tonal_buzzer_sounds_high_for_noted_and_low_for_refused() -> None:
    with MockFactory(pin_class=HeardPin) as factory:
        sounder = Sounder("tonal", 12, pin_factory=factory)
        pin = factory.pin(12)
        pin.heard.clear()
        sounder.play("noted")
        assert pin.wait_for(2) == [pytest.approx(HIGH), None]
        sounder.close()
        pin.heard.clear()
        sounder = Sounder("tonal", 12, pin_factory=factory)
        pin.heard.clear()
        sounder.play("refused")
        assert pin.wait_for(1) == [pytest.approx(LOW)]
        sounder.close()


def test_a_door_that_ends_cuts_the_sound_short(factory: MockFactory) -> None:
    sounder = Sounder("buzzer", 12, pin_factory=factory)
    sounder.play("refused")
    sounder.close()
    assert not factory.pin(12).state


def test_while_a_sound_is_heard_another_is_left_out(
    factory: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BEEPS, "noted", (Note(high=True, length=60),))
    sounder = Sounder("buzzer", 12, pin_factory=factory)
    before = threading.active_count()
    sounder.play("noted")
    sounder.play("kept")
    assert threading.active_count() == before + 1
    sounder.close()


def test_a_buzzer_that_is_torn_off_is_an_error_of_the_next_sound() -> None:
    with MockFactory(pin_class=TornPin) as factory:
        sounder = Sounder("buzzer", 12, pin_factory=factory)
        factory.pin(12).torn = True
        sounder.play("noted")
        assert sounder._thread is not None
        sounder._thread.join(10)
        with pytest.raises(OSError, match="the chip is gone"):
            sounder.play("noted")
        factory.pin(12).torn = False
        sounder.close()


def test_a_pin_in_use_is_an_error_that_names_it(factory: MockFactory) -> None:
    sounder = Sounder("buzzer", 12, pin_factory=factory)
    with pytest.raises(PinError, match="no buzzer on GPIO 12"):
        Sounder("buzzer", 12, pin_factory=factory)
    sounder.close()
