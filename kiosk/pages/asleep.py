"""The screen at night: a dim clock that wanders, or nothing. Touched anywhere, it wakes."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.drawing.palette import BLACK, dimmed
from kiosk.drawing.picture import Box, Colour, Column, Panel, Part, Shape, Text
from kiosk.pages.banner import told_loudly
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene, tidy
from kiosk.words import clock

GREY: Colour = (120, 120, 120)
"""As dark as letters on black may be: 4.7 to 1."""
STAYS = timedelta(minutes=5)
"""For how long the clock stays in its place."""
_GOLDEN = (0.7548776662, 0.5698402910)
"""Steps that fill a plane evenly: the powers of the plastic number's inverse (Roberts, 2018)."""


def asleep_panel(scene: Scene, frame: Frame) -> Panel:
    """Show the screen at rest.

    What is told loudly by day is one more dim line: nobody is there to mend it, and a bright
    banner would light a corridor for hours.
    """
    whole = Box(0, 0, frame.w, frame.h)
    if scene.model.setup.night == "blank":
        return Panel(name="asleep", box=whole, ground=BLACK)
    px = frame.px
    width, height = px(34), px(15)
    # Clear of the edge: the whole picture moves by a pixel as well.
    edge = px(0.5)
    x, y = _place(scene.minute, frame.w - width - 2 * edge, frame.h - height - 2 * edge)
    x, y = x + edge, y + edge
    sign = scene.look
    info = scene.model.info
    name = tidy(info.name) if info and info.name else scene.model.room
    mark = px(6)
    left = x + mark + px(2.4)
    time_text = Text(
        text=clock(scene.best.astimezone(scene.zone)),
        font="hours",
        size=px(5.2),
        least=px(3),
        colour=GREY,
    )
    loud = told_loudly(scene)
    lines = [f"{name} · {scene.say(sign.word)}", *([loud.title] if loud else [])]
    texts = [time_text]
    for n, line in enumerate(lines):
        texts.append(
            Text(
                text=line,
                font="text",
                size=px(2),
                least=px(1.4),
                lines=2,
                shrink=True,
                before=px(1.6) if n == 0 else px(1.2),
                colour=GREY,
                otherwise=scene.model.room,
            )
        )
    parts: tuple[Part, ...] = (
        Shape(name=sign.shape, box=Box(x, y + px(1), mark, mark), colour=dimmed(sign)),
        Column(box=Box(left, y + px(1), x + width - left, height - px(1)), ground=BLACK, texts=tuple(texts)),
    )
    return Panel(name="asleep", box=whole, ground=BLACK, parts=parts)


def _place(minute: datetime, width: int, height: int) -> tuple[int, int]:
    """Tell where it stands now, within what is free."""
    n = int(minute.timestamp() // STAYS.total_seconds())
    across, down = ((n * step) % 1 for step in _GOLDEN)
    return round(across * width), round(down * height)
