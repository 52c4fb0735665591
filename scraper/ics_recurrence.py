"""The occurrences of a recurring event, within bounds.

`recurring_ical_events` does the arithmetic. What it is given is looked at first: the libraries
below it walk through every date that a rule might mean, and until the year 9999 when it never comes
true, so a feed of three lines could hold its reader for hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from itertools import islice
from math import prod
from typing import Any

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]
from dateutil.rrule import rrulestr
from icalendar.prop import vDDDLists, vDDDTypes, vRecur
from msgspec import Struct

from scraper.errors import Unreadable
from scraper.ics_zones import LAST_YEAR

MOST_STEPS = 60_000
"""Dates that one rule may go through: every day of 160 years."""
MOST_STEPS_OF_FEED = 4_000_000
"""Dates that the rules of one feed may go through together: some ten seconds. A feed with more is refused."""
MOST_OCCURRENCES = 20_000
"""Occurrences of one event; one of 40 years of days has fewer."""

Moment = date | datetime
"""A local date for whole days, otherwise an aware instant in the zone in which it recurs."""

# Measured, in dates of a daily rule: what a series costs by itself, an occurrence of it, and a rule that
# never comes true.
_SERIES, _OCCURRENCE, _NEVER = 200, 20, 80_000
# How many days of a rule cost as much as one of a daily rule.
_EASE = {"WEEKLY": 4, "MONTHLY": 8, "YEARLY": 8}
_DAYS = {"DAILY": 1.0, "WEEKLY": 7.0, "MONTHLY": 31.0, "YEARLY": 366.0}
_WITHIN_A_DAY = {"HOURLY": 24, "MINUTELY": 1440, "SECONDLY": 86400}
_LISTS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
}
_WEEKDAY = re.compile(r"(?:[+-]?\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?\d{1,7}")
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_ALWAYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"})
_INDEX = "X-TOCTOC-INDEX"


class NotFollowed(ValueError):
    """A recurrence that cannot be worked out, or would take too long to; says why."""


class Rule(Struct, frozen=True):
    """An RRULE that was looked at.

    Attributes:
        text: The rule, with UNTIL in the form that its start asks for.
        count: Its COUNT, or None.
        until: Its UNTIL as an aware instant, or None.
        plain: It is sure to come true every few periods.
        days: Length of its period in days, INTERVAL included; less than one for rules within a day.
        ease: How many of these days cost as much as one of a daily rule.
        times: How many times a period it may come true on one date.
    """

    text: str
    count: int | None
    until: datetime | None
    plain: bool
    days: float
    ease: int
    times: int

    @property
    def endless(self) -> bool:
        """Whether it goes on for longer than anything can be said of."""
        return self.count is None and (self.until is None or self.until.year > LAST_YEAR)


class Recurring(Struct, frozen=True, kw_only=True):
    """What the occurrences of an event follow from.

    Attributes:
        start: Of the event itself.
        end: Of the event itself, not before ``start``.
        sequence: Its revision.
        rules: Its RRULEs.
        dates: Its RDATEs: starts, some with an end of their own.
        without: Its EXDATEs.
        replaces: Its RECURRENCE-ID; None for the event that recurs.
        and_later: Its RECURRENCE-ID has RANGE=THISANDFUTURE.
    """

    start: Moment
    end: Moment
    sequence: int = 0
    rules: tuple[Rule, ...] = ()
    dates: tuple[Moment | tuple[Moment, Moment], ...] = ()
    without: tuple[Moment, ...] = ()
    replaces: Moment | None = None
    and_later: bool = False


class Occurrence(Struct, frozen=True):
    """One time at which an event takes place.

    Attributes:
        index: 0 for the event that recurs, otherwise which of its replacements it is, from 1.
        start: When it begins.
        end: When it ends.
        name: When it would have begun by the rule: what RECURRENCE-ID says, in its own zone.
    """

    index: int
    start: Moment
    end: Moment
    name: Moment


class Allowance:
    """How many dates the rules of one feed may still go through."""

    def __init__(self) -> None:
        self._left = float(MOST_STEPS_OF_FEED)

    def spend(self, steps: float) -> None:
        """Take some.

        Raises:
            Unreadable: None are left: what was read so far would be a part only.
        """
        self._left -= steps
        if self._left < 0:
            raise Unreadable(
                "a timetable's recurrences", f"rules that go through more than {MOST_STEPS_OF_FEED:,} dates"
            )


def read_rule(text: str, start: Moment, zone: tzinfo) -> Rule:
    """Looks at an RRULE.

    Args:
        text: As the feed has it.
        start: The event's DTSTART.
        zone: The school's zone, in which days are meant.

    Raises:
        NotFollowed: It is none, or of a kind that is not understood.
    """
    pairs: dict[str, str] = {}
    for pair in text.strip().strip(";").upper().split(";"):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or key in pairs:
            raise NotFollowed("its rule cannot be taken apart")
        pairs[key] = value
    unknown = pairs.keys() - _ALWAYS - _LISTS.keys()
    if unknown:
        raise NotFollowed(f"its rule has {min(unknown)[:30]}, which is not understood")
    frequency = pairs.get("FREQ", "")
    if frequency not in _DAYS and frequency not in _WITHIN_A_DAY:
        raise NotFollowed("its rule has no frequency that is known")
    for key, (least, most) in _LISTS.items():
        numbers = pairs.get(key, "1").split(",")
        if not all(_NUMBER.fullmatch(it) and least <= int(it) <= most for it in numbers):
            raise NotFollowed(f"its rule has a {key} out of range")
    weekdays = pairs.get("BYDAY", "MO").split(",")
    if not all(_WEEKDAY.fullmatch(it) for it in weekdays) or len(weekdays) > 100:
        raise NotFollowed("its rule has a BYDAY that is no weekday")
    if not re.fullmatch("MO|TU|WE|TH|FR|SA|SU", pairs.get("WKST", "MO")):
        raise NotFollowed("its rule has a WKST that is no weekday")
    interval = _counted(pairs, "INTERVAL")
    count = _counted(pairs, "COUNT") if "COUNT" in pairs else None
    until = _until(pairs, start, zone)
    if count is not None and until is not None:
        raise NotFollowed("its rule has COUNT and UNTIL, of which only one can hold")
    per_day = _WITHIN_A_DAY.get(frequency)
    numbered = any(it[0] in "+-0123456789" for it in weekdays)
    return Rule(
        text=";".join(f"{key}={value}" for key, value in pairs.items()),
        count=count,
        until=until,
        plain=pairs.keys() <= _ALWAYS and not numbered and (frequency == "WEEKLY" or "BYDAY" not in pairs),
        days=interval * (_DAYS[frequency] if per_day is None else 1 / per_day),
        ease=_EASE.get(frequency, 1),
        times=prod(
            len(set(pairs[key].split(","))) for key in ("BYHOUR", "BYMINUTE", "BYSECOND") if key in pairs
        ),
    )


def occurrences(
    series: Sequence[Recurring], span: tuple[datetime, datetime], allowance: Allowance
) -> list[Occurrence]:
    """When an event takes place, as far as that touches a span of time.

    Args:
        series: The event that recurs, then those that replace single occurrences of it.
        span: First and last instant, aware, in the school's zone.
        allowance: What the feed may still cost.

    Returns:
        The occurrences, in no order.

    Raises:
        NotFollowed: They are too many, or their rule never comes true.
        Unreadable: The allowance is used up.
    """
    core = series[0]
    for rule in core.rules:
        _bound(rule, core.start, span[1], allowance)
    allowance.spend(_SERIES * len(series))
    try:
        calendar = icalendar.Calendar()
        for index, recurring in enumerate(series):
            calendar.add_component(_component(recurring, index))
        found: list[Any] = recurring_ical_events.of(calendar).between(*span)
    except Exception as error:  # noqa: BLE001  # whatever a library trips over is this series' fault
        raise NotFollowed(f"its recurrence cannot be worked out ({type(error).__name__})") from None
    allowance.spend(_OCCURRENCE * len(found))
    if len(found) > MOST_OCCURRENCES:
        raise NotFollowed(f"it recurs {len(found):,} times")
    return [
        Occurrence(int(it[_INDEX]), it["DTSTART"].dt, it["DTEND"].dt, it["RECURRENCE-ID"].dt) for it in found
    ]


def _counted(pairs: dict[str, str], key: str) -> int:
    text = pairs.get(key, "1")
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise NotFollowed(f"its rule has a {key} that is no number of times")
    return int(text)


def _until(pairs: dict[str, str], start: Moment, zone: tzinfo) -> datetime | None:
    """The instant of UNTIL, which is rewritten as the start asks for: a date for dates, else UTC."""
    if "UNTIL" not in pairs:
        return None
    found = _UNTIL.fullmatch(pairs["UNTIL"])
    if found is None:
        raise NotFollowed("its rule has an UNTIL that is no instant")
    *numbers, utc = found.groups()
    own = start.tzinfo if isinstance(start, datetime) else None
    try:
        day = date(*(int(number) for number in numbers[:3]))
        if day.year > LAST_YEAR:
            day = date(LAST_YEAR + 1, 1, 1)
        hour, minute, second = (23, 59, 59) if numbers[3] is None else map(int, numbers[3:])
        clock = time(hour, minute, second)
        until = datetime.combine(day, clock, tzinfo=UTC if utc else own or zone)
    except (ValueError, TypeError):
        raise NotFollowed("its rule has an UNTIL that is no instant") from None
    if isinstance(start, datetime):
        pairs["UNTIL"] = f"{until.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    else:
        pairs["UNTIL"] = f"{until.astimezone(zone):%Y%m%d}"
    return until


def _bound(rule: Rule, start: Moment, last: datetime, allowance: Allowance) -> None:
    """Refuses a rule that would be too much to work out.

    Raises:
        NotFollowed: It is.
    """
    begin = start.date() if isinstance(start, datetime) else start
    end = min(last, rule.until) if rule.until else last
    days = float(max(1, (end.date() - begin).days + 2))
    if rule.count is not None:
        # A period may hold no date of the rule, so that COUNT periods are not enough for every rule.
        days = min(days, rule.days * rule.count * (1 if rule.plain else 12) + 2)
    # What is gone through: the days of each period, and every time of day.
    steps = days / max(rule.ease, rule.days / 31) if rule.days >= 1 else days / rule.days
    steps *= rule.times
    if steps > MOST_STEPS:
        raise NotFollowed("its rule goes through too many dates to work out")
    allowance.spend(steps)
    if not rule.plain:
        allowance.spend(_wait(rule, begin, allowance))


def _wait(rule: Rule, begin: date, allowance: Allowance) -> int:
    """After how many days the rule comes true for the first time.

    The calendar repeats itself every 400 years to the weekday, so the question is asked shortly before
    the year 9999: there the search of a rule that never comes true has an end.

    Raises:
        NotFollowed: It does not come true within a century.
    """
    late = begin.replace(year=9500 + (begin.year - 9500) % 400)
    endless = re.sub(r";?(?:COUNT|UNTIL)=[^;]*", "", rule.text).strip(";")
    try:
        first = next(islice(rrulestr(endless, dtstart=datetime.combine(late, time.min)), 1), None)
    except Exception as error:  # noqa: BLE001  # whatever a library trips over is this rule's fault
        raise NotFollowed(f"its rule cannot be worked out ({type(error).__name__})") from None
    if first is None:
        allowance.spend(_NEVER)
        raise NotFollowed("its rule never comes true")
    return (first.date() - late).days + 100


def _component(recurring: Recurring, index: int) -> icalendar.Event:
    event = icalendar.Event()
    event["UID"] = "series"
    event["SEQUENCE"] = recurring.sequence
    event["DTSTART"] = vDDDTypes(recurring.start)
    event["DTEND"] = vDDDTypes(recurring.end)
    event[_INDEX] = str(index)
    if recurring.replaces is not None:
        event["RECURRENCE-ID"] = vDDDTypes(recurring.replaces)
        if recurring.and_later:
            event["RECURRENCE-ID"].params["RANGE"] = "THISANDFUTURE"
    if recurring.rules:
        event["RRULE"] = [vRecur.from_ical(rule.text) for rule in recurring.rules]
    if recurring.dates:
        event["RDATE"] = [vDDDLists([moment]) for moment in recurring.dates]
    if recurring.without:
        event["EXDATE"] = vDDDLists(list(recurring.without))
    return event
