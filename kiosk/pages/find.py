"""The page that finds a room: the best one large, the next best, why not nearer, what to ask for."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.domain import RoomInfo
from events.search import Candidate, Refusal, Why, Wish
from kiosk.drawing.palette import Sign
from kiosk.drawing.picture import Box, Colour, Column, Fill, FontName, Panel, Part, Shape, ShapeName, Text
from kiosk.inbox import Ask
from kiosk.pages.buttons import HEAD, Touchable, button, cells, head_panel, page_box, toggle
from kiosk.pages.frame import TOUCH, Frame
from kiosk.pages.lines import state_lines
from kiosk.pages.scene import Scene, tidy
from kiosk.search import ANY_SEATS, MINUTES, Looser, Search
from kiosk.way import Way, way

_GROUP = 9.8
"""Least height of one line of toggles with its label, in units."""
_TALL = 8
"""Height of a toggle where there is room to spare."""
_CARD = 11.6
"""Height of the best room, in units."""
_ROW = 5.2
"""Least height of one of the next best."""
_TALL_ROW = 6.2
"""Its height where there is room to spare."""
_LINE = 2.5
"""Height of a line that says why not."""
_ENDING: frozenset[Why] = frozenset(
    {"in-use", "occupied", "booked", "out-of-order", "booked-soon", "closes-soon"}
)
"""Reasons of which it can be said until when, or from when."""
_LONG_NAME = 14
"""Letters from which on a name is long."""
_LINES = 3
"""Lines that say why not, where a room was found."""


def find_page(scene: Scene, frame: Frame) -> tuple[Panel, ...]:
    """Show the page that finds a room."""
    search, px = scene.model.visit.search, frame.px
    page = page_box(frame)
    top = px(HEAD)
    if search is None:
        body = Panel(
            name="find",
            box=Box(0, top, page.w, page.h - top),
            ground=scene.theme.paper,
            parts=(_waiting(scene, frame, Box(frame.margin, top, page.w - 2 * frame.margin, page.h - top)),),
        )
        return (head_panel(scene, frame, "find", title=scene.say("find"), more=""), body)
    head = _head(scene, frame, search)
    if frame.standing:
        height = px(3 * _GROUP + 2)
        results = Box(0, top, page.w, page.h - top - height)
        toggles = Box(0, results.bottom, page.w, height)
    else:
        width = frame.margin + px(31.5 + 1.5)
        results = Box(0, top, page.w - width, page.h - top)
        toggles = Box(results.w, top, width, page.h - top)
    return (
        head,
        _results_panel(scene, frame, search, results),
        _toggles_panel(scene, frame, search, toggles),
    )


def way_words(scene: Scene, known: Way) -> tuple[ShapeName | None, str]:
    """Tell a way in words, and the arrow that goes with it."""
    if known.near:
        arrow: ShapeName | None = None
        if known.side:
            arrow = "arrow-left" if known.side == "left" else "arrow-right"
        name = "way.near"
        if known.doors is not None:
            name = "way.next" if known.doors == 1 else "way.doors"
        if known.side:
            name = f"{name}-{known.side}"
        elif known.doors is None and known.towards:
            name = "way.near-towards"
        return arrow, scene.say(name, count=known.doors, towards=tidy(known.towards))
    parts = [scene.say("way.wing", wing=tidy(known.wing))] if known.wing else []
    if known.floor is not None:
        parts.append(_floor(scene, known.floor))
    arrow = None
    if known.rises:
        arrow = "arrow-up" if known.rises > 0 else "arrow-down"
    return arrow, ", ".join(parts)


def _floor(scene: Scene, floor: int) -> str:
    return scene.say("way.floor", floor=floor) if floor else scene.say("way.ground-floor")


def _head(scene: Scene, frame: Frame, search: Search) -> Panel:
    told_at = scene.model.hearing.others_since(scene.now)
    if told_at is not None:
        more = scene.say("find.old", duration=scene.duration(max(timedelta(), scene.minute - told_at)))
    else:
        length = scene.duration(timedelta(minutes=search.minutes))
        info = scene.model.info
        name = tidy(info.name) if info is not None and info.name else scene.model.room
        more = scene.say("find.for", duration=length, room=name)
    return head_panel(scene, frame, "find", title=scene.say("find"), more=more, loud=told_at is not None)


def _waiting(scene: Scene, frame: Frame, box: Box) -> Column:
    why = state_lines(scene)[0] if scene.model.time_known else scene.say("time-unknown")
    text = _text(frame, why, 2.8, scene.theme.muted, lines=3)
    return Column(box=box, ground=scene.theme.paper, across="centre", down="middle", texts=(text,))


# -- what was found ---------------------------------------------------------------------------


def _results_panel(scene: Scene, frame: Frame, search: Search, box: Box) -> Panel:
    px = frame.px
    gap = 0 if frame.standing else px(1.5)
    inner = Box(frame.margin, box.y + px(0.8), box.w - frame.margin - (gap or frame.margin), box.h - px(2))
    parts, touchables = (
        _found(scene, frame, search, inner) if search.answer.rooms else _nothing(scene, frame, search, inner)
    )
    for touchable in touchables:
        parts += touchable.parts
    return Panel(
        name="find",
        box=box,
        ground=scene.theme.paper,
        parts=tuple(parts),
        targets=tuple(touchable.target for touchable in touchables),
    )


def _found(scene: Scene, frame: Frame, search: Search, inner: Box) -> tuple[list[Part], list[Touchable]]:
    px = frame.px
    rooms, refused = search.answer.rooms, search.answer.refused
    card = Box(inner.x, inner.y, inner.w, px(_CARD))
    parts = _card(scene, frame, rooms[0], card)
    lines = min(len(refused), _LINES)
    below = px(_LINE * (lines + 1) + 0.6) if lines else 0
    y = card.bottom + px(0.8)
    room = max(0, inner.bottom - below - y)
    count = min(len(rooms) - 1, room // px(_ROW))
    height = min(px(_TALL_ROW), room // max(1, count))
    for candidate in rooms[1 : 1 + count]:
        parts += _row(scene, frame, candidate, Box(inner.x, y, inner.w, height))
        y += height
    if lines:
        place = Box(inner.x, y + px(0.9), inner.w, inner.bottom - y - px(0.9))
        parts += _refusals(scene, frame, refused, place, scene.say("find.nearer"))
    return parts, []


def _look(scene: Scene, candidate: Candidate) -> Sign:
    """How a room that was found looks: grey, where that is what was known some time ago."""
    if scene.model.hearing.others_since(scene.now) is not None:
        return scene.theme.signs["unknown"]
    return scene.theme.signs["released" if candidate.released else "free"]


def _card(scene: Scene, frame: Frame, candidate: Candidate, box: Box) -> list[Part]:
    """Show the best room, large."""
    px, look = frame.px, _look(scene, candidate)
    parts: list[Part] = [Fill(box=box, colour=look.frame or look.ground, radius=px(1))]
    if look.frame is not None:
        edge = max(2, px(0.3))
        inside = Box(box.x + edge, box.y + edge, box.w - 2 * edge, box.h - 2 * edge)
        parts.append(Fill(box=inside, colour=look.ground, radius=px(1) - edge))
    info, arrow, near, words = _whereabouts(scene, candidate)
    place = _place(scene, info)
    words = f"{words} · {place}" if near and place else place or words
    x, right = box.x + px(1.6), box.right - px(1.6)
    name = tidy(candidate.name) or candidate.room
    # A long name needs the place of the equipment.
    told = info if len(name) <= _LONG_NAME else None
    facts = _facts(frame, told, candidate.seats, right, box.y + px(1.5), px(2.4), look.ink, look.ground)
    parts += facts
    left_of_facts = min((part.box.x for part in facts), default=right) - px(1)
    parts.append(
        _words(
            Box(x, box.y + px(1.2), left_of_facts - x, px(3.6)),
            look.ground,
            _text(frame, name, 4.2, look.ink, font="heavy", lines=2),
            otherwise=candidate.room,
        )
    )
    y, side = box.y + px(5.6), px(2.4)
    if arrow is not None:
        parts.append(Shape(name=arrow, box=Box(x, y, side, side), colour=look.ink))
    indent = side + px(0.8) if arrow is not None else 0
    if words:
        parts.append(
            _words(
                Box(x + indent, y, right - x - indent, side),
                look.ground,
                _text(frame, words, 2.2, look.ink, font="strong"),
            )
        )
    parts.append(
        _words(
            Box(x, y + px(3), right - x, px(2.2)),
            look.ground,
            _text(frame, _until(scene, candidate), 1.9, look.ink),
        )
    )
    return parts


def _row(scene: Scene, frame: Frame, candidate: Candidate, box: Box) -> list[Part]:
    """Show one of the next best."""
    px, theme = frame.px, scene.theme
    info, arrow, _, words = _whereabouts(scene, candidate)
    ink = theme.ink if scene.model.hearing.others_since(scene.now) is None else theme.muted
    name = px(9.5)
    top = box.y + (box.h - px(3.8)) // 2
    parts: list[Part] = [
        Fill(box=Box(box.x, box.bottom - max(1, px(0.1)), box.w, max(1, px(0.1))), colour=theme.track)
    ]
    parts.append(
        _words(
            Box(box.x + px(0.4), box.y, name - px(1.2), box.h),
            theme.paper,
            _text(frame, tidy(candidate.name) or candidate.room, 2.4, ink, font="strong", lines=3),
            otherwise=candidate.room,
        )
    )
    facts = _facts(frame, None, candidate.seats, box.right, top + px(0.9), px(2), theme.muted, theme.paper)
    parts += facts
    x, side = box.x + name, px(1.8)
    right = min((part.box.x for part in facts), default=box.right) - px(0.8)
    if arrow is not None:
        parts.append(Shape(name=arrow, box=Box(x, top, side, side), colour=ink))
    indent = side + px(0.6) if arrow is not None else 0
    place = words or _place(scene, info)
    line = Box(x + indent, top, right - x - indent, side)
    if place:
        parts.append(_words(line, theme.paper, _text(frame, place, 1.7, ink)))
    until = Box(x, top + px(2.1), right - x, px(1.8))
    parts.append(_words(until, theme.paper, _text(frame, _until(scene, candidate), 1.6, theme.muted)))
    return parts


def _whereabouts(scene: Scene, candidate: Candidate) -> tuple[RoomInfo | None, ShapeName | None, bool, str]:
    """Tell what a room is, the arrow and the words of the way, and whether that is on this floor."""
    days, origin = scene.model.told.days, scene.model.info
    day = days.get(candidate.room)
    info = day.info if day is not None else None
    if info is None or origin is None:
        return info, None, False, ""
    rooms = [other.info for other in days.values() if other.info is not None and not other.retired]
    known = way(origin, info, rooms, scene.model.setup.rises)
    arrow, words = way_words(scene, known)
    return info, arrow, known.near, words


def _place(scene: Scene, info: RoomInfo | None) -> str:
    """Tell where a room is of which no way is known."""
    if info is None:
        return ""
    wing = scene.say("way.wing", wing=tidy(info.wing)) if info.wing else ""
    return ", ".join(filter(None, (wing, _floor(scene, info.number // 100) if info.number else "")))


def _until(scene: Scene, candidate: Candidate) -> str:
    name = "find.released" if candidate.released else "find.until"
    if candidate.until is None or not scene.is_today(candidate.until):
        return scene.say("find.released-rest-of-day" if candidate.released else "find.rest-of-day")
    return scene.say(name, hour=scene.hour(candidate.until))


def _facts(
    frame: Frame,
    info: RoomInfo | None,
    seats: int,
    right: int,
    y: int,
    side: int,
    ink: Colour,
    ground: Colour,
) -> list[Shape | Column]:
    """Show seats and equipment, the last one at the right."""
    parts: list[Shape | Column] = []
    names: list[ShapeName] = []
    if info is not None:
        marks: tuple[tuple[bool, ShapeName], ...] = (
            (info.whiteboard, "whiteboard"),
            (info.blackboard, "blackboard"),
            (info.projector, "projector"),
            (info.tv, "tv"),
        )
        names = [name for there, name in marks if there]
    x = right
    for name in reversed(names):
        x -= side
        parts.append(Shape(name=name, box=Box(x, y, side, side), colour=ink))
        x -= frame.px(0.9)
    if seats > 0:
        width = round(side * 0.62 * len(str(seats)))
        x -= width
        number = Text(text=str(seats), font="hours", size=round(side * 0.9), least=side // 2, colour=ink)
        parts.append(
            Column(box=Box(x, y, width, side), ground=ground, across="right", down="middle", texts=(number,))
        )
        x -= side + frame.px(0.5)
        parts.append(Shape(name="seats", box=Box(x, y, side, side), colour=ink))
    return parts


# -- what was not -----------------------------------------------------------------------------


def _nothing(scene: Scene, frame: Frame, search: Search, inner: Box) -> tuple[list[Part], list[Touchable]]:
    px, theme = frame.px, scene.theme
    length = scene.duration(timedelta(minutes=search.minutes))
    more = scene.say("find.nothing.more", duration=length)
    if not search.looser:
        shortest = scene.duration(timedelta(minutes=min(search.minutes, *MINUTES)))
        more = scene.say("find.nothing.at-all", duration=shortest)
    title = Column(
        box=Box(inner.x, inner.y + px(0.8), inner.w, px(7)),
        ground=theme.paper,
        texts=(
            _text(frame, scene.say("find.nothing"), 3.6, theme.ink, font="heavy"),
            Text(
                text=more,
                font="text",
                size=px(1.9),
                least=px(1.5),
                lines=2,
                before=px(1.5),
                colour=theme.muted,
            ),
        ),
    )
    parts: list[Part] = [title]
    touchables: list[Touchable] = []
    y = title.box.bottom
    if search.looser:
        label = Box(inner.x, y, inner.w, px(2))
        parts.append(_words(label, theme.paper, _text(frame, scene.say("find.looser"), 1.7, theme.ink)))
        y = label.bottom + px(0.4)
        # Two beside each other; four are more than anybody weighs at a door.
        few = search.looser[: 4 if frame.standing else 2]
        rows = (len(few) + 1) // 2
        place = Box(inner.x, y, inner.w, rows * px(TOUCH) + (rows - 1) * px(1))
        for box, looser in zip(cells(place, 2 if len(few) > 1 else 1, rows, px(1)), few, strict=False):
            touchables.append(_looser(scene, frame, box, search.wish, looser))
        y = place.bottom
    y += px(1.4)
    if search.answer.refused:
        place = Box(inner.x, y, inner.w, inner.bottom - y)
        parts += _refusals(scene, frame, search.answer.refused, place, scene.say("find.because"))
    return parts, touchables


def _looser(scene: Scene, frame: Frame, box: Box, wish: Wish, looser: Looser) -> Touchable:
    asked = looser.wish
    length = scene.duration(timedelta(minutes=asked.minutes or 0))
    changed = [
        name
        for name in ("minutes", "seats", "whiteboard", "blackboard", "projector")
        if getattr(asked, name) != getattr(wish, name)
    ]
    name = changed[0] if len(changed) == 1 else "anything"
    return button(
        scene,
        frame,
        box,
        scene.say(f"find.looser.{name}", duration=length),
        Ask(asked),
        more=scene.say("find.rooms", count=looser.rooms),
    )


def _refusals(scene: Scene, frame: Frame, refused: tuple[Refusal, ...], box: Box, title: str) -> list[Part]:
    """Show why rooms were not taken, the nearest first, as many as there is room for."""
    px, theme = frame.px, scene.theme
    height = px(_LINE)
    count = box.h // height - 1
    if count < 1:
        return []
    parts: list[Part] = [
        _words(
            Box(box.x, box.y, box.w, height),
            theme.paper,
            _text(frame, title, 1.7, theme.ink, font="strong"),
        )
    ]
    shown = refused[:count] if len(refused) <= count else refused[: count - 1]
    name = px(9.5)
    y = box.y + height
    for refusal in shown:
        places = (Box(box.x + px(0.4), y, name - px(1.2), height), Box(box.x + name, y, box.w - name, height))
        told = _text(frame, tidy(refusal.name) or refusal.room, 1.7, theme.ink, font="strong")
        parts.append(_words(places[0], theme.paper, told, otherwise=refusal.room))
        because = _text(frame, why_words(scene, refusal), 1.7, theme.ink)
        parts.append(_words(places[1], theme.paper, because))
        y += height
    rest = len(refused) - len(shown)
    if rest:
        place = Box(box.x + name, y, box.w - name, height)
        parts.append(
            _words(place, theme.paper, _text(frame, scene.say("find.more", count=rest), 1.7, theme.muted))
        )
    return parts


def why_words(scene: Scene, refusal: Refusal) -> str:
    """Tell why a room was not taken."""
    name = f"why.{refusal.why}"
    day = scene.model.told.days.get(refusal.room)
    seats = day.info.seats if day is not None and day.info is not None else 0
    if refusal.why == "too-small" and seats:
        return scene.say("why.too-small-seats", count=seats)
    if refusal.at is None or refusal.why not in _ENDING:
        return scene.say(name)
    return scene.say(f"{name}-until", hour=_when(scene, refusal.at))


def _when(scene: Scene, instant: datetime) -> str:
    if scene.is_today(instant):
        return scene.hour(instant)
    return scene.say("day-hour", day=scene.near_day(instant), hour=scene.hour(instant))


# -- what can be asked for --------------------------------------------------------------------


def _toggles_panel(scene: Scene, frame: Frame, search: Search, box: Box) -> Panel:
    px, theme, wish = frame.px, scene.theme, search.wish
    gap = px(0.9)
    group = max(px(_GROUP), min(px(_TALL + 3.4), (box.h - px(2)) // 3))
    left = frame.margin if frame.standing else px(1.5)
    inner = Box(box.x + left, box.y + px(0.4), box.w - left - frame.margin, box.h)
    touchables: list[Touchable] = []
    parts: list[Part] = []

    def line(number: int, label: str, columns: int) -> list[Box]:
        y = inner.y + number * group
        parts.append(
            _words(
                Box(inner.x, y, inner.w, px(2)),
                theme.paper,
                _text(frame, scene.say(label), 1.6, theme.muted),
            )
        )
        return cells(Box(inner.x, y + px(2.2), inner.w, max(px(TOUCH), group - px(3.4))), columns, 1, gap)

    for place, minutes in zip(line(0, "find.minutes", len(MINUTES)), MINUTES, strict=True):
        length = scene.duration(timedelta(minutes=minutes))
        action = Ask(replace(wish, minutes=minutes))
        touchables.append(toggle(scene, frame, place, length, action, chosen=minutes == search.minutes))
    seats: list[tuple[int | None, str]] = [
        (None, scene.say("find.seats.like-here")),
        (ANY_SEATS, scene.say("find.seats.any")),
        *((count, scene.say("find.seats.least", count=count)) for count in _seats(search)),
    ]
    for place, (count, label) in zip(line(1, "find.seats", len(seats)), seats, strict=True):
        action = Ask(replace(wish, seats=count))
        touchables.append(toggle(scene, frame, place, label, action, chosen=count == wish.seats))
    equipment: tuple[tuple[ShapeName, bool, Wish], ...] = (
        ("whiteboard", wish.whiteboard, replace(wish, whiteboard=not wish.whiteboard)),
        ("blackboard", wish.blackboard, replace(wish, blackboard=not wish.blackboard)),
        ("projector", wish.projector, replace(wish, projector=not wish.projector)),
    )
    places = line(2, "find.equipment", len(equipment))
    for place, (icon, chosen, other) in zip(places, equipment, strict=True):
        label = scene.say(f"find.{icon}")
        touchables.append(toggle(scene, frame, place, label, Ask(other), chosen=chosen, icon=icon))
    for touchable in touchables:
        parts += touchable.parts
    return Panel(
        name="find",
        box=box,
        ground=theme.paper,
        parts=tuple(parts),
        targets=tuple(touchable.target for touchable in touchables),
    )


def _seats(search: Search) -> list[int]:
    asked = search.wish.seats
    return sorted({*search.seats, asked} if asked else search.seats)


def _text(
    frame: Frame,
    text: str,
    size: float,
    colour: Colour,
    *,
    font: FontName = "text",
    lines: int = 1,
    before: float = 0,
) -> Text:
    return Text(
        text=text,
        font=font,
        size=frame.px(size),
        least=frame.px(min(size, 1.3)),
        lines=lines,
        shrink=True,
        before=frame.px(before),
        colour=colour,
    )


def _words(box: Box, ground: Colour, text: Text, *, otherwise: str = "") -> Column:
    """One line, upright in the middle of its box."""
    return Column(
        box=box,
        ground=ground,
        down="middle",
        texts=(replace(text, otherwise=otherwise),),
    )
