"""The pictures that doors are compared with: how they are drawn, stored and compared.

``python -m tests.kiosk.pictures`` draws them anew, and the sheet of all states for the guide. Look
at what changed before it is committed.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import cache
from operator import sub
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from kiosk.drawing.picture import Size, ViewModel
from kiosk.drawing.screen import Screen
from kiosk.view import view
from tests.kiosk.scenes import SCENES, SIZES, STATES

FOLDER = Path(__file__).parent / "pictures"
SHEET = Path(__file__).parents[2] / "deploy" / "pictures" / "doors.png"
SETTER = (2, 24)
"""The SDL_ttf they were drawn with: 2.20 and 2.22 set the same letters two in a hundred narrower."""
LANGUAGES = ("fr", "en")
THEMED: Size = (800, 480)

TILE = 8
"""Pictures are compared by the mean colours of squares of so many pixels: edges that are drawn a
little softer or sharper have the same mean, a label that moved has not."""
TOLERANCE = 12
"""How far the means may be apart, of 255. `tests.kiosk.test_pictures` shows what lies on both sides."""
COLOURS = 128
"""How many colours a stored picture has; what is between them goes to the nearest."""


class Door(Struct, frozen=True):
    """A door that is kept as a picture.

    Attributes:
        scene: What it shows, of `tests.kiosk.scenes`.
    """

    scene: str
    size: Size = THEMED
    language: str = "fr"
    theme: Literal["light", "dark", "mono"] = "light"

    @property
    def name(self) -> str:
        """Where its picture is."""
        theme = "" if self.theme == "light" else f"-{self.theme}"
        return f"{self.size[0]}x{self.size[1]}/{self.language}{theme}/{self.scene}.png"

    def view(self) -> ViewModel:
        """Describe its picture."""
        model, now = SCENES[self.scene]()
        if self.theme != "light":
            model = replace(model, setup=replace(model.setup, theme=self.theme))
        return view(
            replace(model, visit=replace(model.visit, language=self.language)), now, self.size, self.language
        )

    def draw(self) -> pygame.Surface:
        """Draw its picture."""
        return drawn(self.view())


DOORS: tuple[Door, ...] = (
    *(Door(scene, size, language) for size in SIZES for language in LANGUAGES for scene in STATES),
    *(Door(scene, theme="dark") for scene in STATES),
    *(Door(scene, theme="mono") for scene in STATES),
)


def drawn(vm: ViewModel) -> pygame.Surface:
    """Draw a picture, all of it: what is the same whatever was drawn before."""
    screen = _screen(vm.size)
    screen.redraw()
    screen.draw(vm)
    return screen._surface.copy()


@cache
def _screen(size: Size) -> Screen:
    # Half of a picture's time went into opening its fonts.
    return Screen(size, window=False)


def stored(door: Door) -> pygame.Surface:
    """Read the picture that is kept of a door.

    Raises:
        FileNotFoundError: There is none.
    """
    return loaded(FOLDER / door.name)


def loaded(path: Path) -> pygame.Surface:
    """Read a picture."""
    few = pygame.image.load(os.fspath(path))
    surface = pygame.Surface(few.get_size(), 0, 32)
    surface.blit(few, (0, 0))
    return surface


def apart(one: pygame.Surface, other: pygame.Surface) -> tuple[int, tuple[int, int]]:
    """Tell how far two pictures of one size are apart, and where most.

    Returns:
        The largest difference of two means of a colour, of 255, and the place of its square.
    """
    worst, place = 0, (0, 0)
    # Twice, the squares in between too: what moves inside one square leaves the other.
    for offset in (0, TILE // 2):
        size = one.get_width() - offset, one.get_height() - offset
        across, down = size[0] // TILE, size[1] // TILE
        frame = pygame.Rect(offset, offset, across * TILE, down * TILE)
        first, second = (
            pygame.image.tobytes(
                pygame.transform.smoothscale(surface.subsurface(frame), (across, down)), "RGB"
            )
            for surface in (one, other)
        )
        if first != second:
            by = list(map(sub, first, second))
            far, n = max((max(by), by.index(max(by))), (-min(by), by.index(min(by))))
            if far > worst:
                y, x = divmod(n // 3, across)
                worst, place = far, (offset + x * TILE, offset + y * TILE)
    return worst, place


def difference(one: pygame.Surface, other: pygame.Surface) -> pygame.Surface:
    """Draw in which pixels two pictures differ: black where they do not."""
    there, back = one.copy(), other.copy()
    there.blit(other, (0, 0), special_flags=pygame.BLEND_RGB_SUB)
    back.blit(one, (0, 0), special_flags=pygame.BLEND_RGB_SUB)
    there.blit(back, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
    return there


def save(surface: pygame.Surface, path: Path, *, colours: int = COLOURS) -> None:
    """Write a picture with few colours: a third of what one with all of them takes."""
    width, height = surface.get_size()
    pixels = array("I", pygame.image.tobytes(surface, "RGBA"))
    kept = [colour for colour, _ in Counter(pixels).most_common()]
    palette = [colour.to_bytes(4, sys.byteorder)[:3] for colour in kept[:colours]]
    numbers = {colour: n for n, colour in enumerate(kept[:colours])}
    for colour in kept[colours:]:
        red, green, blue = colour.to_bytes(4, sys.byteorder)[:3]
        numbers[colour] = min(
            range(len(palette)),
            key=lambda n: (
                (palette[n][0] - red) ** 2 + (palette[n][1] - green) ** 2 + (palette[n][2] - blue) ** 2
            ),
        )
    rows = bytes(map(numbers.__getitem__, pixels))
    data = b"".join(b"\0" + rows[y * width : (y + 1) * width] for y in range(height))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", b"".join(palette))
        + _chunk(b"IDAT", zlib.compress(data, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(tag: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + tag + data + struct.pack(">L", zlib.crc32(tag + data))


def sheet() -> pygame.Surface:
    """Draw all states, and some doors that are dark, monochrome or upright, on one sheet."""
    lying = [
        *(Door(scene) for scene in STATES),
        *(Door(scene, theme="dark") for scene in ("free", "booked")),
        *(Door(scene, theme="mono") for scene in ("in_use", "released")),
    ]
    upright = [Door(scene, (720, 1280)) for scene in ("free", "in_use", "find_page")]
    cell, gap, across = (400, 240), 14, 4
    cells = [pygame.transform.smoothscale(door.draw(), cell) for door in lying]
    together = pygame.Surface(cell, 0, 32)
    together.fill((236, 234, 229))
    for n, door in enumerate(upright):
        together.blit(pygame.transform.smoothscale(door.draw(), (127, 226)), (n * 136, 7))
    cells.append(together)
    rows = -(-len(cells) // across)
    made = pygame.Surface((gap + across * (cell[0] + gap), gap + rows * (cell[1] + gap)), 0, 32)
    made.fill((236, 234, 229))
    for n, picture in enumerate(cells):
        row, column = divmod(n, across)
        made.blit(picture, (gap + column * (cell[0] + gap), gap + row * (cell[1] + gap)))
    return made


def main(doors: Sequence[Door] = DOORS) -> None:
    """Draw all that is kept anew; pictures that are still alike are left as they are."""
    pygame.font.init()
    version = pygame.font.get_sdl_ttf_version()
    if tuple(version[:2]) != SETTER:
        sys.exit(f"the pictures are drawn with SDL_ttf {SETTER[0]}.{SETTER[1]}; here is {version}")
    wanted = {FOLDER / door.name for door in doors}
    for path in sorted(FOLDER.rglob("*.png")):
        if path not in wanted:
            path.unlink()
            print(f"gone: {path.relative_to(FOLDER)}")
    for door in doors:
        picture = door.draw()
        path = FOLDER / door.name
        if path.exists():
            before = stored(door)
            if before.get_size() == picture.get_size() and apart(before, picture)[0] <= TOLERANCE // 2:
                continue
        save(picture, path)
        print(path.relative_to(FOLDER))
    save(sheet(), SHEET, colours=255)
    size = sum(path.stat().st_size for path in wanted)
    print(
        f"{len(wanted)} pictures, {size / 2**20:.1f} MiB; the sheet: {SHEET.stat().st_size / 2**10:.0f} KiB"
    )


if __name__ == "__main__":
    main()
