"""What somebody asks of an audit: days, rooms, rules and instants, read from words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from events.config import nearest
from events.domain import Hours, RoomInfo
from events.ids import RoomKey
from events.report.days import Rule
from events.status import WEEKDAYS, parse_hours

_RULE = re.compile(r"-?(\d{1,4})\.\.(?:\+?(\d{1,4})|(end))")
_DAY_EXAMPLE = "2026-11-20"


class Unanswerable(ValueError):
    """What is asked cannot be answered; the message says why, and what can."""


def parse_day(text: str, option: str) -> date:
    """Read a day of the school's calendar.

    Raises:
        Unanswerable: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unanswerable(f"{option} {text!r} is no day; allowed is {_DAY_EXAMPLE}") from None


def parse_month(text: str) -> tuple[int, int]:
    """Read a month.

    Raises:
        Unanswerable: It is none.
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Unanswerable(f"--month {text!r} is no month; allowed is {_DAY_EXAMPLE[:7]}") from None
    return first.year, first.month


def parse_time(text: str, option: str, zone: str) -> datetime:
    """Read a time of the school's clocks, unless it says which zone.

    Returns:
        The instant, UTC.

    Raises:
        Unanswerable: It is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unanswerable(f"{option} {text!r} is no time; allowed is {_DAY_EXAMPLE}T14:07") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def parse_size(text: str) -> tuple[int, int]:
    """Read the size of a screen.

    Raises:
        Unanswerable: It is none.
    """
    width, _, height = text.partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 0 < int(width) < 10_000 and 0 < int(height) < 10_000
    ):
        raise Unanswerable(f"--size {text!r} is no size; allowed is 800x480")
    return int(width), int(height)


def parse_rule(text: str) -> Rule:
    """Read a rule such as ``-10..+15`` or ``-10..end``: from so long before the start to so long after.

    Raises:
        Unanswerable: It is none.
    """
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise Unanswerable(
            f"--rule {text!r} is no rule; allowed is -10..+15 (minutes before and after the start), "
            "or -10..end for to the booking's end"
        )
    before, after, _ = found.groups()
    return Rule(before=int(before), after=None if after is None else int(after))


def parse_opening(text: str) -> Hours:
    """Read the hours in which rooms count as open, the same on every weekday.

    Raises:
        Unanswerable: They are none.
    """
    try:
        parse_hours(text)
    except ValueError as error:
        raise Unanswerable(f"--hours: {error}") from None
    return Hours(**dict.fromkeys(WEEKDAYS, text))


def parse_span(text: str, day: date, zone: str, option: str) -> tuple[datetime, datetime]:
    """Read two times of one day, such as ``10:00-12:00``.

    Raises:
        Unanswerable: They are none, or the first is not before the second.
    """
    start, _, end = text.replace("\N{EN DASH}", "-").partition("-")
    try:
        times = [datetime.fromisoformat(f"{day}T{part.strip()}") for part in (start, end)]
    except ValueError:
        raise Unanswerable(f"{option} {text!r} is no span of time; allowed is 10:00-12:00") from None
    a, z = (at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for at in times)
    if a >= z:
        raise Unanswerable(f"{option} {text!r} ends before it begins")
    return a, z


def choose_rooms(
    rooms: Mapping[RoomKey, RoomInfo],
    *,
    keys: Iterable[str] = (),
    wings: Iterable[str] = (),
    types: Iterable[str] = (),
) -> tuple[RoomKey, ...]:
    """Choose rooms: those that were named, of these wings, of these types; all where nothing is said.

    Args:
        rooms: All there are.
        keys: Rooms by their key, or by their name.
        wings: Wings.
        types: Types.

    Raises:
        Unanswerable: There is no such room, wing or type, or no room that is all of it.
    """
    named = {info.name: key for key, info in rooms.items()}
    keys = [key if key in rooms else named.get(key, RoomKey(key)) for key in keys]
    wings, types = list(wings), list(types)
    _check("room", keys, rooms)
    _check("wing", wings, {info.wing for info in rooms.values() if info.wing})
    _check("type", types, {info.type for info in rooms.values() if info.type})
    chosen = tuple(
        key
        for key, info in rooms.items()
        if (not keys or key in keys)
        and (not wings or info.wing in wings)
        and (not types or info.type in types)
    )
    if rooms and not chosen:
        asked_for = " and ".join(", ".join(some) for some in (keys, wings, types) if some)
        raise Unanswerable(f"no room is {asked_for} at once")
    return chosen


def _check(what: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    known = sorted(known)
    for word in wanted:
        if word not in known:
            hint = nearest(word, known)
            some = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
            hint = hint or f"; there are: {some or 'none'}"
            raise Unanswerable(f"there is no {what} {word!r}{hint}")


def days_asked(first: str | None, last: str | None, known: tuple[date, date] | None) -> tuple[date, date]:
    """Tell which days are asked for: those of the log, unless told.

    Args:
        first: ``--from``.
        last: ``--to``, included.
        known: First and last day of the log.

    Raises:
        Unanswerable: They are no days, in the wrong order, or the log says nothing of any of them.
    """
    if known is None:
        raise Unanswerable("there is nothing in this log yet: no room was ever declared")
    a = parse_day(first, "--from") if first else known[0]
    z = parse_day(last, "--to") if last else known[1]
    if first and last and a > z:
        raise Unanswerable(f"--from {a} is after --to {z}")
    if a > known[1] or z < known[0]:
        wanted = f"{a} to {z}" if a < z else str(a if first else z)
        raise Unanswerable(f"the log goes from {known[0]} to {known[1]} and says nothing of {wanted}")
    return a, z
