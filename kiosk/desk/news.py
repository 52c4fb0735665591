"""What is shown of what the server says unasked: the feed, who comes and goes, what was missed. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from events.wire import (
    Happened,
    Heartbeat,
    Joined,
    Left,
    Member,
    Missed,
    Refused,
    Roster,
    Said,
    ServerMessage,
    SnapshotEnd,
)
from kiosk.desk.effects import Effect, Show
from kiosk.desk.feed import Feed
from kiosk.desk.known import Known
from kiosk.desk.told import Teller
from kiosk.desk.words import counted

LATE = timedelta(minutes=1)
"""An event that was written so long after it happened is shown with both times."""
SETTLING = timedelta(seconds=30)
"""For so long after the server came back doors that come are counted and not named: all of them do."""
_LEFT = {"cut off": "was cut off", "replaced": "came again by another connection"}


class News:
    """Tells what happens.

    Args:
        known: What is known; it has learnt each message before that is told.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._greeted = False
        self._told_until: int | None = None
        self._settled_at: datetime | None = None
        self._came_back = 0

    def begin(self, feed: Feed, now: datetime, *, back: bool) -> None:
        """Begin anew with a connection.

        Args:
            feed: What is shown.
            now: The time of this machine.
            back: Whether there was one before.
        """
        self._greeted = False
        self._told_until = self._known.seq if back and feed.on else None
        self._settled_at, self._came_back = (now + SETTLING if back else None), 0

    def tell(self, message: ServerMessage, feed: Feed, now: datetime) -> list[Effect]:
        """Tell what a message says.

        Args:
            message: What the server said.
            feed: What is shown.
            now: The time of this machine.
        """
        match message:
            case Happened():
                return self._happened(message, feed)
            case Missed(first=first, last=last):
                number = last - first + 1
                were = counted(number, "event was", "events were")
                return [Show(f"* {were} not shown: too much came at once", "note")]
            case SnapshotEnd(seq=seq):
                return self._meanwhile(seq)
            case Roster(more=False):
                return self._greet()
            case Joined(member=member, channel=channel):
                return self._joined(member, channel, feed)
            case Left(member=member, how=how, channel=channel):
                what = f"left {channel}" if channel else _LEFT.get(how, "left")
                return self._moved(member, what, feed)
            case Heartbeat():
                return self._count_those_back(now)
            case Said():
                return [self._said(message)]
            case Refused(ref=None, reason=reason):
                return [Show(f"the server refused: {reason}", "wrong")]
            case _:
                return []

    def _happened(self, message: Happened, feed: Feed) -> list[Effect]:
        known = self._known
        if not feed.shows(message.event, known.places.rooms):
            return []
        names = {key: info.name for key, info in known.places.rooms.items() if info is not None}
        teller = Teller(known.zone, names)
        late = message.recorded_at - message.at > LATE
        then = f" (at {teller.hour(message.at, message.recorded_at)})" if late else ""
        told = teller.tell(message.event, message.seq, message.recorded_at)
        # The event has no text, but the notices that stand have.
        text = next((f": {notice.text}" for notice in known.notices if notice.number == message.seq), "")
        return [Show(f"{message.recorded_at.astimezone(known.zone):%H:%M:%S}  {told}{text}{then}", "event")]

    def _meanwhile(self, seq: int) -> list[Effect]:
        """Tell how much happened while there was no connection."""
        until, self._told_until = self._told_until, None
        if until is None or until >= seq:
            return []
        return [Show(f"* meanwhile: {counted(seq - until, 'event', 'events')}", "note")]

    def _greet(self) -> list[Effect]:
        """Tell once on each connection who is here; the list comes again with every subscription."""
        greeted, self._greeted = self._greeted, True
        return [] if greeted else [Show(f"* you are {self._known.me}; {self._known.crowd()}", "note")]

    def _joined(self, member: Member, channel: str, feed: Feed) -> list[Effect]:
        if self._settled_at is not None and member.role == "kiosk":
            self._came_back += 1
            return []
        return self._moved(member, f"joined {channel}" if channel else "joined", feed)

    def _moved(self, member: Member, what: str, feed: Feed) -> list[Effect]:
        if member.name == self._known.me or not self._interesting(member, feed):
            return []
        return [Show(f"* {member.name} {what}", "roster")]

    def _interesting(self, member: Member, feed: Feed) -> bool:
        """People are always told of; doors and devices as far as the feed is about their rooms."""
        if member.role == "operator" or member.room is None:
            return True
        return feed.on and "doors" in feed.kinds and feed.about(member.room, self._known.places.rooms)

    def _count_those_back(self, now: datetime) -> list[Effect]:
        """Tell with each heartbeat how many doors came back with the server."""
        number, self._came_back = self._came_back, 0
        if self._settled_at is not None and now >= self._settled_at:
            self._settled_at = None
        return [Show(f"* {counted(number, 'door is', 'doors are')} back", "roster")] if number else []

    def _said(self, message: Said) -> Show:
        hour = f"{message.at.astimezone(self._known.zone):%H:%M}"
        said = f"* {message.name} {message.text}" if message.action else f"<{message.name}> {message.text}"
        return Show(f"{hour} [{message.channel}] {said}", "chat")
