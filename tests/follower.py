"""What a client makes of what it is sent, and what of it is not what a replay of the log tells."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from actors.web.rooms import stretch_at
from events.ids import RoomKey
from events.notices import standing
from events.projection import restore, room_day, room_presence
from events.state import Rules, SchoolState
from events.status import Known, status_at
from events.wire import (
    Heartbeat,
    Notice,
    Notices,
    RoomDay,
    RoomPresence,
    RulesSet,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    TimetablesRead,
    Welcome,
)


class Follower:
    """A client that follows all rooms, as the protocol says and no more.

    Attributes:
        rules: The school's; None before the welcome.
        notices: Those that it was told of.
        epoch: Of the log; None before the first snapshot.
        seq: Up to where it knows all; None before the first snapshot's end.
    """

    def __init__(self) -> None:
        self.days: dict[RoomKey, RoomDay] = {}
        self.presences: dict[RoomKey, RoomPresence] = {}
        self.rules: Rules | None = None
        self.notices: tuple[Notice, ...] = ()
        self.epoch: int | None = None
        self.seq: int | None = None
        self._named: set[RoomKey] | None = None

    def hears(self, message: ServerMessage) -> None:
        """Take a message."""
        match message:
            case Welcome(rules=rules) | RulesSet(rules=rules):
                self.rules = rules
            case Notices(notices=notices):
                self.notices = notices
            case SnapshotBegin(epoch=epoch, whole=whole):
                self.epoch = epoch
                self._named = set() if whole else None
            case RoomDay() as day:
                self.days[day.room] = day
                if self._named is not None:
                    self._named.add(day.room)
            case RoomPresence() as presence:
                self.presences[presence.room] = presence
            case TimetablesRead(readings=readings, others=others):
                for room, day in self.days.items():
                    self.days[room] = replace(day, readings=others.get(room, readings))
            case SnapshotEnd(seq=seq):
                if self._named is not None:
                    self.days = {room: self.days[room] for room in self._named}
                self._named = None
                self.seq = seq
            case Heartbeat(seq=seq) if self.seq is not None:
                self.seq = seq
            case _:
                pass


def gaps(follower: Follower, truth: Known, now: datetime) -> dict[str, tuple[object, object]]:
    """Compare what a client knows of a room.

    Args:
        follower: The client.
        truth: The room, replayed.
        now: The time.

    Returns:
        What it does not know, or knows wrongly, by itself or by its plan: what it has and what is true.
    """
    key = truth.room.key
    day, presence = follower.days.get(key), follower.presences.get(key)
    if day is None or presence is None:
        return {"room": (day, presence)}
    if follower.rules is None:
        return {"rules": (None, truth.rules)}
    status = status_at(truth, now)
    planned = stretch_at(presence.plan, now)
    compared = {
        "rules": (follower.rules, truth.rules),
        "day": (_bare_day(day), _bare_day(room_day(truth, now))),
        "presence": (_bare_presence(presence, now), _bare_presence(room_presence(truth, now), now)),
        "status": (status_at(restore(day, presence, follower.rules), now), status),
        "plan": (planned and planned.status, status),
    }
    return {what: pair for what, pair in compared.items() if pair[0] != pair[1]}


def notice_gaps(follower: Follower, school: SchoolState, now: datetime) -> tuple[list[int], list[int]] | None:
    """Compare the notices that stand, by their numbers; None where they are the same."""
    told = [notice.number for notice in follower.notices if notice.until is None or now < notice.until]
    right = [notice.number for notice in standing(school.notices.values(), now)]
    return (told, right) if told != right else None


def _bare_day(day: RoomDay) -> RoomDay:
    """Leave out what tells when it was made; presses and evidence move the seq and leave the day."""
    return replace(day, plan=(), seq=0)


def _bare_presence(presence: RoomPresence, now: datetime) -> RoomPresence:
    stands = presence.headcount_until is not None and now < presence.headcount_until
    return replace(
        presence,
        plan=(),
        seq=0,
        headcount=presence.headcount if stands else None,
        headcount_until=presence.headcount_until if stands else None,
    )
