"""One client, as the loop sees it: by what it is reached, what it follows and what it was not sent yet.

Belongs to the gateway's loop.
"""

from __future__ import annotations

from actors.live.connection import Connection, Packed
from actors.live.lobby import How
from actors.live.session import Session
from events.ids import RoomKey

LAG = 64 * 1024
"""Bytes waiting for a client above which it is sent nothing more."""


class Client:
    """One connection.

    Attributes:
        topics: What it follows.
        pending: What goes out with the next write.
        snapshotting: It is being sent its snapshot.
        lagging_since: When it was first seen that it does not read, in seconds of the loop.
        dirty: Rooms of which it was not told meanwhile, and whether their day changed.
        missed: The same of what everybody is told.
        unfed: The first and the last event of which it was not told.
        roster_stale: It was not told of everybody who came and went.
        how: How it went.
    """

    __slots__ = (
        "connection",
        "dirty",
        "how",
        "lagging_since",
        "missed",
        "pending",
        "roster_stale",
        "session",
        "snapshotting",
        "topics",
        "unfed",
    )

    def __init__(self, connection: Connection, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.topics: frozenset[str] = frozenset()
        self.pending: list[Packed] = []
        self.snapshotting = False
        self.lagging_since: float | None = None
        self.dirty: dict[RoomKey, bool] = {}
        self.missed: set[str] = set()
        self.unfed: tuple[int, int] | None = None
        self.roster_stale = False
        self.how: How = "cut off"

    def waiting_bytes(self) -> int:
        """Tell how much was written and not yet taken by the network."""
        return self.connection.waiting_bytes()

    def is_full(self) -> bool:
        """Tell whether so much waits for it that it is sent nothing more."""
        return self.waiting_bytes() > LAG

    def has_read(self) -> bool:
        """Tell whether it has read so much that it can be sent what it was not told."""
        return self.waiting_bytes() < LAG // 4

    def takes_events(self) -> bool:
        """Tell whether it can be sent an event: the states of rooms come before them."""
        return not self.snapshotting and self.unfed is None and self.waiting_bytes() <= LAG // 2

    def push(self) -> bool:
        """Write what is pending, in one piece; tells whether it is full then."""
        pending, self.pending = self.pending, []
        return bool(pending) and self.connection.write_all(pending) > LAG

    async def send(self, text: str) -> None:
        """Send a message behind all that is pending; waits while the client does not read.

        Raises:
            Gone: The connection is over.
        """
        self.push()
        await self.connection.send(text)

    def sees_titles(self, room: RoomKey, *, board_titles: bool) -> bool:
        """Tell whether this client may see the titles of a room's bookings."""
        role = self.session.who.role
        if role == "kiosk":
            return self.session.who.room == room
        return role == "operator" or board_titles
