"""Reads the resource timeline that FullCalendar draws, as a browser or a server rendered it.

Oasis shows its rooms in such a timeline. It is read by what its parts mean, never by the position
of a table or of a character:

- a room is a row with ``data-resource-id``; the timeline writes each row twice, in the column of
  names and in the area of time, and both have to name the same rooms, or part of the page is missing;
- a booking is an element of class ``fc-timeline-event`` in the second of them. Its hours are in its
  tooltip, ``(HH:MM-HH:MM) Title``; classes say whether it goes on outside the drawing;
- the day, and the hours drawn, are in the ``data-date`` of the slots;
- where a booking lies on the slots is a second witness of its hours. It decides between readings
  (00:00 as the day's first or last minute, an hour of another day on a booking that is cut), and a
  booking whose witnesses disagree, or that has no hours, is reported and keeps its room taken.

Where these parts are found in each generation of FullCalendar is `scraper.oasis_timelines`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree
from lxml.etree import _Element as Element
from msgspec import Struct
from msgspec.structs import replace

from scraper import document, hours, oasis_timelines
from scraper.errors import Unreadable
from scraper.oasis_edges import Edges
from scraper.oasis_timelines import BOOKING, MORE, Timeline, pixels
from scraper.reading import Problem, Reading, Slot

_Find = Callable[[Element], list[Element]]
_Count = Callable[[Element], float]


def _elements(path: str) -> _Find:
    return cast("_Find", etree.XPath(path))


def _count(path: str) -> _Count:
    return cast("_Count", etree.XPath(path))


_HEADERS = _elements("descendant::th[@data-date]")
_BOOKINGS = _count("count(.//*[contains(concat(' ', @class, ' '), ' fc-timeline-event ')])")
_CALENDARS = _elements("//*[contains(concat(' ', @class, ' '), ' fc-view ')]")
_COLUMNS = _elements("./ancestor::table[1]/colgroup/col")
# By the table of ids, which has the first of each only; and, where that finds any, by looking everywhere.
_ANY_WAITING = _elements("id('loading loader chargement spinner')")
_WAITING = _elements("/descendant::*/@id[.='loading' or .='loader' or .='chargement' or .='spinner']/..")
_STYLESHEETS = _elements("//link[contains(@rel, 'stylesheet')]")
_ALERTS = _elements("//*[contains(concat(' ', @class, ' '), ' alert ') or @role='alert']")

_SLOT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?")
_LOGICAL = re.compile(
    r"inset-inline-start:\s*(-?[\d.]{1,12})px(?:.*?)(?<![-\w])width:\s*([\d.]{1,12})px", re.DOTALL
)
_LEFT = re.compile(r"(?<![-\w])left:\s*(-?[\d.]{1,12})px")
_RIGHT = re.compile(r"(?<![-\w])right:\s*(-?[\d.]{1,12})px")
_COLUMN_WIDTH = re.compile(r"(?<![-\w])width:\s*([\d.]{1,12})px")
_WIDTH = re.compile(r"(?<![\w])width:\s*([\d.]{1,12})px")
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_VISIBLE = re.compile(r"display\s*:\s*(?!none)\w")

# Where a page, or the tooltip library that emptied ``title``, keeps the words of a tooltip.
_TOOLTIPS = (
    "title",
    "data-original-title",
    "data-bs-original-title",
    "data-tippy-content",
    "data-tooltip",
    "aria-label",
)
_ORDER = attrgetter("start", "end", "title")
_ANY = float("inf")
_NARROW = 30.5
"""Pixels: since version 5.7 no booking is drawn narrower than 30, however short it is."""
_SAMPLE = 30
"""Plainly written bookings on which the scale of the drawing is tried."""
_BUSY = frozenset({"is-loading", "loading", "fc-loading", "is-busy"})
_HIDING = frozenset({"hidden", "hide", "d-none", "invisible", "ng-hide"})
_MOVING = frozenset({"fc-helper", "fc-mirror", "fc-event-mirror"})


_NEVER = hours.Settled(0, hours.DAY, problem="its hours do not exist on this day")
"""What is made of a booking in an hour that the clocks leave out: the room is taken all day."""


class _Day(Struct, frozen=True):
    """The day that a timeline shows, and its slots in minutes since that day's midnight."""

    day: date
    starts: tuple[int, ...]
    end: int


