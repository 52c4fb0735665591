"""The codes that doors show: who knows one stood before that door a moment ago. Pure.

A door's QR code carries a code that changes every minute and holds for two, so that whoever scans
the last second of one still has a minute. It is worked out from a secret of this run of the server,
so nothing is kept, and a code of yesterday's run opens nothing. Eight letters of base32 are 40 bits
and two codes hold at a time: whoever guesses as fast as `Gate` lets one address, without a pause for
ten years, has a chance of less than one in a thousand.

Used by the gateway's loop only.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from actors.entry.limits import Allowances
from events.ids import RoomKey
from events.wire import DoorCode

MINUTE = timedelta(minutes=1)
HOLDS = 2 * MINUTE
"""For how long a code holds."""
AHEAD = 2
"""For how many further minutes a door is told its codes, beside the present one."""
UNLOCKED = timedelta(minutes=10)
"""For how long a connection that knew a code may speak for its room."""
CONNECTION_TRIES = 5
"""Wrong codes after which a connection is not listened to any more."""
ADDRESS_TRIES = 60
"""Wrong codes that may come from one address at once: the phones of a whole school may share one."""
ADDRESS_RATE = 1.0
"""Wrong codes a second that may come from one address for long."""
_BYTES = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Codes:
    """The codes of all doors.

    Args:
        secret: Random bytes, new for each run of the server.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, room: RoomKey, now: datetime) -> tuple[DoorCode, ...]:
        """Tell what a door has to know: the code of this minute and of the next ones.

        Args:
            room: Whose door.
            now: The time.
        """
        minute = _minute(now)
        return tuple(self._code(room, number) for number in range(minute, minute + AHEAD + 1))

    def hold(self, room: RoomKey, code: str, now: datetime) -> bool:
        """Tell whether a code of a room holds now; capital or small letters are the same.

        All codes that hold are compared, each in the same time wherever the first wrong letter is.

        Args:
            room: Whose door.
            code: What somebody says it is.
            now: The time.
        """
        said = code.lower().encode()
        right = False
        for known in self._holding(room, now):
            right |= hmac.compare_digest(known.code.encode(), said)
        return right

    def _holding(self, room: RoomKey, now: datetime) -> Iterator[DoorCode]:
        minute = _minute(now)
        for number in range(minute - HOLDS // MINUTE + 1, minute + 1):
            yield self._code(room, number)

    def _code(self, room: RoomKey, minute: int) -> DoorCode:
        # A room's key holds no zero byte, so no two of these texts are the same.
        digest = hmac.digest(self._secret, f"{room}\0{minute}".encode(), "sha256")
        since = _EPOCH + minute * MINUTE
        return DoorCode(
            code=base64.b32encode(digest[:_BYTES]).decode().lower(), since=since, until=since + HOLDS
        )


class Gate:
    """Lets phones in that know a code, and stops who guesses.

    Only wrong codes count, so that a hall full of people who scan is never in its own way.

    Args:
        codes: The codes.
    """

    def __init__(self, codes: Codes) -> None:
        self.codes = codes
        self._guesses = Allowances(ADDRESS_TRIES, ADDRESS_RATE)

    def may_try(self, address: str, now: datetime) -> bool:
        """Tell whether an address has not guessed too often; if it has, no code is looked at."""
        return self._guesses.may_take(address, now)

    def open(self, room: RoomKey, code: str, address: str, now: datetime) -> bool:
        """Tell whether a code is right, and remember it if it is not.

        Args:
            room: Whose door.
            code: What somebody says it is.
            address: Where they are.
            now: The time.
        """
        if self.codes.hold(room, code, now):
            return True
        self._guesses.take(address, now)
        return False


def _minute(now: datetime) -> int:
    return (now - _EPOCH) // MINUTE


def next_change(now: datetime) -> datetime:
    """Tell when the next minute begins, and with it the next code."""
    return _EPOCH + (_minute(now) + 1) * MINUTE
