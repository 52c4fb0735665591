"""From changes to facts: the drafts of the events, with what is personal set apart."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from events.domain import BookingAdded, BookingChanged, BookingRemoved, RoomEvent, Span
from events.ids import BookingId, RoomKey, SourceName, new_event_id, room_stream
from events.log import Draft
from events.personal import new_part
from scraper.diff import Added, Change, Changed, Known, Seen
from scraper.reading import Reading, Slot


class Lens(Struct, frozen=True, kw_only=True):
    """How what a source says becomes what we record.

    Attributes:
        key: Secret of this log, for hashes that nobody can make a table of.
        kinds: Kinds of booking with the pattern that their titles match; the first that does.
        rooms: Our rooms by every name under which the source may know them.
    """

    source: SourceName
    key: bytes
    kinds: tuple[tuple[str, re.Pattern[str]], ...]
    rooms: Mapping[str, RoomKey]

    def series_of(self, title: str) -> str:
        """Name a course by the keyed hash of its normalised title."""
        normal = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
        return self._hash("series", normal) if normal else ""

    def kind_of(self, title: str) -> str:
        """Tell the kind of a booking by its title; empty when no pattern matches."""
        return next((kind for kind, pattern in self.kinds if pattern.search(title)), "")

    def name_of(self, slot: Slot) -> BookingId | None:
        """Name a booking by the source's own id of it, if it has one."""
        if slot.source_id is None:
            return None
        return BookingId(f"{self.source}:{self._hash('booking', slot.source_id)}")

    def seen(self, reading: Reading) -> list[Seen]:
        """List the bookings of a reading in the rooms that we have.

        A page may speak of one room under two of its names; its bookings are there once.
        """
        named = {
            (room, slot, count): None
            for name, slots in reading.rooms.items()
            if (room := self.rooms.get(name)) is not None
            for slot, count in _counted(slots)
        }
        return [
            Seen(room=room, slot=slot, series=self.series_of(slot.title), name=self.name_of(slot))
            for room, slot, _ in named
        ]

    def facts(self, changes: Iterable[Change], at: datetime) -> list[Draft]:
        """Draft the events that changes amount to.

        Args:
            changes: From `scraper.diff.diff`.
            at: When the source was read.
        """
        return [self._draft(change, at) for change in changes]

    def _draft(self, change: Change, at: datetime) -> Draft:
        text: bytes | None = None
        event: RoomEvent
        if isinstance(change, Added):
            moved = change.moved
            seen = change.seen
            part, text = new_part(seen.slot.end, title=seen.slot.title, source_id=seen.slot.source_id or "")
            event = BookingAdded(
                room=seen.room,
                booking=moved.booking.id if moved else self._booking(seen),
                source=self.source,
                start=seen.slot.start,
                end=seen.slot.end,
                part=part,
                all_day=seen.slot.all_day,
                unsure=seen.unsure,
                kind=self.kind_of(seen.slot.title),
                series=seen.series,
                moved_from=moved.room if moved else None,
            )
        elif isinstance(change, Changed):
            seen = change.seen
            part, text = new_part(seen.slot.end, title=seen.slot.title, source_id=seen.slot.source_id or "")
            event = BookingChanged(
                room=seen.room,
                booking=change.known.booking.id,
                source=self.source,
                start=seen.slot.start,
                end=seen.slot.end,
                part=part,
                was=Span(start=change.known.booking.start, end=change.known.booking.end),
                all_day=seen.slot.all_day,
                unsure=seen.unsure,
                kind=self.kind_of(seen.slot.title),
                series=seen.series,
            )
        else:
            known: Known = change.known
            event = BookingRemoved(
                room=known.room, booking=known.booking.id, source=self.source, moved_to=change.moved_to
            )
        return Draft(id=new_event_id(), stream=room_stream(event.room), at=at, event=event, text=text)

    def _booking(self, seen: Seen) -> BookingId:
        return BookingId(seen.name or f"{self.source}:{secrets.token_hex(8)}")

    def _hash(self, use: str, text: str) -> str:
        return hmac.new(self.key, f"{use}\n{text}".encode(), hashlib.sha256).hexdigest()[:16]


def _counted(slots: Iterable[Slot]) -> list[tuple[Slot, int]]:
    """Number slots that are equal: a room can really be booked twice at once."""
    counts: Counter[Slot] = Counter()
    numbered = []
    for slot in slots:
        counts[slot] += 1
        numbered.append((slot, counts[slot]))
    return numbered
