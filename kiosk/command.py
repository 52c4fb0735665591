"""``toctoc kiosk``: a door as a program."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from events.client import NotWelcome, converse
from events.clock import SystemClock
from events.errors import ConfigError, ToctocError
from events.ids import parse_room_key
from events.search import Wish
from events.signing import kiosk_id, load_or_make_key, new_key, public_hex
from events.wire import Find, SnapshotEnd, Subscribe
from kiosk.app import Door
from kiosk.button import PresenceButton
from kiosk.drive import Driver
from kiosk.inbox import Inbox, Quit, Received
from kiosk.link import Link, Target
from kiosk.model import Model, update
from kiosk.picture import Size
from kiosk.screen import Screen
from kiosk.sdl import pygame
from kiosk.settings import ButtonSection, DoorSettings, ScreenSection, read_door
from kiosk.view import view

logger = logging.getLogger(__name__)

WINDOW: Size = (800, 480)
SCREENSHOT_LIMIT = 10.0
"""Seconds that a screenshot waits for the server's state."""


def main(argv: Sequence[str]) -> int:
    """Run a door.

    Returns:
        0 when it was told to stop, 1 when it could not start.
    """
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = _settings(arguments)
        if arguments.show_key:
            key = load_or_make_key(settings.data / "door.key")
            print(public_hex(key))
            return 0
        return _run(settings, arguments)
    except (ToctocError, OSError, ValueError, pygame.error) as error:
        print(f"toctoc kiosk: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc kiosk",
        description="Run a door: its screen shows the state of its room, its button says "
        "that somebody is there.",
        epilog="examples: toctoc kiosk --config /etc/toctoc/kiosk.toml; "
        "toctoc kiosk --room L213 --server ws://127.0.0.1:8765 --windowed (the space bar is the button); "
        "toctoc kiosk --room L213 --screenshot door.png",
    )
    parser.add_argument("--config", type=Path, metavar="kiosk.toml")
    parser.add_argument("--room", help="the room at whose door it hangs, such as L213")
    parser.add_argument("--server", metavar="ws://…", help="default: ws://127.0.0.1:8765")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of the key and the outbox")
    parser.add_argument("--windowed", action="store_true", help="in a window; the space bar is the button")
    parser.add_argument("--headless", action="store_true", help="without a window, drawn in memory")
    parser.add_argument("--size", metavar="WxH", help="size of the window or the picture: 800x480")
    parser.add_argument("--language", choices=("fr", "en"))
    parser.add_argument("--screenshot", type=Path, metavar="FILE.png", help="draw once, save, end")
    parser.add_argument("--show-key", action="store_true", help="print the key for school.toml's [[door]]")
    parser.add_argument(
        "--drive",
        action="store_true",
        help="press as lines on standard input say, and tell what is seen (for demos and tests)",
    )
    return parser


def _settings(arguments: argparse.Namespace) -> DoorSettings:
    if arguments.config is not None:
        settings = read_door(arguments.config)
    elif arguments.room is not None or arguments.show_key:
        data = arguments.data or _own_data()
        settings = DoorSettings(
            room=parse_room_key(arguments.room or "none"),
            data=data,
            button=ButtonSection(kind="keyboard"),
            screen=ScreenSection(hide_pointer=False),
        )
    else:
        raise ConfigError("toctoc kiosk", "", "give it --config kiosk.toml, or --room with --server")
    if arguments.room is not None:
        settings = replace(settings, room=parse_room_key(arguments.room))
    if arguments.server is not None:
        settings = replace(settings, server=arguments.server)
    if arguments.data is not None:
        settings = replace(settings, data=arguments.data)
    screen = settings.screen
    if arguments.language is not None:
        screen = replace(screen, language=arguments.language)
    if arguments.size is not None:
        width, height = _size(arguments.size)
        screen = replace(screen, width=width, height=height)
    if arguments.windowed:
        settings = replace(settings, button=ButtonSection(kind="keyboard"))
        screen = replace(screen, fullscreen=False)
    if arguments.headless or arguments.screenshot:
        settings = replace(settings, button=ButtonSection(kind="none"))
    return replace(settings, screen=screen)


