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
from actors.codes import CONNECTION_TRIES, UNLOCKED, Gate
from events import signing
from events.domain import By, Press
from events.errors import WireError
from events.ids import PHONE, EventId, KioskId, RoomKey, press_id, sensed_id
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
    PostNotice,
    Refused,
    ReopenRoom,
    Role,
    SayPresence,
    SendPress,
    SendSensed,
    ServerMessage,
    SetHeadcount,
    Stuck,
    Subscribe,
    Unlock,
    Unlocked,
    Watching,
    WithdrawNotice,
    read_client_message,
)

ALLOWED: dict[Role, tuple[type[Any], ...]] = {
    # The last two only for a room whose door's code it showed: see `actors.codes`.
    "board": (Subscribe, Find, Ping, Unlock, SayPresence, SetHeadcount),
    "kiosk": (Subscribe, Find, Ping, SendPress, Watching, Stuck, SendSensed, SetHeadcount),
    "operator": (
        Subscribe,
        Find,
        Ping,
        CloseRoom,
        ReopenRoom,
        AskSources,
        JudgeReading,
        SetHeadcount,
        PostNotice,
        WithdrawNotice,
    ),
}
PRESS_BURST = 60
"""Presses that one door may send at once; what is over waits on the door."""
PRESS_RATE = 2.0
"""Presses a second that it may send for long."""
OTHER_BURST = 120
"""Messages that are no presses, good or bad, that a client may send at once."""
OTHER_RATE = 10.0
"""Such messages a second that it may send for long."""
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
    """The client waits for the answer to this press, or to what it sensed."""

    press: EventId


class Serve(Struct, frozen=True):
    """Send the client a snapshot, then what changes."""

    subscribe: Subscribe


class End(Struct, frozen=True):
    """Close the connection."""

    code: int
    reason: str


Action = Send | Greet | Forward | Await | Serve | End


