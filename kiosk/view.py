"""What a door shows: from the model to a full description of the picture, pure.

A `ViewModel` is made of panels that do not overlap; equal view models are equal pictures, and only
panels that differ need be drawn anew. Lengths are whole pixels, colours (red, green, blue) from 0
to 255. Texts are laid out by whoever draws (`kiosk.screen`), within the limits told here.

Each sign has a word, a shape and a colour of its own, none of which is needed to read the others;
the bar of the day tells in height, too, what is only booked (low) and what is really used (tall).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.domain import RoomInfo
from events.state import Booking
from events.status import Known, Status, StatusName, closing_time, day_of, day_span, opening_spans, status_at
from kiosk.model import Feedback, Model
from kiosk.words import Language, clock, duration, full_date, hour, near_day, say

Colour = tuple[int, int, int]
Size = tuple[int, int]
FontName = Literal["text", "strong", "heavy", "hours", "hours-strong"]
ShapeName = Literal[
    "circle",
    "half-circle",
    "square",
    "triangle",
    "hollow-triangle",
    "question",
    "moon",
    "cross",
    "warning",
    "check",
    "check-disc",
    "tray",
    "dot-ring",
    "seats",
    "whiteboard",
    "blackboard",
    "projector",
    "tv",
]
SignName = Literal["free", "soon", "taken", "booked", "released", "unknown", "closed", "out-of-order"]
PanelName = Literal["field", "clock", "agenda", "answer", "day", "banner"]

INK: Colour = (20, 22, 26)
WHITE: Colour = (255, 255, 255)
PAPER: Colour = (247, 245, 240)
MUTED: Colour = (88, 93, 101)
TRACK: Colour = (228, 224, 214)
TRACK_PAST: Colour = (214, 209, 197)
SLATE: Colour = (134, 145, 158)
SLATE_PAST: Colour = (184, 189, 194)
RED_PAST: Colour = (205, 142, 150)
BLUE: Colour = (16, 62, 140)
AMBER: Colour = (255, 200, 40)


class Sign(Struct, frozen=True):
    """How a status looks from afar.

    Attributes:
        word: Name of its word in the catalogues.
        ground: Colour of the field.
        ink: Colour of what stands on it.
        frame: Colour of a frame around the field, where it has one.
    """

    word: str
    shape: ShapeName
    ground: Colour
    ink: Colour
    frame: Colour | None = None


ORANGE: Colour = (245, 133, 31)
RED: Colour = (176, 13, 43)

SIGNS: dict[SignName, Sign] = {
    "free": Sign("sign.free", "circle", (47, 199, 122), INK),
    "soon": Sign("sign.soon", "half-circle", (255, 224, 46), INK),
    "taken": Sign("sign.taken", "square", RED, WHITE),
    "booked": Sign("sign.booked", "triangle", ORANGE, INK),
    "released": Sign("sign.released", "hollow-triangle", (255, 233, 208), INK, ORANGE),
    "unknown": Sign("sign.unknown", "question", (74, 81, 91), WHITE),
    "closed": Sign("sign.closed", "moon", (22, 38, 74), WHITE),
    "out-of-order": Sign("sign.out-of-order", "cross", (106, 44, 145), WHITE),
}

_SIGN_OF: dict[StatusName, SignName] = {
    "free": "free",
    "soon": "soon",
    "in_use": "taken",
    "occupied": "taken",
    "booked": "booked",
    "unknown": "unknown",
}


def sign_of(status: Status | None) -> SignName:
    """Tell which sign a status is shown by; None is a room of which nothing is known."""
    if status is None:
        return "unknown"
    if status.out_of_order:
        return "out-of-order"
    if status.closed:
        return "closed"
    return "released" if status.released else _SIGN_OF[status.name]


# -- what a picture is made of ----------------------------------------------------------------


class Box(Struct, frozen=True):
    """A rectangle."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column to the right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.h