def _own_data() -> Path:
    """Name a folder of this user's for a door that no file configures."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "toctoc-door"


def _size(text: str) -> Size:
    width, by, height = text.partition("x")
    if not (by and width.isdecimal() and height.isdecimal() and int(width) >= 240 and int(height) >= 240):
        raise ConfigError("--size", "", f"{text!r} is no size; allowed is WIDTHxHEIGHT such as 800x480")
    return int(width), int(height)


def _run(settings: DoorSettings, arguments: argparse.Namespace) -> int:
    clock = SystemClock()
    key = load_or_make_key(settings.data / "door.key")
    logger.info("door %s of %s", kiosk_id(public_hex(key)), settings.room)
    in_memory = arguments.headless or arguments.screenshot is not None
    section = settings.screen
    size: Size | None = (section.width, section.height) if section.width else None
    if size is None and (in_memory or not section.fullscreen):
        size = WINDOW
    inbox = Inbox()
    screen = Screen(
        size, fullscreen=section.fullscreen, caption=f"toctoc {settings.room}", window=not in_memory
    )
    model = Model(room=settings.room, since=clock.now(), language=settings.screen.language)
    try:
        if arguments.screenshot is not None:
            return _screenshot(model, settings, screen, arguments.screenshot)
        return _hang(model, settings, key, inbox, screen, in_memory=in_memory, driven=arguments.drive)
    finally:
        screen.close()
        inbox.close()


def _hang(
    model: Model,
    settings: DoorSettings,
    key: Ed25519PrivateKey,
    inbox: Inbox,
    screen: Screen,
    *,
    in_memory: bool,
    driven: bool,
) -> int:
    """Run until told to stop."""
    clock = SystemClock()
    ceiling = 2.0 if driven else 30.0
    link = Link(
        Target(server=settings.server, room=settings.room, ceiling=ceiling),
        key=key,
        outbox=settings.data / "outbox.db",
        inbox=inbox,
        clock=clock,
    )
    driver = Driver(inbox, clock, find=lambda minutes: _ask(link, settings, minutes), save=screen.save)
    button: PresenceButton | None = None
    keyboard = settings.button.kind == "keyboard"
    if settings.screen.hide_pointer and not in_memory:
        pygame.mouse.set_visible(False)
    door = Door(
        model,
        inbox=inbox,
        link=link,
        screen=screen,
        clock=clock,
        windowed=not in_memory,
        keyboard=keyboard,
        open_at_start=keyboard or driven,
        watcher=driver.watch if driven else None,
    )
    try:
        if settings.button.kind == "gpio":
            pin = settings.button
            button = PresenceButton(
                inbox, clock=clock, pin=pin.pin, pull_up=pin.pull_up, bounce=pin.bounce or None
            )
        link.start()
        _quit_on_signals(inbox)
        if driven:
            driver.start()
        door.run()
    finally:
        link.stop()
        if button is not None:
            button.close()
    return 0


def _ask(link: Link, settings: DoorSettings, minutes: int) -> None:
    link.find(Find(id=minutes, wish=Wish(origin=settings.room, minutes=minutes)))


def _quit_on_signals(inbox: Inbox) -> None:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        inbox.put(Quit())

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


def _screenshot(model: Model, settings: DoorSettings, screen: Screen, path: Path) -> int:
    """Draw once from the server's state.

    A look at the state is no door: it takes a key of its own, so that the door that hangs there
    keeps its place; where the server knows its doors it sees what a board sees, without titles.
    """
    try:
        model = _looked(model, settings, new_key())
    except NotWelcome:
        model = _looked(model, settings, None)
    now = SystemClock().now()
    screen.draw(view(model, now, screen.size, settings.screen.language))
    screen.save(path)
    return 0


def _looked(model: Model, settings: DoorSettings, key: Ed25519PrivateKey | None) -> Model:
    clock = SystemClock()
    until = time.monotonic() + SCREENSHOT_LIMIT
    door = (settings.room, key) if key is not None else None
    with converse(settings.server, door=door, timeout=SCREENSHOT_LIMIT) as conversation:
        model = update(model, Received(conversation.welcome, clock.now()), clock.now())
        conversation.say(Subscribe(topics=(f"room/{settings.room}",)))
        while True:
            message = conversation.hear(until=until)
            model = update(model, Received(message, clock.now()), clock.now())
            if isinstance(message, SnapshotEnd):
                break
    if model.day is None:
        raise ConfigError("--room", "", f"the server knows no room {settings.room!r}")
    return model