class _Style(Struct, frozen=True, gc=False):
    """What the classes of an element in a row say.

    Attributes:
        classes: The classes.
        cut_at_start: The booking began before the drawing.
        cut_at_end: The booking ends after the drawing.
        moving: The picture of a booking that somebody is dragging; the booking itself is there too.
        more: No booking but a link to some that are not drawn.
    """

    classes: frozenset[str] = frozenset()
    cut_at_start: bool = False
    cut_at_end: bool = False
    moving: bool = False
    more: bool = False


def parse(
    page: bytes, *, zone: ZoneInfo, day: date | None = None, content_type: str | None = None
) -> Reading:
    """Reads the rooms and bookings of a rendered page.

    Args:
        page: The page's bytes, unpacked.
        zone: The zone in which the page writes its hours.
        day: The day that was asked for, or None for whichever day the page shows.
        content_type: The Content-Type header that came with the page, or None.

    Returns:
        The reading of one day, ``ok``.

    Raises:
        Unreadable: There is no timeline in the page, it is cut, still loading, shows another day or
            several, or its bytes are no HTML in the encoding that they declare.
    """
    root = document.tree(page, content_type=content_type)
    timelines = oasis_timelines.find(root)
    if not timelines:
        raise Unreadable("a FullCalendar resource timeline: rows with data-resource-id", _instead(root))
    _refuse_while_loading(root, timelines)
    rooms: dict[str, list[Slot]] = {}
    problems: list[Problem] = []
    shown: _Day | None = None
    seen = 0
    for timeline in timelines:
        _refuse_missing_rows(timeline)
        its_day = _day(timeline)
        if day is not None and its_day.day != day:
            raise Unreadable(f"the day {day}", f"a page that shows {its_day.day}", "data-date of its slots")
        if shown is not None and shown.day != its_day.day:
            raise Unreadable("one day", f"timelines of {shown.day} and {its_day.day}")
        shown = its_day
        seen += _Reader(timeline, its_day, zone).read(rooms, problems)
    # Counting in the bytes is quick, and nearly always enough to know that no booking was passed over.
    named = [timeline for timeline in timelines if timeline.dialect.named]
    if named and page.count(b"fc-timeline-event ") != seen:
        _refuse_strays(named, seen)
    assert shown is not None
    return Reading(
        status="ok",
        days=(shown.day,),
        zone=zone.key,
        rooms={room: tuple(sorted(slots, key=_ORDER)) for room, slots in rooms.items()},
        problems=tuple(problems),
        shown=(
            _start(shown.day, min(shown.starts[0], hours.DAY), zone),
            _end(shown.day, min(shown.end, hours.DAY), zone),
        ),
    )


# What is not believed


def _instead(root: Element) -> str:
    """What the page holds where no timeline is."""
    views = [view.get("class", "") for view in _CALENDARS(root)]
    if views:
        kind = next((t for t in views[0].split() if t.endswith("-view") and t != "fc-view"), views[0])
        return f"a FullCalendar view without any room ({kind})"
    if _busy(root):
        return "a page that is still loading"
    for alert in _ALERTS(root):
        words = " ".join(_text(alert).split())
        if words:
            return f"a message: {words[:160]!r}"
    title = root.findtext(".//title")
    words = " ".join((title or "").split())
    elements = sum(1 for _ in root.iter())
    return f"a page of {elements:,} elements" + (f" with the title {words[:80]!r}" if words else "")


def _refuse_missing_rows(timeline: Timeline) -> None:
    names, lanes = timeline.labels.keys(), timeline.lanes.keys()
    for wanted, present, where in ((names, lanes, "the area of time"), (lanes, names, "the column of names")):
        missing = [room for room in wanted if room not in present]
        if missing:
            some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            raise Unreadable(
                f"a row for each of {len(wanted)} rooms",
                f"{len(missing)} missing ({some}): the page is cut",
                where,
            )


