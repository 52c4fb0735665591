"""What reading a timetable amounts to: pure, from what was read to the facts of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from actors.messages import Taken
from actors.settings import SchoolSettings
from events.domain import SourceRead
from events.ids import EventId, RoomKey, SourceName
from events.log import Draft
from events.state import SchoolState
from events.status import day_span
from scraper.diff import Known, diff, suspicion
from scraper.facts import Lens


class Intake(Struct, frozen=True, kw_only=True):
    """What is to be recorded of one source in one round."""

    read: SourceRead
    drafts: tuple[Draft, ...] = ()


def judge(
    taken: Taken,
    *,
    school: SchoolState,
    settings: SchoolSettings,
    texts: Mapping[EventId, str],
    key: bytes,
    doubted: str,
) -> Intake:
    """Turn what was read of a source into facts.

    Args:
        taken: How the reading went.
        school: What is known.
        settings: Which rooms and patterns there are.
        texts: Titles by the event that brought them.
        key: Secret of this log, for hashes.
        doubted: Digest of the reading before, if that was suspect: the same again is believed.
    """
    reading = taken.reading
    if reading is None:
        failed = SourceRead(source=taken.source, outcome="failed", days=taken.days, reason=taken.reason)
        return Intake(read=failed)
    lens = _lens(settings, taken.source, key)
    zone = school.rules.zone
    window = day_span(zone, reading.days[0])[0], day_span(zone, reading.days[-1])[1]
    spoken = {lens.rooms[name] for name in reading.rooms if name in lens.rooms}
    wanted = {room for room in settings.rooms if taken.source in sources_of(settings, room)}
    missing = tuple(sorted(wanted - spoken))
    seen = lens.seen(reading)
    read = SourceRead(
        source=taken.source,
        outcome="unchanged",
        days=reading.days,
        digest=taken.digest,
        rooms=len(reading.rooms),
        bookings=sum(len(slots) for slots in reading.rooms.values()),
        problems=len(reading.problems),
        strangers=sum(name not in lens.rooms for name in reading.rooms),
        missing=missing,
        reason=taken.reason,
    )
    doubt = suspicion(
        _known(school, texts, taken.source, wanted, window), seen, missing=len(missing), rooms=len(wanted)
    )
    if doubt and doubted != taken.digest:
        return Intake(read=replace(read, outcome="suspect", reason=doubt))
    changes = diff(_known(school, texts, taken.source, spoken, window), seen, window)
    if changes:
        read = replace(read, outcome="changed")
    return Intake(read=read, drafts=tuple(lens.facts(changes, taken.at)))


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
    names.update({room: room for room in settings.rooms if source in sources_of(settings, room)})
    kinds = [(kind.name, re.compile(kind.pattern, re.IGNORECASE)) for kind in settings.kinds]
    return Lens(source=source, key=key, kinds=tuple(kinds), rooms=names)


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
