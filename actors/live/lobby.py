"""Who is here under which name, and what people say to each other. Pure; used by the gateway's loop only.

Nothing of it is kept: not in the log, not on disk, not behind the connection.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from actors.messages import Session
from events.ids import RoomKey
from events.printable import unseen
from events.wire import (
    Boards,
    Done,
    JoinChannel,
    Joined,
    LeaveChannel,
    Left,
    Member,
    Refused,
    Role,
    Roster,
    Said,
    Say,
    ServerMessage,
)

ROSTER, FEED = "roster", "feed"
"""Topics that only operators may follow."""
MOST_CHANNELS = 20
"""Channels that one person may be in at once."""
PIECE = 48 * 1024
"""Bytes of members in one `Roster`: what is around them fits into the rest of a message."""

How = Literal["goodbye", "cut off", "replaced"]
_Heard = JoinChannel | LeaveChannel | Say


class Deliver(Struct, frozen=True):
    """Send a message to some sessions."""

    to: Collection[Session]
    message: ServerMessage


class Lobby:
    """All who are connected."""

    def __init__(self) -> None:
        self._members: dict[Session, Member] = {}
        self._boards: set[Session] = set()
        self._boards_told = 0
        self._followers: set[Session] = set()

    def enter(
        self, session: Session, role: Role, *, name: str, room: RoomKey | None, now: datetime
    ) -> list[Deliver]:
        """Let somebody in.

        Args:
            session: Their connection.
            role: What they are.
            name: A person's or a device's own; of a door it does not matter.
            room: A door's or a device's.
            now: The time.
        """
        if role == "board":
            self._boards.add(session)
            return []
        wanted = _wanted(role, name, room)
        if not wanted:
            return []
        member = Member(name=self._unique(wanted), role=role, since=now, room=room)
        told = [Deliver(tuple(self._followers), Joined(member=member))]
        self._members[session] = member
        return told

    def leave(self, session: Session, how: How) -> list[Deliver]:
        """Take note that somebody is gone; doing it twice tells nobody anything."""
        self._boards.discard(session)
        self._followers.discard(session)
        member = self._members.pop(session, None)
        if member is None:
            return []
        return [Deliver(tuple(self._followers), Left(member=member, how=how))]

    def follow(self, session: Session, *, wanted: bool) -> list[Deliver]:
        """Begin to tell a session who comes and goes, with the list of those who are here; or end it."""
        if not wanted:
            self._followers.discard(session)
            return []
        self._followers.add(session)
        known = self._members.get(session)
        pieces = list(_pieces(self._members.values()))
        return [
            Deliver(
                (session,),
                Roster(
                    members=piece,
                    boards=len(self._boards),
                    you=known.name if known is not None else "",
                    more=number < len(pieces),
                ),
            )
            for number, piece in enumerate(pieces, start=1)
        ]

    def hear(self, session: Session, message: _Heard, *, seq: int, now: datetime) -> list[Deliver]:
        """Follow what a person said, or refuse it.

        Args:
            session: Theirs.
            message: What they said.
            seq: End of the log, for the answer.
            now: The time.
        """
        member = self._members.get(session)
        if member is None:
            problem = "say a name in hello first: nobody here would know who speaks"
            return [Deliver((session,), Refused(code="not-allowed", reason=problem, ref=message.id))]
        try:
            told = self._obey(session, member, message, now)
        except ValueError as error:
            return [Deliver((session,), Refused(code="bad-message", reason=str(error), ref=message.id))]
        return [*told, Deliver((session,), Done(ref=message.id, seq=seq))]

    def beat(self) -> list[Deliver]:
        """Tell how many boards there are, if that changed since it was last told."""
        if len(self._boards) == self._boards_told:
            return []
        self._boards_told = len(self._boards)
        return [Deliver(tuple(self._followers), Boards(count=self._boards_told))]

    def _obey(self, session: Session, member: Member, message: _Heard, now: datetime) -> list[Deliver]:
        channel = message.channel
        match message:
            case JoinChannel():
                check_channel(channel)
                if channel in member.channels:
                    return []
                if len(member.channels) >= MOST_CHANNELS:
                    raise ValueError(f"{MOST_CHANNELS} channels are enough for one person: leave one first")
                member = replace(member, channels=(*member.channels, channel))
                told: ServerMessage = Joined(member=member, channel=channel)
            case LeaveChannel():
                if channel not in member.channels:
                    return []
                member = replace(member, channels=tuple(c for c in member.channels if c != channel))
                told = Left(member=member, channel=channel)
            case Say(text=text, action=action):
                if channel not in member.channels:
                    raise ValueError(f"only who is in {channel!r} may speak there: join it first")
                said = Said(channel=channel, name=member.name, text=spoken(text), at=now, action=action)
                return [Deliver(self._in(channel), said)]
        self._members[session] = member
        return [Deliver(tuple(self._followers), told)]

    def _in(self, channel: str) -> tuple[Session, ...]:
        return tuple(session for session, member in self._members.items() if channel in member.channels)

    def _unique(self, wanted: str) -> str:
        taken = {member.name for member in self._members.values()}
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        return name


def check_channel(name: str) -> None:
    """Check the name of a channel.

    Raises:
        ValueError: It is none, with what is allowed.
    """
    wrong = unseen(name)
    if wrong or " " in name or name.startswith("/"):
        raise ValueError(
            f"{name!a} is no channel; allowed is one word that does not begin with '/', such as wing-L"
        )


def spoken(text: str) -> str:
    """Make one line of what somebody said: blanks and ends of lines become one blank each.

    Raises:
        ValueError: Nothing is left, or it holds a character that does something to a screen instead of
            being seen: control characters, and those that turn the direction of writing.
    """
    line = " ".join(text.split())
    if not line:
        raise ValueError("there is nothing to be said")
    wrong = unseen(line)
    if wrong:
        raise ValueError(f"the text holds the character U+{ord(wrong):04X}, which is not shown to anybody")
    return line


def _wanted(role: Role, name: str, room: RoomKey | None) -> str:
    """Tell under which name somebody would be here if they were alone; empty for nobody to be named."""
    own = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    match role:
        case "kiosk":
            return f"door {room}"
        case "device":
            return f"device {own or room}"
        case "unpaired":
            return "new door"
        case _:
            return own


def _pieces(members: Iterable[Member]) -> Iterable[tuple[Member, ...]]:
    """Split the list so that each piece fits into a message; at least one piece, if an empty one."""
    piece: list[Member] = []
    size = 0
    for member in members:
        length = len(msgspec.json.encode(member)) + 1
        if size + length > PIECE:
            yield tuple(piece)
            piece, size = [], 0
        piece.append(member)
        size += length
    yield tuple(piece)
