"""A door's configuration: `kiosk.toml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from events.config import load, place
from events.errors import ConfigError
from events.ids import RoomKey, parse_room_key

Text = Annotated[str, Meta(min_length=1, description="a text in quotes, not empty")]
Pixels = Annotated[int, Meta(ge=0, le=16_384)]


class DoorSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[door]`.

    Attributes:
        room: The key of the room it hangs at.
        server: Where the server listens.
        data: Folder of the door's key, its outbox and what it last knew.
        name: Where it hangs, for people.
    """

    room: RoomKey
    server: str = "ws://127.0.0.1:8765"
    data: Text = "/var/lib/toctoc-door"
    name: str = ""


class ButtonSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[button]`.

    Attributes:
        kind: A contact at a pin, the space bar of a keyboard, or none.
        pin: The pin's GPIO number (BCM), not its place on the header.
        pull_up: Whether the contact connects the pin to ground (true) or to 3.3 V.
        bounce: Seconds for which the contact must be still before an edge counts; 0 for none. With lgpio a
            press shorter than this is lost, so it is kept small: the door debounces by itself as well.
    """

    kind: Literal["gpio", "keyboard", "none"] = "gpio"
    pin: Annotated[int, Meta(ge=0, le=27, description="a GPIO number (BCM) from 0 to 27")] = 17
    pull_up: bool = True
    bounce: Annotated[
        float,
        Meta(
            ge=0,
            le=0.05,
            description="a number from 0 to 0.05: the seconds for which the contact must be still; "
            "presses shorter than this are lost",
        ),
    ] = 0.02


class ScreenSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[screen]`.

    Attributes:
        fullscreen: Whether the picture fills the display.
        width: In pixels; 0 for the display's own.
        height: In pixels; 0 for the display's own.
        language: Which language it begins with.
        hide_pointer: Whether the mouse pointer is hidden.
    """

    fullscreen: bool = True
    width: Pixels = 0
    height: Pixels = 0
    language: Literal["fr", "en"] = "fr"
    hide_pointer: bool = True


class DoorFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kiosk.toml` as it is written, one field for each section."""

    door: DoorSection
    button: ButtonSection = ButtonSection()
    screen: ScreenSection = ScreenSection()


class DoorSettings(Struct, frozen=True, kw_only=True):
    """All that a door is told, checked and resolved.

    Attributes:
        path: The file it was read from; None when the command line said it all.
        room: The key of the room it hangs at.
        server: Where the server listens, ``ws://`` or ``wss://``.
        data: Folder of the door's key, its outbox and what it last knew, absolute.
        name: Where it hangs, for people.
        button: How it is pressed.
        screen: How it is drawn.
    """

    path: Path | None = None
    room: RoomKey
    server: str = "ws://127.0.0.1:8765"
    data: Path = Path("/var/lib/toctoc-door")
    name: str = ""
    button: ButtonSection = ButtonSection()
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
        room = parse_room_key(door.room)
    except ValueError as error:
        raise ConfigError(str(path), place("door", "room"), str(error)) from None
    if not _is_websocket(door.server):
        raise ConfigError(
            str(path),
            place("door", "server"),
            f'"{door.server}" is not allowed; allowed is an address such as "ws://server:8765" or "wss://server"',
        )
    if (screen.width == 0) != (screen.height == 0):
        missing = "width" if screen.width == 0 else "height"
        raise ConfigError(
            str(path), place("screen", missing), "0 is allowed only when both width and height are 0"
        )
    return DoorSettings(
        path=path,
        room=room,
        server=door.server,
        data=path.absolute().parent / door.data,
        name=door.name,
        button=written.button,
        screen=screen,
    )


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
