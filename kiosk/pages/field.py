"""The large field: the room, its sign, until when, and what a press does."""

from __future__ import annotations

import math

from events.domain import RoomInfo
from kiosk.pages.frame import CAPITAL, WORD_HEIGHT, Frame
from kiosk.pages.lines import state_lines
from kiosk.pages.scene import Scene, tidy
from kiosk.palette import Sign
from kiosk.picture import Box, Column, Fill, Panel, Part, Shape, ShapeName, Text


def field_panel(scene: Scene, frame: Frame, sign: Sign) -> Panel:
    """Show the sign, large."""
    box, px, margin = frame.field, frame.px, frame.margin
    parts: list[Part] = []
    if sign.frame is not None:
        edge = px(1)
        parts += [
            Fill(box=box, colour=sign.frame),
            Fill(box=Box(box.x + edge, box.y + edge, box.w - 2 * edge, box.h - 2 * edge), colour=sign.ground),
        ]
    mark = px(11 if frame.standing else 9)
    parts.append(
        Shape(name=sign.shape, box=Box(box.right - margin - mark, margin, mark, mark), colour=sign.ink)
    )
    name_size = px(6.4 if frame.standing else 5.6)
    info = scene.known.room.info if scene.known else None
    name = tidy(info.name) if info and info.name else scene.model.room
    name_box = Box(margin, margin, box.w - 2 * margin - mark - px(1.5), px(4))
    parts.append(
        Column(
            box=name_box,
            ground=sign.ground,
            texts=(
                Text(
                    text=name,
                    font="strong",
                    size=name_size,
                    least=px(2),
                    lines=2,
                    shrink=True,
                    colour=sign.ink,
                    otherwise=scene.model.room,
                ),
            ),
        )
    )
    icons_y = margin + round(name_size * CAPITAL) + px(2)
    if info is not None:
        parts += _attributes(info, frame, Box(margin, icons_y, name_box.w, px(2.4)), sign)
    least = math.ceil(WORD_HEIGHT * min(frame.w, frame.h) / CAPITAL)
    line, more = state_lines(scene)
    gap = px(5.5 if frame.standing and not frame.has_banner else 2.6)
    word_top = icons_y + px(2.4) + gap
    hint = Box(margin, box.bottom - margin - px(1.5), box.w - 2 * margin, px(1.5))
    # The other signs say themselves what a press does, or it does nothing that people care about.
    hinted = not scene.model.stuck and scene.sign not in ("released", "closed", "out-of-order")
    bottom = hint.y - px(1.6) if hinted else hint.bottom
    room = Box(margin, word_top, box.w - 2 * margin, bottom - word_top)
    texts = [
        Text(
            text=scene.say(sign.word),
            font="heavy",
            size=max(least, px(12 if frame.standing else 11)),
            least=least,
            lines=2,
            shrink=True,
            colour=sign.ink,
        )
    ]
    if line:
        texts.append(
            Text(
                text=line,
                font="strong",
                size=px(3.3),
                least=px(2.5),
                lines=2,
                shrink=True,
                before=px(2.5),
                colour=sign.ink,
            )
        )
    if more:
        texts.append(
            Text(
                text=more,
                font="text",
                size=px(2.25),
                least=px(1.9),
                lines=2,
                before=px(1.7),
                optional=True,
                colour=sign.ink,
            )
        )
    parts.append(Column(box=room, ground=sign.ground, texts=tuple(texts)))
    if hinted:
        parts += _hint(scene, frame, hint, sign)
    return Panel(name="field", box=box, ground=sign.ground, parts=tuple(parts))


def _hint(scene: Scene, frame: Frame, box: Box, sign: Sign) -> list[Part]:
    px, side = frame.px, box.h
    half = box.w * 54 // 100
    parts: list[Part] = []
    hints: tuple[tuple[int, int, ShapeName, str], ...] = (
        (box.x, half, "circle", "hint.present"),
        (box.x + half, box.w - half, "dot-ring", "hint.leaving"),
    )
    for x, width, icon, words in hints:
        parts.append(Shape(name=icon, box=Box(x, box.y, side, side), colour=sign.ink))
        text = Text(
            text=scene.say(words), font="strong", size=px(1.85), least=px(1.4), shrink=True, colour=sign.ink
        )
        indent = side + px(0.8)
        place = Box(x + indent, box.y, width - indent - px(1.6), side)
        parts.append(Column(box=place, ground=sign.ground, texts=(text,), down="middle"))
    return parts


def _attributes(info: RoomInfo, frame: Frame, box: Box, sign: Sign) -> list[Part]:
    parts: list[Part] = []
    x, side, gap = box.x, box.h, frame.px(1)
    if info.seats > 0:
        parts.append(Shape(name="seats", box=Box(x, box.y, side, side), colour=sign.ink))
        x += side + frame.px(0.6)
        size = frame.px(2.2)
        width = round(size * 0.66 * len(str(info.seats)))
        text = Text(text=str(info.seats), font="hours", size=size, least=size, colour=sign.ink)
        parts.append(Column(box=Box(x, box.y, width, side), ground=sign.ground, texts=(text,), down="middle"))
        x += width + gap
    names: list[ShapeName] = []
    if info.whiteboard:
        names.append("whiteboard")
    if info.blackboard:
        names.append("blackboard")
    if info.projector:
        names.append("projector")
    if info.tv:
        names.append("tv")
    for name in names:
        parts.append(Shape(name=name, box=Box(x, box.y, side, side), colour=sign.ink))
        x += side + gap
    return parts
