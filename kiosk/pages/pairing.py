"""What a door shows that is not paired: the code that an operator types, and how."""

from __future__ import annotations

from kiosk.drawing.picture import Box, Colour, Column, FontName, Panel, Shape, Text
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene

KEY_SHOWN = 16
"""Hex digits of the key's fingerprint that are compared by eye: 64 bits."""


def pairing_panel(scene: Scene, frame: Frame) -> Panel:
    """Show the code, large enough to be read from where somebody types it, and what to do with it."""
    px, theme = frame.px, scene.theme
    ground, ink, dim = theme.paper, theme.ink, theme.muted
    waits = scene.model.hearing.pairing
    mark = px(6)
    left, top = frame.margin, frame.margin
    width = frame.w - 2 * left
    title = Text(text=scene.say("pairing"), font="strong", size=px(3.4), least=px(2), lines=2, colour=ink)
    heading = Column(
        box=Box(left + mark + px(2), top, width - mark - px(2), mark),
        ground=ground,
        texts=(title,),
        down="middle",
    )
    if waits is None:
        texts: tuple[Text, ...] = (
            Text(
                text=scene.say("pairing.waiting"), font="text", size=px(3), least=px(2), lines=3, colour=ink
            ),
        )
    else:
        shown = f"{waits.code[:4]}-{waits.code[4:]}"
        key = " ".join(waits.kiosk[n : n + 4] for n in range(0, KEY_SHOWN, 4))
        command = scene.say("pairing.command", code=shown).replace(" ", "\u00a0")
        lines: tuple[tuple[str, FontName, Colour, float], ...] = (
            (scene.say("pairing.how"), "text", dim, 4.4),
            (command, "strong", ink, 1.8),
            (scene.say("pairing.key"), "text", dim, 3.6),
            (key.replace(" ", "\u00a0"), "strong", ink, 1.8),
            (scene.say("pairing.until", hour=scene.hour(waits.until)), "text", dim, 3.6),
        )
        texts = (
            Text(text=shown, font="hours-strong", size=px(11), least=px(5), colour=ink, shrink=True),
            *(
                Text(
                    text=line,
                    font=font,
                    size=px(2.6),
                    least=px(1.6),
                    lines=2,
                    shrink=True,
                    colour=colour,
                    before=px(before),
                )
                for line, font, colour, before in lines
            ),
        )
    below = top + mark + px(4)
    body = Column(
        box=Box(left, below, width, frame.h - below - frame.margin), ground=ground, texts=texts, down="top"
    )
    sign = Shape(name="dot-ring", box=Box(left, top, mark, mark), colour=ink)
    return Panel(
        name="pairing",
        box=Box(0, 0, frame.w, frame.h),
        ground=ground,
        parts=(sign, heading, body),
    )
