"""The large field: the room, its sign, until when, who is here, and what a press does."""

from __future__ import annotations

import math

from events.domain import RoomInfo
from kiosk.drawing.palette import Sign
from kiosk.drawing.picture import Box, Column, Fill, Panel, Part, Shape, ShapeName, Target, Text
from kiosk.inbox import Count
from kiosk.pages.frame import CAPITAL, TOUCH, WORD_HEIGHT, Frame
from kiosk.pages.lines import state_lines
from kiosk.pages.scene import Scene, tidy

_TILE = 4.4
"""Side of what is drawn of a place to touch that is larger, in units."""


def field_panel(scene: Scene, frame: Frame) -> Panel:
    """Show the sign, large."""
    sign = scene.look
    box, px, margin = frame.field, frame.px, frame.margin
    two_words = " " in scene.say(sign.word)
    spare = _Spare(frame, two_words=two_words)
    # What has a border keeps clear of it.
    least = 2.2 if sign.border else 1.6
    top, bottom = spare.px(least, 3), box.bottom - spare.px(least, 3)
    parts = border(box, sign, px(1), px(2.4))
    name_size = spare.px(4.6, 6.4 if frame.standing else 5.6)
    name_height = max(round(name_size * CAPITAL), px(3.4))
    # Two words need the room of what the room has.
    icon = 0 if two_words and spare.units < 28.5 else spare.px(1.9, 2.4)
    counting = scene.model.setup.touch and scene.somebody and spare.units >= (33 if frame.standing else 30)
    icons_y = top + name_height + spare.px(0.9, 2)
    word_y = icons_y + icon + spare.px(1.1, 5.5 if frame.standing and not counting else 2.6)
    # A letter such as d stands higher than capitals do.
    mark = min(spare.px(6.4, 11 if frame.standing else 9), word_y - top - px(1.2))
    parts.append(Shape(name=sign.shape, box=Box(box.right - margin - mark, top, mark, mark), colour=sign.ink))
    info = scene.model.info
    name = tidy(info.name) if info and info.name else scene.model.room
    name_box = Box(margin, top, box.w - 2 * margin - mark - px(1.5), name_height)
    text = Text(
        text=name,
        font="strong",
        size=name_size,
        least=px(1.7),
        lines=2,
        shrink=True,
        colour=sign.ink,
        otherwise=scene.model.room,
    )
    parts.append(Column(box=name_box, ground=sign.ground, texts=(text,)))
    if info is not None and icon:
        parts += _attributes(info, frame, Box(margin, icons_y, name_box.w, icon), sign)
    # The other signs say themselves what a press does, or it does nothing that people care about.
    hinted = scene.pressable and scene.sign not in ("released", "closed", "out-of-order")
    count = scene.headcount
    if two_words and spare.units < 30:
        # Nobody should be where such a sign is, and its two lines need the room.
        count = None
    height = px(_TILE) if counting else spare.px(1.4, 1.6) if hinted or count is not None else 0
    foot = Box(margin, bottom - height, box.w - 2 * margin, height)
    room = Box(margin, word_y, foot.w, foot.y - (spare.px(1.2, 1.8) if height else 0) - word_y)
    parts.append(Column(box=room, ground=sign.ground, texts=_state(scene, frame, room, sign)))
    targets: tuple[Target, ...] = ()
    taken = 0
    if counting:
        counter, targets, taken = _counter(frame, foot, sign, count)
        parts += counter
    elif count is not None:
        number, taken = _people(frame, foot, sign, str(count))
        parts += number
    if hinted:
        parts += _hints(scene, frame, foot, sign, taken, apart=counting)
    return Panel(name="field", box=box, ground=sign.ground, parts=tuple(parts), targets=targets)


class _Spare:
    """How much room the field has, and lengths between what is just enough and what is good."""

    def __init__(self, frame: Frame, *, two_words: bool) -> None:
        self.units = frame.field.h / frame.unit
        self._unit = frame.unit
        least, good = (27.0, 43.0) if frame.standing else (22.4, 36.0)
        if two_words:
            least, good = least + 5, good + 7
        self._share = min(1.0, max(0.0, (self.units - least) / (good - least)))

    def px(self, least: float, good: float) -> int:
        return round((least + (good - least) * self._share) * self._unit)


