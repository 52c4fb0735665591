"""The shipped fonts: which file a font is, which signs it has, and it at a size.

What Atkinson Hyperlegible and B612 lack (Greek, Cyrillic, Hebrew, Arabic, most symbols) comes from
DejaVu Sans, which is opened only once a text needs it.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, Literal

from kiosk.drawing.picture import FontName
from kiosk.drawing.sdl import pygame

Face = FontName | Literal["other", "other-strong"]
"""A font file."""

FOLDER = Path(__file__).parent / "assets" / "fonts"
FILES: dict[Face, str] = {
    "text": "AtkinsonHyperlegibleNext-Medium.ttf",
    "strong": "AtkinsonHyperlegibleNext-Bold.ttf",
    "heavy": "AtkinsonHyperlegibleNext-ExtraBold.ttf",
    "hours": "B612-Regular.otf",
    "hours-strong": "B612-Bold.otf",
    "other": "DejaVuSans.ttf",
    "other-strong": "DejaVuSans-Bold.ttf",
}
INSTEAD: dict[FontName, Face] = {
    "text": "other",
    "strong": "other-strong",
    "heavy": "other-strong",
    "hours": "other",
    "hours-strong": "other-strong",
}
"""Where signs come from that a font lacks."""
REDUCED = 0.92
"""DejaVu Sans is drawn so much smaller: its capitals are 0.729 em high, those of the others 0.668."""
REFERENCE = 100
"""The size at which widths are measured that serve for all sizes."""
KEEP = 28
"""How many fonts stay open; one holds 100 to 200 KiB once it has drawn, a picture needs about 15."""


class Fonts:
    """Opens fonts, and tells what they have and how wide it is."""

    def __init__(self) -> None:
        pygame.font.init()
        self._open: dict[tuple[Face, int], pygame.font.Font] = {}
        self._signs: dict[Face, bytes] = {}
        self._capitals: dict[Face, float] = {}
        self._bearings: dict[tuple[Face, str], float] = {}

    def at(self, face: Face, size: int) -> pygame.font.Font:
        """Give a font for a text of a size (its em in pixels)."""
        key = (face, size)
        font = self._open.pop(key, None)
        if font is None:
            make_room(self._open, KEEP)
            em = round(size * REDUCED) if face in ("other", "other-strong") else size
            font = pygame.font.Font(os.fspath(FOLDER / FILES[face]), max(1, em))
        # Put last: what was not used for longest is closed first.
        self._open[key] = font
        return font

    def has(self, face: Face, sign: str) -> bool:
        """Tell whether a font has a sign."""
        signs = self._signs.get(face)
        if signs is None:
            signs = self._signs[face] = signs_of(FOLDER / FILES[face])
        code = ord(sign)
        return code < 0x10000 and bool(signs[code >> 3] >> (code & 7) & 1)

    def face(self, font: FontName, sign: str) -> Face | None:
        """Tell where a sign comes from in texts of a font; None where nothing shipped has it."""
        if self.has(font, sign):
            return font
        instead = INSTEAD[font]
        return instead if self.has(instead, sign) else None

    def width(self, face: Face, text: str, size: int) -> int:
        """Measure a text of one font, in pixels."""
        return int(self.at(face, size).size(text)[0])

    def ems(self, face: Face, text: str) -> float:
        """Measure a text of one font, in ems: about right for all sizes, and opens no font for each."""
        return self.width(face, text, REFERENCE) / REFERENCE

    def capital(self, face: Face) -> float:
        """Tell how high capitals are, in ems."""
        height = self._capitals.get(face)
        if height is None:
            metrics = self.at(face, REFERENCE).metrics("H")[0]
            assert metrics is not None
            height = self._capitals[face] = metrics[3] / REFERENCE
        return height

    def bearing(self, face: Face, sign: str) -> float:
        """Tell the blank to the left of a sign, in ems."""
        bearing = self._bearings.get((face, sign))
        if bearing is None:
            make_room(self._bearings, 96)
            # Drawn, as builds of SDL_ttf differ in what they do with the bearing they tell.
            drawn = self.at(face, REFERENCE).render(sign, True, (255, 255, 255))
            bearing = self._bearings[face, sign] = drawn.get_bounding_rect().x / REFERENCE
        return bearing


def signs_of(file: Path) -> bytes:
    """Read which signs of Unicode's first plane a font file has.

    Asked of the file, as SDL_ttf draws an empty box for what is missing and, depending on its build,
    tells the metrics of that box (OpenType, table ``cmap``, format 4).

    Returns:
        One bit for each sign, the lowest bit of the first byte for U+0000.

    Raises:
        ValueError: The file has no such table.
    """
    with file.open("rb") as opened:
        count = struct.unpack(">4xH", opened.read(6))[0]
        opened.seek(12)
        tables = [struct.unpack(">4s4xLL", opened.read(16)) for _ in range(count)]
        place = next(((start, length) for tag, start, length in tables if tag == b"cmap"), None)
        if place is None:
            raise ValueError(f"{file.name}: no table cmap")
        opened.seek(place[0])
        cmap = opened.read(place[1])
    for n in range(struct.unpack_from(">2xH", cmap)[0]):
        start = struct.unpack_from(">4xL", cmap, 4 + 8 * n)[0]
        if struct.unpack_from(">H", cmap, start)[0] == 4:
            return _segments(cmap, start)
    raise ValueError(f"{file.name}: its table cmap has no format 4")


def _segments(cmap: bytes, start: int) -> bytes:
    bits = bytearray(0x2000)
    double = struct.unpack_from(">6xH", cmap, start)[0]
    each = f">{double // 2}H"
    ends = struct.unpack_from(each, cmap, start + 14)
    starts = struct.unpack_from(each, cmap, start + 16 + double)
    deltas = struct.unpack_from(each, cmap, start + 16 + 2 * double)
    offsets_at = start + 16 + 3 * double
    offsets = struct.unpack_from(each, cmap, offsets_at)
    for n, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, last + 1):
            glyph = code
            if offsets[n]:
                # The offset counts from its own place.
                at = offsets_at + 2 * n + offsets[n] + 2 * (code - first)
                glyph = struct.unpack_from(">H", cmap, at)[0] if at + 2 <= len(cmap) else 0
                if glyph == 0:
                    continue
            if (glyph + deltas[n]) & 0xFFFF:
                bits[code >> 3] |= 1 << (code & 7)
    return bytes(bits)


def make_room(cache: dict[Any, Any], most: int) -> None:
    """Drop what has been kept for longest."""
    while len(cache) >= most:
        del cache[next(iter(cache))]
