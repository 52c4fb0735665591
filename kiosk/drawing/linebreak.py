"""Where lines of a paragraph end: lines of even length, no small word left behind at an end. Pure.

Widths are in ems, so that one measurement serves for all sizes of a font.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct

from kiosk.drawing.script import MAY_BREAK, NARROW, NO_BREAK, SOFT_HYPHEN

_SMALL = re.compile(
    r"(?:(?![A-Z]{2})[^\W\d_]{1,3}|[^\W\d_]{1,2}['\u2019][^\W\d_]{1,3}"
    r"|avec|pour|dans|sans|sous|chez|vers|with|from|into|that)['\u2019]?"
)
"""A short word (de, la, et, d'un, the): it belongs to what follows."""
_BOUND = re.compile(r"(?:\d+[\w.,:]*|[A-Z]|[IVX]+|[ABCDEFG]\d*)(?:\W|$)")
"""A number or a single letter: it belongs to what is before it (groupe 3, jury B)."""
_AFTER = re.compile(r"[:;.!?,)»\u2013\u2014]$")
"""A sign after which a line ends well."""

_WORDS = re.compile(f"[ {NO_BREAK}{NARROW}(]")
_ENDS = re.compile(f"[ /\\-{MAY_BREAK}{SOFT_HYPHEN}\u2010\u2013\u2014]")
_DOUBLE = tuple(":;!?\u00bb%\u20ac")
"""Signs that French sets a blank before; a line does not begin with one."""

SMALL, BOUND, HYPHEN, SOFT, WELL = 0.25, 0.4, 0.06, 0.12, -0.03
"""What a break costs; 0.01 is a line that is a tenth shorter or longer than the others."""


class Piece(Struct, frozen=True):
    """A part of a paragraph after which a line may end.

    Attributes:
        text: Without the blank after it.
        glue: What follows if the line goes on: a blank or nothing.
        ending: What follows if the line ends: a hyphen or nothing.
    """

    text: str
    glue: str = ""
    ending: str = ""


class Widths(Struct, frozen=True):
    """Widths of the pieces of a paragraph in ems, one of each for each piece."""

    texts: tuple[float, ...]
    glues: tuple[float, ...]
    endings: tuple[float, ...]


def pieces(text: str) -> list[Piece]:
    """Part a tidied text where a line may end: at blanks, after hyphens, strokes and soft hyphens."""
    parts: list[Piece] = []
    start = 0
    for match in _ENDS.finditer(text):
        n, sign = match.start(), match.group()
        piece = None
        if sign == " ":
            if text[n + 1 : n + 2] not in _DOUBLE and text[n - 1] != "\u00ab":
                piece = Piece(text[start:n], glue=" ")
        elif sign == MAY_BREAK:
            piece = Piece(text[start:n])
        elif sign == SOFT_HYPHEN:
            piece = Piece(text[start:n], ending="-")
        elif _parts_words(text, n):
            piece = Piece(text[start : n + 1])
        if piece is not None:
            parts.append(piece)
            start = n + 1
    parts.append(Piece(text[start:]))
    return [part for part in parts if part.text]


def _parts_words(text: str, n: int) -> bool:
    """Tell whether a hyphen or stroke stands between words, not in ``TD-3``, ``24/7`` or ``-5``."""
    before, after = text[max(0, n - 2) : n], text[n + 1 : n + 3]
    return len(before) == 2 and before.isalpha() and len(after) == 2 and after[0].isalpha()


def _cost(piece: Piece, after: Piece) -> float:
    """Tell what it costs to end a line between two pieces."""
    if piece.glue:
        cost = 0.0
        if _SMALL.fullmatch(_WORDS.split(piece.text)[-1]):
            cost += SMALL
        if _BOUND.match(after.text) and len(after.text) <= 4:
            cost += BOUND
        if _AFTER.search(piece.text) or after.text.startswith(("(", "\u00ab", "\u2013", "\u2014")):
            cost += WELL
        return cost
    if piece.ending:
        return SOFT
    return 0.0 if piece.text.endswith("\u2014") else HYPHEN


def fewest(widths: Widths, width: float) -> int | None:
    """Tell how many lines are needed at least.

    Args:
        widths: Of the pieces.
        width: Of the lines.

    Returns:
        None where a piece is wider than a line.
    """
    count, line, glue = 1, 0.0, 0.0
    for text, after, ending in zip(widths.texts, widths.glues, widths.endings, strict=True):
        if text + ending > width:
            return None
        if line and line + glue + text + ending > width:
            count, line = count + 1, text
        else:
            line += glue + text
        glue = after
    return count


def best(paragraph: list[Piece], widths: Widths, width: float, count: int) -> list[int] | None:
    """Break a paragraph into so many lines of about the same length.

    Args:
        paragraph: Its pieces.
        widths: Of the pieces.
        width: Of the lines.
        count: How many lines there are to be.

    Returns:
        For each line the number of the piece after its last; None where it takes more lines.
    """
    n = len(paragraph)
    if count == 1:
        return [n] if fewest(widths, width) == 1 else None
    starts = [0.0]
    for text, glue in zip(widths.texts, widths.glues, strict=True):
        starts.append(starts[-1] + text + glue)
    costs = [*(_cost(piece, after) for piece, after in pairwise(paragraph)), 0.0]
    even = max((starts[-1]) / count, 1e-6)
    # Of all ways to set the first pieces in so many lines the cheapest, and where its last line starts.
    rows: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for row in range(1, count + 1):
        reached: dict[int, tuple[float, int]] = {}
        for start, (spent, _) in rows[-1].items():
            for end in range(start + 1, n + 1):
                length = starts[end] - starts[start] - widths.glues[end - 1]
                if length > width:
                    break
                if (row == count) != (end == n):
                    continue
                if end < n and length + widths.endings[end - 1] > width:
                    continue
                cost = spent + (length / even - 1) ** 2 + costs[end - 1]
                if end not in reached or cost < reached[end][0]:
                    reached[end] = (cost, start)
        rows.append(reached)
    if n not in rows[count]:
        return None
    ends = [n]
    for row in range(count, 1, -1):
        ends.append(rows[row][ends[-1]][1])
    return ends[::-1]


def joined(paragraph: list[Piece]) -> str:
    """Make one line of pieces."""
    if not paragraph:
        return ""
    text = "".join(piece.text + piece.glue for piece in paragraph[:-1])
    return text + paragraph[-1].text


def lines_of(paragraph: list[Piece], ends: list[int]) -> list[str]:
    """Make the lines of a broken paragraph."""
    lines = []
    for start, end in pairwise([0, *ends]):
        line = joined(paragraph[start:end])
        lines.append(line + paragraph[end - 1].ending if end < len(paragraph) else line)
    return lines
