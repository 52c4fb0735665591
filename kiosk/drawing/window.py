"""The window's events, and what to sleep on until there are some.

SDL has no descriptor to sleep on: `pygame.event.wait` looks every few milliseconds, which costs
2 % of a core. But whatever SDL says comes from a descriptor: the connection to the display server
under X11 and Wayland, the input devices under KMSDRM. Where they are known the loop sleeps on
them; where they are not it looks 25 times a second.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import select
import socket
from collections.abc import Mapping
from pathlib import Path

from kiosk.drawing.sdl import pygame

logger = logging.getLogger(__name__)

POLL = 0.04
"""Seconds between two looks where no descriptor is known."""
LOOK = 2.0
"""Seconds between two looks where one is: for what SDL does by time alone, and for new devices."""
LINGER = 0.25
"""Seconds after which an event is followed by another look: SDL holds focus back for 200 ms on X11."""
SPINS = 50
"""A descriptor that is still readable after so many looks in a row is not read by SDL just now."""
ANEW = 1500
"""After so many looks without a descriptor (a minute) they are sought anew."""

_NETLINK_KOBJECT_UEVENT = 15
_MAPS = Path("/proc/self/maps")
_OPENED = Path("/proc/self/fd")
_LIBX11 = re.compile(r"(/\S*/libX11(?:-[0-9a-f]{8})?\.so\S*)$", re.MULTILINE)


class Window:
    """The events of the window that is open now. Used by the thread that opened it.

    Attributes:
        descriptors: Readable when there may be events.
        direct: Whether what is drawn goes to this machine's own display and nowhere else.
    """

    def __init__(self) -> None:
        self.descriptors = find_descriptors()
        self.direct = pygame.display.get_driver().lower() in ("kmsdrm", "wayland")
        self._spins = 0
        self._looks = 0
        self._linger = False
        if not self.descriptors:
            driver = pygame.display.get_driver()
            logger.info("no descriptor to sleep on under %s: looking %.0f times a second", driver, 1 / POLL)

    @property
    def patience(self) -> float:
        """For how many seconds one may sleep on the descriptors without looking for events."""
        if not self.descriptors:
            return POLL
        return LINGER if self._linger else LOOK

    def events(self) -> list[pygame.event.Event]:
        """Take what happened.

        Call it before sleeping, too: while something is drawn SDL may read events off the
        connection, and then nothing is readable any more.

        Raises:
            pygame.error: The display is gone.
        """
        found: list[pygame.event.Event] = pygame.event.get()
        self._linger = bool(found)
        if not self.descriptors:
            self._looks += 1
            if self._looks >= ANEW:
                self.look_again()
        elif found or not self._readable():
            self._spins = 0
        else:
            # A touch display that was pulled out is readable until SDL hears that it is gone.
            self._spins += 1
            if self._spins >= SPINS:
                logger.warning("SDL does not read descriptors %s: looking without them", self.descriptors)
                self.descriptors, self._spins = (), 0
        return found

    def look_again(self) -> None:
        """Find the descriptors anew: devices come and go. Call it when it was slept in vain."""
        self._looks = 0
        if not self.descriptors or pygame.display.get_driver().lower() == "kmsdrm":
            self.descriptors = find_descriptors()

    def _readable(self) -> bool:
        try:
            return bool(select.select(self.descriptors, [], [], 0)[0])
        except (OSError, ValueError):  # SDL closed one
            self.descriptors = ()
            return False


def find_descriptors() -> tuple[int, ...]:
    """Find what becomes readable when something happens to the window that is open now.

    Returns:
        Descriptors of this process that SDL owns: not to be read or closed. Empty where none is
        known.
    """
    match pygame.display.get_driver().lower():
        case "x11":
            connection = _x11_connection()
            return () if connection is None else (connection,)
        case "wayland":
            place = wayland_place(os.environ)
            return tuple(number for number, name in _opened() if leads_to(number, name, place))
        case "kmsdrm":
            return tuple(number for number, name in _opened() if speaks_of_input(number, name))
        case _:
            return ()


def wayland_place(environment: Mapping[str, str]) -> Path:
    """Tell where the compositor listens, as wl_display_connect(3) finds it."""
    folder = environment.get("XDG_RUNTIME_DIR", "/run")
    return Path(folder) / environment.get("WAYLAND_DISPLAY", "wayland-0")


def leads_to(number: int, name: str, place: Path) -> bool:
    """Tell whether a descriptor is a connection to the socket at a place.

    `pygame.display.get_wm_info` would know the connection, but ends the process under Wayland
    (pygame-ce 2.5.8: SDL has no shell surface to give, and a capsule of nothing is none).

    Args:
        number: The descriptor.
        name: What ``/proc/self/fd`` says that it is.
        place: The socket's path.
    """
    if not name.startswith("socket:"):
        return False
    try:
        with socket.socket(fileno=os.dup(number)) as opened:
            return opened.family == socket.AF_UNIX and opened.getpeername() == str(place)
    except OSError:
        return False


def speaks_of_input(number: int, name: str) -> bool:
    """Tell whether a descriptor is an input device, or tells of devices that come and go.

    Args:
        number: The descriptor.
        name: What ``/proc/self/fd`` says that it is.
    """
    if name.startswith("/dev/input/event") or name == "anon_inode:inotify":
        return True
    if not name.startswith("socket:"):
        return False
    try:
        with socket.socket(fileno=os.dup(number)) as opened:
            protocol = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL)
            return opened.family == socket.AF_NETLINK and protocol == _NETLINK_KOBJECT_UEVENT
    except OSError:
        return False


def _opened() -> list[tuple[int, str]]:
    found = []
    for entry in _OPENED.iterdir():
        try:
            found.append((int(entry.name), str(entry.readlink())))
        except OSError:  # the listing's own descriptor is closed by now
            continue
    return sorted(found)


def _x11_connection() -> int | None:
    """Ask Xlib which descriptor its connection is.

    SDL gives a pointer to the connection only, and which copy of the library it has loaded is
    told by the kernel.
    """
    try:
        capsule = pygame.display.get_wm_info()["display"]
        path = _LIBX11.search(_MAPS.read_text(encoding="utf-8", errors="replace"))
        if path is None:
            return None
        ask = ctypes.CDLL(path[1]).XConnectionNumber
        ask.argtypes, ask.restype = [ctypes.c_void_p], ctypes.c_int
        number = int(ask(_pointer(capsule)))
        os.fstat(number)
    except (KeyError, AttributeError, OSError, ValueError, pygame.error) as error:
        logger.info("the display's descriptor is not known: %s", error)
        return None
    return number


def _pointer(capsule: object) -> int:
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.argtypes, name_of.restype = [ctypes.py_object], ctypes.c_char_p
    pointer_of.argtypes, pointer_of.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    return int(pointer_of(capsule, name_of(capsule)))
