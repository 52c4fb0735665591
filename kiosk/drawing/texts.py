"""Drawn texts, kept for as long as they are worth their memory."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk.drawing.fonts import Face
from kiosk.drawing.picture import Colour
from kiosk.drawing.sdl import pygame
from kiosk.drawing.typesetter import Line, Typesetter


class Texts:
    """The drawn texts, as many as are worth their memory.

    A text is drawn onto its ground, which then is taken for transparent: that is a byte a pixel, a
    quarter of what a text of many shades takes, and seven times as fast to draw (13 and 88 µs for a
    word across the field at 1920x1080).

    Args:
        type_: Has the fonts.
        most: How many pixels are kept. The texts of one picture cover about a tenth of it.
    """

    def __init__(self, type_: Typesetter, *, most: int) -> None:
        self._type = type_
        self._most = most
        self._kept: dict[tuple[str, Face, int, Colour, Colour], tuple[pygame.Surface, int]] = {}
        self._pixels = 0

    @property
    def pixels(self) -> int:
        """How many pixels are kept."""
        return self._pixels

    def rect(self, line: Line) -> pygame.Rect:
        """Tell what a line covers at most."""
        rects = [surface.get_rect(topleft=place) for surface, place in self._places(line)]
        return rects[0].unionall(rects[1:])

    def draw(self, onto: pygame.Surface, line: Line) -> None:
        """Draw a line."""
        for surface, place in self._places(line):
            onto.blit(surface, place)

    def _places(self, line: Line) -> Iterator[tuple[pygame.Surface, tuple[int, int]]]:
        for run in line.runs:
            key = (run.text, run.face, line.size, line.colour, line.ground)
            # Put last: what was not used for longest goes first.
            kept = self._kept.pop(key, None) or self._render(*key)
            self._kept[key] = kept
            surface, rise = kept
            yield surface, (line.x + run.dx, line.base - rise)

    def _render(
        self, text: str, face: Face, size: int, colour: Colour, ground: Colour
    ) -> tuple[pygame.Surface, int]:
        """Draw a text, without the blank rows above and below it.

        Returns:
            The text, and how many of its rows are above the base line.
        """
        font = self._type.font(face, size)
        drawn = font.render(text, True, colour, ground)
        metrics = [glyph for glyph in font.metrics(text) if glyph is not None]
        ascent = font.get_ascent()
        top = max(0, ascent - max((glyph[3] for glyph in metrics), default=0) - 1)
        bottom = min(drawn.get_height(), ascent - min((glyph[2] for glyph in metrics), default=0) + 1)
        rows = pygame.Rect(0, top, drawn.get_width(), max(1, bottom - top))
        drawn = drawn.subsurface(rows.clip(drawn.get_rect())).copy()
        drawn.set_colorkey(ground)
        self._pixels += _area(drawn)
        while self._kept and self._pixels > self._most:
            self._pixels -= _area(self._kept.pop(next(iter(self._kept)))[0])
        return drawn, ascent - top


def _area(surface: pygame.Surface) -> int:
    return int(surface.get_width() * surface.get_height())
