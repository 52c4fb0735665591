"""The page on which somebody says for how long they stay, that they stay longer, or that they leave."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from events.decide import present
from events.status import Known, closing_time, day_of
from kiosk.door.effect import would_do
from kiosk.drawing.picture import Box, Column, Fill, Panel, Part, Shape, ShapeName, Target, Text
from kiosk.inbox import Count, Leave, Stay
from kiosk.pages.buttons import HEAD, Touchable, button, cells, head_panel, page_box, spread
from kiosk.pages.frame import TOUCH, Frame
from kiosk.pages.scene import Scene

DURATIONS = (15, 30, 60, 120)
"""For how many minutes somebody can say that they stay."""
MOST_MINUTES = 24 * 60
"""Longest stay that a press can ask for (`events.domain.Press`)."""
MOST_PEOPLE = 10_000
"""Most people that can be counted (`events.wire.SetHeadcount`)."""
_MINUTE = timedelta(minutes=1)

_LYING = ((), (1,), (2,), (3,), (2, 2), (3, 2))
"""How many choices stand beside each other, by how many there are."""
_STANDING = ((), (1,), (1, 1), (2, 1), (2, 2), (2, 2, 1))

Until = Literal["", "booking", "closing"]


class Choice(Struct, frozen=True, kw_only=True):
    """A stay that can be chosen.

    Attributes:
        minutes: What the press asks for, from now.
        until: Until when somebody is then present.
        length: How much longer that is, from now or from the end of the present stay.
        ends: What ends it, where it lasts until something comes.
    """

    minutes: int
    until: datetime
    length: timedelta
    ends: Until = ""


class Offer(Struct, frozen=True, kw_only=True):
    """What the page offers.

    Attributes:
        here: Somebody is present.
        until: Until when they are, or would be by the one plain touch that is offered.
        plain: One touch says that somebody is here, and nothing can be chosen.
        confirms: The bookings which that touch confirms, or whose confirmation somebody's presence is.
        choices: For how long one can stay, or stay longer.
    """

    here: bool = False
    until: datetime | None = None
    plain: bool = False
    confirms: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()


def offer(k: Known, now: datetime, *, here: bool, closed: bool = False) -> Offer:
    """Tell what can be offered: only what the press will really do.

    Args:
        k: What is known of the room.
        now: The time, in whole minutes: what is offered changes when the clock does.
        here: Whether somebody is present.
        closed: Whether the room is closed now: nobody can say for how long they stay then.
    """
    last = k.room.last
    # The whole minute may be before the press that was made in it.
    at = now if last is None else max(now, last.pressed_at)
    plain = would_do(k, None, at)
    if plain.confirms:
        # A booking decides until when, whatever is asked for.
        return Offer(here=here, until=plain.until, plain=not here, confirms=plain.confirms)
    begin = last.until if last is not None and last.until is not None and present(last, at) else now
    if closed:
        return Offer(here=here, until=begin if here else plain.until, plain=not here)
    return Offer(here=here, until=begin if here else None, choices=_choices(k, now, _whole(begin)))


def _choices(k: Known, now: datetime, begin: datetime) -> tuple[Choice, ...]:
    booked_at = min((b.start for b in k.room.bookings.values() if b.start > now), default=None)
    closes_at = closing_time(k, now)
    ends = [at for at in (booked_at, closes_at) if at is not None]
    end = min(ends, default=None)
    choices = [
        Choice(minutes=_minutes(until - now), until=until, length=until - begin)
        for until in (begin + minutes * _MINUTE for minutes in DURATIONS)
        if end is None or until <= end
    ]
    today = end is not None and day_of(k.rules, end - _MINUTE) == day_of(k.rules, now)
    if end is not None and today and end > begin and all(choice.until != end for choice in choices):
        what: Until = "booking" if end == booked_at else "closing"
        choices.append(Choice(minutes=_minutes(end - now), until=end, length=end - begin, ends=what))
    return tuple(choice for choice in choices if choice.minutes <= MOST_MINUTES)


def _minutes(length: timedelta) -> int:
    """Count minutes, a begun one whole: what is too long is cut at the next booking's start."""
    return -(-length // _MINUTE)


def _whole(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def stay_page(scene: Scene, frame: Frame) -> tuple[Panel, ...]:
    """Show the page."""
    px = frame.px
    page = page_box(frame)
    k, status = scene.known, scene.status
    top = px(HEAD)
    body = Box(0, top, page.w, page.h - top)
    inner = Box(frame.margin, top + px(0.8), page.w - 2 * frame.margin, body.h - px(0.8 + 2.4))
    if k is None or status is None:
        # What is not known now does not keep anybody from saying what is true.
        title, more = scene.say("stay"), scene.say("stay.unknown")
        touchables = [_plain(scene, frame, _upper(frame, inner), "stay.unknown"), _leave(scene, frame, inner)]
        return head_panel(scene, frame, "stay", title=title, more=more), _body(scene, body, [], touchables)
    here = status.name in ("in_use", "occupied")
    offered = offer(k, scene.minute, here=here, closed=status.closed)
    parts: list[Part] = []
    touchables = []
    upper = _upper(frame, inner) if here else inner
    if here:
        touchables.append(_leave(scene, frame, inner))
        if scene.model.hearing.connected(scene.now):
            counter = _counter(scene, frame, inner)
            parts += counter[0]
            touchables += counter[1]
    if offered.choices:
        touchables += _grid(scene, frame, upper, offered)
    elif offered.plain:
        touchables.append(_plain(scene, frame, upper, _why_plain(scene), offered))
    else:
        parts.append(_settled(scene, frame, upper, offered))
    title, more = _title(scene, offered)
    return head_panel(scene, frame, "stay", title=title, more=more), _body(scene, body, parts, touchables)


def _upper(frame: Frame, inner: Box) -> Box:
    """What is left above the way out."""
    return Box(inner.x, inner.y, inner.w, inner.h - _lower_height(frame) - frame.px(1.6))


def _lower_height(frame: Frame) -> int:
    # Standing, the count stands above the way out.
    return frame.px(2 * TOUCH + 6 if frame.standing else TOUCH + 2.8)


def _lower(frame: Frame, inner: Box) -> tuple[Box, Box]:
    """Tell where the way out lies, and the count."""
    px, height = frame.px, _lower_height(frame)
    top = inner.bottom - height
    if frame.standing:
        leave = Box(inner.x, inner.bottom - px(TOUCH + 1.6), inner.w, px(TOUCH + 1.6))
        return leave, Box(inner.x, top, inner.w, leave.y - px(1.6) - top)
    half = (inner.w - px(2)) // 2
    return Box(inner.x, top, half, height), Box(inner.x + half + px(2), top, half, height)


def _body(scene: Scene, box: Box, parts: list[Part], touchables: list[Touchable]) -> Panel:
    drawn = (*parts, *(part for touchable in touchables for part in touchable.parts))
    targets = tuple(touchable.target for touchable in touchables)
    return Panel(name="stay", box=box, ground=scene.theme.paper, parts=drawn, targets=targets)


def _title(scene: Scene, offered: Offer) -> tuple[str, str]:
    if not offered.here:
        why = _why_plain(scene)
        return scene.say("stay"), scene.say(why or "stay.for") if why or offered.choices else _room(scene)
    until = offered.until
    more = scene.say("stay.now", hour=_hour(scene, until)) if until is not None else _room(scene)
    if offered.choices:
        return scene.say("stay.longer"), more
    return scene.say("stay.confirmed" if offered.confirms else "stay"), more


def _room(scene: Scene) -> str:
    info = scene.model.info
    return info.name if info is not None and info.name else scene.model.room


def _why_plain(scene: Scene) -> str:
    if scene.status is not None and scene.status.out_of_order:
        return "stay.out-of-order"
    return "stay.closed" if scene.status is not None and scene.status.closed else ""


def _hour(scene: Scene, instant: datetime) -> str:
    if scene.is_today(instant):
        return scene.hour(instant)
    return scene.say("day-hour", day=scene.near_day(instant), hour=scene.hour(instant))


def _grid(scene: Scene, frame: Frame, box: Box, offered: Offer) -> list[Touchable]:
    px, choices = frame.px, offered.choices
    rows = (_STANDING if frame.standing else _LYING)[len(choices)]
    gap = px(1.4)
    height = min(box.h, len(rows) * px(16) + (len(rows) - 1) * gap)
    places = spread(Box(box.x, box.y, box.w, height), rows, gap)
    return [
        _choice(scene, frame, place, choice, here=offered.here)
        for place, choice in zip(places, choices, strict=True)
    ]


def _choice(scene: Scene, frame: Frame, box: Box, choice: Choice, *, here: bool) -> Touchable:
    until = scene.say("stay.until", hour=_hour(scene, choice.until))
    size = 2.6
    if choice.ends:
        label, more = until, scene.say(f"stay.until.{choice.ends}")
    elif here:
        label, more = until, scene.say("stay.plus", duration=scene.duration(choice.length))
    else:
        label, size = scene.duration(choice.length), 4.2
        more = scene.say("stay.until.small", hour=_hour(scene, choice.until))
    return button(scene, frame, box, label, Stay(choice.minutes), more=more, strong=True, size=size)


def _plain(scene: Scene, frame: Frame, box: Box, why: str, offered: Offer | None = None) -> Touchable:
    """One large button: I am here."""
    more = scene.say(why) if why else ""
    if offered is not None and offered.confirms and offered.until is not None:
        booking = next(b for b in scene.bookings if b.id in offered.confirms)
        title = scene.title(booking)
        # Quotation marks inside quotation marks help nobody.
        quoted = title if set(title) & set('«“"') else scene.say("quoted", text=title)
        more = scene.say("stay.check-in", title=quoted, hour=_hour(scene, offered.until))
    place = Box(box.x, box.y, box.w, min(box.h, frame.px(22)))
    return button(
        scene,
        frame,
        place,
        scene.say("stay"),
        Stay(),
        more=more,
        icon="check-disc",
        strong=True,
        size=4.6 if frame.standing else 5.4,
    )


def _leave(scene: Scene, frame: Frame, inner: Box) -> Touchable:
    box = _lower(frame, inner)[0]
    more = scene.say("stay.leave.more")
    return button(scene, frame, box, scene.say("stay.leave"), Leave(), more=more, icon="leave")


def _settled(scene: Scene, frame: Frame, box: Box, offered: Offer) -> Part:
    """Say until when somebody stays, where they cannot choose."""
    px, theme = frame.px, scene.theme
    booking = next((b for b in scene.bookings if b.id in offered.confirms), None)
    texts = []
    if offered.until is not None:
        until = scene.say("stay.until", hour=_hour(scene, offered.until))
        texts.append(
            Text(text=until, font="heavy", size=px(4.4), least=px(2.4), shrink=True, colour=theme.ink)
        )
    if booking is not None:
        title = scene.title(booking)
        texts.append(
            Text(
                text=title, font="text", size=px(2.4), least=px(1.8), lines=3, before=px(2), colour=theme.ink
            )
        )
    return Column(box=box, ground=theme.paper, down="middle", texts=tuple(texts))


def _counter(scene: Scene, frame: Frame, inner: Box) -> tuple[list[Part], list[Touchable]]:
    """Show how many people are here, and one more or less to touch."""
    px, theme = frame.px, scene.theme
    box = _lower(frame, inner)[1]
    side = px(TOUCH)
    people = scene.model.headcount(scene.now)
    label = Text(
        text=scene.say("stay.people"),
        font="text",
        size=px(1.7),
        least=px(1.3),
        shrink=True,
        colour=theme.muted,
    )
    parts: list[Part] = [Column(box=Box(box.x, box.y, box.w, px(2)), ground=theme.paper, texts=(label,))]
    places = cells(Box(box.x, box.bottom - side, box.w, side), 5, 1, px(0.8))
    number = Text(
        text="–" if people is None else str(people),  # noqa: RUF001  # nobody has counted
        font="hours-strong",
        size=px(3.6),
        least=px(1.8),
        shrink=True,
        colour=theme.ink,
    )
    parts.append(Column(box=places[2], ground=theme.paper, across="centre", down="middle", texts=(number,)))
    steps = [
        _step(scene, frame, place, by, (people or 0) + by)
        for place, by in zip((*places[:2], *places[3:]), (-5, -1, 1, 5), strict=True)
        if 0 < (people or 0) + by <= MOST_PEOPLE
    ]
    return parts, steps


def _step(scene: Scene, frame: Frame, box: Box, by: int, people: int) -> Touchable:
    theme, px = scene.theme, frame.px
    side, wide = px(2), px(1.6)
    icon: ShapeName = "plus" if by > 0 else "minus"
    x = box.x + (box.w - side - (wide if abs(by) > 1 else 0)) // 2
    parts: list[Part] = [
        Fill(box=box, colour=theme.track, radius=px(1)),
        Shape(name=icon, box=Box(x, box.y + (box.h - side) // 2, side, side), colour=theme.ink),
    ]
    if abs(by) > 1:
        text = Text(text=str(abs(by)), font="hours-strong", size=px(2.6), least=px(1.6), colour=theme.ink)
        place = Box(x + side + px(0.2), box.y, wide + px(0.4), box.h)
        parts.append(Column(box=place, ground=theme.track, down="middle", texts=(text,)))
    return Touchable(tuple(parts), Target(box, Count(people)))
