"""Hours as a page writes them, hours as it draws them, and what both together say.

Everything here is in minutes of the wall clock since the day's midnight; a day that loses or
repeats an hour is the caller's matter.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

DAY = 1440

FULL = len("(HH:MM-HH:MM)")

# What stands between two hours; the first is no range of letters, whatever comes after it.
_DASHES = "-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_CLOCK = r"(\d{1,2})\s?[:hH.]\s?(\d{2})?\s*(?:([aApP])\.?[mM]\.?)?"
_RANGE = rf"{_CLOCK}\s*(?:[{_DASHES}/→]|à|to|bis|until)\s*{_CLOCK}"
_STRICT = re.compile(rf"\s*\((\d{{1,2}}):(\d\d)\s?[{_DASHES}]\s?(\d{{1,2}}):(\d\d)\)(.*)", re.DOTALL)
_CLOCKS = re.compile(rf"{_RANGE}|{_CLOCK}|\d{{1,2}}\s?(?:[ap]\.?m?\.?|Uhr)?", re.IGNORECASE)
_ANYWHERE = re.compile(rf"(?<![\d:.]){_RANGE}(?![\d:])")


class Written(Struct, frozen=True, gc=False):
    """Two times of day as a page writes them.

    Attributes:
        start: Minutes, 0 to 1440.
        end: Minutes, 0 to 1440; may be before ``start``, when it is another day's.
        strict: Written the way the page always does; otherwise found by searching the text.
    """

    start: int
    end: int
    strict: bool


class Settled(Struct, frozen=True, gc=False):
    """What a booking's witnesses say together.

    Attributes:
        start: Minutes since the day's midnight.
        end: Minutes, later than ``start``.
        all_day: The whole day, and no hours given.
        problem: Why the hours are unsure; empty when they are certain.
        known: False when neither words nor drawing gave any hour: the whole day then.
    """

    start: int
    end: int
    all_day: bool = False
    problem: str = ""
    known: bool = True


def strict_hours(text: str) -> tuple[Written | None, str] | None:
    """What a text says that begins with ``(HH:MM-HH:MM)``.

    Args:
        text: The words of a tooltip.

    Returns:
        The hours, None when they are no times of day, and the rest of the text; or None when the text
        does not begin that way.
    """
    if is_full(text):
        numbers, rest = [text[1:3], text[4:6], text[7:9], text[10:12]], text[FULL:]
    else:
        found = _STRICT.match(text)
        if found is None:
            return None
        *numbers, rest = found.groups()
    h1, m1, h2, m2 = numbers
    start, end = _minutes(h1, m1, None), _minutes(h2, m2, None)
    return None if start is None or end is None else Written(start, end, strict=True), rest


def is_full(text: str) -> bool:
    """Whether a text begins with ``(HH:MM-HH:MM)`` to the letter: the quick way for most of them."""
    return (
        len(text) >= FULL
        and text[0] == "("
        and text[3] == text[9] == ":"
        and text[6] in _DASHES
        and text[12] == ")"
        and (text[1:3] + text[4:6] + text[7:9] + text[10:12]).isdecimal()
    )


def hours_in(text: str) -> Written | None:
    """The first range of hours in a text, such as ``9h-12h30`` or ``9:00 AM to 12:30 PM``."""
    found = _ANYWHERE.search(text)
    if found is None:
        return None
    h1, m1, half1, h2, m2, half2 = found.groups()
    start, end = _minutes(h1, m1, half1), _minutes(h2, m2, half2)
    return None if start is None or end is None else Written(start, end, strict=False)


def is_clock(text: str) -> bool:
    """Whether a text is a time of day, or a range of them, and nothing else."""
    return _CLOCKS.fullmatch(text) is not None


def _minutes(hour: str, minute: str | None, half: str | None) -> int | None:
    h, m = int(hour), int(minute or 0)
    if half is not None:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half in "pP" else 0)
    total = 60 * h + m
    return total if m < 60 and total <= DAY else None


class Drawn(Struct, frozen=True, gc=False):
    """Where a booking is drawn, in pixels from the start of the first slot.

    Attributes:
        start: Its beginning.
        end: Its end.
        widened: It is as narrow as a booking may be, and perhaps shorter in truth.
    """

    start: float
    end: float
    widened: bool = False


class Grid(Struct, frozen=True):
    """Where on the drawing each slot of the day lies.

    Attributes:
        starts: First minute of each slot, ascending.
        end: The minute after the last slot.
        edges: Left edge of each slot in pixels, then the right edge of the last; one more than
            ``starts``.
        rivals: Other scales that explain the bookings looked at just as well; they differ where none of
            those lay, such as in a last slot that the browser stretched.
    """

    starts: tuple[int, ...]
    end: int
    edges: tuple[float, ...]
    rivals: tuple[Grid, ...] = ()

    @property
    def tolerance(self) -> float:
        """Pixels by which a booking may be off: rounding of browsers, and a minute of seconds."""
        return max(2.5, 1.5 * self.edges[-1] / max(1, self.end - self.starts[0]))

    def pixel(self, minute: int) -> float | None:
        """Where that minute is drawn, or None when it is not."""
        if not self.starts[0] <= minute <= self.end:
            return None
        i = bisect_right(self.starts, minute) - 1
        after = self.starts[i + 1] if i + 1 < len(self.starts) else self.end
        share = (minute - self.starts[i]) / (after - self.starts[i])
        return self.edges[i] + min(1.0, share) * (self.edges[i + 1] - self.edges[i])

    def minute(self, pixel: float) -> int:
        """What is drawn there: the nearest five minutes that fit, otherwise the nearest minute."""
        i = min(max(bisect_right(self.edges, pixel) - 1, 0), len(self.starts) - 1)
        after = self.starts[i + 1] if i + 1 < len(self.starts) else self.end
        width = self.edges[i + 1] - self.edges[i]
        share = (pixel - self.edges[i]) / width if width > 0 else 0.0
        exact = self.starts[i] + min(max(share, 0.0), 1.0) * (after - self.starts[i])
        five = 5 * round(exact / 5)
        there = self.pixel(five)
        return five if there is not None and abs(there - pixel) <= self.tolerance else round(exact)

    def ends(self, minute: int, drawn: Drawn) -> bool:
        """Whether something drawn there can end at that minute."""
        there = self.pixel(minute) if drawn.widened else None
        return self.fits(minute, drawn.end) or (there is not None and drawn.start < there <= drawn.end)

    def misfit(self, drawn: Sequence[Drawn]) -> float:
        """How far the bookings drawn are from full five minutes, all together, in pixels."""
        sides = [*(at.start for at in drawn), *(at.end for at in drawn if not at.widened)]
        return sum(abs((self.pixel(self.minute(side)) or 0.0) - side) for side in sides)

    def fits(self, minute: int, pixel: float) -> bool:
        """Whether something drawn at that pixel can begin or end at that minute."""
        there = self.pixel(minute)
        if there is None:
            return False
        # Browsers give the last slot what is left of the width: what lies beyond the edge is at it.
        beyond = pixel > there if minute == self.end else pixel < there and minute == self.starts[0]
        if beyond or abs(there - pixel) <= self.tolerance:
            return True
        return any(rival.fits(minute, pixel) for rival in self.rivals)


def calibrated(
    starts: tuple[int, ...],
    end: int,
    widths: Sequence[Sequence[float]],
    totals: Iterable[float],
    plain: Sequence[tuple[Written, Drawn]],
    drawn: Sequence[Drawn],
) -> Grid | None:
    """Finds the scale of the drawing.

    What the styles say is not always what the browser drew, so each scale that they suggest is
    tried on bookings that were written and drawn in full.

    Args:
        starts: First minute of each slot, ascending.
        end: The minute after the last slot.
        widths: Candidates for the widths of all slots but the last, in pixels.
        totals: Candidates for the width of all slots together, in pixels.
        plain: Bookings whose hours are written and that are not cut.
        drawn: Bookings of which only the place is known, too: most begin and end at full five minutes.

    Returns:
        The grid that most of these bookings agree with; None when most disagree with each, or
        nothing is drawn to scale.
    """
    furthest = max((at.end for at in drawn if not at.widened), default=0.0)
    totals = [total for total in dict.fromkeys([*totals, furthest]) if total >= max(furthest - 2.5, 1.0)]
    slot = (end - starts[0]) / len(starts)
    rates = sorted((at.end - at.start) / (on.end - on.start) for on, at in plain if on.end > on.start)
    if rates:
        rate = rates[len(rates) // 2]
        totals.append(rate * (end - starts[0]))
        widths = [*widths, [rate * slot] * (len(starts) - 1)]
    grids = []
    for columns in widths:
        edges = [0.0]
        for width in columns[: len(starts) - 1]:
            edges.append(edges[-1] + width)
        grids += [Grid(starts, end, (*edges, total)) for total in totals if total > edges[-1]]
    count = len(starts)
    grids += [
        Grid(starts, end, tuple(i * total / count for i in range(count + 1)))
        for total in totals
        if total >= 1
    ]
    if not grids or furthest <= 0:
        return None
    if not plain:
        return min(grids, key=lambda grid: grid.misfit(drawn))
    votes = [
        sum(grid.fits(on.start, at.start) and grid.fits(on.end, at.end) for on, at in plain) for grid in grids
    ]
    best = max(votes)
    if 2 * best < len(plain):
        return None
    first, *rivals = [grid for grid, its in zip(grids, votes, strict=True) if its == best]
    return structs.replace(first, rivals=tuple(rivals[:3]))


class Place(Struct, frozen=True, gc=False):
    """Where a booking lies, and on which sides it goes on outside of the drawing.

    Attributes:
        cut_at_start: It began before the drawing.
        cut_at_end: It ends after the drawing.
        drawn: Its pixels, or None.
        grid: The drawing's scale, or None when there is none to rely on.
    """

    cut_at_start: bool
    cut_at_end: bool
    drawn: Drawn | None = None
    grid: Grid | None = None

    def shows(self, start: int, end: int) -> bool | None:
        """Whether the drawing agrees with these minutes; None when it does not say.

        A side that is cut has to lie at the drawing's edge: elsewhere the mark is not to be believed.
        """
        drawn, grid = self.drawn, self.grid
        if drawn is None or grid is None or drawn.end <= drawn.start:
            return None
        return grid.fits(grid.starts[0] if self.cut_at_start else start, drawn.start) and grid.ends(
            grid.end if self.cut_at_end else end, drawn
        )

    def minutes(self) -> tuple[int, int] | None:
        """What the drawing alone says: the day's edge on a side that is cut; None when it says nothing."""
        drawn, grid = self.drawn, self.grid
        if drawn is None or grid is None or drawn.end <= drawn.start:
            return None
        start = 0 if self.cut_at_start else grid.minute(drawn.start)
        end = DAY if self.cut_at_end else grid.minute(drawn.end)
        # A booking of a few minutes may be drawn within one of the browser's own roundings.
        return (start, end) if start < end else (max(0, start - 5), min(DAY, end + 5))


