"""Draws a `ViewModel` with pygame, and of two that follow each other only what differs.

Works with pygame 2.6 and pygame-ce alike. Off-screen nothing of a display is touched.
"""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from kiosk.drawing.difference import LINE, Drawn, Item, differences
from kiosk.drawing.fonts import make_room
from kiosk.drawing.picture import Box, Code, Colour, Column, Fill, Panel, Part, Ring, Shape, Size, ViewModel
from kiosk.drawing.sdl import pygame
from kiosk.drawing.shapes import DRAWINGS, Pen
from kiosk.drawing.texts import Texts
from kiosk.drawing.typesetter import Line, Typesetter

FINE = 4
"""Shapes are drawn so many times larger and then reduced, for smooth edges."""
KEEP = 96
"""How many drawn shapes are kept."""
QUIET = 4
"""Blank modules around a QR code (ISO/IEC 18004)."""


class _Shown(Struct, frozen=True):
    """A panel, and what each of its parts came down to."""

    panel: Panel
    parts: list[list[Drawn]]


class Screen:
    """A window, the whole screen, or a picture in memory.

    Args:
        size: Width and height in pixels; None for the whole screen's own. A picture in memory
            needs a size.
        fullscreen: Take the whole screen.
        caption: Title of the window.
        window: Open one; else draw in memory only.

    Raises:
        pygame.error: There is no display to open a window on.
        ValueError: A picture in memory without a size.
    """

    def __init__(
        self,
        size: Size | None = None,
        *,
        fullscreen: bool = False,
        caption: str = "toctoc",
        window: bool = True,
    ) -> None:
        pygame.font.init()
        self._window = window
        if window:
            # Not pygame.init(): it would start sound and joysticks, too.
            pygame.display.init()
            pygame.display.set_caption(caption)
            flags = pygame.FULLSCREEN if fullscreen else 0
            self._surface = pygame.display.set_mode(size or (0, 0), flags)
            pygame.mouse.set_visible(not fullscreen)
        elif size is None:
            raise ValueError("a picture in memory needs a size")
        else:
            self._surface = pygame.Surface(size, 0, 32)
        self._type = Typesetter()
        self._shapes: dict[Shape | Ring | Code, pygame.Surface] = {}
        self._texts = Texts(self._type, most=max(2**18, self.size[0] * self.size[1] // 2))
        self._shown: ViewModel | None = None
        self._panels: dict[Box, _Shown] = {}

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return self._surface.get_size()

    @property
    def shown(self) -> ViewModel | None:
        """The picture that is shown, None before the first."""
        return self._shown

    def draw(self, vm: ViewModel) -> int:
        """Show a picture; what is shown already is left as it is.

        Args:
            vm: The picture, of this screen's size.

        Returns:
            In how many panels something was drawn; 0 where nothing changed.

        Raises:
            pygame.error: The display is gone. The next call draws all anew.
        """
        shown = self._panels if self._shown is not None else {}
        # Until the end nobody knows what is shown.
        self._shown = None
        panels: dict[Box, _Shown] = {}
        dirty: list[pygame.Rect] = []
        count = 0
        for panel in vm.panels:
            before = shown.get(panel.box)
            if before is not None and before.panel == panel:
                panels[panel.box] = before
                continue
            now, rects = self._changed(panel, before)
            for rect in rects:
                self._draw_panel(now, rect)
            panels[panel.box] = now
            dirty += rects
            count += bool(rects)
        if dirty and self._window:
            pygame.display.update(dirty)
        self._shown, self._panels = vm, panels
        return count

    def redraw(self) -> None:
        """Forget what is shown, so that the next `draw` draws all: after the window was covered."""
        self._shown = None

    def save(self, path: str | Path) -> None:
        """Write the picture into a file, in the format of its suffix (``.png``)."""
        pygame.image.save(self._surface, os.fspath(path))

    def lines(self, vm: ViewModel) -> list[tuple[Column, list[Line]]]:
        """Tell where every line of text of a picture goes."""
        return [(column, self._type.lines(column)) for column in vm.columns()]

    def close(self) -> None:
        """Close the window."""
        if self._window:
            pygame.display.quit()

    def _changed(self, panel: Panel, before: _Shown | None) -> tuple[_Shown, list[pygame.Rect]]:
        """Tell what a panel comes down to, and where it differs from what is shown."""
        if before is None or before.panel.ground != panel.ground:
            return _Shown(panel, [self._flat(part) for part in panel.parts]), [_rect(panel.box)]
        old, new = before.panel.parts, panel.parts
        if len(old) == len(new):
            # Nearly always: some parts changed, in their places.
            differing = [n for n, part in enumerate(new) if part != old[n]]
            parts = before.parts.copy()
            for n in differing:
                parts[n] = self._flat(new[n])
        else:
            differing = []
            parts = [self._flat(part) for part in new]
        if differing and not _moved(before.parts, parts, differing):
            gone = [drawn for n in differing for drawn in before.parts[n]]
            come = [drawn for n in differing for drawn in parts[n]]
        else:
            gone, come = list(chain(*before.parts)), list(chain(*parts))
        return _Shown(panel, parts), differences(gone, come, _rect(panel.box), self._type.fonts.width)

    def _flat(self, part: Part) -> list[Drawn]:
        if isinstance(part, Column):
            return [Drawn(line, self._texts.rect(line)) for line in self._type.lines(part) if line.runs]
        return [Drawn(part, _rect(part.box))]

    def _draw_panel(self, shown: _Shown, rect: pygame.Rect) -> None:
        """Draw what of a panel lies in a rectangle."""
        self._surface.set_clip(rect)
        self._fill(shown.panel.ground, rect)
        touches = rect.colliderect
        for part in shown.parts:
            for drawn in part:
                if touches(drawn.rect):
                    self._draw(drawn.item)
        self._surface.set_clip(None)

    def _draw(self, item: Item) -> None:
        match item:
            case Line():
                self._texts.draw(self._surface, item)
            case Fill(box=box, colour=colour, radius=0):
                self._fill(colour, _rect(box))
            case Fill():
                self._draw_rounded(item)
            case Shape(box=box) | Ring(box=box):
                self._surface.blit(self._shape(item), (box.x, box.y))
            case Code(box=box):
                code = self._shape(item)
                width, height = code.get_size()
                self._surface.blit(code, (box.x + (box.w - width) // 2, box.y + (box.h - height) // 2))

    def _fill(self, colour: Colour, rect: pygame.Rect) -> None:
        """Fill a rectangle, what of it are whole lines of the cache at once (see `LINE`)."""
        rect = rect.clip(self._surface.get_clip())
        left, right = -(-rect.x // LINE) * LINE, rect.right // LINE * LINE
        if left >= right:
            self._surface.fill(colour, rect)
            return
        self._surface.fill(colour, (left, rect.y, right - left, rect.h))
        if left > rect.x:
            self._surface.fill(colour, (rect.x, rect.y, left - rect.x, rect.h))
        if rect.right > right:
            self._surface.fill(colour, (right, rect.y, rect.right - right, rect.h))

    def _draw_rounded(self, part: Fill) -> None:
        """Fill a rectangle with round corners: the quarters of a small disc, and what is between."""
        box, r = part.box, min(part.radius, part.box.w // 2, part.box.h // 2)
        if r == 0:
            self._fill(part.colour, _rect(box))
            return
        self._fill(part.colour, pygame.Rect(box.x + r, box.y, box.w - 2 * r, box.h))
        self._fill(part.colour, pygame.Rect(box.x, box.y + r, box.w, box.h - 2 * r))
        disc = self._shape(Shape(name="circle", box=Box(0, 0, 2 * r, 2 * r), colour=part.colour))
        clip = self._surface.get_clip()
        for x, dx in ((box.x, 0), (box.right - r, r)):
            if clip.x < x + r and x < clip.right:
                for y, dy in ((box.y, 0), (box.bottom - r, r)):
                    self._surface.blit(disc, (x, y), pygame.Rect(dx, dy, r, r))

    def _shape(self, part: Shape | Ring | Code) -> pygame.Surface:
        # The same shape elsewhere is the same picture.
        key = replace(part, box=Box(0, 0, part.box.w, part.box.h))
        drawn = self._shapes.get(key)
        if drawn is None:
            make_room(self._shapes, KEEP)
            drawn = self._shapes[key] = _code(part) if isinstance(part, Code) else self._draw_shape(part)
        return drawn

    def _draw_shape(self, part: Shape | Ring) -> pygame.Surface:
        size = (part.box.w, part.box.h)
        large = pygame.Surface((size[0] * FINE, size[1] * FINE), pygame.SRCALPHA, 32)
        # Transparent, but of the same colour: else reducing would darken the edges.
        large.fill((*part.colour, 0))
        pen = Pen(large, part.colour)
        match part:
            case Ring(share=share, track=track):
                pen.ring(share, track)
            case Shape(name="question"):
                font = self._type.font("heavy", round(large.get_height() * 1.32))
                glyph = font.render("?", True, part.colour)
                ink = glyph.get_bounding_rect()
                middle = large.get_rect().center
                large.blit(glyph, (middle[0] - ink.centerx, middle[1] - ink.centery))
            case Shape(name=name):
                DRAWINGS[name](pen)
        return pygame.transform.smoothscale(large, size)


def _moved(before: list[list[Drawn]], now: list[list[Drawn]], differing: list[int]) -> bool:
    """Tell whether an item of a part is now one of another: what lies between was under it, or is now."""
    places = {drawn.item: n for n in differing for drawn in before[n]}
    return any(places.get(drawn.item, n) != n for n in differing for drawn in now[n])


def _rect(box: Box) -> pygame.Rect:
    return pygame.Rect(box.x, box.y, box.w, box.h)


def _code(part: Code) -> pygame.Surface:
    """Draw a QR code; one for which the box is too small is nothing."""
    # 30 ms at the start, which a door without a board need not spend.
    import segno  # noqa: PLC0415

    matrix = segno.make_qr(part.text, error="l").matrix
    modules = len(matrix) + 2 * QUIET
    side = min(part.box.w, part.box.h) // modules
    code = pygame.Surface((modules, modules), 0, 32)
    code.fill(part.ground)
    for y, row in enumerate(matrix, QUIET):
        for x, dark in enumerate(row, QUIET):
            if dark:
                code.set_at((x, y), part.colour)
    return pygame.transform.scale(code, (side * modules, side * modules))
