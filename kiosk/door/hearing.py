"""When the server was heard, over what kind of link, and what that says about the door's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from events.wire import HEARTBEAT
from kiosk.inbox import LinkChanged, Unpaired

SILENCE = timedelta(seconds=3 * HEARTBEAT)
"""A server not heard for so long is told loudly."""
OTHERS = timedelta(seconds=90)
"""What is known of other rooms is old when the server was not heard for so long."""

Link = Literal["starting", "up", "down", "refused"]


class Hearing(Struct, frozen=True, kw_only=True):
    """How well the server is heard. Instants are the door's own clock's where nothing else is said.

    Attributes:
        since: When the program started.
        link: The connection to the server.
        link_since: Since when it has been so.
        heard_at: When anything last came from the server; in best time until ``corrected``.
        offset: The server's clock minus the door's.
        corrected: Whether ``offset`` was heard from the server since the program started.
        clock_known: Whether the door's clock, or the server's, can be believed: else nothing is told
            that depends on the time.
        pairing: What an operator has to type, while the server does not know this door.
    """

    since: datetime
    link: Link = "starting"
    link_since: datetime | None = None
    heard_at: datetime | None = None
    offset: timedelta = timedelta(0)
    corrected: bool = False
    clock_known: bool = True
    pairing: Unpaired | None = None

    def time(self, now: datetime) -> datetime:
        """Tell the best time there is: the server's clock, as far as it is known."""
        return now + self.offset

    def connected(self, now: datetime) -> bool:
        """Tell whether the server is there: the link is up, and it was heard lately."""
        return self.link == "up" and self.heard_at is not None and now - self.heard_at < SILENCE

    def cut_off_since(self, now: datetime) -> datetime | None:
        """Tell since when the server has been silent, in best time, where that is worth telling.

        A door that remembers a server from before its start gives it the same time to answer.
        """
        last = self.heard_at or self.since
        if self.link == "refused":
            return self.time(self.link_since or last)
        return self.time(last) if now >= self.silent_at else None

    @property
    def silent_at(self) -> datetime:
        """When the server has been silent for too long, if nothing comes until then."""
        last = self.heard_at if self.corrected and self.heard_at is not None else self.since
        return last + SILENCE

    def others_since(self, now: datetime) -> datetime | None:
        """Tell of when that is which is known of other rooms, in best time, where it is old.

        Returns:
            None while the server tells of them, and where it never did.
        """
        if self.heard_at is None:
            return None
        # What a run before heard is as old as it is, whatever a wrong clock makes of it.
        old = not self.corrected or now - self.heard_at >= OTHERS
        return self.time(self.heard_at) if old else None

    def told_time(self, server_time: datetime, at: datetime) -> Hearing:
        """Take the server's clock, as it was told at an instant."""
        return replace(self, offset=server_time - at, corrected=True, clock_known=True)

    def changed(self, link: LinkChanged) -> Hearing:
        """Take a change of the link; a code of another connection does not hold any more."""
        return replace(self, link=link.state, link_since=link.at, pairing=None)

    def stepped(self, by: timedelta) -> Hearing:
        """Move along with the door's own clock, which was set; best time stays as it was."""
        return replace(
            self,
            since=self.since + by,
            link_since=self.link_since + by if self.link_since is not None else None,
            # What was heard in a run before is remembered in best time.
            heard_at=self.heard_at + by if self.heard_at is not None and self.corrected else self.heard_at,
            # A clock that no server has corrected yet is now right, and was wrong before.
            offset=self.offset - by if self.corrected else self.offset,
            clock_known=True,
        )
