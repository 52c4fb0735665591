"""Breaks texts into lines that fit their column, with the shipped fonts.

Sizes and breaks are found with widths measured once for each font at one size; only what is chosen
is measured again as it will be drawn. So a picture opens the fonts it shows and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from kiosk.drawing.fonts import Face, Fonts, make_room
from kiosk.drawing.linebreak import Piece, Widths, best, fewest, lines_of, pieces
from kiosk.drawing.picture import Colour, Column, FontName, Text
from kiosk.drawing.script import (
    ELLIPSIS,
    NARROW,
    PLAIN,
    beginning,
    drawn,
    legible,
    reads_leftwards,
    says_nothing,
    splits,
    syllables,
)
from kiosk.drawing.sdl import pygame

LEADING: dict[FontName, float] = {
    "text": 1.24,
    "strong": 1.14,
    "heavy": 0.95,
    "hours": 1.3,
    "hours-strong": 1.2,
}
"""Distance of two base lines in ems."""
NARROW_BLANK = 0.16
"""Width of a narrow blank in ems; a blank is 0.25 wide."""
SPARES = (1.02, 1.0, 0.98, 0.95, 0.9)
"""Widths for all sizes are right to about one in fifty: so much more room is tried one after another."""
KEEP = 96
"""How many columns are kept laid out, and how many paragraphs measured."""
KEEP_WIDTHS = 512
"""How many measured words and lines are kept."""


class Run(Struct, frozen=True):
    """A part of a line, of one font file.

    Attributes:
        text: As it is drawn, from left to right.
        face: The font file.
        dx: Its left end in the line.
    """

    text: str
    face: Face
    dx: int


class Line(Struct, frozen=True, kw_only=True):
    """A line of text in its place.

    Attributes:
        text: As it is spoken.
        ground: The colour it stands on.
        x: Left end.
        base: Row of the base line.
        width: Width in pixels.
        runs: What is drawn.
    """

    text: str
    font: FontName
    size: int
    colour: Colour
    ground: Colour
    x: int
    base: int
    width: int
    runs: tuple[Run, ...]


class _Set(Struct, frozen=True):
    """A line before it has its place."""

    text: str
    width: int
    runs: tuple[Run, ...]


class _Paragraph(Struct, frozen=True):
    """A tidied text, and its pieces measured."""

    font: FontName
    leftwards: bool
    pieces: list[Piece]
    widths: Widths


class _Plan(Struct, frozen=True):
    """How a paragraph is to be broken.

    Attributes:
        before: Distance to the one above.
        forced: It fits only with words parted, or cut.
    """

    text: Text
    paragraph: _Paragraph
    before: int
    size: int
    lines: int
    forced: bool = False


class _Block(Struct, frozen=True):
    """A paragraph broken into lines."""

    plan: _Plan
    lines: list[_Set]


_Measure = Callable[[str], _Set]


class Typesetter:
    """Breaks texts into lines that fit, with the shipped fonts."""

    def __init__(self) -> None:
        self.fonts = Fonts()
        self._columns: dict[Column, list[Line]] = {}
        self._paragraphs: dict[tuple[FontName, str, str], _Paragraph] = {}
        self._sets: dict[tuple[FontName, int, str, bool], _Set] = {}
        self._ems: dict[tuple[FontName, str], float] = {}

    def font(self, face: Face, size: int) -> pygame.font.Font:
        """Give a font at a size."""
        return self.fonts.at(face, size)

    def capital(self, name: FontName, size: int) -> int:
        """Tell how high capitals are, in pixels."""
        return round(self.fonts.capital(name) * size)

    def legible(self, text: str, font: FontName) -> str:
        """Tidy a text to what can be drawn in texts of a font."""
        return legible(text, lambda sign: self.fonts.face(font, sign) is not None)

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
        for spare in SPARES:
            plans = self._planned(column, spare)
            blocks = [self._block(plan, column.box.w) for plan in plans]
            if all(block is not None for block in blocks) or spare == SPARES[-1]:
                return self._place(
                    column,
                    [
                        block or self._forced(plan, column.box.w)
                        for block, plan in zip(blocks, plans, strict=True)
                    ],
                )
        return []

    def _planned(self, column: Column, spare: float) -> list[_Plan]:
        """Find sizes and numbers of lines with which all texts fit, by the widths for all sizes."""
        texts = [(text, self._paragraph(text)) for text in column.texts]
        while texts:
            # Long texts rather lose lines than make everything tiny.
            most = [0 if text.shrink else text.lines for text, _ in texts]
            reducible = max(most) > 2
            for percent in range(100, 70 if reducible else 25, -5):
                plans = [_plan(text, paragraph, column.box.w, percent, spare) for text, paragraph in texts]
                if self._height(plans) <= column.box.h:
                    return plans
            optional = [n for n, (text, _) in enumerate(texts) if text.optional]
            if reducible:
                n = max(range(len(texts)), key=lambda n: 0 if texts[n][0].shrink else plans[n].lines)
                text, paragraph = texts[n]
                texts[n] = (replace(text, lines=max(1, plans[n].lines - 1)), paragraph)
            elif optional:
                del texts[optional[-1]]
            else:
                return plans
        return []

    # -- a paragraph ---------------------------------------------------------------------------

    def _paragraph(self, text: Text) -> _Paragraph:
        key = (text.font, text.text, text.otherwise)
        paragraph = self._paragraphs.get(key)
        if paragraph is None:
            make_room(self._paragraphs, KEEP)
            paragraph = self._paragraphs[key] = self._tidied(text)
        return paragraph

    def _tidied(self, text: Text) -> _Paragraph:
        shown = self.legible(text.text, text.font)
        if says_nothing(shown) and text.otherwise:
            shown = self.legible(text.otherwise, text.font)
        leftwards = reads_leftwards(shown)
        parts = pieces(shown)
        widths = Widths(
            texts=tuple(self._width_in_ems(text.font, piece.text) for piece in parts),
            glues=tuple(self._width_in_ems(text.font, piece.glue) for piece in parts),
            endings=tuple(self._width_in_ems(text.font, piece.ending) for piece in parts),
        )
        return _Paragraph(text.font, leftwards, parts, widths)

    def _width_in_ems(self, font: FontName, text: str) -> float:
        if not text:
            return 0.0
        width = self._ems.get((font, text))
        if width is None:
            make_room(self._ems, KEEP_WIDTHS)
            width = 0.0
            for face, part in self._runs(font, drawn(text, leftwards=False)):
                width += self.fonts.ems(face, part) if face else NARROW_BLANK
            self._ems[font, text] = width
        return width

    def _runs(self, font: FontName, visual: str) -> Iterator[tuple[Face | None, str]]:
        """Part a line into runs of one font each; a narrow blank is a run without one."""
        if PLAIN.fullmatch(visual):
            if visual:
                yield font, visual
            return
        run = ""
        face: Face | None = None
        for sign in visual:
            if sign == NARROW:
                if run:
                    yield face, run
                yield None, ""
                run, face = "", None
                continue
            of_sign = self.fonts.face(font, sign)
            if of_sign is None:
                continue
            if run and of_sign != face:
                # Blanks and signs that both have stay with the letters beside them.
                if sign == " " or (face is not None and self.fonts.has(face, sign) and not sign.isalnum()):
                    of_sign = face
                else:
                    yield face, run
                    run = ""
            run, face = run + sign, of_sign
        if run:
            yield face, run

    def _set(self, font: FontName, size: int, text: str, *, leftwards: bool) -> _Set:
        """Measure a line as it will be drawn."""
        key = (font, size, text, leftwards)
        line = self._sets.get(key)
        if line is None:
            make_room(self._sets, KEEP_WIDTHS)
            line = self._sets[key] = self._measured(font, size, text, leftwards=leftwards)
        return line

    def _measured(self, font: FontName, size: int, text: str, *, leftwards: bool) -> _Set:
        placed: list[Run] = []
        x = 0
        for face, part in self._runs(font, drawn(text, leftwards=leftwards)):
            if face is None:
                x += max(1, round(NARROW_BLANK * size))
            else:
                placed.append(Run(part, face, x))
                x += self.fonts.width(face, part, size)
        return _Set(text, x, tuple(placed))

    def _block(self, plan: _Plan, width: int) -> _Block | None:
        """Break a paragraph as planned; None where it turns out wider."""
        if plan.forced:
            return self._forced(plan, width)
        paragraph = plan.paragraph
        if not paragraph.pieces:
            return _Block(plan, [_Set("", 0, ())])
        room = width / plan.size * SPARES[0]
        for _ in range(4):
            ends = best(paragraph.pieces, paragraph.widths, room, plan.lines)
            if ends is None:
                return None
            lines = [
                self._set(paragraph.font, plan.size, line, leftwards=paragraph.leftwards)
                for line in lines_of(paragraph.pieces, ends)
            ]
            widest = max(line.width for line in lines)
            if widest <= width:
                return _Block(plan, lines)
            room = min(room * 0.985, room * width / widest)
        return None

    def _forced(self, plan: _Plan, width: int) -> _Block:
        """Break a paragraph that fits nowhere: long words are parted, and what is left is cut."""
        paragraph, most = plan.paragraph, plan.lines

        def measured(line: str) -> _Set:
            return self._set(paragraph.font, plan.size, line, leftwards=paragraph.leftwards)

        lines: list[_Set] = []
        rest = list(paragraph.pieces)
        line: list[Piece] = []
        while rest and len(lines) < most - 1:
            tried = lines_of([*line, rest[0]], [len(line) + 1])[0]
            if measured(tried + rest[0].ending).width <= width:
                line.append(rest.pop(0))
                continue
            if line:
                lines.append(measured(lines_of([*line, rest[0]], [len(line), len(line) + 1])[0]))
                line = []
                continue
            parted = self._parted(rest[0], width, measured)
            if parted is None:
                break
            lines.append(measured(parted[0]))
            rest[0] = replace(rest[0], text=parted[1])
        rest = line + rest
        if rest or not lines:
            lines.append(self._cut(lines_of(rest, [len(rest)])[0] if rest else "", width, measured))
        return _Block(plan, lines)

    def _parted(self, piece: Piece, width: int, measured: _Measure) -> tuple[str, str] | None:
        """Part a word wider than a line; None where not even its beginning fits."""
        hyphen = "" if reads_leftwards(piece.text) else "-"
        places = [n for n in splits(piece.text) if 2 <= n <= len(piece.text) - 2]
        fitting = [n for n in places if measured(piece.text[:n] + hyphen).width <= width]
        if not fitting:
            return None
        well = [n for n in syllables(piece.text) if fitting[-1] * 3 / 4 < n <= fitting[-1]]
        n = well[-1] if well else fitting[-1]
        return piece.text[:n] + hyphen, piece.text[n:]

    def _cut(self, line: str, width: int, measured: _Measure) -> _Set:
        """Cut a line to a width, and tell so by an ellipsis."""
        whole = measured(line)
        if whole.width <= width:
            return whole
        places = [0, *splits(line)]
        low, high = 0, len(places) - 1
        best_line = measured(ELLIPSIS)
        if best_line.width > width:
            return measured("")
        while low < high:
            middle = (low + high + 1) // 2
            tried = measured(beginning(line, places[middle]) + ELLIPSIS)
            if tried.width <= width:
                low, best_line = middle, tried
            else:
                high = middle - 1
        return best_line

    # -- a column ------------------------------------------------------------------------------

    def _height(self, plans: list[_Plan]) -> int:
        height = 0
        for n, plan in enumerate(plans):
            height += (plan.before if n else 0) + self.capital(plan.text.font, plan.size)
            height += (plan.lines - 1) * _leading(plan)
        return height

    def _bearing(self, block: _Block, line: _Set) -> int:
        """Tell the blank before the first letter, so that large and small lines begin at one edge."""
        if not line.runs or block.plan.text.font in ("hours", "hours-strong"):
            return 0
        return round(self.fonts.bearing(line.runs[0].face, line.runs[0].text[0]) * block.plan.size)

    def _place(self, column: Column, blocks: list[_Block]) -> list[Line]:
        box = column.box
        spare = max(
            0, box.h - self._height([replace(block.plan, lines=len(block.lines)) for block in blocks])
        )
        y = box.y + {"top": 0, "middle": spare // 2, "bottom": spare}[column.down]
        placed: list[Line] = []
        for n, block in enumerate(blocks):
            plan, text = block.plan, block.plan.text
            y += (plan.before if n else 0) + self.capital(text.font, plan.size)
            widest = max(line.width for line in block.lines)
            for m, line in enumerate(block.lines):
                y += _leading(plan) if m else 0
                match column.across:
                    case "left" if plan.paragraph.leftwards:
                        # Read from the right, so even there.
                        x = box.x + widest - line.width
                    case "left":
                        x = box.x - self._bearing(block, line)
                    case "centre":
                        x = box.x + (box.w - line.width) // 2
                    case "right":
                        x = box.right - line.width
                placed.append(
                    Line(
                        text=line.text,
                        font=text.font,
                        size=plan.size,
                        colour=text.colour,
                        ground=column.ground,
                        x=x,
                        base=y,
                        width=line.width,
                        runs=line.runs,
                    )
                )
        return placed


def _plan(text: Text, paragraph: _Paragraph, width: int, percent: int, spare: float) -> _Plan:
    """Find the size and the number of lines with which a text fits a width."""
    before = text.before * max(percent, 45) // 100
    wished = max(text.least, text.size * percent // 100)
    counts = range(1, text.lines + 1) if text.shrink else [text.lines]
    for most in counts:
        for size in (*range(wished, text.least, -max(1, wished // 40)), text.least):
            count = fewest(paragraph.widths, width / size * spare)
            if count is not None and count <= most:
                return _Plan(text, paragraph, before, size, count)
    return _Plan(text, paragraph, before, text.least, text.lines, forced=True)


def _leading(plan: _Plan) -> int:
    return round(plan.size * LEADING[plan.text.font])
