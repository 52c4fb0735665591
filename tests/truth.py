"""Turns the truth of a made-up school year into the log that a server would have written.

``python -m tests.truth TRUTH.jsonl LOG_DIR``

A truth file (`tests/school_year.py` makes one) says what was booked and who really came. Of that this
program takes only what a page or a button shows: the bookings as their timetable showed them at each
instant, and the presses as they were delivered: late, twice, out of order, bouncing. They go the way they
go in a running server, with a clock that is told the time: readings through the real judgement and
difference (`actors.intake`, `scraper.diff`), deliveries through the real working out of their time
(`actors.live.times.when_pressed`) and the real decision of a room (`actors.room.decided`), all of it
through the log's own contract. Every door has joined for the whole time.

It needs what a server has installed and nothing else. Same file, same log: whatever a server would make at
random is made from the file's order.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from actors.intake import judge, sources_of
from actors.live.times import when_pressed
from actors.messages import RecordPress, Taken
from actors.room import decided
from actors.settings import SchoolSettings, read_school
from events import domain as e
from events import signing
from events.clock import Clock
from events.errors import ToctocError
from events.ids import SCHOOL_STREAM, EventId, KioskId, RoomKey, SourceName, press_id, room_stream
from events.log import Batch, Draft
from events.memory import MemoryLog
from events.personal import Text, commitment
from events.sqlite import SqliteLog
from events.state import SchoolState
from events.wire import SendPress
from scraper.reading import Reading, Slot

SOURCE = SourceName("truth")
REFRESH = timedelta(minutes=5)
"""How often a server reads its timetables, between the changes: what is older than twice that is stale."""
BOOT = "00000000-0000-0000-0000-000000000000"
KINDS = {"exam": "^Examen ", "club": "^Club ", "meeting": "^(Réunion|Comité|Conseil|Jury)"}
_GROUP = 5000


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A booking as its page shows it, from one instant on."""

    since: datetime
    until: datetime | None
    id: str
    room: str
    start: datetime
    end: datetime
    title: str


