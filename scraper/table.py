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
import itertools
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from scraper.errors import Unreadable
from scraper.reading import Entry, Explained, Problem, Reading, Slot
from scraper.rooms import MOST_ROOMS, RoomFinder, folded

MOST_BYTES = 32 * 1024 * 1024
"""Larger than any timetable; what is over is refused unread."""
MOST_LINES = 400_000
"""Lines of a file, those inside of quotes included."""
MOST_VALUES = 2_000_000
"""Values of a JSON text: twenty for each of `MOST_BOOKINGS`. It costs up to a hundred bytes for each."""
MOST_BOOKINGS = 100_000
"""Lines or objects that are bookings; a table with more is refused, never read in part."""
MOST_ROWS = 300_000
"""Rows of all rooms together that are listed; a source with more is refused."""
MOST_DAYS = 3_660
"""Days that may be asked for at once."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of which anything can be said; no timetable needs more."""
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
_LISTED = 12
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
_OTHER_KINDS = (
    (b"<", "a web page or an error text in HTML"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a workbook or another ZIP archive: save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save it as CSV"),
    (b"BEGIN:VCALENDAR", "an iCalendar feed"),
)

Span = tuple[datetime, datetime]
"""The first and the last UTC instant that a wall clock can mean; mostly the same one."""


class Malformed(ValueError):
    """A booking that cannot be understood; says why, without its title."""


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


def read_json(body: bytes, *, looked_for: str) -> Any:
    """Reads JSON that a timetable may be: whole, of bounded size, each key of an object once.

    Args:
        body: The body as it was received, unpacked.
        looked_for: What it is to be, for the error's words.

    Returns:
        What `json.loads` makes of it.

    Raises:
        Unreadable: It is none, breaks off, or is too large or too deep.
    """
    _refuse_other_kinds(body, looked_for)
    commas, openings = body.count(b","), body.count(b"[") + body.count(b"{")
    if commas + openings > MOST_VALUES:
        raise Unreadable(f"JSON of at most {MOST_VALUES:,} values", "more")
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise Unreadable(looked_for, f"bytes that are no UTF-8, from position {at:,} on") from None
    # Whoever writes JSON as a script would be believed to say something by chance only.
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise Unreadable(looked_for, f"no end: it breaks off after {len(body):,} bytes") from None
        raise Unreadable(looked_for, f"no JSON ({error.msg})", f"line {error.lineno}") from None
    except RecursionError:
        raise Unreadable(looked_for, "JSON nested beyond reason") from None
    except ValueError as error:
        words = str(error) if isinstance(error, Malformed) else "a number beyond any timetable"
        raise Unreadable(looked_for, words) from None


def kind_of_json(value: object) -> str:
    """What a JSON value is, in words that tell nothing of its contents but an object's keys."""
    if isinstance(value, dict):
        return f"an object with {_listed('the keys', value)}" if value else "an empty object"
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def clean(text: str) -> str:
    """A text of JSON on one line and without halves of letters, which could not be written anywhere."""
    return folded(text.encode("utf-8", "replace").decode())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = set[str]()
        twice = next(key for key, _ in pairs if key in keys or keys.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"an object that has the key {clean(twice)[:40]!r} twice")
    return found


def _no_number(name: str) -> float:
    raise Malformed(f"{name}, which is no JSON")


def _refuse_other_kinds(body: bytes, looked_for: str) -> None:
    if len(body) > MOST_BYTES:
        raise Unreadable(f"a timetable of at most {MOST_BYTES:,} bytes", f"{len(body):,} bytes")
    if not body.strip():
        raise Unreadable(looked_for, "nothing but white space" if body else "an empty body")
    start = body[:256].removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, kind in _OTHER_KINDS:
        if start.upper().startswith(magic.upper()):
            raise Unreadable(looked_for, kind)


def _text(table: bytes, content_type: str | None) -> str:
    """The text of a CSV file."""
    _refuse_other_kinds(table, _A_TABLE)
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
            f"{_listed('the columns', missing)}, under these or other names", _listed("the columns", names)
        )


def _tell_unknown(listing: Listing, used: Iterable[str], names: Iterable[str], where: str) -> None:
    known = set(used)
    unknown = [name for name in dict.fromkeys(names) if name not in known and name.strip()]
    if unknown:
        listing.problem(f"not understood and ignored: {_listed('the columns', unknown)}", where)


