"""From the bytes of a calendar feed to its components and their content lines, with line numbers.

Only what iCalendar itself is made of: lines, folds, parameters, nesting. A component that is broken
carries its faults and harms no other; a feed that is no calendar, or not a whole one, is refused.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scraper.errors import Unreadable

MOST_BYTES = 32 * 1024 * 1024
"""Larger than any timetable; what is over is refused unread."""
MOST_EVENTS = 100_000
"""More events than a school books in years; a feed with more is refused, never read in part."""
MOST_LINES = 3_000_000
"""Lines of a feed, folded ones included; that many events have fewer."""
MOST_PROPERTIES = 6_000
"""Properties of one component that are kept: its dates may come one a line."""
DEEPEST = 8
"""Components inside of components; calendars need three levels."""
LONGEST_VALUE = 200_000
"""Bytes of one content line that we read; a title or a list of dates is shorter."""

_TEXTS = frozenset({"SUMMARY", "LOCATION", "DESCRIPTION"})
_FOLD = re.compile(rb"\r*\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:])*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
# Charsets that feeds really declare; Python knows more codecs, and some of them run for ever.
_CHARSETS = frozenset(
    {"utf-8", "ascii", "iso8859-1", "iso8859-2", "iso8859-9", "iso8859-15", "cp1250", "cp1252"}
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS = (
    ("<", "a web page or an error text in HTML"),
    ("{", "JSON"),
    ("%pdf", "a PDF document"),
    ("pk\x03\x04", "a ZIP archive"),
)


class Line(Struct, frozen=True, gc=False):
    """One content line, unfolded.

    Attributes:
        name: Of the property, in capitals.
        parameters: By name in capitals, without quotes.
        value: As written, escapes and all.
        number: Of its first line in the feed, from 1.
    """

    name: str
    parameters: dict[str, str]
    value: str
    number: int


class Component(Struct):
    """A component between its BEGIN and its END.

    Attributes:
        kind: Its name in capitals, such as ``VEVENT``.
        number: Which of its kind it is in the feed, from 1.
        line: Number of the line of its BEGIN, from 1.
        lines: The properties that were asked for.
        parts: The components inside of it, but for those of events.
        faults: What is broken in it; a component with faults cannot be relied on.
    """

    kind: str
    number: int
    line: int
    lines: list[Line] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The component's place in the feed, for people."""
        return f"{self.kind} {self.number}, line {self.line}"

    def first(self, name: str) -> Line | None:
        """The first property of that name, or None."""
        return next((line for line in self.lines if line.name == name), None)

    def text(self, name: str) -> str:
        """The text of the first property of that name, escapes undone; empty when there is none."""
        line = self.first(name)
        return unescaped(line.value) if line is not None else ""


class Feed(Struct):
    """All components of a feed.

    Attributes:
        producer: Its PRODID, or empty.
        components: What stands directly in the calendar, in the feed's order.
        others: How many components of other kinds than events and zones there are, by kind.
        stray: Line and description of what belongs to nothing, such as text after the calendar's end.
    """

    producer: str = ""
    components: list[Component] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    stray: list[tuple[int, str]] = field(default_factory=list)


def unescaped(value: str) -> str:
    """The text that a TEXT value stands for."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def read_feed(feed: bytes, *, content_type: str | None, wanted: frozenset[str]) -> Feed:
    """Takes a feed apart.

    Args:
        feed: The body as it was received, unpacked.
        content_type: The Content-Type header that came with it, or None.
        wanted: Names of the properties to keep, in capitals; the others are passed over unread.

    Returns:
        The components, of which any may have faults.

    Raises:
        Unreadable: The bytes are too many, no calendar, a calendar after something else or without an
            end, in no encoding that can be told, nested beyond reason, or more events than a
            timetable has.
    """
    if len(feed) > MOST_BYTES:
        raise Unreadable(f"a feed of at most {MOST_BYTES:,} bytes", f"{len(feed):,} bytes")
    # Whatever ends lines here: with one byte a line, lines cost many times the feed's size.
    if max(feed.count(b"\n"), feed.count(b"\r") // 3) > MOST_LINES:
        raise Unreadable(f"a feed of at most {MOST_LINES:,} lines", "one with more")
    plain, encoding = _encoded(feed, content_type)
    return _Nest(wanted).take(_content(plain, encoding))


def _encoded(feed: bytes, content_type: str | None) -> tuple[bytes, str]:
    """The feed in an encoding that has ASCII in single bytes, and that encoding's name."""
    for mark, encoding in _BOMS:
        if feed.startswith(mark):
            body = feed[len(mark) :]
            try:
                text = _FOLD.sub(b"", body).decode() if encoding == "utf-8" else body.decode(encoding)
            except UnicodeError as error:
                raise _undecodable(encoding, "its byte order mark says", error) from None
            return (body, encoding) if encoding == "utf-8" else (text.encode(errors="replace"), "utf-8")
    # A fold may lie inside of a letter's bytes: only the unfolded feed can be judged.
    unfolded = _FOLD.sub(b"", feed)
    candidates = ["utf-8", "cp1252"]
    if found := _CHARSET.search(content_type or ""):
        try:
            declared = codecs.lookup(found[1]).name
        except (LookupError, ValueError):
            declared = ""
        if declared in _CHARSETS:
            # Whoever says Latin-1 means Windows-1252, as browsers have it.
            candidates.insert(0, {"iso8859-1": "cp1252", "ascii": "utf-8"}.get(declared, declared))
    for encoding in dict.fromkeys(candidates):
        try:
            unfolded.decode(encoding)
        except UnicodeError as error:
            refused = error
        else:
            return feed, encoding
    raise _undecodable(" or ".join(dict.fromkeys(candidates)), "calendars are", refused)


