"""Names for things: which string is which.

A room's key is permanent and names its stream; a press is named by who sent it, so that sent
twice it is one; every other event has a random name.
"""

from __future__ import annotations

import os
import re
from typing import NewType

RoomKey = NewType("RoomKey", str)
"""Permanent key of a room, such as ``L213``; its stream is ``room/L213``."""

KioskId = NewType("KioskId", str)
"""Fingerprint of a door's Ed25519 public key: the first 32 hex digits of its SHA-256."""

BookingId = NewType("BookingId", str)
"""Name of a booking: ``<source>:<keyed hash of the source's own id, or random>``."""

EventId = NewType("EventId", str)
"""Unique name of an event: the idempotency key of the log."""

SourceName = NewType("SourceName", str)
"""Name of a configured timetable source."""

SCHOOL_STREAM = "school"

_ROOM_KEY = re.compile(r"(?!\s)[^/\x00-\x1f]{1,63}(?<!\s)")


def parse_room_key(text: str) -> RoomKey:
    """Check that a text can name a room.

    Args:
        text: 1 to 63 characters without ``/`` and control characters, not starting or ending with
            a blank.

    Raises:
        ValueError: It cannot.
    """
    if not _ROOM_KEY.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be a room's key: 1 to 63 characters, without '/', "
            "not starting or ending with a blank"
        )
    return RoomKey(text)


def read_fingerprint(text: str) -> str:
    """Read a key's fingerprint as people write it: ``sha256:`` before it and colons in it do not matter.

    Returns:
        64 hex digits.

    Raises:
        ValueError: It is none, with what is allowed.
    """
    bare = text.strip().lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    if not re.fullmatch("[0-9a-f]{64}", bare):
        raise ValueError(
            f'"{text}" is no fingerprint; allowed is "sha256:" and 64 hex digits, which the server '
            "tells at its start"
        )
    return bare


def room_stream(room: RoomKey) -> str:
    """Name the stream of a room's events."""
    return f"room/{room}"


def press_id(kiosk: KioskId, outbox: str, n: int) -> EventId:
    """Name a press: the same press has the same name, however often it is delivered."""
    return EventId(f"{kiosk}.{outbox}.{n}")


PHONE = KioskId("phone")
"""Stands for the door's key in what somebody said from a phone at the door, which has none."""


_DEVICE = "device-"


def device_sender(access: int) -> KioskId:
    """Name a small device, which has a secret and no key, by the number of its access."""
    return KioskId(f"{_DEVICE}{access}")


def phone_number(name: EventId) -> int | None:
    """Tell the ``n`` of a press from a phone or a small device; else None.

    It is the sender's own number of its request.
    """
    sender = name.partition(".")[0]
    if sender != PHONE and not sender.startswith(_DEVICE):
        return None
    return int(name.rpartition(".")[2])


_SENSED = "sensed"


def sensed_id(kiosk: KioskId, run: str, n: int) -> EventId:
    """Name what a door's sensor felt: the same fact has the same name, however often it is delivered.

    No press has such a name: those end in a number.

    Args:
        kiosk: The door.
        run: Random name of that run of the door's program.
        n: Count of what was felt in it.
    """
    return EventId(f"{kiosk}.{run}.{n}.{_SENSED}")


def sensed_number(name: EventId) -> int | None:
    """Tell the ``n`` of `sensed_id`; None for any other name."""
    rest, _, kind = name.rpartition(".")
    return int(rest.rpartition(".")[2]) if kind == _SENSED else None


def new_event_id() -> EventId:
    """Make a random name of 128 bits.

    It is also the event's nonce: whoever sees only the hash of an event that was removed
    cannot guess the event back from the few rooms and minutes there are.
    """
    return EventId(os.urandom(16).hex())
