"""One connection of the gateway, without any I/O: what a client may say and what follows from it.

The table of roles and messages is `ALLOWED`, and what is not in it is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Literal

from msgspec import Struct

from actors import messages as m
from events import signing
from events.errors import WireError
from events.ids import EventId, KioskId, RoomKey, press_id
from events.wire import (
    AskSources,
    Challenge,
    ClientMessage,
    CloseRoom,
    Find,
    Hello,
    JudgeReading,
    Ping,
    Pong,
    Refused,
    ReopenRoom,
    Role,
    SendPress,
    ServerMessage,
    Stuck,
    Subscribe,
    Watching,
    read_client_message,
)

ALLOWED: dict[Role, tuple[type[Any], ...]] = {
    "board": (Subscribe, Find, Ping),
    "kiosk": (Subscribe, Find, Ping, SendPress, Watching, Stuck),
    "operator": (Subscribe, Find, Ping, CloseRoom, ReopenRoom, AskSources, JudgeReading),
}
PRESS_BURST = 60
"""Presses that one door may send at once; what is over waits on the door."""
PRESS_RATE = 2.0
"""Presses a second that it may send for long."""
LONGEST_STAY = 24 * 60
"""Minutes for which somebody may say that they will be there."""


class Access(Struct, frozen=True, kw_only=True):
    """Who may be what.

    Attributes:
        doors: The room of each door, by its public key; empty lets every key in for every room,
            which the configuration allows on loopback only.
        rooms: The rooms there are.
        operator_token: What an operator has to know.
    """

    doors: Mapping[str, RoomKey]
    rooms: frozenset[RoomKey]
    operator_token: str


class Send(Struct, frozen=True):
    """Send this message to the client."""

    message: ServerMessage


class Greet(Struct, frozen=True):
    """The client is who it says: send it a `Welcome`."""

    role: Role
    kiosk: KioskId | None
    room: RoomKey | None


class Forward(Struct, frozen=True):
    """Tell the school."""

    command: m.Message


class Await(Struct, frozen=True):
    """The client waits for the answer to this press."""

    press: EventId


class Serve(Struct, frozen=True):
    """Send the client a snapshot, then what changes."""

    subscribe: Subscribe


class End(Struct, frozen=True):
    """Close the connection."""

    code: int
    reason: str


Action = Send | Greet | Forward | Await | Serve | End


class Session:
    """What is known of one client.

    Args:
        number: Names the connection inside the server.
        access: Who may be what.
    """

    def __init__(self, number: m.Session, access: Access) -> None:
        self.number = number
        self.role: Role | None = None
        self.kiosk: KioskId | None = None
        self.room: RoomKey | None = None
        self.watching = False
        self._access = access
        self._public = ""
        self._nonce = secrets.token_hex(32)
        self._presses = float(PRESS_BURST)
        self._pressed_at: datetime | None = None

    def open(self) -> list[Action]:
        """Begin: the server speaks first."""
        return [Send(Challenge(nonce=self._nonce))]

    def receive(self, text: str | bytes, now: datetime) -> list[Action]:
        """Take what the client sent.

        Args:
            text: One message.
            now: When it came.

        Returns:
            What to do, in order.
        """
        try:
            message = read_client_message(text)
        except WireError as error:
            refused = Send(Refused(code="bad-message", reason=str(error)))
            return [refused] if self.role is not None else [refused, End(1008, "expected hello")]
        if self.role is None:
            if isinstance(message, Hello):
                return self._hello(message)
            return [
                Send(Refused(code="not-authenticated", reason="say hello first", ref=_ref(message))),
                End(1008, "expected hello"),
            ]
        if not isinstance(message, ALLOWED[self.role]):
            what = message.__struct_config__.tag
            reason = f"a {self.role} may not send {what}"
            return [Send(Refused(code="not-allowed", reason=reason, ref=_ref(message)))]
        try:
            return self._follow(message, now)
        except OverflowError as error:
            reason = f"its numbers lead out of the calendar: {error}"
            return [Send(Refused(code="bad-message", reason=reason, ref=_ref(message)))]

    def ended(self, now: datetime) -> list[Action]:
        """Take note that the connection is gone."""
        if self.watching and self.kiosk is not None and self.room is not None:
            self.watching = False
            return [Forward(m.KioskGone(room=self.room, kiosk=self.kiosk, at=now))]
        return []

    def still_allowed(self, access: Access) -> bool:
        """Tell whether a door that is welcome would still be, under another configuration."""
        if access.doors:
            return access.doors.get(self._public) == self.room
        return self.room in access.rooms

    def _hello(self, hello: Hello) -> list[Action]:
        problem = self._problem_with(hello)
        if problem is not None:
            code, reason = problem
            return [Send(Refused(code=code, reason=reason)), End(1008, reason[:100])]
        self.role = hello.role
        if hello.role == "kiosk":
            self._public, self.kiosk = hello.key, signing.kiosk_id(hello.key)
        self.room = hello.room
        return [Greet(self.role, self.kiosk, self.room)]

    def _problem_with(self, hello: Hello) -> tuple[_Code, str] | None:
        access = self._access
        if hello.room is not None and hello.room not in access.rooms:
            return "unknown-room", f"no room {hello.room!r} here"
        if hello.role == "operator":
            known = access.operator_token
            if not known or not compare_digest(hello.token.encode(), known.encode()):
                return "not-authenticated", "the operator's token is wrong"
        if hello.role != "kiosk":
            return None
        if hello.room is None:
            return "unknown-room", "a door has to say its room"
        if not signing.hello_is_genuine(hello.key, self._nonce, hello.room, hello.signature):
            return "not-authenticated", "the challenge is not signed with this key"
        if access.doors and access.doors.get(hello.key) != hello.room:
            return "unknown-key", f"no [[door]] with room {hello.room} and key {hello.key}"
        return None

    def _follow(self, message: ClientMessage, now: datetime) -> list[Action]:
        match message:
            case Ping(id=ref):
                return [Send(Pong(ref=ref, server_time=now))]
            case Subscribe():
                return [Serve(message)]
            case Find(id=ref, wish=wish):
                return [Forward(m.Search(session=self.number, ref=ref, wish=wish, at=now))]
            case SendPress():
                return self._press(message, now)
            case Watching(for_seconds=seconds):
                return self._watch(now - timedelta(seconds=seconds), now)
            case Stuck(stuck=stuck):
                assert self.room is not None
                assert self.kiosk is not None
                return [Forward(m.ReportStuck(room=self.room, kiosk=self.kiosk, stuck=stuck, at=now))]
            case CloseRoom():
                closure = m.SetClosure(
                    session=self.number,
                    ref=message.id,
                    room=message.room,
                    closed=True,
                    at=now,
                    until=message.until,
                    reason=message.reason,
                )
                return [Forward(closure)]
            case ReopenRoom():
                reopening = m.SetClosure(
                    session=self.number, ref=message.id, room=message.room, closed=False, at=now
                )
                return [Forward(reopening)]
            case AskSources(id=ref):
                return [Forward(m.AskSources(session=self.number, ref=ref, at=now))]
            case JudgeReading(id=ref, source=source, accept=accept):
                judgement = m.JudgeReading(session=self.number, ref=ref, source=source, accept=accept, at=now)
                return [Forward(judgement)]
            case _:
                return [Send(Refused(code="bad-message", reason="hello was said already"))]

    def _watch(self, since: datetime, now: datetime) -> list[Action]:
        assert self.room is not None
        assert self.kiosk is not None
        if self.watching:
            return []
        self.watching = True
        return [Forward(m.KioskWatches(room=self.room, kiosk=self.kiosk, since=since, at=now))]

    def _press(self, message: SendPress, now: datetime) -> list[Action]:
        press = message.press
        name = press_id(press.kiosk, press.outbox, press.n)
        if press.room != self.room or press.kiosk != self.kiosk:
            reason = f"this door is {self.kiosk} of {self.room}"
            return [Send(Refused(code="not-allowed", reason=reason, ref=name))]
        if not signing.press_is_genuine(self._public, press, message.signature):
            return [Send(Refused(code="bad-message", reason="the signature is wrong", ref=name))]
        if press.minutes is not None and not 1 <= press.minutes <= LONGEST_STAY:
            reason = f"minutes are 1 to {LONGEST_STAY}"
            return [Send(Refused(code="bad-message", reason=reason, ref=name))]
        if not self._within_rate(now):
            return [Send(Refused(code="too-fast", reason="later, please", ref=name))]
        pressed_at, earliest = when_pressed(message, now)
        record = m.RecordPress(
            name=name,
            press=press,
            signature=message.signature,
            pressed_at=pressed_at,
            earliest=earliest,
            received_at=now,
        )
        return [Await(name), Forward(record)]

    def _within_rate(self, now: datetime) -> bool:
        if self._pressed_at is not None:
            earned = (now - self._pressed_at).total_seconds() * PRESS_RATE
            self._presses = min(float(PRESS_BURST), self._presses + max(0.0, earned))
        self._pressed_at = now
        if self._presses < 1:
            return False
        self._presses -= 1
        return True


def when_pressed(delivery: SendPress, received_at: datetime) -> tuple[datetime, datetime]:
    """Tell when a press happened, and the earliest it can have been.

    In the door's same run that is the receipt minus its age on ``CLOCK_BOOTTIME``. After a
    restart of the door it was before that run began; a wall clock that was set from a time server
    tells it, one that was not tells the earliest: such clocks are behind, never ahead.

    Args:
        delivery: The press as it came.
        received_at: The server's time.
    """
    press = delivery.press
    if press.boot_id == delivery.boot_id:
        age = max(0, delivery.boottime - press.boottime)
        pressed_at = received_at - timedelta(milliseconds=age)
        return pressed_at, pressed_at
    run_began = received_at - timedelta(milliseconds=max(0, delivery.boottime))
    earliest = min(press.wall, run_began)
    return (earliest if press.wall_synchronised else run_began), earliest


_Code = Literal["unknown-room", "not-authenticated", "unknown-key"]


def _ref(message: ClientMessage) -> int | EventId | None:
    if isinstance(message, SendPress):
        return press_id(message.press.kiosk, message.press.outbox, message.press.n)
    return getattr(message, "id", None)
