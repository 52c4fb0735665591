"""The side: the clock, the air, what runs now and comes next, and how old all this is."""

# ruff: noqa: RUF001  # the minus sign of good typography

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from events.state import Booking
from events.status import day_span
from kiosk.drawing.picture import Box, Column, Panel, Part, Target, Text
from kiosk.pages.actions import language_switch
from kiosk.pages.banner import told_quietly
from kiosk.pages.frame import CAPITAL, TOUCH, Frame
from kiosk.pages.scene import Scene
from kiosk.words import clock, full_date

AIR_OUT = 1000
"""Parts of carbon dioxide in a million from which a room should be aired: the Pettenkofer number, and the
German Umweltbundesamt's "air it" (Bundesgesundheitsblatt 51, 2008)."""


def clock_panel(scene: Scene, frame: Frame) -> Panel:
    """Show the time and the date, the air, and the way to another language."""
    theme = scene.theme
    box, px = frame.clock, frame.px
    local = scene.best.astimezone(scene.zone)
    tight = frame.crowded
    switch = scene.model.setup.touch and len(scene.model.setup.languages) > 1
    size = px(4.8 if tight else 5.4 if switch else 6.2)
    known = scene.model.time_known
    told = clock(local) if known else "--:--"
    date = full_date(scene.language, local.date()) if known else scene.say("clock-unknown")
    time_text = Text(text=told, font="hours-strong", size=size, least=px(3), colour=theme.ink)
    date_text = Text(
        text=date,
        font="text",
        size=px(2 if frame.standing else 1.9),
        least=px(1.4),
        shrink=True,
        before=px(1.3 if tight else 1.8),
        colour=theme.muted,
    )
    air = _air_text(scene, frame, before=px(1 if tight else 1.4))
    parts: list[Part] = []
    targets: list[Target] = []
    right = box.right - (frame.margin if frame.standing else px(2))
    x = box.x + frame.pad
    top = box.y + (px(2.6) if frame.standing and not tight else px(1.7) if tight else frame.margin)
    capital = round(size * _DIGIT)
    if switch:
        reach = top + capital // 2 - px(TOUCH) // 2
        drawn, target, _ = language_switch(scene, frame, right, max(box.y, reach))
        parts += drawn
        targets.append(target)
    if frame.standing:
        parts.append(Column(box=Box(x, top, px(20), capital), ground=theme.paper, texts=(time_text,)))
        below = top + capital + date_text.before
        half = (right - x) // 2 if air is not None else right - x
        parts.append(Column(box=Box(x, below, half, px(1.5)), ground=theme.paper, texts=(date_text,)))
        if air is not None:
            place = Box(x + half, below, right - x - half, px(1.5))
            parts.append(Column(box=place, ground=theme.paper, texts=(air,), across="right"))
    else:
        inner = Box(x, top, right - x, box.bottom - top)
        texts = (time_text, date_text) if air is None else (time_text, date_text, air)
        parts.append(Column(box=inner, ground=theme.paper, texts=texts))
    return Panel(name="clock", box=box, ground=theme.paper, parts=tuple(parts), targets=tuple(targets))


def _air_text(scene: Scene, frame: Frame, *, before: int) -> Text | None:
    """Tell what the air is like, and whether it is time to open a window."""
    air, theme, px = scene.air, scene.theme, frame.px
    if air is None:
        return None
    # To the nearest ten: the sensors are good for 50 ppm, and a picture that flickers says less.
    co2 = None if air.co2 is None else round(air.co2, -1)
    stale = co2 is not None and co2 >= AIR_OUT
    said: list[str] = []
    if co2 is not None and stale:
        said.append(scene.say("air.open", value=co2))
    if air.temperature is not None and not stale:
        degrees = f"{air.temperature:.1f}".replace(".", scene.say("decimal-sign")).replace("-", "−")
        said.append(scene.say("air.temperature", value=degrees))
    if air.humidity is not None and not stale:
        said.append(scene.say("air.humidity", value=round(air.humidity)))
    if co2 is not None and not stale:
        said.append(scene.say("air.co2", value=co2))
    if not said:
        return None
    return Text(
        text=" · ".join(said),
        font="strong" if stale else "text",
        size=px(1.65),
        least=px(1.3),
        shrink=True,
        before=before,
        colour=theme.ink if stale else theme.muted,
    )


