"""The stories of ``toctoc audit``: a room's day, where a booking came from, what a door showed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from events.ids import BookingId, EventId
from events.notices import topics_of
from events.projection import notices, room_day, room_presence
from events.replay import texts
from events.report import asked
from events.report.asked import Unanswerable
from events.report.asking import Asked
from events.report.days import bounds, rooms_of
from events.report.facts import Tenure
from events.report.screen import Shown, as_json, corrected, shown_at
from events.report.spans import HOUR, MINUTE, micros
from events.report.story import Line, provenance, room_story, words
from events.report.table import DASH, Column, table
from events.status import known

# -- a room, a booking, a screen ---------------------------------------------------------------------


def show_room(a: Asked) -> None:
    """Show ``audit room``."""
    day = asked.parse_day(a.arguments.day, "--day")
    asked.days_asked(str(day), str(day), bounds(a.facts))
    (room,) = asked.choose_rooms(rooms_of(a.facts), keys=[a.arguments.room])
    lines = room_story(a.log, room, day, a.facts.zone)
    names = a.texts([line.text for line in lines if line.text])
    if a.arguments.json:
        a.say_json({"room": room, "day": day, "story": [_line_json(a, line, names) for line in lines]})
        return
    a.say(f"{room}, {day:%A} {day}, as of event {a.facts.seq} ({a.facts.zone})\n")
    rows = [
        [
            f"{line.at.astimezone(a.zone):%m-%d %H:%M:%S}",
            _lag(line),
            str(line.seq),
            words(line.what, lambda at: _short(at, a.zone, day)) + _quoted(names, line),
        ]
        for line in lines
    ]
    columns = [Column("happened"), Column("learnt"), Column("seq"), Column("what", right=False)]
    a.say(table(columns, rows))


def show_booking(a: Asked) -> None:
    """Show ``audit booking``."""
    wanted, title = a.arguments.booking, a.arguments.title
    if (wanted is None) == (title is None):
        raise Unanswerable("name a booking by its ID, or by --title TEXT")
    by_booking: dict[BookingId, list[Tenure]] = {}
    start, end = (micros(at) for at in a.span())
    rooms = set(a.scope.rooms)
    if wanted is not None:
        for tenure in a.facts.stored(Tenure):
            if tenure.booking == wanted:
                by_booking.setdefault(tenure.booking, []).append(tenure)
        if not by_booking:
            raise Unanswerable(f"the log knows no booking {wanted!r}; --title TEXT looks in titles")
    else:
        found = [
            t
            for t in a.facts.stored(Tenure, start, end)
            if t.room in rooms and t.start < end and t.end > start
        ]
        names = a.titles(found)
        for tenure in found:
            if title.casefold() in names.get(tenure.text, "").casefold():
                by_booking.setdefault(tenure.booking, []).append(tenure)
        if not by_booking:
            raise Unanswerable(
                f"no booking between {a.scope.first} and {a.scope.last} has {title!r} in its title"
            )
    answer = [
        (booking, provenance(a.log, booking, sorted({t.room for t in tenures})))
        for booking, tenures in by_booking.items()
    ]
    names = a.texts([one.line.text for _, steps in answer for one in steps if one.line.text])
    if a.arguments.json:
        body = [
            {
                "booking": booking,
                "steps": [
                    {
                        "room": one.room,
                        **_line_json(a, one.line, names),
                        "reading": {"seq": one.read[0], "digest": one.read[1]} if one.read else None,
                    }
                    for one in steps
                ],
            }
            for booking, steps in answer
        ]
        a.say_json({"bookings": body})
        return
    for number_, (booking, steps) in enumerate(answer):
        a.say(("\n" if number_ else "") + f"{booking}")
        rows = [
            [
                f"{one.line.at.astimezone(a.zone):%Y-%m-%d %H:%M:%S}",
                _lag(one.line),
                str(one.line.seq),
                one.room,
                words(one.line.what, lambda at: _short(at, a.zone, None)) + _quoted(names, one.line),
                f"reading {one.read[0]}, {one.read[1][:12]}" if one.read else DASH,
            ]
            for one in steps
        ]
        columns = [Column("happened"), Column("learnt"), Column("seq"), Column("room", right=False)]
        columns += [Column("what", right=False), Column("read in", right=False)]
        a.say(table(columns, rows))


def show_screen(a: Asked) -> None:
    """Show ``audit screen``."""
    at = asked.parse_time(a.arguments.at, "--at", a.facts.zone)
    (room,) = asked.choose_rooms(rooms_of(a.facts), keys=[a.arguments.room])
    school = a.facts.state_at(a.log, at)
    if room not in school.rooms:
        raise Unanswerable(f"{room} was not configured at {a.arguments.at}")
    if a.arguments.corrected:
        school = corrected(a.log, school, room, at)
    shown = shown_at(school, room, at, corrected=a.arguments.corrected)
    found = None if a.arguments.no_titles else texts(school, a.log.personal, ended_after=at)
    answer = as_json(shown, found)
    if a.arguments.png is not None:
        _draw(a, shown, found or {})
    if a.arguments.json:
        a.say_json(answer)
        return
    local = at.astimezone(a.zone)
    known_ = "as known now" if shown.corrected else "as known then"
    a.say(f"{room}, {local:%A %Y-%m-%d %H:%M:%S}, {known_} (up to event {shown.seq})\n")
    stretch = shown.stretch
    marks = [
        name.replace("_", " ")
        for name in ("closed", "out_of_order", "released", "warning")
        if getattr(stretch.status, name)
    ]
    until = f" until {_short(stretch.until, a.zone, local.date())}" if stretch.until else ""
    a.say(
        f"  {stretch.status.name.replace('_', ' ')}{until}{', ' + ', '.join(marks) if marks else ''}",
    )
    connected = "connected" if shown.connected else "not connected: it showed what it had heard last"
    a.say(f"  the door was {connected}")
    for b in answer["day"].bookings:
        confirmed = answer["presence"].confirmed.get(b.id)
        here = f", confirmed {_short(confirmed, a.zone, local.date())}" if confirmed else ""
        title = f"  {b.title}" if b.title else ""
        hours = f"{_short(b.start, a.zone, local.date())}–{_short(b.end, a.zone, local.date())}"  # noqa: RUF001
        a.say(f"  {hours}{here}{title}")
    for notice in answer["notices"]:
        a.say(f"  notice {notice['number']}: {notice['text'] or '(text forgotten)'}")


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
