"""The stories of ``toctoc audit``: a room's day, where a booking came from, what a door showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from events.ids import BookingId, EventId
from events.notices import topics_of
from events.projection import days_shown, notices, room_day, room_presence
from events.replay import texts
from events.report import asked
from events.report.asked import Unanswerable
from events.report.asking import Asked
from events.report.days import bounds, rooms_of
from events.report.facts import Entry
from events.report.screen import Shown, as_json, corrected, shown_at
from events.report.spans import HOUR, MINUTE, micros
from events.report.story import Line, Provenance, between, provenance, room_story, words
from events.report.table import DASH, Column
from events.status import known

_BOOKINGS_SHOWN = 50
_AT_ONCE = 2000
"""So many titles are looked up at once: a search of years holds no more of them."""

# -- a room, a booking, a screen ---------------------------------------------------------------------


def show_room(a: Asked) -> None:
    """Show ``audit room``."""
    day = asked.parse_day(a.arguments.day, "--day")
    asked.days_asked(str(day), str(day), bounds(a.facts))
    (room,) = asked.choose_rooms(rooms_of(a.facts), keys=[a.arguments.room])
    lines = room_story(a.log, room, day, a.facts.zone)
    names = a.texts([line.text for line in lines if line.text])
    with a.csv(_LINE_FIELDS) as row:
        for line in lines:
            row(_line_row(a, line, names))
    if a.arguments.json:
        a.say_json({"room": room, "day": day, "story": [_line_json(a, line, names) for line in lines]})
        return
    a.explain(f"{room}, {day:%A} {day}, as of event {a.facts.seq:,} ({a.facts.zone})")
    a.say("")
    rows = [
        [
            f"{line.at.astimezone(a.zone):%m-%d %H:%M:%S}",
            _lag(line),
            str(line.seq),
            words(line.what, lambda at: _short(at, a.zone, day)) + _quoted(names, line),
        ]
        for line in lines
    ]
    what = Column("what", right=False, prose=True)
    a.tabulate([Column("happened"), Column("learnt"), Column("seq"), what], rows)


def show_booking(a: Asked) -> None:
    """Show ``audit booking``."""
    wanted, title = a.arguments.booking, a.arguments.title
    if (wanted is None) == (title is None):
        raise Unanswerable("name a booking by its ID, or by --title TEXT")
    answer = provenance(a.facts, {wanted} if wanted is not None else _titled(a, title))
    if not answer:
        raise Unanswerable(f"the log knows no booking {wanted!r}; --title TEXT looks in titles")
    names = a.texts([one.line.text for steps in answer.values() for one in steps if one.line.text])
    with a.csv((*_LINE_FIELDS, "room", "reading")) as row:
        for steps in answer.values():
            for one in steps:
                row([*_line_row(a, one.line, names), one.room, one.read[0] if one.read else ""])
    if a.arguments.json:
        a.say_json({"bookings": [_booking_json(a, *one, names) for one in answer.items()]})
        return
    for number, (booking, steps) in enumerate(answer.items()):
        if number == _BOOKINGS_SHOWN:
            a.say(f"\n… and {len(answer) - number} more: ask for fewer days or rooms, or for --json or --csv")
            break
        a.say(("\n" if number else "") + booking)
        _print_booking(a, steps, names)


def _titled(a: Asked, title: str) -> set[BookingId]:
    """Find the bookings of the days and rooms asked for that have a text in their title, or once had."""
    if not title.strip():
        raise Unanswerable("--title wants a text: a part of what is looked for")
    start, end = (micros(at) for at in a.span())
    rooms = set(a.scope.rooms)
    entries = (
        one
        for one in a.facts.stored(Entry, start, end)
        if one.source and one.text and one.room in rooms and one.start < end and one.end > start
    )
    text = title.casefold()
    found: set[BookingId] = set()
    while some := list(islice(entries, _AT_ONCE)):
        names = a.all_texts((one.text, one.month) for one in some)
        found.update(one.booking for one in some if text in names.get(one.text, "").casefold())
    if not found:
        raise Unanswerable(
            f"no booking between {a.scope.first} and {a.scope.last} has {title!r} in its title"
        )
    return found


def _booking_json(
    a: Asked, booking: BookingId, steps: Iterable[Provenance], names: Mapping[EventId, str]
) -> dict[str, Any]:
    return {
        "booking": booking,
        "steps": [
            {
                "room": one.room,
                **_line_json(a, one.line, names),
                "source": one.source or None,
                "reading": {"seq": one.read[0], "digest": one.read[1]} if one.read else None,
            }
            for one in steps
        ],
    }


def _print_booking(a: Asked, steps: Iterable[Provenance], names: Mapping[EventId, str]) -> None:
    rows = [
        [
            f"{one.line.at.astimezone(a.zone):%Y-%m-%d %H:%M:%S}",
            _lag(one.line),
            str(one.line.seq),
            one.room,
            words(one.line.what, lambda at: _short(at, a.zone, None))
            + _quoted(names, one.line)
            + _read_in(one),
        ]
        for one in steps
    ]
    columns = [Column("happened"), Column("learnt"), Column("seq"), Column("room", right=False)]
    a.tabulate([*columns, Column("what", right=False, prose=True)], rows)


def _read_in(one: Provenance) -> str:
    return f" (read in {one.source}, event {one.read[0]}, {one.read[1][:12]})" if one.read else ""


def show_screen(a: Asked) -> None:
    """Show ``audit screen``."""
    at = asked.parse_time(a.arguments.at, "--at", a.facts.zone)
    if a.arguments.png is not None and a.arguments.png.suffix.lower() != ".png":
        raise Unanswerable(f"--png {a.arguments.png}: name a file that ends in .png")
    (room,) = asked.choose_rooms(rooms_of(a.facts), keys=[a.arguments.room])
    school = a.facts.state_at(a.log, at)
    if room not in school.rooms:
        raise Unanswerable(f"{room} was not configured at {a.arguments.at}")
    if a.arguments.corrected:
        school = corrected(a.log, school, room, at)
    shown = shown_at(school, room, at, corrected=a.arguments.corrected)
    # A door knows the titles of all that it shows, also of what is over.
    shown_from = days_shown(school.rules, at)[0]
    found = None if a.arguments.no_titles else texts(school, a.log.personal, ended_after=shown_from)
    answer = as_json(shown, found)
    if a.arguments.png is not None:
        _draw(a, shown, found or {})
    if a.arguments.json:
        a.say_json(answer)
        return
    local = at.astimezone(a.zone)
    known_ = "as known now" if shown.corrected else "as known then"
    a.explain(f"{room}, {local:%A %Y-%m-%d %H:%M:%S}, {known_} (up to event {shown.seq})")
    a.say("")
    stretch = shown.stretch
    marks = [
        name.replace("_", " ")
        for name in ("closed", "out_of_order", "released", "warning")
        if getattr(stretch.status, name)
    ]
    until = f" until {_short(stretch.until, a.zone, local.date())}" if stretch.until else ""
    a.explain(
        f"{stretch.status.name.replace('_', ' ')}{until}{', ' + ', '.join(marks) if marks else ''}", indent=2
    )
    if micros(at) > a.facts.newest:
        a.explain(f"the log ends at {a.clock(a.facts.newest)}: nothing is known of what came after", indent=2)
    connected = "connected" if shown.connected else "not connected: it showed what it had heard last"
    a.explain(f"the door was {connected}", indent=2)
    for b in answer["day"].bookings:
        confirmed = answer["presence"].confirmed.get(b.id)
        here = f", confirmed {_short(confirmed, a.zone, local.date())}" if confirmed else ""
        title = f"  {b.title}" if b.title else ""
        hours = between(b.start, b.end, lambda at: _short(at, a.zone, local.date()))
        a.explain(f"{hours}{here}{title}", indent=2)
    for notice in answer["notices"]:
        a.explain(f"notice {notice['number']}: {notice['text'] or '(text forgotten)'}", indent=2)


def _draw(a: Asked, shown: Shown, found: Mapping[EventId, str]) -> None:
    """Draw the screen.

    Raises:
        Unanswerable: The door's package is not installed.
    """
    if a.draw is None:
        raise Unanswerable("--png is for the command line: toctoc audit screen")
    k = known(shown.school, shown.state)
    topics = topics_of(shown.room, shown.state.info)
    standing = [notice for notice in shown.school.notices.values() if notice.topic in topics]
    messages = (room_day(k, shown.at, found), room_presence(k, shown.at), notices(standing, shown.at, found))
    try:
        a.draw(
            a.arguments.png,
            shown.room,
            shown.at,
            school=a.facts.school,
            rules=shown.school.rules,
            messages=messages,
            connected=shown.connected,
            size=asked.parse_size(a.arguments.size),
            language=a.arguments.language,
        )
    except ModuleNotFoundError as error:
        raise Unanswerable(f"--png needs {error.name}: pip install 'toctoc[kiosk]'") from None
    except RuntimeError as error:  # pygame's
        raise Unanswerable(f"--png {a.arguments.png} cannot be written: {error}") from None
    except KeyError:
        raise Unanswerable(f"--language {a.arguments.language!r}: doors speak no such language") from None


_LINE_FIELDS = ("at", "learnt", "seq", "type", "what", "booking", "title")


def _line_json(a: Asked, line: Line, names: Mapping[EventId, str]) -> dict[str, Any]:
    return {
        "at": line.at,
        "learnt": line.learnt,
        "seq": line.seq,
        "type": line.tag,
        "what": words(line.what, lambda at: _short(at, a.zone, None)),
        "booking": line.booking,
        "title": names.get(EventId(line.text[0])) if line.text else None,
    }


def _line_row(a: Asked, line: Line, names: Mapping[EventId, str]) -> list[Any]:
    """Write a line for a spreadsheet, in the times of the school."""
    told = _line_json(a, line, names)
    return [
        f"{value.astimezone(a.zone):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value
        for value in told.values()
    ]


def _quoted(names: Mapping[EventId, str], line: Line) -> str:
    name = names.get(EventId(line.text[0])) if line.text else None
    return f" “{name}”" if name else ""


def _lag(line: Line) -> str:
    """Tell how long after it happened something was learnt; nothing within a minute."""
    late = micros(line.learnt) - micros(line.at)
    if late < MINUTE:
        return DASH
    if late < HOUR:
        return f"+{late // MINUTE} min"
    return f"+{late // HOUR} h {late % HOUR // MINUTE:02} min"


def _short(at: datetime, zone: ZoneInfo, day: Any) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if day is not None and local.date() == day else f"{local:%Y-%m-%d %H:%M}"
