"""The time zones that a calendar feed names: by IANA, by Windows, or defined by itself.

A zone of a feed is that feed's own: two feeds may call two zones ``1``, so nothing is remembered
from one feed to the next.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scraper.ics_lines import Component

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of which anything can be said; no timetable needs more."""

_IANA = re.compile(r"[A-Za-z0-9_+\-]{1,30}(?:/[A-Za-z0-9_+\-]{1,30}){0,2}")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_LOCAL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?")
_MOST_OBSERVANCES = 200
_MOST_DATES = 500
# What zones are written with. Each such rule comes true at least every few decades, so that looking
# for its dates ends; dateutil looks for those of a rule that never does until the year 9999.
_RULE_KEYS = frozenset({"FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "UNTIL", "WKST"})
_WEEKDAY = re.compile(r"([+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)")


class UnknownZone(LookupError):
    """No zone goes by that name, and the feed defines none that can be followed."""


class FeedZone(tzinfo):
    """A zone as a VTIMEZONE defines it.

    Args:
        name: Its TZID.
        onsets: Wall clock instant at which an offset begins (by the clock that ends there), the offset
            before and the offset after; at least one.
    """

    def __init__(self, name: str, onsets: Iterable[tuple[datetime, timedelta, timedelta]]) -> None:
        ordered = sorted(onsets)
        none = timedelta(0)
        self._name = name
        self._offsets = [ordered[0][1], *(after for _, _, after in ordered)]
        # In the hour that is lost or repeated, the first reading (fold=0) holds on to the offset before.
        self._first = [at + max(after - before, none) for at, before, after in ordered]
        self._second = [at + min(after - before, none) for at, before, after in ordered]
        self._instants = [at - before for at, before, _ in ordered]

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """The offset at a wall clock instant."""
        if dt is None:
            return self._offsets[-1]
        changes = self._second if dt.fold else self._first
        return self._offsets[bisect_right(changes, dt.replace(tzinfo=None))]

    def dst(self, _dt: datetime | None) -> timedelta:
        """Zero: which of its offsets is the standard one makes no difference here."""
        return timedelta(0)

    def tzname(self, _dt: datetime | None) -> str:
        """The zone's own name."""
        return self._name

    def fromutc(self, dt: datetime) -> datetime:
        """The wall clock instant of a UTC instant."""
        bare = dt.replace(tzinfo=None)
        at = bisect_right(self._instants, bare)
        local = bare + self._offsets[at]
        again = at > 0 and local < self._instants[at - 1] + self._offsets[at - 1]
        return local.replace(tzinfo=self, fold=int(again))


class Zones:
    """Finds the zones of one feed.

    Args:
        components: The feed's VTIMEZONEs.
    """

    def __init__(self, components: Iterable[Component]) -> None:
        self._defined: dict[str, Component] = {}
        for component in components:
            self._defined.setdefault(component.text("TZID").strip(), component)
        self._found: dict[str, tzinfo | None] = {}
        self._left = _MOST_OBSERVANCES

    def find(self, name: str) -> tzinfo:
        """The zone of a TZID.

        IANA's rules go before those that the feed has of a zone with the same name: exporters often
        write only the rules of one year.

        Raises:
            UnknownZone: There is none.
        """
        name = name.strip()
        if name not in self._found:
            self._found[name] = _known(name) or self._own(name)
        zone = self._found[name]
        if zone is None:
            raise UnknownZone(f"no time zone is known as {name[:60]!r}")
        return zone

    def _own(self, name: str) -> tzinfo | None:
        component = self._defined.get(name)
        if component is None or len(component.parts) > self._left:
            return None
        self._left -= len(component.parts)
        try:
            onsets = [onset for part in component.parts for onset in _onsets(part)]
            return FeedZone(name, onsets) if onsets else None
        except (ValueError, OverflowError, TypeError):
            return None


def _known(name: str) -> tzinfo | None:
    if name.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    candidates = [name, WINDOWS_TO_OLSON.get(name, "")]
    if name.startswith("/"):
        # Globally unique ones, such as /freeassociation.sourceforge.net/Europe/Paris.
        parts = name.strip("/").split("/")
        candidates += ["/".join(parts[-count:]) for count in (2, 3)]
    for candidate in candidates:
        if _IANA.fullmatch(candidate):
            try:
                return ZoneInfo(candidate)
            except (LookupError, OSError, ValueError):
                continue
    return None


def _onsets(part: Component) -> list[tuple[datetime, timedelta, timedelta]]:
    """When a STANDARD or DAYLIGHT part begins, each time.

    Raises:
        ValueError: It cannot be followed; a zone's clock changes on rules of years only.
    """
    if part.faults:
        raise ValueError(part.faults[0])
    before, after = _offset(part.text("TZOFFSETFROM")), _offset(part.text("TZOFFSETTO"))
    start = _local(part.text("DTSTART"))
    dates = [start]
    for line in part.lines:
        if line.name == "RDATE":
            dates += [_local(value) for value in line.value.split(",")[:_MOST_DATES]]
        elif line.name == "RRULE":
            for onset in rrulestr(_rule(line.value), dtstart=max(start, start.replace(year=FIRST_YEAR))):
                if onset.year > LAST_YEAR:
                    break
                dates.append(onset)
    return [(max(date, datetime(1, 1, 3)), before, after) for date in dates]  # noqa: DTZ001  # wall clock


def _rule(text: str) -> str:
    """A rule for dateutil to follow.

    Raises:
        ValueError: It is none that a zone is written with.
    """
    pairs = dict(pair.split("=", 1) for pair in text.upper().strip().strip(";").split(";"))
    days = [_WEEKDAY.fullmatch(day) for day in pairs.get("BYDAY", "SU").split(",")]
    numbers = [int(number) for number in pairs.get("BYMONTHDAY", "1").split(",")]
    counted = any(day is not None and day[1] for day in days)
    if (
        not pairs.keys() <= _RULE_KEYS
        or pairs.get("FREQ") != "YEARLY"
        or pairs.get("INTERVAL", "1") != "1"
        or not all(days)
        or not all(1 <= abs(number) <= 28 for number in numbers)
        or (counted and "BYMONTHDAY" in pairs)
    ):
        raise ValueError("a rule that no zone is written with")
    if "UNTIL" in pairs:
        # It is in UTC and the start on the wall clock; a day more or less makes no difference.
        pairs["UNTIL"] = pairs["UNTIL"][:8] + "T235959"
    return ";".join("=".join(pair) for pair in pairs.items())


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError("an offset that is none")
    size = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if size >= timedelta(hours=24):
        raise ValueError("an offset of a day or more")
    return -size if found[1] == "-" else size


def _local(text: str) -> datetime:
    found = _LOCAL.match(text.strip())
    if found is None:
        raise ValueError("an instant that is none")
    return datetime(*(int(number or 0) for number in found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
