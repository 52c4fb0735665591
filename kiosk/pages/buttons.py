"""What can be touched on a page: its head with the way back, buttons, and toggles."""

from __future__ import annotations

from msgspec import Struct

from kiosk.drawing.picture import (
    Box,
    Colour,
    Column,
    Fill,
    FontName,
    Panel,
    PanelName,
    Part,
    Shape,
    ShapeName,
    Target,
    Text,
)
from kiosk.inbox import Action, OpenPage
from kiosk.pages.frame import TOUCH, Frame
from kiosk.pages.scene import Scene
from kiosk.words import clock

HEAD = 8.4
"""Height of a page's head, in units."""


class Touchable(Struct, frozen=True):
    """What can be touched: how it looks, and what it means."""

    parts: tuple[Part, ...]
    target: Target


def page_box(frame: Frame) -> Box:
    """Tell where a page lies: on the whole screen, but for what is told loudly."""
    return Box(0, 0, frame.w, frame.h if frame.banner is None else frame.banner.y)


def head_panel(
    scene: Scene, frame: Frame, name: PanelName, *, title: str, more: str, loud: bool = False
) -> Panel:
    """Show the head of a page: the way back to the sign, what the page is for, and the clock.

    Args:
        scene: The look at the model.
        frame: Where things lie.
        name: Which page.
        title: What it is for.
        more: What it says below that.
        loud: What it says below is a warning.
    """
    theme, px = scene.theme, frame.px
    box = Box(0, 0, frame.w, px(HEAD))
    top, side = px(1), px(TOUCH)
    button = Box(px(1.6), top, px(12.5), side)
    back = Column(
        box=Box(button.x + px(4.6), top, button.w - px(5.2), side),
        ground=theme.track,
        down="middle",
        texts=(_line(scene.say("back"), frame, 2, theme.ink),),
    )
    icon = px(3)
    parts: list[Part] = [
        Fill(box=button, colour=theme.track, radius=px(0.8)),
        Shape(
            name="back",
            box=Box(button.x + px(1.1), top + (side - icon) // 2, icon, icon),
            colour=theme.ink,
        ),
        back,
    ]
    x = button.right + px(2)
    right = frame.w - frame.margin
    if not frame.standing:
        told = clock(scene.best.astimezone(scene.zone)) if scene.model.time_known else ""
        width = px(12)
        parts.append(
            Column(
                box=Box(right - width, top, width, side),
                ground=theme.paper,
                across="right",
                down="middle",
                texts=(Text(text=told, font="hours-strong", size=px(3.4), least=px(2), colour=theme.ink),),
            )
        )
        right -= width + px(1)
    title_box = Box(x, top, right - x, side if not more else px(3.6))
    parts.append(
        Column(
            box=title_box,
            ground=theme.paper,
            down="middle",
            texts=(_line(title, frame, 3, theme.ink, font="heavy"),),
        )
    )
    if more:
        y, height = title_box.bottom, side - title_box.h
        if loud:
            mark = px(2)
            parts.append(
                Shape(name="warning", box=Box(x, y + (height - mark) // 2, mark, mark), colour=theme.ink)
            )
            x += mark + px(0.8)
        text = _line(more, frame, 1.8, theme.ink if loud else theme.muted, font="strong" if loud else "text")
        parts.append(
            Column(box=Box(x, y, right - x, height), ground=theme.paper, down="middle", texts=(text,))
        )
    # To the screen's corner: nobody misses it.
    target = Target(Box(0, 0, button.right + px(0.6), box.h), OpenPage("sign"))
    return Panel(name=name, box=box, ground=theme.paper, parts=tuple(parts), targets=(target,))


def toggle(
    scene: Scene,
    frame: Frame,
    box: Box,
    label: str,
    action: Action,
    *,
    chosen: bool,
    icon: ShapeName | None = None,
) -> Touchable:
    """Show one of several things to choose: what is chosen is filled and ticked, the others are framed.

    Args:
        scene: The look at the model.
        frame: Where things lie.
        box: Where it lies.
        label: What it is.
        action: What a touch means.
        chosen: Whether it is chosen.
        icon: What it looks like.
    """
    theme, px = scene.theme, frame.px
    ground = theme.accent if chosen else theme.paper
    ink = theme.on_accent if chosen else theme.ink
    edge = max(2, px(0.2))
    radius = px(0.8)
    parts: list[Part] = [Fill(box=box, colour=theme.accent if chosen else theme.muted, radius=radius)]
    if not chosen:
        inner = Box(box.x + edge, box.y + edge, box.w - 2 * edge, box.h - 2 * edge)
        parts.append(Fill(box=inner, colour=ground, radius=max(1, radius - edge)))
    pad = px(0.3)
    words = Box(box.x + pad, box.y + pad, box.w - 2 * pad, box.h - 2 * pad)
    if icon is not None:
        side = px(2.8)
        top = box.y + (box.h - px(5)) // 2
        parts.append(Shape(name=icon, box=Box(box.x + (box.w - side) // 2, top, side, side), colour=ink))
        words = Box(words.x, top + px(3.3), words.w, px(1.7))
    text = Text(
        text=label,
        font="strong",
        size=px(1.25 if icon is not None else 1.85),
        least=px(1.15),
        lines=1 if icon is not None else 2,
        shrink=icon is not None,
        colour=ink,
    )
    parts.append(Column(box=words, ground=ground, across="centre", down="middle", texts=(text,)))
    if chosen:
        parts += _badge(scene, frame, box)
    return Touchable(tuple(parts), Target(box, action))


def _badge(scene: Scene, frame: Frame, box: Box) -> list[Part]:
    """A tick on the corner, where no label is, and below the heading above it."""
    theme, px = scene.theme, frame.px
    middle_x, middle_y = box.right - px(0.5), box.y + px(0.6)
    parts: list[Part] = []
    shapes: tuple[tuple[ShapeName, float, Colour], ...] = (
        ("circle", 2.6, theme.on_accent),
        ("circle", 2.2, theme.accent),
        ("check", 1.2, theme.on_accent),
    )
    for name, size, colour in shapes:
        side = px(size)
        place = Box(middle_x - side // 2, middle_y - side // 2, side, side)
        parts.append(Shape(name=name, box=place, colour=colour))
    return parts


def button(
    scene: Scene,
    frame: Frame,
    box: Box,
    label: str,
    action: Action,
    *,
    more: str = "",
    icon: ShapeName | None = None,
    strong: bool = False,
    size: float = 3.4,
) -> Touchable:
    """Show something to do.

    Args:
        scene: The look at the model.
        frame: Where things lie.
        box: Where it lies.
        label: What it does.
        action: What a touch means.
        more: What follows from it.
        icon: What it looks like.
        strong: It is what most people come for.
        size: Wished size of the label, in units, where there is room for a large one.
    """
    theme, px = scene.theme, frame.px
    ground, ink = (theme.accent, theme.on_accent) if strong else (theme.track, theme.ink)
    parts: list[Part] = [Fill(box=box, colour=ground, radius=px(1))]
    x = box.x + px(max(1.4, size * 0.45))
    if icon is not None:
        side = min(px(1.3 * size), box.h - px(2.4))
        parts.append(Shape(name=icon, box=Box(x, box.y + (box.h - side) // 2, side, side), colour=ink))
        x += side + px(1.6)
    texts = [
        Text(
            text=label,
            font="heavy" if box.h > px(8) else "strong",
            size=px(size) if box.h > px(8) else px(2.2),
            least=px(1.4),
            lines=2,
            shrink=True,
            colour=ink,
        )
    ]
    if more:
        texts.append(
            Text(
                text=more,
                font="text",
                size=px(max(1.9, size * 0.5)) if box.h > px(8) else px(1.6),
                least=px(1.2),
                lines=2,
                shrink=True,
                before=px(max(1.5, size * 0.42)) if box.h > px(8) else px(1),
                colour=ink,
            )
        )
    words = Box(x, box.y + px(0.8), box.right - px(1.2) - x, box.h - px(1.6))
    parts.append(
        Column(
            box=words,
            ground=ground,
            across="left" if icon is not None else "centre",
            down="middle",
            texts=tuple(texts),
        )
    )
    return Touchable(tuple(parts), Target(box, action))


def spread(box: Box, counts: tuple[int, ...], gap: int) -> list[Box]:
    """Part a box into rows of one height, each filled by so many cells."""
    height = (box.h - gap * (len(counts) - 1)) // max(1, len(counts))
    rows = [Box(box.x, box.y + row * (height + gap), box.w, height) for row in range(len(counts))]
    return [cell for row, count in zip(rows, counts, strict=True) for cell in cells(row, count, 1, gap)]


def cells(box: Box, columns: int, rows: int, gap: int) -> list[Box]:
    """Part a box into cells of one size, row by row."""
    width = (box.w - gap * (columns - 1)) // columns
    height = (box.h - gap * (rows - 1)) // rows
    return [
        Box(box.x + column * (width + gap), box.y + row * (height + gap), width, height)
        for row in range(rows)
        for column in range(columns)
    ]


def _line(text: str, frame: Frame, size: float, colour: Colour, *, font: FontName = "strong") -> Text:
    return Text(text=text, font=font, size=frame.px(size), least=frame.px(1.2), shrink=True, colour=colour)
