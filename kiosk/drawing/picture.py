"""What a picture is made of: values that say what is where, drawn by `kiosk.drawing.screen`.

A `ViewModel` is made of panels that do not overlap; equal view models are equal pictures, and only
panels that differ need be drawn anew. Lengths are whole pixels, colours (red, green, blue) from 0
to 255. Texts are laid out by whoever draws, within the limits told here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from kiosk.inbox import Action

Colour = tuple[int, int, int]
Size = tuple[int, int]
SignName = Literal["free", "soon", "taken", "booked", "released", "unknown", "closed", "out-of-order"]
FontName = Literal["text", "strong", "heavy", "hours", "hours-strong"]
ShapeName = Literal[
    "circle",
    "half-circle",
    "square",
    "triangle",
    "hollow-triangle",
    "question",
    "moon",
    "cross",
    "warning",
    "check",
    "check-disc",
    "tray",
    "dot-ring",
    "seats",
    "whiteboard",
    "blackboard",
    "projector",
    "tv",
    "people",
    "notice",
    "search",
    "back",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "arrow-down",
    "leave",
    "air",
    "plus",
    "minus",
]
PanelName = Literal[
    "field",
    "clock",
    "agenda",
    "code",
    "answer",
    "day",
    "actions",
    "notice",
    "banner",
    "find",
    "stay",
    "asleep",
    "pairing",
]


class Box(Struct, frozen=True):
    """A rectangle."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column to the right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.h


class Fill(Struct, frozen=True, kw_only=True):
    """A filled rectangle, its corners rounded by ``radius``."""

    box: Box
    colour: Colour
    radius: int = 0


class Shape(Struct, frozen=True, kw_only=True):
    """A sign or an icon, as large as the box allows, in one colour."""

    name: ShapeName
    box: Box
    colour: Colour


class Ring(Struct, frozen=True, kw_only=True):
    """A ring that is filled clockwise from the top.

    Attributes:
        share: How much of it, 0 to 1.
        track: Colour of the rest.
    """

    box: Box
    share: float
    colour: Colour
    track: Colour


class Text(Struct, frozen=True, kw_only=True):
    """A paragraph.

    Attributes:
        text: One line of text; it is broken into lines where it is drawn.
        size: Wished size of the font (its em).
        least: The size below which it is rather cut, with an ellipsis.
        lines: At most so many lines.
        shrink: Becomes smaller before it is broken; else it is broken before it becomes smaller.
        before: Distance of the capitals' tops from the base line above.
        optional: May be left out where there is no room.
        otherwise: What is shown if the font has no glyph for any of it.
    """

    text: str
    font: FontName
    size: int
    least: int
    colour: Colour
    lines: int = 1
    shrink: bool = False
    before: int = 0
    optional: bool = False
    otherwise: str = ""


class Code(Struct, frozen=True, kw_only=True):
    """A QR code of a text, as large as the box allows in whole pixels a module, its quiet zone included."""

    text: str
    box: Box
    colour: Colour
    ground: Colour


class Column(Struct, frozen=True, kw_only=True):
    """Paragraphs below each other: the capitals of the first touch the top of the box.

    Attributes:
        ground: The colour it stands on.
    """

    box: Box
    ground: Colour
    texts: tuple[Text, ...]
    across: Literal["left", "centre", "right"] = "left"
    down: Literal["top", "middle", "bottom"] = "top"


Part = Fill | Shape | Ring | Code | Column


class Target(Struct, frozen=True):
    """A place that can be touched, and what that means."""

    box: Box
    action: Action


class Panel(Struct, frozen=True, kw_only=True):
    """A part of the screen that is drawn at once: its ground, then its parts in order.

    Attributes:
        targets: Where it can be touched.
    """

    name: PanelName
    box: Box
    ground: Colour
    parts: tuple[Part, ...] = ()
    targets: tuple[Target, ...] = ()


class ViewModel(Struct, frozen=True, kw_only=True):
    """A picture.

    Attributes:
        sign: Which sign it shows.
        word: Its word.
        shape: Its shape.
        colour: Its colour.
        size: Width and height.
        panels: They cover the whole picture and do not overlap.
    """

    sign: SignName
    word: str
    shape: ShapeName
    colour: Colour
    size: Size
    panels: tuple[Panel, ...]

    def columns(self) -> Iterator[Column]:
        """Give all texts with their places."""
        for panel in self.panels:
            for part in panel.parts:
                if isinstance(part, Column):
                    yield part

    def touched(self, x: float, y: float) -> Action | None:
        """Tell what a touch there means, None where it means nothing."""
        for panel in self.panels:
            for target in panel.targets:
                box = target.box
                if box.x <= x < box.right and box.y <= y < box.bottom:
                    return target.action
        return None

    def texts(self) -> list[str]:
        """List all that can be read, in the order in which it is drawn."""
        return [text.text for column in self.columns() for text in column.texts]
