"""Reads timetables from a plain table, CSV or JSON, that any program can write in ten lines.

CSV: the first line names the columns, each other line is one booking. Fields are parted by ``;``, ``,``
or a tab, whichever makes sense of the first line, and quoted with ``"``. UTF-8, UTF-16 with a byte order
mark, or Windows-1252. JSON: an array of objects with the columns as keys, in UTF-8::

    id;salle;début;fin;titre;annulé
    4711;L213;2026-11-16 08:30;2026-11-16 10:00;Analyse;
    4712;L213;16/11/2026 10:15;16/11/2026 11h45;Algèbre;oui
    4713;"V107 ; V106A";2026-11-16T13:30:00+01:00;2026-11-16T15:00:00+01:00;Amphi;
    4714;L026;2026-11-16;2026-11-18;Travaux;

    [{"room": ["V107", "V106A"], "start": "2026-11-16T13:30", "end": "2026-11-16T15:00", "title": "Amphi"}]

=========== ======================================================================================
column      what it holds; other names are in `COLUMNS`, without regard to case and accents
=========== ======================================================================================
room        the room, or several, parted by ``;`` unless told otherwise; empty: none. Needed
start       when it starts. Needed, unless there are whole days only and a ``date``
end         when it ends. Needed, unless there is a column ``all_day``
date        the day of ``start`` and ``end`` that have hours only
end_date    the day of an ``end`` that has hours only, when it is another one
title       what it is called
id          what stays the same when the booking is moved or called otherwise; one for each line
all_day     yes: it takes whole days, hours are passed over
cancelled   yes: it does not take place
=========== ======================================================================================

A time is ``2026-11-16T08:30`` with seconds and an offset (``+01:00``, ``Z``) if wanted, with a blank for
the ``T`` too, or ``16/11/2026 08:30``, day before month; hours also as ``8h30``. Without an offset the
hours are those of the school's zone, and a booking that touches an hour which the clocks repeat or skip
is unsure. ``24:00``, and an end at ``00:00`` without a day of its own, is the end of the day. A start
that is a day without hours means whole days, from ``start`` to ``end``, **the last day included**.
Yes is ``yes``, ``true``, ``1``, ``x``, ``oui`` or ``vrai``; no is ``no``, ``false``, ``0``, ``non``,
``faux`` or nothing. Columns of other names are ignored and told of once.

A line that cannot be understood is told with its number and harms no other. A table that has not the
columns needed is refused.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from scraper.errors import Unreadable
from scraper.listing import (
    Listing,
    Malformed,
    Said,
    Span,
    a_day,
    an_offset,
    clean,
    kind_of_json,
    listed,
    read_json,
    refuse_other_kinds,
)
from scraper.reading import Reading
from scraper.rooms import MOST_ROOMS, RoomFinder

MOST_LINES = 400_000
"""Lines of a file, those inside of quotes included."""
MOST_BOOKINGS = 100_000
"""Lines or objects that are bookings; a table with more is refused, never read in part."""
SEPARATOR = ";"
"""What parts several rooms in one cell, unless told otherwise."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "room": ("room", "rooms", "salle", "salles", "local", "locaux", "location", "lieu"),
    "start": ("start", "begin", "start time", "debut", "heure debut", "heure de debut", "dtstart"),
    "end": ("end", "end time", "fin", "heure fin", "heure de fin", "dtend"),
    "date": ("date", "day", "jour", "start date", "date debut", "date de debut"),
    "end_date": ("end date", "date fin", "date de fin"),
    "title": ("title", "titre", "summary", "subject", "intitule", "libelle", "objet", "matiere", "cours"),
    "id": ("id", "uid", "identifiant", "reference", "ref"),
    "all_day": ("all day", "allday", "journee", "journee entiere", "toute la journee"),
    "cancelled": ("cancelled", "canceled", "annule", "annulee", "annulation"),
}
"""Each column with the names under which it is found, the first one that is there; see `_header`."""

