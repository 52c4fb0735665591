"""What the events add up to: the state of a room and of the school.

`fold` is a pure function (state, event) → state and is all there is: the running server, a door
that decides for itself while it is cut off, and an audit of last year use this one. Folding
never decides anything: decisions are in the events.

States are immutable, so that any thread may hold one. They hold ids only, no titles.
"""

from __future__ import annotations

from events.state.folds import KEEP_BOOKINGS, fold
from events.state.room import Booking, Closure, Headcount, LastIntent, RoomState, stays_until
from events.state.school import (
    GrantedAccess,
    PairedDoor,
    Rules,
    SchoolState,
    SourceState,
    StandingNotice,
    Summary,
    digest_form,
    stands,
    summary,
    zone_of,
)

__all__ = [
    "KEEP_BOOKINGS",
    "Booking",
    "Closure",
    "GrantedAccess",
    "Headcount",
    "LastIntent",
    "PairedDoor",
    "RoomState",
    "Rules",
    "SchoolState",
    "SourceState",
    "StandingNotice",
    "Summary",
    "digest_form",
    "fold",
    "stands",
    "stays_until",
    "summary",
    "zone_of",
]
