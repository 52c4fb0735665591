"""The bar of the day: low what is only booked, tall what is really used, and now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from events.state import Booking
from events.status import day_span, opening_spans
from kiosk.drawing.picture import Box, Colour, Column, Fill, Panel, Part, Shape, Text
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene


def day_panel(scene: Scene, frame: Frame, box: Box) -> Panel:
    """Show the whole day in one bar."""
    theme = scene.theme
    px = frame.px
    start, end = _day_shown(scene)
    left, width = frame.margin, box.w - 2 * frame.margin
    tight = box.h < px(8)
    track = Box(left, box.y + px(1.5 if tight else 2.1), width, px(2.6))

    def across(instant: datetime) -> int:
        share = (min(max(instant, start), end) - start) / (end - start)
        return left + round(share * width)

    now_x = across(scene.minute)
    radius = px(0.4)
    parts: list[Part] = [Fill(box=track, colour=theme.track, radius=radius)]
    if now_x > left and scene.model.time_known:
        parts.append(
            Fill(box=Box(left, track.y, now_x - left, track.h), colour=theme.track_past, radius=radius)
        )
    low = px(1.3)
    gap = max(1, px(0.1))
    for b in scene.bookings:
        if b.end <= start or b.start >= end:
            continue
        for piece in _pieces(scene, b):
            x, right = across(piece.start), across(piece.end)
            height = track.h if piece.used else low
            place = Box(x + gap, track.bottom - height, max(px(0.4), right - x - 2 * gap), height)
            parts.append(Fill(box=place, colour=piece.colour, radius=min(radius, height // 2)))
    parts += _walk_in_block(scene, across, track, radius)
    parts += _hour_labels(scene, frame, (start, end), (left, width), track.bottom + px(1 if tight else 1.2))
    if scene.model.time_known and start <= scene.minute < end:
        pole = max(2, px(0.35))
        top = track.y - px(0.9)
        parts.append(
            Fill(box=Box(now_x - pole // 2, top, pole, track.bottom + px(0.5) - top), colour=theme.accent)
        )
        knob = px(1.1)
        parts.append(
            Shape(
                name="circle",
                box=Box(now_x - knob // 2, top - knob // 2, knob, knob),
                colour=theme.accent,
            )
        )
    return Panel(name="day", box=box, ground=theme.paper, parts=tuple(parts))


def _walk_in_block(scene: Scene, across: Callable[[datetime], int], track: Box, radius: int) -> list[Part]:
    theme = scene.theme
    k, status = scene.known, scene.status
    if (
        k is None
        or status is None
        or status.name != "occupied"
        or k.room.last is None
        or k.room.last.until is None
    ):
        return []
    x = across(k.room.last.pressed_at)
    return [
        Fill(
            box=Box(x, track.y, max(2, across(k.room.last.until) - x), track.h),
            colour=theme.used,
            radius=radius,
        )
    ]


class _Piece(Struct, frozen=True):
    start: datetime
    end: datetime
    used: bool
    colour: Colour


def _pieces(scene: Scene, booking: Booking) -> list[_Piece]:
    """Tell which part of a booking was, or is thought to be, really used."""
    theme = scene.theme
    past, running = booking.end <= scene.best, booking.start <= scene.best
    if booking.confirmed_at is None:
        colour = theme.planned_past if past else theme.waiting if running else theme.planned
        return [_Piece(booking.start, booking.end, used=False, colour=colour)]
    left_at = scene.status.left_at if scene.status and scene.status.booking == booking.id else None
    if left_at is None:
        return [
            _Piece(
                booking.start,
                booking.end,
                used=True,
                colour=theme.used_past if past else theme.used,
            )
        ]
    left_at = max(left_at, booking.start)
    used = _Piece(booking.start, left_at, used=True, colour=theme.used_past)
    return [used, _Piece(left_at, booking.end, used=False, colour=theme.waiting)]


def _hour_labels(
    scene: Scene, frame: Frame, span: tuple[datetime, datetime], place: tuple[int, int], top: int
) -> list[Part]:
    theme = scene.theme
    start, end = span
    px = frame.px
    size = px(1.5)
    hours = max(1, round((end - start) / timedelta(hours=1)))
    left, width = place
    step = next((step for step in (1, 2, 3, 4, 6) if step * width / hours >= 4.2 * frame.unit), 6)
    parts: list[Part] = []
    instant = start
    while instant <= end:
        local = instant.astimezone(scene.zone)
        if local.minute == 0 and local.hour % step == 0:
            half = px(2.4)
            x = left + round((instant - start) / (end - start) * width)
            text = Text(
                text=scene.hour(instant),
                font="hours",
                size=size,
                least=px(1.1),
                shrink=True,
                colour=theme.muted,
            )
            parts.append(
                Column(
                    box=Box(x - half, top, 2 * half, px(1.15)),
                    ground=theme.paper,
                    texts=(text,),
                    across="centre",
                )
            )
        instant += timedelta(minutes=30)
    return parts


def _day_shown(scene: Scene) -> tuple[datetime, datetime]:
    """Tell which hours the bar shows: opening hours, or 8 to 20, and whatever lies outside."""
    midnight, next_midnight = day_span(scene.rules.zone, scene.today)
    spans = opening_spans(scene.rules.hours, scene.rules.zone, scene.today)
    open_all_day = not spans or (spans[0][0] <= midnight and spans[-1][1] >= next_midnight)
    local = datetime.combine(scene.today, datetime.min.time(), scene.zone)
    if open_all_day:
        start, end = local.replace(hour=8), local.replace(hour=20)
    else:
        start, end = spans[0][0], spans[-1][1]
    instants = [scene.minute] if scene.model.time_known else []
    for b in scene.bookings:
        if not b.all_day and b.end > midnight and b.start < next_midnight:
            instants += [max(b.start, midnight), min(b.end, next_midnight)]
    start, end = min([start, *instants]), max([end, *instants])
    hour_long = timedelta(hours=1)
    start = midnight + (start - midnight) // hour_long * hour_long
    end = midnight - (midnight - end) // hour_long * hour_long
    return max(start, midnight), min(end, next_midnight)
