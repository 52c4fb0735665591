"""What the door has to do because of an input, beside showing it: pure; `kiosk.app` does it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events.domain import By, Intent
from events.wire import Air, Motion
from kiosk.door.model import Model
from kiosk.door.update import passed
from kiosk.inbox import Count, Gesture, Input, Leave, Stay, StuckChanged, Tapped


class Submit(Struct, frozen=True, kw_only=True):
    """Keep a press and send it.

    Attributes:
        at: When, seconds on ``CLOCK_BOOTTIME``.
        minutes: For how long, where somebody chose.
    """

    intent: Intent
    at: float
    by: By = "button"
    minutes: int | None = None


class TellStuck(Struct, frozen=True):
    """Tell the server about the button."""

    stuck: bool


class Recount(Struct, frozen=True):
    """Tell the server how many people are here."""

    people: int


class TellSensed(Struct, frozen=True, kw_only=True):
    """Tell the server what a sensor felt.

    Attributes:
        at: When, seconds on ``CLOCK_BOOTTIME``.
    """

    sensed: Motion | Air
    at: float


Order = Submit | TellStuck | Recount | TellSensed


def orders(model: Model, item: Input, now: datetime) -> tuple[Order, ...]:
    """Tell what an input asks for.

    Args:
        model: What was known before it.
        item: What came out of the inbox.
        now: The door's wall clock.
    """
    if isinstance(item, Tapped) and not passed(model, now).takes_touch(now):
        return ()
    match item:
        case Gesture(intent=intent, at=at):
            return (Submit(intent=intent, at=at),)
        case StuckChanged(stuck=stuck):
            return (TellStuck(stuck),)
        case Tapped(action=Stay(minutes=minutes), at=at):
            return (Submit(intent="present", at=at, by="touch", minutes=minutes),)
        case Tapped(action=Leave(), at=at):
            return (Submit(intent="leaving", at=at, by="touch"),)
        case Tapped(action=Count(people=people)):
            return (Recount(people),)
        case _:
            return ()