def _listed(what: str, names: Iterable[str]) -> str:
    some = [folded(clean(name))[:40] or "(no name)" for name in itertools.islice(names, _LISTED + 1)]
    return f"{what} {', '.join(some[:_LISTED])}{', …' if len(some) > _LISTED else ''}"


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


def a_day(column: str, year: int, month: int, day: int) -> date:
    """A day of the years that a timetable can be about.

    Args:
        column: What says so, for the error's words.
        year: Of four digits.
        month: From 1.
        day: From 1.

    Raises:
        Malformed: There is no such day, or none of those years.
    """
    if not FIRST_YEAR < year <= LAST_YEAR:
        raise Malformed(f"its {column} is in the year {year}")
    try:
        return date(year, month, day)
    except ValueError:
        raise Malformed(f"its {column} is a day that no calendar has") from None


def an_offset(column: str, text: str | None) -> tzinfo | None:
    """The zone of an offset such as ``+01:00``, ``+0100``, ``+01`` or ``Z``; None for None.

    Raises:
        Malformed: No place has that offset.
    """
    if not text:
        return None
    if text in {"Z", "z"}:
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    if offset > timedelta(hours=18) or int(digits[2:] or 0) > 59:
        raise Malformed(f"its {column} has an offset that no place has")
    return timezone(-offset if text[0] == "-" else offset)


# From bookings to a reading


class Said(Struct, frozen=True, kw_only=True):
    """What a source says of a booking besides its time.

    Attributes:
        where: Its line or its number in the source.
        title: As of `Slot`.
        rooms: As the school calls them.
        source_id: The source's own id of it, or None.
        cancelled: It does not take place.
        transparent: Why it takes no time although it has hours; empty when it does.
    """

    where: str
    title: str = ""
    rooms: tuple[str, ...] = ()
    source_id: str | None = None
    cancelled: bool = False
    transparent: str = ""


class _Taking(Struct, frozen=True, kw_only=True, gc=False):
    said: Said
    start: datetime
    end: datetime
    all_day: bool = False
    unsure: bool = False
    name: str = ""


