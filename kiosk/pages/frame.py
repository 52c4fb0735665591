"""Where the panels lie: a grid of units, composed for lying and for standing screens.

A lying screen has the field and the bar of the day on the left, the clock and what comes next on
the right, the code of the room's page below that; a standing one has them below each other. What
only some pictures have (a notice, a banner, places to touch) takes its height from the field, which
has room to spare; where it has not, the bar of the day goes.
"""

from __future__ import annotations

from msgspec import Struct

from kiosk.drawing.picture import Box, Size

CAPITAL = 0.668
"""Height of Atkinson Hyperlegible's capitals in ems (its OS/2 table)."""
WORD_HEIGHT = 0.12
"""Least height of the state word's capitals, as a share of the screen's shorter side."""
TOUCH = 6.4
"""Side of what can be touched, in units: 64 pixels at 800 by 480, where 9 mm are 47 on a display of 7"
and 66 on one of 5"."""
CODE = 12.9
"""Side of the QR code's place, in units.

An address of up to 78 letters and its quiet zone are 41 modules: 3 pixels each at 800 by 480, which
is 23 mm on a display of 7".
"""


class Wants(Struct, frozen=True, kw_only=True):
    """What a picture needs room for, beside what is always there.

    Attributes:
        banner: Lines of what is told loudly; 0 for nothing.
        notice: Height of what the desk has to say, in units; 0 for nothing.
        actions: Places to touch.
        code: The QR code of the room's page.
        air: A line about the air.
        two_words: The sign's word is two words, and needs two lines.
    """

    banner: int = 0
    notice: float = 0
    actions: bool = False
    code: bool = False
    air: bool = False
    two_words: bool = False


class Frame:
    """Where the panels of one size lie: a grid of units, composed for lying and for standing screens.

    ``day``, ``code``, ``actions``, ``notice`` and ``banner`` are None where there is none.
    """

    def __init__(self, size: Size, wants: Wants | None = None) -> None:
        wants = wants if wants is not None else Wants()
        self.w, self.h = size
        self.standing = self.h > self.w
        self.unit = min(self.w / 45, self.h / 80) if self.standing else min(self.w / 80, self.h / 48)
        self.margin = self.px(3)
        self.day: Box | None = None
        self.code: Box | None = None
        self.actions: Box | None = None
        self.notice: Box | None = None
        self.banner: Box | None = None
        bottom = self.h
        if wants.banner:
            height = self.px(1 + 2 * wants.banner)
            self.banner = Box(0, bottom - height, self.w, height)
            bottom -= height
        if wants.notice:
            height = self.px(wants.notice)
            self.notice = Box(0, bottom - height, self.w, height)
            bottom -= height
        self.crowded = wants.banner > 0 or wants.notice > 0
        if self.standing:
            self._stand(wants, bottom)
        else:
            self._lie(wants, bottom)

    def px(self, units: float) -> int:
        """Turn units of the grid into pixels."""
        return round(units * self.unit)

    @property
    def roomy(self) -> bool:
        """Whether there is nothing but what is always there, on a lying screen."""
        return not (self.standing or self.crowded or self.code or self.actions)

    @property
    def pad(self) -> int:
        """The margin at the left of the clock and of what is below it."""
        return self.margin if self.standing else self.px(2.6)

    @property
    def answer(self) -> Box:
        """The place of the answer to a press: that of what comes next, and of the code."""
        if self.code is None:
            return self.agenda
        return Box(
            self.agenda.x,
            self.agenda.y,
            self.code.right - self.agenda.x,
            self.code.bottom - self.agenda.y,
        )

    def _lie(self, wants: Wants, bottom: int) -> None:
        left = round(self.w * 0.62)
        # Below the field: as wide as the screen, unless the code stands at the right.
        width = left if wants.code else self.w
        right_bottom = bottom
        if wants.actions:
            height = self.px(TOUCH + (0.8 if self.crowded else 1.4))
            self.actions = Box(0, bottom - height, width, height)
            bottom -= height
        strip = self.px(6.4 if self.crowded or wants.actions else 8.4)
        if bottom - strip >= self.px(27 if wants.two_words else 22.4):
            self.day = Box(0, bottom - strip, width, strip)
            bottom -= strip
        self.field = Box(0, 0, left, bottom)
        clock = self.px((9 if self.crowded else 12.4) + (2.1 if wants.air else 0))
        self.clock = Box(left, 0, self.w - left, clock)
        agenda_bottom = bottom
        if wants.code:
            height = self.px(CODE + 0.4)
            self.code = Box(left, right_bottom - height, self.w - left, height)
            agenda_bottom = self.code.y
        self.agenda = Box(left, clock, self.w - left, agenda_bottom - clock)

    def _stand(self, wants: Wants, bottom: int) -> None:
        if wants.actions:
            height = self.px(TOUCH + 1.6)
            self.actions = Box(0, bottom - height, self.w, height)
            bottom -= height
        strip = self.px(6.4 if self.crowded else 8.4)
        agenda = self.px(19 if not self.crowded else 16 if wants.code else 15.4)
        clock = self.px(8.3 if self.crowded else 10.6)
        if bottom - strip - agenda - clock >= self.px(27 if wants.two_words else 22):
            self.day = Box(0, bottom - strip, self.w, strip)
            bottom -= strip
        code = self.px(CODE + 3) if wants.code else 0
        self.agenda = Box(0, bottom - agenda, self.w - code, agenda)
        if wants.code:
            self.code = Box(self.w - code, self.agenda.y, code, agenda)
        self.clock = Box(0, self.agenda.y - clock, self.w, clock)
        self.field = Box(0, 0, self.w, self.clock.y)
