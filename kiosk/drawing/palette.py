"""The colours: of each sign and of the paper around it, in a light, a dark and a monochrome theme.

Each sign has a word, a shape and a colour of its own, none of which is needed to read the others.
The grounds were searched for: the nearest two, seen without one of the three kinds of cones, are
still 15 apart (CIEDE2000; see tests/kiosk/drawing/test_palette.py), and what stands on them has a
contrast of 7 or more.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from events.status import Status, StatusName
from kiosk.drawing.picture import Colour, ShapeName, SignName

ThemeName = Literal["light", "dark", "mono"]
Border = Literal["", "solid", "dashed", "double"]
"""What runs around a field: nothing, a line, dashes, or two lines."""

INK: Colour = (20, 22, 26)
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
ORANGE: Colour = (237, 138, 30)
RED: Colour = (168, 8, 32)
DIM = 0.18
"""How light what is seen at night is (relative luminance): 4.6 times as light as black."""


class Sign(Struct, frozen=True):
    """How a status looks from afar.

    Attributes:
        word: Name of its word in the catalogues.
        ground: Colour of the field.
        ink: Colour of what stands on it.
        frame: Colour of its border, where it has one.
    """

    word: str
    shape: ShapeName
    ground: Colour
    ink: Colour
    border: Border = ""
    frame: Colour | None = None


class Theme(Struct, frozen=True, kw_only=True):
    """All colours of a picture.

    Attributes:
        signs: How each status looks.
        freeing: How the sign ``booked`` looks when the room is about to be freed.
        paper: Ground of everything but the field.
        ink: What is written on it.
        muted: What is written on it and matters less.
        track: The bar of the day: hours to come. Also the ground of what can be touched.
        track_past: Hours past.
        planned: A booking to come.
        planned_past: A booking past that nobody confirmed.
        used: Really used.
        used_past: Likewise, past.
        waiting: A booking that runs and that nobody has confirmed.
        accent: Now, and the ground of answers and of what is chosen.
        accent_track: The rest of a ring on the accent.
        on_accent: What is written on it.
        notice: Ground of what the desk has to say.
        loud: Ground of what is told loudly.
        on_loud: What is written on it.
        alarm: Warning signs on it.
        code: A QR code.
        code_ground: What it stands on: lighter than the code, as most phones want it.
    """

    name: ThemeName
    signs: dict[SignName, Sign]
    freeing: Sign
    paper: Colour
    ink: Colour
    muted: Colour
    track: Colour
    track_past: Colour
    planned: Colour
    planned_past: Colour
    used: Colour
    used_past: Colour
    waiting: Colour
    accent: Colour
    accent_track: Colour
    on_accent: Colour
    notice: Colour
    loud: Colour
    on_loud: Colour
    alarm: Colour
    code: Colour
    code_ground: Colour


LIGHT = Theme(
    name="light",
    signs={
        "free": Sign("sign.free", "circle", (44, 188, 138), INK),
        "soon": Sign("sign.soon", "half-circle", (255, 230, 0), INK),
        "taken": Sign("sign.taken", "square", RED, WHITE),
        "booked": Sign("sign.booked", "triangle", ORANGE, INK),
        "released": Sign("sign.released", "hollow-triangle", (247, 248, 244), INK, "solid", (214, 108, 0)),
        "unknown": Sign("sign.unknown", "question", (82, 86, 92), WHITE),
        "closed": Sign("sign.closed", "moon", (6, 27, 52), WHITE),
        "out-of-order": Sign("sign.out-of-order", "cross", (112, 42, 162), WHITE),
    },
    freeing=Sign("sign.booked", "triangle", ORANGE, INK, "dashed", INK),
    paper=(247, 245, 240),
    ink=INK,
    muted=(84, 89, 97),
    track=(228, 224, 214),
    track_past=(214, 209, 197),
    planned=(112, 123, 137),
    planned_past=(168, 173, 178),
    used=RED,
    used_past=(198, 126, 136),
    waiting=(190, 96, 0),
    accent=(16, 62, 140),
    accent_track=(70, 110, 178),
    on_accent=WHITE,
    notice=(222, 233, 248),
    loud=INK,
    on_loud=WHITE,
    alarm=(255, 200, 40),
    code=BLACK,
    code_ground=(247, 245, 240),
)

_DARKEST: Colour = (6, 8, 10)
_PALE: Colour = (240, 241, 243)

DARK = Theme(
    name="dark",
    # Free, soon and booked are as dark as black letters on them allow (7:1); the others as light as pale
    # letters do.
    signs={
        "free": Sign("sign.free", "circle", (32, 176, 130), _DARKEST),
        "soon": Sign("sign.soon", "half-circle", (243, 218, 84), _DARKEST),
        "taken": Sign("sign.taken", "square", (162, 8, 24), _PALE),
        "booked": Sign("sign.booked", "triangle", (226, 130, 34), _DARKEST),
        "released": Sign(
            "sign.released", "hollow-triangle", (24, 14, 8), (255, 196, 140), "solid", (226, 130, 34)
        ),
        "unknown": Sign("sign.unknown", "question", (78, 80, 86), _PALE),
        "closed": Sign("sign.closed", "moon", (5, 17, 57), _PALE),
        "out-of-order": Sign("sign.out-of-order", "cross", (112, 40, 158), _PALE),
    },
    freeing=Sign("sign.booked", "triangle", (226, 130, 34), _DARKEST, "dashed", _DARKEST),
    paper=(18, 20, 24),
    ink=(230, 232, 236),
    muted=(160, 167, 177),
    track=(46, 50, 57),
    track_past=(34, 37, 43),
    planned=(134, 145, 160),
    planned_past=(84, 92, 103),
    used=(236, 92, 98),
    used_past=(140, 62, 68),
    waiting=(238, 142, 50),
    accent=(96, 150, 244),
    accent_track=(150, 188, 250),
    on_accent=_DARKEST,
    notice=(26, 40, 64),
    loud=(232, 178, 44),
    on_loud=_DARKEST,
    alarm=_DARKEST,
    code=BLACK,
    code_ground=(205, 208, 213),
)

MONO = Theme(
    name="mono",
    # Four greys that electronic paper has, and borders where two signs share one.
    signs={
        "free": Sign("sign.free", "circle", WHITE, BLACK, "solid", BLACK),
        "soon": Sign("sign.soon", "half-circle", WHITE, BLACK, "dashed", BLACK),
        "taken": Sign("sign.taken", "square", BLACK, WHITE),
        "booked": Sign("sign.booked", "triangle", (176, 176, 176), BLACK),
        "released": Sign("sign.released", "hollow-triangle", WHITE, BLACK, "double", BLACK),
        "unknown": Sign("sign.unknown", "question", (80, 80, 80), WHITE),
        "closed": Sign("sign.closed", "moon", BLACK, WHITE, "double", WHITE),
        "out-of-order": Sign("sign.out-of-order", "cross", BLACK, WHITE, "dashed", WHITE),
    },
    freeing=Sign("sign.booked", "triangle", (176, 176, 176), BLACK, "dashed", BLACK),
    paper=WHITE,
    ink=BLACK,
    muted=(80, 80, 80),
    track=(222, 222, 222),
    track_past=(200, 200, 200),
    planned=(110, 110, 110),
    planned_past=(160, 160, 160),
    used=BLACK,
    used_past=(110, 110, 110),
    waiting=(80, 80, 80),
    accent=BLACK,
    accent_track=(110, 110, 110),
    on_accent=WHITE,
    notice=(222, 222, 222),
    loud=BLACK,
    on_loud=WHITE,
    alarm=WHITE,
    code=BLACK,
    code_ground=WHITE,
)
THEMES: dict[ThemeName, Theme] = {"light": LIGHT, "dark": DARK, "mono": MONO}

_SIGN_OF: dict[StatusName, SignName] = {
    "free": "free",
    "soon": "soon",
    "in_use": "taken",
    "occupied": "taken",
    "booked": "booked",
    "unknown": "unknown",
}


def sign_of(status: Status | None) -> SignName:
    """Tell which sign a status is shown by; None is a room of which nothing is known."""
    if status is None:
        return "unknown"
    if status.out_of_order:
        return "out-of-order"
    if status.closed:
        return "closed"
    return "released" if status.released else _SIGN_OF[status.name]


def luminance(colour: Colour) -> float:
    """Tell how light a colour is, 0 to 1 (relative luminance, WCAG 2.2)."""
    red, green, blue = (_linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Tell how well one colour stands out from another, 1 to 21 (contrast ratio, WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def dimmed(sign: Sign) -> Colour:
    """Tell the colour in which a sign is seen at night, on black: its own, as light as `DIM`."""
    colour = sign.frame or sign.ground
    light = luminance(colour)
    if light == 0:
        colour, light = WHITE, 1.0
    parts = [_linear(part) * DIM / light for part in colour]
    # What a colour cannot give in one part it gives in all: it becomes paler, not darker.
    over = max(0.0, max(parts) - 1)
    red, green, blue = (_encoded(min(1.0, part + over)) for part in parts)
    return red, green, blue


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _encoded(share: float) -> int:
    return round(255 * (12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055))
