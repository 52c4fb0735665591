"""The list of who may come in, for operators. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from actors.messages import KnownAccess as Admitted
from actors.settings import Door
from events.wire import Accesses, KnownAccess, KnownDoor


def listed(configured: Iterable[Door], log: Admitted, names: Mapping[int, str]) -> Accesses:
    """List the doors, people and devices that may come in; who is connected is not known here.

    Args:
        configured: The doors of the configuration.
        log: What the log says.
        names: Of people and devices, by the number of their access.
    """
    doors = {
        door.kiosk: KnownDoor(kiosk=door.kiosk, room=door.room, name=door.name, configured=True)
        for door in configured
        if door.kiosk not in log.revoked
    }
    for kiosk, paired in log.doors.items():
        doors[kiosk] = KnownDoor(
            kiosk=kiosk,
            room=paired.room,
            name=paired.name,
            configured=kiosk in doors,
            paired_at=paired.paired_at,
        )
    return Accesses(
        ref=0,
        doors=tuple(sorted(doors.values(), key=lambda door: (door.room, door.kiosk))),
        accesses=tuple(
            KnownAccess(
                access=number,
                role=access.role,
                name=names.get(number, ""),
                granted_at=access.granted_at,
                room=access.room,
            )
            for number, access in sorted(log.accesses.items())
        ),
    )
