"""What reading a timetable amounts to: pure, from what was read to the facts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from actors.messages import Taken
from actors.settings import SchoolSettings, Source
from events.domain import SourceRead
from events.ids import EventId, RoomKey, SourceName
from events.log import Draft
from events.state import SchoolState
from events.status import day_of, day_span
from events.wire import SourceReport
from scraper.diff import Known, Seen, diff
from scraper.doubt import suspicion
from scraper.facts import Lens


class Intake(Struct, frozen=True, kw_only=True):
    """What is to be recorded of one source in one round.

    Attributes:
        strangers: The rooms that it spoke of and that we do not know.
    """

    read: SourceRead
    drafts: tuple[Draft, ...] = ()
    strangers: tuple[str, ...] = ()


def judge(
    taken: Taken,
    *,
    school: SchoolState,
    settings: SchoolSettings,
    texts: Mapping[EventId, str],
    key: bytes,
    accepted: bool = False,
) -> Intake:
    """Turn what was read of a source into facts.

    Args:
        taken: How the reading went.
        school: What is known.
        settings: Which rooms and patterns there are.
        texts: Titles by the event that brought them.
        key: Secret of this log, for hashes.
        accepted: An operator said that it is right.
    """
    reading = taken.reading
    if reading is None:
        return Intake(read=_failed(taken, taken.reason))
    if not reading.rooms:
        # A feed that is down can be a valid calendar without events: it never cancels anything.
        return Intake(read=_failed(taken, "it holds nothing at all"))
    lens = _lens(settings, taken.source, key)
    zone = school.rules.zone
    window = day_span(zone, reading.days[0])[0], day_span(zone, reading.days[-1])[1]
    spoken = {lens.rooms[name] for name in reading.rooms if name in lens.rooms}
    wanted = {room for room in settings.rooms if taken.source in sources_of(settings, room)}
    missing = tuple(sorted(wanted - spoken))
    seen = lens.seen(reading)
    strangers = tuple(name for name in reading.rooms if name not in lens.rooms)
    read = SourceRead(
        source=taken.source,
        outcome="unchanged",
        days=reading.days,
        digest=taken.digest,
        rooms=len(reading.rooms),
        bookings=sum(len(slots) for slots in reading.rooms.values()),
        problems=len(reading.problems),
        strangers=len(strangers),
        roomless=len(reading.without_room),
        missing=missing,
        reason=taken.reason,
    )
    before = school.sources.get(taken.source)
    refused = before is not None and taken.digest == before.refused
    doubt = "an operator refused it" if refused else _doubt(read, seen, school, texts, wanted)
    seen_before = before is not None and taken.digest == before.doubted and not refused
    if doubt and not accepted and not seen_before:
        return Intake(read=replace(read, outcome="suspect", reason=doubt), strangers=strangers)
    changes = diff(_known(school, texts, taken.source, spoken, window), seen, window)
    if changes:
        read = replace(read, outcome="changed")
    return Intake(read=read, drafts=tuple(lens.facts(changes, taken.at)), strangers=strangers)


def _failed(taken: Taken, reason: str) -> SourceRead:
    return SourceRead(source=taken.source, outcome="failed", days=taken.days, reason=reason)


def _doubt(
    read: SourceRead,
    seen: Sequence[Seen],
    school: SchoolState,
    texts: Mapping[EventId, str],
    wanted: set[RoomKey],
) -> str:
    zone = school.rules.zone
    days = [day_span(zone, day) for day in read.days]
    day_before = day_span(zone, read.days[0] - timedelta(days=1))
    return suspicion(
        _known(school, texts, read.source, wanted, (days[0][0], days[-1][1])),
        seen,
        days=days,
        missing=len(read.missing),
        rooms=len(wanted),
        before=_known(school, texts, read.source, wanted, day_before),
        day_before=day_before,
    )


def report(
    source: Source,
    *,
    school: SchoolState,
    settings: SchoolSettings,
    at: datetime,
    strangers: tuple[str, ...] = (),
    next_try: datetime | None = None,
) -> SourceReport:
    """Tell how a source is.

    Args:
        source: Its configuration.
        school: What is known.
        settings: Which rooms there are.
        at: Now.
        strangers: The rooms it spoke of that we do not know.
        next_try: When it will be tried again.
    """
    state = school.sources.get(source.name)
    shadowed = sum(
        b.source == source.name and b.end > at
        for room in school.rooms.values()
        for b in room.shadowed.values()
    )
    bare = SourceReport(
        source=source.name, kind=source.kind, strangers=strangers, shadowed=shadowed, next_try=next_try
    )
    if state is None:
        return bare
    return replace(
        bare,
        outcome=state.outcome,
        reason=state.reason,
        tried_at=state.tried_at,
        read_at=state.read_at.get(day_of(school.rules, at)),
        failures=state.failures,
        bookings=state.bookings,
        problems=state.problems,
        roomless=state.roomless,
        missing=tuple(
            room
            for room in state.missing
            if source.name in sources_of(settings, room) and room in settings.rooms
        ),
    )


def sources_of(settings: SchoolSettings, room: RoomKey) -> tuple[SourceName, ...]:
    """Name the timetables that speak of a room; of one that none knows, ``-`` is never read."""
    names = tuple(source.name for source in settings.sources if source.speaks_of(room))
    return names or (SourceName("-"),)


def _lens(settings: SchoolSettings, source: SourceName, key: bytes) -> Lens:
    names: dict[str, RoomKey] = {}
    for room, info in settings.rooms.items():
        if source in sources_of(settings, room):
            for name in (*info.aliases, info.name):
                names.setdefault(name, room)
    names.update(next((one.aliases for one in settings.sources if one.name == source), {}))
    names.update({room: room for room in settings.rooms if source in sources_of(settings, room)})
    return Lens(source=source, key=key, kinds=settings.kind_patterns(), rooms=names)


def _known(
    school: SchoolState,
    texts: Mapping[EventId, str],
    source: SourceName,
    rooms: Iterable[RoomKey],
    window: tuple[datetime, datetime],
) -> list[Known]:
    return [
        Known(room=key, booking=b, title=texts.get(b.text), series=b.series)
        for key in sorted(rooms)
        if (room := school.rooms.get(key)) is not None
        for b in room.all_bookings.values()
        if b.source == source and b.start < window[1] and b.end > window[0]
    ]
