"""Which events the desk wants to see. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from events import domain as e
from events.domain import RoomInfo
from events.ids import RoomKey
from events.notices import topics_of

KINDS: dict[str, tuple[type[e.AnyEvent], ...]] = {
    "presses": (e.PresencePressed, e.HeadcountChanged),
    "bookings": (e.BookingAdded, e.BookingChanged, e.BookingRemoved),
    "timetables": (e.TimetableRead, e.ReadingAccepted, e.ReadingRefused),
    "doors": (e.KioskJoined, e.KioskLeft, e.ButtonStuck, e.ButtonFreed, e.DoorPaired, e.DoorRevoked),
    "desk": (
        e.NoticePosted,
        e.NoticeWithdrawn,
        e.RoomClosed,
        e.RoomReopened,
        e.RoomAnnotated,
        e.AccessGranted,
        e.AccessRevoked,
    ),
    "server": (
        e.LogCreated,
        e.SchoolRenamed,
        e.ServerStarted,
        e.ServerStopped,
        e.PolicySet,
        e.RoomDeclared,
        e.RoomRetired,
    ),
    "sensors": (e.MotionSeen, e.AirMeasured),
}
"""The kinds of events that may be chosen, by the word that is typed."""
_KIND = {event: kind for kind, events in KINDS.items() for event in events}
_USUAL = frozenset(KINDS) - {"sensors"}


class Feed(Struct, frozen=True, kw_only=True):
    """What is shown of the feed.

    Attributes:
        on: Whether anything is.
        kinds: Words of `KINDS`. Sensors speak all day, so they are not there unless asked for.
        rooms: Only what is about these; with ``wings``: or in these.
        wings: Only what is about rooms in these wings.
    """

    on: bool = True
    kinds: frozenset[str] = _USUAL
    rooms: frozenset[RoomKey] = frozenset()
    wings: frozenset[str] = frozenset()

    def shows(self, event: e.AnyEvent, rooms: Mapping[RoomKey, RoomInfo | None]) -> bool:
        """Tell whether an event is shown.

        Args:
            event: What happened.
            rooms: What is known of the rooms, for their wings.
        """
        if not self.on or _KIND[type(event)] not in self.kinds:
            return False
        match event:
            case e.NoticePosted(topic=topic):
                on = (key for key, info in rooms.items() if topic in topics_of(key, info))
                return self.about(None, rooms) or any(self.about(key, rooms) for key in on)
            case e.NoticeWithdrawn():  # on which doors it was, it does not tell
                return True
            case _:
                return self.about(_room_of(event), rooms)

    def about(self, room: RoomKey | None, rooms: Mapping[RoomKey, RoomInfo | None]) -> bool:
        """Tell whether a room, or None for the school, is among those that are shown."""
        if not self.rooms and not self.wings:
            return True
        if room is None:
            return False
        info = rooms.get(room)
        return room in self.rooms or (info is not None and info.wing in self.wings)

    def __str__(self) -> str:
        if not self.on:
            return "off"
        places = [*sorted(self.rooms), *(f"wing {wing}" for wing in sorted(self.wings))]
        if self.kinds == frozenset(KINDS):
            kinds = ["all"]
        else:
            kinds = [] if self.kinds == _USUAL else sorted(self.kinds)
        return ", ".join([*kinds, *places]) or "all but sensors"


def _room_of(event: e.AnyEvent) -> RoomKey | None:
    names = ("room", "hangs_at", "speaks_for")
    return next((room for name in names if (room := getattr(event, name, None)) is not None), None)


def choose(words: list[str], rooms: Mapping[RoomKey, RoomInfo | None], wings: frozenset[str]) -> Feed:
    """Read what somebody typed after ``/feed``.

    Args:
        words: ``off``, ``on``, ``all``, words of `KINDS`, rooms and wings, in any order.
        rooms: The rooms there are.
        wings: The wings there are.

    Raises:
        ValueError: A word is none of these, with what is allowed.
    """
    kinds: set[str] = set()
    chosen_rooms: set[RoomKey] = set()
    chosen_wings: set[str] = set()
    by_name = {key.casefold(): key for key in rooms}
    by_wing = {wing.casefold(): wing for wing in wings}
    for word in words:
        low = word.casefold()
        if low == "off":
            return Feed(on=False)
        if low == "all":
            kinds |= set(KINDS)
        elif low in KINDS:
            kinds.add(low)
        elif low in by_name:
            chosen_rooms.add(by_name[low])
        elif low in by_wing:
            chosen_wings.add(by_wing[low])
        elif low != "on":
            raise ValueError(
                f"{word!r} is no room, no wing and no kind of event; allowed is off, all, a room, a wing, "
                f"or {', '.join(KINDS)}"
            )
    return Feed(
        kinds=frozenset(kinds) or _USUAL, rooms=frozenset(chosen_rooms), wings=frozenset(chosen_wings)
    )