class Fill(Struct, frozen=True, kw_only=True):
    """A filled rectangle, its corners rounded by ``radius``."""

    box: Box
    colour: Colour
    radius: int = 0


class Shape(Struct, frozen=True, kw_only=True):
    """A sign or an icon, as large as the box allows, in one colour."""

    name: ShapeName
    box: Box
    colour: Colour


class Ring(Struct, frozen=True, kw_only=True):
    """A ring that is filled clockwise from the top.

    Attributes:
        share: How much of it, 0 to 1.
        track: Colour of the rest.
    """

    box: Box
    share: float
    colour: Colour
    track: Colour


class Text(Struct, frozen=True, kw_only=True):
    """A paragraph.

    Attributes:
        text: One line of text; it is broken into lines where it is drawn.
        size: Wished size of the font (its em).
        least: The size below which it is rather cut, with an ellipsis.
        lines: At most so many lines.
        shrink: Becomes smaller before it is broken; else it is broken before it becomes smaller.
        before: Distance of the capitals' tops from the base line above.
        optional: May be left out where there is no room.
        otherwise: What is shown if the font has no glyph for any of it.
    """

    text: str
    font: FontName
    size: int
    least: int
    colour: Colour
    lines: int = 1
    shrink: bool = False
    before: int = 0
    optional: bool = False
    otherwise: str = ""


class Column(Struct, frozen=True, kw_only=True):
    """Paragraphs below each other: the capitals of the first touch the top of the box.

    Attributes:
        ground: The colour it stands on.
    """

    box: Box
    ground: Colour
    texts: tuple[Text, ...]
    across: Literal["left", "centre", "right"] = "left"
    down: Literal["top", "middle", "bottom"] = "top"


Part = Fill | Shape | Ring | Column


class Panel(Struct, frozen=True, kw_only=True):
    """A part of the screen that is drawn at once: its ground, then its parts in order."""

    name: PanelName
    box: Box
    ground: Colour
    parts: tuple[Part, ...] = ()


class ViewModel(Struct, frozen=True, kw_only=True):
    """A picture.

    Attributes:
        sign: Which sign it shows.
        word: Its word.
        shape: Its shape.
        colour: Its colour.
        size: Width and height.
        panels: They cover the whole picture and do not overlap.
    """

    sign: SignName
    word: str
    shape: ShapeName
    colour: Colour
    size: Size
    panels: tuple[Panel, ...]

    def columns(self) -> Iterator[Column]:
        """Give all texts with their places."""
        for panel in self.panels:
            for part in panel.parts:
                if isinstance(part, Column):
                    yield part

    def texts(self) -> list[str]:
        """List all that can be read, in the order in which it is drawn."""
        return [text.text for column in self.columns() for text in column.texts]


