"""Who may be what, and what is known of a client before it says a word."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from actors.entry.codes import Gate
from actors.entry.credentials import NOBODY
from actors.entry.limits import Allowances
from actors.entry.pairing import Pairing
from events.domain import AccessRole
from events.ids import RoomKey
from events.wire import Accesses

GUESS_BURST = 10
"""Wrong logins that may come from one address at once."""
GUESS_RATE = 0.1
"""Wrong logins a second that may come from one address for long."""


class Holder(Struct, frozen=True, kw_only=True):
    """Somebody, or a small device, that was granted access.

    Attributes:
        proof: By what they are known.
        room: The room for which a device speaks.
    """

    name: str
    role: AccessRole
    proof: str
    room: RoomKey | None = None


class Access(Struct, frozen=True, kw_only=True):
    """Who may be what.

    Attributes:
        doors: The room of each door, by its public key.
        rooms: The rooms there are.
        operator_token: The server's own token, of operator number 0; empty for none.
        open: Every key is let in for every room: on a machine that listens to itself only and knows no
            door yet.
        holders: People and devices, by number.
        listed: What `AskAccess` is answered with, but for who is connected.
    """

    doors: Mapping[str, RoomKey]
    rooms: frozenset[RoomKey]
    operator_token: str
    open: bool = False
    holders: Mapping[int, Holder] = {}
    listed: Accesses = Accesses(ref=0)

    def proof_of(self, number: int, name: str = "") -> str:
        """Tell what an operator's secret has to fit; where there is no such operator, what none fits.

        Args:
            number: Of the access.
            name: The operator's, where the client said one.
        """
        known = self.holders.get(number)
        if known is None or known.role != "operator" or name not in ("", known.name):
            return NOBODY
        return known.proof


class Caller(Struct, frozen=True, kw_only=True):
    """From where and how a client comes.

    Attributes:
        address: Its address.
        server: Fingerprint of the key that the server showed it; empty in plain.
        cookie: Number of the operator whose cookie it brought, from a page of ours; None for none.
        ticket: Names that login.
        board_only: It came to the port where only the board is served.
        crowded: As many are connected as may be: a board would be one too many, a door is not.
        framed: It came to the port for small devices, which has no TLS.
    """

    address: str = ""
    server: str = ""
    cookie: int | None = None
    ticket: str = ""
    board_only: bool = False
    crowded: bool = False
    framed: bool = False


class Desk:
    """What all sessions share: who waits to be paired, and who guessed at logins.

    Args:
        gate: Knows the codes that doors show.
        pairing: The doors that wait.
    """

    def __init__(self, gate: Gate, pairing: Pairing | None = None) -> None:
        self.gate = gate
        self.pairing = pairing or Pairing()
        self.guesses = Allowances(GUESS_BURST, GUESS_RATE)