def _refuse_strays(timelines: list[Timeline], seen: int) -> None:
    strays = sum(int(_BOOKINGS(timeline.root)) for timeline in timelines) - seen
    if strays:
        raise Unreadable("every booking in the row of a room", f"{strays} outside of any", "the area of time")


def _refuse_while_loading(root: Element, timelines: list[Timeline]) -> None:
    looked_for = "a timeline that has its bookings"
    around = [root, *root.findall("body")]
    for timeline in timelines:
        around += [timeline.root, *timeline.root.iterancestors()]
    for element in around:
        if _busy(element):
            raise Unreadable(
                looked_for, "one that is still loading", f"class or aria-busy of <{element.tag}>"
            )
    for sign in _WAITING(root) if _ANY_WAITING(root) else ():
        inline = sign.get("style") or ""
        if (
            sign.get("hidden") is not None
            or sign.get("aria-hidden") == "true"
            or _INVISIBLE.search(inline)
            or _HIDING.intersection((sign.get("class") or "").split())
        ):
            continue
        name = sign.get("id", "")
        if not _VISIBLE.search(inline):
            if any(_hides(style.text or "", name) for style in root.iter("style")):
                continue
            # A style sheet elsewhere may hide it. With bookings that is believed; without any, an
            # empty day and a page that is still loading look the same.
            if _STYLESHEETS(root) and any(_BOOKINGS(timeline.root) for timeline in timelines):
                continue
        raise Unreadable(looked_for, "one that is still loading", f"visible #{name}")


def _busy(element: Element) -> bool:
    return element.get("aria-busy") == "true" or not _BUSY.isdisjoint((element.get("class") or "").split())


def _hides(style: str, name: str) -> bool:
    return (
        re.search(rf"(?:^|[}},\s])#{re.escape(name)}\s*(?:,[^{{}}]*)?\{{[^{{}}]*display\s*:\s*none", style)
        is not None
    )


# The day and its slots


def _day(timeline: Timeline) -> _Day:
    where = "data-date of its slots"
    looked_for = "the slots of one day"
    stamps = [_SLOT.match(cell.get("data-date", "")) for cell in timeline.slots]
    if not stamps:
        if _HEADERS(timeline.root):
            raise Unreadable(looked_for, "their headings alone: the page is cut", where)
        raise Unreadable(looked_for, "none", where)
    days: list[date] = []
    minutes: list[int] = []
    for stamp in stamps:
        if stamp is None:
            raise Unreadable(looked_for, "a slot that is no date", where)
        try:
            days.append(date(int(stamp[1]), int(stamp[2]), int(stamp[3])))
        except ValueError:
            raise Unreadable(looked_for, f"a slot on {stamp[0]}, which is no date", where) from None
        minutes.append(int(stamp[4] or 0) * 60 + int(stamp[5] or 0))
    first = min(days)
    starts = [(one - first).days * hours.DAY + minute for one, minute in zip(days, minutes, strict=True)]
    # Drawings that run past midnight show the next day's first hours too, and are still one day's.
    if max(days) - first > timedelta(days=1) or max(starts) >= hours.DAY + 720:
        raise Unreadable(looked_for, f"the days {first} to {max(days)}", where)
    if not date.min < first < date.max - timedelta(days=2):
        raise Unreadable(looked_for, f"the day {first}", where)
    if starts != sorted(set(starts)):
        raise Unreadable(looked_for, "slots that are not in order", where)
    if stamps[0] is not None and stamps[0][4] is None:
        end = hours.DAY
    else:
        end = starts[-1] + (starts[-1] - starts[-2] if len(starts) > 1 else 60)
    if end <= starts[-1]:
        raise Unreadable(looked_for, f"whole days from {first} to {max(days)}", where)
    return _Day(first, tuple(starts), end)


