"""Tables for a terminal, and rows for a spreadsheet."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from types import TracebackType
from typing import IO, Self

from msgspec import Struct

from events.report.spans import HOUR, Micros

Cell = str | int | float | None
DASH = "–"  # noqa: RUF001  # a dash


class Column(Struct, frozen=True):
    """A column: its heading, and whether its cells stand at the right."""

    title: str
    right: bool = True


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], total: Sequence[str] | None = None
) -> str:
    """Set a table.

    Args:
        columns: From left to right.
        rows: Their cells.
        total: A last row, set apart by a line.
    """
    body = [list(row) for row in rows]
    everything = [[c.title for c in columns], *body, *([list(total)] if total else [])]
    widths = [max(map(_width, cells)) for cells in zip(*everything, strict=True)]
    line = "  ".join("─" * width for width in widths)
    lines = [_set(everything[0], columns, widths), line]
    lines += [_set(row, columns, widths) for row in body]
    if total:
        lines += [line, _set(total, columns, widths)]
    return "\n".join(lines)


def _set(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        blanks = " " * (width - _width(cell))
        padded.append(blanks + cell if column.right else cell + blanks)
    return "  ".join(padded).rstrip()


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
    """Rows for a spreadsheet: UTF-8 with a mark, which Excel needs, and commas.

    Args:
        out: Where to; opened with ``newline=""``.
        columns: The heading.
    """

    def __init__(self, out: IO[str], columns: Sequence[str]) -> None:
        self._out = out
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