class Listing:
    """Puts bookings into rooms and tells of the rest: what all sources of single bookings have in common.

    Args:
        zone: The school's zone.
        days: First day, and the day after the last one; None for all.
        rooms: How rooms are called; gives those that the source names an order.
        explain: Fill `Reading.explained`.

    Raises:
        ValueError: ``days`` is no span, or one of more than `MOST_DAYS`.
    """

    def __init__(
        self, *, zone: ZoneInfo, days: tuple[date, date] | None, rooms: RoomFinder, explain: bool
    ) -> None:
        if days is not None and not 0 < (days[1] - days[0]).days <= MOST_DAYS:
            raise ValueError(f"days are a span of 1 to {MOST_DAYS} of them")
        self.understood = 0
        self._zone, self._days, self._finder = zone, days, rooms
        # Local, as the first day of all in UTC would be before it.
        self._span = None if days is None else (_midnight(days[0], zone), _midnight(days[1], zone))
        self._takings: list[_Taking] = []
        self._problems: list[Problem] = []
        self._explained: list[Explained] | None = [] if explain else None
        self._mentioned: dict[str, None] = {}
        self._slots: dict[str, dict[tuple[datetime, datetime, str, str | None], Slot]] = {}
        self._rows = 0
        self._lists: dict[str, dict[Entry, None]] = {
            name: {} for name in ("without_room", "all_day", "cancelled", "unbooked")
        }

    @property
    def first_problem(self) -> str:
        """The first problem, in words."""
        return "; ".join(f"{it.where}: {it.what}" for it in self._problems[:1])

    @property
    def mentioned(self) -> Collection[str]:
        """The rooms that were named so far."""
        return self._mentioned.keys()

    def instants(self, wall: datetime) -> Span:
        """The first and the last instant that a naive wall clock time of the school can mean."""
        both = [wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        return min(both), max(both)

    def day(self, day: date) -> Span:
        """When a day begins, and when the next one does."""
        return self._instant(day), self._instant(day + _DAY)

    def rest_of_day(self, start: datetime) -> Span:
        """An instant, and the end of its day."""
        return start, self._instant(start.astimezone(self._zone).date() + _DAY)

    def whole(self, said: Said, first: date, end: date, name: str = "") -> None:
        """Takes a booking of whole days.

        Args:
            said: What is said of it.
            first: Its first day.
            end: The day after its last one, later than ``first``.
            name: What tells it from others of the same id; empty when its start is to do so.
        """
        start, finish = self._instant(first), self._instant(end)
        self._take(_Taking(said=said, start=start, end=finish, all_day=True, name=name))

    def timed(self, said: Said, start: Span, end: Span, name: str = "") -> None:
        """Takes a booking that has hours.

        Args:
            said: What is said of it.
            start: Between which instants it starts.
            end: Between which instants it ends.
            name: What tells it from others of the same id; empty when its start is to do so.

        Raises:
            Malformed: It ends before it starts.
        """
        if end[1] < start[0]:
            raise Malformed("it ends before it starts")
        unsure = start[0] != start[1] or end[0] != end[1]
        self._take(_Taking(said=said, start=start[0], end=end[1], unsure=unsure, name=name))

    def mention(self, rooms: Iterable[str]) -> None:
        """Remembers rooms as those of which the source speaks."""
        self._mentioned.update(dict.fromkeys(rooms))

    def problem(self, what: str, where: str, rooms: tuple[str, ...] = ()) -> None:
        """Tells of something that could not be understood."""
        self._problems.append(Problem(what=what, where=where, rooms=rooms))

    def fail(self, said: Said, what: str, known: Span | None = None) -> None:
        """Tells of a booking that cannot be understood; its rooms are taken as far as its hours are known.

        Args:
            said: What is known of it.
            what: What is wrong with it.
            known: The widest hours that it can have, if they are known.
        """
        self.mention(said.rooms)
        start, end = known or (None, None)
        self._problems.append(
            Problem(what=what, where=said.where, start=start, end=end, title=said.title, rooms=said.rooms)
        )
        self._explain("left out", said, what, start, end)
        if known is not None and not said.cancelled and not said.transparent and self._asked(*known):
            slot = Slot(start=known[0], end=known[1], title=said.title, unsure=True, source_id=said.source_id)
            for room in said.rooms:
                self._slots.setdefault(room, {}).setdefault((*known, said.title, said.source_id), slot)
                self._count()

    def leave_out(self, said: Said, why: str) -> None:
        """Says of a booking that was understood why it is none."""
        self.understood += 1
        self.mention(said.rooms)
        self._explain("left out", said, why, None, None)

    def reading(
        self, status: Literal["ok", "empty"], *, names: Iterable[str] = (), answers_for: Collection[str] = ()
    ) -> Reading:
        """All that was taken.

        Args:
            status: See `Reading`; the rooms of ``empty`` ones are unmentioned.
            names: Rooms that the source has, booked or not, in its order.
            answers_for: Rooms that it is to answer for.
        """
        self.mention(names)
        self._book_all()
        known = dict.fromkeys(answers_for)
        unmentioned = tuple(room for room in known if room not in self._mentioned)
        if status == "empty":
            order: list[str] = []
        else:
            called = [room for room in self._finder.names.values() if room in self._mentioned]
            order = list(dict.fromkeys([*names, *known, *called, *sorted(self._slots)]))
        days: tuple[date, ...] = ()
        if self._days is not None:
            first, end = self._days
            days = tuple(first + _DAY * number for number in range((end - first).days))
        return Reading(
            status=status,
            days=days,
            zone=self._zone.key,
            rooms={room: _told_apart(self._slots.get(room, {}).values()) for room in order},
            problems=tuple(self._problems),
            without_room=self._listed("without_room"),
            all_day=self._listed("all_day"),
            cancelled=self._listed("cancelled"),
            unbooked=self._listed("unbooked"),
            unmentioned=unmentioned,
            explained=tuple(self._explained or ()),
        )

    def _listed(self, name: str) -> tuple[Entry, ...]:
        return tuple(sorted(self._lists[name], key=lambda it: (it.start, it.end, it.title, it.rooms)))

    def _take(self, taking: _Taking) -> None:
        self.understood += 1
        self.mention(taking.said.rooms)
        if self._asked(taking.start, taking.end):
            # A room's slots are counted when they are made; these would be made of nothing but time.
            if len(self._takings) >= MOST_ROWS:
                self._count(MOST_ROWS)
            self._takings.append(taking)
        else:
            why = "it is not in the days asked"
            self._explain("left out", taking.said, why, taking.start, taking.end)

    def _asked(self, start: datetime, end: datetime) -> bool:
        if self._span is None:
            return True
        first, last = self._span
        return start < last and (end > first or start == end >= first)

    def _book_all(self) -> None:
        # Some write one id on several bookings; each of them needs a name of its own.
        starts: dict[str, set[datetime]] = {}
        for taking in self._takings:
            if taking.said.source_id is not None:
                starts.setdefault(taking.said.source_id, set()).add(taking.start)
        for taking in self._takings:
            name, uid = taking.name, taking.said.source_id
            if uid is not None and not name and len(starts[uid]) > 1:
                name = f"{taking.start:%Y%m%dT%H%M%SZ}"
            self._book(taking, uid if uid is None or not name else f"{uid}\n{name}")
        self._takings.clear()

    def _book(self, taking: _Taking, uid: str | None) -> None:
        said, start, end = taking.said, taking.start, taking.end
        entry = Entry(
            start=start,
            end=end,
            title=said.title,
            all_day=taking.all_day,
            transparent=bool(said.transparent),
            no_length=start == end,
            rooms=said.rooms,
        )
        if said.cancelled:
            self._list("cancelled", entry, said, "it is cancelled")
            return
        if taking.unsure:
            what = "it starts or ends in an hour that the clocks repeat or skip"
            self._problems.append(
                Problem(what=what, where=said.where, start=start, end=end, title=said.title, rooms=said.rooms)
            )
            self._explain("left out", said, what, start, end)
        if taking.all_day:
            self._list("all_day", entry, said, "" if said.rooms else "a whole day, and it names no room")
        elif not said.rooms:
            self._list("without_room", entry, said, "it names no room")
        if not said.rooms:
            return
        if said.transparent or start == end:
            self._list("unbooked", entry, said, said.transparent or "it ends when it starts")
            return
        slot = Slot(
            start=start,
            end=end,
            title=said.title,
            all_day=taking.all_day,
            unsure=taking.unsure,
            source_id=uid,
        )
        for room in said.rooms:
            slots = self._slots.setdefault(room, {})
            key = (start, end, said.title, uid)
            if key in slots:
                self._explain("left out", said, "the same stands in the source already", start, end, (room,))
                continue
            slots[key] = slot
            self._count()
            if not taking.unsure:
                self._explain("booked", said, "", start, end, (room,))

    def _list(self, name: str, entry: Entry, said: Said, why: str) -> None:
        if entry not in self._lists[name]:
            self._count()
        self._lists[name][entry] = None
        if why:
            self._explain("left out", said, why, entry.start, entry.end)

    def _count(self, more: int = 1) -> None:
        self._rows += more
        if self._rows > MOST_ROWS or more == MOST_ROWS:
            raise Unreadable(f"a timetable of at most {MOST_ROWS:,} rows", "one with more")

    def _explain(
        self,
        what: Literal["booked", "left out"],
        said: Said,
        why: str,
        start: datetime | None,
        end: datetime | None,
        rooms: tuple[str, ...] | None = None,
    ) -> None:
        if self._explained is not None:
            rooms = said.rooms if rooms is None else rooms
            self._explained.append(
                Explained(
                    what=what, where=said.where, why=why, start=start, end=end, title=said.title, rooms=rooms
                )
            )

    def _instant(self, day: date) -> datetime:
        return _midnight(day, self._zone).astimezone(UTC)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _told_apart(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """A room's slots in order, no two with the same id."""
    used: dict[str, int] = {}
    apart = []
    for slot in sorted(slots, key=lambda it: (it.start, it.end, it.title, it.source_id or "")):
        if slot.source_id is not None:
            again = used[slot.source_id] = used.get(slot.source_id, 0) + 1
            if again > 1:
                slot = replace(slot, source_id=f"{slot.source_id}\n{again}")  # noqa: PLW2901  # the same slot
        apart.append(slot)
    return tuple(apart)
