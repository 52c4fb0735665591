"""What a command is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from kiosk.desk.effects import Effect
from kiosk.desk.known import Known
from kiosk.desk.session import Session

Follow = Callable[[Session, str, datetime], list[Effect]]
"""Follows a command: for the session, what stands behind its name, and the time of the server's clock.

Raises `Misused` for what does not fit the usage, and ValueError for what else cannot be.
"""
Words = Callable[[Known], Iterable[str]]
"""Gives words that may be typed, of all that is known."""


class Misused(ValueError):
    """What was typed is not how the command is used; the table adds how it is."""


class Command(Struct, frozen=True):
    """What may be typed after a slash.

    Attributes:
        name: Without the slash.
        usage: What stands behind it; empty where nothing may.
        about: What it does.
        follow: Does it.
        takes: What its words may be, for completion.
    """

    name: str
    usage: str
    about: str
    follow: Follow
    takes: tuple[Words, ...] = ()

    def __str__(self) -> str:
        return f"/{self.name} {self.usage}".rstrip()


def needed(rest: str) -> str:
    """Give what stands behind a command.

    Raises:
        Misused: Nothing does.
    """
    if not rest:
        raise Misused
    return rest


def whole(text: str) -> int:
    """Read a whole number.

    Raises:
        Misused: It is none.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise Misused(f"{text or 'nothing'!r} is no number")
    return int(text)


def rooms(known: Known) -> Iterable[str]:
    """List the rooms."""
    return known.places.rooms


def places(known: Known) -> Iterable[str]:
    """List the wings and the rooms."""
    return [*sorted(known.places.wings), *known.places.rooms]


def fixed(*words: str) -> Words:
    """Give words that are always the same."""
    return lambda _: words
