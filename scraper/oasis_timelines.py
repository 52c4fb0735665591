"""Finds the resource timelines of a page, in each of FullCalendar's generations.

Up to version 6 the parts of a timeline have telling class names, which differ a little: `DIALECTS`. From
version 7 on all class names are made by a machine and change with every release. What stays are the roles
that screen readers go by, the ids of the rooms, the dates of the slots, and that bookings are laid out by
``inset-inline-start`` and ``width``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element
from msgspec import Struct

from scraper.errors import Unreadable


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
        named: Whether it has class names at all; those above are empty otherwise.
    """

    name: str
    lane: str = ""
    label: str = ""
    starts: str = ""
    ends: str = ""
    parent: str = ""
    folded: frozenset[str] = frozenset()
    on_parent: bool = True
    named: bool = True


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
    ),
)
BOOKING, MORE = "fc-timeline-event", "fc-timeline-more-link"
UNNAMED = Dialect(name="FullCalendar 7", named=False)


_Find = Callable[[Element], list[Element]]


def _elements(path: str) -> _Find:
    return cast("_Find", etree.XPath(path))


_SLOTS = _elements("descendant::td[@data-date]")
_GRIDS = _elements("descendant-or-self::*[@role='grid' or @role='treegrid']")
_CELLS = _elements("descendant::*[@data-resource-id][@role='gridcell' or @role='rowheader'][not(@data-date)]")
_DATES = _elements("descendant::*[@data-date]")
_NUMBERED = _elements("descendant::*[@role='row'][@aria-rowindex]")
_PLACED = _elements("*/*[contains(@style, 'inset-inline-start') or contains(@style, 'visibility')]")
_MARKS = _elements("descendant-or-self::span")
_EXPANDABLE = _elements("descendant::*[@aria-expanded]")

_SIZE = re.compile(r"(?<![\w])width:\s*([\d.]{1,12})px")
_SHIFT = re.compile(r"inset-inline-start:\s*([\d.]{1,12})px")


class Heading(Struct, frozen=True):
    """A row under which others are grouped.

    Attributes:
        room: Its id, or None when it has none of its own.
        folded: The rows under it are not shown.
    """

    room: str | None
    folded: bool


class Timeline(Struct):
    """One resource timeline of the page: its root, its rows by room, its slots in order."""

    dialect: Dialect
    root: Element
    lanes: dict[str, list[Element]]
    labels: dict[str, Element]
    slots: list[Element]

    def bookings(self, row: Element) -> Iterator[tuple[Element, str, str | None]]:
        """Lists the elements of a row in the area of time that may be bookings.

        Yields:
            The element, its classes, and the style that says where it is drawn. Where classes have no
            names, the one that FullCalendar gave such elements before is put in front.

        Raises:
            Unreadable: Something is drawn there and nothing is in it.
        """
        if not self.dialect.named:
            for place in _PLACED(row):
                inner = next(place.iterchildren("*"), None)
                if inner is None:
                    raise Unreadable("a booking where one is drawn", "an empty element", "the area of time")
                more = inner.get("role") == "button" and inner.get("aria-haspopup") == "dialog"
                yield inner, f"{MORE if more else BOOKING} {inner.get('class', '')}", place.get("style")
        elif self.dialect.on_parent:
            for element in row.iter("a"):
                classes, around = element.get("class", ""), element.getparent()
                carrier = element if around is None or MORE in classes else around
                yield element, classes, carrier.get("style")
        else:
            for element in row.iter("a"):
                yield element, element.get("class", ""), element.get("style")

    def headings(self) -> Iterator[Heading]:
        """Lists the rows that head others."""
        return self._headings_by_class() if self.dialect.named else self._headings_by_role()

    def _headings_by_class(self) -> Iterator[Heading]:
        columns = {
            row.getparent() if row.tag == "tr" else next(row.iterancestors("tbody"), None)
            for row in self.labels.values()
        }
        for mark in (mark for column in columns if column is not None for mark in _MARKS(column)):
            tokens = (mark.get("class") or "").split()
            if self.dialect.parent not in tokens or f"{self.dialect.parent}-placeholder" in tokens:
                continue
            row: Element | None = mark
            while row is not None and row.get("data-resource-id") is None and row.tag != "tr":
                row = row.getparent()
            icons = {token for icon in mark.iter("span") for token in (icon.get("class") or "").split()}
            yield Heading(
                room=row.get("data-resource-id") if row is not None else None,
                folded=not self.dialect.folded.isdisjoint(icons),
            )

    def _headings_by_role(self) -> Iterator[Heading]:
        cells = {cell.get("id"): room for room, cell in self.labels.items()}
        cells.pop(None, None)
        told: dict[str | None, bool] = {}
        for element in _EXPANDABLE(self.root):
            owned = (element.get("aria-owns") or "").split()
            room = element.get("data-resource-id") or next((cells[it] for it in owned if it in cells), None)
            if room is None and element.get("role") != "row":
                continue
            if room is None and _CELLS(element):
                continue
            told[room] = told.get(room, False) or element.get("aria-expanded") == "false"
        return (Heading(room, folded) for room, folded in told.items())


