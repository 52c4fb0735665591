"""Where two pictures that follow each other differ: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from kiosk.drawing.fonts import Face
from kiosk.drawing.picture import Code, Fill, Ring, Shape
from kiosk.drawing.sdl import pygame
from kiosk.drawing.typesetter import Line

MANY = 12
"""More places than this are drawn anew as one."""
LINE = 16
"""Pixels in a line of the processor's cache.

SDL 2.28 and 2.32 fill past the cache on x86-64, and parts of lines cost them far more than whole
ones: 730 columns of 600 pixels take 292 µs from column 1190 on, and 62 µs where the 10 columns before
1200 are filled by themselves.
"""

Item = Fill | Shape | Ring | Code | Line
"""What a panel's parts come down to."""
Measure = Callable[[Face, str, int], int]
"""Tells how wide a text of a font is at a size, in pixels."""


class Drawn(Struct, frozen=True):
    """An item and the rectangle that it covers at most."""

    item: Item
    rect: pygame.Rect


def differences(
    before: list[Drawn], now: list[Drawn], panel: pygame.Rect, measure: Measure
) -> list[pygame.Rect]:
    """Tell where two pictures of a panel differ.

    Args:
        before: What was drawn, in order.
        now: What is to be.
        panel: Where the panel is.
        measure: Tells how wide a text is.

    Returns:
        Rectangles inside the panel that do not overlap.
    """
    old, new = {drawn.item for drawn in before}, {drawn.item for drawn in now}
    kept = [drawn.item for drawn in now if drawn.item in old]
    if kept != [drawn.item for drawn in before if drawn.item in new]:
        # What lies on top of what may have changed.
        return [panel]
    gone = [drawn for drawn in before if drawn.item not in new]
    come = [drawn for drawn in now if drawn.item not in old]
    rects = [_aligned(rect).clip(panel) for rect in _covered(gone, come, measure)]
    return _apart([rect for rect in rects if rect.w and rect.h])


def _covered(gone: list[Drawn], come: list[Drawn], measure: Measure) -> Iterator[pygame.Rect]:
    """Tell what items that went and items that came cover.

    What begins as it did has changed only from there on: with each minute a digit of the clock,
    and the bar of the day at its right end.
    """
    beginnings = {_beginning(drawn.item): drawn for drawn in gone}
    for drawn in come:
        other = beginnings.pop(_beginning(drawn.item), None)
        if other is None:
            yield drawn.rect
            continue
        gone.remove(other)
        whole = drawn.rect.union(other.rect)
        same = _same(other, drawn, measure)
        yield pygame.Rect(whole.x + same, whole.y, whole.w - same, whole.h)
    yield from (drawn.rect for drawn in gone)


def _same(one: Drawn, other: Drawn, measure: Measure) -> int:
    """Tell how many columns from the left are the same in items that begin alike."""
    if isinstance(one.item, Line) and isinstance(other.item, Line):
        first, second = one.item.runs[0], other.item.runs[0]
        # The letter before the first other one may be drawn differently beside it.
        count = _shared(first.text, second.text) - 1
        return max(0, measure(first.face, first.text[:count], one.item.size) - 1) if count > 0 else 0
    # The corners at the end may be round.
    return max(0, min(one.rect.w, other.rect.w) - one.rect.h)


def _beginning(item: Item) -> object:
    """Tell what items have in common that may be alike from their left end on."""
    match item:
        case Fill(box=box):
            return box.x, box.y, box.h, item.colour, item.radius
        case Line(runs=(run,)):
            return item.x, item.base, item.size, item.colour, item.ground, run.face
        case _:
            return item


def _aligned(rect: pygame.Rect) -> pygame.Rect:
    """Widen a rectangle to whole lines of the cache."""
    left = rect.x // LINE * LINE
    return pygame.Rect(left, rect.y, -(-rect.right // LINE) * LINE - left, rect.h)


def _shared(one: str, other: str) -> int:
    """Tell how many signs from the first on are the same."""
    for n, (sign, its) in enumerate(zip(one, other, strict=False)):
        if sign != its:
            return n
    return min(len(one), len(other))


def _apart(rects: list[pygame.Rect]) -> list[pygame.Rect]:
    """Join rectangles that overlap, and many to one."""
    if len(rects) > MANY:
        return [rects[0].unionall(rects[1:])]
    apart: list[pygame.Rect] = []
    for rect in rects:
        joined = rect
        while (n := joined.collidelist(apart)) >= 0:
            joined = joined.union(apart.pop(n))
        apart.append(joined)
    return apart