_DIGIT = 0.73
"""Height of B612's digits in ems."""
_ENTRY, _LINE, _APART, _SHORT = 6.2, 2.5, 2.7, 5.7
"""Heights in units: of an entry whose title is one line, of each further line, of what is between two
entries, and of one told in short with what is before it."""


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
    pad = frame.pad
    right = box.right - (pad if frame.standing and frame.code is None else px(2))
    inner = Box(box.x + pad, box.y + px(1), right - box.x - pad, box.h - px(1))
    age_size = px(1.6)
    foot = 3.1 if frame.roomy else 1.2
    ages = tuple(
        Text(
            text=line,
            font="text",
            size=age_size,
            least=px(1.2),
            shrink=True,
            before=px(1),
            colour=theme.muted,
        )
        for line in _ages(scene)
    )
    capital = round(age_size * CAPITAL)
    age_top = box.bottom - px(foot) - capital - (len(ages) - 1) * (capital + px(1))
    age_box = Box(inner.x, age_top, inner.w, box.bottom - px(foot) + px(0.5) - age_top)
    parts: list[Part] = [Column(box=age_box, ground=theme.paper, texts=ages)]
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
    elif frame.standing and frame.code is None:
        gap = px(2.5)
        half = (upper.w - gap) // 2
        for n, entry in enumerate(entries):
            place = Box(upper.x + n * (half + gap), upper.y, half, upper.h)
            parts.append(
                Column(box=place, ground=theme.paper, texts=_entry_texts(scene, frame, entry, lines=5))
            )
    elif entries:
        texts = _stacked(scene, frame, entries, upper)
        parts.append(Column(box=upper, ground=theme.paper, texts=texts))
    return Panel(name="agenda", box=box, ground=theme.paper, parts=tuple(parts))


def _stacked(scene: Scene, frame: Frame, entries: list[_Entry], place: Box) -> tuple[Text, ...]:
    """Set entries below each other: both whole, else the second in short, else the first alone.

    How high they are is guessed: letters of a title are half an em wide.
    """
    px = frame.px
    first, *rest = entries
    height = place.h / frame.unit
    letters = max(1, place.w // px(1.12))

    def whole(entry: _Entry) -> float:
        return _ENTRY + _LINE * min(3, len(entry.title) // letters)

    lines = max(1, min(4, 1 + int((height - _ENTRY) / _LINE)))
    texts = _entry_texts(scene, frame, first, lines=lines)
    if not rest:
        return texts
    second = rest[0]
    if whole(first) + _APART + whole(second) <= height * 1.1:
        return texts + _entry_texts(scene, frame, second, lines=4, before=px(_APART))
    if min(whole(first), _ENTRY + _LINE) + _SHORT > height * 1.1:
        return texts
    label = Text(
        text=f"{second.label} · {second.hours}",
        font="text",
        size=px(1.65),
        least=px(1.3),
        before=px(2.3),
        shrink=True,
        colour=scene.theme.muted,
    )
    spare = height * 1.1 - whole(first) - _SHORT
    title = Text(
        text=second.title,
        font="strong",
        size=px(1.9),
        least=px(1.7),
        lines=max(1, 1 + int(spare / _LINE)),
        before=px(1),
        colour=scene.theme.ink,
        otherwise="—",
    )
    lines = max(1, min(4, 1 + int((height * 1.1 - _ENTRY - _SHORT) / _LINE)))
    return (*_entry_texts(scene, frame, first, lines=lines), label, title)


def _entry_texts(
    scene: Scene, frame: Frame, entry: _Entry, *, lines: int, before: int = 0
) -> tuple[Text, ...]:
    theme = scene.theme
    px = frame.px
    label = Text(
        text=entry.label,
        font="text",
        size=px(1.65),
        least=px(1.3),
        before=before,
        colour=theme.muted,
        optional=True,
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


def _ages(scene: Scene) -> list[str]:
    """Tell how old the timetable is, and what is wrong without mattering to who stands here."""
    read_at = scene.model.read_at(scene.now)
    if read_at is None:
        text = scene.say("age.never")
    elif not scene.is_today(read_at):
        text = scene.say("age.day", day=scene.near_day(read_at), hour=scene.hour(read_at))
    elif scene.minute - read_at < timedelta(minutes=1):
        text = scene.say("age.now")
    else:
        text = scene.say("age", duration=scene.duration(scene.minute - read_at))
    if not scene.model.hearing.connected(scene.now):
        text = f"{text} · {scene.say('offline')}"
    quiet = told_quietly(scene)
    return [text, " · ".join(quiet)] if quiet else [text]
