"""What the server told: the school as it came in, message by message.

All instants are the server's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from events.ids import RoomKey
from events.state import Rules
from events.status import day_of, day_span
from events.wire import (
    DoorCode,
    DoorCodes,
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


class Told(Struct, frozen=True, kw_only=True):
    """What the server told.

    Attributes:
        zone: Time zone to show until the server has told the school's.
        school: Name of the school.
        board: Address of the school's board; empty where there is none.
        rules: What the school has decided; None until the server told.
        epoch: With ``seq``: position of the server's log that is contained here.
        settled: Position of the log up to which all is contained, whatever is on its way; None
            where that is not known. From here a connection may be taken up again.
        receiving: A snapshot is coming in.
        named: The rooms named so far by the whole snapshot that is coming in; None when none is.
        days: The days of all rooms received; only the own one with titles.
        presences: Who is where, likewise.
        notices: What the desk put on doors, the newest first; not only on this one.
        codes: The codes that the QR code carries for a while, the server's newest word.
    """

    zone: str = "Europe/Paris"
    school: str = ""
    board: str = ""
    rules: Rules | None = None
    epoch: int | None = None
    seq: int = 0
    settled: int | None = None
    receiving: bool = False
    named: frozenset[RoomKey] | None = None
    days: dict[RoomKey, RoomDay] = {}
    presences: dict[RoomKey, RoomPresence] = {}
    notices: tuple[Notice, ...] = ()
    codes: tuple[DoorCode, ...] = ()

    @property
    def rules_shown(self) -> Rules:
        """The school's rules, or until they are known none but the time zone."""
        return self.rules if self.rules is not None else Rules(zone=self.zone)

    @property
    def stale_after(self) -> timedelta:
        """How old a timetable may be before its age is told loudly."""
        return timedelta(minutes=self.rules_shown.policy.stale_after)

    def read_at(self, room: RoomKey, best: datetime) -> datetime | None:
        """Tell when a room's timetable of today was last believed; None when it never was."""
        day = self.days.get(room)
        return None if day is None or self.rules is None else day.readings.get(day_of(self.rules, best))

    def code(self, best: datetime) -> str | None:
        """Tell the code that shows that one stands at this door; None where none holds now."""
        holding = [known for known in self.codes if known.since <= best < known.until]
        return max(holding, key=lambda known: known.since).code if holding else None

    def turns(self) -> Iterator[datetime]:
        """Give the instants at which something of it begins or ends."""
        yield from (notice.until for notice in self.notices if notice.until is not None)
        for known in self.codes:
            yield known.since
            yield known.until

    def interrupted(self) -> Told:
        """Notice that the connection is another one: the rest of a snapshot never comes over it."""
        return replace(self, named=None, receiving=False)

    def dated(self, own: RoomKey, today: date) -> Told:
        """Forget the titles of what is over, as midnight asks for."""
        day = self.days.get(own)
        if day is None:
            return self
        kept = _without_past_titles(day, self.rules_shown.zone, today)
        return self if kept == day else replace(self, days={**self.days, own: kept})


def hear(told: Told, message: ServerMessage, *, own: RoomKey, today: date | None) -> Told:
    """Take a message.

    Args:
        told: What was told before.
        message: What the server says now.
        own: The room at whose door this hangs: of others no titles are kept.
        today: The school's local day, before which no titles are kept; None while nobody knows it.

    Returns:
        What is known then; the same value where the message is about something else.
    """
    match message:
        case Welcome(school=school, rules=rules, board=board):
            # The snapshot follows: what comes before it is not all that happened meanwhile.
            return replace(told, school=school, rules=rules, board=board, receiving=True)
        case Notices(notices=notices):
            return replace(told, notices=notices)
        case DoorCodes(codes=codes):
            return replace(told, codes=codes)
        case Heartbeat(seq=seq):
            told = replace(told, seq=max(seq, told.seq))
            return told if told.receiving else replace(told, settled=seq)
        case RulesSet(rules=rules):
            return replace(told, rules=rules)
        case SnapshotBegin(epoch=epoch, seq=seq, whole=whole):
            named = frozenset[RoomKey]() if whole else None
            # Which rooms a whole snapshot drops is known at its end only.
            settled = None if whole else told.settled
            return replace(told, epoch=epoch, seq=seq, named=named, settled=settled, receiving=True)
        case RoomDay():
            return _day(told, message, own, today)
        case RoomPresence(room=room, seq=seq):
            presences = {**told.presences, room: message}
            return replace(_named(told, room), presences=presences, seq=max(seq, told.seq))
        case SnapshotEnd(seq=seq):
            return _ended(told, seq)
        case TimetablesRead():
            return _read_again(told, message)
        case _:
            return told


def _day(told: Told, day: RoomDay, own: RoomKey, today: date | None) -> Told:
    told = replace(_named(told, day.room), seq=max(day.seq, told.seq))
    if day.room == own:
        if today is not None:
            day = _without_past_titles(day, told.rules_shown.zone, today)
    elif day.retired:
        days = {room: known for room, known in told.days.items() if room != day.room}
        presences = {room: there for room, there in told.presences.items() if room != day.room}
        return replace(told, days=days, presences=presences)
    else:
        closure = replace(day.closure, reason=None) if day.closure else None
        bookings = tuple(replace(b, title=None) if b.title is not None else b for b in day.bookings)
        day = replace(day, bookings=bookings, closure=closure)
    return replace(told, days={**told.days, day.room: day})


def _without_past_titles(day: RoomDay, zone: str, today: date) -> RoomDay:
    midnight = day_span(zone, today)[0]
    if not any(b.title is not None and b.end <= midnight for b in day.bookings):
        return day
    bookings = tuple(replace(b, title=None) if b.end <= midnight else b for b in day.bookings)
    return replace(day, bookings=bookings)


def _named(told: Told, room: RoomKey) -> Told:
    return told if told.named is None else replace(told, named=told.named | {room})


def _ended(told: Told, seq: int) -> Told:
    named = told.named
    told = replace(told, seq=max(seq, told.seq), settled=seq, receiving=False, named=None)
    if named is None:
        return told
    return replace(
        told,
        days={room: day for room, day in told.days.items() if room in named},
        presences={room: presence for room, presence in told.presences.items() if room in named},
    )


def _read_again(told: Told, message: TimetablesRead) -> Told:
    """Take the new ages; nothing else of the days has changed."""
    days = {
        room: replace(day, readings=message.others.get(room, message.readings))
        for room, day in told.days.items()
    }
    return replace(told, days=days)