_NEEDED = (("room",), ("start", "date"), ("end", "all_day"))
_YES = frozenset({"1", "x", "y", "yes", "true", "o", "oui", "v", "vrai", "cancelled", "annule", "annulee"})
_NO = frozenset({"", "0", "n", "no", "false", "non", "f", "faux", "-"})
_BOOKINGS = ("bookings", "rows", "data")
_DELIMITERS = (";", ",", "\t")
_TELLS = re.compile(r'\s*"?sep=([;,\t|]?)"?\s*$', re.IGNORECASE)
"""The line by which Excel says what parts fields."""
_A_TABLE = "a table: a line that names columns, then a line for each booking"
_LONGEST_LINE = 100_000
_QUOTED_LINES = 100
"""Lines that one quoted field may span: behind a quote that is never closed, the file goes on."""
_MOST_COLUMNS = 1_000
_LONGEST_NAME = 20_000
_LOOKED_AT = 1024 * 1024
_DAY = timedelta(days=1)
_MOMENT = re.compile(
    r"""(?:(?:(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)
          |(?P<jour>\d\d?)/(?P<mois>\d\d?)/(?P<annee>\d{4}))
        (?:(?:[T,]|[ ]à[ ]|[ ])[ ]?(?=\d)|$))?
        (?:(?P<hour>\d\d?)
          (?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?|[ ]?h[ ]?(?P<minutes>\d\d)?)
          [ ]?(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?""",
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
# Charsets that servers really declare; Python knows more codecs, and some of them run for ever.
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1250", "cp1252"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def parse(
    table: bytes,
    *,
    zone: ZoneInfo,
    days: tuple[date, date] | None = None,
    content_type: str | None = None,
    separator: str | None = None,
    rooms: RoomFinder | None = None,
    answers_for: Collection[str] = (),
    explain: bool = False,
) -> Reading:
    """Reads a table.

    Args:
        table: The body as it was received, unpacked: CSV, or JSON if it begins with ``[`` or ``{``.
        zone: The school's zone: of times without an offset, and of whole days.
        days: First day, and the day after the last one; what touches them is read, hours uncut. None for
            all that is in the table.
        content_type: The Content-Type header that came with it, or None.
        separator: What parts several rooms in one cell; empty when nothing does, None for `SEPARATOR`.
        rooms: How rooms are found and called; None for the table's own names.
        answers_for: Rooms, as ``rooms`` calls them, of which the table is known to hold every booking:
            they are in the reading even when the table never names them.
        explain: Fill `Reading.explained`.

    Returns:
        The bookings by room. ``empty`` for a table without any line of bookings.

    Raises:
        Unreadable: No table, one without the columns needed, or one of which no line can be read.
        ValueError: ``days`` is no span, or one of more than `MOST_DAYS`.
    """
    finder = rooms or RoomFinder()
    listing = Listing(zone=zone, days=days, rooms=finder, explain=explain)
    if _is_json(table):
        written = _objects(listing, read_json(table, looked_for="a table: a JSON array of objects"))
    else:
        written = _lines(listing, _text(table, content_type))
    count = 0
    reader = _Reader(listing, finder, SEPARATOR if separator is None else separator)
    for where, cells in written:
        count += 1
        if count > MOST_BOOKINGS:
            raise Unreadable(f"a timetable of at most {MOST_BOOKINGS:,} bookings", "one with more")
        reader.take(where, cells)
    if count and not listing.understood:
        raise Unreadable("a line that can be read", f"{count:,} that cannot", listing.first_problem)
    return listing.reading("ok" if count else "empty", answers_for=answers_for)


def is_table(body: bytes) -> bool:
    """Whether a body looks like a table: whether its first line, or its objects' keys, name columns."""
    if _is_json(body):
        found = set(re.findall(rb'"([^"]{1,40})"\s*:', body[:_LOOKED_AT]))
        keys = {_header(key.decode("utf-8", "replace")) for key in found}
        needed = (COLUMNS["room"], (*COLUMNS["start"], *COLUMNS["date"]))
        return not any(keys.isdisjoint(names) for names in needed)
    try:
        lines = _physical(_text(body, None))
    except Unreadable:
        return False
    columns = next((_columns(line)[1] for line in lines if line.strip() and not _TELLS.match(line)), {})
    return "room" in columns and len(columns) > 1


