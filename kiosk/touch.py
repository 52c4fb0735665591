"""From what SDL says about fingers and mice to points on the screen: pure.

A finger is a finger event; under Wayland a mouse event that SDL made of the same touch comes with
it and is dropped, under KMSDRM only the finger comes (seen with SDL 2.28 and 2.32).
"""

from __future__ import annotations

from kiosk.picture import Size
from kiosk.sdl import pygame

Point = tuple[float, float]


def point_of(event: pygame.event.Event, size: Size) -> Point | None:
    """Tell where somebody put a finger or pressed the mouse's first button.

    Args:
        event: Any event of the window.
        size: Width and height of the window in pixels.

    Returns:
        Pixels from the upper left; None where the event is no touch.
    """
    if event.type == pygame.FINGERDOWN:
        return event.x * size[0], event.y * size[1]
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and not getattr(event, "touch", False):
        return float(event.pos[0]), float(event.pos[1])
    return None
