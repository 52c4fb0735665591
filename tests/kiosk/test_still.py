"""A door's picture of an instant that is over."""

from __future__ import annotations

from pathlib import Path

import pygame
import pytest

from kiosk.drawing.palette import RED
from kiosk.still import draw
from tests.kiosk import scenes


def drawn(path: Path, *, connected: bool = True, size: tuple[int, int] = (800, 480)) -> pygame.Surface:
    now = scenes.at(9, 30)
    there = scenes.presence(confirmed={scenes.ANALYSIS.id: scenes.at(8, 28)})
    draw(
        path,
        scenes.ROOM,
        now,
        school="École",
        rules=scenes.RULES,
        messages=(scenes.day(now), there),
        connected=connected,
        size=size,
    )
    return pygame.image.load(str(path))


def test_a_room_in_use_is_drawn_red_in_the_size_that_was_asked_for(tmp_path: Path) -> None:
    picture = drawn(tmp_path / "door.png", size=(1280, 800))
    assert picture.get_size() == (1280, 800)
    assert tuple(picture.get_at((5, 5)))[:3] == RED


def test_a_door_that_was_not_connected_says_so(tmp_path: Path) -> None:
    up, down = drawn(tmp_path / "up.png"), drawn(tmp_path / "down.png", connected=False)
    assert pygame.image.tobytes(up, "RGB") != pygame.image.tobytes(down, "RGB")


def test_the_same_instant_is_the_same_picture(tmp_path: Path) -> None:
    drawn(tmp_path / "one.png")
    drawn(tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with pytest.raises(pygame.error):
        drawn(tmp_path / "missing" / "door.png")