def _is_json(body: bytes) -> bool:
    return body[:256].removeprefix(codecs.BOM_UTF8).lstrip()[:1] in {b"[", b"{"}


# From bytes to cells


def _text(table: bytes, content_type: str | None) -> str:
    """The text of a CSV file."""
    refuse_other_kinds(table, _A_TABLE)
    if max(table.count(b"\n"), table.count(b"\r")) > MOST_LINES:
        raise Unreadable(f"a table of at most {MOST_LINES:,} lines", "one with more")
    for mark, encoding in _BOMS:
        if table.startswith(mark):
            candidates, table = [encoding], table[len(mark) :]
            break
    else:
        candidates = ["utf-8", "cp1252"]
        if found := _CHARSET.search(content_type or ""):
            try:
                declared = codecs.lookup(found[1]).name
            except (LookupError, ValueError):
                declared = ""
            if declared in _CHARSETS:
                # Whoever says Latin-1 means Windows-1252, as browsers have it.
                candidates.insert(0, {"iso8859-1": "cp1252", "ascii": "utf-8"}.get(declared, declared))
    for encoding in candidates:
        try:
            text = table.decode(encoding)
        except UnicodeError:
            continue
        if "\0" in text:
            break
        return text
    raise Unreadable(_A_TABLE, f"bytes that are no text in {' or '.join(dict.fromkeys(candidates))}")


