"""A door's picture of an instant that is over, for audits: what its screen showed, drawn again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from events.ids import RoomKey
from events.state import Rules
from events.wire import Heartbeat, ServerMessage, SnapshotBegin, SnapshotEnd, Welcome
from kiosk.door.model import begun
from kiosk.door.update import update
from kiosk.inbox import LinkChanged, Received
from kiosk.view import view

SIZE = (800, 480)
"""Of the screen that most doors have."""


def draw(
    path: Path,
    room: RoomKey,
    at: datetime,
    *,
    school: str,
    rules: Rules,
    messages: Iterable[ServerMessage],
    connected: bool,
    size: tuple[int, int] = SIZE,
    language: str = "fr",
) -> None:
    """Draw what a door would have shown that had just heard these messages.

    Args:
        path: The PNG file.
        room: Its room.
        at: The instant.
        school: Name of the school.
        rules: The school's rules then.
        messages: What the gateway would have sent of the room.
        connected: Whether it was connected then; one that was not says so.
        size: Width and height of the screen in pixels.
        language: The language shown.
    """
    from kiosk.drawing.screen import Screen  # noqa: PLC0415  # pygame, which only this needs

    model = begun(room, at)
    model = update(model, LinkChanged(state="up", at=at), at)
    welcome = Welcome(role="kiosk", school=school, epoch=1, server_time=at, rules=rules, room=room)
    heard = (welcome, SnapshotBegin(epoch=1, seq=1), *messages, SnapshotEnd(seq=1))
    for message in (*heard, Heartbeat(server_time=at, epoch=1, seq=1)):
        model = update(model, Received(message=message, at=at), at)
    if not connected:
        model = update(model, LinkChanged(state="down", at=at, why="gone"), at)
    screen = Screen(size, window=False)
    try:
        screen.draw(view(model, at, size, language))
        screen.save(path)
    finally:
        screen.close()
