"""Sensors: the interface, motion on mock pins, the air's line on a real terminal."""

from __future__ import annotations

import os
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from events.clock import SystemClock
from events.wire import Air
from kiosk.hardware.sensors.air import LONGEST, AirLine, Lines, parse
from kiosk.hardware.sensors.fitted import Sensors, make_sensor
from kiosk.hardware.sensors.motion import Motion
from kiosk.inbox import AirFelt, FaultFound, Inbox, Input, MotionFelt
from kiosk.kinds import kinds
from kiosk.settings import SensorSection
from tests.clock import FakeClock

PATIENCE = 20.0
HELLO = Air(temperature=0.0, humidity=0.0, co2=400)
CALM = Air(temperature=21.4, humidity=45.0, co2=612)


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


def wait_for(inbox: Inbox, found: Callable[[Input], bool]) -> list[Input]:
    """All inputs up to the first that is looked for."""
    seen: list[Input] = []
    while True:
        items = inbox.wait(PATIENCE)
        assert items, f"nothing more after {seen}"
        seen += items
        if any(found(item) for item in items):
            return seen


def airs(items: list[Input]) -> list[Air]:
    return [item.air for item in items if isinstance(item, AirFelt) and item.air != HELLO]


# -- motion -------------------------------------------------------------------------------------


def test_motion_is_felt_when_it_begins_and_again_while_it_goes_on(inbox: Inbox, factory: MockFactory) -> None:
    sensor = Motion(23, clock=FakeClock(), pin_factory=factory, still_there=0.02)
    sensor.start(inbox.put)
    pin = factory.pin(23)
    assert inbox.wait(0) == []
    # gpiozero looks at the pin by itself; only a change from still to moving is an event.
    sensor._told.put(True)
    seen: list[Input] = []
    while len(seen) < 3:
        seen += inbox.wait(PATIENCE)
    assert set(seen) == {MotionFelt(at=1000.0)}
    sensor._told.put(False)
    pin.drive_low()
    sensor.close()


def test_a_high_pin_is_motion(inbox: Inbox, factory: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.hardware.sensors.motion.SAMPLE_RATE", 200)
    sensor = Motion(23, clock=FakeClock(), pin_factory=factory)
    sensor.start(inbox.put)
    assert sensor._sensor is not None
    # The sensor has to have been still first.
    assert sensor._sensor.wait_for_no_motion(PATIENCE)
    factory.pin(23).drive_high()
    assert inbox.wait(PATIENCE) == [MotionFelt(at=1000.0)]
    sensor.close()


def test_a_pin_that_is_taken_is_a_fault_until_it_is_free(inbox: Inbox, factory: MockFactory) -> None:
    first = Motion(23, clock=FakeClock(), pin_factory=factory)
    first.start(inbox.put)
    second = Motion(23, clock=FakeClock(), pin_factory=factory, again=0.02)
    second.start(inbox.put)
    (fault,) = inbox.wait(PATIENCE)
    assert isinstance(fault, FaultFound)
    assert "no motion sensor on GPIO 23" in fault.why
    first.close()
    assert inbox.wait(PATIENCE) == [FaultFound(what="sensor", why="", gone=True)]
    second.close()


def test_a_sensor_that_is_waiting_for_its_pin_can_be_closed(inbox: Inbox, factory: MockFactory) -> None:
    first = Motion(23, clock=FakeClock(), pin_factory=factory)
    first.start(inbox.put)
    second = Motion(23, clock=FakeClock(), pin_factory=factory)
    second.start(inbox.put)
    second.close()
    first.close()


# -- air ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "air"),
    [
        ("21.4,45.0,612", CALM),
        (" 21.4 , 45.0 , 612.3 ", CALM),
        ("21.4,45.0,0", Air(temperature=21.4, humidity=45.0)),
        ("nan,nan,612", Air(co2=612)),
        ("-7.25,100,40000", Air(temperature=-7.25, humidity=100.0, co2=40000)),
        ("999,45,612", Air(humidity=45.0, co2=612)),
        ("nan,nan,-1", None),
        ("inf,-inf,1e999", None),
        ("21.4,45.0", None),
        ("21.4,45.0,612,7", None),
        ("21.4,45.21.4,45.0,612", None),
        ("temperature,humidity,co2", None),
        ("", None),
        ("ready", None),
        ("21.4;45.0;612", None),
        ("2" * LONGEST + ",1,612", None),
        ("\x00\x7f", None),
    ],
)
def test_a_line_is_a_measurement_or_nothing(line: str, air: Air | None) -> None:
    assert parse(line) == air


