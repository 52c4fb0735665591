"""All that is fitted at a door beside its screen, together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gpiozero import LED
from gpiozero.pins.mock import MockFactory, MockPWMPin
from msgspec.structs import replace

from events.domain import Intent
from events.ids import EventId
from events.wire import Air, Motion
from kiosk.app import Door
from kiosk.door.setup import Setup
from kiosk.drawing.screen import Screen
from kiosk.hardware.fittings import Fittings
from kiosk.hardware.lamp import Glow, light
from kiosk.hardware.lasting import AGAIN
from kiosk.inbox import AirFelt, Edge, FaultFound, Inbox, MotionFelt, Noted
from kiosk.settings import ButtonSection, DoorSettings, LightSection, SensorSection, SoundSection
from tests.clock import FakeClock
from tests.kiosk import scenes
from tests.kiosk.scenes import ROOM

ALL = DoorSettings(
    room=ROOM,
    light=LightSection(kind="rgb"),
    sound=SoundSection(kind="buzzer"),
    sensors=(SensorSection(kind="motion"),),
)
BARE = DoorSettings(room=ROOM, button=ButtonSection(kind="keyboard"))


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def backlights(tmp_path: Path) -> Path:
    folder = tmp_path / "backlight" / "10-0045"
    folder.mkdir(parents=True)
    for name, text in {"max_brightness": "100", "brightness": "20", "bl_power": "0"}.items():
        (folder / name).write_text(text)
    return folder.parent


def colour(factory: MockFactory) -> tuple[float, ...]:
    return tuple(float(factory.pin(pin).state) for pin in ALL.light.pins)


def test_nothing_is_taken_before_the_start_and_all_is_given_back(
    inbox: Inbox, factory: MockFactory, clock: FakeClock, backlights: Path
) -> None:
    fittings = Fittings(ALL, inbox=inbox, clock=clock, pin_factory=factory, backlights=backlights)
    assert not factory.pins
    for _ in range(2):
        fittings.start()
        assert inbox.wait(0) == [Edge(closed=False, at=clock.boottime())]
        fittings.close()
        fittings = Fittings(ALL, inbox=inbox, clock=clock, pin_factory=factory, backlights=backlights)


def test_light_sound_and_display_follow_what_the_door_knows(
    inbox: Inbox, factory: MockFactory, clock: FakeClock, backlights: Path
) -> None:
    fittings = Fittings(ALL, inbox=inbox, clock=clock, pin_factory=factory, backlights=backlights)
    fittings.start()
    free, now = scenes.free()
    fittings.follow(free, now)
    assert colour(factory) == (0, 1, 0)
    assert (backlights / "10-0045" / "brightness").read_text() == "100\n"
    sending, _ = scenes.sending()
    fittings.follow(sending, now)
    assert colour(factory) == (1, 1, 1)
    buzzer = factory.pin(ALL.sound.pin)
    buzzer.clear_states()
    noted, _ = scenes.noted()
    fittings.follow(noted, now)
    assert light(noted, now) == Glow(sign="taken", pattern="noted")
    fittings.close()
    assert [state.state for state in buzzer.states][:2] == [False, True]
    assert colour(factory) == (0, 0, 0)


def test_at_night_the_display_rests_and_a_door_that_ends_leaves_it_bright(
    inbox: Inbox, clock: FakeClock, backlights: Path
) -> None:
    fittings = Fittings(BARE, inbox=inbox, clock=clock, backlights=backlights)
    fittings.start()
    model, now = scenes.free()
    fittings.follow(replace(model, setup=Setup(night_hours="00:00-24:00", night="blank")), now)
    assert (backlights / "10-0045" / "bl_power").read_text() == "4\n"
    fittings.close()
    assert (backlights / "10-0045" / "bl_power").read_text() == "0\n"
    assert (backlights / "10-0045" / "brightness").read_text() == "100\n"


def test_a_door_without_gpio_runs_as_a_screen_and_tries_again_by_itself(
    inbox: Inbox, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-library")
    fittings = Fittings(ALL, inbox=inbox, clock=clock, backlights=tmp_path)
    fittings.start()
    told = [item for item in inbox.wait(0) if isinstance(item, FaultFound)]
    assert sorted(fault.what for fault in told) == ["button", "light", "sensor"]
    assert fittings.due == clock.boottime() + AGAIN
    model, now = scenes.free()
    for _ in range(3):
        clock.advance(AGAIN / 2)
        fittings.follow(model, now + timedelta(seconds=1))
    assert inbox.wait(0) == []
    fittings.close()
    assert fittings.due is None


def test_a_pin_that_becomes_free_makes_the_button_work(
    inbox: Inbox, factory: MockFactory, clock: FakeClock, tmp_path: Path
) -> None:
    door = DoorSettings(room=ROOM)
    first = Fittings(door, inbox=inbox, clock=clock, pin_factory=factory, backlights=tmp_path)
    first.start()
    inbox.wait(0)
    second = Fittings(door, inbox=inbox, clock=clock, pin_factory=factory, backlights=tmp_path)
    second.start()
    (fault,) = inbox.wait(0)
    assert isinstance(fault, FaultFound)
    assert "no button on GPIO 17" in fault.why
    first.close()
    clock.advance(AGAIN)
    model, now = scenes.free()
    second.follow(model, now)
    assert inbox.wait(0) == [
        Edge(closed=False, at=clock.boottime()),
        FaultFound(what="button", why="", gone=True),
    ]
    factory.pin(17).drive_low()
    assert inbox.wait(0) == [Edge(closed=True, at=clock.boottime())]
    second.close()


def test_a_door_with_a_keyboard_and_nothing_else_has_nothing_to_do(
    inbox: Inbox, clock: FakeClock, tmp_path: Path
) -> None:
    tasks = Path("/proc/self/task")
    before = set(tasks.iterdir())
    fittings = Fittings(BARE, inbox=inbox, clock=clock, backlights=tmp_path)
    fittings.start()
    assert fittings.due is None
    fittings.follow(*scenes.free())
    assert inbox.wait(0) == []
    assert set(tasks.iterdir()) == before
    fittings.close()


class Line:
    """A line to a server that is not there: remembers what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.presses: list[tuple[Intent, float]] = []
        self.sensed: list[tuple[Motion | Air, float]] = []

    @property
    def alive_at(self) -> float:
        return self._clock.boottime()

    def submit(self, intent: Intent, *, at: float, **_more: Any) -> None:
        self.presses.append((intent, at))

    def report_stuck(self, *, stuck: bool) -> None:
        raise AssertionError("nothing is stuck here")

    def recount(self, people: int) -> None:
        raise AssertionError("nobody counts here")

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        self.sensed.append((sensed, at))


