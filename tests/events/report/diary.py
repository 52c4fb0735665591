"""Writes small logs for audits: a school of two rooms, told in the times of one day in Paris."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from actors.messages import RecordPress
from actors.room import decided
from events import domain as e
from events.ids import SCHOOL_STREAM, BookingId, EventId, KioskId, RoomKey, SourceName, press_id, room_stream
from events.log import Batch, Draft
from events.memory import MemoryLog
from events.report.days import RoomDay, Scope, room_days, rooms_of
from events.report.ledger import GatheredFacts, gather
from events.report.spans import instant
from events.state import SchoolState
from tests.clock import FakeClock
from tests.events.builders import DAY, OASIS, PARIS, PART, ROOM

OTHER = RoomKey("L218")
DOOR = KioskId("d" * 32)
ICS = SourceName("ics")


class Diary:
    """A log that is written event by event; time goes on by itself to whatever is told next.

    Args:
        rooms: Those that are declared, each with a door that joins at once.
        policy: The school's rules; unless told, a timetable is believed for a day.
        hours: Its opening hours.
        closed: Its closed days.
        sources: The timetables of each room.
        doors: Whether the doors join.
        began: When the server started.
    """

    def __init__(
        self,
        *rooms: RoomKey,
        policy: e.Policy | None = None,
        hours: e.Hours | None = None,
        closed: Iterable[e.ClosedDays] = (),
        sources: tuple[SourceName, ...] = (OASIS,),
        seats: int = 0,
        doors: bool = True,
        began: str = "00:00",
        day: date = DAY,
    ) -> None:
        self.day = day
        self.clock = FakeClock(self.at(began))
        self.log = MemoryLog(self.clock)
        self.school = SchoolState()
        self._count = 0
        self._presses = 0
        self.rooms = rooms or (ROOM,)
        policy_set = e.PolicySet(
            policy=policy or e.Policy(unknown_after=24 * 60), hours=hours or e.Hours(), closed=tuple(closed)
        )
        self.tell(
            e.LogCreated(log="log", school="École", zone="Europe/Paris"),
            e.ServerStarted(version="1"),
            policy_set,
        )
        for room in self.rooms:
            self.tell(e.RoomDeclared(room=room, info=e.RoomInfo(name=room, sources=sources, seats=seats)))
            if doors:
                self.joins(room=room)

    def at(self, clock: str, day: date | None = None) -> datetime:
        """Tell when clocks in Paris show this, on the diary's day unless told."""
        local = datetime.fromisoformat(f"{day or self.day}T{clock}").replace(tzinfo=PARIS)
        return local.astimezone(UTC)

    def goes_on_to(self, clock: str | datetime) -> datetime:
        """Let time pass; it never goes back."""
        at = self.at(clock) if isinstance(clock, str) else clock
        if at > self.clock.now():
            self.clock.set_wall(at)
        return at

    def tell(self, *events: e.AnyEvent, at: str | datetime | None = None) -> list[e.Recorded]:
        """Record events, in one batch, when they happen."""
        happened = self.clock.now() if at is None else self.goes_on_to(at)
        drafts = []
        for event in events:
            self._count += 1
            room: RoomKey | None = getattr(event, "room", None)
            stream = SCHOOL_STREAM if room is None else room_stream(room)
            drafts.append(Draft(id=EventId(f"e{self._count}"), stream=stream, at=happened, event=event))
        return self._append(drafts)

    def joins(self, *, room: RoomKey = ROOM, at: str | None = None, since: str | None = None) -> None:
        """Let a door join."""
        happened = self.clock.now() if at is None else self.goes_on_to(at)
        watching = happened if since is None else self.at(since)
        self.tell(e.KioskJoined(room=room, kiosk=DOOR, watching_since=watching))

    def leaves(self, at: str, *, room: RoomKey = ROOM) -> None:
        """Let a door lose its line."""
        self.tell(e.KioskLeft(room=room, kiosk=DOOR), at=at)

    def books(
        self,
        name: str,
        start: str,
        end: str,
        *,
        at: str = "00:00",
        room: RoomKey = ROOM,
        series: str = "",
        kind: str = "",
        all_day: bool = False,
        source: SourceName = OASIS,
        day: date | None = None,
        ends_on: date | None = None,
        moved_from: RoomKey | None = None,
    ) -> None:
        """Let a booking appear in a reading."""
        self.reads(
            at,
            e.BookingAdded(
                room=room,
                booking=BookingId(name),
                source=source,
                start=self.at(start, day),
                end=self.at(end, ends_on or day),
                part=PART,
                series=series,
                kind=kind,
                all_day=all_day,
                moved_from=moved_from,
            ),
            source=source,
        )

    def cancels(self, name: str, at: str, *, room: RoomKey = ROOM, moved_to: RoomKey | None = None) -> None:
        """Let a booking vanish from a reading."""
        gone = e.BookingRemoved(room=room, booking=BookingId(name), source=OASIS, moved_to=moved_to)
        self.reads(at, gone)

    def moves(self, name: str, start: str, end: str, at: str, *, room: RoomKey = ROOM) -> None:
        """Let a booking have other hours in a reading."""
        known = self.school.rooms[room].all_bookings[BookingId(name)]
        was = e.Span(start=known.start, end=known.end)
        changed = e.BookingChanged(
            room=room, booking=BookingId(name), source=OASIS, start=self.at(start), end=self.at(end),
            part=PART, was=was,
        )  # fmt: skip
        self.reads(at, changed)

    def reads(
        self,
        at: str,
        *facts: e.AnyEvent,
        source: SourceName = OASIS,
        outcome: e.Outcome = "changed",
        missing: tuple[RoomKey, ...] = (),
    ) -> None:
        """Let a timetable be read, with the facts that it brings."""
        day = self.goes_on_to(at).astimezone(PARIS).date()
        read = e.SourceRead(
            source=source, outcome=outcome, days=(day, day + timedelta(days=1)), digest="d", missing=missing
        )
        self.tell(*facts, e.TimetableRead(sources=(read,)))

    def presses(
        self,
        at: str,
        intent: e.Intent = "present",
        *,
        received: str | None = None,
        room: RoomKey = ROOM,
        minutes: int | None = None,
    ) -> e.PresencePressed:
        """Let somebody press; what was received later was kept by its door."""
        self._presses += 1
        pressed_at = self.at(at)
        received_at = self.goes_on_to(received or at)
        press = e.Press(
            kiosk=DOOR, outbox="o", n=self._presses, room=room, intent=intent, minutes=minutes,
            boot_id="b", boottime=self._presses, wall=pressed_at,
        )  # fmt: skip
        message = RecordPress(
            name=press_id(DOOR, "o", self._presses),
            press=press,
            signature="00",
            pressed_at=pressed_at,
            earliest=pressed_at,
            received_at=received_at,
        )
        event = decided(self.school.rooms[room], message, self.school.rules)
        self._append([Draft(id=message.name, stream=room_stream(room), at=pressed_at, event=event)])
        return event

    def notes(
        self,
        what: e.Correction,
        start: str,
        end: str,
        *,
        at: str = "23:00",
        room: RoomKey = ROOM,
        booking: str | None = None,
        withdraws: int = 0,
    ) -> e.Recorded:
        """Let an operator annotate."""
        note = e.RoomAnnotated(
            room=room, what=what, start=self.at(start), end=self.at(end), part=PART,
            booking=BookingId(booking) if booking else None, withdraws=withdraws,
        )  # fmt: skip
        return self.tell(note, at=at)[0]

    def _append(self, drafts: list[Draft]) -> list[e.Recorded]:
        records = self.log.append(Batch(drafts=tuple(drafts)))
        for recorded in records:
            if recorded.seq > self.school.seq:
                self.school.apply(recorded)
        return list(records)

    # -- what audits see ----------------------------------------------------------------------------

    def ends(self, at: str = "23:59") -> Diary:
        """End the log at a time, with a reading, so that the whole day is known."""
        self.reads(at, outcome="unchanged")
        return self

    def facts(self) -> GatheredFacts:
        """Gather the facts."""
        return gather(self.log.read())

    def scope(self, *, corrected: bool = True, hours: e.Hours | None = None) -> Scope:
        """Look at the diary's day, all rooms."""
        rooms = tuple(rooms_of(self.facts()))
        return Scope(first=self.day, last=self.day, rooms=rooms, corrected=corrected, hours=hours)

    def days(self, *, corrected: bool = True, hours: e.Hours | None = None) -> list[RoomDay]:
        """Tell the diary's day, room by room."""
        return list(room_days(self.facts(), self.scope(corrected=corrected, hours=hours)))

    def one_day(self, *, corrected: bool = True) -> RoomDay:
        """Tell the diary's day in its first room."""
        return next(day for day in self.days(corrected=corrected) if day.room == self.rooms[0])

    def clocks(self, spans: Iterable[tuple[int, int]]) -> list[str]:
        """Write spans as clocks in Paris show them."""
        return ["-".join(f"{instant(edge).astimezone(PARIS):%H:%M}" for edge in span) for span in spans]


