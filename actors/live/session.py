"""One connection of the gateway, without any I/O: what a client may say and what follows from it.

The table of roles and messages is `ALLOWED`, and what is not in it is refused.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from actors import messages as m
from actors.entry.access import Access, Caller, Desk
from actors.entry.codes import CONNECTION_TRIES, UNLOCKED
from actors.entry.credentials import is_proof
from actors.entry.limits import Allowance
from actors.live.actions import (
    Action,
    Await,
    End,
    Forward,
    Greet,
    Leave,
    Send,
    Serve,
    Talk,
    TellAccess,
    refused,
    too_fast,
    turned_away,
)
from actors.live.hello import Introduction, Who, door_problem
from actors.live.lobby import FEED, ROSTER
from actors.live.orders import order_of
from actors.live.plausible import why_implausible
from actors.live.times import when_pressed, when_sensed
from events import signing
from events.domain import By, Press
from events.errors import WireError
from events.ids import PHONE, EventId, RoomKey, device_sender, press_id, sensed_id
from events.wire import (
    AnnotateRoom,
    AskAccess,
    AskSources,
    Challenge,
    ClientMessage,
    CloseRoom,
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
    ReopenRoom,
    RevokeAccess,
    RevokeDoor,
    Role,
    Say,
    SayPresence,
    SendPress,
    SendSensed,
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
        self.who = Who()
        self.watching = False
        self._access = access
        self._desk = desk
        self._gate = desk.gate
        self._caller = caller or Caller()
        self._address = self._caller.address
        self._introduction = Introduction(self._caller, desk.guesses)
        self._wrong_codes = 0
        self._unlocked: dict[RoomKey, datetime] = {}
        self._run = secrets.token_hex(8)
        self._presses = Allowance(PRESS_BURST, PRESS_RATE)
        self._others = Allowance(OTHER_BURST, OTHER_RATE)

    def open(self) -> list[Action]:
        """Begin: the server speaks first."""
        return [Send(Challenge(nonce=self._introduction.nonce))]

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
            if self.who.role is not None and not self._others.take(now):
                return [too_fast(None)]
            answer = refused("bad-message", str(error))
            return [answer] if self.who.role is not None else [answer, End(1008, "expected hello")]
        if self.who.role is None:
            if isinstance(message, Hello):
                return self._met(self._introduction.take(message, self._access, now), now)
            return [
                refused("not-authenticated", "say hello first", _ref(message)),
                End(1008, "expected hello"),
            ]
        pressed = self.who.role == "kiosk" and isinstance(message, SendPress)
        # Also of a press that is refused in the end: its signature is what costs most.
        allowance = self._presses if pressed else self._others
        if not allowance.take(now):
            return [too_fast(_ref(message))]
        if not isinstance(message, ALLOWED[self.who.role]):
            what = message.__struct_config__.tag
            reason = f"a {self.who.role} may not send {what}"
            return [refused("not-allowed", reason, _ref(message))]
        problem = why_implausible(message, now)
        if problem is not None:
            return [refused("bad-message", problem, _ref(message))]
        try:
            return self._follow(message, now)
        except OverflowError as error:
            reason = f"its numbers lead out of the calendar: {error}"
            return [refused("bad-message", reason, _ref(message))]

    def ended(self, now: datetime) -> list[Action]:
        """Take note that the connection is gone."""
        self._desk.pairing.forget(self.number)
        if self.watching and self.who.kiosk is not None and self.who.room is not None:
            self.watching = False
            return [Forward(m.KioskGone(room=self.who.room, kiosk=self.who.kiosk, at=now))]
        return []

    def follow(self, access: Access) -> bool:
        """Go by another configuration, or by what was granted and revoked since.

        Args:
            access: Who may be what from here on.

        Returns:
            Whether the client may stay. One that is not welcome yet is judged by its hello.
        """
        self._access, who = access, self.who
        match who.role:
            case "kiosk":
                return door_problem(access, who.key, who.room) is None
            case "operator" if who.operator == 0:
                return bool(access.operator_token)
            case "operator" | "device":
                return who.holder is not None and access.holders.get(who.operator) == who.holder
        return True

    def paired(self) -> list[Action]:
        """Tell a door that waits that it is paired, if it is; it comes back as what it is then."""
        room = self._access.doors.get(self.who.key)
        if self.who.role != "unpaired" or room is None or self.who.kiosk is None:
            return []
        told = Paired(room=room, kiosk=self.who.kiosk, server=self._caller.server)
        return [Send(told), End(1000, "paired")]

    def verified(self, right: bool | None, now: datetime) -> list[Action]:  # noqa: FBT001  # an answer
        """Go on with a hello whose secret was looked at meanwhile: see `Introduction.verified`."""
        return self._met(self._introduction.verified(right, self._access, now), now)

    def _met(self, met: Who | list[Action], now: datetime) -> list[Action]:
        """Welcome whoever is who they say."""
        if not isinstance(met, Who):
            return met
        self.who = met
        assert met.role is not None
        greet: list[Action] = [Greet(met.role, met.kiosk, met.room, met.operator, met.name)]
        if met.role != "unpaired":
            return greet
        known = self.paired()
        if known:
            return [*greet, *known]  # it was told before, and the word was lost
        assert met.kiosk is not None
        offer = self._desk.pairing.offer(self.number, met.kiosk, met.key, now, self._address)
        if offer is None:
            return turned_away("too-fast", "too many doors wait to be paired")
        return [*greet, Send(offer.told)]

    def _follow(self, message: ClientMessage, now: datetime) -> list[Action]:
        match message:
            case Ping(id=ref):
                return [Send(Pong(ref=ref, server_time=now))]
            case Subscribe(topics=topics):
                private = {ROSTER, FEED} & set(topics)
                if private and self.who.role != "operator":
                    reason = f"a {self.who.role} may not follow {' or '.join(sorted(private))}"
                    return [refused("not-allowed", reason)]
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
                assert self.who.room is not None
                assert self.who.kiosk is not None
                return [Forward(m.ReportStuck(room=self.who.room, kiosk=self.who.kiosk, stuck=stuck, at=now))]
            case SendSensed():
                return self._sensed(message, now)
            case SetHeadcount():
                return self._count(message, now)
            case Unlock() | SayPresence():
                return self._at_the_door(message, now)
            case (
                PostNotice() | WithdrawNotice() | CloseRoom() | ReopenRoom() | JudgeReading() | AnnotateRoom()
            ):
                return [Forward(order_of(message, self.number, self.who.operator, now))]
            case Pair() | RevokeDoor() | GrantAccess() | RevokeAccess() | AskAccess():
                return self._manage(message, now)
            case AskSources(id=ref):
                return [Forward(m.AskSources(session=self.number, ref=ref, at=now))]
            case _:
                return [refused("bad-message", "hello was said already")]

    def _manage(
        self, message: Pair | RevokeDoor | GrantAccess | RevokeAccess | AskAccess, now: datetime
    ) -> list[Action]:
        """Do what concerns who may come in."""
        to, by, ref = self.number, self.who.operator, message.id
        match message:
            case AskAccess():
                return [TellAccess(ref)]
            case Pair(room=room, code=code, name=name):
                if room not in self._access.rooms:
                    reason = f"no room {room!r} here"
                    return [refused("unknown-room", reason, ref)]
                offer = self._desk.pairing.redeem(code, now)
                if offer is None:
                    reason = "no door shows this code now: look at its screen again"
                    return [refused("not-allowed", reason, ref)]
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
            return [refused("not-allowed", reason, ref)]
        match message:
            case GrantAccess(name=name, role=role, proof=proof, room=of):
                problem = self._why_not_granted(message)
                if problem is not None:
                    return [refused("bad-message", problem, ref)]
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
        assert self.who.room is not None
        assert self.who.kiosk is not None
        if self.watching:
            return []
        self.watching = True
        return [Forward(m.KioskWatches(room=self.who.room, kiosk=self.who.kiosk, since=since, at=now))]

    def _press(self, message: SendPress, now: datetime) -> list[Action]:
        press = message.press
        name = press_id(press.kiosk, press.outbox, press.n)
        if press.room != self.who.room or press.kiosk != self.who.kiosk:
            reason = f"this door is {self.who.kiosk} of {self.who.room}"
            return [refused("not-allowed", reason, name)]
        if not signing.press_is_genuine(self.who.key, press, message.signature):
            return [refused("bad-message", "the signature is wrong", name)]
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
        assert self.who.room is not None
        assert self.who.kiosk is not None
        name = sensed_id(self.who.kiosk, message.run, message.id)
        record = m.RecordSensed(
            name=name,
            room=self.who.room,
            kiosk=self.who.kiosk,
            sensed=message.sensed,
            at=when_sensed(message, now),
            received_at=now,
        )
        return [Await(name), Forward(record)]

    def _count(self, message: SetHeadcount, now: datetime) -> list[Action]:
        at_door = self.who.role in ("kiosk", "device")
        if at_door and message.room != self.who.room:
            reason = (
                f"this {'door' if self.who.role == 'kiosk' else 'device'} counts for {self.who.room} only"
            )
            return [refused("not-allowed", reason, message.id)]
        if self.who.role == "board" and not self._may_speak(message.room, now):
            return [_locked(message.id, message.room)]
        count = m.SetHeadcount(
            session=self.number,
            operator=self.who.operator,
            ref=message.id,
            room=message.room,
            count=message.count,
            at=now,
            by=_BY.get(self.who.role or "board", "phone"),
            kiosk=self.who.kiosk,
        )
        return [Forward(count)]

    def _at_the_door(self, message: Unlock | SayPresence, now: datetime) -> list[Action]:
        if isinstance(message, Unlock):
            return self._unlock(message, now)
        return self._say_presence(message, now)

    def _unlock(self, message: Unlock, now: datetime) -> list[Action]:
        room = message.room
        if room not in self._access.rooms:
            return [refused("unknown-room", f"no room {room!r} here", message.id)]
        if self._wrong_codes >= CONNECTION_TRIES or not self._gate.may_try(self._address, now):
            return [too_fast(message.id)]
        if not self._gate.open(room, message.code, self._address, now):
            self._wrong_codes += 1
            reason = f"this is no code that the door of {room} shows now: scan it again"
            return [refused("not-allowed", reason, message.id)]
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
        device = self.who.role == "device"
        if device and message.room != self.who.room:
            reason = f"this device speaks for {self.who.room} only"
            return [refused("not-allowed", reason, message.id)]
        if not device and not self._may_speak(message.room, now):
            return [_locked(message.id, message.room)]
        sender = device_sender(self.who.operator) if device else PHONE
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


_BY: dict[Role, By] = {"kiosk": "touch", "device": "device", "operator": "desk", "board": "phone"}


def _ref(message: ClientMessage) -> int | EventId | None:
    if isinstance(message, SendPress):
        return press_id(message.press.kiosk, message.press.outbox, message.press.n)
    return getattr(message, "id", None)


def _locked(ref: int, room: RoomKey) -> Send:
    reason = f"only who stands at the door of {room} may say that: scan the code that it shows"
    return refused("not-allowed", reason, ref)
