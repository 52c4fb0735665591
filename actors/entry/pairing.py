"""Doors that want to be paired, and the codes that they show. Pure; used by the gateway's loop only.

The form is that of RFC 8628: a short code that a person carries from one screen to another. Nobody but
an operator may send a code, so guessing would take a stolen login as well; after five wrong tries every
door that waits shows a new one all the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from events.ids import KioskId
from events.wire import PairingCode

ALPHABET = "CDFHJKMNPQRTVWX2346789"
"""No vowel, so that no word comes out; of letters and digits that look alike (0 O, 1 I L, 2 Z, 5 S, 6 G,
8 B) one at most. 22 of them: eight are 35 bits."""
LENGTH = 8
HOLDS = timedelta(minutes=10)
"""For how long a code holds."""
TRIES = 5
"""Wrong codes after which all codes are made anew."""
MOST = 500
"""Doors that may wait at once."""
MOST_THERE = 50
"""Of these from one address: somebody who makes keys must not take every place."""


class Offer(Struct, frozen=True, kw_only=True):
    """A door that waits.

    Attributes:
        session: Its connection.
        key: Its public key.
        code: What it shows, without a hyphen.
        address: Where it comes from.
        wrong: How many wrong codes came since the code was made.
    """

    session: int
    kiosk: KioskId
    key: str
    code: str
    until: datetime
    address: str = ""
    wrong: int = 0

    @property
    def told(self) -> PairingCode:
        """What the door is told."""
        return PairingCode(code=self.code, until=self.until)


def _random_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def bare(code: str) -> str:
    """Take from a code what people add to it: blanks, hyphens, small letters."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


class Pairing:
    """The doors that wait to be paired.

    Args:
        make_code: Makes a random code; tests put another in its place.
    """

    def __init__(self, make_code: Callable[[], str] = _random_code) -> None:
        self._make_code = make_code
        self._offers: dict[int, Offer] = {}

    def offer(self, session: int, kiosk: KioskId, key: str, now: datetime, address: str = "") -> Offer | None:
        """Give a door a code; one that comes again by another connection gives up the old one's.

        Args:
            session: The door's connection.
            kiosk: The door.
            key: Its public key.
            now: The time.
            address: Where it comes from.

        Returns:
            None where too many wait already, there or in all.
        """
        self._offers = {n: known for n, known in self._offers.items() if known.kiosk != kiosk}
        there = sum(known.address == address for known in self._offers.values())
        if len(self._offers) >= MOST or there >= MOST_THERE:
            return None
        made = Offer(
            session=session,
            kiosk=kiosk,
            key=key,
            code=self._new_code(),
            until=now + HOLDS,
            address=address,
        )
        self._offers[session] = made
        return made

    def forget(self, session: int) -> None:
        """Take note that a connection is gone."""
        self._offers.pop(session, None)

    def redeem(self, code: str, now: datetime) -> Offer | None:
        """Find the door that shows a code. It keeps waiting until it is paired.

        Args:
            code: As somebody typed it.
            now: The time.

        Returns:
            None where no door shows it now; that counts as a wrong try at each that waits.
        """
        typed = bare(code).encode()
        found = None
        for known in self._offers.values():
            # Whether there is such a code is no secret in time: all are compared, each in full.
            if secrets.compare_digest(known.code.encode(), typed) and now < known.until:
                found = known
        if found is None:
            self._offers = {n: replace(known, wrong=known.wrong + 1) for n, known in self._offers.items()}
        return found

    def renewed(self, now: datetime) -> list[Offer]:
        """Make the codes anew that are over or were guessed at, and give those that changed."""
        over = [n for n, known in self._offers.items() if known.wrong >= TRIES or now >= known.until]
        for number in over:
            known = self._offers[number]
            self._offers[number] = replace(known, code=self._new_code(), until=now + HOLDS, wrong=0)
        return [self._offers[number] for number in over]

    def _new_code(self) -> str:
        taken = {known.code for known in self._offers.values()}
        while True:
            code = self._make_code()
            if code not in taken:
                return code