def eventful(seed: int, events: int = 120) -> Diary:
    """Write a day of everything, at random."""
    chance = random.Random(seed)
    diary = Diary(
        ROOM,
        OTHER,
        policy=e.Policy(unknown_after=chance.choice([30, 24 * 60])),
        sources=chance.choice([(OASIS,), (OASIS, ICS)]),
        began="06:00",
        seats=12,
    )
    minute = 0
    for n in range(events):
        minute += chance.randint(0, 12)
        clock = f"{6 + minute // 60:02}:{minute % 60:02}"
        if minute >= 17 * 60:
            break
        room = chance.choice((ROOM, OTHER))
        known = list(diary.school.rooms[room].all_bookings)
        match chance.randint(0, 13):
            case 0 | 1 | 2:
                start = minute + chance.randint(-60, 240)
                length = chance.randint(15, 180)
                source = chance.choice((OASIS, ICS))
                base = diary.at("06:00")
                event = e.BookingAdded(
                    room=room, booking=BookingId(f"b{n}"), source=source,
                    start=base + timedelta(minutes=start), end=base + timedelta(minutes=start + length),
                    part=PART, series=chance.choice(["", "s"]),
                )  # fmt: skip
                diary.reads(clock, event, source=source)
            case 3 if known:
                diary.cancels(chance.choice(known), clock, room=room)
            case 4 if known:
                name = chance.choice(known)
                hour = chance.randint(6, 20)
                diary.moves(name, f"{hour:02}:00", f"{hour + 2:02}:00", clock, room=room)
            case 5 | 6 | 7:
                back = chance.choice([0, 0, 0, chance.randint(0, minute)])
                pressed = minute - back
                intent: e.Intent = chance.choice(["present", "present", "leaving"])
                diary.presses(f"{6 + pressed // 60:02}:{pressed % 60:02}", intent, received=clock, room=room)
            case 8:
                diary.leaves(clock, room=room)
            case 9:
                diary.joins(at=clock, room=room)
            case 10:
                diary.tell(e.RoomClosed(room=room), at=clock)
                diary.tell(e.HeadcountChanged(room=room, count=3, by="desk"))
            case 11:
                diary.tell(e.RoomReopened(room=room), at=clock)
                diary.tell(e.ServerStarted(version="2", alive_until=None))
            case 12:
                diary.tell(_rare(diary, chance, room), at=clock)
            case _:
                diary.reads(clock, outcome=chance.choice(["unchanged", "failed"]), missing=(OTHER,))
    return diary


def _rare(diary: Diary, chance: random.Random, room: RoomKey) -> e.AnyEvent:
    now = diary.clock.now()
    policy = diary.school.rules.policy
    rare: list[e.AnyEvent] = [
        e.AirMeasured(room=room, kiosk=DOOR, co2=800),
        e.ButtonStuck(room=room, kiosk=DOOR),
        e.ButtonFreed(room=room, kiosk=DOOR),
        e.MotionSeen(room=room, kiosk=DOOR),
        e.NoticePosted(topic="school", part=PART, until=now + timedelta(minutes=chance.randint(1, 300))),
        e.PolicySet(
            policy=replace(
                policy, walk_in=chance.choice([20, 60]), unknown_after=chance.choice([30, 24 * 60])
            ),
            hours=e.Hours(friday=chance.choice(["00:00-24:00", "07:00-20:00"])),
        ),
        e.RoomDeclared(room=room, info=e.RoomInfo(name=f"{room} bis", sources=(OASIS,), seats=20)),
        e.RoomRetired(room=room),
        e.SchoolRenamed(name="Lycée"),
    ]
    return chance.choice(rare)
