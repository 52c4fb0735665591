"""Floor of a replay: a bare cursor, Structs that are decoded, and a fold of its own."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import apsw
import msgspec


class Press(msgspec.Struct, frozen=True, gc=False):
    kiosk: str
    outbox: str
    n: int
    room: str
    intent: str
    boot_id: str
    boottime: int
    wall: datetime


class Pressed(msgspec.Struct, frozen=True, gc=False, tag="presence-pressed"):
    room: str
    press: Press
    signature: str
    pressed_at: datetime
    earliest: datetime
    received_at: datetime
    effect: str
    until: datetime | None = None
    confirms: tuple[str, ...] = ()


class Room(msgspec.Struct, frozen=True, gc=False):
    last: tuple[datetime, str, str, datetime | None] | None = None
    version: int = 0
    seq: int = 0


def run(path: Path) -> float:
    """Replay a log of presses; events a second."""
    decode = msgspec.json.Decoder(Pressed).decode
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    rooms: dict[str, Room] = {}
    began, n = time.perf_counter(), 0
    for seq, name, _stream, version, _tag, _revision, _at, _recorded_at, body in connection.execute(
        "SELECT seq, id, stream, version, tag, revision, at, recorded_at, body FROM log ORDER BY seq"
    ):
        event = decode(body)
        room = rooms.get(event.room, Room())
        last = (event.pressed_at, name, event.press.intent, event.until)
        if room.last is not None and room.last[:2] > last[:2]:
            last = room.last
        rooms[event.room] = Room(last, version, seq)
        n += 1
    took = time.perf_counter() - began
    connection.close()
    return n / took
