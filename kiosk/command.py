"""``toctoc kiosk``: a door as a program.

What the first picture does not need is imported after it: the loop, the line to the server with its
cryptography, and the GPIO library. On a Pi 3 they take a second.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from events.clock import Clock, SystemClock
from events.config import place
from events.errors import ConfigError, ToctocError
from events.ids import RoomKey, parse_room_key
from events.notify import notify
from events.status import day_of
from kiosk.cache import Cache
from kiosk.disk import Disk
from kiosk.door.model import Model, begun
from kiosk.door.update import update
from kiosk.drawing.picture import Size
from kiosk.drawing.screen import Screen
from kiosk.drawing.sdl import pygame
from kiosk.hours import spans_of
from kiosk.inbox import Inbox, Quit, Received
from kiosk.machine import clock_is_synchronised
from kiosk.memory import Memory, recalled
from kiosk.pairing import PAIRING_FILE, read_pairing
from kiosk.settings import ButtonSection, DoorSettings, ScreenSection, check_address, read_door, setup_of
from kiosk.steps import believable
from kiosk.view import view
from kiosk.words import load_catalogues

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kiosk.drive import Driver
    from kiosk.hardware.fittings import Fittings
    from kiosk.link.link import Link

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
        settings = _paired(_settings(arguments))
        if arguments.show_key:
            from events.signing import load_or_make_key, public_hex  # noqa: PLC0415  # not before the picture

            print(public_hex(load_or_make_key(settings.data / "door.key")))
            return 0
        _take_words(settings)
        if arguments.screenshot is not None:
            return _screenshot(settings, arguments.screenshot)
        return _run(settings, in_memory=arguments.headless, driven=arguments.drive)
    except (ToctocError, OSError, ValueError, pygame.error) as error:
        print(f"toctoc kiosk: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="toctoc kiosk",
        description="Run a door: its screen shows the state of its room, its button says "
        "that somebody is there.",
        epilog="examples: toctoc kiosk --config /etc/toctoc/kiosk.toml; "
        "toctoc kiosk --room L213 --server ws://127.0.0.1:8765 --windowed (the space bar is the button, "
        "the mouse a finger, l another language, Escape the end); "
        "toctoc kiosk --room L213 --screenshot door.png; "
        "toctoc kiosk --server wss://rooms.school.example (a door that waits to be paired)",
    )
    parser.add_argument("--config", type=Path, metavar="kiosk.toml")
    parser.add_argument("--room", help="the room at whose door it hangs, such as L213")
    parser.add_argument("--server", metavar="ws://…", help="default: ws://127.0.0.1:8765")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of the key and the outbox")
    parser.add_argument("--windowed", action="store_true", help="in a window; the space bar is the button")
    parser.add_argument("--headless", action="store_true", help="without a window, drawn in memory")
    parser.add_argument("--size", metavar="WxH", help="size of the window or the picture: 800x480")
    parser.add_argument("--language", metavar="CODE", help="the language it begins with, such as fr or en")
    parser.add_argument("--theme", choices=("auto", "light", "dark", "mono"))
    parser.add_argument("--night", metavar="HH:MM-HH:MM", help="when the screen rests")
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
    elif arguments.room is not None or arguments.server is not None or arguments.show_key:
        data = arguments.data or _own_data()
        settings = DoorSettings(
            room=parse_room_key(arguments.room) if arguments.room else RoomKey(""),
            data=data,
            button=ButtonSection(kind="keyboard"),
            screen=ScreenSection(hide_pointer=False),
        )
    else:
        raise ToctocError("give it --config kiosk.toml, or --room, or --server")
    if arguments.room is not None:
        settings = replace(settings, room=parse_room_key(arguments.room))
    if arguments.server is not None:
        check_address(arguments.server, "--server")
        settings = replace(settings, server=arguments.server)
    if arguments.data is not None:
        settings = replace(settings, data=arguments.data)
    if arguments.windowed:
        settings = replace(settings, button=ButtonSection(kind="keyboard"))
    if arguments.headless:
        settings = replace(settings, button=ButtonSection(kind="none"))
    return replace(settings, screen=_screen(settings.screen, arguments))


def _take_words(settings: DoorSettings) -> None:
    """Take the school's own words, and see that the door has some in each of its languages."""
    known = load_catalogues(settings.words)
    missing = [language for language in settings.screen.languages if language not in known]
    if missing:
        raise ConfigError(
            str(settings.path or "--language"),
            place("screen", "languages") if settings.path is not None else "",
            f'there are no words in "{missing[0]}"; languages with words: {", ".join(known)}',
        )


