"""What changed between what was known of a source and what was read: the smallest true set.

Bookings are told apart by the source's own id where it has one, else by best match: the same
hours and title in the same room; then the same title in the same room (moved in time); then the
same hours in the same room (retitled); then the same hours and title in another room (moved
there). Pure: nothing here makes ids or knows of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from events.ids import RoomKey
from events.state import Booking
from scraper.reading import Slot


class Known(Struct, frozen=True, kw_only=True, gc=False):
    """A booking that we know, with what tells whether a slot is the same.

    Attributes:
        title: Its title; None when it was forgotten.
        series: Keyed hash of the normalised title, which is never forgotten.
    """

    room: RoomKey
    booking: Booking
    title: str | None
    series: str = ""


class Seen(Struct, frozen=True, kw_only=True, gc=False):
    """A booking that was read.

    Attributes:
        series: Keyed hash of its normalised title.
        name: The id that the source's own id makes; None where the source has none.
    """

    room: RoomKey
    slot: Slot
    series: str = ""
    name: str | None = None

    @property
    def unsure(self) -> bool:
        """Whether its hours are not known exactly: where a page cuts a booking, nobody can tell."""
        return self.slot.unsure or self.slot.cut_at_start or self.slot.cut_at_end


class Added(Struct, frozen=True, kw_only=True):
    """A booking appeared, or came from another room (then with the booking it was there)."""

    seen: Seen
    moved: Known | None = None


class Changed(Struct, frozen=True, kw_only=True):
    """A booking has other hours or another title."""

    known: Known
    seen: Seen


class Removed(Struct, frozen=True, kw_only=True):
    """A booking is gone, or went to another room."""

    known: Known
    moved_to: RoomKey | None = None


Change = Added | Changed | Removed


def diff(known: Sequence[Known], seen: Sequence[Seen], window: tuple[datetime, datetime]) -> list[Change]:
    """Compare a whole reading with what was known.

    Args:
        known: The source's bookings that overlap the window, in rooms that were read.
        seen: What was read.
        window: Begin and end of the days read: beyond it the reading says nothing, so a known
            booking that goes on outside keeps its hours there.

    Returns:
        Changes such that applying them to ``known`` gives ``seen``; none when they agree.
    """
    seen = _named_once(join_at_midnight(seen))
    changes: list[Change] = []
    left_known, left_seen = list(known), list(seen)

    def pair(
        key_known: Callable[[Known], Hashable], key_seen: Callable[[Seen], Hashable]
    ) -> list[tuple[Known, Seen]]:
        nonlocal left_known, left_seen
        pairs, left_known, left_seen = _pair(left_known, left_seen, key_known, key_seen, window)
        return pairs

    def span(k: Known) -> tuple[datetime, datetime]:
        return max(k.booking.start, window[0]), min(k.booking.end, window[1])

    same = pair(lambda k: (k.room, k.booking.id), lambda s: (s.room, s.name))
    same += pair(lambda k: (k.room, *span(k), k.series), lambda s: (s.room, *_span(s), s.series))
    same += pair(lambda k: (k.room, k.series), lambda s: (s.room, s.series))
    same += pair(lambda k: (k.room, *span(k)), lambda s: (s.room, *_span(s)))
    for k, s in same:
        now = _widened(k, s, window)
        if not _agree(k, now):
            changes.append(Changed(known=k, seen=now))
    moved = pair(lambda k: k.booking.id, lambda s: s.name)
    moved += pair(lambda k: (*span(k), k.series), lambda s: (*_span(s), s.series))
    taken: set[tuple[str, str | None]] = {(k.room, k.booking.id) for k in known}
    taken |= {(s.room, s.name) for s in seen}
    taken -= {(s.room, s.name) for k, s in moved if s.name == k.booking.id}
    for k, s in moved:
        if (s.room, k.booking.id) in taken:  # there that name is another booking's
            left_known.append(k)
            left_seen.append(s)
            continue
        taken.add((s.room, k.booking.id))
        changes.append(Removed(known=k, moved_to=s.room))
        changes.append(Added(seen=_widened(k, s, window), moved=k))
    changes += [Removed(known=k) for k in left_known]
    changes += [Added(seen=s) for s in left_seen]
    return changes


def join_at_midnight(seen: Iterable[Seen]) -> list[Seen]:
    """Make one booking of the pieces of it that touch where one day's page ends and the next begins."""
    joined: dict[tuple[Hashable, ...], Seen] = {}
    for s in sorted(seen, key=lambda s: (s.room, s.slot.start, s.slot.end, s.slot.title)):
        before = joined.pop((s.room, s.slot.title, s.slot.start), None) if s.slot.cut_at_start else None
        if before is not None and before.slot.cut_at_end:
            slot = replace(
                s.slot,
                start=before.slot.start,
                cut_at_start=before.slot.cut_at_start,
                all_day=before.slot.all_day and s.slot.all_day,
                unsure=before.slot.unsure or s.slot.unsure,
            )
            s = replace(s, slot=slot)  # noqa: PLW2901  # the joined one takes its place
        elif before is not None:
            joined[s.room, before.slot.title, before.slot.end, id(before)] = before
        # Only one that is cut may be joined; the others need a name that nothing asks for.
        open_end: tuple[Hashable, ...] = (s.room, s.slot.title, s.slot.end)
        joined[open_end if s.slot.cut_at_end and open_end not in joined else (*open_end, id(s))] = s
    return sorted(joined.values(), key=lambda s: (s.room, s.slot.start, s.slot.end, s.slot.title))


