"""The side: the clock, what runs now and comes next, and how old all this is."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from events.state import Booking
from events.status import day_span
from kiosk.pages.frame import CAPITAL, Frame
from kiosk.pages.scene import Scene
from kiosk.picture import Box, Column, Panel, Part, Text
from kiosk.words import clock, full_date


def clock_panel(scene: Scene, frame: Frame) -> Panel:
    """Show the time and the date."""
    theme = scene.theme
    box, px = frame.clock, frame.px
    local = scene.best.astimezone(scene.zone)
    pad = frame.margin if frame.standing else px(2.6)
    time_text = Text(text=clock(local), font="hours-strong", size=px(6.2), least=px(3), colour=theme.ink)
    date_text = Text(
        text=full_date(scene.language, local.date()),
        font="text",
        size=px(2.2 if frame.standing else 1.9),
        least=px(1.4),
        shrink=True,
        before=px(1.8),
        colour=theme.muted,
    )
    if frame.standing:
        half = (box.w - 2 * pad) // 2
        inner = Box(box.x + pad, box.y + px(3), half, box.h - px(3))
        other = Box(inner.right, inner.y, half, px(4.5))
        parts: tuple[Part, ...] = (
            Column(box=inner, ground=theme.paper, texts=(time_text,)),
            Column(box=other, ground=theme.paper, texts=(date_text,), across="right", down="bottom"),
        )
    else:
        inner = Box(box.x + pad, box.y + frame.margin, box.w - pad - px(2), box.h - frame.margin)
        parts = (Column(box=inner, ground=theme.paper, texts=(time_text, date_text)),)
    return Panel(name="clock", box=box, ground=theme.paper, parts=parts)


class _Entry(Struct, frozen=True):
    label: str
    title: str
    hours: str


def _entries(scene: Scene) -> list[_Entry]:
    entries: list[_Entry] = []
    running = scene.running
    if running is not None:
        entries.append(_Entry(scene.say("now"), scene.title(running), _hours(scene, running)))
    elif (
        scene.status is not None and scene.status.name == "occupied" and scene.known and scene.known.room.last
    ):
        last = scene.known.room.last
        if last.until is not None and not any(
            b.confirmed_at and b.start > scene.best for b in scene.bookings
        ):
            hours = scene.say("span", start=scene.hour(last.pressed_at), end=scene.hour(last.until))
            entries.append(_Entry(scene.say("now"), scene.say("walk-in"), hours))
    horizon = day_span(scene.rules.zone, scene.today + timedelta(days=1))[1]
    for b in scene.bookings:
        if len(entries) == 2:
            break
        if not scene.best < b.start < horizon:
            continue
        if not scene.is_today(b.start):
            label = scene.say("tomorrow")
        else:
            label = scene.say("then" if entries and entries[-1].label == scene.say("next") else "next")
        entries.append(_Entry(label, scene.title(b), _hours(scene, b)))
    return entries


def _hours(scene: Scene, booking: Booking) -> str:
    if booking.all_day:
        return scene.say("all-day")
    return scene.say("span", start=scene.hour(booking.start), end=scene.hour(booking.end))


def agenda_panel(scene: Scene, frame: Frame) -> Panel:
    """Show what runs now, what comes next, and how old the timetable is."""
    theme = scene.theme
    box, px = frame.agenda, frame.px
    pad = frame.margin if frame.standing else px(2.6)
    inner = Box(box.x + pad, box.y + px(1), box.w - pad - (pad if frame.standing else px(2)), box.h - px(1))
    age_size = px(1.6)
    age_top = box.bottom - px(1.2 if frame.standing else 3.1) - round(age_size * CAPITAL)
    age = Text(
        text=_age(scene),
        font="text",
        size=age_size,
        least=px(1.2),
        lines=1,
        shrink=True,
        colour=theme.muted,
    )
    age_box = Box(inner.x, age_top, inner.w, age_size)
    parts: list[Part] = [Column(box=age_box, ground=theme.paper, texts=(age,))]
    entries = _entries(scene)
    upper = Box(inner.x, inner.y, inner.w, age_top - px(1.5) - inner.y)
    if not entries and scene.model.read_at(scene.now) is not None:
        past = any(scene.is_today(b.start) for b in scene.bookings)
        text = Text(
            text=scene.say("nothing-more" if past else "nothing"),
            font="text",
            size=px(2.2),
            least=px(1.8),
            lines=3,
            colour=theme.muted,
        )
        parts.append(Column(box=upper, ground=theme.paper, texts=(text,)))
    elif frame.standing:
        gap = px(2.5)
        half = (upper.w - gap) // 2
        for n, entry in enumerate(entries):
            place = Box(upper.x + n * (half + gap), upper.y, half, upper.h)
            parts.append(
                Column(box=place, ground=theme.paper, texts=_entry_texts(scene, frame, entry, lines=5))
            )
    elif entries:
        texts: tuple[Text, ...] = ()
        for entry in entries:
            texts += _entry_texts(scene, frame, entry, lines=4, before=px(2.7) if texts else 0)
        parts.append(Column(box=upper, ground=theme.paper, texts=texts))
    return Panel(name="agenda", box=box, ground=theme.paper, parts=tuple(parts))


def _entry_texts(
    scene: Scene, frame: Frame, entry: _Entry, *, lines: int, before: int = 0
) -> tuple[Text, ...]:
    theme = scene.theme
    px = frame.px
    label = Text(
        text=entry.label, font="text", size=px(1.65), least=px(1.3), before=before, colour=theme.muted
    )
    title = Text(
        text=entry.title,
        font="strong",
        size=px(2.2),
        least=px(1.9),
        lines=lines,
        before=px(1.1),
        colour=theme.ink,
        otherwise="—",
    )
    hours = Text(
        text=entry.hours,
        font="hours",
        size=px(1.8),
        least=px(1.4),
        shrink=True,
        before=px(1.2),
        colour=theme.ink,
    )
    return label, title, hours


def _age(scene: Scene) -> str:
    read_at = scene.model.read_at(scene.now)
    if read_at is None:
        text = scene.say("age.never")
    elif not scene.is_today(read_at):
        text = scene.say("age.day", day=scene.near_day(read_at), hour=scene.hour(read_at))
    elif scene.minute - read_at < timedelta(minutes=1):
        text = scene.say("age.now")
    else:
        text = scene.say("age", duration=scene.duration(scene.minute - read_at))
    if scene.model.connected(scene.now):
        return text
    return f"{text} · {scene.say('offline')}"