def _paired(settings: DoorSettings) -> DoorSettings:
    """Let the server's word count: it is newer than the file, and else the server would not let us in."""
    pairing = read_pairing(settings.data / PAIRING_FILE)
    if pairing is None:
        return settings
    return replace(settings, room=pairing.room, fingerprint=settings.fingerprint or pairing.server)


def _screen(screen: ScreenSection, arguments: argparse.Namespace) -> ScreenSection:
    """Let the command line have the last word about the screen."""
    if arguments.language is not None:
        others = [code for code in screen.languages if code != arguments.language]
        screen = replace(screen, languages=(arguments.language, *others))
    if arguments.theme is not None:
        screen = replace(screen, theme=arguments.theme)
    if arguments.night is not None:
        try:
            spans_of(arguments.night)
        except ValueError as error:
            raise ConfigError("--night", "", str(error)) from None
        screen = replace(screen, night_hours=arguments.night)
    if arguments.size is not None:
        width, height = _size(arguments.size)
        screen = replace(screen, width=width, height=height)
    return replace(screen, fullscreen=False) if arguments.windowed else screen


def _own_data() -> Path:
    """Name a folder of this user's for a door that no file configures."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "toctoc-door"


def _size(text: str) -> Size:
    width, by, height = text.partition("x")
    if not (by and width.isdecimal() and height.isdecimal() and int(width) >= 240 and int(height) >= 240):
        raise ConfigError("--size", "", f"{text!r} is no size; allowed is WIDTHxHEIGHT such as 800x480")
    return int(width), int(height)


# -- a door that hangs -----------------------------------------------------------------------------


def _run(settings: DoorSettings, *, in_memory: bool, driven: bool) -> int:
    """Run until told to stop: first the picture, then all that takes time to come up."""
    clock = SystemClock()
    inbox = Inbox()
    _quit_on_signals(inbox)
    disk = Disk(inbox)
    cache = Cache(settings.data / "known.json", disk=disk)
    memory = cache.read()
    model, resume = _known(settings, memory, clock)
    open_screen = _opener(settings, window=not in_memory)
    screen = _first(open_screen, in_memory=in_memory)
    try:
        if screen is not None:
            screen.draw(view(model, clock.now(), screen.size, model.visit.language))
            notify("STATUS=the first picture is shown")
        return _hang(
            model,
            settings,
            clock=clock,
            inbox=inbox,
            disk=disk,
            cache=cache,
            resume=resume,
            screen=screen,
            reopen=None if in_memory else open_screen,
            driven=driven,
        )
    finally:
        pygame.display.quit()
        inbox.close()


def _known(
    settings: DoorSettings, memory: Memory | None, clock: Clock
) -> tuple[Model, tuple[int, int] | None]:
    """Tell what the door knows at its start, and from where the server has to tell the rest."""
    now, setup = clock.now(), setup_of(settings)
    synchronised = clock_is_synchronised()
    if memory is None:
        return begun(settings.room, now, setup, clock_known=synchronised), None
    model = recalled(memory, settings.room, now, setup, now)
    if not believable(memory.heard_at, now, clock.boottime(), synchronised=synchronised):
        model = replace(model, hearing=replace(model.hearing, clock_known=False))
    # A resumed connection tells what changed in the log, and midnight is not in it: the days that
    # are shown are others then.
    same_day = day_of(memory.rules, memory.heard_at) == day_of(memory.rules, now)
    if model.hearing.clock_known and same_day and memory.epoch is not None and memory.seq is not None:
        return model, (memory.epoch, memory.seq)
    return model, None


def _opener(settings: DoorSettings, *, window: bool) -> Callable[[], Screen]:
    section = settings.screen
    size: Size | None = (section.width, section.height) if section.width else None
    if size is None and not (window and section.fullscreen):
        size = WINDOW

    def open_screen() -> Screen:
        screen = Screen(size, fullscreen=section.fullscreen, caption=f"toctoc {settings.room}", window=window)
        if window:
            pygame.mouse.set_visible(not section.hide_pointer)
        return screen

    return open_screen


def _first(open_screen: Callable[[], Screen], *, in_memory: bool) -> Screen | None:
    """Open the first screen; a door without a display still has a button."""
    try:
        return open_screen()
    except pygame.error as error:
        if in_memory:
            raise
        logger.warning("there is no display: %s", error)
        return None


def _hang(
    model: Model,
    settings: DoorSettings,
    *,
    clock: Clock,
    inbox: Inbox,
    disk: Disk,
    cache: Cache,
    resume: tuple[int, int] | None,
    screen: Screen | None,
    reopen: Callable[[], Screen] | None,
    driven: bool,
) -> int:
    from kiosk.app import Door  # noqa: PLC0415  # see the module's docstring
    from kiosk.link.entry import Target  # noqa: PLC0415
    from kiosk.link.link import Link  # noqa: PLC0415

    for page in ("find", "stay", "asleep"):
        # Whoever touches the screen does not wait for them.
        import_module(f"kiosk.pages.{page}")
    link = Link(
        Target(
            server=settings.server,
            room=settings.room or None,
            pin=settings.fingerprint,
            pairing=settings.data / PAIRING_FILE,
            ceiling=2.0 if driven else 30.0,
        ),
        key=_key(settings, disk),
        outbox=settings.data / "outbox.db",
        inbox=inbox,
        clock=clock,
        disk=disk,
        resume=resume,
    )
    fittings = _fittings(settings, inbox, clock, windowed=reopen is not None)
    keyboard = settings.button.kind == "keyboard"
    driver = _driver(inbox, clock, link, settings) if driven else None
    door = Door(
        model,
        inbox=inbox,
        link=link,
        screen=screen,
        clock=clock,
        reopen=reopen,
        keyboard=keyboard,
        closable=not settings.screen.fullscreen,
        open_at_start=keyboard or driven,
        parts=fittings,
        cache=cache,
        watcher=driver.watch if driver is not None else None,
    )
    try:
        if fittings is not None:
            fittings.start()
        cache.start()
        link.start()
        if driver is not None:
            driver.start(lambda: door.screen)
        # All that is there by now stays: nobody who presses waits for a search for garbage in it.
        gc.freeze()
        door.run()
    finally:
        link.stop()
        cache.stop()
        if fittings is not None:
            fittings.close()
    return 0


def _key(settings: DoorSettings, disk: Disk) -> Ed25519PrivateKey:
    """Read the door's key; on a disk that cannot be read a new one serves until the next start."""
    from events.signing import kiosk_id, load_or_make_key, new_key, public_hex  # noqa: PLC0415  # likewise

    try:
        key = load_or_make_key(settings.data / "door.key")
    except OSError as error:
        logger.error("the door's key cannot be kept: %s", error)  # noqa: TRY400  # no fault of the program
        disk.tell("key", str(error))
        key = new_key()
    logger.info("door %s of %s", kiosk_id(public_hex(key)), settings.room or "no room yet")
    return key


