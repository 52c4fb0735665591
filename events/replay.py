"""The log read again: the state at any instant, and whether the log is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct

from events.codec import tag_of
from events.domain import Part, Recorded
from events.errors import LogCorrupt, LogError
from events.ids import EventId
from events.log import EventLog
from events.notices import standing
from events.personal import PersonalStore, commitment, read_text
from events.state import SchoolState

_TELL_EVERY = 5000


def replay(log: EventLog, *, seq: int | None = None, at: datetime | None = None) -> SchoolState:
    """Fold a log from its first event.

    Args:
        log: The log.
        seq: Up to this event; None for all.
        at: Up to what was recorded at this instant: the state as it was known then, also for an
            instant between two events.

    Returns:
        The state, to which further events may be applied.
    """
    return SchoolState().apply_all(log.read(until=seq, recorded_until=at))


class Finding(Struct, frozen=True, kw_only=True):
    """Something about a log that is not as it should be.

    Attributes:
        seq: Where.
        what: ``gap``, ``version``, ``time``, ``undecodable``, ``unreadable`` (the file: nothing
            behind it was looked at), ``unfoldable``, ``part-lost`` or ``part-altered``.
    """

    seq: int
    what: str
    detail: str


def verify(
    log: EventLog,
    personal: PersonalStore | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Finding]:
    """Read a whole log and tell what is not as it should be.

    Args:
        log: The log.
        personal: Where its personal parts lie; None to leave them out.
        progress: Told now and then how many events were read, of how many.

    Yields:
        Findings in the order of the log; none for a sound one.
    """
    school = SchoolState()
    versions: dict[str, int] = {}
    newest: datetime | None = None
    seq, head = 0, log.head() if progress is not None else 0
    records = log.read()
    while True:
        try:
            recorded = next(records, None)
        except LogCorrupt as error:
            if error.seq is None:  # the file itself: every further read would end here again
                yield Finding(seq=seq + 1, what="unreadable", detail=str(error))
                return
            if error.seq != seq + 1:
                yield Finding(seq=seq + 1, what="gap", detail=f"{error.seq - seq - 1} events are missing")
            yield Finding(seq=error.seq, what="undecodable", detail=str(error))
            # A generator that raised is exhausted: go on behind the row that cannot be read.
            seq = error.seq
            records = log.read(after=seq)
            continue
        if recorded is None:
            return
        yield from _in_place(recorded, seq, versions, newest)
        seq, newest = recorded.seq, recorded.recorded_at
        if progress is not None and seq % _TELL_EVERY == 0:
            progress(seq, head)
        versions[recorded.stream] = recorded.version
        try:
            school.apply(recorded)
        except Exception as error:  # noqa: BLE001  # whatever a fold does wrong is a finding
            yield Finding(seq=seq, what="unfoldable", detail=f"{tag_of(recorded.event)}: {error!r}")
        if personal is not None:
            yield from _part(recorded, personal)


def _in_place(
    recorded: Recorded, seq: int, versions: dict[str, int], newest: datetime | None
) -> Iterator[Finding]:
    if recorded.seq != seq + 1:
        yield Finding(seq=seq + 1, what="gap", detail=f"{recorded.seq - seq - 1} events are missing")
    version = versions.get(recorded.stream, 0)
    if recorded.version != version + 1:
        detail = f"{recorded.stream} goes from version {version} to {recorded.version}"
        yield Finding(seq=recorded.seq, what="version", detail=detail)
    if newest is not None and recorded.recorded_at < newest:
        yield Finding(seq=recorded.seq, what="time", detail="recorded before the event in front of it")


def _part(recorded: Recorded, personal: PersonalStore) -> Iterator[Finding]:
    event = recorded.event
    part: Part | None = getattr(event, "part", None)
    if part is None:
        return
    try:
        body = personal.get([(recorded.id, part.month)]).get(recorded.id)
    except LogError as error:
        yield Finding(seq=recorded.seq, what="part-lost", detail=str(error))
        return
    if body is None:
        yield Finding(seq=recorded.seq, what="part-lost", detail=f"of {tag_of(event)} in {recorded.stream}")
        return
    try:
        genuine = commitment(body) == part.commitment
    except (LogCorrupt, ValueError):
        genuine = False
    if not genuine:
        yield Finding(
            seq=recorded.seq, what="part-altered", detail=f"of {tag_of(event)} in {recorded.stream}"
        )


def texts(school: SchoolState, personal: PersonalStore, *, ended_after: datetime) -> dict[EventId, str]:
    """Look up titles of bookings, reasons of closures and notices, for the rim where people read.

    Args:
        school: The state.
        personal: Where the parts lie.
        ended_after: Bookings and notices that ended before are left out.

    Returns:
        The texts by the event that brought them.
    """
    wanted = [
        (booking.text, booking.month)
        for room in school.rooms.values()
        for booking in room.all_bookings.values()
        if booking.end > ended_after
    ]
    wanted += [(room.closure.text, room.closure.month) for room in school.rooms.values() if room.closure]
    wanted += [(notice.text, notice.month) for notice in standing(school.notices.values(), ended_after)]
    found: dict[EventId, str] = {}
    for event_id, body in personal.get(wanted).items():
        text = read_text(body)
        found[event_id] = text.title or text.reason
    return found