def _physical(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _header(name: str) -> str:
    """A column's name as `COLUMNS` has it: without case, accents, hyphens and underscores."""
    letters = unicodedata.normalize("NFKD", clean(name)[:200])
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[_\-./]", " ", bare).casefold().split())


def _columns(line: str) -> tuple[str, dict[str, str]]:
    """The delimiter that makes most of a line that names columns, and which names are which column."""
    best: tuple[str, dict[str, str]] = (_DELIMITERS[0], {})
    for delimiter in _DELIMITERS:
        if line.count(delimiter) < _MOST_COLUMNS:
            names = next(csv.reader([line[:_LONGEST_LINE]], delimiter=delimiter), [])
            columns = _known(names)
            if len(columns) > len(best[1]):
                best = delimiter, columns
    return best


def _known(names: Iterable[str]) -> dict[str, str]:
    """Which of some names stands for each column, if one does."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(_header(name), name)
    return {
        column: spelled[words[0]]
        for column, synonyms in COLUMNS.items()
        if (words := [word for word in synonyms if word in spelled])
    }


def _refuse_missing(columns: Mapping[str, str], names: Iterable[str]) -> None:
    missing = [" or ".join(wanted) for wanted in _NEEDED if columns.keys().isdisjoint(wanted)]
    if missing:
        raise Unreadable(
            f"{listed('the columns', missing)}, under these or other names", listed("the columns", names)
        )


def _tell_unknown(listing: Listing, used: Iterable[str], names: Iterable[str], where: str) -> None:
    known = set(used)
    unknown = [name for name in dict.fromkeys(names) if name not in known and name.strip()]
    if unknown:
        listing.problem(f"not understood and ignored: {listed('the columns', unknown)}", where)


Cells = Mapping[str, Any] | str
"""One booking's cells by column; or what is wrong with its line."""


def _lines(listing: Listing, text: str) -> Iterator[tuple[str, Cells]]:
    """The bookings of a CSV file."""
    lines = _physical(text)
    written = (number for number, line in enumerate(lines) if line.strip())
    at = next(written, 0)
    told = _TELLS.match(lines[at])
    if told:
        at = next(written, at)
    delimiter = (told and told[1]) or _columns(lines[at])[0]
    if lines[at].count(delimiter) >= _MOST_COLUMNS:
        raise Unreadable(f"a table of at most {_MOST_COLUMNS:,} columns", "one with more")
    names = next(csv.reader([lines[at][:_LONGEST_LINE]], delimiter=delimiter), [])
    columns = _known(names)
    _refuse_missing(columns, names)
    _tell_unknown(listing, columns.values(), names, f"line {at + 1}")
    places = {column: names.index(name) for column, name in columns.items()}
    at += 1
    while at < len(lines):
        where = f"line {at + 1}"
        if not lines[at].strip():
            at += 1
            continue
        fields, used = _fields(lines, at, delimiter)
        at += used
        if isinstance(fields, str):
            yield where, fields
        elif len(fields) > len(names) and any(field.strip() for field in fields[len(names) :]):
            yield where, f"it has {len(fields)} fields, and the first line names {len(names)} columns"
        elif any(field.strip() for field in fields):
            yield where, {column: fields[n] for column, n in places.items() if n < len(fields)}


def _fields(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str] | str, int]:
    """The fields of the line at a place, or what is wrong with it, and how many lines it takes."""
    if len(lines[at]) > _LONGEST_LINE:
        return f"it is longer than {_LONGEST_LINE:,} letters", 1
    some = (f"{lines[n]}\n" for n in range(at, min(at + _QUOTED_LINES, len(lines))))
    reader = csv.reader(some, delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return "its quotes are not closed, or closed too early", 1


def _objects(listing: Listing, told: Any) -> Iterator[tuple[str, Cells]]:
    """The bookings of a JSON table."""
    if isinstance(told, dict):
        key = next((key for key in _BOOKINGS if isinstance(told.get(key), list)), "")
        told = told.get(key, told)
    if not isinstance(told, list):
        raise Unreadable("a table: a JSON array of objects", kind_of_json(told))
    names = dict.fromkeys(key for row in told[:MOST_BOOKINGS] if isinstance(row, dict) for key in row)
    if told:
        if not names:
            raise Unreadable("a table: a JSON array of objects", f"an array of {kind_of_json(told[0])}")
        _refuse_missing(_known(names), names)
        synonyms = {synonym for words in COLUMNS.values() for synonym in words}
        _tell_unknown(listing, (name for name in names if _header(name) in synonyms), names, "all rows")
    shapes: dict[tuple[str, ...], dict[str, str]] = {}
    for number, row in enumerate(told, start=1):
        if not isinstance(row, dict):
            yield f"row {number}", f"it is {kind_of_json(row)}, no object"
            continue
        shape = tuple(row)
        if shape not in shapes:
            # Objects of one program have few shapes; others are not worth remembering.
            if len(shapes) > 100:
                shapes.clear()
            shapes[shape] = _known(shape)
        yield f"row {number}", {column: row[key] for column, key in shapes[shape].items()}


# From cells to bookings


class _Moment(Struct, frozen=True):
    """What a cell says of a time.

    Attributes:
        day: The day, if it names one.
        clock: Time since that day's midnight on the wall's clock, up to 24:00, if it has hours.
        zone: The zone of its offset, if it has one.
    """

    day: date | None
    clock: timedelta | None
    zone: tzinfo | None


class _Reader:
    """Reads one line after another."""

    def __init__(self, listing: Listing, finder: RoomFinder, separator: str) -> None:
        self._listing, self._finder, self._separator = listing, finder, separator

    def take(self, where: str, cells: Cells) -> None:
        if isinstance(cells, str):
            self._listing.fail(Said(where=where), cells)
            return
        said = Said(where=where)
        known: Span | None = None
        try:
            title = _words(cells, "title")
            said = Said(where=where, title=title, rooms=self._rooms(cells.get("room"), title))
            start = _moment(cells, "start")
            first = _first(_moment(cells, "date"), start)
            known = self._listing.day(first)
            whole = _yes(cells, "all_day")
            if start is not None and start.clock is not None and not whole:
                known = self._listing.rest_of_day(self._instants("start", first, start)[0])
            said = replace(
                said,
                source_id=_words(cells, "id")[:_LONGEST_NAME] or None,
                cancelled=_yes(cells, "cancelled") or False,
            )
            end, end_date = _moment(cells, "end"), _moment(cells, "end_date")
            if whole is None and start is not None and start.clock is None:
                whole = end is None or not end.clock
            if whole:
                self._listing.whole(said, first, _after_last(first, end, end_date))
                return
            begin = self._instants("start", first, start)
            self._listing.timed(said, begin, self._end(first, begin, end, end_date))
        except Malformed as error:
            self._listing.fail(said, str(error), known)

    def _rooms(self, written: Any, title: str) -> tuple[str, ...]:
        names, separator = (written, "") if isinstance(written, list) else ([written], self._separator)
        rooms: dict[str, None] = {}
        for name in names:
            text = _words({"room": name}, "room")
            if len(text) > _LONGEST_NAME:
                raise Malformed("its room is longer than any name")
            try:
                found = self._finder.find(location=text, summary=title, description="", separator=separator)
            except ValueError as error:
                raise Malformed(str(error)) from None
            rooms.update(dict.fromkeys(found))
            if len(rooms) > MOST_ROOMS:
                raise Malformed(f"it names more than {MOST_ROOMS} rooms")
        return tuple(rooms)

    def _end(self, first: date, begin: Span, end: _Moment | None, end_date: _Moment | None) -> Span:
        last = next((it.day for it in (end, end_date) if it is not None and it.day), None)
        finish = self._instants("end", last or first, end)
        if last is None and end is not None and not end.clock and finish[1] < begin[0]:
            return self._instants("end", first + _DAY, end)
        return finish

    def _instants(self, column: str, day: date, moment: _Moment | None) -> Span:
        if moment is None:
            raise Malformed(f"it has no {column}")
        if moment.clock is None:
            raise Malformed(f"its {column} has no hours")
        wall = datetime.combine(day, time.min) + moment.clock
        if moment.zone is None:
            return self._listing.instants(wall)
        instant = wall.replace(tzinfo=moment.zone).astimezone(UTC)
        return instant, instant


def _first(date_cell: _Moment | None, start: _Moment | None) -> date:
    days = {moment.day for moment in (date_cell, start) if moment is not None and moment.day is not None}
    if not days:
        raise Malformed("it has no day")
    if len(days) > 1:
        raise Malformed("its date and its start name different days")
    return days.pop()


def _after_last(first: date, end: _Moment | None, end_date: _Moment | None) -> date:
    """The day after the last one of whole days."""
    last = next((moment.day for moment in (end, end_date) if moment is not None and moment.day), first)
    if end is not None and end.day is not None and end.clock == timedelta(0) and end.day > first:
        last -= _DAY
    if last < first:
        raise Malformed("it ends before it starts")
    return last + _DAY


def _words(cells: Mapping[str, Any], column: str) -> str:
    value = cells.get(column)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float):
        value = f"{value}" if abs(value) < 10**18 else "a number"
    if not isinstance(value, str):
        raise Malformed(f"its {column} is {kind_of_json(value)}, no text")
    return clean(value)