def _start(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first instant that this wall clock can mean, in UTC."""
    return _wall(day, minute).replace(tzinfo=zone).astimezone(UTC)


def _end(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The last instant that this wall clock can mean, in UTC: an hour may come twice."""
    wall = _wall(day, minute)
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _wall(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - the caller adds the zone


# Bookings


class _Reader:
    """Reads the bookings of one timeline.

    Pages repeat themselves: whatever depends only on an attribute's text is worked out once for
    each text.
    """

    def __init__(self, timeline: Timeline, day: _Day, zone: ZoneInfo) -> None:
        self._timeline, self._day, self._zone = timeline, day, zone
        self._dialect = timeline.dialect
        self._right_to_left = any(
            token in {"fc-rtl", "fc-direction-rtl"}
            for element in (timeline.root, *timeline.root.iterancestors())
            for token in (element.get("class") or "").split()
        )
        self._styles: dict[str, _Style | None] = {}
        # A timetable has thousands of bookings and few different hours.
        self._times: dict[tuple[str, str | None, str], tuple[datetime, datetime]] = {}
        self._places: dict[str | None, hours.Drawn | None] = {}
        self._grid = self._calibrate()
        self._edges = self._learn()

    def read(self, rooms: dict[str, list[Slot]], problems: list[Problem]) -> int:
        """Adds this timeline's rooms, bookings and problems; returns how many bookings it met."""
        seen = 0
        for room, rows in self._timeline.lanes.items():
            slots = rooms.setdefault(room, [])
            first = seen
            for row in rows:
                seen += self._row(row, room, seen - first, slots, problems)
        self._headings(rooms, problems)
        return seen

    def _row(self, row: Element, room: str, before: int, slots: list[Slot], problems: list[Problem]) -> int:
        """Reads one row of the area of time; returns how many bookings it holds."""
        times_of, full = self._times, hours.FULL
        count = 0
        more: list[tuple[Element, str | None]] = []
        for element, classes, place in self._timeline.bookings(row):
            tip = element.get("title", "")
            times = times_of.get((classes, place, tip[:full]))
            if times is not None:
                title = " ".join(tip[full:].split())
                if title:
                    count += 1
                    slots.append(Slot(start=times[0], end=times[1], title=title))
                    continue
            style = self._style(classes)
            if style is None:
                continue
            if style.more:
                more.append((element, place))
                continue
            count += 1
            if style.moving:
                continue
            slot, problem = self._slow(element, style, place, f"room {room}, booking {before + count}", room)
            if slot is not None:
                slots.append(slot)
                if not (
                    slot.unsure or slot.all_day or slot.cut_at_start or slot.cut_at_end
                ) and hours.is_full(tip):
                    times_of[classes, place, tip[:full]] = (slot.start, slot.end)
            if problem is not None:
                problems.append(problem)
        if more and not self._all_there(row, [element for element, _ in more]):
            for _, place in more:
                self._folded_away(place, room, slots, problems)
        return count

    def _all_there(self, row: Element, links: list[Element]) -> bool:
        """Whether what stands behind the links to more is in the page all the same, and only not visible."""
        numbers = [re.search(r"\d+", _text(link)) for link in links]
        hidden = sum(
            style is not None and not style.more and _INVISIBLE.search(place or "") is not None
            for style, place in (
                (self._style(classes), place) for _, classes, place in self._timeline.bookings(row)
            )
        )
        return None not in numbers and hidden == sum(int(it[0][:9]) for it in numbers if it is not None)

    def _style(self, classes: str) -> _Style | None:
        """What these classes say of a booking; None for elements that are none."""
        try:
            return self._styles[classes]
        except KeyError:
            style = self._styles[classes] = self._new_style(frozenset(classes.split()))
            return style

    def _new_style(self, tokens: frozenset[str]) -> _Style | None:
        more = BOOKING not in tokens
        if more and MORE not in tokens:
            return None
        named = self._dialect.named and not more
        return _Style(
            classes=tokens,
            cut_at_start=named and self._dialect.starts not in tokens,
            cut_at_end=named and self._dialect.ends not in tokens,
            moving=not _MOVING.isdisjoint(tokens),
            more=more,
        )

    def _drawn(self, style: str | None) -> hours.Drawn | None:
        """Where an element with this style is drawn, in pixels."""
        if style not in self._places:
            self._places[style] = self._place(style or "")
        return self._places[style]

    def _place(self, style: str) -> hours.Drawn | None:
        try:
            if not self._dialect.named:
                along = _LOGICAL.search(style)
                if along is None:
                    return None
                start, width = float(along[1]), float(along[2])
                return hours.Drawn(start, start + width, widened=width <= _NARROW)
            left, right = _LEFT.search(style), _RIGHT.search(style)
            if left is None or right is None:
                return None
            a, b = float(left[1]), float(right[1])
        except ValueError:
            return None
        start, end = (b, -a) if self._right_to_left else (a, -b)
        return hours.Drawn(start, end, widened=self._dialect.on_parent and end - start <= _NARROW)

    def _calibrate(self) -> hours.Grid | None:
        """The scale of the drawing, checked on the first bookings that are plainly written."""
        plain: list[tuple[hours.Written, hours.Drawn]] = []
        columns, totals = self._columns(), self._totals()
        # Where nothing tells which bookings are cut, those at the edges may be.
        low, high = (-_ANY, _ANY) if self._dialect.named else (1.0, max(totals, default=_ANY) - 1.0)
        places = []
        for style, drawn, written in self._bookings():
            places.append(drawn)
            if style.cut_at_start or style.cut_at_end or written is None or written.start >= written.end:
                continue
            if low < drawn.start and drawn.end < high and not drawn.widened:
                plain.append((written, drawn))
                if len(plain) >= _SAMPLE:
                    break
        return hours.calibrated(self._day.starts, self._day.end, columns, totals, plain, places)

    def _learn(self) -> Edges | None:
        if self._dialect.named or self._grid is None:
            return None
        known = (
            (style.classes, written, drawn)
            for style, drawn, written in self._bookings()
            if written is not None
        )
        return Edges.learned(self._grid, known)

    def _bookings(self) -> Iterator[tuple[_Style, hours.Drawn, hours.Written | None]]:
        """Lists the bookings that are drawn, with the hours that they plainly give."""
        for rows in self._timeline.lanes.values():
            for row in rows:
                for element, classes, place in self._timeline.bookings(row):
                    style = self._style(classes)
                    drawn = self._drawn(place)
                    if style is not None and not style.more and drawn is not None:
                        yield style, drawn, _words(element, named=self._dialect.named)[0]

    def _columns(self) -> list[list[float]]:
        slots = self._timeline.slots
        sized = _COLUMNS(slots[0]) if self._dialect.named else slots
        widths = [_COLUMN_WIDTH.search(one.get("style") or "") for one in sized]
        known = [pixels(found) for found in widths if found is not None]
        return [known] if len(known) >= len(self._day.starts) - 1 > 0 else []

    def _totals(self) -> list[float]:
        """Widths that the styles around the slots give the drawing, in pixels, the largest first."""
        widths: set[float] = set()
        for around in self._timeline.slots[0].iterancestors("table", "div"):
            if around is self._timeline.root:
                break
            widths.update(pixels(found) for found in _WIDTH.finditer(around.get("style", "")))
        return sorted(widths - {0.0}, reverse=True)[:8]

    def _slow(
        self, element: Element, style: _Style, place: str | None, where: str, room: str
    ) -> tuple[Slot | None, Problem | None]:
        """Reads a booking whose hours were not met before."""
        written, title = _words(element, named=self._dialect.named)
        drawn = self._drawn(place)
        if self._edges is not None:
            cut_at_start, cut_at_end = self._edges.cuts(style.classes, written, drawn)
            style = replace(style, cut_at_start=cut_at_start, cut_at_end=cut_at_end)
        result = hours.settled(written, hours.Place(style.cut_at_start, style.cut_at_end, drawn, self._grid))
        if result.start >= hours.DAY:
            return None, Problem(what="it belongs to the next day", where=where, title=title, rooms=(room,))
        slot = self._slot(result, style, title)
        if slot.end <= slot.start:
            slot = self._slot(_NEVER, style, title)
            return slot, self._problem(slot, _NEVER.problem, where, room, known=False)
        if not result.problem:
            return slot, None
        return slot, self._problem(slot, result.problem, where, room, known=result.known)

    def _slot(self, result: hours.Settled, style: _Style, title: str) -> Slot:
        day, zone = self._day.day, self._zone
        return Slot(
            start=_start(day, result.start, zone),
            end=_end(day, min(result.end, hours.DAY), zone),
            title=title,
            all_day=result.all_day,
            cut_at_start=style.cut_at_start,
            cut_at_end=style.cut_at_end,
            unsure=bool(result.problem),
        )

    def _problem(self, slot: Slot, what: str, where: str, room: str, *, known: bool) -> Problem:
        return Problem(
            what=f"the hours of a booking are unsure: {what}",
            where=where,
            start=slot.start if known else None,
            end=slot.end if known else None,
            title=slot.title,
            rooms=(room,),
        )

    def _folded_away(self, place: str | None, room: str, slots: list[Slot], problems: list[Problem]) -> None:
        """Bookings that the page replaced by "+2 more": the link's place is all that is known of them."""
        result = hours.settled(
            None, hours.Place(cut_at_start=False, cut_at_end=False, drawn=self._drawn(place), grid=self._grid)
        )
        what, where = "bookings that the page does not draw, behind a link to more", f"room {room}"
        if result.start >= hours.DAY:
            problems.append(Problem(what=f"{what}: they belong to the next day", where=where, rooms=(room,)))
            return
        slot = self._slot(result, _Style(), "")
        if slot.end <= slot.start:
            slot = self._slot(_NEVER, _Style(), "")
        slots.append(slot)
        problems.append(Problem(what=what, where=where, start=slot.start, end=slot.end, rooms=(room,)))

    def _headings(self, rooms: dict[str, list[Slot]], problems: list[Problem]) -> None:
        """Tells rows that only head others from rooms, and groups that are folded away."""
        for heading in self._timeline.headings():
            name = f"row {heading.room}" if heading.room is not None else "a group of rows"
            if heading.folded:
                if heading.room is not None and not rooms.get(heading.room):
                    rooms.pop(heading.room, None)
                problems.append(
                    Problem(what="its rooms are folded away: nothing is known of them", where=name)
                )
            elif heading.room is not None and not rooms.get(heading.room):
                rooms.pop(heading.room, None)
                problems.append(
                    Problem(
                        what="it heads other rows and has no booking: not taken for a room",
                        where=name,
                        rooms=(heading.room,),
                    )
                )


def _words(element: Element, *, named: bool) -> tuple[hours.Written | None, str]:
    """The hours and the title that a booking's words give."""
    tips = [tip for name in _TOOLTIPS if (tip := element.get(name, ""))]
    for tip in tips:
        words = hours.strict_hours(tip)
        if words is not None:
            title = " ".join(words[1].split())
            return words[0], title or _inside(element, named=named)[0] or ""
    shown, time = _inside(element, named=named)
    written = next((found for text in (*tips, time) if (found := hours.hours_in(text)) is not None), None)
    return written, " ".join((tips or [""])[0].split()) if shown is None else shown


def _inside(element: Element, *, named: bool) -> tuple[str | None, str]:
    """The title and the hours that the library itself wrote into a booking."""
    if not named:
        words = [" ".join(str(piece).split()) for piece in element.itertext()]
        words = [word for word in words if word]
        timed = len(words) > 1 and hours.is_clock(words[0])
        return " ".join(words[timed:]), words[0] if timed else ""
    title: str | None = None
    time: str | None = ""
    for part in element.iter("span", "div"):
        tokens = (part.get("class") or "").split()
        if title is None and ("fc-title" in tokens or "fc-event-title" in tokens):
            title = " ".join(_text(part).split())
        elif "fc-time" in tokens or "fc-event-time" in tokens:
            time = part.get("data-full", "") or _text(part)
    return title, time or ""


def _text(element: Element) -> str:
    return "".join(str(piece) for piece in element.itertext())
