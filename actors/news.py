"""What a commit brings: folded into the school's state, and made into what is published. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from actors import messages as m
from events import domain as e
from events.ids import RoomKey
from events.state import SchoolState
from events.status import known

_ONLY_PRESENCE = (
    e.PresencePressed,
    e.KioskJoined,
    e.KioskLeft,
    e.ButtonStuck,
    e.ButtonFreed,
    e.HeadcountChanged,
    e.MotionSeen,
)
_ACCESS = (e.DoorPaired, e.DoorRevoked, e.AccessGranted, e.AccessRevoked)


class News(Struct, frozen=True, kw_only=True):
    """What came of a commit.

    Attributes:
        rooms: The events of each room, for the room itself.
        publish: For the gateway.
    """

    rooms: dict[RoomKey, list[e.Recorded]]
    publish: m.Publish

    @property
    def rules_changed(self) -> bool:
        """Whether every room has other rules now."""
        return self.publish.rules is not None

    @property
    def read(self) -> bool:
        """Whether timetables were read."""
        return self.publish.readings is not None


def take(school: SchoolState, new: Sequence[e.Recorded], *, started: bool = False) -> News:
    """Fold what was recorded.

    Args:
        school: The state; it is changed.
        new: What was recorded behind it, in order.
        started: The server's start is among it: then every room is told, for no door is there yet.
    """
    rules, notices, created = school.rules, school.notices, school.created
    rooms: dict[RoomKey, list[e.Recorded]] = {}
    shown: dict[RoomKey, None] = {}
    days: set[RoomKey] = set()
    read = access = False
    for recorded in new:
        key, event = school.apply(recorded), recorded.event
        if key is None:
            read = read or isinstance(event, e.TimetableRead)
            access = access or isinstance(event, _ACCESS)
            continue
        rooms.setdefault(key, []).append(recorded)
        if not _is_evidence_only(event):
            shown[key] = None
            if not isinstance(event, _ONLY_PRESENCE):
                days.add(key)
    other_rules = school.rules != rules
    publish = m.Publish(
        seq=school.seq,
        changed=_changed(school, school.rooms) if other_rules or started else _changed(school, shown, days),
        created=school.created if school.created is not created else None,
        rules=school.rules if other_rules else None,
        readings={key: school.readings(room) for key, room in school.rooms.items()} if read else None,
        notices=tuple(school.notices.values()) if school.notices is not notices else None,
        access=_access(school) if access else None,
        happened=tuple(new),
    )
    return News(rooms=rooms, publish=publish)


def all_of(school: SchoolState) -> m.Publish:
    """Tell all that a gateway has to know which has just begun, but for the titles."""
    return m.Publish(
        seq=school.seq,
        changed=_changed(school, school.rooms),
        created=school.created,
        rules=school.rules,
        notices=tuple(school.notices.values()),
        access=_access(school),
    )


def _changed(
    school: SchoolState, keys: Iterable[RoomKey], days: set[RoomKey] | None = None
) -> tuple[m.Changed, ...]:
    return tuple(
        m.Changed(known=known(school, school.rooms[key]), day=days is None or key in days) for key in keys
    )


def _access(school: SchoolState) -> m.KnownAccess:
    return m.KnownAccess(doors=school.doors, revoked=school.revoked, accesses=school.accesses)


def _is_evidence_only(event: e.AnyEvent) -> bool:
    """Whether nothing that is shown follows from an event: 500 doors need not be told of it."""
    return isinstance(event, e.AirMeasured) or (isinstance(event, e.MotionSeen) and event.until is None)
