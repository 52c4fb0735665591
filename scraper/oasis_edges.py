"""Which bookings go on outside a drawing that does not say so in words.

A booking that touches the drawing's edge and is written with another hour is cut there. When its hour is the
edge's own, both may be true; then it is told by its style, if the page has bookings of which it is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from scraper.hours import DAY, Drawn, Grid, Written


class Edge(Struct, frozen=True):
    """What the styles of a page say at one of the drawing's edges.

    Attributes:
        whole: Only bookings that begin or end there, or inside, have these classes, and all of them do.
        cut: Only bookings that go on have these classes, and all of them do.
    """

    whole: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()

    @classmethod
    def learned(cls, whole: list[frozenset[str]], cut: list[frozenset[str]]) -> Self:
        """Compares the classes of bookings of which it is known."""
        if not whole or not cut:
            return cls()
        return cls(
            frozenset.intersection(*whole).difference(*cut), frozenset.intersection(*cut).difference(*whole)
        )

    def goes_on(self, classes: frozenset[str]) -> bool:
        """Whether a booking with these classes goes on."""
        return not self.cut.isdisjoint(classes) or (bool(self.whole) and self.whole.isdisjoint(classes))


class Edges(Struct, frozen=True):
    """Both edges of a drawing."""

    grid: Grid
    first: Edge = Edge()
    last: Edge = Edge()

    @classmethod
    def learned(cls, grid: Grid, bookings: Iterable[tuple[frozenset[str], Written, Drawn]]) -> Self:
        """Learns from the bookings of a page.

        Args:
            grid: The scale of the drawing.
            bookings: Classes, hours and place of those that have all three.
        """
        plain = cls(grid)
        sides: tuple[list[frozenset[str]], ...] = ([], [], [], [])
        for classes, written, drawn in bookings:
            for side, sure in enumerate((plain._first(written, drawn), plain._last(written, drawn))):
                if sure is not None:
                    sides[2 * side + sure].append(classes)
        return cls(grid, Edge.learned(sides[0], sides[1]), Edge.learned(sides[2], sides[3]))

    def cuts(
        self, classes: frozenset[str], written: Written | None, drawn: Drawn | None
    ) -> tuple[bool, bool]:
        """Whether a booking goes on before the drawing, and after it."""
        if drawn is None:
            return False, False
        first, last = self._first(written, drawn), self._last(written, drawn)
        return (
            self.first.goes_on(classes) if first is None else first,
            self.last.goes_on(classes) if last is None else last,
        )

    def _first(self, written: Written | None, drawn: Drawn) -> bool | None:
        """Whether it is cut at the first edge; None when its hour is the edge's own."""
        if drawn.start > self.grid.tolerance:
            return False
        if written is None:
            return True
        hours = (written.start, written.start + DAY)
        return None if any(self.grid.fits(minute, drawn.start) for minute in hours) else True

    def _last(self, written: Written | None, drawn: Drawn) -> bool | None:
        if drawn.end < self.grid.edges[-1] - self.grid.tolerance:
            return False
        if written is None:
            return True
        hours = (written.end, written.end + DAY)
        return None if any(self.grid.ends(minute, drawn) for minute in hours) else True
