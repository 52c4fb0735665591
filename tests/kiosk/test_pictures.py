"""Each door looks as it did when somebody last looked at its picture.

``make pictures`` draws them anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame

from kiosk.drawing.picture import Box, Column, Part, Size, ViewModel
from kiosk.drawing.screen import Screen
from tests.kiosk.pictures import (
    DOORS,
    FOLDER,
    SETTER,
    THEMED,
    TOLERANCE,
    Door,
    apart,
    difference,
    drawn,
    loaded,
    save,
    stored,
)
from tests.kiosk.scenes import SIZES

pygame.font.init()
VERSION = tuple(pygame.font.get_sdl_ttf_version()[:2])
same_setter = pytest.mark.skipif(
    VERSION != SETTER, reason=f"SDL_ttf {VERSION} sets letters at other distances than {SETTER}"
)


@same_setter
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_door_looks_as_it_did(door: Door, tmp_path: Path) -> None:
    now, before = door.draw(), stored(door)
    assert now.get_size() == before.get_size()
    far, place = apart(now, before)
    if far > TOLERANCE:
        pygame.image.save(now, os.fspath(tmp_path / "now.png"))
        pygame.image.save(before, os.fspath(tmp_path / "before.png"))
        pygame.image.save(difference(now, before), os.fspath(tmp_path / "difference.png"))
        pytest.fail(f"{door.name} differs by {far} at {place}; see {tmp_path}; make pictures renews it")


def test_no_picture_is_kept_that_nobody_compares() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.png")} == {d.name for d in DOORS}


# -- what the tolerance is worth --------------------------------------------------------------

SHIFTS = ((3, 0), (-3, 0), (0, 3), (0, -3))


def shifted(vm: ViewModel, words: str, by: tuple[int, int]) -> ViewModel:
    """Move one label."""

    def moved(part: Part) -> Part:
        if isinstance(part, Column) and words in [text.text for text in part.texts]:
            box = part.box
            return replace(part, box=Box(box.x + by[0], box.y + by[1], box.w, box.h))
        return part

    panels = tuple(replace(panel, parts=tuple(map(moved, panel.parts))) for panel in vm.panels)
    return replace(vm, panels=panels)


def labels(vm: ViewModel) -> list[str]:
    """List the texts that stand alone in their column, those of two signs and more."""
    return [
        column.texts[0].text
        for column in vm.columns()
        if len(column.texts) == 1 and len(column.texts[0].text) > 1
    ]


@pytest.mark.parametrize(
    ("size", "theme"), [*((size, "light") for size in SIZES), (THEMED, "dark"), (THEMED, "mono")], ids=str
)
def test_a_label_that_moved_by_three_pixels_is_seen(
    size: Size, theme: Literal["light", "dark", "mono"]
) -> None:
    vm = Door("in_use", size, theme=theme).view()
    screen = Screen(size, window=False)
    screen.draw(vm)
    before = screen._surface.copy()
    tried = labels(vm)
    assert len(tried) >= 5
    for words, by in zip(tried, cycle(SHIFTS), strict=False):
        screen.draw(shifted(vm, words, by))
        assert apart(screen._surface, before)[0] > TOLERANCE, (words, by)
        screen.draw(vm)
    assert apart(screen._surface, before)[0] == 0


def softer(surface: pygame.Surface) -> None:
    """Draw every edge a quarter of a pixel wider."""
    copy = surface.copy()
    copy.set_alpha(64)
    surface.blit(copy, (1, 0))


def noisy(surface: pygame.Surface) -> None:
    """Make every pixel a little lighter or darker."""
    for n, value in enumerate((6, 3, 5)):
        grain = pygame.Surface((13 + n, 7 + n), 0, 32)
        grain.fill((0, 0, 0))
        for x in range(0, grain.get_width(), 2):
            grain.fill((value, value, value), (x, x % grain.get_height(), 1, 2))
        flag = pygame.BLEND_RGB_ADD if n % 2 else pygame.BLEND_RGB_SUB
        for x in range(0, surface.get_width(), grain.get_width()):
            for y in range(0, surface.get_height(), grain.get_height()):
                surface.blit(grain, (x, y), special_flags=flag)


@pytest.mark.parametrize("change", [softer, noisy])
@pytest.mark.parametrize("scene", ["in_use", "find_page"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_edges_drawn_a_little_otherwise_are_not_seen(
    size: Size, scene: str, change: Callable[[pygame.Surface], None]
) -> None:
    before = drawn(Door(scene, size).view())
    now = before.copy()
    change(now)

    assert pygame.image.tobytes(now, "RGB") != pygame.image.tobytes(before, "RGB")
    assert apart(now, before)[0] <= TOLERANCE


def test_few_colours_are_near_enough_to_all(tmp_path: Path) -> None:
    for door in (Door("everything"), Door("booked", (1280, 800)), Door("notice", theme="dark")):
        picture = door.draw()
        save(picture, tmp_path / "door.png")
        assert apart(picture, loaded(tmp_path / "door.png"))[0] <= TOLERANCE // 2
