"""How a door is set up."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Setup(Struct, frozen=True, kw_only=True):
    """How this door is set up, as `kiosk.toml` says.

    Attributes:
        languages: The languages it can show, by code; the first is shown first and comes back.
        theme: ``auto`` is light by day and dark in ``dark_hours``.
        dark_hours: ``HH:MM-HH:MM`` by the school's clocks; empty for never.
        night_hours: When the screen rests, likewise.
        night: How: a dim clock, or nothing at all.
        touch: Whether the display can be touched.
        rises: To which side of this door the room numbers grow, as seen by who stands before it;
            empty where nobody said.
    """

    languages: tuple[str, ...] = ("fr", "en")
    theme: Literal["auto", "light", "dark", "mono"] = "auto"
    dark_hours: str = "19:00-07:00"
    night_hours: str = ""
    night: Literal["dim", "blank"] = "dim"
    touch: bool = True
    rises: Literal["", "left", "right"] = ""
