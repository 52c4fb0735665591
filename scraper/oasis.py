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

The dialects differ in a few class names and in the element that carries the position: `DIALECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree
from lxml.etree import _Element as Element
from msgspec import Struct

from scraper import document, hours
from scraper.errors import Unreadable
from scraper.reading import Problem, Reading, Slot


class Dialect(Struct, frozen=True):
    """How one generation of FullCalendar's resource timeline names its parts.

    Attributes:
        name: The versions that write it.
        lane: Class of the rows in the area of time, on the row or on an element around it.
        label: Class of the rows in the column of names, likewise.
        starts: Class of a booking that begins inside the drawing.
        ends: Class of a booking that ends inside the drawing.
        parent: Class of the mark by which rows under this one are folded away.
        folded: Classes of that mark's picture when they are folded away.
        on_parent: The element around the booking, not the booking itself, carries its position.
    """

    name: str
    lane: str
    label: str
    starts: str
    ends: str
    parent: str
    folded: frozenset[str]
    on_parent: bool


DIALECTS = (
    Dialect(
        name="FullCalendar 3 and 4",
        lane="fc-time-area",
        label="fc-resource-area",
        starts="fc-start",
        ends="fc-end",
        parent="fc-expander",
        folded=frozenset({"fc-icon-right-triangle", "fc-icon-left-triangle", "fc-icon-plus-square"}),
        on_parent=False,
    ),
    Dialect(
        name="FullCalendar 5 and 6",
        lane="fc-timeline-lane",
        label="fc-datagrid-cell",
        starts="fc-event-start",
        ends="fc-event-end",
        parent="fc-datagrid-expander",
        folded=frozenset({"fc-icon-plus-square"}),
        on_parent=True,
    ),
)


_Find = Callable[[Element], list[Element]]
_Count = Callable[[Element], float]


def _elements(path: str) -> _Find:
    return cast("_Find", etree.XPath(path))


def _count(path: str) -> _Count:
    return cast("_Count", etree.XPath(path))


_ROWS = _elements("/descendant::*/@data-resource-id/..")
_SLOTS = _elements("descendant::td[@data-date]")
_HEADERS = _elements("descendant::th[@data-date]")
_BOOKINGS = _count("count(.//*[contains(concat(' ', @class, ' '), ' fc-timeline-event ')])")
_CALENDARS = _elements("//*[contains(concat(' ', @class, ' '), ' fc-view ')]")
_COLUMNS = _elements("./ancestor::table[1]/colgroup/col")
_WAITING = _elements("/descendant::*/@id[.='loading' or .='loader' or .='chargement' or .='spinner']/..")
_STYLESHEETS = _elements("//link[contains(@rel, 'stylesheet')]")
_ALERTS = _elements("//*[contains(concat(' ', @class, ' '), ' alert ') or @role='alert']")

_SLOT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?")
_BOTH = re.compile(r"(?<![-\w])left: (-?[\d.]{1,12})px; right: (-?[\d.]{1,12})px")
_LEFT = re.compile(r"(?<![-\w])left:\s*(-?[\d.]{1,12})px")
_RIGHT = re.compile(r"(?<![-\w])right:\s*(-?[\d.]{1,12})px")
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
_SAMPLE = 30
"""Plainly written bookings on which the scale of the drawing is tried."""
_BUSY = frozenset({"is-loading", "loading", "fc-loading", "is-busy"})
_HIDING = frozenset({"hidden", "hide", "d-none", "invisible", "ng-hide"})
_MOVING = frozenset({"fc-helper", "fc-mirror", "fc-event-mirror"})


class _Timeline(Struct):
    """One resource timeline of the page: its dialect, its root, and its rows by room."""

    dialect: Dialect
    root: Element
    lanes: dict[str, list[Element]]
    labels: dict[str, Element]


class _Day(Struct, frozen=True):
    """The day that a timeline shows, and its slots in minutes since that day's midnight."""

    day: date
    starts: tuple[int, ...]
    end: int


class _Style(Struct, frozen=True, gc=False):
    """What the classes of an element in a row say.

    Attributes:
        cut_at_start: The booking began before the drawing.
        cut_at_end: The booking ends after the drawing.
        moving: The picture of a booking that somebody is dragging; the booking itself is there too.
        more: No booking but a link to some that are not drawn.
        times: Start and end of plain bookings met so far, by their place and by hours written in full:
            a timetable has thousands of bookings and few different hours.
    """

    cut_at_start: bool
    cut_at_end: bool
    moving: bool
    more: bool
    times: dict[tuple[str | None, str], tuple[datetime, datetime]]


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
    timelines = list(_timelines(root))
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
    if page.count(b"fc-timeline-event ") != seen:
        _refuse_strays(timelines, seen)
    assert shown is not None
    return Reading(
        status="ok",
        days=(shown.day,),
        zone=zone.key,
        rooms={room: tuple(sorted(slots, key=_order)) for room, slots in rooms.items()},
        problems=tuple(problems),
        shown=(
            _start(shown.day, min(shown.starts[0], hours.DAY), zone),
            _end(shown.day, min(shown.end, hours.DAY), zone),
        ),
    )


def _order(slot: Slot) -> tuple[datetime, datetime, str]:
    return slot.start, slot.end, slot.title


# Finding the timeline


def _timelines(root: Element) -> Iterator[_Timeline]:
    found: dict[Element, _Timeline] = {}
    places: dict[Element | None, tuple[_Timeline | None, str]] = {}
    for row in _ROWS(root):
        around = row.getparent()
        try:
            timeline, area = places[around]
        except KeyError:
            timeline, area = places[around] = _place(around, found)
        if timeline is None:
            continue
        dialect = timeline.dialect
        part = area or next(
            (t for t in row.get("class", "").split() if t in {dialect.lane, dialect.label}), ""
        )
        room = row.get("data-resource-id", "")
        if part == dialect.lane:
            timeline.lanes.setdefault(room, []).append(row)
        elif part == dialect.label:
            timeline.labels.setdefault(room, row)
    for timeline in found.values():
        if timeline.lanes or timeline.labels:
            yield timeline


def _place(element: Element | None, found: dict[Element, _Timeline]) -> tuple[_Timeline | None, str]:
    """The timeline around a row, and the class of its area if the area is named around the row."""
    area = ""
    dialect = DIALECTS[1]
    while element is not None:
        tokens = (element.get("class") or "").split()
        for one in DIALECTS:
            if not area and (one.lane in tokens or one.label in tokens):
                area, dialect = (one.lane if one.lane in tokens else one.label), one
        if "fc-timeline" in tokens:
            timeline = found.get(element)
            if timeline is None:
                timeline = found[element] = _Timeline(dialect, element, {}, {})
            return timeline, area
        element = element.getparent()
    return None, ""


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


def _refuse_missing_rows(timeline: _Timeline) -> None:
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


def _refuse_strays(timelines: list[_Timeline], seen: int) -> None:
    strays = sum(int(_BOOKINGS(timeline.root)) for timeline in timelines) - seen
    if strays:
        raise Unreadable("every booking in the row of a room", f"{strays} outside of any", "the area of time")


def _refuse_while_loading(root: Element, timelines: list[_Timeline]) -> None:
    looked_for = "a timeline that has its bookings"
    around = [root, *root.findall("body")]
    for timeline in timelines:
        around += [timeline.root, *timeline.root.iterancestors()]
    for element in around:
        if _busy(element):
            raise Unreadable(
                looked_for, "one that is still loading", f"class or aria-busy of <{element.tag}>"
            )
    for sign in _WAITING(root):
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


def _day(timeline: _Timeline) -> _Day:
    where = "data-date of its slots"
    looked_for = "the slots of one day"
    stamps = [_SLOT.match(cell.get("data-date", "")) for cell in _SLOTS(timeline.root)]
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

    def __init__(self, timeline: _Timeline, day: _Day, zone: ZoneInfo) -> None:
        self._timeline, self._day, self._zone = timeline, day, zone
        self._dialect = timeline.dialect
        self._right_to_left = any(
            token in {"fc-rtl", "fc-direction-rtl"}
            for element in (timeline.root, *timeline.root.iterancestors())
            for token in (element.get("class") or "").split()
        )
        self._styles: dict[str, _Style | None] = {}
        self._places: dict[str | None, hours.Drawn | None] = {}
        self._grid = self._calibrate()

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
        styles, on_parent, full = self._styles, self._dialect.on_parent, hours.FULL
        count = 0
        for element in row.iter("a"):
            classes = element.get("class", "")
            try:
                style = styles[classes]
            except KeyError:
                style = styles[classes] = self._style(classes)
            if style is None:
                continue
            if style.more:
                self._folded_away(element, room, slots, problems)
                continue
            count += 1
            place = self._carrier(element).get("style") if on_parent else element.get("style")
            tip = element.get("title", "")
            times = style.times.get((place, tip[:full]))
            if times is not None:
                title = " ".join(tip[full:].split())
                if title:
                    slots.append(Slot(start=times[0], end=times[1], title=title))
                    continue
            if style.moving:
                continue
            slot, problem = self._slow(element, style, place, f"room {room}, booking {before + count}", room)
            if slot is not None:
                slots.append(slot)
                if not (
                    slot.unsure or slot.all_day or slot.cut_at_start or slot.cut_at_end
                ) and hours.is_full(tip):
                    style.times[place, tip[:full]] = (slot.start, slot.end)
            if problem is not None:
                problems.append(problem)
        return count

    def _carrier(self, element: Element) -> Element:
        """The element whose style says where a booking is drawn."""
        around = element.getparent() if self._dialect.on_parent else None
        return element if around is None else around

    def _style(self, classes: str) -> _Style | None:
        """What these classes say of a booking; None for elements that are none."""
        tokens = frozenset(classes.split())
        more = "fc-timeline-event" not in tokens
        if more and "fc-timeline-more-link" not in tokens:
            return None
        return _Style(
            cut_at_start=self._dialect.starts not in tokens and not more,
            cut_at_end=self._dialect.ends not in tokens and not more,
            moving=not _MOVING.isdisjoint(tokens),
            more=more,
            times={},
        )

    def _drawn(self, style: str | None) -> hours.Drawn | None:
        """Where an element with this style is drawn, in pixels."""
        if style not in self._places:
            both = _BOTH.search(style or "")
            if both is not None:
                sides = both[1], both[2]
            else:
                left, right = _LEFT.search(style or ""), _RIGHT.search(style or "")
                sides = (left[1] if left is not None else "", right[1] if right is not None else "")
            place = None
            try:
                a, b = float(sides[0]), float(sides[1])
            except ValueError:
                pass
            else:
                place = hours.Drawn(b, -a) if self._right_to_left else hours.Drawn(a, -b)
            self._places[style] = place
        return self._places[style]

    def _calibrate(self) -> hours.Grid | None:
        """The scale of the drawing, checked on the first bookings that are plainly written."""
        plain: list[tuple[hours.Written, hours.Drawn]] = []
        furthest = 0.0
        for style, drawn, title in self._places_and_titles():
            furthest = max(furthest, drawn.end)
            words = None if style.cut_at_start or style.cut_at_end else hours.strict_hours(title)
            written = words[0] if words is not None else None
            if written is not None and written.start < written.end:
                plain.append((written, drawn))
                if len(plain) >= _SAMPLE:
                    break
        return hours.calibrated(
            self._day.starts, self._day.end, self._columns(), self._totals(), plain, furthest
        )

    def _places_and_titles(self) -> Iterator[tuple[_Style, hours.Drawn, str]]:
        for rows in self._timeline.lanes.values():
            for row in rows:
                for element in row.iter("a"):
                    style = self._style(element.get("class", ""))
                    if style is not None and not style.more:
                        drawn = self._drawn(self._carrier(element).get("style"))
                        if drawn is not None:
                            yield style, drawn, element.get("title", "")

    def _columns(self) -> list[list[float]]:
        cell = _SLOTS(self._timeline.root)[0]
        widths = [_WIDTH.search(column.get("style") or "") for column in _COLUMNS(cell)]
        known = [_number(found[1]) for found in widths if found is not None]
        return [known] if len(known) >= len(self._day.starts) - 1 > 0 else []

    def _totals(self) -> list[float]:
        """Widths that the styles around the slots give the drawing, in pixels, the largest first."""
        widths: set[float] = set()
        for around in _SLOTS(self._timeline.root)[0].iterancestors("table", "div"):
            if around is self._timeline.root:
                break
            widths.update(_number(width) for width in _WIDTH.findall(around.get("style", "")))
        return sorted(widths - {0.0}, reverse=True)[:8]

    def _slow(
        self, element: Element, style: _Style, place: str | None, where: str, room: str
    ) -> tuple[Slot | None, Problem | None]:
        """Reads a booking whose hours were not met before."""
        written, title = _words(element)
        result = hours.settled(
            written, hours.Place(style.cut_at_start, style.cut_at_end, self._drawn(place), self._grid)
        )
        if result.start >= hours.DAY:
            return None, Problem(what="it belongs to the next day", where=where, title=title, rooms=(room,))
        slot = self._slot(result, style, title)
        if slot.end <= slot.start:
            slot = self._slot(
                hours.Settled(0, hours.DAY, problem="its hours do not exist on this day"), style, title
            )
            return slot, self._problem(slot, "its hours do not exist on this day", where, room, known=False)
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

    def _folded_away(self, more: Element, room: str, slots: list[Slot], problems: list[Problem]) -> None:
        """Bookings that the page replaced by "+2 more": the link's place is all that is known of them."""
        drawn = self._drawn(self._carrier(more).get("style"))
        result = hours.settled(
            None, hours.Place(cut_at_start=False, cut_at_end=False, drawn=drawn, grid=self._grid)
        )
        slot = self._slot(
            result, _Style(cut_at_start=False, cut_at_end=False, moving=False, more=True, times={}), ""
        )
        slots.append(slot)
        problems.append(
            Problem(
                what="bookings that the page does not draw, behind a link to more",
                where=f"room {room}",
                start=slot.start,
                end=slot.end,
                rooms=(room,),
            )
        )

    def _headings(self, rooms: dict[str, list[Slot]], problems: list[Problem]) -> None:
        """Tells rows that only head others from rooms, and groups that are folded away."""
        columns = {
            row.getparent() if row.tag == "tr" else next(row.iterancestors("tbody"), None)
            for row in self._timeline.labels.values()
        }
        for mark in (mark for column in columns if column is not None for mark in column.iter("span")):
            tokens = (mark.get("class") or "").split()
            if self._dialect.parent not in tokens or f"{self._dialect.parent}-placeholder" in tokens:
                continue
            row: Element | None = mark
            while row is not None and row.get("data-resource-id") is None and row.tag != "tr":
                row = row.getparent()
            room = row.get("data-resource-id") if row is not None else None
            name = f"row {room}" if room is not None else "a group of rows"
            icons = {token for icon in mark.iter("span") for token in (icon.get("class") or "").split()}
            if not self._dialect.folded.isdisjoint(icons):
                problems.append(
                    Problem(what="its rooms are folded away: nothing is known of them", where=name)
                )
            elif room is not None and not rooms.get(room):
                rooms.pop(room, None)
                problems.append(
                    Problem(
                        what="it heads other rows and has no booking: not taken for a room",
                        where=name,
                        rooms=(room,),
                    )
                )


def _words(element: Element) -> tuple[hours.Written | None, str]:
    """The hours and the title that a booking's words give."""
    tips = [tip for name in _TOOLTIPS if (tip := element.get(name, ""))]
    for tip in tips:
        words = hours.strict_hours(tip)
        if words is not None:
            title = " ".join(words[1].split())
            return words[0], title or _inside(element)[0] or ""
    shown, time = _inside(element)
    written = next((found for text in (*tips, time) if (found := hours.hours_in(text)) is not None), None)
    return written, " ".join((tips or [""])[0].split()) if shown is None else shown


def _inside(element: Element) -> tuple[str | None, str]:
    """The title and the hours that the library itself wrote into a booking."""
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


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