@given(st.text(alphabet="0123456789.,-e+naif \t\x00é", max_size=40))
def test_whatever_comes_is_read_as_air_can_be_or_not_at_all(line: str) -> None:
    air = parse(line)
    if air is not None:
        assert air.temperature is None or -40 <= air.temperature <= 85
        assert air.humidity is None or 0 <= air.humidity <= 100
        assert air.co2 is None or 200 <= air.co2 <= 40_000


@given(st.lists(st.integers(1, 9), max_size=30))
def test_lines_are_the_same_however_they_come_in_pieces(sizes: list[int]) -> None:
    sent = b"4,45.0,612\r\n" + b"".join(b"21.%d,45.0,612\r\n" % n for n in range(9))
    lines, got, rest = Lines(), list[str](), sent
    for size in sizes:
        got += lines.feed(rest[:size])
        rest = rest[size:]
    got += lines.feed(rest)
    # The first is the rest of one that began before anybody listened.
    assert got == [f"21.{n},45.0,612" for n in range(9)]


def test_noise_without_an_end_is_forgotten_with_the_line_that_ends_it() -> None:
    lines = Lines()
    lines.feed(b"\n")
    assert lines.feed(b"\xff" * (LONGEST + 1)) == []
    assert lines.feed(b"1.4,45.0,612\n21.4,45.0,612\n") == ["21.4,45.0,612"]


class Line:
    """A serial line whose other end is in our hands: a pseudo terminal behind a link that can go."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ttyUSB0"
        self.plug()

    def plug(self) -> None:
        self.ours, theirs = os.openpty()
        # The kernel would else answer for us: echo is on.
        tty.setraw(theirs)
        self.path.symlink_to(os.ttyname(theirs))
        self._theirs = theirs

    def send(self, text: bytes) -> None:
        os.write(self.ours, text)

    def greet(self, inbox: Inbox) -> None:
        """Say hello until somebody hears it: what comes before the line is open is thrown away."""
        stop = threading.Event()

        def talk() -> None:
            while not stop.is_set():
                self.send(b"\n0,0,400\n")
                stop.wait(0.02)

        talking = threading.Thread(target=talk)
        talking.start()
        try:
            self.heard = wait_for(inbox, lambda item: isinstance(item, AirFelt) and item.air == HELLO)
        finally:
            stop.set()
            talking.join()

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._theirs)
        os.close(self.ours)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.unplug()


@pytest.fixture
def sensor(line: Line, inbox: Inbox) -> Iterator[AirLine]:
    sensor = AirLine(str(line.path), 9600, clock=SystemClock(), silence=PATIENCE, retry=0.01)
    sensor.start(inbox.put)
    line.greet(inbox)
    yield sensor
    sensor.close()


def said(air: Air) -> Callable[[Input], bool]:
    return lambda item: isinstance(item, AirFelt) and item.air == air


def measured(inbox: Inbox, line: Line, text: bytes, last: Air) -> list[Air]:
    line.send(text)
    return airs(wait_for(inbox, said(last)))


def test_measurements_come_off_the_line(inbox: Inbox, line: Line, sensor: AirLine) -> None:
    assert measured(inbox, line, b"half a line\r\n21.4,45.0,612\r\n", CALM) == [CALM]
    line.send(b"22.")
    assert measured(inbox, line, b"5,45.0,612\r\n", Air(temperature=22.5, humidity=45.0, co2=612)) == [
        Air(temperature=22.5, humidity=45.0, co2=612)
    ]


def test_the_line_has_the_speed_of_the_configuration(inbox: Inbox, line: Line, tmp_path: Path) -> None:
    sensor = AirLine(str(line.path), 115_200, clock=SystemClock())
    sensor.start(inbox.put)
    line.greet(inbox)
    # A pseudo terminal has one set of attributes for both ends.
    assert termios.tcgetattr(line.ours)[4:6] == [termios.B115200, termios.B115200]
    sensor.close()


def test_garbage_between_measurements_is_passed_over(inbox: Inbox, line: Line, sensor: AirLine) -> None:
    last = Air(temperature=19.0, humidity=50.0, co2=500)
    noise = (
        b"\n21.4,45.0,612\nboot v1.2\n\xff\xfe\x00\n,,\n21.4,45.0\nnan,nan,nan\n"
        + b"x" * 500
        + b"\n19,50,500\n"
    )
    assert measured(inbox, line, noise, last) == [CALM, last]


def test_a_line_that_is_unplugged_comes_back_by_itself(inbox: Inbox, line: Line, sensor: AirLine) -> None:
    assert measured(inbox, line, b"\n21.4,45.0,612\n", CALM) == [CALM]
    line.unplug()
    line.plug()
    line.greet(inbox)
    again = Air(temperature=18.0, humidity=45.0, co2=612)
    assert measured(inbox, line, b"18,45,612\n", again) == [again]


def test_silence_is_a_fault_that_is_gone_with_the_next_measurement(inbox: Inbox, line: Line) -> None:
    sensor = AirLine(str(line.path), 9600, clock=SystemClock(), silence=0.2, retry=0.01)
    sensor.start(inbox.put)
    (fault,) = inbox.wait(PATIENCE)
    assert fault == FaultFound(what="sensor", why=f"{line.path} says nothing")
    line.greet(inbox)
    gone = FaultFound(what="sensor", why="", gone=True)
    if gone not in line.heard:
        wait_for(inbox, lambda item: item == gone)
    sensor.close()


def test_a_line_that_never_was_is_a_fault_that_names_it(inbox: Inbox, tmp_path: Path) -> None:
    sensor = AirLine(str(tmp_path / "ttyUSB7"), 9600, clock=SystemClock(), silence=0.02, retry=0.01)
    sensor.start(inbox.put)
    (fault,) = inbox.wait(PATIENCE)
    assert isinstance(fault, FaultFound)
    assert "ttyUSB7" in fault.why
    sensor.close()


def test_a_sensor_ends_at_once_whatever_it_waits_for(inbox: Inbox, line: Line, tmp_path: Path) -> None:
    for path in (line.path, tmp_path / "nowhere"):
        sensor = AirLine(str(path), 9600, clock=SystemClock(), silence=3600, retry=3600)
        sensor.start(inbox.put)
        sensor.close()
    assert inbox.wait(0) == []


# -- plug-ins -----------------------------------------------------------------------------------


LIDAR = """
from kiosk.inbox import MotionFelt


