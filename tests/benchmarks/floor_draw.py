"""A picture drawn with bare pygame, all of it for each frame, the fonts opened once."""

from __future__ import annotations

import pygame

Place = tuple[int, int, int, int]
Bar = tuple[Place, tuple[int, int, int], int]
"""Place, colour, radius."""
Words = tuple[str, str, int, tuple[int, int, int], tuple[int, int]]
"""Text, font file, size, colour, place of its upper left corner."""


class Naive:
    """Draws the same picture again and again onto the display.

    Args:
        bars: Filled rectangles.
        discs: Signs and icons, each as one disc.
        words: Lines of text.
    """

    def __init__(self, bars: list[Bar], discs: list[Bar], words: list[Words]) -> None:
        self._surface = pygame.display.get_surface() or pygame.Surface((0, 0))
        self._bars, self._discs, self._words = bars, discs, words
        self._fonts = {(file, size): pygame.font.Font(file, size) for _, file, size, *_ in words}

    def frame(self) -> None:
        """Draw all, show it."""
        surface = self._surface
        surface.fill((255, 255, 255))
        for place, colour, radius in self._bars:
            pygame.draw.rect(surface, colour, place, border_radius=radius)
        for (x, y, w, h), colour, _ in self._discs:
            pygame.draw.circle(surface, colour, (x + w // 2, y + h // 2), min(w, h) // 2)
        for text, file, size, colour, corner in self._words:
            surface.blit(self._fonts[file, size].render(text, True, colour), corner)
        pygame.display.flip()

    def ground(self, place: Place, colour: tuple[int, int, int]) -> None:
        """Do the least that shows another colour there: no word, no sign."""
        self._surface.fill(colour, place)
        pygame.display.update([pygame.Rect(place)])
