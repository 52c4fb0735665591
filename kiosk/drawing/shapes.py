"""The signs and icons, drawn with discs, polygons and strokes: no font, no picture file."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from kiosk.drawing.picture import Colour, ShapeName
from kiosk.drawing.sdl import pygame

Point = tuple[float, float]


class Pen:
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
        """Draw a disc."""
        pygame.draw.circle(self.surface, self._colour(wipe=wipe), self._at(middle), radius * self._scale)

    def polygon(self, points: list[Point], *, wipe: bool = False) -> None:
        """Draw a filled polygon."""
        pygame.draw.polygon(self.surface, self._colour(wipe=wipe), [self._at(point) for point in points])

    def rect(self, x: float, y: float, w: float, h: float, radius: float = 0, *, wipe: bool = False) -> None:
        """Draw a filled rectangle, its corners rounded."""
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
        """Draw a ring around the whole square, a share of it filled clockwise from the top."""
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


def _circle(pen: Pen) -> None:
    pen.disc((12, 12), 12)


def _half_circle(pen: Pen) -> None:
    pen.disc((12, 12), 12)
    pen.disc((12, 12), 9.8, wipe=True)
    pen.disc((12, 12), 12)
    pen.rect(12, 0, 12, 24, wipe=True)
    for n in range(61):
        angle = math.pi * n / 60
        pen.disc((12 + 10.9 * math.sin(angle), 12 - 10.9 * math.cos(angle)), 1.1)


def _square(pen: Pen) -> None:
    pen.rect(1, 1, 22, 22, 2)


def _triangle(pen: Pen) -> None:
    pen.rounded([(12, 3.2), (22.3, 21), (1.7, 21)], 1.6)


def _hollow_triangle(pen: Pen) -> None:
    _triangle(pen)
    pen.polygon([(12, 6.4), (19.2, 18.8), (4.8, 18.8)], wipe=True)


def _moon(pen: Pen) -> None:
    pen.disc((11, 12.5), 11)
    pen.disc((16.2, 8.6), 9.4, wipe=True)


def _cross(pen: Pen) -> None:
    pen.stroke([(3.5, 3.5), (20.5, 20.5)], 5.2)
    pen.stroke([(20.5, 3.5), (3.5, 20.5)], 5.2)


def _warning(pen: Pen) -> None:
    _triangle(pen)
    pen.stroke([(12, 8.6), (12, 14)], 2.6, wipe=True)
    pen.disc((12, 18.2), 1.6, wipe=True)


def _check(pen: Pen) -> None:
    pen.stroke([(3, 13), (9.5, 19.5), (21.5, 5.5)], 4)


def _check_disc(pen: Pen) -> None:
    pen.disc((12, 12), 12)
    pen.stroke([(6.4, 12.6), (10.4, 16.6), (17.8, 8)], 2.7, wipe=True)


def _tray(pen: Pen) -> None:
    pen.stroke([(12, 3), (12, 13.5)], 2.8)
    pen.stroke([(7, 9), (12, 14), (17, 9)], 2.8)
    pen.stroke([(2.5, 15), (2.5, 21.5), (21.5, 21.5), (21.5, 15)], 2.8)


def _dot_ring(pen: Pen) -> None:
    pen.disc((12, 12), 12)
    pen.disc((12, 12), 9.5, wipe=True)
    pen.disc((12, 12), 5)


def _seats(pen: Pen) -> None:
    pen.disc((12, 6.6), 5)
    pen.disc((12, 22.5), 9.2)
    pen.rect(0, 21.5, 24, 3, wipe=True)


def _whiteboard(pen: Pen) -> None:
    pen.rect(1, 3, 22, 15, 1.6)
    pen.rect(3, 5, 18, 11, 0.6, wipe=True)
    pen.stroke([(6.5, 12.5), (9.5, 8.5), (12, 12), (14.2, 9), (17.5, 12.5)], 1.5)
    pen.stroke([(6.5, 21.5), (17.5, 21.5)], 1.9)


def _blackboard(pen: Pen) -> None:
    pen.rect(1, 3, 22, 15, 1.6)
    pen.stroke([(6.5, 12.5), (9.5, 8.5), (12, 12), (14.2, 9), (17.5, 12.5)], 1.5, wipe=True)
    pen.stroke([(6.5, 21.5), (17.5, 21.5)], 1.9)


def _projector(pen: Pen) -> None:
    pen.rect(1, 6.5, 22, 12, 2)
    pen.disc((16, 12.5), 4.2, wipe=True)
    pen.disc((16, 12.5), 2.4)
    pen.rect(4, 9.6, 5, 1.8, 0.6, wipe=True)
    pen.rect(4, 13.4, 5, 1.8, 0.6, wipe=True)
    pen.rect(4, 18.5, 3, 2.6)
    pen.rect(17, 18.5, 3, 2.6)


def _tv(pen: Pen) -> None:
    pen.rect(0.5, 3.5, 23, 15, 1.6)
    pen.rect(2.6, 5.6, 18.8, 10.8, wipe=True)
    pen.polygon([(10, 8), (15, 11), (10, 14)])
    pen.stroke([(7, 21), (17, 21)], 2)


def _people(pen: Pen) -> None:
    for x in (5.2, 18.8):
        pen.disc((x, 8.4), 3)
        pen.disc((x, 18.4), 5)
    pen.rect(0, 18, 24, 6, wipe=True)
    pen.disc((12, 6.2), 5, wipe=True)
    pen.disc((12, 20.4), 8.4, wipe=True)
    pen.disc((12, 6.2), 3.9)
    pen.disc((12, 20.4), 7.2)
    pen.rect(0, 20.2, 24, 4, wipe=True)


def _notice(pen: Pen) -> None:
    pen.rounded([(3, 5), (21, 5), (21, 16), (3, 16)], 1.6)
    pen.polygon([(6.5, 16), (13, 16), (6.5, 23)])
    pen.stroke([(6.6, 8.6), (17.4, 8.6)], 1.8, wipe=True)
    pen.stroke([(6.6, 12.6), (13.4, 12.6)], 1.8, wipe=True)


def _search(pen: Pen) -> None:
    pen.stroke([(15, 15), (21.4, 21.4)], 3.6)
    pen.disc((9.8, 9.8), 8.8)
    pen.disc((9.8, 9.8), 5.9, wipe=True)


def _arrow(pen: Pen, turn: Callable[[Point], Point]) -> None:
    pen.stroke([turn((3.5, 12)), turn((20.5, 12))], 3.4)
    pen.stroke([turn((11, 4)), turn((3.2, 12)), turn((11, 20))], 3.4)


def _arrow_left(pen: Pen) -> None:
    _arrow(pen, lambda point: point)


def _arrow_right(pen: Pen) -> None:
    _arrow(pen, lambda point: (24 - point[0], point[1]))


def _arrow_up(pen: Pen) -> None:
    _arrow(pen, lambda point: (point[1], point[0]))


def _arrow_down(pen: Pen) -> None:
    _arrow(pen, lambda point: (point[1], 24 - point[0]))


def _back(pen: Pen) -> None:
    pen.stroke([(15.5, 3.5), (7, 12), (15.5, 20.5)], 3.6)


def _leave(pen: Pen) -> None:
    pen.stroke([(11, 2.5), (3, 2.5), (3, 21.5), (11, 21.5)], 2.8)
    pen.stroke([(9, 12), (21, 12)], 2.8)
    pen.stroke([(16, 6.6), (21.4, 12), (16, 17.4)], 2.8)


def _air(pen: Pen) -> None:
    for y, end in ((6, 15.5), (12, 19.5), (18, 12.5)):
        pen.stroke([(2, y), (end, y)], 2.2)
        for n in range(15):
            angle = math.pi * 1.35 * n / 14
            pen.disc((end + 2.6 * math.sin(angle), y - 2.6 + 2.6 * math.cos(angle)), 1.1)


def _plus(pen: Pen) -> None:
    pen.stroke([(3, 12), (21, 12)], 4)
    pen.stroke([(12, 3), (12, 21)], 4)


def _minus(pen: Pen) -> None:
    pen.stroke([(3, 12), (21, 12)], 4)


DRAWINGS: dict[ShapeName, Callable[[Pen], None]] = {
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
    "people": _people,
    "notice": _notice,
    "search": _search,
    "back": _back,
    "arrow-left": _arrow_left,
    "arrow-right": _arrow_right,
    "arrow-up": _arrow_up,
    "arrow-down": _arrow_down,
    "leave": _leave,
    "air": _air,
    "plus": _plus,
    "minus": _minus,
}
