"""From what SDL says about fingers and mice to points on the screen, one for each touch.

What comes, seen with SDL 2.28 and 2.32: under KMSDRM a finger is a finger event and nothing else;
under Wayland and X11 a mouse event that SDL made of the same touch comes before it, marked by
``touch``. A mouse is a mouse event; where SDL was told to make fingers of mice, their device is
`MOUSE_AS_FINGER`.
"""

from __future__ import annotations

from kiosk.drawing.picture import Size
from kiosk.drawing.sdl import pygame

Point = tuple[float, float]

MOUSE_AS_FINGER = -1
"""The touch device of fingers that SDL makes of a mouse (``SDL_MOUSE_TOUCHID``)."""
FORGOTTEN = 5.0
"""Seconds after which a finger that was not heard of is gone: a touch display that is unplugged
never lets it go, and a hand that leans on the frame does not keep others out for ever."""
AFTERWARDS = 0.5
"""A mouse that is pressed so many seconds after a finger moved is that finger: some touch drivers
make a mouse of it themselves, and SDL cannot mark what it does not know."""


class Fingers:
    """The fingers on the screen: the first one acts, others that join it do not."""

    def __init__(self) -> None:
        self._down: dict[tuple[int, int], float] = {}
        self._heard = float("-inf")

    def point(self, event: pygame.event.Event, size: Size, at: float) -> Point | None:
        """Tell where somebody put a first finger, or pressed the mouse's first button.

        Args:
            event: Any event of the window.
            size: Width and height of the window in pixels.
            at: When it came, seconds on ``CLOCK_BOOTTIME``.

        Returns:
            Pixels from the upper left, inside the window; None where the event is no new touch.
        """
        if event.type in (pygame.FINGERDOWN, pygame.FINGERMOTION, pygame.FINGERUP):
            return self._finger(event, size, at)
        if event.type != pygame.MOUSEBUTTONDOWN or event.button != 1 or getattr(event, "touch", False):
            return None
        if self._here(at) or at - self._heard < AFTERWARDS:
            return None
        return _inside(float(event.pos[0]), float(event.pos[1]), size)

    def _finger(self, event: pygame.event.Event, size: Size, at: float) -> Point | None:
        if event.touch_id == MOUSE_AS_FINGER:
            return None
        finger = (event.touch_id, event.finger_id)
        alone = not self._here(at) or list(self._down) == [finger]
        self._heard = at
        if event.type == pygame.FINGERUP:
            self._down.pop(finger, None)
            return None
        if event.type == pygame.FINGERMOTION and finger not in self._down:
            return None
        self._down[finger] = at
        if event.type == pygame.FINGERMOTION or not alone:
            return None
        return _inside(event.x * size[0], event.y * size[1], size)

    def _here(self, at: float) -> bool:
        """Whether a finger is on the screen."""
        self._down = {finger: heard for finger, heard in self._down.items() if at - heard < FORGOTTEN}
        return bool(self._down)


def _inside(x: float, y: float, size: Size) -> Point:
    """Move a point on the outer edge, where nothing is, into the picture."""
    return min(max(x, 0.0), size[0] - 1.0), min(max(y, 0.0), size[1] - 1.0)