class _Allowance:
    """So many at once, and so many a second for long.

    Args:
        burst: How many at once.
        rate: How many a second are earned again.
    """

    def __init__(self, burst: int, rate: float) -> None:
        self._burst, self._rate = float(burst), rate
        self._left = self._burst
        self._taken_at: datetime | None = None

    def take(self, now: datetime) -> bool:
        """Take one, if there is one left. A clock that goes back takes nothing away."""
        if self._taken_at is not None:
            earned = (now - self._taken_at).total_seconds() * self._rate
            self._left = min(self._burst, self._left + max(0.0, earned))
        self._taken_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Session:
    """What is known of one client.

    Args:
        number: Names the connection inside the server.
        access: Who may be what.
        gate: Knows the codes that doors show.
        address: Where the client is.
    """

    def __init__(self, number: m.Session, access: Access, gate: Gate, address: str = "") -> None:
        self.number = number
        self.role: Role | None = None
        self.kiosk: KioskId | None = None
        self.room: RoomKey | None = None
        self.watching = False
        self._access = access
        self._gate = gate
        self._address = address
        self._wrong_codes = 0
        self._unlocked: dict[RoomKey, datetime] = {}
        self._run = secrets.token_hex(8)
        self._public = ""
        self._nonce = secrets.token_hex(32)
        self._presses = _Allowance(PRESS_BURST, PRESS_RATE)
        self._others = _Allowance(OTHER_BURST, OTHER_RATE)

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
            if self.role is not None and not self._others.take(now):
                return [_too_fast(None)]
            refused = Send(Refused(code="bad-message", reason=str(error)))
            return [refused] if self.role is not None else [refused, End(1008, "expected hello")]
        if self.role is None:
            if isinstance(message, Hello):
                return self._hello(message)
            return [
                Send(Refused(code="not-authenticated", reason="say hello first", ref=_ref(message))),
                End(1008, "expected hello"),
            ]
        pressed = self.role == "kiosk" and isinstance(message, SendPress)
        if not pressed and not self._others.take(now):
            return [_too_fast(_ref(message))]
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
            case SendSensed():
                return self._sensed(message, now)
            case SetHeadcount():
                return self._count(message, now)
            case Unlock():
                return self._unlock(message, now)
            case SayPresence():
                return self._say_presence(message, now)
            case PostNotice(id=ref, topic=topic, text=text, until=until):
                notice = m.PostNotice(
                    session=self.number, ref=ref, topic=topic, text=text, at=now, until=until
                )
                return [Forward(notice)]
            case WithdrawNotice(id=ref, notice=number):
                return [Forward(m.WithdrawNotice(session=self.number, ref=ref, notice=number, at=now))]
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
        if not self._presses.take(now):
            return [_too_fast(name)]
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

    def _sensed(self, message: SendSensed, now: datetime) -> list[Action]:
        assert self.room is not None
        assert self.kiosk is not None
        name = sensed_id(self.kiosk, message.run, message.id)
        record = m.RecordSensed(
            name=name,
            room=self.room,
            kiosk=self.kiosk,
            sensed=message.sensed,
            at=when_sensed(message, now),
            received_at=now,
        )
        return [Await(name), Forward(record)]

    def _count(self, message: SetHeadcount, now: datetime) -> list[Action]:
        at_door = self.role == "kiosk"
        if at_door and message.room != self.room:
            reason = f"this door counts for {self.room} only"
            return [Send(Refused(code="not-allowed", reason=reason, ref=message.id))]
        by: By = "touch" if at_door else "desk"
        if self.role == "board":
            if not self._may_speak(message.room, now):
                return [_locked(message.id, message.room)]
            by = "phone"
        count = m.SetHeadcount(
            session=self.number,
            ref=message.id,
            room=message.room,
            count=message.count,
            at=now,
            by=by,
            kiosk=self.kiosk,
        )
        return [Forward(count)]


    def _unlock(self, message: Unlock, now: datetime) -> list[Action]:
        room = message.room
        if room not in self._access.rooms:
            return [Send(Refused(code="unknown-room", reason=f"no room {room!r} here", ref=message.id))]
        if self._wrong_codes >= CONNECTION_TRIES or not self._gate.may_try(self._address, now):
            return [_too_fast(message.id)]
        if not self._gate.open(room, message.code, self._address, now):
            self._wrong_codes += 1
            reason = f"this is no code that the door of {room} shows now: scan it again"
            return [Send(Refused(code="not-allowed", reason=reason, ref=message.id))]
        until = now + UNLOCKED
        self._unlocked[room] = until
        return [Send(Unlocked(ref=message.id, room=room, until=until))]

    def _may_speak(self, room: RoomKey, now: datetime) -> bool:
        until = self._unlocked.get(room)
        return until is not None and now < until

    def _say_presence(self, message: SayPresence, now: datetime) -> list[Action]:
        """Make a press of what a phone said: it has no key and no clock that counts, so we name it."""
        if not self._may_speak(message.room, now):
            return [_locked(message.id, message.room)]
        press = Press(
            kiosk=PHONE,
            outbox=self._run,
            n=message.id,
            room=message.room,
            intent=message.intent,
            by="phone",
            minutes=message.minutes,
            boot_id="",
            boottime=0,
            wall=now,
            wall_synchronised=True,
        )
        name = press_id(PHONE, self._run, message.id)
        record = m.RecordPress(
            name=name, press=press, signature="", pressed_at=now, earliest=now, received_at=now
        )
        return [Await(name), Forward(record)]


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


def when_sensed(delivery: SendSensed, received_at: datetime) -> datetime:
    """Tell when a sensor felt something: the receipt minus its age on ``CLOCK_BOOTTIME``.

    A door keeps what it felt in memory only, so it is of the machine's present run. What claims to
    be older than that run was when it began, what claims to be still to come is now.

    Args:
        delivery: What was felt, as it came.
        received_at: The server's time.
    """
    age = delivery.boottime - max(0, delivery.at)
    return received_at - timedelta(milliseconds=max(0, age))


def _locked(ref: int, room: RoomKey) -> Send:
    reason = f"only who stands at the door of {room} may say that: scan the code that it shows"
    return Send(Refused(code="not-allowed", reason=reason, ref=ref))


def _too_fast(ref: int | EventId | None) -> Send:
    return Send(Refused(code="too-fast", reason="later, please", ref=ref))


_Code = Literal["unknown-room", "not-authenticated", "unknown-key"]


def _ref(message: ClientMessage) -> int | EventId | None:
    if isinstance(message, SendPress):
        return press_id(message.press.kiosk, message.press.outbox, message.press.n)
    return getattr(message, "id", None)
