"""Button, light and motion sensor on a real /dev/gpiochip, by the unchanged GPIO library.

Runs only where ``TOCTOC_GPIO_SIM`` names the folder in sysfs of a simulated chip (the kernel's
gpio-sim), whose lines a test can pull as a finger would. No distribution's kernel has it; it can be
had on any machine with a kernel of user-mode Linux, built once from the kernel's sources in a few
minutes with HOSTFS, CONFIGFS_FS, GPIOLIB, GPIO_CDEV, GPIO_CDEV_V1, GPIO_SIM, TMPFS, DEVTMPFS, SYSFS
and what Python needs (FUTEX, EPOLL, EVENTFD, UNIX, NET, UNIX98_PTYS). In ``arch/um/include/asm/irq.h``
``NR_IRQS`` has to be greater by 64, or there are no interrupts left for edges. It boots in 0.2 s::

    ./linux mem=512M rootfstype=hostfs rootflags=/ ro init=/path/of/init.sh con=null con0=null,fd:1 </dev/null

``init.sh``, which sees the machine's own files, read-only::

    mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
    mount -t devtmpfs dev /dev; mkdir -p /dev/shm /dev/pts; mount -t devpts pts /dev/pts
    mount -t configfs none /sys/kernel/config; ip link set lo up
    cp /proc/cpuinfo /run/c; echo 'Revision : c03115' >>/run/c; mount --bind /run/c /proc/cpuinfo
    C=/sys/kernel/config/gpio-sim/pi; mkdir -p $C/bank0; echo 54 >$C/bank0/num_lines; echo 1 >$C/live
    export TOCTOC_GPIO_SIM=/sys/devices/platform/$(cat $C/dev_name)/$(cat $C/bank0/chip_name)
    cd /path/of/toctoc; export PYTHONDONTWRITEBYTECODE=1
    .venv/bin/pytest -p no:cacheprovider tests/system/test_gpio.py
    python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)'

Its clock ticks 100 times a second: edges nearer than 10 ms become one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device

from events.clock import SystemClock
from kiosk.debounce import QUIET, Contact
from kiosk.hardware.button import PresenceButton
from kiosk.hardware.fittings import Fittings
from kiosk.hardware.gpio import prepare
from kiosk.hardware.lamp import Glow
from kiosk.hardware.light import Lights
from kiosk.hardware.sensors.motion import Motion
from kiosk.inbox import Edge, FaultFound, Gesture, Inbox, Input, MotionFelt, Touched
from kiosk.settings import DoorSettings, LightSection
from tests.kiosk import scenes

CHIP = Path(os.environ["TOCTOC_GPIO_SIM"])
PATIENCE = 10.0
BUTTON, MOTION = 17, 23
LEDS = (5, 6, 13)


def pull(line: int, way: str) -> None:
    (CHIP / f"sim_gpio{line}" / "pull").write_text(f"pull-{way}")


def value(line: int) -> int:
    return int((CHIP / f"sim_gpio{line}" / "value").read_text())


@pytest.fixture(autouse=True, scope="module")
def library() -> Iterator[None]:
    """The GPIO library, imported where nothing can be written."""
    here = Path.cwd()
    os.chdir("/proc")
    prepare()
    assert Path.cwd() == Path("/proc")
    os.chdir(here)
    yield
    assert type(Device.pin_factory).__name__ == "LGPIOFactory"
    Device.pin_factory.close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    for line in (BUTTON, MOTION):
        pull(line, "up" if line == BUTTON else "down")
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def button(inbox: Inbox) -> Iterator[PresenceButton]:
    button = PresenceButton(inbox, clock=SystemClock(), pin=BUTTON)
    # Taking the line with its resistor has set the pull anew.
    pull(BUTTON, "up")
    assert [item.closed for item in inbox.wait(0) if isinstance(item, Edge)] == [False]
    yield button
    button.close()


def edge(inbox: Inbox) -> Edge:
    (item,) = inbox.wait(PATIENCE)
    assert isinstance(item, Edge)
    return item


def gestures(edges: list[Edge]) -> list[type]:
    contact = Contact()
    contact.feed(closed=False, at=edges[0].at - 1)
    told = [outcome for each in edges for outcome in contact.feed(each.closed, each.at)]
    return [type(outcome) for outcome in told + contact.tick(edges[-1].at + QUIET)]


def test_a_press_is_two_edges_and_one_gesture(inbox: Inbox, button: PresenceButton) -> None:
    pull(BUTTON, "down")
    pressed = edge(inbox)
    pull(BUTTON, "up")
    released = edge(inbox)
    assert (pressed.closed, released.closed) == (True, False)
    assert gestures([pressed, released]) == [Touched, Gesture]


def test_a_press_of_sixty_milliseconds_is_not_lost(inbox: Inbox, button: PresenceButton) -> None:
    pull(BUTTON, "down")
    # The library says so when the level was stable for 20 ms.
    assert edge(inbox).closed
    assert inbox.wait(0.04) == []
    pull(BUTTON, "up")
    assert not edge(inbox).closed


def test_a_bouncing_contact_makes_one_gesture(inbox: Inbox, button: PresenceButton) -> None:
    seen: list[Input] = []
    for way in ["down", "up"] * 4 + ["down"]:
        pull(BUTTON, way)
        seen += inbox.wait(0.012)
    while not (seen and isinstance(seen[-1], Edge) and seen[-1].closed):
        seen += inbox.wait(PATIENCE)
    pull(BUTTON, "up")
    seen.append(edge(inbox))
    assert gestures([item for item in seen if isinstance(item, Edge)]) == [Touched, Gesture]


def test_a_button_held_at_start_is_told_and_so_is_its_release(inbox: Inbox) -> None:
    # Taking the line pulls it up: a button that opens when it is pressed is pressed then.
    button = PresenceButton(inbox, clock=SystemClock(), pin=4, active="high")
    assert edge(inbox).closed
    pull(4, "down")
    assert not edge(inbox).closed
    button.close()


def test_an_error_in_the_callback_ends_no_button(inbox: Inbox) -> None:
    class Failing(SystemClock):
        fails = False

        def boottime(self) -> float:
            if self.fails:
                raise OSError("no clock")
            return super().boottime()

    clock = Failing()
    button = PresenceButton(inbox, clock=clock, pin=BUTTON)
    pull(BUTTON, "up")
    inbox.wait(0)
    clock.fails = True
    pull(BUTTON, "down")
    assert inbox.wait(PATIENCE) == [FaultFound(what="button", why="no clock")]
    clock.fails = False
    pull(BUTTON, "up")
    assert not edge(inbox).closed
    button.close()


def test_the_light_has_the_colours_on_the_lines(inbox: Inbox) -> None:
    lights = Lights("rgb", LEDS, pwm=False)
    seen = []
    for sign in ("free", "taken", "booked", "closed"):
        lights.show(Glow(sign=sign, pattern="steady"))
        seen.append(tuple(value(line) for line in LEDS))
    assert seen == [(0, 1, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0)]
    lights.close()


def test_a_dimmed_light_is_on_for_its_share_of_the_time(inbox: Inbox) -> None:
    lights = Lights("rgb", LEDS)
    lights.show(Glow(sign="soon", pattern="steady"))
    looks = []
    for _ in range(300):
        looks.append(value(LEDS[1]))
        inbox.wait(0.0037)
    assert sum(looks) / len(looks) == pytest.approx(0.6, abs=0.15)
    assert value(LEDS[0]) == 1
    lights.close()


def test_motion_is_felt_and_felt_again_while_it_goes_on(inbox: Inbox) -> None:
    sensor = Motion(MOTION, clock=SystemClock(), still_there=0.3)
    sensor.start(inbox.put)
    pull(MOTION, "down")
    assert inbox.wait(1.5) == []
    pull(MOTION, "up")
    felt = [*inbox.wait(PATIENCE), *inbox.wait(PATIENCE)]
    assert [type(item) for item in felt] == [MotionFelt, MotionFelt]
    sensor.close()


def test_a_door_takes_its_parts_and_gives_them_back(inbox: Inbox, tmp_path: Path) -> None:
    settings = DoorSettings(room=scenes.ROOM, light=LightSection(kind="rgb", pwm=False))
    for _ in range(2):
        fittings = Fittings(settings, inbox=inbox, clock=SystemClock(), backlights=tmp_path)
        fittings.start()
        pull(BUTTON, "up")
        assert fittings.due is None
        fittings.follow(*scenes.free())
        assert [value(line) for line in LEDS] == [0, 1, 0]
        inbox.wait(0)
        pull(BUTTON, "down")
        assert edge(inbox).closed
        pull(BUTTON, "up")
        assert not edge(inbox).closed
        fittings.close()
        assert [value(line) for line in LEDS] == [0, 0, 0]
