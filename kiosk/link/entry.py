"""Who the door is to the server, how it shows that, and how it is paired. On the link's thread."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from websockets.asyncio.client import ClientConnection

from events.clock import Clock
from events.errors import WireError
from events.ids import KioskId, RoomKey
from events.signing import kiosk_id, public_hex, sign_hello
from events.tls import check
from events.wire import (
    Challenge,
    Hello,
    Paired,
    PairingCode,
    Refused,
    Welcome,
    encode,
    read_server_message,
)
from kiosk.disk import Disk, Put
from kiosk.inbox import Received, Unpaired
from kiosk.pairing import Pairing, keep_pairing

logger = logging.getLogger(__name__)

PROGRAM = "toctoc kiosk"


class Target(Struct, frozen=True, kw_only=True):
    """Where to connect, and as whom.

    Attributes:
        server: ``ws://`` or ``wss://`` address.
        room: At whose door it hangs; None for a door that has to be paired.
        pin: Fingerprint of the server's key, by which alone it is then known; empty for none.
        pairing: File that keeps the server's word on room and fingerprint; None for nowhere.
        ceiling: Longest mean of the wait between two attempts is half of it, in seconds.
        topics: What the door wishes to be told of.
    """

    server: str
    room: RoomKey | None
    pin: str = ""
    pairing: Path | None = None
    ceiling: float = 30.0
    topics: tuple[str, ...] = ("school",)


class NotLetIn(Exception):
    """The server does not let this door in."""


class NowPaired(Exception):
    """The server knows the door now: it has to come again as what it is."""


class Entry:
    """Who the door is.

    Args:
        target: Where it connects, and as whom.
        key: The door's key.
        inbox: Is told what an operator has to type.
        clock: Where the time comes from.
        disk: Is told how the file of the pairing fares.

    Attributes:
        key: The door's key.
        kiosk: Its fingerprint.
        room: At whose door it hangs; None until it is paired.
        stranger: Whether it has to be paired first.
    """

    def __init__(
        self, target: Target, key: Ed25519PrivateKey, *, inbox: Put, clock: Clock, disk: Disk
    ) -> None:
        self.key = key
        self.kiosk: KioskId = kiosk_id(public_hex(key))
        self.room = target.room
        self.stranger = target.room is None
        self._target = target
        self._pin = target.pin
        self._inbox = inbox
        self._clock = clock
        self._disk = disk

    @property
    def verifies(self) -> bool:
        """Whether the system's authorities have to know the server.

        A door that was never paired has nothing to lose to a wrong server but its code.
        """
        return not self._pin and self.room is not None

    def check(self, seen: str) -> None:
        """Compare the key that a server showed with the one that is known.

        Raises:
            WrongServer: It is another one.
        """
        if self._pin:
            check(seen, self._pin)

    async def greet(
        self, connection: ClientConnection, role: Literal["kiosk", "unpaired"], seen: str
    ) -> Welcome:
        """Answer the challenge, for this room and the server whose key was seen.

        Raises:
            NotLetIn: The server refuses the door.
            WireError: It does not speak as a server does.
        """
        challenge = read_server_message(await connection.recv())
        if not isinstance(challenge, Challenge):
            raise WireError("the server did not begin with a challenge")
        room = self.room if role == "kiosk" else None
        hello = Hello(
            role=role,
            key=public_hex(self.key),
            room=room,
            signature=sign_hello(self.key, challenge.nonce, room or "", seen),
            program=PROGRAM,
        )
        await connection.send(encode(hello))
        answer = read_server_message(await connection.recv())
        if isinstance(answer, Refused):
            # Its key is not known, or no longer: the next attempt asks to be paired.
            self.stranger = self.stranger or answer.code == "unknown-key"
            raise NotLetIn(answer.reason)
        if not isinstance(answer, Welcome):
            raise WireError("the server did not answer hello")
        return answer

    async def wait_to_be_paired(self, connection: ClientConnection, seen: str) -> NoReturn:
        """Show the code that the server gives, until an operator has confirmed it.

        Nothing comes while nobody types the code; whether the server lives, pings tell.

        Raises:
            NowPaired: An operator has.
        """
        while True:
            message = read_server_message(await connection.recv())
            if isinstance(message, PairingCode):
                self._inbox.put(Unpaired(self.kiosk, message.code, message.until))
            elif isinstance(message, Paired):
                self.be_paired(message, seen)
                self._inbox.put(Received(message, self._clock.now()))
                raise NowPaired

    def be_paired(self, message: Paired, seen: str) -> None:
        """Take the server's word where the door hangs, and keep it.

        Raises:
            WireError: The word is about another door, or by another server.
        """
        if message.kiosk != self.kiosk or message.server != seen:
            raise WireError("the server paired another door, or is another server")
        self.room, self.stranger = message.room, False
        self._pin = self._target.pin or seen
        if self._target.pairing is not None:
            try:
                keep_pairing(self._target.pairing, Pairing(room=message.room, server=seen))
            except OSError as error:
                # Until the next start the door knows it all the same.
                self._disk.tell("pairing", str(error))
        logger.info("paired with %s, sha256:%s", message.room, seen or "(no TLS)")