def test_a_door_answers_a_press_at_its_pin_by_its_light_and_sends_it(
    inbox: Inbox, factory: MockFactory, clock: FakeClock, backlights: Path
) -> None:
    free, now = scenes.free()
    clock.set_wall(now)
    line = Line(clock)
    screen = Screen((320, 240), fullscreen=False, caption="test", window=False)
    fittings = Fittings(ALL, inbox=inbox, clock=clock, pin_factory=factory, backlights=backlights)
    fittings.start()
    door = Door(free, inbox=inbox, link=line, screen=screen, clock=clock, parts=fittings)
    door.ready()
    door.step()
    assert colour(factory) == (0, 1, 0)
    button = factory.pin(17)
    clock.advance(1.0)
    pressed_at = clock.boottime()
    button.drive_low()
    door.step()
    assert colour(factory) == (1, 1, 1)
    clock.advance(0.2)
    button.drive_high()
    door.step()
    clock.advance(0.1)
    inbox.put(MotionFelt(at=clock.boottime()))
    inbox.put(AirFelt(air=Air(co2=640), at=clock.boottime()))
    door.step()
    assert line.presses == [("present", pressed_at)]
    assert line.sensed == [(Motion(), clock.boottime()), (Air(co2=640), clock.boottime())]
    assert door.model.condition.air == Air(co2=640)
    inbox.put(Noted(press=EventId("me.x.1"), intent="present", pressed_at=clock.now()))
    door.step()
    clock.advance(10.0)
    inbox.put(MotionFelt(at=clock.boottime()))
    door.step()
    # The answer is over, and the room is taken.
    assert colour(factory) == (1, 0, 0)
    assert len(line.sensed) == 2
    fittings.close()
    screen.close()


def test_a_door_whose_button_cannot_be_had_says_so_and_heals(
    inbox: Inbox, factory: MockFactory, clock: FakeClock, backlights: Path
) -> None:
    somebody_elses = LED(17, pin_factory=factory)
    free, now = scenes.free()
    clock.set_wall(now)
    screen = Screen((320, 240), fullscreen=False, caption="test", window=False)
    fittings = Fittings(ALL, inbox=inbox, clock=clock, pin_factory=factory, backlights=backlights)
    fittings.start()
    door = Door(free, inbox=inbox, link=Line(clock), screen=screen, clock=clock, parts=fittings)
    door.ready()
    door.step()
    assert [fault.what for fault in door.model.condition.faults] == ["button"]
    assert light(door.model, now).pattern == "wink"
    somebody_elses.close()
    clock.advance(AGAIN)
    inbox.put(MotionFelt(at=clock.boottime()))
    door.step()
    door.step()
    assert door.model.condition.faults == ()
    fittings.close()
    screen.close()
