"""Draws a `ViewModel` with pygame, and of two that follow each other only the panels that differ.

Works with pygame 2.6 and pygame-ce alike. Off-screen nothing of a display is touched.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from kiosk.picture import Box, Colour, Column, Fill, FontName, Panel, Part, Ring, Shape, Size, ViewModel
from kiosk.sdl import pygame
from kiosk.shapes import DRAWINGS, Pen
from kiosk.typesetter import Line, Typesetter, make_room

FINE = 4
"""Shapes are drawn so many times larger and then reduced, for smooth edges."""
KEEP = 96
"""How many drawn texts and shapes are kept."""


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
        self._shapes: dict[tuple[object, ...], pygame.Surface] = {}
        self._texts: dict[tuple[str, FontName, int, Colour], pygame.Surface] = {}
        self._shown: ViewModel | None = None

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return self._surface.get_size()

    @property
    def shown(self) -> ViewModel | None:
        """The picture that is shown, None before the first."""
        return self._shown

    def draw(self, vm: ViewModel) -> int:
        """Show a picture; panels that are shown already are left as they are.

        Args:
            vm: The picture, of this screen's size.

        Returns:
            How many panels were drawn; 0 where nothing changed.
        """
        shown = {panel.box: panel for panel in self._shown.panels} if self._shown is not None else {}
        changed = [panel for panel in vm.panels if shown.get(panel.box) != panel]
        self._shown = vm
        for panel in changed:
            self._draw_panel(panel)
        if changed and self._window:
            pygame.display.update([_rect(panel.box) for panel in changed])
        return len(changed)

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

    def _draw_panel(self, panel: Panel) -> None:
        self._surface.set_clip(_rect(panel.box))
        self._surface.fill(panel.ground, _rect(panel.box))
        for part in panel.parts:
            self._draw_part(part)
        self._surface.set_clip(None)

    def _draw_part(self, part: Part) -> None:
        match part:
            case Fill(box=box, colour=colour, radius=0):
                self._surface.fill(colour, _rect(box))
            case Column():
                for line in self._type.lines(part):
                    self._draw_line(line)
            case Fill():
                self._draw_rounded(part)
            case Shape(box=box) | Ring(box=box):
                self._surface.blit(self._shape(part), (box.x, box.y))

    def _draw_rounded(self, part: Fill) -> None:
        """Fill a rectangle with round corners: the quarters of a small disc, and what is between."""
        box, r = part.box, min(part.radius, part.box.w // 2, part.box.h // 2)
        if r == 0:
            self._surface.fill(part.colour, _rect(box))
            return
        self._surface.fill(part.colour, pygame.Rect(box.x + r, box.y, box.w - 2 * r, box.h))
        self._surface.fill(part.colour, pygame.Rect(box.x, box.y + r, box.w, box.h - 2 * r))
        disc = self._shape(Shape(name="circle", box=Box(0, 0, 2 * r, 2 * r), colour=part.colour))
        for x, dx in ((box.x, 0), (box.right - r, r)):
            for y, dy in ((box.y, 0), (box.bottom - r, r)):
                self._surface.blit(disc, (x, y), pygame.Rect(dx, dy, r, r))

    def _draw_line(self, line: Line) -> None:
        if not line.text:
            return
        font = self._type.font(line.font, line.size)
        key = (line.text, line.font, line.size, line.colour)
        drawn = self._texts.get(key)
        if drawn is None:
            make_room(self._texts, KEEP)
            drawn = self._texts[key] = font.render(line.text, True, line.colour)
        self._surface.blit(drawn, (line.x, line.base - font.get_ascent()))

    def _shape(self, part: Shape | Ring) -> pygame.Surface:
        # The same shape elsewhere is the same picture.
        key = (type(part), replace(part, box=Box(0, 0, part.box.w, part.box.h)))
        drawn = self._shapes.get(key)
        if drawn is None:
            make_room(self._shapes, KEEP)
            drawn = self._shapes[key] = self._draw_shape(part)
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


def _rect(box: Box) -> pygame.Rect:
    return pygame.Rect(box.x, box.y, box.w, box.h)