def find(root: Element) -> list[Timeline]:
    """Finds the timelines of a page.

    Args:
        root: The page.

    Returns:
        Those that have any row.

    Raises:
        Unreadable: A timeline draws only what is in its window.
    """
    found: dict[Element, Timeline] = {}
    places: dict[Element | None, tuple[Timeline | None, str]] = {}
    for row in (*root.iterfind(".//tr[@data-resource-id]"), *root.iterfind(".//td[@data-resource-id]")):
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
    timelines = [timeline for timeline in found.values() if timeline.lanes or timeline.labels]
    if not timelines:
        timelines = [timeline for grid in _GRIDS(root) if (timeline := _unnamed(grid)) is not None]
    return timelines


def _place(element: Element | None, found: dict[Element, Timeline]) -> tuple[Timeline | None, str]:
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
                timeline = found[element] = Timeline(dialect, element, {}, {}, _SLOTS(element))
            return timeline, area
        element = element.getparent()
    return None, ""


def _unnamed(grid: Element) -> Timeline | None:
    """The timeline that a grid without class names is, or None."""
    cells, dates = _CELLS(grid), _DATES(grid)
    if not cells:
        return None
    timeline = Timeline(UNNAMED, grid, {}, {}, [])
    if not dates:
        timeline.labels = {cell.get("data-resource-id", ""): cell for cell in cells}
        return timeline
    # The cells that lie under the dates are in the area of time, the others in the columns beside it.
    under = {dates[-1], *dates[-1].iterancestors()}
    area: Element | None = cells[-1]
    while area is not None and area not in under:
        area = area.getparent()
    lanes = set(_CELLS(area)) if area is not None and area is not grid else set(cells)
    for cell in cells:
        room = cell.get("data-resource-id", "")
        if cell in lanes:
            timeline.lanes.setdefault(room, []).append(cell)
        else:
            timeline.labels.setdefault(room, cell)
    # Headings have dates too; the finest slots are the most.
    tiers: dict[Element | None, list[Element]] = {}
    for slot in dates:
        tiers.setdefault(slot.getparent(), []).append(slot)
    timeline.slots = max(reversed(tiers.values()), key=len)
    _refuse_windows(timeline)
    return timeline


def _refuse_windows(timeline: Timeline) -> None:
    """A drawing can leave out the rows and hours that are scrolled away."""
    looked_for, where = "all rows and hours", "the area of time"
    rows: dict[int, bool] = {}
    for row in _NUMBERED(timeline.root):
        index = _whole(row.get("aria-rowindex"))
        rows[index] = rows.get(index, False) or row.get("aria-expanded") == "false"
    count = _whole(timeline.root.get("aria-rowcount"))
    shown = sorted(rows)
    for before, after in pairwise([*shown, count + 1]):
        if after > before + 1 and not rows[before]:
            raise Unreadable(
                looked_for,
                f"a window with {len(rows)} of {count} rows: the page has virtualization on",
                where,
            )
    widths = [pixels(_SIZE.search(slot.get("style") or "")) for slot in timeline.slots]
    styles = []
    for around in timeline.slots[0].iterancestors():
        if around is timeline.root:
            break
        styles.append(around.get("style") or "")
    canvas = max((pixels(_SIZE.search(style)) for style in styles), default=0.0)
    shift = pixels(_SHIFT.search(styles[0] if styles else ""))
    drawn = sum(widths)
    if drawn and (shift > 1 or canvas > drawn + max(widths) / 2):
        raise Unreadable(
            looked_for,
            f"a window of {drawn:.0f} of {canvas:.0f} pixels: the page has virtualization on",
            where,
        )


def _whole(text: str | None) -> int:
    """A count that is written there, or 0."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 0


def pixels(found: re.Match[str] | None) -> float:
    """The number that was found, or 0."""
    try:
        return float(found[1]) if found is not None else 0.0
    except ValueError:
        return 0.0
