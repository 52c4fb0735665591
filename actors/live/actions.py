"""What follows from what a client said: `session` decides it, `serving` does it."""

from __future__ import annotations

from msgspec import Struct

from actors import messages as m
from events.ids import EventId, KioskId, RoomKey
from events.wire import Code, JoinChannel, LeaveChannel, Refused, Role, Say, ServerMessage, Subscribe


class Send(Struct, frozen=True):
    """Send this message to the client."""

    message: ServerMessage


class Greet(Struct, frozen=True):
    """The client is who it says: send it a `Welcome`."""

    role: Role
    kiosk: KioskId | None
    room: RoomKey | None
    operator: int = 0
    name: str = ""


class Verify(Struct, frozen=True):
    """Find out whether a secret is right, which takes long, then call `Session.verified`.

    Attributes:
        proof: What is known; that of nobody where the access does not exist.
    """

    proof: str
    secret: str


class TellAccess(Struct, frozen=True):
    """Tell the client who may come in."""

    ref: int


class Forward(Struct, frozen=True):
    """Tell the school."""

    command: m.Message


class Await(Struct, frozen=True):
    """The client waits for the answer to this press, or to what it sensed."""

    press: EventId


class Serve(Struct, frozen=True):
    """Send the client a snapshot, then what changes."""

    subscribe: Subscribe


class Leave(Struct, frozen=True):
    """Tell the client of these topics no more."""

    topics: tuple[str, ...]


class Talk(Struct, frozen=True):
    """The client talks to other people: see `actors.live.lobby`."""

    message: JoinChannel | LeaveChannel | Say


class End(Struct, frozen=True):
    """Close the connection."""

    code: int
    reason: str


Action = Send | Greet | Verify | TellAccess | Forward | Await | Serve | Leave | Talk | End


def refused(code: Code, reason: str, ref: int | EventId | None = None) -> Send:
    """Refuse one message; the connection stays."""
    return Send(Refused(code=code, reason=reason, ref=ref))


def too_fast(ref: int | EventId | None) -> Send:
    """Refuse what comes too often."""
    return refused("too-fast", "later, please", ref)


def turned_away(code: Code, reason: str) -> list[Action]:
    """Refuse a client, and close its connection."""
    return [refused(code, reason), End(1008, reason[:100])]
