"""How the door itself is: what is wrong with it, and what its sensors feel."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from events.wire import Air
from kiosk.inbox import FaultFound


class Condition(Struct, frozen=True, kw_only=True):
    """How the door is.

    Attributes:
        stuck: The button is stuck.
        faults: What else is wrong with the door.
        air: What the door's own sensor last measured.
        air_at: When, by the door's own clock.
    """

    stuck: bool = False
    faults: tuple[FaultFound, ...] = ()
    air: Air | None = None
    air_at: datetime | None = None

    def found(self, fault: FaultFound) -> Condition:
        """Take a fault, or that it is over."""
        others = tuple(known for known in self.faults if known.what != fault.what)
        return replace(self, faults=others if fault.gone else (*others, fault))

    def stepped(self, by: timedelta) -> Condition:
        """Move along with the door's own clock, which was set."""
        return replace(self, air_at=self.air_at + by if self.air_at is not None else None)
