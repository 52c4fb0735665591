"""No-shows: how many of the due bookings nobody came to, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from events.report.days import Rule
from events.report.evidence import Evidence
from events.report.facts import Tenure
from events.report.spans import instant
from events.status import WEEKDAYS

IN_A_ROW = 3
"""So many no-shows of one series, one after the other, and it is named."""


class Tally(Struct):
    """Due bookings by what is known of them.

    ``due = confirmed + no_show + unobserved``. Of the contradicted ones the late are among the no-shows,
    and the cancelled ones that were used are no due bookings at all. Of the confirmed, `not_at_door` were
    confirmed by a press that the sign at the door took for something else.
    """

    due: int = 0
    without_press: int = 0
    confirmed: int = 0
    no_show: int = 0
    unobserved: int = 0
    not_at_door: int = 0
    late: int = 0
    cancelled_used: int = 0

    def add(self, one: Evidence) -> None:
        """Count a booking."""
        if one.cancelled:
            self.cancelled_used += 1
            return
        self.due += 1
        self.without_press += not one.pressed
        self.not_at_door += one.pressed and not one.at_door
        self.late += one.late
        if one.grade == "confirmed":
            self.confirmed += 1
        elif one.grade == "no-show":
            self.no_show += 1
        else:
            self.unobserved += 1

    @property
    def observed(self) -> int:
        """How many of the due were observed."""
        return self.due - self.unobserved

    @property
    def rate(self) -> float | None:
        """No-shows among what was observed; None where nothing was."""
        return round(self.no_show / self.observed, 6) if self.observed else None

    @property
    def coverage(self) -> float | None:
        """The share of the due bookings that was observed; None where none was due."""
        return round(self.observed / self.due, 6) if self.due else None

    def fields(self) -> dict[str, Any]:
        """Write it as the JSON names it."""
        return {
            "due": self.due,
            "without_press": self.without_press,
            "confirmed": self.confirmed,
            "no_show": self.no_show,
            "unobserved": self.unobserved,
            "not_at_door": self.not_at_door,
            "contradicted": self.late + self.cancelled_used,
            "late": self.late,
            "cancelled_used": self.cancelled_used,
            "rate": self.rate,
            "coverage": self.coverage,
        }


class Series(Struct):
    """A recurring title.

    Attributes:
        newest: Its newest booking, which names it.
        rooms: Where it took place.
        run: No-shows since somebody last came.
        longest: The most of them in a row.
        ended: When the last of those started.
    """

    newest: Tenure
    rooms: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    run: int = 0
    longest: int = 0
    ended: int = 0


class NoShows(Struct):
    """What `no_shows` found.

    Attributes:
        by_series: By the keyed hash of the title; only those that recur.
    """

    rule: Rule
    total: Tally = field(default_factory=Tally)
    by_room: dict[str, Tally] = field(default_factory=dict)
    by_weekday: dict[str, Tally] = field(default_factory=dict)
    by_hour: dict[str, Tally] = field(default_factory=dict)
    by_series: dict[str, Series] = field(default_factory=dict)
    unobserved_by: dict[str, int] = field(default_factory=dict)

    @property
    def in_a_row(self) -> list[Series]:
        """The series that were missed often in a row, the longest first."""
        found = [series for series in self.by_series.values() if series.longest >= IN_A_ROW]
        return sorted(found, key=lambda series: (-series.longest, series.newest.series))


def no_shows(graded: Iterable[Evidence], rule: Rule, zone: str) -> NoShows:
    """Count graded bookings.

    Args:
        graded: In order of days.
        rule: The rule that they were graded by.
        zone: The school's zone, for weekdays and hours.
    """
    answer, local = NoShows(rule=rule), ZoneInfo(zone)
    answer.by_weekday = {day: Tally() for day in WEEKDAYS}
    today: list[Evidence] = []
    for one in graded:
        start = instant(one.due.start).astimezone(local)
        for tally in (
            answer.total,
            answer.by_room.setdefault(one.due.room, Tally()),
            answer.by_weekday[WEEKDAYS[start.weekday()]],
            answer.by_hour.setdefault(f"{start:%H}", Tally()),
        ):
            tally.add(one)
        if one.why:
            answer.unobserved_by[one.why] = answer.unobserved_by.get(one.why, 0) + 1
        if today and today[0].day != one.day:
            _follow_series(answer, today)
            today = []
        if one.due.tenure.series:
            today.append(one)
    _follow_series(answer, today)
    answer.by_series = {name: one for name, one in sorted(answer.by_series.items()) if one.tally.due > 1}
    answer.by_hour = dict(sorted(answer.by_hour.items()))
    answer.by_room = dict(sorted(answer.by_room.items()))
    return answer


def _follow_series(answer: NoShows, today: list[Evidence]) -> None:
    """Follow how often in a row each series was missed: within a day in order of time, in any room."""
    for one in sorted(today, key=lambda one: (one.due.start, one.due.room, one.due.booking)):
        tenure = one.due.tenure
        series = answer.by_series.get(tenure.series)
        if series is None:
            series = answer.by_series[tenure.series] = Series(newest=tenure)
        series.tally.add(one)
        if one.cancelled:
            continue
        series.newest = tenure
        series.rooms.add(tenure.room)
        if one.grade == "no-show" and not one.late:
            series.run += 1
            if series.run > series.longest:
                series.longest, series.ended = series.run, one.due.start
        elif one.grade != "unobserved":
            series.run = 0
