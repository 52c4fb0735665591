"""Where the panels lie: a grid of units, composed for lying and for standing screens."""

from __future__ import annotations

from kiosk.picture import Box, Size

CAPITAL = 0.668
"""Height of Atkinson Hyperlegible's capitals in ems (its OS/2 table)."""
WORD_HEIGHT = 0.12
"""Least height of the state word's capitals, as a share of the screen's shorter side."""


class Frame:
    """Where the panels lie: a grid of units, composed for lying and for standing screens."""

    def __init__(self, size: Size, *, has_banner: bool) -> None:
        self.w, self.h = size
        self.standing = self.h > self.w
        self.unit = min(self.w / 45, self.h / 80) if self.standing else min(self.w / 80, self.h / 48)
        self.margin = self.px(3)
        self.has_banner = has_banner
        banner = self.px(5) if has_banner else 0
        strip = self.px(7 if has_banner and not self.standing else 8.4)
        bottom = self.h - banner - strip
        self.day = Box(0, bottom, self.w, strip)
        self.banner = Box(0, self.h - banner, self.w, banner)
        if self.standing:
            clock_h = self.px(9.5)
            agenda_h = self.px(19)
            self.field = Box(0, 0, self.w, bottom - agenda_h - clock_h)
            self.clock = Box(0, self.field.bottom, self.w, clock_h)
            self.agenda = Box(0, self.clock.bottom, self.w, agenda_h)
        else:
            field_w = round(self.w * 0.62)
            clock_h = self.px(12.4)
            self.field = Box(0, 0, field_w, bottom)
            self.clock = Box(field_w, 0, self.w - field_w, clock_h)
            self.agenda = Box(field_w, clock_h, self.w - field_w, bottom - clock_h)

    def px(self, units: float) -> int:
        """Turn units of the grid into pixels."""
        return round(units * self.unit)
