"""Draws a `ViewModel` with pygame, and of two that follow each other only the panels that differ.

Works with pygame 2.6 and pygame-ce alike. Off-screen nothing of a display is touched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

# SDL reads these when it starts; whoever set one already knows better.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
# On X11 without a GPU an accelerated framebuffer makes an update 160 times dearer and costs 108 MiB.
os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
# With libdecor the first window under cage 0.2 never opens.
os.environ.setdefault("SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR", "0")

import pygame
from msgspec import Struct
from msgspec.structs import replace

from kiosk.view import (
    Box,
    Colour,
    Column,
    Fill,
    FontName,
    Panel,
    Part,
    Ring,
    Shape,
    ShapeName,
    Size,
    Text,
    ViewModel,
)

FONT_FILES: dict[FontName, str] = {
    "text": "AtkinsonHyperlegibleNext-Medium.ttf",
    "strong": "AtkinsonHyperlegibleNext-Bold.ttf",
    "heavy": "AtkinsonHyperlegibleNext-ExtraBold.ttf",
    "hours": "B612-Regular.otf",
    "hours-strong": "B612-Bold.otf",
}
LEADING: dict[FontName, float] = {
    "text": 1.24,
    "strong": 1.14,
    "heavy": 0.95,
    "hours": 1.3,
    "hours-strong": 1.2,
}
"""Distance of two base lines in ems."""

ELLIPSIS = "\u2026"
MISSING = "\uffff"
"""A character that no font has."""
FINE = 4
"""Shapes are drawn so many times larger and then reduced, for smooth edges."""
KEEP = 96
"""How many drawn texts and shapes are kept, and how many texts in their places."""
KEEP_FONTS = 160


class Line(Struct, frozen=True):
    """A line of text in its place.

    Attributes:
        x: Left end.
        base: Row of the base line.
        width: Width in pixels.
    """

    text: str
    font: FontName
    size: int
    colour: Colour
    x: int
    base: int
    width: int


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
            _make_room(self._texts, KEEP)
            drawn = self._texts[key] = font.render(line.text, True, line.colour)
        self._surface.blit(drawn, (line.x, line.base - font.get_ascent()))

    def _shape(self, part: Shape | Ring) -> pygame.Surface:
        # The same shape elsewhere is the same picture.
        key = (type(part), replace(part, box=Box(0, 0, part.box.w, part.box.h)))
        drawn = self._shapes.get(key)
        if drawn is None:
            _make_room(self._shapes, KEEP)
            drawn = self._shapes[key] = self._draw_shape(part)
        return drawn

    def _draw_shape(self, part: Shape | Ring) -> pygame.Surface:
        size = (part.box.w, part.box.h)
        large = pygame.Surface((size[0] * FINE, size[1] * FINE), pygame.SRCALPHA, 32)
        # Transparent, but of the same colour: else reducing would darken the edges.
        large.fill((*part.colour, 0))
        pen = _Pen(large, part.colour)
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
                _DRAWINGS[name](pen)
        return pygame.transform.smoothscale(large, size)


class Typesetter:
    """Breaks texts into lines that fit, with the shipped fonts."""

    def __init__(self) -> None:
        pygame.font.init()
        self._fonts: dict[tuple[FontName, int], pygame.font.Font] = {}
        self._columns: dict[Column, list[Line]] = {}
        self._bearings: dict[tuple[FontName, int, str], int] = {}
        self._glyphs: dict[tuple[FontName, str], bool] = {}

    def font(self, name: FontName, size: int) -> pygame.font.Font:
        """Load a font at a size."""
        font = self._fonts.get((name, size))
        if font is None:
            _make_room(self._fonts, KEEP_FONTS)
            with as_file(files("kiosk") / "assets" / "fonts" / FONT_FILES[name]) as path:
                font = self._fonts[name, size] = pygame.font.Font(os.fspath(path), size)
        return font

    def capital(self, name: FontName, size: int) -> int:
        """Tell how high capitals are, in pixels."""
        metrics = self.font(name, size).metrics("H")[0]
        assert metrics is not None
        return int(metrics[3])

    def lines(self, column: Column) -> list[Line]:
        """Lay out a column.

        Args:
            column: What to lay out.

        Returns:
            Its lines in their places.
        """
        lines = self._columns.get(column)
        if lines is None:
            _make_room(self._columns, KEEP)
            lines = self._columns[column] = self._lay_out(column)
        return lines

    def _lay_out(self, column: Column) -> list[Line]:
        texts = list(column.texts)
        while texts:
            # Long texts rather lose lines than make everything tiny.
            longest = max(range(len(texts)), key=lambda n: 0 if texts[n].shrink else texts[n].lines)
            reducible = texts[longest].lines > 2 and not texts[longest].shrink
            for percent in range(100, 70 if reducible else 25, -5):
                blocks = [self._fit(text, column.box.w, percent) for text in texts]
                height = self._height(blocks)
                if height <= column.box.h:
                    return self._place(column, blocks, height)
            optional = [n for n, text in enumerate(texts) if text.optional]
            if reducible:
                longest = max(range(len(texts)), key=lambda n: 0 if texts[n].shrink else len(blocks[n].lines))
                texts[longest] = replace(texts[longest], lines=max(1, len(blocks[longest].lines) - 1))
            elif optional:
                del texts[optional[-1]]
            else:
                return self._place(column, blocks, height)
        return []

    def _fit(self, text: Text, width: int, percent: int) -> _Block:
        shown = self.legible(text.text, text.font) or self.legible(text.otherwise, text.font)
        before = text.before * max(percent, 45) // 100
        wished = max(text.least, text.size * percent // 100)
        sizes = [*range(wished, text.least, -max(1, wished // 40)), text.least]
        counts = range(1, text.lines + 1) if text.shrink else [text.lines]
        for count in counts:
            for size in sizes:
                lines = self._wrap(shown, text.font, size, width)
                if len(lines) <= count and all(self._width(line, text.font, size) <= width for line in lines):
                    return _Block(text, before, size, self._even(lines, text.font, size, width))
        # Nothing fits: long words are parted, and what is left is cut.
        lines = self._wrap(shown, text.font, text.least, width, part_words=True)
        if len(lines) > text.lines:
            rest = _joined(lines[text.lines - 1 :])
            lines = [*lines[: text.lines - 1], self._cut(rest, text.font, text.least, width)]
        return _Block(text, before, text.least, lines)

    def _wrap(
        self, text: str, font: FontName, size: int, width: int, *, part_words: bool = False
    ) -> list[str]:
        """Break a text at its blanks, and after hyphens and strokes.

        A word longer than the width stays whole, unless words may be parted.
        """
        pieces = _pieces(text)
        if part_words:
            pieces = [part for piece in pieces for part in self._parted(piece, font, size, width)]
        lines: list[str] = []
        line = ""
        for piece in pieces:
            if line and self._width((line + piece).rstrip(" "), font, size) > width:
                lines.append(line.rstrip(" "))
                line = piece
            else:
                line += piece
        return [*lines, line.rstrip(" ")]

    def _parted(self, word: str, font: FontName, size: int, width: int) -> list[str]:
        parts: list[str] = []
        while self._width(word.rstrip(" "), font, size) > width:
            fits = [n for n in range(2, len(word)) if self._width(word[:n] + "-", font, size) <= width]
            if not fits:
                break
            parts.append(word[: fits[-1]] + "-")
            word = word[fits[-1] :]
        return [*parts, word]

    def _even(self, lines: list[str], font: FontName, size: int, width: int) -> list[str]:
        """Break the same text into as many lines of about the same length."""
        if len(lines) < 2:
            return lines
        text = _joined(lines)
        low, high = width // 2, width
        best = lines
        while high - low > max(2, width // 50):
            middle = (low + high) // 2
            tried = self._wrap(text, font, size, middle)
            if len(tried) <= len(lines) and all(self._width(line, font, size) <= middle for line in tried):
                best, high = tried, middle
            else:
                low = middle
        return best

    def _cut(self, line: str, font: FontName, size: int, width: int) -> str:
        if self._width(line, font, size) <= width:
            return line
        low, high = 0, len(line)
        while low < high:
            middle = (low + high + 1) // 2
            if self._width(line[:middle].rstrip() + ELLIPSIS, font, size) <= width:
                low = middle
            else:
                high = middle - 1
        return line[:low].rstrip() + ELLIPSIS

    def legible(self, text: str, font: FontName) -> str:
        """Leave out what the font has no glyph for."""
        kept = "".join(char for char in text.replace("\u202f", "\u00a0") if self._has(font, char))
        return " ".join(kept.split(" ")).strip()

    def _has(self, font: FontName, char: str) -> bool:
        known = self._glyphs.get((font, char))
        if known is None:
            _make_room(self._glyphs, 10 * KEEP)
            # Some builds of SDL_ttf tell the metrics of the box that stands for a missing glyph.
            small = self.font(font, 16)
            metrics = small.metrics(char)[0]
            missing = small.metrics(MISSING)[0]
            pixels = _pixels(small, char)
            known = (
                metrics is not None
                and pixels is not None
                and (metrics != missing or pixels != _pixels(small, MISSING))
            )
            self._glyphs[font, char] = known
        return known

    def _width(self, text: str, font: FontName, size: int) -> int:
        return int(self.font(font, size).size(text)[0])

    def _bearing(self, line: str, font: FontName, size: int) -> int:
        """Tell the blank before the first letter, so that large and small lines begin at one edge."""
        if not line or font in ("hours", "hours-strong"):
            return 0
        key = (font, size, line[0])
        bearing = self._bearings.get(key)
        if bearing is None:
            _make_room(self._bearings, KEEP)
            # Drawn, as builds of SDL_ttf differ in what they do with the bearing they tell.
            drawn = self.font(font, size).render(line[0], True, (255, 255, 255))
            bearing = self._bearings[key] = drawn.get_bounding_rect().x
        return bearing

    def _height(self, blocks: list[_Block]) -> int:
        height = 0
        for n, block in enumerate(blocks):
            height += (block.before if n else 0) + self.capital(block.text.font, block.size)
            height += (len(block.lines) - 1) * self._leading(block)
        return height

    def _leading(self, block: _Block) -> int:
        return round(block.size * LEADING[block.text.font])

    def _place(self, column: Column, blocks: list[_Block], height: int) -> list[Line]:
        box = column.box
        spare = max(0, box.h - height)
        y = box.y + {"top": 0, "middle": spare // 2, "bottom": spare}[column.down]
        placed: list[Line] = []
        for n, block in enumerate(blocks):
            text = block.text
            y += (block.before if n else 0) + self.capital(text.font, block.size)
            for m, line in enumerate(block.lines):
                y += self._leading(block) if m else 0
                width = self._width(line, text.font, block.size)
                left = box.x - self._bearing(line, text.font, block.size)
                x = {"left": left, "centre": box.x + (box.w - width) // 2, "right": box.right - width}[
                    column.across
                ]
                placed.append(Line(line, text.font, block.size, text.colour, x, y, width))
        return placed


def _pixels(font: pygame.font.Font, char: str) -> bytes | None:
    try:
        return pygame.image.tobytes(font.render(char, True, (255, 255, 255)), "RGBA")
    except pygame.error:
        # A sign without width of its own, such as a mark of direction.
        return None


class _Block(Struct):
    text: Text
    before: int
    size: int
    lines: list[str]


def _make_room(cache: dict[Any, Any], most: int) -> None:
    """Drop what has been kept for longest."""
    while len(cache) >= most:
        del cache[next(iter(cache))]


def _pieces(text: str) -> list[str]:
    """Part a text where a line may end; each piece ends with what parts it from the next."""
    pieces = [""]
    for char in text:
        pieces[-1] += char
        if char in " -/":
            pieces.append("")
    return [piece for piece in pieces if piece]


def _joined(lines: list[str]) -> str:
    """Make one line of several again."""
    return "".join(line if line.endswith(("-", "/")) else f"{line} " for line in lines).rstrip(" ")


def _rect(box: Box) -> pygame.Rect:
    return pygame.Rect(box.x, box.y, box.w, box.h)


# -- shapes -----------------------------------------------------------------------------------


Point = tuple[float, float]


class _Pen:
    """Draws on a square of 24 by 24 units, and wipes out again."""

    def __init__(self, surface: pygame.Surface, colour: Colour) -> None:
        self.surface = surface
        self._ink: tuple[int, int, int, int] = (*colour, 255)
        self._none: tuple[int, int, int, int] = (*colour, 0)
        self._scale = min(surface.get_size()) / 24

    def _at(self, point: Point) -> Point:
        return point[0] * self._scale, point[1] * self._scale

    def _colour(self, *, wipe: bool) -> tuple[int, int, int, int]:
        return self._none if wipe else self._ink

    def disc(self, middle: Point, radius: float, *, wipe: bool = False) -> None:
        pygame.draw.circle(self.surface, self._colour(wipe=wipe), self._at(middle), radius * self._scale)

    def polygon(self, points: list[Point], *, wipe: bool = False) -> None:
        pygame.draw.polygon(self.surface, self._colour(wipe=wipe), [self._at(point) for point in points])

    def rect(self, x: float, y: float, w: float, h: float, radius: float = 0, *, wipe: bool = False) -> None:
        left, top = self._at((x, y))
        right, bottom = self._at((x + w, y + h))
        rect = pygame.Rect(round(left), round(top), round(right - left), round(bottom - top))
        pygame.draw.rect(
            self.surface, self._colour(wipe=wipe), rect, border_radius=round(radius * self._scale)
        )

    def stroke(self, points: list[Point], width: float, *, wipe: bool = False) -> None:
        """Draw a line with round ends and corners."""
        for start, end in pairwise(points):
            length = math.dist(start, end) or 1
            nx, ny = (end[1] - start[1]) / length * width / 2, (start[0] - end[0]) / length * width / 2
            self.polygon(
                [
                    (start[0] + nx, start[1] + ny),
                    (end[0] + nx, end[1] + ny),
                    (end[0] - nx, end[1] - ny),
                    (start[0] - nx, start[1] - ny),
                ],
                wipe=wipe,
            )
        for point in points:
            self.disc(point, width / 2, wipe=wipe)

    def rounded(self, points: list[Point], radius: float, *, wipe: bool = False) -> None:
        """Draw a polygon whose corners are rounded outwards by a radius."""
        self.polygon(points, wipe=wipe)
        self.stroke([*points, points[0]], 2 * radius, wipe=wipe)

    def ring(self, share: float, track: Colour) -> None:
        middle, outer, inner = (12.0, 12.0), 12.0, 10.0
        pygame.draw.circle(self.surface, (*track, 255), self._at(middle), outer * self._scale)
        if share > 0:
            steps = max(2, round(120 * share))
            arc = [
                (
                    12 + 13 * math.sin(2 * math.pi * share * n / steps),
                    12 - 13 * math.cos(2 * math.pi * share * n / steps),
                )
                for n in range(steps + 1)
            ]
            mask = pygame.Surface(self.surface.get_size(), pygame.SRCALPHA, 32)
            pygame.draw.circle(mask, self._ink, self._at(middle), outer * self._scale)
            wedge = pygame.Surface(self.surface.get_size(), pygame.SRCALPHA, 32)
            pygame.draw.polygon(wedge, (255, 255, 255, 255), [self._at(middle), *(self._at(p) for p in arc)])
            mask.blit(wedge, (0, 0), special_flags=pygame.BLEND_RGBA_MIN)
            self.surface.blit(mask, (0, 0))
        self.disc(middle, inner, wipe=True)


def _circle(pen: _Pen) -> None:
    pen.disc((12, 12), 12)


def _half_circle(pen: _Pen) -> None:
    pen.disc((12, 12), 12)
    pen.disc((12, 12), 9.8, wipe=True)
    pen.disc((12, 12), 12)
    pen.rect(12, 0, 12, 24, wipe=True)
    for n in range(61):
        angle = math.pi * n / 60
        pen.disc((12 + 10.9 * math.sin(angle), 12 - 10.9 * math.cos(angle)), 1.1)


def _square(pen: _Pen) -> None:
    pen.rect(1, 1, 22, 22, 2)


def _triangle(pen: _Pen) -> None:
    pen.rounded([(12, 3.2), (22.3, 21), (1.7, 21)], 1.6)


def _hollow_triangle(pen: _Pen) -> None:
    _triangle(pen)
    pen.polygon([(12, 6.4), (19.2, 18.8), (4.8, 18.8)], wipe=True)


def _moon(pen: _Pen) -> None:
    pen.disc((11, 12.5), 11)
    pen.disc((16.2, 8.6), 9.4, wipe=True)


def _cross(pen: _Pen) -> None:
    pen.stroke([(3.5, 3.5), (20.5, 20.5)], 5.2)
    pen.stroke([(20.5, 3.5), (3.5, 20.5)], 5.2)


def _warning(pen: _Pen) -> None:
    _triangle(pen)
    pen.stroke([(12, 8.6), (12, 14)], 2.6, wipe=True)
    pen.disc((12, 18.2), 1.6, wipe=True)


def _check(pen: _Pen) -> None:
    pen.stroke([(3, 13), (9.5, 19.5), (21.5, 5.5)], 4)


def _check_disc(pen: _Pen) -> None:
    pen.disc((12, 12), 12)
    pen.stroke([(6.4, 12.6), (10.4, 16.6), (17.8, 8)], 2.7, wipe=True)


def _tray(pen: _Pen) -> None:
    pen.stroke([(12, 3), (12, 13.5)], 2.8)
    pen.stroke([(7, 9), (12, 14), (17, 9)], 2.8)
    pen.stroke([(2.5, 15), (2.5, 21.5), (21.5, 21.5), (21.5, 15)], 2.8)


def _dot_ring(pen: _Pen) -> None:
    pen.disc((12, 12), 12)
    pen.disc((12, 12), 9.5, wipe=True)
    pen.disc((12, 12), 5)


def _seats(pen: _Pen) -> None:
    pen.disc((12, 6.6), 5)
    pen.disc((12, 22.5), 9.2)
    pen.rect(0, 21.5, 24, 3, wipe=True)


def _whiteboard(pen: _Pen) -> None:
    pen.rect(1, 3, 22, 15, 1.6)
    pen.rect(3, 5, 18, 11, 0.6, wipe=True)
    pen.stroke([(6.5, 12.5), (9.5, 8.5), (12, 12), (14.2, 9), (17.5, 12.5)], 1.5)
    pen.stroke([(6.5, 21.5), (17.5, 21.5)], 1.9)


def _blackboard(pen: _Pen) -> None:
    pen.rect(1, 3, 22, 15, 1.6)
    pen.stroke([(6.5, 12.5), (9.5, 8.5), (12, 12), (14.2, 9), (17.5, 12.5)], 1.5, wipe=True)
    pen.stroke([(6.5, 21.5), (17.5, 21.5)], 1.9)


def _projector(pen: _Pen) -> None:
    pen.rect(1, 6.5, 22, 12, 2)
    pen.disc((16, 12.5), 4.2, wipe=True)
    pen.disc((16, 12.5), 2.4)
    pen.rect(4, 9.6, 5, 1.8, 0.6, wipe=True)
    pen.rect(4, 13.4, 5, 1.8, 0.6, wipe=True)
    pen.rect(4, 18.5, 3, 2.6)
    pen.rect(17, 18.5, 3, 2.6)


def _tv(pen: _Pen) -> None:
    pen.rect(0.5, 3.5, 23, 15, 1.6)
    pen.rect(2.6, 5.6, 18.8, 10.8, wipe=True)
    pen.polygon([(10, 8), (15, 11), (10, 14)])
    pen.stroke([(7, 21), (17, 21)], 2)


_DRAWINGS: dict[ShapeName, Callable[[_Pen], None]] = {
    "circle": _circle,
    "half-circle": _half_circle,
    "square": _square,
    "triangle": _triangle,
    "hollow-triangle": _hollow_triangle,
    "moon": _moon,
    "cross": _cross,
    "warning": _warning,
    "check": _check,
    "check-disc": _check_disc,
    "tray": _tray,
    "dot-ring": _dot_ring,
    "seats": _seats,
    "whiteboard": _whiteboard,
    "blackboard": _blackboard,
    "projector": _projector,
    "tv": _tv,
}
