"""The figures of ``toctoc audit``: use, no-shows and policy, as a person or a program reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from events.ids import EventId, RoomKey
from events.report import asked
from events.report.asked import Unanswerable
from events.report.asking import Asked
from events.report.days import RoomDay, Rule, room_days, says_when_open
from events.report.evidence import Evidence, evidence
from events.report.no_shows import NoShows, Series, Tally, no_shows
from events.report.policies import BackTest, Exemption, back_test
from events.report.spans import HOUR, instant
from events.report.table import Column, hours, number, percent
from events.report.use import ByHour, Use, use_of
from events.status import WEEKDAYS

_SERIES_SHOWN = 20


# -- use ---------------------------------------------------------------------------------------------


def show_use(a: Asked) -> None:
    """Show ``audit use``."""
    if a.arguments.by_hour:
        _show_by_hour(a)
        return
    by_room: dict[RoomKey, Use] = {}
    total = Use()
    with a.csv(("date", "room", *_USE_FIELDS)) as row:
        days = _each_use(a, by_room, total, row)
        if a.arguments.json:
            a.stream_json(
                "room_days",
                days,
                lambda: {"total": {**total.fields(), **total.rates()}, **a.without(_use_figures)},
            )
            return
        for _ in days:
            pass
    columns = [Column("room", right=False), *map(Column, _USE_COLUMNS)]
    a.head("Use of rooms")
    rows = [[key, *_use_cells(u)] for key, u in by_room.items()]
    a.tabulate(columns, rows, ["total", *_use_cells(total)])
    _print_use_notes(a, total)


def _show_by_hour(a: Asked) -> None:
    by_hour = ByHour(a.facts.zone)
    for day in room_days(a.facts, a.scope):
        by_hour.add(day)
    with a.csv(("weekday", "hour", "booked", "present")) as row:
        for weekday in by_hour.weekdays:
            for hour in by_hour.hours:
                told = by_hour.booked(weekday, hour), by_hour.present(weekday, hour)
                row([WEEKDAYS[weekday], hour, *told])
    kinds = (("booked", by_hour.booked), ("present", by_hour.present))
    if a.arguments.json:
        shares = {
            name: {
                WEEKDAYS[weekday]: {f"{hour:02}": share(weekday, hour) for hour in by_hour.hours}
                for weekday in by_hour.weekdays
            }
            for name, share in kinds
        }
        a.say_json({"by_hour": shares})
        return
    a.head("Use of rooms by hour, in percent of the opening time")
    for name, share in kinds:
        columns = [Column(name, right=False), *(Column(f"{hour}h") for hour in by_hour.hours)]
        rows = [
            [WEEKDAYS[weekday], *(percent(share(weekday, hour)).removesuffix(" %") for hour in by_hour.hours)]
            for weekday in by_hour.weekdays
        ]
        a.tabulate(columns, rows)
        a.say("")


_USE_FIELDS = (
    "due", "left_out",
    *(f"{prefix}{name}_min" for prefix in ("", "core_") for name in ("booked", "present", "used", "walk_in")),
    "core_open_min", "core_watched_min",
)  # fmt: skip
_USE_COLUMNS = (
    "due", "any hour\nbooked", "any hour\npresent", "any hour\nused", "any hour\nwalk-in", "opening\nhours",
    "in them\nbooked", "in them\nused", "taux\nthéorique", "taux\neffectif", "frequency", "coverage",
)  # fmt: skip


def _each_use(
    a: Asked, by_room: dict[RoomKey, Use], total: Use, row: Callable[[Iterable[Any]], None]
) -> Iterator[dict[str, Any]]:
    for day in room_days(a.facts, a.scope):
        one = use_of(day)
        by_room.setdefault(day.room, Use()).add(one)
        total.add(one)
        fields = one.fields()
        row([day.date, day.room, *(fields[name] for name in _USE_FIELDS)])
        yield {"date": day.date, "room": day.room, **fields}


def _opening(a: Asked) -> str:
    if a.scope.hours is not None:
        return f"{a.arguments.hours} on every day, as asked for"
    if says_when_open(a.facts, a.scope):
        return "as the school's configuration said on each day"
    return "08:00-18:00 on every day, for the configuration says none"


def _use_figures(days: Iterator[RoomDay]) -> dict[str, Any]:
    total = Use()
    for day in days:
        total.add(use_of(day))
    return {**total.fields(), **total.rates()}


def _use_cells(u: Use) -> list[str]:
    rates = u.rates()
    return [
        number(u.due),
        *(hours(length) for length in (u.all.booked, u.all.present, u.all.used, u.all.walk_in)),
        *(hours(length) for length in (u.open, u.core.booked, u.core.used)),
        percent(rates["taux_theorique"]),
        percent(rates["taux_effectif"]),
        percent(rates["frequency"]),
        percent(rates["coverage"]),
    ]


def _print_use_notes(a: Asked, total: Use) -> None:
    a.say("")
    a.explain(f"Opening hours: {_opening(a)}. Closed days and rooms out of order are left out.")
    a.explain(
        "In hours: first of the whole day, then of the opening hours. Taux théorique = booked / open, taux "
        "effectif = used / open (somebody was there while it was booked), frequency = present / open, "
        "coverage = the share of the open time for which a door watched."
    )
    a.explain(
        "Somebody counts as present from a press to the end of the booking that it confirms, or without one "
        "for as long as was said, unless a press says that they leave: who came without pressing is not in "
        "these hours, who left without a word is."
    )
    rates = total.rates()
    if rates["occupancy"] is not None:
        a.explain(
            f"Heads were counted for {hours(total.counted)} h of the presence: occupancy "
            f"{percent(rates['occupancy'])} of the seats, utilisation = frequency · occupancy = "
            f"{percent(rates['utilisation'])}."
        )
    if total.left_out:
        a.say(f"Bookings left out because their room was out of order: {total.left_out}.")
    a.say_without(
        _use_figures,
        lambda f: f"booked {f['booked_min']} min, present {f['present_min']} min, used {f['used_min']} min",
    )


# -- no-shows ----------------------------------------------------------------------------------------


def show_no_shows(a: Asked) -> None:
    """Show ``audit no-shows``."""
    rule = asked.parse_rule(a.arguments.rule)
    with a.csv(_EVIDENCE_FIELDS) as row:
        graded = evidence(room_days(a.facts, a.scope), rule, a.facts.newest)
        if a.arguments.csv is not None:
            graded = _written(a, graded, row)
        found = no_shows(graded, rule, a.facts.zone)
    missed = a.titles([series.newest for series in found.in_a_row])
    if a.arguments.json:
        a.say_json(_no_shows_json(a, found, rule))
        return
    a.head(f"No-shows by the rule {rule}")
    headings = [Column(title) for title in _TALLY_COLUMNS]
    a.tabulate(
        [Column("room", right=False), *headings],
        [[room, *_tally_cells(tally)] for room, tally in found.by_room.items()],
        ["total", *_tally_cells(found.total)],
    )
    by_weekday = {day[:3]: tally for day, tally in found.by_weekday.items()}
    for name, tallies in (("weekday", by_weekday), ("hour", found.by_hour)):
        rows = [[key, *_tally_cells(tally)] for key, tally in tallies.items() if tally.due]
        a.say("")
        a.tabulate([Column(name, right=False), *headings], rows)
    _print_missed(a, found, missed)
    _print_no_show_notes(a, found, rule)


_TALLY_COLUMNS = (
    "due", "confirmed", "no-show", "un-\nobserved", "no-show\nrate", "coverage", "came\nlate",
    "cancelled,\nused",
)  # fmt: skip


def _tally_cells(t: Tally) -> list[str]:
    return [
        *(number(n) for n in (t.due, t.confirmed, t.no_show, t.unobserved)),
        percent(t.rate),
        percent(t.coverage),
        *(number(n) for n in (t.late, t.cancelled_used)),
    ]


_EVIDENCE_FIELDS = (
    "date", "room", "start", "end", "kind", "series", "title", "booking", "pressed", "grade", "contradicted",
    "why",
)  # fmt: skip
_AT_ONCE = 500


def _written(
    a: Asked, graded: Iterable[Evidence], row: Callable[[Iterable[Any]], None]
) -> Iterator[Evidence]:
    """Write each booking as a row on its way; titles are looked up for many at once."""
    waiting: list[Evidence] = []

    def write() -> None:
        names = a.titles(one.due.tenure for one in waiting)
        for one in waiting:
            row(_evidence_row(a, one, names))
        waiting.clear()

    for one in graded:
        waiting.append(one)
        if len(waiting) == _AT_ONCE:
            write()
        yield one
    write()


def _evidence_row(a: Asked, one: Evidence, names: Mapping[EventId, str]) -> list[Any]:
    due = one.due
    against = "late" if one.late else "cancelled, used" if one.cancelled else ""
    return [
        one.day, due.room, a.clock(due.start), a.clock(due.end), due.tenure.kind, due.tenure.series,
        names.get(due.tenure.text, ""), due.booking, int(one.pressed), "" if one.cancelled else one.grade,
        against, one.why,
    ]  # fmt: skip


def _no_shows_json(a: Asked, found: NoShows, rule: Rule) -> dict[str, Any]:
    names = a.titles([series.newest for series in found.by_series.values()])

    def figures(days: Iterator[RoomDay]) -> dict[str, Any]:
        return no_shows(evidence(days, rule, a.facts.newest), rule, a.facts.zone).total.fields()

    def series(one: Series) -> dict[str, Any]:
        named = {} if a.arguments.no_titles else {"title": names.get(one.newest.text)}
        rooms = {"room": one.newest.room, "rooms": len(one.rooms)}
        return {**named, **rooms, **one.tally.fields(), "longest_run": one.longest}

    return {
        "rule": str(rule),
        **found.total.fields(),
        "unobserved_by": found.unobserved_by,
        "by_room": {key: tally.fields() for key, tally in found.by_room.items()},
        "by_weekday": {key: tally.fields() for key, tally in found.by_weekday.items()},
        "by_hour": {key: tally.fields() for key, tally in found.by_hour.items()},
        "by_series": {key: series(one) for key, one in found.by_series.items()},
        "in_a_row": [{"series": one.newest.series, **series(one)} for one in found.in_a_row],
        **a.without(figures),
    }


def _print_missed(a: Asked, found: NoShows, names: Mapping[EventId, str]) -> None:
    if not found.in_a_row:
        return
    rows = [
        [
            names.get(series.newest.text) or f"(series {series.newest.series})",
            series.newest.room if len(series.rooms) == 1 else f"{len(series.rooms)} rooms",
            number(series.longest),
            f"{instant(series.ended).astimezone(a.zone):%Y-%m-%d %H:%M}",
            number(series.tally.due),
            number(series.tally.no_show),
        ]
        for series in found.in_a_row[:_SERIES_SHOWN]
    ]
    columns = [Column("missed in a row", right=False), Column("room", right=False), Column("times")]
    columns += [Column("the last"), Column("due"), Column("no-show")]
    a.say("")
    a.tabulate(columns, rows)
    if len(found.in_a_row) > _SERIES_SHOWN:
        a.say(f"… and {len(found.in_a_row) - _SERIES_SHOWN} more: see --json")
    a.explain("A series is a title that recurs, in whatever rooms: bookings of several people may share one.")


def _print_no_show_notes(a: Asked, found: NoShows, rule: Rule) -> None:
    total = found.total
    a.say("")
    a.explain(
        f"{number(total.without_press)} of {number(total.due)} due bookings have no press in the rule's "
        f"time. Of those that were observed (coverage {percent(total.coverage)}), {percent(total.rate)} are "
        "no-shows."
    )
    a.explain(
        "A no-show is a booking whose door watched and got no press in time: who came and did not press is "
        "among them, and a booking in whose room others pressed is not."
    )
    if total.not_at_door:
        a.explain(
            f"{number(total.not_at_door)} of the confirmed were not confirmed on the sign at the door: it "
            "took the press for the booking before, or did not know the booking yet, or asks for more than "
            "this rule. Here every press in the rule's time counts."
        )
    if found.unobserved_by:
        why = ", ".join(f"{count} by {what}" for what, count in sorted(found.unobserved_by.items()))
        a.say(f"Not observed, and in no rate: {why}.")
    if total.late or total.cancelled_used:
        a.explain(
            f"Contradicted: no-shows to which somebody came later: {total.late}; cancelled bookings that "
            f"were used all the same: {total.cancelled_used}."
        )

    def figures(days: Iterator[RoomDay]) -> dict[str, Any]:
        return no_shows(evidence(days, rule, a.facts.newest), rule, a.facts.zone).total.fields()

    a.say_without(
        figures,
        lambda f: f"confirmed {f['confirmed']}, no-shows {f['no_show']}, unobserved {f['unobserved']}",
    )


# -- policy ------------------------------------------------------------------------------------------


def show_policy(a: Asked) -> None:
    """Show ``audit policy``."""
    try:
        after = sorted({int(part) for part in a.arguments.release_after.split(",")})
    except ValueError:
        after = []
    if not after or after[0] < 0:
        raise Unanswerable(
            f"--release-after {a.arguments.release_after!r} is no list of minutes; allowed is 5,10,15"
        )
    test = back_test(room_days(a.facts, a.scope), after, a.facts.newest)
    with a.csv(tuple(test.outcomes[0].fields())) as row:
        for outcome in test.outcomes:
            row(outcome.fields().values())
    if a.arguments.json:
        a.say_json(
            {
                "due": test.due,
                "exempt": sum(test.exempt.values()),
                "exempt_by": test.exempt,
                "unobserved": test.unobserved,
                "left_early_hours": round(test.left_early / HOUR, 2),
                "rules": [outcome.fields() for outcome in test.outcomes],
            },
        )
        return
    _print_policy(a, test)


def _print_policy(a: Asked, test: BackTest) -> None:
    a.head("Releasing unconfirmed bookings, replayed")
    columns = [
        Column("released\nafter"), Column("bookings"), Column("of those\ndue"), Column("hours\ngiven back"),
        Column("somebody\ncame later"), Column("of those\nreleased"), Column("their\nhours"),
    ]  # fmt: skip
    rows = [
        [
            f"{one.after} min",
            number(one.released),
            percent(one.released / test.due if test.due else None),
            hours(one.given_back),
            number(one.came_later),
            percent(one.came_later / one.released if one.released else None),
            hours(one.taken_away),
        ]
        for one in test.outcomes
    ]
    a.tabulate(columns, rows)
    a.say("")
    a.explain(
        f"Of {number(test.due)} due bookings {number(sum(test.exempt.values()))} are exempt"
        f"{_exempt_in_words(test)}, and {number(test.unobserved)} had no door watching: no rule touches "
        "them. Hours are given back at any time of the day, until somebody came or to the booking's end, "
        "unless another booking holds the room. Who came later were people of the booking, whose room would "
        "have been taken away, or others who took the empty room; a button cannot tell. Among them are those "
        "who pressed before their start, while the booking before was in use: doors take that for a press of "
        "the others."
    )
    if test.left_early:
        a.explain(
            f"{hours(test.left_early)} h more would have been given back of bookings whose people said that "
            "they leave."
        )


def _exempt_in_words(test: BackTest) -> str:
    said = ", ".join(f"{number(count)} {_EXEMPT[why]}" for why, count in test.exempt.items() if count)
    return f" ({said})" if said else ""


_EXEMPT: dict[Exemption, str] = {
    "long": "too long",
    "kind": "of an exempt kind",
    "room": "in an exempt room",
    "late": "entered too shortly before their start",
}
