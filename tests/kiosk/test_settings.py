"""A door's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.errors import ConfigError
from events.ids import RoomKey
from kiosk.settings import ButtonSection, DoorSettings, ScreenSection, read_door


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


def test_all_that_is_written_is_there(tmp_path: Path) -> None:
    door = read(
        tmp_path,
        """
        [door]
        room = "V005C"
        server = "wss://toctoc.school.example/doors"
        data = "var/door"
        name = "north"
        [button]
        kind = "keyboard"
        pin = 4
        pull_up = false
        bounce = 0
        [screen]
        fullscreen = false
        width = 800
        height = 480
        language = "en"
        hide_pointer = false
        """,
    )
    assert (door.room, door.server, door.name) == ("V005C", "wss://toctoc.school.example/doors", "north")
    assert door.data == tmp_path / "var/door"
    assert door.button == ButtonSection(kind="keyboard", pin=4, pull_up=False, bounce=0.0)
    assert door.screen == ScreenSection(
        fullscreen=False, width=800, height=480, language="en", hide_pointer=False
    )


SERVER_ALLOWED = 'allowed is an address such as "ws://server:8765" or "wss://server"'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "[door]: this section is missing"),
        ("[door]", "[door] room: missing; needed is a text in quotes"),
        ("room = 'L213'", "room: stands outside of any section; it belongs under [door]"),
        (
            "[door]\nrooom = 'L213'",
            "[door] rooom: unknown key; did you mean room? known keys: room, server, data, name",
        ),
        (
            "[door]\nroom = 'L/3'",
            "[door] room: 'L/3' cannot be a room's key: 1 to 63 characters, without '/'",
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
            "[door]\nroom = 'L213'\n[screen]\nlanguage = 'pink'",
            '[screen] language: "pink" is not allowed; allowed is "en" or "fr"',
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
