"""The difference of two readings of 500 rooms with 12 bookings each, against a bare comparison of dicts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from events.ids import BookingId, EventId, RoomKey, SourceName
from events.state import Booking
from scraper.diff import Known, Seen, diff
from scraper.reading import Slot
from tests.benchmarks import floor_diff
from tests.benchmarks.rounds import compare

ROOMS, BOOKINGS = 500, 12
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
WINDOW = (MIDNIGHT, MIDNIGHT + timedelta(days=1))
SOURCE = SourceName("oasis")


def known() -> list[Known]:
    """What was read before."""
    return [
        Known(
            room=RoomKey(f"R{room:03}"),
            booking=_booking(room, n),
            title=_title(room, n),
            series=_title(room, n),
        )
        for room in range(ROOMS)
        for n in range(BOOKINGS)
    ]


def _title(room: int, n: int) -> str:
    return f"TD Électromagnétisme - groupe {room % 40}, séance {n}"


def _booking(room: int, n: int) -> Booking:
    start = MIDNIGHT + timedelta(hours=7 + n)
    return Booking(
        id=BookingId(f"oasis:{room:03}{n:02}"), source=SOURCE, start=start, end=start + timedelta(minutes=45),
        first_seen=MIDNIGHT, text=EventId(f"{room:03}{n:02}"), month="2026-11",
    )  # fmt: skip


def seen(before: list[Known], *, named: bool, changed: bool) -> list[Seen]:
    """What is read now: of a hundred two moved in time, one in room, one was renamed, one is gone."""
    rows = []
    for n, it in enumerate(before):
        room, start, end, title = it.room, it.booking.start, it.booking.end, it.title or ""
        if changed:
            match n % 100:
                case 7 | 41:
                    start, end = start + timedelta(minutes=10), end + timedelta(minutes=10)
                case 23:
                    room = RoomKey(f"R{(n + 7) % ROOMS:03}")
                case 67:
                    title = f"{title} (reporté)"
                case 89:
                    continue
        slot = Slot(start=start, end=end, title=title)
        rows.append(Seen(room=room, slot=slot, series=title, name=it.booking.id if named else None))
    return rows


def main() -> None:
    """Compare."""
    before = known()
    rows: list[floor_diff.Row] = [
        (it.booking.id, (it.room, it.booking.start, it.booking.end, it.title)) for it in before
    ]
    for what, named, changed in (
        ("nothing changed, ids of the source", True, False),
        ("nothing changed, no ids", False, False),
        ("5 in 100 changed, ids of the source", True, True),
        ("5 in 100 changed, no ids", False, True),
    ):
        now = seen(before, named=named, changed=changed)
        after: list[floor_diff.Row] = [
            (it.name or f"{n}", (it.room, it.slot.start, it.slot.end, it.slot.title))
            for n, it in enumerate(now)
        ]

        def ours(now: list[Seen] = now) -> float:
            began = time.process_time()
            diff(before, now, WINDOW)
            return 1e6 * (time.process_time() - began) / len(before)

        def floor(after: list[floor_diff.Row] = after) -> float:
            began = time.process_time()
            floor_diff.changes(rows, after)
            return 1e6 * (time.process_time() - began) / len(before)

        assert bool(diff(before, now, WINDOW)) == changed
        compare(f"difference, {what}", "ms a thousand bookings", ours, floor, aim="ours within 10 ms")


if __name__ == "__main__":
    main()
