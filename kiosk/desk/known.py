"""What the server said, folded: the school, its rooms and notices, who is here. Pure; it shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from events.ids import KioskId, RoomKey, SourceName
from events.wire import (
    Accesses,
    Boards,
    Heartbeat,
    Joined,
    Left,
    Member,
    Notice,
    Notices,
    RoomDay,
    RoomPresence,
    Roster,
    RulesSet,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    Sources,
    TimetablesRead,
    Welcome,
)
from kiosk.desk.room import Room
from kiosk.desk.typed import Places
from kiosk.desk.words import counted, people


class Known:
    """What is known of the school.

    Attributes:
        epoch: Of the log; None until the server was met.
        seq: All that happened up to there is known; None where nothing is, or of another log.
        me: The name under which the others see this console.
        members: Who is here, by name.
        places: The rooms and wings, as people type them.
        sources: Names of the timetables, as last told.
        doors: Keys of the doors, as last told.
    """

    def __init__(self) -> None:
        self.school = ""
        self.zone = ZoneInfo("UTC")
        self.epoch: int | None = None
        self.seq: int | None = None
        self.me = ""
        self.members: dict[str, Member] = {}
        self.boards = 0
        self.notices: tuple[Notice, ...] = ()
        self.rooms: dict[RoomKey, Room] = {}
        self.places = Places({})
        self.sources: tuple[SourceName, ...] = ()
        self.doors: tuple[KioskId, ...] = ()
        self._ahead = timedelta(0)
        self._in_snapshot: set[RoomKey] | None = None
        self._listed: list[Member] = []
        self._doors_listed: list[KioskId] = []

    def clock(self, now: datetime) -> datetime:
        """Tell the time of the server's clock.

        Args:
            now: That of this machine.
        """
        return now + self._ahead

    def standing(self, at: datetime) -> list[Notice]:
        """List the notices that stand at an instant of the server's clock."""
        return [notice for notice in self.notices if notice.until is None or at < notice.until]

    def crowd(self) -> str:
        """Write how many are here."""
        roles = Counter(member.role for member in self.members.values())
        parts = [people(roles["operator"]), counted(roles["kiosk"], "door", "doors")]
        parts += [counted(roles["unpaired"], "new door", "new doors")] if roles["unpaired"] else []
        parts += [counted(roles["device"], "device", "devices")] if roles["device"] else []
        return ", ".join([*parts, counted(self.boards, "board", "boards")])

    def met(self, welcome: Welcome, now: datetime) -> None:
        """Take note that the server let us in."""
        self.school, self.zone = welcome.school, ZoneInfo(welcome.rules.zone)
        self._ahead = welcome.server_time - now
        self.me = self.me or welcome.name
        if welcome.epoch != self.epoch:
            self.epoch, self.seq = welcome.epoch, None

    def cut_off(self) -> None:
        """Forget the lists of which a part had come when the connection ended."""
        self._in_snapshot = None
        self._listed.clear()
        self._doors_listed.clear()

    def learn(self, message: ServerMessage, now: datetime) -> None:
        """Take a message.

        Args:
            message: What the server said.
            now: The time of this machine.
        """
        match message:
            case RoomDay() | RoomPresence() | TimetablesRead() | SnapshotBegin() | SnapshotEnd():
                self._learn_rooms(message)
            case Roster() | Joined() | Left():
                self._learn_members(message)
            case Boards(count=number):
                self.boards = number
            case Notices(notices=notices):
                self.notices = notices
            case RulesSet(rules=rules):
                self.zone = ZoneInfo(rules.zone)
            case Heartbeat(server_time=server_time, seq=seq):
                self._ahead, self.seq = server_time - now, seq
            case Sources(sources=sources):
                self.sources = tuple(report.source for report in sources)
            case Accesses(doors=doors, more=more):
                self._doors_listed += [door.kiosk for door in doors]
                if not more:
                    self.doors = tuple(self._doors_listed)
                    self._doors_listed.clear()

    def _learn_rooms(
        self, message: RoomDay | RoomPresence | TimetablesRead | SnapshotBegin | SnapshotEnd
    ) -> None:
        match message:
            case SnapshotBegin(whole=whole):
                self._in_snapshot = set() if whole else None
            case SnapshotEnd(seq=seq):
                self.seq = seq
                if self._in_snapshot is not None:
                    self.rooms = {key: self.rooms[key] for key in self.rooms if key in self._in_snapshot}
                self._in_snapshot = None
                self._place()
            case RoomDay():
                self._learn_day(message)
            case RoomPresence(room=key):
                known = self.rooms.get(key)
                if known is not None:
                    self.rooms[key] = Room(known.day, message, message.plan)
            case TimetablesRead(readings=readings, others=others):
                self._learn_readings(readings, others)

    def _learn_day(self, day: RoomDay) -> None:
        known = self.rooms.get(day.room)
        if day.retired:
            self.rooms.pop(day.room, None)
        else:
            self.rooms[day.room] = Room(day, known.presence if known else None, day.plan)
        if self._in_snapshot is not None:
            self._in_snapshot.add(day.room)
        elif known is None or day.retired or known.day.info != day.info:
            self._place()

    def _learn_readings(
        self, readings: Mapping[date, datetime], others: Mapping[RoomKey, Mapping[date, datetime]]
    ) -> None:
        for key, room in self.rooms.items():
            self.rooms[key] = room.read(others.get(key, readings))

    def _place(self) -> None:
        self.places = Places({key: room.day.info for key, room in self.rooms.items()})

    def _learn_members(self, message: Roster | Joined | Left) -> None:
        match message:
            case Roster(members=members, boards=boards, you=you, more=more):
                self._listed += members
                self.boards, self.me = boards, you or self.me
                if not more:
                    self.members = {member.name: member for member in self._listed}
                    self._listed.clear()
            case Joined(member=member):
                self.members[member.name] = member
            case Left(member=member, channel=channel):
                # Who leaves a channel is still here.
                if channel:
                    self.members[member.name] = member
                else:
                    self.members.pop(member.name, None)
