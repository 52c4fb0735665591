"""What reaches the door's main loop, and how: one queue that can be slept on.

The button's thread and the link's thread only put; the main thread, which owns pygame, takes.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Literal

from msgspec import Struct

from events.domain import Intent
from events.ids import EventId, KioskId
from events.search import Wish
from events.wire import Air, ServerMessage


class Edge(Struct, frozen=True):
    """The button's contact closed or opened, not yet debounced.

    Attributes:
        closed: Whether it is closed now.
        at: Seconds on ``CLOCK_BOOTTIME``.
    """

    closed: bool
    at: float


class Touched(Struct, frozen=True):
    """The contact closed: light and picture answer at once, nothing is recorded yet."""

    at: float


class Gesture(Struct, frozen=True):
    """What the person meant: one contact makes one fact.

    Attributes:
        intent: ``present`` when let go early, ``leaving`` once held long enough.
        at: When the contact closed, seconds on ``CLOCK_BOOTTIME``.
    """

    intent: Intent
    at: float


class StuckChanged(Struct, frozen=True):
    """The button is held for longer than anybody holds it, or came free."""

    stuck: bool
    at: float


class Noted(Struct, frozen=True):
    """A press is on the door's own disk: it will not be lost.

    Attributes:
        pressed_at: When, by the door's wall clock.
    """

    press: EventId
    intent: Intent
    pressed_at: datetime
    minutes: int | None = None


class Kept(Struct, frozen=True):
    """At its start the door found presses that no server has acknowledged yet."""

    presses: tuple[Noted, ...]


class Received(Struct, frozen=True):
    """The server sent a message.

    Attributes:
        at: When it came, by the door's wall clock.
    """

    message: ServerMessage
    at: datetime


class LinkChanged(Struct, frozen=True):
    """The connection to the server came up (its `Welcome` follows) or went down.

    Attributes:
        why: In words for the log, where it went down.
    """

    state: Literal["up", "down", "refused"]
    at: datetime
    why: str = ""


class Unpaired(Struct, frozen=True):
    """The door waits to be paired, and has to show a code that an operator types.

    Attributes:
        kiosk: Fingerprint of the door's own key, which the operator compares.
        until: Until when the code holds.
    """

    kiosk: KioskId
    code: str
    until: datetime


Page = Literal["sign", "find", "stay"]
"""What the screen shows: the sign, the search for a room, or for how long somebody stays."""


class OpenPage(Struct, frozen=True):
    """A touch: show another page."""

    page: Page


class Speak(Struct, frozen=True):
    """A touch: show another language.

    Attributes:
        language: Its code, one of the configured ones.
    """

    language: str


class Stay(Struct, frozen=True):
    """A touch: somebody is here, for so many minutes, or as long as the school's default says."""

    minutes: int | None = None


class Leave(Struct, frozen=True):
    """A touch: whoever was here leaves."""


class Ask(Struct, frozen=True):
    """A touch: another wish for a room."""

    wish: Wish


class Count(Struct, frozen=True):
    """A touch: so many people are here."""

    people: int


Action = OpenPage | Speak | Stay | Leave | Ask | Count


class Tapped(Struct, frozen=True):
    """Somebody touched the screen.

    Attributes:
        action: What the place means; None where it means nothing.
        at: Seconds on ``CLOCK_BOOTTIME``.
    """

    action: Action | None
    at: float


class MotionFelt(Struct, frozen=True):
    """The motion sensor saw somebody move; not yet thinned.

    Attributes:
        at: Seconds on ``CLOCK_BOOTTIME``.
    """

    at: float


class AirFelt(Struct, frozen=True):
    """The air sensor measured; not yet thinned.

    Attributes:
        at: Seconds on ``CLOCK_BOOTTIME``.
    """

    air: Air
    at: float


class ClockStepped(Struct, frozen=True):
    """The door's wall clock was set.

    Attributes:
        by: How much later it is now than it would have been, in seconds.
    """

    by: float


FaultName = Literal["disk", "button", "display", "light", "sensor"]
"""A part of the door that can be out of order."""


class FaultFound(Struct, frozen=True):
    """Something is wrong with the door itself that people should be told.

    Attributes:
        what: Which part.
        gone: The fault is over.
    """

    what: FaultName
    why: str
    gone: bool = False


class SavePicture(Struct, frozen=True):
    """Write what is shown into a file, once it is drawn."""

    path: str


class Quit(Struct, frozen=True):
    """End the program."""


Input = (
    Edge
    | Touched
    | Gesture
    | StuckChanged
    | Noted
    | Kept
    | Received
    | LinkChanged
    | Unpaired
    | Tapped
    | MotionFelt
    | AirFelt
    | ClockStepped
    | FaultFound
    | SavePicture
    | Quit
)


class Inbox:
    """A queue of inputs with a file descriptor that wakes a sleeper.

    Any thread may `put`; one thread waits and takes.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Input] = SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def put(self, item: Input) -> None:
        """Add an input. Called from any thread."""
        self._queue.put(item)
        os.eventfd_write(self._wake, 1)

    def fileno(self) -> int:
        """Give the descriptor that is readable while something waits."""
        return self._wake

    def wait(self, timeout: float | None, others: Sequence[int] = ()) -> list[Input]:
        """Sleep until an input comes.

        Args:
            timeout: At most so many seconds; None for ever.
            others: Descriptors that wake, too, when they are readable; they are not read.

        Returns:
            All inputs that wait, in order; empty when the time was up, or another descriptor woke.

        Raises:
            OSError: One of the other descriptors is closed.
        """
        ready, _, _ = select.select([self._wake, *others], [], [], timeout)
        if self._wake in ready:
            os.eventfd_read(self._wake)
        items: list[Input] = []
        while True:
            try:
                items.append(self._queue.get_nowait())
            except Empty:
                return items

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._wake)