def settled(written: Written | None, place: Place) -> Settled:
    """What is true of one booking, by what is written and where it lies.

    A side that is cut goes on outside the drawing. The hour written there may be another day's, so
    the day's own edge is taken: the widest reading, and the one at which the pieces of a booking meet.

    Args:
        written: The hours in its words, or None.
        place: Where it lies.

    Returns:
        The hours; with a problem when they are not certain, and then the widest that any witness
        allows.
    """
    if written is None:
        return _drawn_only(place, "no hours are written on it")
    start = 0 if place.cut_at_start else written.start
    end = DAY if place.cut_at_end or written.end == 0 else written.end
    if end <= start:
        end += DAY
    agreed = place.shows(start, end)
    if agreed or (agreed is None and written.strict and end <= DAY):
        return Settled(start, end, all_day=written.start == 0 and written.end == 0)
    if place.shows(start + DAY, end + DAY):
        return Settled(start + DAY, end + DAY)
    if not written.strict:
        return _drawn_only(place, "its words and its place do not agree on its hours")
    text = f"written {_clock(written.start)} to {_clock(written.end)}"
    seen = place.minutes()
    if seen is None:
        return Settled(min(start, DAY - 1), DAY, problem=f"{text}, and not drawn to scale")
    return Settled(
        min(start, seen[0]),
        max(min(end, DAY), seen[1]),
        problem=f"{text}, drawn {_clock(seen[0])} to {_clock(seen[1])}",
    )


def _drawn_only(place: Place, why: str) -> Settled:
    seen = place.minutes()
    if seen is None:
        return Settled(0, DAY, problem=f"{why}, and it is not drawn to scale", known=False)
    return Settled(*seen, problem=f"{why}; by its place it is from {_clock(seen[0])} to {_clock(seen[1])}")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