def _yes(cells: Mapping[str, Any], column: str) -> bool | None:
    """Whether a cell says yes; None when it says nothing."""
    word = _header(_words(cells, column))
    if word in _YES:
        return True
    if word in _NO:
        return False if word else None
    raise Malformed(f"its {column} is neither yes nor no")


def _moment(cells: Mapping[str, Any], column: str) -> _Moment | None:
    text = _words(cells, column)
    if not text:
        return None
    found = _MOMENT.fullmatch(text) if len(text) < 64 else None
    if found is None:
        raise Malformed(f"its {column} is no time such as 2026-11-16 08:30 or 16/11/2026 08:30")
    day = clock = None
    if found["year"] or found["annee"]:
        numbers = (
            found[name] for name in (("year", "month", "day") if found["year"] else ("annee", "mois", "jour"))
        )
        day = a_day(column, *(int(number) for number in numbers))
    if found["hour"]:
        hour, minute = int(found["hour"]), int(found["minute"] or found["minutes"] or 0)
        second = int(found["second"] or 0)
        clock = timedelta(hours=hour, minutes=minute, seconds=second)
        if minute > 59 or second > 59 or clock > _DAY:
            raise Malformed(f"its {column} has an hour that no clock shows")
    return _Moment(day, clock, an_offset(column, found["offset"]))


# From bookings to a reading