class HandClock(Clock):
    """A clock that is told the time."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        """Tell the time it was told."""
        return self.time

    def boottime(self) -> float:
        """Tell the same as seconds."""
        return self.time.timestamp()


class Truth:
    """What pages and buttons show of a truth file.

    Args:
        lines: Its lines.

    Raises:
        ValueError: It is no truth file.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        records = [json.loads(line) for line in lines if line.strip()]
        meta = next((r for r in records if r.get("type") == "meta"), None)
        if meta is None:
            raise ValueError("it has no line of type meta: this is no truth file")
        self.zone = ZoneInfo(meta["timezone"])
        self.rooms = [RoomKey(room) for room in meta["rooms"]]
        self.first, self.last = date.fromisoformat(meta["from"]), date.fromisoformat(meta["to"])
        self.open_days = {date.fromisoformat(r["date"]) for r in records if r["type"] == "day"}
        self.pages: dict[date, list[Shown]] = {}
        self.changes: set[datetime] = set()
        for record in records:
            if record["type"] == "booking":
                self._show(record)
        self.presses = [
            (r["id"], RoomKey(r["room"]), _exact(r["at"]), _exact(r["received_at"]))
            for r in records
            if r["type"] == "press"
        ]
        self.name = _hash("truth", repr((self.first, self.last, self.rooms, self.presses)))

    def midnight(self, day: date) -> datetime:
        """Tell when a local day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def page(self, days: Sequence[date], at: datetime) -> dict[str, tuple[Slot, ...]]:
        """Tell what the pages of these days show at an instant."""
        slots: dict[str, list[Slot]] = {room: [] for room in self.rooms}
        for day in days:
            for shown in self.pages.get(day, ()):
                if shown.since <= at and (shown.until is None or at < shown.until):
                    slot = Slot(start=shown.start, end=shown.end, title=shown.title, source_id=shown.id)
                    slots[shown.room].append(slot)
        return {
            room: tuple(sorted(of_room, key=lambda s: (s.start, s.end, s.title, s.source_id)))
            for room, of_room in slots.items()
        }

    def _show(self, record: Mapping[str, Any]) -> None:
        """Undo the changes of a booking, the last first, to know what its page showed before each."""
        now = {key: record[key] for key in ("room", "start", "end", "title")}
        until = self._instant(record["cancelled_at"]) if record["cancelled_at"] else None
        for change in reversed(record["history"]):
            if change["op"] == "cancel":
                continue
            at = self._instant(change["at"])
            self._add(record["id"], now, at, until)
            now = {key: change.get(f"{key}_from", value) for key, value in now.items()}
            until = at
        self._add(record["id"], now, self._instant(record["created_at"]), until)

    def _add(self, name: str, row: Mapping[str, str], since: datetime, until: datetime | None) -> None:
        start, end = self._instant(row["start"]), self._instant(row["end"])
        shown = Shown(since, until, name, row["room"], start, end, row["title"])
        self.pages.setdefault(date.fromisoformat(row["start"][:10]), []).append(shown)
        self.changes.update(at for at in (since, until) if at is not None)

    def _instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC)


class Server:
    """What a server does, one thing after the other.

    Args:
        truth: What is shown to it.
        settings: Its configuration.
        begin: When it starts.
    """

    def __init__(self, truth: Truth, settings: SchoolSettings, begin: datetime) -> None:
        self._truth, self._settings, self._begin = truth, settings, begin
        self._clock = HandClock(begin)
        self._key = hashlib.sha256(b"key of the truth's log").digest()
        self._doors = {room: _door(room) for room in truth.rooms}
        self._texts: dict[EventId, str] = {}
        self._read: e.SourceRead | None = None
        self._named = 0
        self.log = MemoryLog(self._clock)
        self.school = SchoolState()
        self.parts: list[tuple[EventId, str, bytes]] = []

    def start(self) -> None:
        """Begin the log, declare what the configuration says, and let every door join."""
        settings, now = self._settings, self._begin
        events: list[e.AnyEvent] = [
            e.LogCreated(log=self._name("log"), school=settings.name, zone=settings.zone),
            e.ServerStarted(version="truth"),
            e.PolicySet(policy=settings.policy, hours=settings.hours, closed=settings.closed),
        ]
        events += [
            e.RoomDeclared(room=room, info=replace(info, sources=sources_of(settings, room)))
            for room, info in settings.rooms.items()
        ]
        events += [
            e.KioskJoined(room=room, kiosk=self._doors[room][1], watching_since=now)
            for room in settings.rooms
        ]
        self._record([self._draft(event, now) for event in events])

    def stop(self, at: datetime) -> None:
        """End in order."""
        self._clock.time = max(self._clock.time, at)
        self._record([self._draft(e.ServerStopped(), at)])

    def read(self, at: datetime, *, changed: bool) -> None:
        """Read the pages of today and tomorrow.

        Args:
            at: When.
            changed: Whether they may differ from those read last; equal ones have no difference.
        """
        self._clock.time = at
        today = at.astimezone(self._truth.zone).date()
        days = (today, today + timedelta(days=1))
        if not changed and self._read is not None and self._read.days == days:
            read = replace(self._read, outcome="unchanged", reason="")
            self._record([self._draft(e.TimetableRead(sources=(read,)), at)])
            return
        reading = Reading(
            status="ok", days=days, zone=str(self._truth.zone), rooms=self._truth.page(days, at)
        )
        digest = hashlib.sha256(msgspec.json.encode(reading.rooms)).hexdigest()
        taken = Taken(source=SOURCE, days=days, at=at, reading=reading, digest=digest)
        while True:
            intake = judge(
                taken, school=self.school, settings=self._settings, texts=self._texts, key=self._key
            )
            drafts = [self._named_anew(draft) for draft in intake.drafts]
            self._record([*drafts, self._draft(e.TimetableRead(sources=(intake.read,)), at)])
            if intake.read.outcome != "suspect":
                break  # a suspect reading is read once more, and then believed
        self._read = intake.read

    def press(self, name: str, room: RoomKey, at: datetime, received_at: datetime) -> None:
        """Take a delivery of a press.

        Args:
            name: The room and its count.
            room: Where.
            at: When the contact closed.
            received_at: When it was delivered.
        """
        self._clock.time = max(self._clock.time, received_at)
        key, kiosk = self._doors[room]
        press = e.Press(
            kiosk=kiosk,
            outbox=_hash("outbox", room),
            n=int(name.rpartition("-")[2]),
            room=room,
            intent="present",
            boot_id=BOOT,
            boottime=self._boottime(at),
            wall=at,
            wall_synchronised=True,
        )
        signature = signing.sign_press(key, press)
        delivery = SendPress(
            press=press,
            signature=signature,
            boot_id=BOOT,
            boottime=self._boottime(received_at),
            wall=received_at,
        )
        pressed_at, earliest = when_pressed(delivery, received_at)
        message = RecordPress(
            name=press_id(kiosk, press.outbox, press.n),
            press=press,
            signature=signature,
            pressed_at=pressed_at,
            earliest=earliest,
            received_at=received_at,
        )
        state = self.school.rooms[room]
        event = decided(state, message, self.school.rules)
        draft = Draft(id=message.name, stream=room_stream(room), at=pressed_at, event=event)
        self._record([draft], expected=(draft.stream, state.version))

    def _record(self, drafts: Sequence[Draft], expected: tuple[str, int] | None = None) -> None:
        for recorded in self.log.append(Batch(drafts=tuple(drafts), expected=expected)):
            if recorded.seq > self.school.seq:  # else it was recorded before
                self.school.apply(recorded)
        for draft in drafts:
            if draft.text is not None:
                part = _part(draft)
                self.parts.append((draft.id, part.month, draft.text))
                self._texts[draft.id] = msgspec.json.decode(draft.text, type=Text).title

    def _draft(self, event: e.AnyEvent, at: datetime) -> Draft:
        room: RoomKey | None = getattr(event, "room", None)
        stream = SCHOOL_STREAM if room is None else room_stream(room)
        return Draft(id=EventId(self._name("event")), stream=stream, at=at, event=event)

    def _named_anew(self, draft: Draft) -> Draft:
        """Put names that follow from the order in the place of random ones."""
        if draft.text is None:
            return replace(draft, id=EventId(self._name("event")))
        text = msgspec.json.decode(draft.text, type=Text)
        body = msgspec.json.encode(replace(text, salt=self._name("salt") + self._name("salt")))
        part = replace(_part(draft), commitment=commitment(body))
        return replace(
            draft,
            id=EventId(self._name("event")),
            event=replace(draft.event, part=part),
            text=body,
        )

    def _name(self, what: str) -> str:
        self._named += 1
        return _hash(what, f"{self._truth.name} {self._named}")

    def _boottime(self, at: datetime) -> int:
        return (at - self._begin) // timedelta(milliseconds=1) + 1_000_000


def run(truth: Truth, settings: SchoolSettings) -> Server:
    """Live through a truth file.

    Args:
        truth: What is shown.
        settings: The server's configuration.

    Returns:
        The server, with its log in memory.
    """
    begin, end = truth.midnight(truth.first), truth.midnight(truth.last + timedelta(days=1))
    server = Server(truth, settings, begin)
    server.start()
    deliveries = deque(sorted(truth.presses, key=lambda press: press[3]))
    for at, changed in readings(truth, begin, end):
        while deliveries and deliveries[0][3] < at:
            server.press(*deliveries.popleft())
        server.read(at, changed=changed)
    for delivery in deliveries:
        server.press(*delivery)
    server.stop(end)
    return server


def readings(truth: Truth, begin: datetime, end: datetime) -> Iterator[tuple[datetime, bool]]:
    """Tell when the timetables are read: at each change, at midnight, and every five minutes.

    Yields:
        When, and whether something may have changed.
    """
    midnights, day = set(), truth.first
    while (midnight := truth.midnight(day)) < end:
        midnights.add(midnight)
        day += timedelta(days=1)
    changes = {at for at in truth.changes if begin <= at < end} | midnights
    rounds = {begin + REFRESH * n for n in range((end - begin) // REFRESH)}
    for at in sorted(changes | rounds):
        yield at, at in changes


def configuration(truth: Truth, rooms: Path | None) -> SchoolSettings:
    """Configure the school of a truth file.

    Args:
        truth: Names the rooms, and the days on which the school is open.
        rooms: Its inventory; None for rooms of which only the name is known.

    Raises:
        ValueError: The inventory lacks a room that the truth speaks of.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inventory = rooms.read_text(encoding="utf-8") if rooms else ""
        if not rooms:
            inventory = "".join(f"[[room]]\nid = {json.dumps(room)}\n" for room in truth.rooms)
        (folder / "rooms.toml").write_text(inventory, encoding="utf-8")
        lines = [
            f"[school]\nname = 'École'\nzone = {json.dumps(str(truth.zone))}",
            f"[[source]]\nname = '{SOURCE}'\nurl = 'https://timetable.example/{{day}}'",
            *(f"[[kind]]\nname = '{kind}'\npattern = '{pattern}'" for kind, pattern in KINDS.items()),
            *(f"[[closed]]\nfirst = {first}\nlast = {last}" for first, last in _closed(truth)),
        ]
        (folder / "school.toml").write_text("\n\n".join(lines), encoding="utf-8")
        settings = read_school(folder / "school.toml")
    lacking = sorted(set(truth.rooms) - set(settings.rooms))
    if lacking:
        raise ValueError(f"{rooms}: has no room {', '.join(lacking)}, of which the truth speaks")
    return settings


