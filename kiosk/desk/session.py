"""What one console has: what it knows, what the person chose, what was asked. Pure."""

from __future__ import annotations

from events.ids import RoomKey
from events.wire import Subscribe
from kiosk.desk.effects import Send
from kiosk.desk.feed import Feed
from kiosk.desk.known import Known
from kiosk.desk.questions import Questions

FEED = "feed"
"""The topic of the events, which is followed only while they are shown."""
_FOLLOWED = ("school", "roster")


class Session:
    """What the commands work on.

    Args:
        room: Where the desk stands.

    Attributes:
        known: What the server said.
        questions: What was asked of it.
        feed: Which events are shown.
        channels: Those that were joined; what is said goes into the last.
        origin: From where a room is searched for: where that was last asked from. None where nobody said.
    """

    def __init__(self, room: RoomKey | None) -> None:
        self.known = Known()
        self.questions = Questions()
        self.feed = Feed()
        self.channels: tuple[str, ...] = ()
        self.origin = room

    @property
    def channel(self) -> str:
        """The channel in which one talks; empty where there is none."""
        return self.channels[-1] if self.channels else ""

    def subscription(self) -> Send:
        """Say what we want to be told, and what we know already."""
        topics = (*_FOLLOWED, FEED) if self.feed.on else _FOLLOWED
        return Send(Subscribe(topics=topics, epoch=self.known.epoch, seq=self.known.seq))
