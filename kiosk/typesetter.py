"""Breaks texts into lines that fit their column, with the shipped fonts."""

from __future__ import annotations

import os
from importlib.resources import as_file, files
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kiosk.picture import Colour, Column, FontName, Text
from kiosk.sdl import pygame

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
KEEP = 96
"""How many texts are kept in their places."""
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
            make_room(self._fonts, KEEP_FONTS)
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
            make_room(self._columns, KEEP)
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
            make_room(self._glyphs, 10 * KEEP)
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
            make_room(self._bearings, KEEP)
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


def make_room(cache: dict[Any, Any], most: int) -> None:
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
