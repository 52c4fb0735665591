"""What the school told last, and what a client that comes now is owed of it.

Belongs to the gateway's loop; made of what the gateway's actor encoded on its own thread.
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime

import msgspec

from actors import messages as m
from actors.web.rooms import Room, Shown
from events.domain import LogCreated, Recorded
from events.ids import EventId, RoomKey
from events.state import Rules
from events.status import Stretch
from events.wire import Notice, Notices, encode


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The encoded messages of one room; each is encoded once, whatever the number of clients.

    Attributes:
        topics: What one may subscribe to in order to be told of it.
        shown: The same before it was encoded, for feeds.
        touched: The seq of the log when people were last told of them; one more where time alone changed
            them.
        plan: The statuses that the message of who is there tells: of a very long day the first ones.
    """

    room: RoomKey
    topics: frozenset[str]
    plain: str
    titled: str
    presence: str
    shown: Room
    touched: int
    plan: tuple[Stretch, ...]


class Update(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What crosses from the actor into the loop.

    Attributes:
        frames: Rooms that changed, and whether their day did.
        kept: Rooms whose messages are newer, but that nobody needs to be told of.
        everyone: For all clients, by what it is about.
        at: Where its plans begin; None where it has none.
        notices: Those that nobody has withdrawn, when they changed.
        happened: What was recorded, for those who follow all of it.
    """

    seq: int
    frames: tuple[tuple[Frame, bool], ...] = ()
    kept: tuple[Frame, ...] = ()
    everyone: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[EventId, str], ...] = ()
    replies: tuple[tuple[m.Session, str], ...] = ()
    created: LogCreated | None = None
    rules: Rules | None = None
    at: datetime | None = None
    notices: tuple[Notice, ...] | None = None
    happened: tuple[Recorded, ...] = ()


class Latest:
    """The newest of all that is told.

    Args:
        board_titles: Whether everybody may see titles.
        board_url: Where phones find the board; empty for nowhere.

    Attributes:
        seq: End of the log.
        begun_at: Where it was when this run began: who knows no more is told all anew.
        frames: Of each room.
        everyone: What all clients are told, by what it is about.
        begun: Set when the school has spoken: before that there is no epoch, no rule and no room.
    """

    def __init__(self, *, board_titles: bool, board_url: str) -> None:
        self.board_titles = board_titles
        self.board_url = board_url
        self.seq = self.begun_at = 0
        self.rules = Rules()
        self.frames: dict[RoomKey, Frame] = {}
        self.everyone: dict[str, str] = {}
        self._said_at: dict[str, int] = {}
        self.begun = asyncio.Event()
        self._created: LogCreated | None = None
        self._notices: tuple[Notice, ...] = ()
        self._shown: Shown | None = None
        self._versions = itertools.count()

    @property
    def school(self) -> str:
        """The school's name; empty as long as it is not known."""
        return self._created.school if self._created else ""

    @property
    def epoch(self) -> int:
        """The log's; 0 as long as it is not known."""
        return self._created.epoch if self._created else 0

    def take(self, update: Update) -> None:
        """Take what is new."""
        self.seq = update.seq
        self._shown = None
        if not self.begun.is_set():
            self.begun_at = update.seq
        if update.created is not None:
            self._created = update.created
            self.begun.set()
        if update.rules is not None:
            self.rules = update.rules
        if update.notices is not None:
            self._notices = update.notices
        self.frames.update((frame.room, frame) for frame, _ in update.frames)
        self.frames.update((frame.room, frame) for frame in update.kept)
        self.everyone.update(update.everyone)
        self._said_at.update((about, update.seq) for about, _ in update.everyone)

    def since(self, seq: int | None) -> tuple[list[str], list[Frame]]:
        """Tell what somebody has to hear who knows all up to a position.

        Args:
            seq: That position; None for somebody who knows nothing.

        Returns:
            What is for everyone, and after that the rooms: each is as new as the newest of all this, while
            the ages of the timetables may have been told before a room changed.
        """
        if seq is None:
            return [], list(self.frames.values())
        # A reading that found nothing new changed no room, but it renewed every age.
        read = [self.everyone["timetables"]] if self._said_at.get("timetables", 0) > seq else []
        return read, [frame for frame in self.frames.values() if frame.touched > seq]

    def configure(self, *, board_titles: bool, board_url: str) -> None:
        """Follow a new configuration."""
        self.board_titles, self.board_url = board_titles, board_url
        self._shown = None

    def shown(self) -> Shown:
        """Tell what the board may see; made anew only when something changed."""
        if self._shown is None:
            self._shown = Shown(
                school=self.school,
                epoch=self.epoch,
                seq=self.seq,
                version=next(self._versions),
                rules=self.rules,
                rooms={key: frame.shown for key, frame in self.frames.items() if not frame.shown.day.retired},
                titles=self.board_titles,
            )
        return self._shown

    def notices(self, now: datetime) -> str:
        """Write the notices that stand."""
        return encode(Notices(notices=tuple(n for n in self._notices if n.until is None or now < n.until)))
