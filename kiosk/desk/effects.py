"""What follows from a line that was typed or a message that came: something shown, sent, or the end. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from events.printable import printable
from events.wire import ClientMessage

Style = Literal["event", "roster", "chat", "answer", "wrong", "note"]


class Show(Struct, frozen=True):
    """Show a line."""

    text: str
    style: Style = "answer"


class Send(Struct, frozen=True):
    """Send a message to the server."""

    message: ClientMessage


class Quit(Struct, frozen=True):
    """Leave."""


Effect = Show | Send | Quit


def shown(show: Show) -> str:
    """Give a line as it may go to a terminal: what came from others may hold anything."""
    return printable(show.text)
