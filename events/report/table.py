"""Tables for a terminal, and rows for a spreadsheet."""

from __future__ import annotations

import csv
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import zip_longest
from types import TracebackType
from typing import IO, Self

from msgspec import Struct

from events.report.spans import HOUR, Micros

Cell = str | int | float | None
DASH = "–"  # noqa: RUF001  # a dash
_GAP = "  "
_NARROWEST = 16


class Column(Struct, frozen=True):
    """A column.

    Attributes:
        title: Its heading, which may have several lines.
        right: Whether its cells stand at the right.
        prose: Whether its cells are sentences: on a narrow terminal they are broken into lines.
    """

    title: str
    right: bool = True
    prose: bool = False


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    total: Sequence[str] | None = None,
    *,
    within: int | None = None,
) -> str:
    """Set a table.

    Args:
        columns: From left to right; the first names the rows.
        rows: Their cells.
        total: A last row, set apart by a line.
        within: Cells of a line. Where there is prose, it is broken into lines that fit; else what is wider is
            set as several tables, one below the other, each with the first column. None for any width.
    """
    body = [list(row) for row in rows]
    if within is not None and any(column.prose for column in columns):
        body = _broken(columns, body, within)
    everything = [[c.title for c in columns], *body, *([list(total)] if total else [])]
    widths = _widths(everything)
    return "\n\n".join(
        _one_table([columns[n] for n in some], [[row[n] for n in some] for row in everything], bool(total))
        for some in _parted(widths, within)
    )


def _broken(columns: Sequence[Column], body: list[list[str]], within: int) -> list[list[str]]:
    """Break prose into lines: a row becomes as many as its longest cell has."""
    widths = _widths([[column.title for column in columns], *body])
    others = sum(width for width, column in zip(widths, columns, strict=True) if not column.prose)
    share = (within - others - len(_GAP) * (len(columns) - 1)) // sum(column.prose for column in columns)
    broken = []
    for row in body:
        cells = [
            textwrap.wrap(cell, max(share, _NARROWEST)) or [""] if column.prose else [cell]
            for cell, column in zip(row, columns, strict=True)
        ]
        broken += [list(line) for line in zip_longest(*cells, fillvalue="")]
    return broken


def _parted(widths: Sequence[int], within: int | None) -> list[list[int]]:
    """Tell which columns stand side by side."""
    parts = [[0]]
    taken = widths[0]
    for number, width in enumerate(widths[1:], start=1):
        taken += len(_GAP) + width
        if within is not None and taken > within and len(parts[-1]) > 1:
            parts.append([0])
            taken = widths[0] + len(_GAP) + width
        parts[-1].append(number)
    return parts


def _one_table(columns: Sequence[Column], everything: Sequence[Sequence[str]], has_total: bool) -> str:  # noqa: FBT001  # only from above
    body = everything[1:-1] if has_total else everything[1:]
    widths = _widths(everything)
    line = _GAP.join("─" * width for width in widths)
    headings = [column.title.split("\n") for column in columns]
    most = max(map(len, headings))
    stacked = zip(*([""] * (most - len(heading)) + heading for heading in headings), strict=True)
    lines = [*(_set(heading, columns, widths) for heading in stacked), line]
    lines += [_set(row, columns, widths) for row in body]
    if has_total:
        lines += [line, _set(everything[-1], columns, widths)]
    return "\n".join(lines)


def _widths(everything: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(_width(line) for cell in cells for line in cell.split("\n"))
        for cells in zip(*everything, strict=True)
    ]


def _set(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        blanks = " " * (width - _width(cell))
        padded.append(blanks + cell if column.right else cell + blanks)
    return _GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """Count the cells that a text takes: letters of the Far East take two, marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def percent(rate: float | None) -> str:
    """Write a share."""
    return DASH if rate is None else f"{rate * 100:.1f} %"


def hours(length: Micros) -> str:
    """Write a length in hours."""
    return f"{length / HOUR:,.1f}"


def number(count: float) -> str:
    """Write a number as people read it."""
    return f"{count:,}"


class CsvFile:
    """Rows for a spreadsheet: UTF-8, and commas.

    Args:
        out: Where to; opened with ``newline=""``.
        columns: The heading.
        mark: Whether it begins with a byte order mark, which Excel needs and other programs stumble over.
    """

    def __init__(self, out: IO[str], columns: Sequence[str], *, mark: bool = True) -> None:
        self._out = out
        if mark:
            out.write("\ufeff")
        self._writer = csv.writer(out, lineterminator="\r\n")
        self._writer.writerow(columns)

    def row(self, cells: Iterable[Cell | date]) -> None:
        """Write a row. A text that a spreadsheet would take for a formula is quoted as a text."""
        self._writer.writerow(["" if cell is None else _harmless(cell) for cell in cells])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()


def _harmless(cell: Cell | date) -> Cell | date:
    # A booking's title is anybody's to write: https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