class Lidar:
    def __init__(self, section, clock):
        self.clock = clock

    def start(self, put):
        put(MotionFelt(at=self.clock.boottime()))

    def close(self):
        pass


def make(section, clock, pin_factory):
    return Lidar(section, clock)


def make_nothing(section, clock, pin_factory):
    raise OSError("no such lidar")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody's that brings two sensors, one of which does not work."""
    (tmp_path / "school_lidar.py").write_text(LIDAR)
    info = tmp_path / "school_lidar-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: school-lidar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[toctoc.sensors]\nlidar = school_lidar:make\nbroken = school_lidar:make_nothing\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_a_package_can_bring_a_sensor(inbox: Inbox) -> None:
    assert kinds() == ("motion", "air", "broken", "lidar")
    sensors = Sensors([SensorSection(kind="lidar")], inbox=inbox, clock=FakeClock())
    sensors.start()
    assert inbox.wait(0) == [MotionFelt(at=1000.0)]
    sensors.close()


@pytest.mark.usefixtures("installed")
def test_a_sensor_that_does_not_start_holds_no_other_back(inbox: Inbox) -> None:
    sections = [SensorSection(kind="broken"), SensorSection(kind="lidar")]
    sensors = Sensors(sections, inbox=inbox, clock=FakeClock())
    sensors.start()
    assert inbox.wait(0) == [
        FaultFound(what="sensor", why="broken sensor, no. 1: no such lidar"),
        MotionFelt(at=1000.0),
    ]
    sensors.close()


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="no kind of sensor 'lidar'; known kinds: motion, air"):
        make_sensor(SensorSection(kind="lidar"), FakeClock())


def test_a_fault_is_gone_when_the_last_sensor_is_well(inbox: Inbox) -> None:
    sensors = Sensors([], inbox=inbox, clock=FakeClock())
    one, other = sensors._put_of("one"), sensors._put_of("other")
    bad, good = FaultFound(what="sensor", why="silent"), FaultFound(what="sensor", why="", gone=True)
    one(bad)
    other(bad)
    one(good)
    one(good)
    assert inbox.wait(0) == [bad]
    other(good)
    assert inbox.wait(0) == [good]


def test_what_cannot_be_passed_on_does_not_end_the_library_s_thread(caplog: pytest.LogCaptureFixture) -> None:
    class BrokenInbox(Inbox):
        def put(self, item: Input) -> None:
            raise OSError("closed")

    inbox = BrokenInbox()
    Sensors([], inbox=inbox, clock=FakeClock())._put_of("one")(MotionFelt(at=1.0))
    assert "could not be passed on" in caplog.text
    inbox.close()
