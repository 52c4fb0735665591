"""The colours: of each sign and of the paper around it, in a light, a dark and a monochrome theme.

Each sign has a word, a shape and a colour of its own, none of which is needed to read the others.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from events.status import Status, StatusName
from kiosk.picture import Colour, ShapeName, SignName

ThemeName = Literal["light", "dark", "mono"]

INK: Colour = (20, 22, 26)
WHITE: Colour = (255, 255, 255)
ORANGE: Colour = (245, 133, 31)
RED: Colour = (176, 13, 43)


class Sign(Struct, frozen=True):
    """How a status looks from afar.

    Attributes:
        word: Name of its word in the catalogues.
        ground: Colour of the field.
        ink: Colour of what stands on it.
        frame: Colour of a frame around the field, where it has one.
    """

    word: str
    shape: ShapeName
    ground: Colour
    ink: Colour
    frame: Colour | None = None


class Theme(Struct, frozen=True, kw_only=True):
    """All colours of a picture.

    Attributes:
        signs: How each status looks.
        paper: Ground of everything but the field.
        ink: What is written on it.
        muted: What is written on it and matters less.
        track: The bar of the day: hours to come.
        track_past: Hours past.
        planned: A booking to come.
        planned_past: A booking past that nobody confirmed.
        used: Really used.
        used_past: Likewise, past.
        waiting: A booking that runs and that nobody has confirmed.
        accent: Now, and the ground of answers and of what is chosen.
        accent_track: The rest of a ring on the accent.
        on_accent: What is written on it.
        loud: Ground of what is told loudly.
        on_loud: What is written on it.
        alarm: Warning signs on it.
    """

    name: ThemeName
    signs: dict[SignName, Sign]
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
    loud: Colour
    on_loud: Colour
    alarm: Colour


LIGHT = Theme(
    name="light",
    signs={
        "free": Sign("sign.free", "circle", (47, 199, 122), INK),
        "soon": Sign("sign.soon", "half-circle", (255, 224, 46), INK),
        "taken": Sign("sign.taken", "square", RED, WHITE),
        "booked": Sign("sign.booked", "triangle", ORANGE, INK),
        "released": Sign("sign.released", "hollow-triangle", (255, 233, 208), INK, ORANGE),
        "unknown": Sign("sign.unknown", "question", (74, 81, 91), WHITE),
        "closed": Sign("sign.closed", "moon", (22, 38, 74), WHITE),
        "out-of-order": Sign("sign.out-of-order", "cross", (106, 44, 145), WHITE),
    },
    paper=(247, 245, 240),
    ink=INK,
    muted=(88, 93, 101),
    track=(228, 224, 214),
    track_past=(214, 209, 197),
    planned=(134, 145, 158),
    planned_past=(184, 189, 194),
    used=RED,
    used_past=(205, 142, 150),
    waiting=ORANGE,
    accent=(16, 62, 140),
    accent_track=(70, 110, 178),
    on_accent=WHITE,
    loud=INK,
    on_loud=WHITE,
    alarm=(255, 200, 40),
)

DARK = replace(LIGHT, name="dark")
MONO = replace(LIGHT, name="mono")
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
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Tell how well one colour stands out from another, 1 to 21 (contrast ratio, WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
