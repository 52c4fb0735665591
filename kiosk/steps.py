"""Notices that the door's wall clock was set: pure, with both clocks as arguments.

A Pi has no clock that runs without power. It starts with the time at which it was last shut down,
and is set right when a time server is reached: forwards by hours. Nobody waited those hours, so
that whatever the door remembers as "since" has to move along (`kiosk.inbox.ClockStepped`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from kiosk.inbox import ClockStepped, Input, LinkChanged, Received

LEAST = 0.5
"""Seconds by which a clock has to be off before it counts as set.

Time servers that only slow down or hurry a clock do so by 500 ppm at most (adjtimex(2)): 5 ms
between two looks, which are 10 s apart at most.
"""


class Steps(Struct, frozen=True):
    """What the two clocks said when they were last looked at.

    Attributes:
        wall: The wall clock.
        boottime: Seconds on ``CLOCK_BOOTTIME``, which nobody can set.
    """

    wall: datetime
    boottime: float

    def look(self, wall: datetime, boottime: float) -> tuple[Steps, ClockStepped | None]:
        """Look again.

        Args:
            wall: What the wall clock says now.
            boottime: What ``CLOCK_BOOTTIME`` says now.

        Returns:
            What to compare with next time, and what happened to the wall clock since last time.
        """
        by = (wall - self.wall) / timedelta(seconds=1) - (boottime - self.boottime)
        return Steps(wall, boottime), ClockStepped(by) if abs(by) > LEAST else None


def restamped(item: Input, step: ClockStepped, wall: datetime) -> Input:
    """Give an input the instant it would have, had the clock been right when it came in.

    The link's thread stamps what it hears, and does not know that the clock is set in the same
    moment: what it stamped just before is out by the step. Which of both it was is told by what
    is nearer to now.

    Args:
        item: What came out of the inbox together with the step.
        step: What happened to the wall clock.
        wall: What it says now.
    """
    if not isinstance(item, Received | LinkChanged):
        return item
    moved = item.at + timedelta(seconds=step.by)
    return replace(item, at=moved) if abs(wall - moved) < abs(wall - item.at) else item


def believable(heard_at: datetime, wall: datetime, boottime: float, *, synchronised: bool) -> bool:
    """Tell whether a door that starts can tell by its clock how old is what it knew.

    A clock that follows a time server can. Any other one went on only while the machine ran: it
    can where the server was heard in this run of the machine, and the program alone has started
    anew. After a power cut it goes on from where it was, and hides the hours in between.

    Args:
        heard_at: When the server was last heard.
        wall: The wall clock.
        boottime: Seconds on ``CLOCK_BOOTTIME``.
        synchronised: Whether the wall clock follows a time server.
    """
    return synchronised or wall - timedelta(seconds=boottime) <= heard_at <= wall
