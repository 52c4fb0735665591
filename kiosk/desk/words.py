"""Numbers, hours and places in words, the same in all that the desk shows. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def counted(number: int, one: str, many: str) -> str:
    """Write a number with what it counts."""
    return f"{number} {one if number == 1 else many}"


def people(number: int) -> str:
    """Write how many people."""
    return counted(number, "person", "people")


def hour(instant: datetime, at: datetime, zone: ZoneInfo) -> str:
    """Write an instant as people read it at another one: with its date only where that is another."""
    local = instant.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == at.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"


def until(instant: datetime | None, at: datetime, zone: ZoneInfo) -> str:
    """Write " until 18:00", or nothing where there is no end."""
    return f" until {hour(instant, at, zone)}" if instant is not None else ""


def doors_of(topic: str) -> str:
    """Write on which doors a notice is."""
    kind, _, name = topic.partition("/")
    known = {"room": f"the door of {name}", "wing": f"wing {name}", "type": f"all {name}"}
    return known.get(kind, "all doors")
