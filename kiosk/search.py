"""The search for a room as the door does it: with what it knows of all rooms, also when it is cut off.

Pure. For 500 rooms with six bookings each a search takes 4.7 ms of a desktop's core, 1.1 of them to
restore the rooms, and 8.6 ms where nothing is found and it is told what to ask for instead: 40 to
80 ms on a Pi 3. So a touch is answered at once, but not every message of the server that comes while
the page is open (see `EVERY`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from events.ids import RoomKey
from events.projection import restore
from events.search import Answer, UnknownRoom, Wish, find
from events.state import Rules
from events.status import Known
from events.wire import RoomDay, RoomPresence

MINUTES = (30, 60, 90, 120)
"""For how long somebody can ask for a room."""
ANY_SEATS = 0
"""The wish for a room of any size; None is the wish for one like here."""
SEATS = (10, 20, 30, 40, 60, 80, 100, 150, 200, 300)
"""Numbers of seats that may be offered; which of them, the rooms tell."""
EVERY = timedelta(seconds=1)
"""Least time between two searches that nobody asked for.

When lessons begin in a school of 500 rooms, twenty presses come in a second: to search after each
would take most of a Pi 3's core.
"""


class Looser(Struct, frozen=True):
    """A wish that asks for less, and how many rooms it would find."""

    wish: Wish
    rooms: int


class Search(Struct, frozen=True, kw_only=True):
    """What somebody asks for on the page that finds rooms, and what was found.

    Attributes:
        answer: What the search found in what the door knows, its wish included.
        at: When, in best time.
        minutes: For how long the room is wanted.
        looser: Where nothing was found: what to ask for instead.
        seats: Numbers of seats to choose from.
        outdated: What the door knows has changed since.
    """

    answer: Answer
    at: datetime
    minutes: int = 60
    looser: tuple[Looser, ...] = ()
    seats: tuple[int, ...] = ()
    outdated: bool = False

    @property
    def wish(self) -> Wish:
        """What is asked for."""
        return self.answer.wish


def search(
    wish: Wish,
    days: Mapping[RoomKey, RoomDay],
    presences: Mapping[RoomKey, RoomPresence],
    rules: Rules,
    best: datetime,
) -> Search | None:
    """Search for a room in what the door knows.

    Args:
        wish: What is asked for.
        days: The days of all rooms.
        presences: Who is where.
        rules: What the school has decided.
        best: The best time there is.

    Returns:
        None where the room from which somebody asks is not known.
    """
    rooms = [restore(day, presences.get(room), rules) for room, day in days.items()]
    try:
        answer = find(rooms, wish, best)
    except UnknownRoom:
        return None
    minutes = wish.minutes or rules.policy.search
    return Search(
        answer=answer,
        at=best,
        minutes=minutes,
        looser=() if answer.rooms else _looser(rooms, wish, minutes, best),
        seats=_seats_to_choose(rooms, wish.origin),
    )


def _looser(rooms: list[Known], wish: Wish, minutes: int, best: datetime) -> tuple[Looser, ...]:
    """Find the wishes that ask for one thing less and find something; else the one for anything at all."""
    anything = Wish(origin=wish.origin, minutes=min(minutes, *MINUTES), seats=ANY_SEATS)
    most = find(rooms, anything, best).rooms
    if not most:
        return ()
    # Only these can be found by the others: nothing more needs to be looked through.
    names = {wish.origin, *(candidate.room for candidate in most)}
    rooms = [k for k in rooms if k.room.key in names]
    tried = [replace(wish, minutes=shorter) for shorter in sorted(MINUTES, reverse=True) if shorter < minutes]
    if wish.seats != ANY_SEATS:
        tried.append(replace(wish, seats=ANY_SEATS))
    if wish.whiteboard:
        tried.append(replace(wish, whiteboard=False))
    if wish.blackboard:
        tried.append(replace(wish, blackboard=False))
    if wish.projector:
        tried.append(replace(wish, projector=False))
    found: list[Looser] = []
    for one in tried:
        if one.minutes != wish.minutes and any(known.wish.minutes != wish.minutes for known in found):
            continue  # a shorter time was found already, and that one is longer
        count = len(find(rooms, one, best).rooms)
        if count:
            found.append(Looser(one, count))
    return tuple(found) or (Looser(anything, len(most)),)


def _seats_to_choose(rooms: Iterable[Known], origin: RoomKey) -> tuple[int, ...]:
    """Choose two numbers of seats that part the rooms: about half of them have the one, a few the other."""
    seats = [
        k.room.info.seats
        for k in rooms
        if k.room.info is not None and not k.room.retired and k.room.key != origin
    ]
    shares = {
        number: share
        for number in SEATS
        if 0 < (share := sum(1 for count in seats if count >= number) / max(1, len(seats))) < 1
    }
    if not shares:
        return ()
    half = min(shares, key=lambda number: abs(shares[number] - 0.5))
    few = min(shares, key=lambda number: (shares[number] > 0.25, abs(shares[number] - 0.15)))
    return tuple(sorted({half, few}))
