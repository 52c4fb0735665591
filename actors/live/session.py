"""One connection of the gateway, without any I/O: what a client may say and what follows from it.

The table of roles and messages is `ALLOWED`, and what is not in it is refused.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from msgspec import Struct

from actors import messages as m
from actors.entry.access import Access, Caller, Desk, Holder
from actors.entry.codes import CONNECTION_TRIES, UNLOCKED
from actors.entry.credentials import is_proof, read_token
from actors.entry.limits import Allowance
from actors.live.lobby import FEED, ROSTER
from actors.live.orders import order_of
from actors.live.plausible import why_implausible
from events import signing
from events.domain import By, Press
from events.errors import WireError
from events.ids import PHONE, EventId, KioskId, RoomKey, device_sender, press_id, sensed_id
from events.wire import (
    AnnotateRoom,
    AskAccess,
    AskSources,
    Challenge,
    ClientMessage,
    CloseRoom,
    Code,
    Find,
    GrantAccess,
    Hello,
    JoinChannel,
    JudgeReading,
    LeaveChannel,
    Pair,
    Paired,
    Ping,
    Pong,
    PostNotice,
    Refused,
    ReopenRoom,
    RevokeAccess,
    RevokeDoor,
    Role,
    Say,
    SayPresence,
    SendPress,
    SendSensed,
    ServerMessage,
    SetHeadcount,
    Stuck,
    Subscribe,
    Unlock,
    Unlocked,
    Unsubscribe,
    Watching,
    WithdrawNotice,
    read_client_message,
)

ALLOWED: dict[Role, tuple[type[Any], ...]] = {
    # The last two only for a room whose door's code it showed: see `actors.entry.codes`.
    "board": (Subscribe, Unsubscribe, Find, Ping, Unlock, SayPresence, SetHeadcount),
    "kiosk": (Subscribe, Unsubscribe, Find, Ping, SendPress, Watching, Stuck, SendSensed, SetHeadcount),
    # A small device with a secret; the last two for its own room only.
    "device": (Subscribe, Unsubscribe, Find, Ping, SayPresence, SetHeadcount),
    # A door whose key nobody has confirmed yet waits, and that is all.
    "unpaired": (Ping,),
    "operator": (
        Subscribe,
        Unsubscribe,
        JoinChannel,
        LeaveChannel,
        Say,
        Find,
        Ping,
        CloseRoom,
        ReopenRoom,
        AnnotateRoom,
        AskSources,
        JudgeReading,
        SetHeadcount,
        PostNotice,
        WithdrawNotice,
        Pair,
        RevokeDoor,
        AskAccess,
        # These two with the server's own token only: see `Session._manage`.
        GrantAccess,
        RevokeAccess,
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


class Session:
    """What is known of one client.

    Args:
        number: Names the connection inside the server.
        access: Who may be what.
        desk: What all sessions share.
        caller: From where and how the client comes.
    """

    def __init__(self, number: m.Session, access: Access, desk: Desk, caller: Caller | None = None) -> None:
        self.number = number
        self.role: Role | None = None
        self.kiosk: KioskId | None = None
        self.room: RoomKey | None = None
        self.operator = 0
        self.name = ""
        self.ticket = ""
        self.watching = False
        self._access = access
        self._desk = desk
        self._gate = desk.gate
        self._caller = caller or Caller()
        self._address = self._caller.address
        self._claimed: Hello | None = None
        self._holder: Holder | None = None
        self._wrong_codes = 0
        self._unlocked: dict[RoomKey, datetime] = {}
        self._run = secrets.token_hex(8)
        self._public = ""
        self._nonce = secrets.token_hex(32)
        self._presses = Allowance(PRESS_BURST, PRESS_RATE)
        self._others = Allowance(OTHER_BURST, OTHER_RATE)

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
                return self._hello(message, now)
            return [
                Send(Refused(code="not-authenticated", reason="say hello first", ref=_ref(message))),
                End(1008, "expected hello"),
            ]
        pressed = self.role == "kiosk" and isinstance(message, SendPress)
        # Also of a press that is refused in the end: its signature is what costs most.
        allowance = self._presses if pressed else self._others
        if not allowance.take(now):
            return [_too_fast(_ref(message))]
        if not isinstance(message, ALLOWED[self.role]):
            what = message.__struct_config__.tag
            reason = f"a {self.role} may not send {what}"
            return [Send(Refused(code="not-allowed", reason=reason, ref=_ref(message)))]
        problem = why_implausible(message, now)
        if problem is not None:
            return [Send(Refused(code="bad-message", reason=problem, ref=_ref(message)))]
        try:
            return self._follow(message, now)
        except OverflowError as error:
            reason = f"its numbers lead out of the calendar: {error}"
            return [Send(Refused(code="bad-message", reason=reason, ref=_ref(message)))]

    def ended(self, now: datetime) -> list[Action]:
        """Take note that the connection is gone."""
        self._desk.pairing.forget(self.number)
        if self.watching and self.kiosk is not None and self.room is not None:
            self.watching = False
            return [Forward(m.KioskGone(room=self.room, kiosk=self.kiosk, at=now))]
        return []

    def follow(self, access: Access) -> bool:
        """Go by another configuration, or by what was granted and revoked since.

        Args:
            access: Who may be what from here on.

        Returns:
            Whether the client may stay. One that is not welcome yet is judged by its hello.
        """
        self._access = access
        match self.role:
            case "kiosk":
                return self._door_problem(self._public, self.room) is None
            case "operator" if self.operator == 0:
                return bool(access.operator_token)
            case "operator" | "device":
                return self._holder is not None and access.holders.get(self.operator) == self._holder
        return True

    def paired(self) -> list[Action]:
        """Tell a door that waits that it is paired, if it is; it comes back as what it is then."""
        room = self._access.doors.get(self._public)
        if self.role != "unpaired" or room is None or self.kiosk is None:
            return []
        told = Paired(room=room, kiosk=self.kiosk, server=self._caller.server)
        return [Send(told), End(1000, "paired")]

    def verified(self, right: bool | None, now: datetime) -> list[Action]:  # noqa: FBT001  # an answer
        """Go on with a hello whose secret was looked at meanwhile.

        Args:
            right: Whether it was; None when too many waited to be looked at.
            now: The time.
        """
        hello, self._claimed = self._claimed, None
        if hello is None:
            return []
        if right is None:
            return _turned_away("too-fast", "too many log in just now: try again")
        claimed = read_token(hello.token)
        holder = self._access.holders.get(claimed[0]) if claimed else None
        # It may have been revoked while the secret was looked at.
        if not right or claimed is None or holder is None or holder.role != "operator":
            self._desk.guesses.wrong(self._address, now)
            return _turned_away("not-authenticated", _WRONG_TOKEN)
        return self._let_in(hello, operator=claimed[0], holder=holder)

    def _let_in(self, hello: Hello, *, operator: int = 0, holder: Holder | None = None) -> list[Action]:
        self.role, self.operator, self._holder = hello.role, operator, holder
        # Whoever holds the server's own token is believed the name that they say.
        own = hello.name if hello.role == "operator" else ""
        self.name = holder.name if holder is not None else own
        self.room = holder.room if holder is not None else hello.room
        if hello.role in ("kiosk", "unpaired"):
            self._public, self.kiosk = hello.key, signing.kiosk_id(hello.key)
        return [Greet(self.role, self.kiosk, self.room, operator, self.name)]

    def _hello(self, hello: Hello, now: datetime) -> list[Action]:
        if self._caller.board_only and hello.role != "board":
            return _turned_away("not-allowed", f"without TLS only boards are let in, no {hello.role}")
        if self._caller.framed and hello.role == "operator":
            reason = "no operator is let in here: the token would be read on the way"
            return _turned_away("not-allowed", reason)
        if self._caller.crowded and hello.role in ("board", "unpaired"):
            return _turned_away("too-fast", "too many are connected: try again later")
        if hello.room is not None and hello.room not in self._access.rooms:
            return _turned_away("unknown-room", f"no room {hello.room!r} here")
        match hello.role:
            case "board":
                return self._let_in(hello)
            case "kiosk":
                return self._door(hello)
            case "unpaired":
                return self._stranger(hello, now)
            case "device":
                return self._device(hello, now)
            case "operator":
                return self._operator(hello, now)

    def _door(self, hello: Hello) -> list[Action]:
        if hello.room is None:
            return _turned_away("unknown-room", "a door has to say its room")
        if not self._signed(hello, hello.room):
            return _turned_away("not-authenticated", _NOT_SIGNED)
        problem = self._door_problem(hello.key, hello.room)
        if problem is not None:
            return _turned_away("unknown-key", problem)
        return self._let_in(hello)

    def _door_problem(self, public: str, room: RoomKey | None) -> str | None:
        access = self._access
        if access.open and room in access.rooms:
            return None
        known = access.doors.get(public)
        if known is None or known not in access.rooms:
            return f"no door with the key {public} is known here: it has to be paired"
        return None if known == room else f"the door with this key belongs to {known}, not {room}"

    def _signed(self, hello: Hello, room: str) -> bool:
        server = self._caller.server
        return signing.hello_is_genuine(hello.key, self._nonce, room, hello.signature, server)

    def _stranger(self, hello: Hello, now: datetime) -> list[Action]:
        if hello.room is not None:
            return _turned_away("bad-message", "a door that is not paired has no room")
        if not self._signed(hello, ""):
            return _turned_away("not-authenticated", _NOT_SIGNED)
        greet = self._let_in(hello)
        assert self.kiosk is not None
        known = self.paired()
        if known:
            return [*greet, *known]  # it was told before, and the word was lost
        offer = self._desk.pairing.offer(self.number, self.kiosk, hello.key, now, self._address)
        if offer is None:
            return _turned_away("too-fast", "too many doors wait to be paired")
        return [*greet, Send(offer.told)]

    def _device(self, hello: Hello, now: datetime) -> list[Action]:
        number = hello.access or 0
        holder = self._access.holders.get(number)
        if not self._desk.guesses.may(self._address, now):
            return _turned_away("too-fast", _GUESSED)
        if (
            holder is None
            or holder.role != "device"
            or not signing.device_is_genuine(holder.proof, self._nonce, hello.signature, self._caller.server)
        ):
            self._desk.guesses.wrong(self._address, now)
            return _turned_away("not-authenticated", "the challenge is not answered by this device")
        return self._let_in(hello, operator=number, holder=holder)

    def _operator(self, hello: Hello, now: datetime) -> list[Action]:
        """Let an operator in, by cookie, by the server's own token, or by a token to be verified."""
        access = self._access
        number = self._caller.cookie
        if not hello.token and number is not None and (holder := access.holders.get(number)) is not None:
            self.ticket = self._caller.ticket
            return self._let_in(hello, operator=number, holder=holder)
        if not self._desk.guesses.may(self._address, now):
            return _turned_away("too-fast", _GUESSED)
        known = access.operator_token
        if known and compare_digest(hello.token.encode(), known.encode()):
            return self._let_in(hello)
        if not hello.token:
            return _turned_away("not-authenticated", "nobody is logged in: an operator's token is wanted")
        claimed = read_token(hello.token)
        if claimed is None:
            self._desk.guesses.wrong(self._address, now)
            return _turned_away("not-authenticated", _WRONG_TOKEN)
        self._claimed = hello
        return [Verify(access.proof_of(claimed[0], hello.name), claimed[1])]

    def _follow(self, message: ClientMessage, now: datetime) -> list[Action]:
        match message:
            case Ping(id=ref):
                return [Send(Pong(ref=ref, server_time=now))]
            case Subscribe(topics=topics):
                private = {ROSTER, FEED} & set(topics)
                if private and self.role != "operator":
                    reason = f"a {self.role} may not follow {' or '.join(sorted(private))}"
                    return [Send(Refused(code="not-allowed", reason=reason))]
                return [Serve(message)]
            case Unsubscribe(topics=topics):
                return [Leave(topics)]
            case JoinChannel() | LeaveChannel() | Say():
                return [Talk(message)]
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
            case Unlock() | SayPresence():
                return self._at_the_door(message, now)
            case (
                PostNotice() | WithdrawNotice() | CloseRoom() | ReopenRoom() | JudgeReading() | AnnotateRoom()
            ):
                return [Forward(order_of(message, self.number, self.operator, now))]
            case Pair() | RevokeDoor() | GrantAccess() | RevokeAccess() | AskAccess():
                return self._manage(message, now)
            case AskSources(id=ref):
                return [Forward(m.AskSources(session=self.number, ref=ref, at=now))]
            case _:
                return [Send(Refused(code="bad-message", reason="hello was said already"))]

    def _manage(
        self, message: Pair | RevokeDoor | GrantAccess | RevokeAccess | AskAccess, now: datetime
    ) -> list[Action]:
        """Do what concerns who may come in."""
        to, by, ref = self.number, self.operator, message.id
        match message:
            case AskAccess():
                return [TellAccess(ref)]
            case Pair(room=room, code=code, name=name):
                if room not in self._access.rooms:
                    reason = f"no room {room!r} here"
                    return [Send(Refused(code="unknown-room", reason=reason, ref=ref))]
                offer = self._desk.pairing.redeem(code, now)
                if offer is None:
                    reason = "no door shows this code now: look at its screen again"
                    return [Send(Refused(code="not-allowed", reason=reason, ref=ref))]
                pair = m.PairDoor(
                    session=to,
                    operator=by,
                    ref=ref,
                    room=room,
                    kiosk=offer.kiosk,
                    key=offer.key,
                    at=now,
                    name=name,
                )
                return [Forward(pair)]
            case RevokeDoor(kiosk=kiosk):
                configured = any(door.kiosk == kiosk for door in self._access.listed.doors)
                revoke = m.RevokeDoor(
                    session=to, operator=by, ref=ref, kiosk=kiosk, configured=configured, at=now
                )
                return [Forward(revoke)]
        if by != 0:
            reason = "access is granted and revoked on the server's machine: toctoc access"
            return [Send(Refused(code="not-allowed", reason=reason, ref=ref))]
        match message:
            case GrantAccess(name=name, role=role, proof=proof, room=of):
                problem = self._why_not_granted(message)
                if problem is not None:
                    return [Send(Refused(code="bad-message", reason=problem, ref=ref))]
                grant = m.GrantAccess(session=to, ref=ref, name=name, role=role, proof=proof, room=of, at=now)
                return [Forward(grant)]
            case RevokeAccess(access=number):
                return [Forward(m.RevokeAccess(session=to, ref=ref, access=number, at=now))]

    def _why_not_granted(self, message: GrantAccess) -> str | None:
        if not is_proof(message.role, message.proof):
            return "the proof is not what `toctoc access grant` makes"
        if (message.role == "device") != (message.room is not None):
            return "a device speaks for one room, and a person for none"
        if message.room is not None and message.room not in self._access.rooms:
            return f"no room {message.room!r} here"
        return None

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
        at_door = self.role in ("kiosk", "device")
        if at_door and message.room != self.room:
            reason = f"this {'door' if self.role == 'kiosk' else 'device'} counts for {self.room} only"
            return [Send(Refused(code="not-allowed", reason=reason, ref=message.id))]
        if self.role == "board" and not self._may_speak(message.room, now):
            return [_locked(message.id, message.room)]
        count = m.SetHeadcount(
            session=self.number,
            operator=self.operator,
            ref=message.id,
            room=message.room,
            count=message.count,
            at=now,
            by=_BY.get(self.role or "board", "phone"),
            kiosk=self.kiosk,
        )
        return [Forward(count)]

    def _at_the_door(self, message: Unlock | SayPresence, now: datetime) -> list[Action]:
        if isinstance(message, Unlock):
            return self._unlock(message, now)
        return self._say_presence(message, now)

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
        """Make a press of what a phone or a small device said.

        It has no key and no clock that counts, so we name it.
        """
        device = self.role == "device"
        if device and message.room != self.room:
            reason = f"this device speaks for {self.room} only"
            return [Send(Refused(code="not-allowed", reason=reason, ref=message.id))]
        if not device and not self._may_speak(message.room, now):
            return [_locked(message.id, message.room)]
        sender = device_sender(self.operator) if device else PHONE
        press = Press(
            kiosk=sender,
            outbox=self._run,
            n=message.id,
            room=message.room,
            intent=message.intent,
            by="device" if device else "phone",
            minutes=message.minutes,
            boot_id="",
            boottime=0,
            wall=now,
            wall_synchronised=True,
        )
        name = press_id(sender, self._run, message.id)
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


def _turned_away(code: Code, reason: str) -> list[Action]:
    return [Send(Refused(code=code, reason=reason)), End(1008, reason[:100])]


_WRONG_TOKEN = "the operator's token is wrong"  # noqa: S105  # a sentence
_NOT_SIGNED = "the challenge is not signed with this key for this server"
_GUESSED = "too many wrong logins from this address: wait a minute"
_BY: dict[Role, By] = {"kiosk": "touch", "device": "device", "operator": "desk", "board": "phone"}


def _ref(message: ClientMessage) -> int | EventId | None:
    if isinstance(message, SendPress):
        return press_id(message.press.kiosk, message.press.outbox, message.press.n)
    return getattr(message, "id", None)