def _undecodable(encoding: str, who: str, error: UnicodeError) -> Unreadable:
    at = getattr(error, "start", 0)
    return Unreadable(f"text in {encoding}, as {who}", f"bytes that are not, from position {at:,} on")


def _content(feed: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """The logical lines that are not blank, with the number of their first physical line."""
    if b"\n" not in feed:
        feed = feed.replace(b"\r", b"\n")
    number = begun = 0
    pieces: list[bytes] = []
    for raw in io.BytesIO(feed):
        number += 1
        if pieces and raw[:1] in b" \t":
            pieces.append(raw[1:].rstrip(b"\r\n"))
            continue
        line = b"".join(pieces)
        if line.strip():
            yield begun, line.decode(encoding, "replace")
        pieces, begun = [raw.rstrip(b"\r\n")], number
    line = b"".join(pieces)
    if line.strip():
        yield begun, line.decode(encoding, "replace")


class _Nest:
    """Puts lines into the components to which they belong."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self._feed = Feed()
        self._open: list[Component] = []
        self._counts: dict[str, int] = {}
        self._calendars = 0
        self._before: Line | None = None

    def take(self, lines: Iterator[tuple[int, str]]) -> Feed:
        for number, text in lines:
            keyword = text[:6].upper()
            if keyword == "BEGIN:":
                self._begin(text[6:].strip().upper()[:40], number)
            elif not self._calendars:
                raise Unreadable("a calendar, from BEGIN:VCALENDAR on", _kind(text), f"line {number}")
            elif keyword.startswith("END:"):
                self._end(text[4:].strip().upper()[:40], number)
            elif not self._open:
                self._stray(number, "text after the end of the calendar")
            else:
                self._property(text, number)
        if not self._calendars:
            raise Unreadable("a calendar", "an empty body or nothing but white space")
        if self._open:
            raise Unreadable(
                "a whole calendar, up to END:VCALENDAR", f"no end: it breaks off in {self._open[-1].where}"
            )
        return self._feed

    def _begin(self, kind: str, number: int) -> None:
        self._before = None
        if not self._open and kind != "VCALENDAR":
            raise Unreadable("a calendar, from BEGIN:VCALENDAR on", f"BEGIN:{kind}", f"line {number}")
        if kind == "VEVENT":
            # An event inside of an event: the END of the one before is missing.
            while self._open[-1].kind != "VCALENDAR":
                lost = self._open.pop()
                lost.faults.append(f"it has no END:{lost.kind}")
        if len(self._open) >= DEEPEST:
            raise Unreadable(
                "a calendar", f"components nested more than {DEEPEST} levels deep", f"line {number}"
            )
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count > MOST_EVENTS:
            raise Unreadable(f"a timetable of at most {MOST_EVENTS:,} events", "one with more")
        component = Component(kind, count, number)
        if kind == "VCALENDAR":
            self._calendars += 1
        elif self._open[-1].kind == "VCALENDAR":
            if kind in {"VEVENT", "VTIMEZONE"}:
                self._feed.components.append(component)
            else:
                self._feed.others[kind] = self._feed.others.get(kind, 0) + 1
        elif self._open[-1].kind == "VTIMEZONE":
            self._open[-1].parts.append(component)
        self._open.append(component)

    def _end(self, kind: str, number: int) -> None:
        self._before = None
        if all(component.kind != kind for component in self._open):
            if self._open:
                self._open[-1].faults[:] = self._open[-1].faults[:3]
                self._open[-1].faults.append(f"it holds an END:{kind} without its BEGIN (line {number})")
            else:
                self._stray(number, f"END:{kind} without its BEGIN")
            return
        while (last := self._open.pop()).kind != kind:
            last.faults.append(f"it has no END:{last.kind}")

    def _property(self, text: str, number: int) -> None:
        component = self._open[-1]
        if component.faults:
            return
        name = _NAME.match(text)
        word = name[0].upper() if name else ""
        if component.kind == "VCALENDAR":
            if word == "PRODID" and not self._feed.producer:
                self._feed.producer = text[:500].partition(":")[2].strip()
            return
        if component.kind not in {"VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"}:
            return
        before, self._before = self._before, None
        if name is None or text[name.end() : name.end() + 1] not in {":", ";"}:
            # Some writers break a text's lines without folding them: it goes on here.
            if before is not None and before.name in _TEXTS:
                self._keep(component, replace(before, value=f"{before.value}\\n{text}"[:LONGEST_VALUE]), 1)
            return
        if word not in self._wanted:
            return
        if word in _TEXTS:
            text = text[:LONGEST_VALUE]
        elif len(text) > LONGEST_VALUE:
            component.faults.append(f"its {word} is longer than {LONGEST_VALUE:,} letters")
            return
        at = name.end()
        parameters = {}
        while found := _PARAMETER.match(text, at):
            parameters[found[1].upper()] = found[2].replace('"', "")
            at = found.end()
        if len(component.lines) >= MOST_PROPERTIES:
            component.faults.append(f"it has more than {MOST_PROPERTIES:,} properties")
            return
        if text[at : at + 1] != ":":
            component.faults.append(f"its {word} cannot be taken apart (line {number})")
            return
        self._keep(component, Line(word, parameters, text[at + 1 :], number), 0)

    def _keep(self, component: Component, line: Line, instead: int) -> None:
        component.lines[len(component.lines) - instead :] = [line]
        self._before = line

    def _stray(self, number: int, what: str) -> None:
        if len(self._feed.stray) < 10:
            self._feed.stray.append((number, what))


def _kind(text: str) -> str:
    start = text.lstrip("\ufeff \t").lower()
    for magic, kind in _OTHER_KINDS:
        if start.startswith(magic):
            return kind
    return "other text"
