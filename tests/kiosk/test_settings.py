"""A door's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.errors import ConfigError
from events.ids import RoomKey
from kiosk.door.setup import Setup
from kiosk.settings import (
    ButtonSection,
    DoorSettings,
    LightSection,
    ScreenSection,
    SensorSection,
    SoundSection,
    read_door,
    setup_of,
)


def read(folder: Path, content: str) -> DoorSettings:
    path = folder / "kiosk.toml"
    path.write_text(content, encoding="utf-8")
    return read_door(path)


def test_a_room_is_enough(tmp_path: Path) -> None:
    door = read(tmp_path, '[door]\nroom = "L213"')
    assert door == DoorSettings(path=tmp_path / "kiosk.toml", room=RoomKey("L213"))
    assert (door.server, door.data) == ("ws://127.0.0.1:8765", Path("/var/lib/toctoc-door"))
    assert door.button == ButtonSection(kind="gpio", pin=17, pull_up=True, bounce=0.02)
    assert door.screen.fullscreen
    assert door.screen.hide_pointer


def test_a_door_without_a_room_is_one_that_has_to_be_paired(tmp_path: Path) -> None:
    assert read(tmp_path, "").room == ""


def test_all_that_is_written_is_there(tmp_path: Path) -> None:
    door = read(
        tmp_path,
        """
        [door]
        room = "V005C"
        server = "wss://toctoc.school.example/doors"
        fingerprint = "SHA256:ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
        data = "var/door"
        name = "north"
        rises = "left"
        [button]
        kind = "keyboard"
        pin = 4
        pull_up = false
        active = "low"
        bounce = 0
        [light]
        kind = "three"
        pins = [20, 21, 26]
        active_high = false
        pwm = false
        [sound]
        kind = "tonal"
        pin = 18
        [[sensor]]
        kind = "motion"
        pin = 24
        [[sensor]]
        kind = "air"
        device = "/dev/rfcomm0"
        baud = 115200
        [screen]
        fullscreen = false
        width = 800
        height = 480
        languages = ["en", "pt-BR"]
        words = "words"
        theme = "mono"
        dark_hours = ""
        night_hours = "22:00-06:30"
        night = "blank"
        brightness = 70
        touch = false
        hide_pointer = false
        """,
    )
    assert (door.room, door.server, door.name) == ("V005C", "wss://toctoc.school.example/doors", "north")
    assert door.data == tmp_path / "var/door"
    assert door.rises == "left"
    assert door.words == tmp_path / "words"
    assert door.button == ButtonSection(kind="keyboard", pin=4, pull_up=False, active="low", bounce=0.0)
    assert door.light == LightSection(kind="three", pins=(20, 21, 26), active_high=False, pwm=False)
    assert door.sound == SoundSection(kind="tonal", pin=18)
    assert door.sensors == (
        SensorSection(kind="motion", pin=24),
        SensorSection(kind="air", device="/dev/rfcomm0", baud=115_200),
    )
    assert door.screen == ScreenSection(
        fullscreen=False,
        width=800,
        height=480,
        languages=("en", "pt-BR"),
        words="words",
        theme="mono",
        dark_hours="",
        night_hours="22:00-06:30",
        night="blank",
        brightness=70,
        touch=False,
        hide_pointer=False,
    )
    assert setup_of(door) == Setup(
        languages=("en", "pt-BR"),
        theme="mono",
        dark_hours="",
        night_hours="22:00-06:30",
        night="blank",
        touch=False,
        rises="left",
    )


def test_a_door_that_is_told_nothing_is_set_up_as_the_picture_supposes(tmp_path: Path) -> None:
    door = read(tmp_path, '[door]\nroom = "L213"')
    assert setup_of(door) == Setup()
    assert (door.light.kind, door.sound.kind, door.sensors, door.words) == ("none", "none", (), None)


def test_parts_that_are_not_there_take_no_pin(tmp_path: Path) -> None:
    door = read(
        tmp_path,
        "[door]\nroom = 'L213'\n[button]\nkind = 'none'\npin = 5\n[light]\nkind = 'rgb'\n"
        "[sound]\npin = 6\n[[sensor]]\nkind = 'air'\npin = 13",
    )
    assert door.light.pins == (5, 6, 13)


SERVER_ALLOWED = 'allowed is an address such as "ws://server:8765" or "wss://server"'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("room = 'L213'", "room: stands outside of any section; it belongs under [door]"),
        (
            "[door]\nrooom = 'L213'",
            (
                "[door] rooom: unknown key; did you mean room? known keys: room, server, fingerprint, data, "
                "name, rises"
            ),
        ),
        (
            f"[door]\nfingerprint = '{'ab' * 32}'",
            '[door] fingerprint: goes with a wss:// server, and that is "ws://127.0.0.1:8765"',
        ),
        (
            "[door]\nserver = 'wss://x'\nfingerprint = 'sha256:abc'",
            (
                '[door] fingerprint: "sha256:abc" is no fingerprint; allowed is "sha256:" and 64 hex digits, '
                "which the server tells at its start"
            ),
        ),
        (
            "[door]\nroom = 'L/3'",
            (
                "[door] room: 'L/3' cannot be a room's key: 1 to 63 characters, without '/', "
                "not starting or ending with a blank"
            ),
        ),
        (
            "[door]\nroom = 'L213'\nserver = 'http://server'",
            f'[door] server: "http://server" is not allowed; {SERVER_ALLOWED}',
        ),
        (
            "[door]\nroom = 'L213'\nserver = 'ws://server:99999'",
            f'[door] server: "ws://server:99999" is not allowed; {SERVER_ALLOWED}',
        ),
        (
            "[door]\nroom = 'L213'\n[button]\npin = 28",
            "[button] pin: 28 is not allowed; allowed is a GPIO number (BCM) from 0 to 27",
        ),
        (
            "[door]\nroom = 'L213'\n[button]\nbounce = 0.3",
            (
                "[button] bounce: 0.3 is not allowed; allowed is a number from 0 to 0.05: the seconds "
                "for which the contact must be still; presses shorter than this are lost"
            ),
        ),
        (
            "[door]\nroom = 'L213'\n[button]\nkind = 'usb'",
            '[button] kind: "usb" is not allowed; allowed is "gpio" or "keyboard" or "none"',
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nwidth = 800",
            "[screen] height: 0 is allowed only when both width and height are 0",
        ),
        (
            "[door]\nroom = 'L213'\n[button]\nactive = 'up'",
            '[button] active: "up" is not allowed; allowed is "auto" or "high" or "low"',
        ),
        (
            "[door]\nroom = 'L213'\n[light]\nkind = 'rgb'\npins = [5, 6]",
            "[light] pins: a list is not allowed; allowed is a list of three GPIO numbers (BCM) from 0 to 27",
        ),
        (
            "[door]\nroom = 'L213'\n[light]\nkind = 'rgb'\npins = [5, 6, 28]",
            "[light] pins no. 3: 28 is not allowed; allowed is a GPIO number (BCM) from 0 to 27",
        ),
        (
            "[door]\nroom = 'L213'\n[light]\nkind = 'rgb'\npins = [5, 17, 6]",
            "[light] pins: 17 is taken already, by [button] pin",
        ),
        (
            "[door]\nroom = 'L213'\n[light]\nkind = 'three'\npins = [5, 5, 6]",
            "[light] pins: 5 is taken already, by [light] pins",
        ),
        (
            "[door]\nroom = 'L213'\n[sound]\nkind = 'buzzer'\n[[sensor]]\nkind = 'motion'\npin = 12",
            "[[sensor]] no. 1: pin: 12 is taken already, by [sound] pin",
        ),
        (
            "[door]\nroom = 'L213'\n[[sensor]]\nkind = 'motion'\n[[sensor]]\nkind = 'moton'",
            (
                '[[sensor]] no. 2: kind: no kind of sensor "moton" is installed; did you mean motion? '
                "known kinds: motion, air"
            ),
        ),
        (
            "[door]\nroom = 'L213'\n[[sensor]]\npin = 4",
            "[[sensor]] no. 1: kind: missing; needed is a text in quotes, not empty",
        ),
        (
            "[door]\nroom = 'L213'\n[[sensor]]\nkind = 'air'\ndevice = 'ttyUSB0'",
            ('[[sensor]] no. 1: device: "ttyUSB0" is not allowed; allowed is a path such as "/dev/ttyUSB0"'),
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nlanguages = ['fr', 'French']",
            '[screen] languages no. 2: "French" is not allowed; allowed is a language\'s code such as "fr"',
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nlanguages = []",
            "[screen] languages: is empty; needed is one language at least",
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nlanguages = ['fr', 'fr']",
            "[screen] languages: names a language twice",
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nnight_hours = '22-6'",
            "[screen] night_hours: '22-6' is no span of hours; allowed is HH:MM-HH:MM, from 00:00 to 24:00",
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\ndark_hours = '19:00'",
            "[screen] dark_hours: '19:00' is no span of hours; allowed is HH:MM-HH:MM, from 00:00 to 24:00",
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nbrightness = 0",
            "[screen] brightness: 0 is not allowed; allowed is an integer from 1 to 100",
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\ntheme = 'pink'",
            '[screen] theme: "pink" is not allowed; allowed is "auto" or "dark" or "light" or "mono"',
        ),
        (
            "[door]\nroom = 'L213'\n[screen]\nfullscreen = 1",
            "[screen] fullscreen: 1 is not allowed; allowed is true or false",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_these_words(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    assert str(caught.value) == f"{tmp_path}/kiosk.toml: {message}"
