"""Random rooms: everything that a status depends on, near each other in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from events.domain import ClosedDays, Hours, Policy
from events.ids import BookingId, EventId, KioskId, RoomKey
from events.state import Booking, Closure, LastIntent, RoomState, Rules
from events.status import Known
from tests.events.builders import DAY, OASIS, ROOM, at

DAYS = (DAY, DAY + timedelta(days=1), DAY + timedelta(days=2))
_HOURS = ("00:00-24:00", "08:00-20:00", "08:00-12:00, 13:30-18:00", "")


def instants(*, hours: int = 24) -> st.SearchStrategy[datetime]:
    """Make instants of one day, most of them on full five minutes, where things begin and end."""
    five = st.integers(min_value=0, max_value=hours * 12 - 1).map(lambda n: timedelta(minutes=5 * n))
    odd = st.integers(min_value=0, max_value=hours * 3600 - 1).map(lambda n: timedelta(seconds=n))
    return st.one_of(five, five, odd).map(lambda after: at("00:00") + after)


def spans() -> st.SearchStrategy[tuple[datetime, datetime]]:
    """Make spans from the day before to two days after, up to 30 hours long."""
    starts = st.integers(min_value=-48, max_value=6 * 48).map(
        lambda n: at("00:00") + timedelta(minutes=15 * n)
    )
    lengths = st.one_of(st.integers(min_value=1, max_value=16), st.integers(min_value=1, max_value=120))
    return st.tuples(starts, lengths).map(lambda s: (s[0], s[0] + timedelta(minutes=15 * s[1])))


@st.composite
def rooms(draw: st.DrawFn) -> RoomState:
    bookings: dict[BookingId, Booking] = {}
    for n, (start, end) in enumerate(draw(st.lists(spans(), max_size=5))):
        name = BookingId(f"b{n}")
        pressed = draw(st.none() | st.integers(min_value=-10, max_value=15))
        bookings[name] = Booking(
            id=name,
            source=OASIS,
            start=start,
            end=end,
            first_seen=start - timedelta(minutes=draw(st.sampled_from([600, 31, 30, 29]))),
            text=EventId(f"text-of-{name}"),
            month="2026-11",
            all_day=draw(st.sampled_from([False, False, False, True])),
            unsure=draw(st.sampled_from([False, False, False, True])),
            kind=draw(st.sampled_from(["", "", "exam"])),
            confirmed_at=start + timedelta(minutes=pressed) if pressed is not None else None,
        )
    return RoomState(
        key=ROOM,
        bookings=bookings,
        last=draw(st.none() | lasts()),
        closure=draw(st.none() | closures()),
        retired=draw(st.sampled_from([False, False, False, True])),
        kiosks={
            KioskId(f"door {n}"): since for n, since in enumerate(draw(st.lists(instants(), max_size=2)))
        },
        version=draw(st.integers(min_value=1, max_value=9)),
        seq=draw(st.integers(min_value=9, max_value=99)),
    )


@st.composite
def lasts(draw: st.DrawFn) -> LastIntent:
    pressed_at = draw(instants())
    intent = draw(st.sampled_from(["present", "leaving"]))
    until = pressed_at + timedelta(minutes=draw(st.sampled_from([5, 60, 61, 600])))
    return LastIntent(
        pressed_at=pressed_at,
        press=EventId("p"),
        intent="present" if intent == "present" else "leaving",
        until=until if intent == "present" else None,
    )


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    return Closure(since=at("00:00"), text=EventId("why"), until=draw(st.none() | instants(hours=48)))


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    policy = Policy(
        release=draw(st.booleans()),
        soon=draw(st.sampled_from([0, 10, 15])),
        unknown_after=draw(st.sampled_from([60, 240, 3000])),
        release_exempt_rooms=draw(st.sampled_from([(), (ROOM,)])),
    )
    closed = draw(
        st.lists(
            st.builds(
                ClosedDays,
                first=st.sampled_from(DAYS),
                last=st.sampled_from(DAYS),
                rooms=st.sampled_from([(), (ROOM,), (RoomKey("L218"),)]),
            ),
            max_size=1,
        )
    )
    week = st.sampled_from(_HOURS)
    hours = Hours(friday=draw(week), saturday=draw(week), sunday=draw(week))
    return Rules(zone="Europe/Paris", policy=policy, hours=hours, closed=tuple(closed))


@st.composite
def knowns(draw: st.DrawFn) -> Known:
    readings = draw(st.dictionaries(st.sampled_from(DAYS), instants(hours=48)))
    return Known(
        room=draw(rooms()),
        rules=draw(rules()),
        readings=readings,
        started_at=draw(st.none() | instants()),
    )