def border(box: Box, sign: Sign, width: int, dash: int) -> list[Part]:
    """Draw a field's border, where its sign has one.

    Args:
        box: The whole field.
        sign: Whose.
        width: Of the border, in pixels.
        dash: Length of a dash, in pixels; the gaps are as long.
    """
    if sign.frame is None:
        return []
    inner = _inset(box, width)
    match sign.border:
        case "dashed":
            return _dashes(box, width, dash, sign.frame)
        case "double":
            line = max(1, width // 3)
            lines: list[Part] = []
            for outer in (_inset(box, line), _inset(box, 3 * line)):
                lines += [
                    Fill(box=outer, colour=sign.frame),
                    Fill(box=_inset(outer, line), colour=sign.ground),
                ]
            return lines
        case _:
            return [Fill(box=box, colour=sign.frame), Fill(box=inner, colour=sign.ground)]


def _inset(box: Box, by: int) -> Box:
    return Box(box.x + by, box.y + by, box.w - 2 * by, box.h - 2 * by)


def _dashes(box: Box, width: int, dash: int, colour: tuple[int, int, int]) -> list[Part]:
    """Draw dashes that begin and end with a whole one at each corner."""
    parts: list[Part] = []
    for length, across in ((box.w, True), (box.h, False)):
        # An odd number of equal pieces: every second one is drawn.
        pieces = max(3, length // dash // 2 * 2 + 1)
        for n in range(0, pieces, 2):
            start, end = n * length // pieces, (n + 1) * length // pieces
            if across:
                places = [
                    Box(box.x + start, box.y, end - start, width),
                    Box(box.x + start, box.bottom - width, end - start, width),
                ]
            else:
                places = [
                    Box(box.x, box.y + start, width, end - start),
                    Box(box.right - width, box.y + start, width, end - start),
                ]
            parts += [Fill(box=place, colour=colour) for place in places]
    return parts


def _state(scene: Scene, frame: Frame, room: Box, sign: Sign) -> tuple[Text, ...]:
    px = frame.px
    least = math.ceil(WORD_HEIGHT * min(frame.w, frame.h) / CAPITAL)
    line, more = state_lines(scene)
    # As large as leaves the lines below their distance.
    below = (px(4.7) if line else 0) + (px(3.2) if more else 0)
    high = px(12 if frame.standing else 11)
    wished = round((room.h - below) / (CAPITAL if " " not in scene.say(sign.word) else CAPITAL + 0.95))
    texts = [
        Text(
            text=scene.say(sign.word),
            font="heavy",
            size=max(least, min(wished, high)),
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
    return tuple(texts)


def _hints(scene: Scene, frame: Frame, box: Box, sign: Sign, taken: int, *, apart: bool) -> list[Part]:
    """Say what the button does: side by side, or below each other where the count needs the room."""
    px = frame.px
    side = min(box.h, px(1.6))
    hints: tuple[tuple[ShapeName, str], ...] = (("circle", "hint.present"), ("dot-ring", "hint.leaving"))
    width = box.w - (taken + px(1.2) if taken else 0)
    # Each as wide as its words, and what is drawn before them, ask for.
    first, second = (len(scene.say(words)) + 3 for _icon, words in hints)
    parts: list[Part] = []
    for n, (icon, words) in enumerate(hints):
        if apart:
            step = px(_TILE) - side
            place = Box(box.x, box.y + n * step, width, side)
        else:
            half = width * first // (first + second)
            place = Box(box.x + n * half, box.y, half if n == 0 else width - half, side)
        parts.append(Shape(name=icon, box=Box(place.x, place.y, side, side), colour=sign.ink))
        text = Text(
            text=scene.say(words), font="strong", size=px(1.85), least=px(1.4), shrink=True, colour=sign.ink
        )
        indent = side + px(0.8)
        gap = px(1) if n == 0 and not apart else 0
        column = Box(place.x + indent, place.y, place.w - indent - gap, side)
        parts.append(Column(box=column, ground=sign.ground, texts=(text,), down="middle"))
    return parts


def _people(frame: Frame, box: Box, sign: Sign, number: str) -> tuple[list[Part], int]:
    """Tell how many people are here, at the right end of a box.

    Returns:
        What to draw, and how wide it is.
    """
    side, size = frame.px(2), frame.px(2.3)
    digits = round(size * 0.68 * len(number))
    width = side + frame.px(0.6) + digits
    x = box.right - width
    y = box.y + (box.h - side) // 2
    text = Text(text=number, font="hours-strong", size=size, least=size, colour=sign.ink)
    place = Box(box.right - digits, y, digits, side)
    parts: list[Part] = [
        Shape(name="people", box=Box(x, y, side, side), colour=sign.ink),
        Column(box=place, ground=sign.ground, texts=(text,), across="right", down="middle"),
    ]
    return parts, width


def _counter(
    frame: Frame, box: Box, sign: Sign, count: int | None
) -> tuple[list[Part], tuple[Target, ...], int]:
    """Tell how many people are here, between places to touch for one more and one less.

    Returns:
        What to draw, where it can be touched, and how wide it is.
    """
    px = frame.px
    tile, middle = px(_TILE), px(8.4)
    # What is drawn is smaller than what can be touched.
    reach = math.ceil((px(TOUCH) - tile) / 2)
    more = Box(box.right - tile, box.y, tile, tile)
    less = Box(more.x - middle - tile, box.y, tile, tile)
    number = "\u2013" if count is None else str(count)
    between = Box(less.right, box.y, middle, tile)
    people, width = _people(frame, between, sign, number)
    # In the middle of what is between the two.
    people, _ = _people(frame, Box(between.x, between.y, (between.w + width) // 2, between.h), sign, number)
    parts: list[Part] = list(people)
    targets: list[Target] = []
    steps: list[tuple[Box, ShapeName, int]] = [(more, "plus", (count or 0) + 1)]
    if count is not None and count > 1:
        steps.append((less, "minus", count - 1))
    for place, name, people_then in steps:
        line = max(1, px(0.2))
        inset = px(1.3)
        parts += [
            Fill(box=place, colour=sign.ink, radius=px(0.9)),
            Fill(box=_inset(place, line), colour=sign.ground, radius=px(0.9) - line),
            Shape(name=name, box=_inset(place, inset), colour=sign.ink),
        ]
        reached = Box(place.x - reach, place.y - reach, place.w + 2 * reach, place.h + 2 * reach)
        targets.append(Target(reached, Count(people_then)))
    return parts, tuple(targets), box.right - less.x


def _attributes(info: RoomInfo, frame: Frame, box: Box, sign: Sign) -> list[Part]:
    parts: list[Part] = []
    x, side, gap = box.x, box.h, frame.px(1)
    if info.seats > 0:
        parts.append(Shape(name="seats", box=Box(x, box.y, side, side), colour=sign.ink))
        x += side + frame.px(0.6)
        size = round(side * 0.92)
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
