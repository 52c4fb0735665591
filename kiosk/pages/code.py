"""The way to this room's page on somebody's telephone."""

from __future__ import annotations

from urllib.parse import quote

from kiosk.drawing.picture import Box, Code, Column, Panel, Text
from kiosk.pages.frame import CODE, Frame
from kiosk.pages.scene import Scene

QUIET = 4
"""Blank modules around a code (ISO/IEC 18004)."""
_HOLDS = (17, 32, 53, 78, 106, 134, 154, 192, 230, 271)
"""Letters that versions 1, 2, … hold at the lowest level of correction, which a display needs no more of
(ISO/IEC 18004, table 7)."""


def address(scene: Scene) -> str:
    """Tell the address of this room's page on the board; empty where there is no board.

    The code behind it shows the board that somebody stands at this door (`events.wire.DoorCodes`).
    """
    model = scene.model
    if not model.told.board:
        return ""
    code = model.code(scene.now)
    return f"{model.told.board.rstrip('/')}/room/{quote(model.room, safe='')}" + (f"#{code}" if code else "")


def code_panel(scene: Scene, frame: Frame, box: Box) -> Panel:
    """Show it as a QR code."""
    theme, px = scene.theme, frame.px
    modules = _modules(address(scene))
    scale = px(CODE) // modules
    side = scale * modules
    # The code ends where everything else does; its quiet zone goes on into the margin.
    x = box.right - frame.margin - side + QUIET * scale
    if frame.standing:
        place = Box(x, box.y, side, side)
        right = box.right - frame.margin
        words = Box(box.x, place.bottom, right - box.x, box.bottom - place.bottom)
    else:
        place = Box(x, box.y + (box.h - side) // 2, side, side)
        left = box.x + frame.pad
        words = Box(left, place.y, place.x - left, side)
    text = Text(
        text=scene.say("code"),
        font="text",
        size=px(1.5 if frame.standing else 1.65),
        least=px(1.3),
        lines=4,
        colour=theme.ink,
    )
    column = Column(
        box=words,
        ground=theme.paper,
        texts=(text,),
        across="right" if frame.standing else "left",
        down="top" if frame.standing else "middle",
    )
    code = Code(text=address(scene), box=place, colour=theme.code, ground=theme.code_ground)
    return Panel(name="code", box=box, ground=theme.paper, parts=(code, column))


def _modules(text: str) -> int:
    """Tell how many modules the code of a text is wide, its quiet zone included."""
    length = len(text.encode())
    version = next((n for n, most in enumerate(_HOLDS, 1) if length <= most), len(_HOLDS))
    return 17 + 4 * version + 2 * QUIET
