"""Who a client is: what it says of itself in its hello, and whether that is so. Pure."""

from __future__ import annotations

import secrets
from datetime import datetime
from hmac import compare_digest

from msgspec import Struct
from msgspec.structs import replace

from actors.entry.access import Access, Caller, Holder
from actors.entry.credentials import read_token
from actors.entry.limits import Allowances
from actors.live.actions import Action, Verify, turned_away
from events import signing
from events.ids import KioskId, RoomKey
from events.wire import Hello, Role

_WRONG_TOKEN = "the operator's token is wrong"  # noqa: S105  # a sentence
_NOT_SIGNED = "the challenge is not signed with this key for this server"
_GUESSED = "too many wrong logins from this address: wait a minute"


class Who(Struct, frozen=True, kw_only=True):
    """Who a client is.

    Attributes:
        role: None until it has said so.
        room: At which a door hangs, or of which a device speaks.
        kiosk: Names a door, by its key.
        key: The door's public key.
        operator: Number of the access of a person or a device; 0 for the server's own token.
        name: Of a person, a device, or what whoever holds the server's own token says.
        holder: What was granted to them.
        ticket: Names the login by which they came.
    """

    role: Role | None = None
    room: RoomKey | None = None
    kiosk: KioskId | None = None
    key: str = ""
    operator: int = 0
    name: str = ""
    holder: Holder | None = None
    ticket: str = ""


class Introduction:
    """One client's way from a challenge to being known.

    Args:
        caller: From where and how it comes.
        guesses: How many wrong logins each address has left.
    """

    def __init__(self, caller: Caller, guesses: Allowances) -> None:
        self.nonce = secrets.token_hex(32)
        self._caller = caller
        self._guesses = guesses
        self._claimed: Hello | None = None

    def take(self, hello: Hello, access: Access, now: datetime) -> Who | list[Action]:
        """Take a hello.

        Args:
            hello: Who the client says it is.
            access: Who may be what.
            now: The time.

        Returns:
            Who it is, or what to do instead of letting it in.
        """
        if self._caller.board_only and hello.role != "board":
            return turned_away("not-allowed", f"without TLS only boards are let in, no {hello.role}")
        if self._caller.framed and hello.role == "operator":
            reason = "no operator is let in here: the token would be read on the way"
            return turned_away("not-allowed", reason)
        if self._caller.crowded and hello.role in ("board", "unpaired"):
            return turned_away("too-fast", "too many are connected: try again later")
        if hello.room is not None and hello.room not in access.rooms:
            return turned_away("unknown-room", f"no room {hello.room!r} here")
        match hello.role:
            case "board":
                return _who(hello)
            case "kiosk":
                return self._door(hello, access)
            case "unpaired":
                return self._stranger(hello)
            case "device":
                return self._device(hello, access, now)
            case "operator":
                return self._operator(hello, access, now)

    def _door(self, hello: Hello, access: Access) -> Who | list[Action]:
        if hello.room is None:
            return turned_away("unknown-room", "a door has to say its room")
        if not self._signed(hello, hello.room):
            return turned_away("not-authenticated", _NOT_SIGNED)
        problem = door_problem(access, hello.key, hello.room)
        if problem is not None:
            return turned_away("unknown-key", problem)
        return _who(hello)

    def _signed(self, hello: Hello, room: str) -> bool:
        server = self._caller.server
        return signing.hello_is_genuine(hello.key, self.nonce, room, hello.signature, server)

    def _stranger(self, hello: Hello) -> Who | list[Action]:
        if hello.room is not None:
            return turned_away("bad-message", "a door that is not paired has no room")
        if not self._signed(hello, ""):
            return turned_away("not-authenticated", _NOT_SIGNED)
        return _who(hello)

    def _device(self, hello: Hello, access: Access, now: datetime) -> Who | list[Action]:
        number = hello.access or 0
        holder = access.holders.get(number)
        if not self._guesses.may_take(self._caller.address, now):
            return turned_away("too-fast", _GUESSED)
        if (
            holder is None
            or holder.role != "device"
            or not signing.device_is_genuine(holder.proof, self.nonce, hello.signature, self._caller.server)
        ):
            self._guesses.take(self._caller.address, now)
            return turned_away("not-authenticated", "the challenge is not answered by this device")
        return _who(hello, number, holder)

    def _operator(self, hello: Hello, access: Access, now: datetime) -> Who | list[Action]:
        """Let an operator in, by cookie, by the server's own token, or by a token to be verified."""
        number = self._caller.cookie
        if not hello.token and number is not None and (holder := access.holders.get(number)) is not None:
            return replace(_who(hello, number, holder), ticket=self._caller.ticket)
        if not self._guesses.may_take(self._caller.address, now):
            return turned_away("too-fast", _GUESSED)
        known = access.operator_token
        if known and compare_digest(hello.token.encode(), known.encode()):
            return _who(hello)
        if not hello.token:
            return turned_away("not-authenticated", "nobody is logged in: an operator's token is wanted")
        claimed = read_token(hello.token)
        if claimed is None:
            self._guesses.take(self._caller.address, now)
            return turned_away("not-authenticated", _WRONG_TOKEN)
        self._claimed = hello
        return [Verify(access.proof_of(claimed[0], hello.name), claimed[1])]

    def verified(
        self,
        right: bool | None,  # noqa: FBT001  # an answer
        access: Access,
        now: datetime,
    ) -> Who | list[Action]:
        """Go on with a hello whose secret was looked at meanwhile.

        Args:
            right: Whether it was; None when too many waited to be looked at.
            access: Who may be what.
            now: The time.
        """
        hello, self._claimed = self._claimed, None
        if hello is None:
            return []
        if right is None:
            return turned_away("too-fast", "too many log in just now: try again")
        claimed = read_token(hello.token)
        holder = access.holders.get(claimed[0]) if claimed else None
        # It may have been revoked while the secret was looked at.
        if not right or claimed is None or holder is None or holder.role != "operator":
            self._guesses.take(self._caller.address, now)
            return turned_away("not-authenticated", _WRONG_TOKEN)
        return _who(hello, claimed[0], holder)


def door_problem(access: Access, public: str, room: RoomKey | None) -> str | None:
    """Tell why a door may not speak for a room; None when it may.

    Args:
        access: Who may be what.
        public: The door's public key.
        room: The room at which it says it hangs.
    """
    if access.open and room in access.rooms:
        return None
    known = access.doors.get(public)
    if known is None or known not in access.rooms:
        return f"no door with the key {public} is known here: it has to be paired"
    return None if known == room else f"the door with this key belongs to {known}, not {room}"


def _who(hello: Hello, operator: int = 0, holder: Holder | None = None) -> Who:
    # Whoever holds the server's own token is believed the name that they say.
    own = hello.name if hello.role == "operator" else ""
    door = hello.role in ("kiosk", "unpaired")
    return Who(
        role=hello.role,
        room=holder.room if holder is not None else hello.room,
        kiosk=signing.kiosk_id(hello.key) if door else None,
        key=hello.key if door else "",
        operator=operator,
        name=holder.name if holder is not None else own,
        holder=holder,
    )