def luminance(colour: Colour) -> float:
    """Tell how light a colour is, 0 to 1 (relative luminance, WCAG 2.2)."""
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Tell how well one colour stands out from another, 1 to 21 (contrast ratio, WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


# -- the whole picture ------------------------------------------------------------------------


def view(model: Model, now: datetime, size: Size, language: Language) -> ViewModel:
    """Describe the picture.

    Args:
        model: What the door knows.
        now: The door's wall clock.
        size: Width and height of the screen in pixels.
        language: In which language.
    """
    scene = _Scene(model, now, language)
    banner = _banner(scene)
    frame = _Frame(size, has_banner=banner is not None)
    sign = SIGNS[scene.sign]
    panels = [
        _field(scene, frame, sign),
        _clock(scene, frame),
        _answer(scene, frame, model.feedback) if model.feedback else _agenda(scene, frame),
        _day(scene, frame),
    ]
    if banner is not None:
        panels.append(_banner_panel(frame, *banner))
    return ViewModel(
        sign=scene.sign,
        word=say(language, sign.word),
        shape=sign.shape,
        colour=sign.ground,
        size=size,
        panels=tuple(panels),
    )


class _Scene:
    """One look at the model: what all panels ask about it.

    ``minute`` is the time that texts count from: they change when the clock does, not in between.
    """

    def __init__(self, model: Model, now: datetime, language: Language) -> None:
        self.model, self.now, self.language = model, now, language
        self.best = model.time(now)
        self.minute = self.best.replace(second=0, microsecond=0)
        self.rules = model.rules_shown
        self.zone = ZoneInfo(self.rules.zone)
        self.today = day_of(self.rules, self.best)
        self.known: Known | None = model.known(now)
        self.status: Status | None = status_at(self.known, self.best) if self.known else None
        self.sign: SignName = sign_of(self.status)
        self.bookings: list[Booking] = (
            sorted(self.known.room.bookings.values(), key=lambda b: (b.start, b.end, b.id))
            if self.known
            else []
        )

    def say(self, name: str, **places: object) -> str:
        return say(self.language, name, **places)

    def hour(self, instant: datetime) -> str:
        return hour(self.language, instant.astimezone(self.zone))

    def duration(self, length: timedelta) -> str:
        return duration(self.language, length)

    def is_today(self, instant: datetime) -> bool:
        return day_of(self.rules, instant) == self.today

    def near_day(self, instant: datetime) -> str:
        return near_day(self.language, day_of(self.rules, instant), self.today)

    def on_day(self, name: str, instant: datetime, **places: object) -> str:
        """Tell a text with an hour, and with its day where that is not today."""
        if instant == day_span(self.rules.zone, self.today)[1]:
            return self.say(name, hour=self.say("midnight"), **places)
        if self.is_today(instant):
            return self.say(name, hour=self.hour(instant), **places)
        return self.say(f"{name}-day", hour=self.hour(instant), day=self.near_day(instant), **places)

    def title(self, booking: Booking) -> str:
        day = self.model.day
        of_id = {b.id: b.title for b in day.bookings} if day else {}
        return tidy(of_id.get(booking.id) or "") or self.say("untitled")

    @property
    def running(self) -> Booking | None:
        if self.known is None or self.status is None or self.status.booking is None:
            return None
        return self.known.room.bookings[self.status.booking]


def tidy(text: str) -> str:
    """Make one line of a title as people write them: no control characters, no loose signs.

    A blank before a double sign (``:;!?»``) must not break, as French has it.
    """
    kept = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    kept = "".join(char for char in kept if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    kept = " ".join(kept.split())
    for sign in ":;!?»":
        kept = kept.replace(f" {sign}", f"\u00a0{sign}")
    return kept.replace("« ", "«\u00a0")


class _Frame:
    """Where the panels lie: a grid of units, composed for lying and for standing screens."""

    def __init__(self, size: Size, *, has_banner: bool) -> None:
        self.w, self.h = size
        self.standing = self.h > self.w
        self.unit = min(self.w / 45, self.h / 80) if self.standing else min(self.w / 80, self.h / 48)
        self.margin = self.px(3)
        self.has_banner = has_banner
        banner = self.px(5) if has_banner else 0
        strip = self.px(7 if has_banner and not self.standing else 8.4)
        bottom = self.h - banner - strip
        self.day = Box(0, bottom, self.w, strip)
        self.banner = Box(0, self.h - banner, self.w, banner)
        if self.standing:
            clock_h = self.px(9.5)
            agenda_h = self.px(19)
            self.field = Box(0, 0, self.w, bottom - agenda_h - clock_h)
            self.clock = Box(0, self.field.bottom, self.w, clock_h)
            self.agenda = Box(0, self.clock.bottom, self.w, agenda_h)
        else:
            field_w = round(self.w * 0.62)
            clock_h = self.px(12.4)
            self.field = Box(0, 0, field_w, bottom)
            self.clock = Box(field_w, 0, self.w - field_w, clock_h)
            self.agenda = Box(field_w, clock_h, self.w - field_w, bottom - clock_h)

    def px(self, units: float) -> int:
        """Turn units of the grid into pixels."""
        return round(units * self.unit)


CAPITAL = 0.668
"""Height of Atkinson Hyperlegible's capitals in ems (its OS/2 table)."""
WORD_HEIGHT = 0.12
"""Least height of the state word's capitals, as a share of the screen's shorter side."""


def _field(scene: _Scene, frame: _Frame, sign: Sign) -> Panel:
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
    line, more = _lines(scene)
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


def _hint(scene: _Scene, frame: _Frame, box: Box, sign: Sign) -> list[Part]:
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


def _attributes(info: RoomInfo, frame: _Frame, box: Box, sign: Sign) -> list[Part]:
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


# -- the words below the state ----------------------------------------------------------------


def _lines(scene: _Scene) -> tuple[str, str]:
    """Tell until when, and what else is worth knowing."""
    status, k = scene.status, scene.known
    if status is None or k is None:
        waiting = (
            scene.model.rules is None or not scene.model.connected(scene.now) or scene.model.named is not None
        )
        return scene.say("unknown.waiting" if waiting else "unknown.no-room"), scene.say("unknown.knock")
    if status.out_of_order:
        return _out_of_order(scene, k)
    if status.closed:
        return _closed(scene, k), ""
    match status.name:
        case "free":
            return _free(scene, k)
        case "soon":
            start = next(b.start for b in scene.bookings if b.start > scene.best)
            left = scene.say("soon.in", duration=scene.duration(start - scene.minute))
            return scene.say("soon.booked", hour=scene.hour(start)), left
        case "occupied":
            return _occupied(scene, k)
        case "in_use":
            return _in_use(scene, k)
        case "booked":
            return _booked(scene, k, status)
        case "unknown":
            read_at = scene.model.read_at(scene.now)
            knock = scene.say("unknown.knock")
            if read_at is None:
                return scene.say("unknown.never"), knock
            return scene.on_day("unknown.since", read_at), knock


def _free(scene: _Scene, k: Known) -> tuple[str, str]:
    booked_at = min((b.start for b in scene.bookings if b.start > scene.best), default=None)
    closes_at = closing_time(k, scene.best)
    ends = [at for at in (booked_at, closes_at) if at is not None and scene.is_today(at)]
    if not ends:
        return scene.say("free.rest-of-day"), ""
    closes = scene.say("free.closes", hour=scene.hour(min(ends))) if min(ends) == closes_at else ""
    return scene.say("until", hour=scene.hour(min(ends))), closes


def _occupied(scene: _Scene, k: Known) -> tuple[str, str]:
    last = k.room.last
    assert last is not None
    assert last.until is not None
    early = timedelta(minutes=k.rules.policy.check_in_before)
    for b in scene.bookings:
        if b.confirmed_at is not None and b.start - early <= scene.best < b.start:
            return scene.on_day("until", last.until), scene.say("occupied.early", hour=scene.hour(b.start))
    pressed = scene.say("occupied.pressed", hour=scene.hour(last.pressed_at))
    return scene.on_day("occupied.walk-in", last.until), pressed


def _in_use(scene: _Scene, k: Known) -> tuple[str, str]:
    booking, last = scene.running, k.room.last
    assert booking is not None
    if not booking.due and last is not None and last.until is not None:
        return scene.on_day("until", last.until), scene.say(
            "occupied.pressed", hour=scene.hour(last.pressed_at)
        )
    confirmed = booking.confirmed_at
    more = scene.say("in-use.confirmed", hour=scene.hour(confirmed)) if confirmed else ""
    return scene.on_day("until", booking.end), more


def _booked(scene: _Scene, k: Known, status: Status) -> tuple[str, str]:
    booking = scene.running
    assert booking is not None
    if booking.all_day:
        return scene.say("booked.all-day"), scene.say("unknown.knock")
    if booking.unsure:
        return scene.on_day("until", booking.end), scene.say("booked.unsure")
    until = scene.on_day("until", booking.end)
    if status.left_at is not None:
        name = "released.left" if status.released else "booked.left"
        return until, scene.say(name, hour=scene.hour(status.left_at))
    if status.released:
        return until, scene.say("released.nobody")
    if status.warning:
        freed_at = booking.start + timedelta(minutes=k.rules.policy.release_after)
        return until, scene.say("booked.warning", duration=scene.duration(freed_at - scene.minute))
    if booking.confirmed_at is None:
        return until, scene.say("booked.nobody")
    return until, ""


def _out_of_order(scene: _Scene, k: Known) -> tuple[str, str]:
    closure = k.room.closure
    day = scene.model.day
    reason = tidy(day.closure.reason or "") if day and day.closure else ""
    until = closure.until if closure else None
    line = scene.on_day("until", until) if until else scene.say("until-further-notice")
    return line, scene.say("quoted", text=reason) if reason else ""


def _closed(scene: _Scene, k: Known) -> str:
    if k.room.retired:
        return scene.say("closed.retired")
    opens_at = _opening_time(scene, k)
    return scene.on_day("closed.opens", opens_at) if opens_at else scene.say("until-further-notice")


def _opening_time(scene: _Scene, k: Known) -> datetime | None:
    """Tell when the room opens next, looking four weeks ahead."""
    for ahead in range(28):
        day = scene.today + timedelta(days=ahead)
        for start in (
            day_span(k.rules.zone, day)[0],
            *(s for s, _ in opening_spans(k.rules.hours, k.rules.zone, day)),
        ):
            if start > scene.best and not status_at(k, start).closed:
                return start
    return None


# -- the side ---------------------------------------------------------------------------------


def _clock(scene: _Scene, frame: _Frame) -> Panel:
    box, px = frame.clock, frame.px
    local = scene.best.astimezone(scene.zone)
    pad = frame.margin if frame.standing else px(2.6)
    time_text = Text(text=clock(local), font="hours-strong", size=px(6.2), least=px(3), colour=INK)
    date_text = Text(
        text=full_date(scene.language, local.date()),
        font="text",
        size=px(2.2 if frame.standing else 1.9),
        least=px(1.4),
        shrink=True,
        before=px(1.8),
        colour=MUTED,
    )
    if frame.standing:
        half = (box.w - 2 * pad) // 2
        inner = Box(box.x + pad, box.y + px(3), half, box.h - px(3))
        other = Box(inner.right, inner.y, half, px(4.5))
        parts: tuple[Part, ...] = (
            Column(box=inner, ground=PAPER, texts=(time_text,)),
            Column(box=other, ground=PAPER, texts=(date_text,), across="right", down="bottom"),
        )
    else:
        inner = Box(box.x + pad, box.y + frame.margin, box.w - pad - px(2), box.h - frame.margin)
        parts = (Column(box=inner, ground=PAPER, texts=(time_text, date_text)),)
    return Panel(name="clock", box=box, ground=PAPER, parts=parts)


class _Entry(Struct, frozen=True):
    label: str
    title: str
    hours: str


def _entries(scene: _Scene) -> list[_Entry]:
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


def _hours(scene: _Scene, booking: Booking) -> str:
    if booking.all_day:
        return scene.say("all-day")
    return scene.say("span", start=scene.hour(booking.start), end=scene.hour(booking.end))


def _agenda(scene: _Scene, frame: _Frame) -> Panel:
    box, px = frame.agenda, frame.px
    pad = frame.margin if frame.standing else px(2.6)
    inner = Box(box.x + pad, box.y + px(1), box.w - pad - (pad if frame.standing else px(2)), box.h - px(1))
    age_size = px(1.6)
    age_top = box.bottom - px(1.2 if frame.standing else 3.1) - round(age_size * CAPITAL)
    age = Text(
        text=_age(scene), font="text", size=age_size, least=px(1.2), lines=1, shrink=True, colour=MUTED
    )
    age_box = Box(inner.x, age_top, inner.w, age_size)
    parts: list[Part] = [Column(box=age_box, ground=PAPER, texts=(age,))]
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
            colour=MUTED,
        )
        parts.append(Column(box=upper, ground=PAPER, texts=(text,)))
    elif frame.standing:
        gap = px(2.5)
        half = (upper.w - gap) // 2
        for n, entry in enumerate(entries):
            place = Box(upper.x + n * (half + gap), upper.y, half, upper.h)
            parts.append(Column(box=place, ground=PAPER, texts=_entry_texts(frame, entry, lines=5)))
    elif entries:
        texts: tuple[Text, ...] = ()
        for entry in entries:
            texts += _entry_texts(frame, entry, lines=4, before=px(2.7) if texts else 0)
        parts.append(Column(box=upper, ground=PAPER, texts=texts))
    return Panel(name="agenda", box=box, ground=PAPER, parts=tuple(parts))


def _entry_texts(frame: _Frame, entry: _Entry, *, lines: int, before: int = 0) -> tuple[Text, ...]:
    px = frame.px
    label = Text(text=entry.label, font="text", size=px(1.65), least=px(1.3), before=before, colour=MUTED)
    title = Text(
        text=entry.title,
        font="strong",
        size=px(2.2),
        least=px(1.9),
        lines=lines,
        before=px(1.1),
        colour=INK,
        otherwise="—",
    )
    hours = Text(
        text=entry.hours, font="hours", size=px(1.8), least=px(1.4), shrink=True, before=px(1.2), colour=INK
    )
    return label, title, hours


def _age(scene: _Scene) -> str:
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


# -- the answer to a press --------------------------------------------------------------------


def _answer(scene: _Scene, frame: _Frame, feedback: Feedback) -> Panel:
    box, px = frame.agenda, frame.px
    ground = INK if feedback.told in ("kept", "refused") else BLUE
    pad = frame.margin if frame.standing else px(2.6)
    side = px(7)
    icon_box = Box(box.x + pad, box.y + px(2.6), side, side)
    title, more = _answer_words(scene, feedback)
    if frame.standing:
        x = icon_box.right + px(2.5)
        words = Box(x, icon_box.y + px(0.5), box.right - pad - x, box.bottom - px(2) - icon_box.y - px(0.5))
    else:
        top = icon_box.bottom + px(2.4)
        words = Box(box.x + pad, top, box.w - pad - px(2), box.bottom - px(1.5) - top)
    column = Column(
        box=words,
        ground=ground,
        texts=(
            Text(text=title, font="heavy", size=px(3.2), least=px(2.2), lines=2, shrink=True, colour=WHITE),
            Text(
                text=more,
                font="text",
                size=px(2),
                least=px(1.6),
                lines=4,
                before=px(1.6),
                colour=WHITE,
            ),
        ),
    )
    return Panel(
        name="answer", box=box, ground=ground, parts=(*_answer_icon(scene, feedback, icon_box), column)
    )


def _answer_icon(scene: _Scene, feedback: Feedback, box: Box) -> list[Part]:
    inset = box.w * 3 // 10
    inner = Box(box.x + inset, box.y + inset, box.w - 2 * inset, box.h - 2 * inset)
    track = (70, 110, 178)
    match feedback.told:
        case "touched":
            ring = Ring(box=box, share=scene.model.held(scene.now), colour=WHITE, track=track)
            return [ring, Shape(name="circle", box=inner, colour=WHITE)]
        case "sending":
            share = 1.0 if feedback.intent == "leaving" else 0.0
            ring = Ring(box=box, share=share, colour=WHITE, track=track)
            return [ring, Shape(name="circle", box=inner, colour=WHITE)]
        case "noted":
            return [
                Ring(box=box, share=0.0, colour=WHITE, track=track),
                Shape(name="check", box=inner, colour=WHITE),
            ]
        case "recorded":
            return [Shape(name="check-disc", box=box, colour=WHITE)]
        case "kept":
            return [Shape(name="tray", box=box, colour=AMBER)]
        case "refused":
            return [Shape(name="warning", box=box, colour=AMBER)]


def _answer_words(scene: _Scene, feedback: Feedback) -> tuple[str, str]:
    told, intent = feedback.told, feedback.intent or "present"
    if told == "touched":
        return scene.say("told.touched"), scene.say("told.touched.more")
    if told in ("sending", "noted", "kept"):
        return scene.say(f"told.{told}.{intent}"), scene.say(f"told.{told}.more")
    if told == "refused":
        code = feedback.code if feedback.code in ("too-fast", "server") else "other"
        return scene.say("told.refused"), scene.say(f"told.refused.{code}")
    effect = feedback.effect or "none"
    if effect in ("left", "none", "superseded"):
        return scene.say(f"told.{effect}"), scene.say(f"told.{effect}.more")
    until = feedback.present_until
    more = scene.say("told.until", hour=scene.hour(until)) if until else scene.say("told.recorded")
    return scene.say(f"told.{effect}"), more


# -- the bar of the day -----------------------------------------------------------------------


def _day(scene: _Scene, frame: _Frame) -> Panel:
    box, px = frame.day, frame.px
    start, end = _day_shown(scene)
    left, width = frame.margin, frame.w - 2 * frame.margin
    tight = box.h < px(8)
    track = Box(left, box.y + px(1.5 if tight else 2.1), width, px(2.6))

    def across(instant: datetime) -> int:
        share = (min(max(instant, start), end) - start) / (end - start)
        return left + round(share * width)

    now_x = across(scene.minute)
    radius = px(0.4)
    parts: list[Part] = [Fill(box=track, colour=TRACK, radius=radius)]
    if now_x > left:
        parts.append(Fill(box=Box(left, track.y, now_x - left, track.h), colour=TRACK_PAST, radius=radius))
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
    parts += _hour_labels(scene, frame, (start, end), across, track.bottom + px(1.2))
    if start <= scene.minute < end:
        pole = max(2, px(0.35))
        top = track.y - px(0.9)
        parts.append(Fill(box=Box(now_x - pole // 2, top, pole, track.bottom + px(0.5) - top), colour=BLUE))
        knob = px(1.1)
        parts.append(
            Shape(name="circle", box=Box(now_x - knob // 2, top - knob // 2, knob, knob), colour=BLUE)
        )
    return Panel(name="day", box=box, ground=PAPER, parts=tuple(parts))


def _walk_in_block(scene: _Scene, across: Callable[[datetime], int], track: Box, radius: int) -> list[Part]:
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
        Fill(box=Box(x, track.y, max(2, across(k.room.last.until) - x), track.h), colour=RED, radius=radius)
    ]


class _Piece(Struct, frozen=True):
    start: datetime
    end: datetime
    used: bool
    colour: Colour


def _pieces(scene: _Scene, booking: Booking) -> list[_Piece]:
    """Tell which part of a booking was, or is thought to be, really used."""
    past, running = booking.end <= scene.best, booking.start <= scene.best
    if booking.confirmed_at is None:
        colour = SLATE_PAST if past else ORANGE if running else SLATE
        return [_Piece(booking.start, booking.end, used=False, colour=colour)]
    left_at = scene.status.left_at if scene.status and scene.status.booking == booking.id else None
    if left_at is None:
        return [_Piece(booking.start, booking.end, used=True, colour=RED_PAST if past else RED)]
    left_at = max(left_at, booking.start)
    used = _Piece(booking.start, left_at, used=True, colour=RED_PAST)
    return [used, _Piece(left_at, booking.end, used=False, colour=ORANGE)]


def _hour_labels(
    scene: _Scene, frame: _Frame, span: tuple[datetime, datetime], across: Callable[[datetime], int], top: int
) -> list[Part]:
    start, end = span
    px = frame.px
    size = px(1.5)
    hours = max(1, round((end - start) / timedelta(hours=1)))
    width = (frame.w - 2 * frame.margin) / hours
    step = next((step for step in (1, 2, 3, 4, 6) if step * width >= 4.2 * frame.unit), 6)
    parts: list[Part] = []
    instant = start
    while instant <= end:
        local = instant.astimezone(scene.zone)
        if local.minute == 0 and local.hour % step == 0:
            half = px(2.4)
            x = across(instant)
            text = Text(
                text=scene.hour(instant), font="hours", size=size, least=px(1.1), shrink=True, colour=MUTED
            )
            parts.append(
                Column(
                    box=Box(x - half, top, 2 * half, size),
                    ground=PAPER,
                    texts=(text,),
                    across="centre",
                )
            )
        instant += timedelta(minutes=30)
    return parts


def _day_shown(scene: _Scene) -> tuple[datetime, datetime]:
    """Tell which hours the bar shows: opening hours, or 8 to 20, and whatever lies outside."""
    midnight, next_midnight = day_span(scene.rules.zone, scene.today)
    spans = opening_spans(scene.rules.hours, scene.rules.zone, scene.today)
    open_all_day = not spans or (spans[0][0] <= midnight and spans[-1][1] >= next_midnight)
    local = datetime.combine(scene.today, datetime.min.time(), scene.zone)
    if open_all_day:
        start, end = local.replace(hour=8), local.replace(hour=20)
    else:
        start, end = spans[0][0], spans[-1][1]
    instants = [scene.best]
    for b in scene.bookings:
        if not b.all_day and b.end > midnight and b.start < next_midnight:
            instants += [max(b.start, midnight), min(b.end, next_midnight)]
    start, end = min([start, *instants]), max([end, *instants])
    hour_long = timedelta(hours=1)
    start = midnight + (start - midnight) // hour_long * hour_long
    end = midnight - (midnight - end) // hour_long * hour_long
    return max(start, midnight), min(end, next_midnight)


# -- what is told loudly ----------------------------------------------------------------------


def _banner(scene: _Scene) -> tuple[str, str] | None:
    model = scene.model
    since = model.cut_off_since(scene.now)
    if since is not None:
        if model.link == "refused":
            return scene.say("refused-door"), scene.say("refused-door.more")
        count = len(model.pending)
        kept = "cut-off.more" if count == 0 else "cut-off.pending-one" if count == 1 else "cut-off.pending"
        more = scene.say(kept, count=count)
        if model.heard_at is None:
            return scene.say("cut-off.never"), more
        return scene.on_day("cut-off", since), more
    faults = {fault.what for fault in model.faults}
    if "disk" in faults:
        return scene.say("disk"), scene.say("disk.more")
    if "button" in faults:
        return scene.say("button"), scene.say("button.more")
    if model.stuck:
        return scene.say("stuck"), scene.say("stuck.more")
    read_at = model.read_at(scene.now)
    if read_at is not None and model.stale(scene.now):
        return scene.on_day("stale", read_at), scene.say("stale.more")
    return None


def _banner_panel(frame: _Frame, title: str, more: str) -> Panel:
    box, px = frame.banner, frame.px
    side = px(3.4)
    icon = Box(frame.margin, box.y + (box.h - side) // 2, side, side)
    x = icon.right + px(1.6)
    words = Column(
        box=Box(x, box.y + px(0.8), box.w - frame.margin - x, box.h - px(1.6)),
        ground=INK,
        down="middle",
        texts=(
            Text(text=title, font="strong", size=px(2.2), least=px(1.5), shrink=True, colour=WHITE),
            Text(
                text=more,
                font="text",
                size=px(1.7),
                least=px(1.3),
                shrink=True,
                before=px(0.95),
                colour=WHITE,
            ),
        ),
    )
    return Panel(
        name="banner",
        box=box,
        ground=INK,
        parts=(Shape(name="warning", box=icon, colour=AMBER), words),
    )