def _named_once(seen: list[Seen]) -> list[Seen]:
    """Take the name away from bookings of one room that share it: it tells them apart no more."""
    count = Counter((s.room, s.name) for s in seen)
    return [replace(s, name=None) if count[s.room, s.name] > 1 else s for s in seen]


def _pair(
    known: list[Known],
    seen: list[Seen],
    key_known: Callable[[Known], Hashable],
    key_seen: Callable[[Seen], Hashable],
    window: tuple[datetime, datetime],
) -> tuple[list[tuple[Known, Seen]], list[Known], list[Seen]]:
    """Pair what has the same key: where several have it, first what agrees, then in order of time."""
    by_key: dict[Hashable, list[Known]] = {}
    for k in sorted(known, key=lambda k: (k.booking.start, k.booking.end, k.booking.id)):
        by_key.setdefault(key_known(k), []).append(k)
    pairs: list[tuple[Known, Seen]] = []
    left: list[Seen] = []
    for s in seen:
        candidates = by_key.get(key_seen(s), [])
        same = next((k for k in candidates if _agree(k, _widened(k, s, window))), None)
        if same is not None:
            candidates.remove(same)
            pairs.append((same, s))
        else:
            left.append(s)
    others, left = left, []
    for s in others:
        candidates = by_key.get(key_seen(s), [])
        if candidates:
            pairs.append((candidates.pop(0), s))
        else:
            left.append(s)
    paired = {id(k) for k, _ in pairs}
    return pairs, [k for k in known if id(k) not in paired], left


def _span(s: Seen) -> tuple[datetime, datetime]:
    return s.slot.start, s.slot.end


def _agree(k: Known, s: Seen) -> bool:
    same_title = k.title == s.slot.title if k.title is not None else k.series == s.series
    same_nature = (k.booking.all_day, k.booking.unsure) == (s.slot.all_day, s.unsure)
    return (k.booking.start, k.booking.end) == _span(s) and same_title and same_nature


def _widened(k: Known, s: Seen, window: tuple[datetime, datetime]) -> Seen:
    """Give what was read of a booking the hours beyond the window that were known before.

    What was unsure of them stays so: a known start may itself be no more than where a page was cut.
    """
    slot = s.slot
    if slot.cut_at_start and k.booking.start < window[0]:
        slot = replace(slot, start=k.booking.start, cut_at_start=k.booking.unsure)
    if slot.cut_at_end and k.booking.end > window[1]:
        slot = replace(slot, end=k.booking.end, cut_at_end=k.booking.unsure)
    return replace(s, slot=slot)
