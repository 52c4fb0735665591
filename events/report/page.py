"""A month on one page, for whoever does not use a terminal: no network, both languages, prints well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from msgspec import Struct

from events.report import plots
from events.report.days import Rule, Scope, bounds, room_days, says_when_open
from events.report.evidence import evidence
from events.report.facts import Facts
from events.report.no_shows import NoShows, Tally, no_shows
from events.report.page_words import LANGUAGES, MONTHS, WEEKDAYS, Language, decimal, share, word
from events.report.policies import BackTest, back_test
from events.report.spans import HOUR, Micros, day_of_school
from events.report.use import ByHour, Use, use_of

RULES = (5, 10, 15, 20, 30)
_SHOWN = 8
_FEWEST = 5
"""Of fewer observed bookings no rate is drawn: one no-show in one booking is no 100 %."""
_BARS = 30
"""So many bars, of the rooms that are used most and of those that are used least, fit a page."""

_STYLE = """
:root { color: #1c2126; background: #fff; font: 15px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.8rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem }
p { margin: .3rem 0; max-width: 46rem } .small, .how { color: #57606a; font-size: .82rem }
.how code { font-size: .78rem; background: #f3f5f7; padding: .1rem .3rem; border-radius: .2rem;
  overflow-wrap: anywhere }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0 }
.figures div { border-top: 3px solid #1f5f99; padding-top: .4rem }
.figures b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.figures span { display: block; font-weight: 600 }
.figures small { display: block; line-height: 1.3; color: #57606a }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #e4e8eb; font-weight: 400 }
th { color: #57606a; font-size: .82rem } th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto; display: block }
svg text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif !important }
.plot { overflow-x: auto } .plot svg { min-width: 34rem }
input, label { font-size: .9rem; cursor: pointer } label { margin-right: .8rem }
main { display: none; margin-top: .6rem }
#fr:checked ~ main[lang=fr], #en:checked ~ main[lang=en] { display: block }
section, .figures, .how { break-inside: avoid } .how { break-before: avoid }
@media print { input, label { display: none } body { padding: 0 } body, p { max-width: none }
  :root { font-size: 12px } @page { margin: 14mm } .plot svg { min-width: 0 }
  .heat svg { max-height: 68mm } .rates svg { max-height: 38mm } .policies svg { max-height: 42mm }
  .rooms svg { max-height: 225mm } h2 { margin-top: 1.2rem } }
"""


class Month(Struct):
    """What a report tells of a month.

    Attributes:
        by_hour: By weekday and hour.
        asked: What a command is told to look at the same rooms.
        hours: The opening hours that were asked for; None for none.
    """

    year: int
    month: int
    scope: Scope
    rule: Rule
    total: Use
    by_room: dict[str, Use]
    by_hour: ByHour
    shows: NoShows
    test: BackTest
    asked: str = ""
    hours: str | None = None
    annotated: int = 0
    bare: NoShows | None = None


def gather_month(
    facts: Facts, scope: Scope, rule: Rule, *, annotated: int = 0, asked: str = "", hours: str | None = None
) -> Month:
    """Compute all figures of a month.

    Args:
        facts: What the log says.
        scope: The month: see `month_scope`.
        rule: When a press confirms.
        annotated: How many annotations of operators are in it.
        asked: What a command is told to look at the same rooms.
        hours: The opening hours that were asked for; None for none.
    """
    total, by_room = Use(), dict[str, Use]()
    by_hour = ByHour(facts.zone)
    for day in room_days(facts, scope):
        use = use_of(day)
        total.add(use)
        by_room.setdefault(day.room, Use()).add(use)
        by_hour.add(day)

    def counted(one: Scope) -> NoShows:
        return no_shows(evidence(room_days(facts, one), rule, facts.newest), rule, facts.zone)

    bare = Scope(first=scope.first, last=scope.last, rooms=scope.rooms, hours=scope.hours, corrected=False)
    return Month(
        year=scope.first.year,
        month=scope.first.month,
        scope=scope,
        rule=rule,
        total=total,
        by_room=by_room,
        by_hour=by_hour,
        shows=counted(scope),
        test=back_test(room_days(facts, scope), RULES, facts.newest),
        asked=asked,
        hours=hours,
        annotated=annotated,
        bare=counted(bare) if annotated else None,
    )


def page(month: Month, facts: Facts, *, language: Language, local: Callable[[Micros], str]) -> str:
    """Write the page.

    Args:
        month: Its figures.
        facts: The log they are from.
        language: The one that is shown first.
        local: Tells an instant on the school's clocks.
    """
    # Beside the bodies, for a style to choose one of them without a script, in browsers of any age.
    buttons = "".join(
        f'<input type="radio" name="language" id="{one}"{" checked" if one == language else ""}> '
        f'<label for="{one}">{word("language", one)}</label>'
        for one in LANGUAGES
    )
    bodies = "".join(_body(month, facts, one, local) for one in LANGUAGES)
    title = escape(f"{word('title', language)} – {_month(month, language)}")  # noqa: RUF001
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{buttons}\n{bodies}</body>\n</html>\n"
    )


def _body(month: Month, facts: Facts, language: Language, local: Callable[[Micros], str]) -> str:
    def say(name: str, **values: object) -> str:
        return escape(word(name, language, **values))

    about = say(
        "as_of",
        school=facts.school,
        rooms=len(month.by_room),
        seq=decimal(facts.seq, language, 0),
        log=facts.log[:12],
        at=local(facts.newest),
    )
    parts = [f'<main lang="{language}">', f"<h1>{say('title')}, {escape(_month(month, language))}</h1>"]
    parts.append(f'<p class="small">{about}</p>')
    if facts.newest < day_of_school(facts.zone, month.scope.last)[1]:
        parts.append(f'<p class="small">{say("partial", day=local(facts.newest))}</p>')
    known = bounds(facts)
    if known is not None and known[0] > month.scope.first:
        parts.append(f'<p class="small">{say("begins", day=known[0])}</p>')
    if not month.by_room:
        return "\n".join([*parts, f"<p>{say('nothing')}</p>", "</main>\n"])
    parts += [
        _figures(month, language),
        _how(month, language, "use"),
        _how(month, language, f"no-shows --rule {month.rule}"),
        _heat(month, language, word(f"opening_{_opening(month, facts)}", language)),
        _rooms(month, language),
        _rates(month, language),
        _policies(month, language),
        _observed(month, language),
        f'<p class="small">{say("left_out")} {say("nobody")}</p>',
        "</main>\n",
    ]
    return "\n".join(parts)


def _opening(month: Month, facts: Facts) -> str:
    if month.scope.hours is not None:
        return "asked"
    return "configured" if says_when_open(facts, month.scope) else "default"


def _month(month: Month, language: Language) -> str:
    return f"{MONTHS[language][month.month - 1]} {month.year}"


def _figures(month: Month, language: Language) -> str:
    rates, shows = month.total.rates(), month.shows.total
    cells = [
        ("theorique", share(rates["taux_theorique"], language)),
        ("effectif", share(rates["taux_effectif"], language)),
        ("no_shows", share(shows.rate, language)),
        ("walk_ins", decimal(month.total.core.walk_in / HOUR, language, 0)),
        ("coverage", share(shows.coverage, language)),
    ]
    if rates["utilisation"] is not None:
        cells.append(("utilisation", share(rates["utilisation"], language)))
    body = "".join(
        f"<div><b>{value}</b><span>{escape(word(name, language))}</span>"
        f"<small>{escape(word(f'{name}_is', language, rule=month.rule))}</small></div>"
        for name, value in cells
    )
    return f'<div class="figures">{body}</div>'


def _how(month: Month, language: Language, question: str) -> str:
    """Say which question, asked of ``toctoc audit``, recomputes a figure."""
    days = f"--from {month.scope.first} --to {month.scope.last}"
    parts = ["toctoc audit", question, days, month.asked]
    if month.hours is not None and question.startswith("use"):  # no other figure depends on them
        parts.append(f"--hours {month.hours}")
    command = " ".join(part for part in parts if part)
    return f'<p class="how">{escape(word("recompute", language))} <code>{escape(command)}</code></p>'


def _section(title: str, language: Language, *parts: str, kind: str = "") -> str:
    return f'<section class="{kind}"><h2>{escape(word(title, language))}</h2>{"".join(parts)}</section>'


def _heat(month: Month, language: Language, opening: str) -> str:
    hours = month.by_hour
    kinds = (
        ("heat_booked", hours.booked, f"{word('heat_text', language)} {opening}"),
        ("heat_used", hours.present, word("presence", language)),
    )
    shares = [
        [[share_of(day, hour) for hour in hours.hours] for day in hours.weekdays] for _, share_of, _ in kinds
    ]
    highest = max((one for rows in shares for row in rows for one in row if one is not None), default=0.0)
    maps = []
    for (name, _, said), rows in zip(kinds, shares, strict=True):
        plot = plots.heat_map(
            f"{name}-{language}",
            [WEEKDAYS[language][day] for day in hours.weekdays],
            [f"{hour}h" for hour in hours.hours],
            rows,
            word("heat_label", language),
            highest,
        )
        text = f"<p>{escape(said)}</p>"
        maps.append(_section(name, language, text, plot, kind="heat"))
    return "".join(maps) + _how(month, language, "use --by-hour")


def _rooms(month: Month, language: Language) -> str:
    rates = {room: use.rates() for room, use in month.by_room.items()}

    def used(room: str) -> tuple[float, str]:
        return -(rates[room]["taux_effectif"] or 0.0), room

    rooms = sorted(rates, key=used)
    text = ""
    if len(rooms) > 2 * _BARS:
        said = word(
            "rooms_left_out", language, most=_BARS, rooms=decimal(len(rooms) - 2 * _BARS, language, 0)
        )
        text = f"<p>{escape(said)}</p>"
        rooms = rooms[:_BARS] + rooms[-_BARS:]
    plot = plots.room_bars(
        f"rooms-{language}",
        rooms,
        [rates[room]["taux_theorique"] or 0.0 for room in rooms],
        [rates[room]["taux_effectif"] or 0.0 for room in rooms],
        (word("booked", language), word("used", language)),
    )
    return _section("rooms", language, text, plot, _how(month, language, "use"), kind="rooms")


def _rates(month: Month, language: Language) -> str:
    shows = month.shows
    text = word(
        "rates_text",
        language,
        rule=month.rule,
        **{
            name: decimal(getattr(shows.total, name), language, 0)
            for name in ("due", "confirmed", "no_show", "unobserved", "late")
        },
    )
    days = [
        (WEEKDAYS[language][number], tally)
        for number, tally in enumerate(shows.by_weekday.values())
        if tally.due
    ]
    label = word("rate_label", language)
    observed = word("of_observed", language)

    def bars(name: str, groups: Sequence[tuple[str, Tally]]) -> str:
        rates = [tally.rate if tally.observed >= _FEWEST else None for _, tally in groups]
        return plots.rate_bars(
            f"{name}-{language}",
            [f"{group}\n{observed} {decimal(tally.observed, language, 0)}" for group, tally in groups],
            rates,
            [share(rate, language) for rate in rates],
            label,
        )

    by_day = bars("days", days)
    by_hour = bars("hours", [(f"{int(hour)}h", tally) for hour, tally in shows.by_hour.items()])
    notes = f"<p>{escape(word('rates_scope', language, least=_FEWEST))}</p>"
    if month.bare is not None:
        bare = month.bare.total
        said = word(
            "annotated", language, count=month.annotated, no_show=bare.no_show, confirmed=bare.confirmed
        )
        notes += f"<p>{escape(said)}</p>"
    how = _how(month, language, f"no-shows --rule {month.rule}")
    return _section("rates", language, f"<p>{escape(text)}</p>", by_day, by_hour, notes, how, kind="rates")


def _policies(month: Month, language: Language) -> str:
    outcomes = month.test.outcomes
    plot = plots.policy_lines(
        f"policies-{language}",
        [one.after for one in outcomes],
        [one.given_back / HOUR for one in outcomes],
        [one.came_later for one in outcomes],
        (word("released_after", language), word("given_back", language), word("came_later", language)),
    )
    rows = [
        [
            f"+{one.after}",
            decimal(one.released, language, 0),
            decimal(one.given_back / HOUR, language),
            decimal(one.came_later, language, 0),
        ]
        for one in outcomes
    ]
    names = ("released_after", "released", "given_back", "came_later")
    table = _table([word(name, language) for name in names], rows)
    text = f"<p>{escape(word('policies_text', language))}</p>"
    rules = ",".join(str(one.after) for one in outcomes)
    how = _how(month, language, f"policy --release-after {rules}")
    return _section("policies", language, text, plot, table, how, kind="policies")


def _observed(month: Month, language: Language) -> str:
    least = sorted(
        ((room, tally) for room, tally in month.shows.by_room.items() if tally.unobserved),
        key=lambda pair: (pair[1].coverage or 0.0, pair[0]),
    )[:_SHOWN]
    if not least:
        return _section("observed", language, f"<p>{escape(word('all_observed', language))}</p>")
    rows = [
        [
            room,
            decimal(tally.due, language, 0),
            decimal(tally.unobserved, language, 0),
            share(tally.coverage, language),
        ]
        for room, tally in least
    ]
    table = _table([word(name, language) for name in ("room", "due", "unobserved", "coverage")], rows)
    text = f"<p>{escape(word('observed_text', language))}</p>"
    how = _how(month, language, f"no-shows --rule {month.rule}")
    return _section("observed", language, text, table, how)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