def _closed(truth: Truth) -> Iterator[tuple[date, date]]:
    first: date | None = None
    day = truth.first
    while day <= truth.last + timedelta(days=1):
        closed = day not in truth.open_days and day <= truth.last
        if closed and first is None:
            first = day
        if not closed and first is not None:
            yield first, day - timedelta(days=1)
            first = None
        day += timedelta(days=1)


def write(server: Server, folder: Path) -> None:
    """Write the log and its personal parts to a folder, as a server keeps them.

    Raises:
        LogError: There is a log already, or it cannot be written.
    """
    log = SqliteLog(folder, who="tests.truth")
    try:
        if log.head():
            raise ToctocError(f"{folder}: there is a log already; name another folder")
        for first in range(0, len(server.parts), _GROUP):
            log.personal.put(server.parts[first : first + _GROUP])
        for first in range(0, server.log.head(), _GROUP):
            log.take_over(list(server.log.read(after=first, until=first + _GROUP)))
    finally:
        log.close()


def _part(draft: Draft) -> e.Part:
    part: e.Part = draft.event.part  # type: ignore[union-attr,assignment]  # whatever has a text has one
    return part


def _exact(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _hash(what: str, name: str) -> str:
    return hashlib.sha256(f"{what}\n{name}".encode()).hexdigest()[:32]


def _door(room: RoomKey) -> tuple[Ed25519PrivateKey, KioskId]:
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"door {room}".encode()).digest())
    return key, signing.kiosk_id(signing.public_hex(key))


def main(argv: Sequence[str]) -> int:
    """Write the log of a truth file.

    Returns:
        0, or 2 when the file or the folder will not do.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.truth", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("truth", type=Path, metavar="TRUTH.jsonl")
    parser.add_argument(
        "folder", type=Path, metavar="LOG_DIR", help="made if it is missing; holds no log yet"
    )
    parser.add_argument(
        "--rooms", type=Path, metavar="FILE", help="the inventory, for wings, types and seats"
    )
    arguments = parser.parse_args(argv)
    began = time.perf_counter()
    try:
        with arguments.truth.open(encoding="utf-8") as file:
            truth = Truth(file)
        server = run(truth, configuration(truth, arguments.rooms))
        write(server, arguments.folder)
    except (ToctocError, OSError, ValueError) as error:
        print(f"tests.truth: {error}", file=sys.stderr)
        return 2
    tags = Counter(type(recorded.event).__name__ for recorded in server.log.read())
    print(f"{arguments.folder}: {server.log.head()} events in {time.perf_counter() - began:.1f} s")
    for tag, count in tags.most_common():
        print(f"{count:>8} {tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