def _fittings(settings: DoorSettings, inbox: Inbox, clock: Clock, *, windowed: bool) -> Fittings | None:
    from kiosk.hardware.backlight import Backlight  # noqa: PLC0415  # likewise

    fitted = settings.button.kind == "gpio" or settings.light.kind != "none" or settings.sound.kind != "none"
    if not (fitted or settings.sensors or (windowed and Backlight.find() is not None)):
        return None
    from kiosk.hardware.fittings import Fittings  # noqa: PLC0415  # likewise

    return Fittings(settings, inbox=inbox, clock=clock)


def _driver(inbox: Inbox, clock: Clock, link: Link, settings: DoorSettings) -> Driver:
    from events.search import Wish  # noqa: PLC0415  # likewise
    from events.wire import Find  # noqa: PLC0415
    from kiosk.drive import Driver  # noqa: PLC0415

    def find(minutes: int) -> None:
        link.find(Find(id=minutes, wish=Wish(origin=settings.room, minutes=minutes)))

    return Driver(inbox, clock, find=find)


def _quit_on_signals(inbox: Inbox) -> None:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        inbox.put(Quit())

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)


# -- a look at the state ---------------------------------------------------------------------------


def _screenshot(settings: DoorSettings, path: Path) -> int:
    """Draw once from the server's state.

    A look at the state is no door: it takes a key of its own, so that the door that hangs there
    keeps its place; where the server knows its doors it sees what a board sees, without titles.
    """
    from events.client import NotWelcome  # noqa: PLC0415  # with what it needs, where it is used
    from events.signing import new_key  # noqa: PLC0415

    clock = SystemClock()
    setup = setup_of(settings)
    model = begun(settings.room, clock.now(), setup)
    try:
        model = _looked(model, settings, new_key())
    except NotWelcome:
        model = _looked(model, settings, None)
    screen = _opener(settings, window=False)()
    screen.draw(view(model, clock.now(), screen.size, model.visit.language))
    screen.save(path)
    return 0


def _looked(model: Model, settings: DoorSettings, key: Ed25519PrivateKey | None) -> Model:
    from events.client import converse  # noqa: PLC0415  # likewise
    from events.wire import SnapshotEnd, Subscribe  # noqa: PLC0415

    clock = SystemClock()
    until = time.monotonic() + SCREENSHOT_LIMIT
    door = (settings.room, key) if key is not None else None
    pin = settings.fingerprint or None
    with converse(settings.server, door=door, pin=pin, timeout=SCREENSHOT_LIMIT) as conversation:
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
