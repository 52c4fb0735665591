"""A door's configuration: `kiosk.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from events.config import load, nearest, place
from events.errors import ConfigError
from events.ids import RoomKey, parse_room_key, read_fingerprint
from kiosk.door.setup import Setup
from kiosk.hours import spans_of
from kiosk.kinds import kinds

Text = Annotated[str, Meta(min_length=1, description="a text in quotes, not empty")]
Pixels = Annotated[int, Meta(ge=0, le=16_384)]


GpioNumber = Annotated[int, Meta(ge=0, le=27, description="a GPIO number (BCM) from 0 to 27")]
ThreePins = Annotated[
    tuple[GpioNumber, ...],
    Meta(min_length=3, max_length=3, description="a list of three GPIO numbers (BCM) from 0 to 27"),
]
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""The form of a language's code (BCP 47, the parts in use)."""


class DoorSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[door]`.

    Attributes:
        room: The key of the room it hangs at; empty for a door that is paired.
        server: Where the server listens.
        fingerprint: Of the server's key, by which alone it is then known; empty for what pairing told, or
            else for a certificate that this machine trusts.
        data: Folder of the door's key, its outbox and what it last knew.
        name: Where it hangs, for people.
        rises: To which side the room numbers grow, as seen by who stands before the door; empty where
            nobody said, and then no way is told.
    """

    room: RoomKey = RoomKey("")
    server: str = "ws://127.0.0.1:8765"
    fingerprint: str = ""
    data: Text = "/var/lib/toctoc-door"
    name: str = ""
    rises: Literal["", "left", "right"] = ""


class ButtonSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[button]`.

    Attributes:
        kind: A contact at a pin, the space bar of a keyboard, or none.
        pin: The pin's GPIO number (BCM), not its place on the header.
        pull_up: Whether the Pi's own resistor pulls the pin to 3.3 V, and the contact connects it to
            ground (true), or the other way round.
        active: Which level means pressed; ``auto`` is the one to which the resistor does not pull.
        bounce: Seconds for which the contact must be still before an edge counts; 0 for none. With lgpio a
            press shorter than this is lost, so it is kept small: the door debounces by itself as well.
    """

    kind: Literal["gpio", "keyboard", "none"] = "gpio"
    pin: GpioNumber = 17
    pull_up: bool = True
    active: Literal["auto", "low", "high"] = "auto"
    bounce: Annotated[
        float,
        Meta(
            ge=0,
            le=0.05,
            description="a number from 0 to 0.05: the seconds for which the contact must be still; "
            "presses shorter than this are lost",
        ),
    ] = 0.02


class LightSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[light]`.

    Attributes:
        kind: An LED of three colours, a green, an orange and a red one, or none.
        pins: GPIO numbers: red, green, blue; or green, orange, red.
        active_high: Whether a high level lights them (common cathode) or a low one (common anode).
        pwm: Whether they can be dimmed; else they are on or off.
    """

    kind: Literal["none", "rgb", "three"] = "none"
    pins: ThreePins = (5, 6, 13)
    active_high: bool = True
    pwm: bool = True


class SoundSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sound]`.

    Attributes:
        kind: A buzzer that sounds by itself, one that makes the tone it is given, or none.
        pin: Its GPIO number.
    """

    kind: Literal["none", "buzzer", "tonal"] = "none"
    pin: GpioNumber = 12


class SensorSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[sensor]]`.

    Attributes:
        kind: A built-in kind, or one that a package brings.
        pin: The pin's GPIO number (BCM), where it hangs at one.
        device: Its serial line, where it has one.
        baud: The line's speed.
    """

    kind: Text
    pin: GpioNumber = 23
    device: Annotated[str, Meta(pattern=r"^/dev/\S+$", description='a path such as "/dev/ttyUSB0"')] = (
        "/dev/ttyUSB0"
    )
    baud: Annotated[int, Meta(ge=300, le=921_600)] = 9600


class ScreenSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[screen]`.

    Attributes:
        fullscreen: Whether the picture fills the display.
        width: In pixels; 0 for the display's own.
        height: In pixels; 0 for the display's own.
        languages: Which languages it can show, by code; it begins with the first.
        words: Folder of the school's own catalogues of words; empty for none.
        theme: How it is coloured; ``auto`` is light, and dark in ``dark_hours``.
        dark_hours: When it is dark, by the school's clocks; empty for never.
        night_hours: When it rests, likewise.
        night: How it rests.
        brightness: How bright it is by day, in percent, where its light can be set.
        touch: Whether it can be touched.
        hide_pointer: Whether the mouse pointer is hidden.
    """

    fullscreen: bool = True
    width: Pixels = 0
    height: Pixels = 0
    languages: tuple[
        Annotated[str, Meta(pattern=LANGUAGE, description='a language\'s code such as "fr"')], ...
    ] = ("fr", "en")
    words: str = ""
    theme: Literal["auto", "light", "dark", "mono"] = "auto"
    dark_hours: str = "19:00-07:00"
    night_hours: str = ""
    night: Literal["dim", "blank"] = "dim"
    brightness: Annotated[int, Meta(ge=1, le=100)] = 100
    touch: bool = True
    hide_pointer: bool = True


class DoorFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kiosk.toml` as it is written, one field for each section."""

    door: DoorSection = DoorSection()
    button: ButtonSection = ButtonSection()
    light: LightSection = LightSection()
    sound: SoundSection = SoundSection()
    sensor: tuple[SensorSection, ...] = ()
    screen: ScreenSection = ScreenSection()


class DoorSettings(Struct, frozen=True, kw_only=True):
    """All that a door is told, checked and resolved.

    Attributes:
        path: The file it was read from; None when the command line said it all.
        room: The key of the room it hangs at; empty for a door that has to be paired.
        server: Where the server listens, ``ws://`` or ``wss://``.
        fingerprint: Of the server's key, 64 hex digits; empty for none.
        data: Folder of the door's key, its outbox and what it last knew, absolute.
        name: Where it hangs, for people.
        rises: To which side the room numbers grow; empty where nobody said.
        words: Folder of the school's own catalogues of words, absolute; None for none.
        button: How it is pressed.
        light: The light beside the button.
        sound: What is heard of a press.
        sensors: What else it feels.
        screen: How it is drawn.
    """

    path: Path | None = None
    room: RoomKey = RoomKey("")
    server: str = "ws://127.0.0.1:8765"
    fingerprint: str = ""
    data: Path = Path("/var/lib/toctoc-door")
    name: str = ""
    rises: Literal["", "left", "right"] = ""
    words: Path | None = None
    button: ButtonSection = ButtonSection()
    light: LightSection = LightSection()
    sound: SoundSection = SoundSection()
    sensors: tuple[SensorSection, ...] = ()
    screen: ScreenSection = ScreenSection()


def read_door(path: Path) -> DoorSettings:
    """Read a door's configuration.

    Args:
        path: `kiosk.toml`; relative paths inside it start at its folder.

    Raises:
        ConfigError: It cannot be followed.
    """
    written = load(path, DoorFile)
    door, screen = written.door, written.screen
    try:
        room = parse_room_key(door.room) if door.room else door.room
    except ValueError as error:
        raise ConfigError(str(path), place("door", "room"), str(error)) from None
    check_address(door.server, str(path), place("door", "server"))
    fingerprint = _fingerprint(path, door)
    _check_screen(path, screen)
    _check_sensors(path, written.sensor)
    _check_pins(path, written)
    folder = path.absolute().parent
    return DoorSettings(
        path=path,
        room=room,
        server=door.server,
        fingerprint=fingerprint,
        data=folder / door.data,
        name=door.name,
        rises=door.rises,
        words=folder / screen.words if screen.words else None,
        button=written.button,
        light=written.light,
        sound=written.sound,
        sensors=written.sensor,
        screen=screen,
    )


def setup_of(settings: DoorSettings) -> Setup:
    """Tell what the door's picture depends on.

    Args:
        settings: What the door is told.
    """
    screen = settings.screen
    return Setup(
        languages=screen.languages,
        theme=screen.theme,
        dark_hours=screen.dark_hours,
        night_hours=screen.night_hours,
        night=screen.night,
        touch=screen.touch,
        rises=settings.rises,
    )


def _fingerprint(path: Path, door: DoorSection) -> str:
    if not door.fingerprint:
        return ""
    where = place("door", "fingerprint")
    if not door.server.startswith("wss:"):
        raise ConfigError(str(path), where, f'goes with a wss:// server, and that is "{door.server}"')
    try:
        return read_fingerprint(door.fingerprint)
    except ValueError as error:
        raise ConfigError(str(path), where, str(error)) from None


def _check_screen(path: Path, screen: ScreenSection) -> None:
    if (screen.width == 0) != (screen.height == 0):
        missing = "width" if screen.width == 0 else "height"
        raise ConfigError(
            str(path), place("screen", missing), "0 is allowed only when both width and height are 0"
        )
    if not screen.languages:
        raise ConfigError(
            str(path), place("screen", "languages"), "is empty; needed is one language at least"
        )
    if len(set(screen.languages)) < len(screen.languages):
        raise ConfigError(str(path), place("screen", "languages"), "names a language twice")
    for key, hours in (("dark_hours", screen.dark_hours), ("night_hours", screen.night_hours)):
        try:
            spans_of(hours)
        except ValueError as error:
            raise ConfigError(str(path), place("screen", key), str(error)) from None


def _check_sensors(path: Path, sensors: tuple[SensorSection, ...]) -> None:
    known = kinds() if sensors else ()
    for number, sensor in enumerate(sensors, 1):
        if sensor.kind not in known:
            raise ConfigError(
                str(path),
                place("sensor", "kind", number=number),
                f'no kind of sensor "{sensor.kind}" is installed{nearest(sensor.kind, known) or ";"} '
                f"known kinds: {', '.join(known)}",
            )


def _check_pins(path: Path, written: DoorFile) -> None:
    """Refuse two parts at one pin: the second would have none, and which one that is is chance."""
    taken: dict[int, str] = {}
    for where, pins in _pins(written):
        for pin in pins:
            if pin in taken:
                raise ConfigError(str(path), where, f"{pin} is taken already, by {taken[pin]}")
            taken[pin] = where


def _pins(written: DoorFile) -> Iterator[tuple[str, tuple[int, ...]]]:
    if written.button.kind == "gpio":
        yield place("button", "pin"), (written.button.pin,)
    if written.light.kind != "none":
        yield place("light", "pins"), written.light.pins
    if written.sound.kind != "none":
        yield place("sound", "pin"), (written.sound.pin,)
    for number, sensor in enumerate(written.sensor, 1):
        # Whether somebody's own sensor hangs at its pin only its package knows.
        if sensor.kind == "motion":
            yield place("sensor", "pin", number=number), (sensor.pin,)


def check_address(address: str, file: str, where: str = "") -> None:
    """See that a server's address is one.

    Args:
        address: Such as ``wss://server``.
        file: Where it is written: a file, or an option.
        where: The place in the file.

    Raises:
        ConfigError: It is none.
    """
    if not _is_websocket(address):
        problem = (
            f'"{address}" is not allowed; allowed is an address such as "ws://server:8765" or "wss://server"'
        )
        raise ConfigError(file, where, problem)


def _is_websocket(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("ws", "wss")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.fragment
            and re.search(r"\s", address) is None
        )
    except ValueError:
        return False
