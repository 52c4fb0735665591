"""How much of the time rooms were booked, and how much of it somebody was there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct, field

from events.ids import RoomKey
from events.report.days import RoomDay
from events.report.spans import DAY, HOUR, Micros, Span, day_of_school, length, minutes, overlap, without


class Lengths(Struct):
    """Lengths in microseconds: whole numbers add up to the same whatever their order.

    Attributes:
        booked: Booked, overlaps once, from when it was known to when it was cancelled.
        present: Somebody was there.
        used: Both.
        walk_in: Somebody was there, and nothing was booked.
    """

    booked: Micros = 0
    present: Micros = 0
    used: Micros = 0
    walk_in: Micros = 0

    def add(self, other: Lengths) -> None:
        """Add others."""
        self.booked += other.booked
        self.present += other.present
        self.used += other.used
        self.walk_in += other.walk_in

    def fields(self, prefix: str = "") -> dict[str, float]:
        """Write them in minutes, as the JSON names them."""
        return {
            f"{prefix}booked_min": minutes(self.booked),
            f"{prefix}present_min": minutes(self.present),
            f"{prefix}used_min": minutes(self.used),
            f"{prefix}walk_in_min": minutes(self.walk_in),
        }


class Use(Struct):
    """The use of a room on a day, or of many rooms on many days.

    Attributes:
        due: Bookings that were due.
        left_out: Bookings that were not counted: the room was out of order.
        all: At any hour.
        core: While the room counts as open.
        open: For how long that was.
        watched: For how much of that a door watched.
        counted: For how long of the presence heads were counted, while open.
        people: Heads times their time.
        places: Seats times that time.
    """

    due: int = 0
    left_out: int = 0
    days: int = 0
    all: Lengths = field(default_factory=Lengths)
    core: Lengths = field(default_factory=Lengths)
    open: Micros = 0
    watched: Micros = 0
    counted: Micros = 0
    people: Micros = 0
    places: Micros = 0

    def add(self, other: Use) -> None:
        """Add another's."""
        self.due += other.due
        self.left_out += other.left_out
        self.days += other.days
        self.all.add(other.all)
        self.core.add(other.core)
        self.open += other.open
        self.watched += other.watched
        self.counted += other.counted
        self.people += other.people
        self.places += other.places

    def fields(self) -> dict[str, object]:
        """Write it as the JSON names it."""
        return {
            "due": self.due,
            "left_out": self.left_out,
            **self.all.fields(),
            **self.core.fields("core_"),
            "core_open_min": minutes(self.open),
            "core_watched_min": minutes(self.watched),
        }

    def rates(self) -> dict[str, float | None]:
        """Tell the rates that room managers compare; None where nothing was open, or nobody counted.

        ``taux_theorique`` is booked over open time, ``taux_effectif`` used over open time, both while
        open; ``coverage`` is the share of it for which a door watched; ``frequency`` is presence over open
        time, ``occupancy`` heads over seats while heads were counted, and ``utilisation`` is their product,
        as British universities survey it (Space Management Group, 2006).
        """
        frequency = _ratio(self.core.present, self.open)
        occupancy = _ratio(self.people, self.places)
        both = frequency is not None and occupancy is not None
        return {
            "taux_theorique": _ratio(self.core.booked, self.open),
            "taux_effectif": _ratio(self.core.used, self.open),
            "coverage": _ratio(self.watched, self.open),
            "frequency": frequency,
            "occupancy": occupancy,
            "utilisation": round(frequency * occupancy, 4) if both else None,  # type: ignore[operator]  # both are there
            "counted_min": minutes(self.counted),
        }


def _ratio(part: Micros, whole: Micros) -> float | None:
    return round(part / whole, 4) if whole else None


class ByHour:
    """How long rooms were open, booked and used, by weekday and hour of the school's clocks."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._sums: dict[tuple[int, int], list[Micros]] = {}

    def add(self, day: RoomDay) -> None:
        """Add a room's day.

        A day on which clocks change is left out, a Sunday: its hours would be told apart by two clocks.
        """
        begin, end = day_of_school(self._zone, day.date)
        if end - begin != DAY:
            return
        for hour in range(24):
            opened = overlap(day.open, [(begin + hour * HOUR, begin + (hour + 1) * HOUR)])
            if opened:
                sums = self._sums.setdefault((day.date.weekday(), hour), [0, 0, 0])
                sums[0] += length(opened)
                sums[1] += length(overlap(day.booked, opened))
                sums[2] += length(overlap(day.present, opened))

    @property
    def weekdays(self) -> list[int]:
        """The weekdays on which something was open, Monday as 0."""
        return sorted({day for day, _ in self._sums})

    @property
    def hours(self) -> list[int]:
        """The hours at which something was open."""
        return sorted({hour for _, hour in self._sums})

    def booked(self, weekday: int, hour: int) -> float | None:
        """Tell the share of the open time that was booked; None where nothing was open."""
        sums = self._sums.get((weekday, hour))
        return _ratio(sums[1], sums[0]) if sums else None

    def present(self, weekday: int, hour: int) -> float | None:
        """Tell the share of the open time in which somebody was there; None where nothing was open."""
        sums = self._sums.get((weekday, hour))
        return _ratio(sums[2], sums[0]) if sums else None


def use_by_day(days: Iterable[RoomDay]) -> Iterator[tuple[date, RoomKey, Use]]:
    """Tell the use of each room on each day."""
    for day in days:
        yield day.date, day.room, use_of(day)


def use_of(day: RoomDay) -> Use:
    """Tell the use of a room on a day."""
    counted, people = _heads(day)
    return Use(
        due=len(day.due),
        left_out=day.left_out,
        days=1,
        all=_lengths(day.booked, day.present),
        core=_lengths(overlap(day.booked, day.open), overlap(day.present, day.open)),
        open=length(day.open),
        watched=length(overlap(day.watched, day.open)),
        counted=counted,
        people=people,
        places=counted * day.info.seats,
    )


def _lengths(booked: list[Span], present: list[Span]) -> Lengths:
    if not present:
        return Lengths(booked=length(booked))
    both = overlap(booked, present)
    return Lengths(
        booked=length(booked),
        present=length(present),
        used=length(both),
        walk_in=length(without(present, booked)),
    )


def _heads(day: RoomDay) -> tuple[Micros, Micros]:
    """Add up how long heads were counted, and heads times that time; rooms without seats tell nothing.

    A count holds from when it was made to the next, or to the end of the presence it was made in.
    """
    if not day.counts or not day.info.seats:
        return 0, 0
    counted = people = 0
    counts = sorted(day.counts, key=lambda c: (c.at, c.seq))
    for number, count in enumerate(counts):
        until = counts[number + 1].at if number + 1 < len(counts) else day.span[1]
        stay = next(((a, z) for a, z in day.present if a <= count.at < z), None)
        if stay is None:
            continue
        time = length(overlap([(count.at, min(until, stay[1]))], day.open))
        counted += time
        people += time * count.count
    return counted, people
