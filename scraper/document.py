"""From the bytes of a page to its tree, or an error that says why not.

Every page comes from somebody else. It is decoded strictly, by what it declares and never by
guessing from its letters; it is parsed without libxml2's "huge" option, so that depth and memory
stay bounded; and it must have an end, because a page that was cut says nothing about the rooms
that are missing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element as Element

from scraper.errors import Unreadable

MOST_BYTES = 32 * 1024 * 1024
"""Larger than any timetable; what is over is refused unread."""

MOST_ATTRIBUTES = 1_000
"""Of one element: libxml2 takes the square of their number in time."""

_STRETCH = 1024
_ALL_BUT_MARKS = bytes(set(range(256)) - set(b'<>="'))
_CROWD = b'=""' * 20
_UNUSUAL = 1_000
_ELEMENT = re.compile(rb"""<!--.*?(?:-->|\Z)|<([a-zA-Z]++)(?:[^"'>]++|"[^"]*+"|'[^']*+')*+""", re.DOTALL)
_ATTRIBUTE = re.compile(rb"""[^\s"'>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]++))?+""")
_RAW = {
    name: re.compile(b"</" + name, re.IGNORECASE) for name in (b"script", b"style", b"title", b"textarea")
}
_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE
)
_TYPE_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE)
_END = re.compile(rb"</html\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z!/?]")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# What browsers read when a page says so; Python knows more codecs, and some of them run for ever.
_AS_BROWSERS_READ = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gbk", "iso8859-9": "cp1254"}
_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp866", "cp874", "cp932", "cp949", "koi8-r", "koi8-u"}
    | {"mac-roman", "gbk", "gb18030", "big5", "euc_jp", "shift_jis", "euc_kr"}
    | {f"cp{page}" for page in range(1250, 1259)}
    | {f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
)

_OTHER_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "bytes still packed with gzip"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"BEGIN:VCALENDAR", "an iCalendar feed"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
_OTHER_TYPES = {
    "application/json": "JSON",
    "application/pdf": "a PDF document",
    "text/calendar": "an iCalendar feed",
    "text/csv": "a CSV file",
}


def tree(page: bytes, *, content_type: str | None = None) -> Element:
    """Parses a whole HTML page.

    Args:
        page: The body as it was received, unpacked.
        content_type: The Content-Type header that came with it, or None.

    Returns:
        The root element.

    Raises:
        Unreadable: The bytes are empty, too many, no HTML, in no encoding that they declare, cut
            before their end, or nested beyond reason.
    """
    if len(page) > MOST_BYTES:
        raise Unreadable(f"a page of at most {MOST_BYTES:,} bytes", f"{len(page):,} bytes")
    if not page.strip():
        raise Unreadable("an HTML page", "an empty body" if not page else "nothing but white space")
    _refuse_other_kinds(page, content_type)
    encoded = _as_utf8(page, content_type)
    if not _END.search(encoded, max(0, len(encoded) - 4096)):
        end = "no end: it breaks off after" if b"<html" in encoded[:4096].lower() else "no HTML document in"
        raise Unreadable("a whole page, up to </html>", f"{end} {len(page):,} bytes")
    _refuse_crowded(encoded)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(encoded, parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise Unreadable("an HTML page", f"bytes that are none ({_first_line(error)})") from None
    fatal = next((entry for entry in parser.error_log if entry.level == etree.ErrorLevels.FATAL), None)
    if fatal is not None:
        raise Unreadable(
            "an HTML page", f"one that the parser gave up ({fatal.message.strip()})", f"line {fatal.line}"
        )
    if root is None:
        raise Unreadable("an HTML page", "a document without any element")
    return root


def _refuse_crowded(page: bytes) -> None:
    """Refuses elements with more attributes than any has.

    Two quick looks find most pages to have none: one at nothing but the marks around attributes, of which
    little is left without those of plain elements; one for stretches in which no element ends.
    """
    marks = page.translate(None, _ALL_BUT_MARKS)
    if _CROWD not in marks and not _stretches(page):
        left = marks.replace(b'=""', b"").replace(b"<>", b"")
        if len(left) <= _UNUSUAL:
            return
    at = 0
    while (element := _ELEMENT.search(page, at)) is not None:
        at = element.end()
        if element[1] is None:
            continue
        if element.end() - element.start() > 2 * MOST_ATTRIBUTES:
            count = sum(1 for _ in _ATTRIBUTE.finditer(element[0]))
            if count > MOST_ATTRIBUTES:
                raise Unreadable(f"elements of at most {MOST_ATTRIBUTES:,} attributes", f"one of {count:,}")
        raw = _RAW.get(element[1].lower())
        if raw is not None:
            end = raw.search(page, at)
            at = end.start() if end is not None else len(page)


def _stretches(page: bytes) -> bool:
    """Whether there is a long stretch in which no element ends."""
    at = 0
    while at + _STRETCH < len(page):
        end = page.rfind(b">", at, at + _STRETCH)
        if end < 0:
            return True
        at = end + 1
    return False


def _refuse_other_kinds(page: bytes, content_type: str | None) -> None:
    declared = (content_type or "").partition(";")[0].strip().lower()
    if declared in _OTHER_TYPES:
        raise Unreadable("an HTML page", f"{_OTHER_TYPES[declared]} (Content-Type {declared})")
    head = page[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, kind in _OTHER_KINDS:
        if head.startswith(magic):
            raise Unreadable("an HTML page", kind)


def _as_utf8(page: bytes, content_type: str | None) -> bytes:
    """The page in UTF-8, checked byte for byte, without a byte order mark and without NUL."""
    for mark, encoding in _BOMS:
        if page.startswith(mark):
            return _recoded(page[len(mark) :], encoding, "its byte order mark")
    declared = list(_declared(page, content_type))
    # A server's default charset says nothing about the page when the page itself says UTF-8 and is.
    declared.sort(key=lambda it: it[0] != "utf-8")
    refused: Unreadable | None = None
    for encoding, who in declared or [("utf-8", "the default, as it declares none")]:
        try:
            return _recoded(page, encoding, who)
        except Unreadable as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _declared(page: bytes, content_type: str | None) -> Iterator[tuple[str, str]]:
    labels = []
    if found := _TYPE_CHARSET.search(content_type or ""):
        labels.append((found[1], "the Content-Type header"))
    if meta := _META_CHARSET.search(page, 0, 4096):
        # Whoever can read the word "utf-16" in single bytes is not reading UTF-16.
        label = meta[1].decode("ascii")
        labels.append(("utf-8" if label.lower().startswith("utf-16") else label, "its meta element"))
    for label, who in labels:
        try:
            name = codecs.lookup(label).name
        except (LookupError, ValueError):
            name = ""
        name = _AS_BROWSERS_READ.get(name, name)
        if name not in _ENCODINGS:
            raise Unreadable("a known text encoding", f"{label!r} in {who}")
        yield name, who


def _recoded(page: bytes, encoding: str, who: str) -> bytes:
    try:
        text = page.decode(encoding)
    except (UnicodeError, ValueError) as error:
        at = getattr(error, "start", 0)
        raise Unreadable(
            f"text in {encoding}, as {who} says", f"bytes that are not, from position {at:,} on"
        ) from None
    if not _TAG.search(text):
        raise Unreadable("an HTML page", "plain text without any element")
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    elif encoding == "utf-8":
        return page
    try:
        return text.encode("utf-8")
    except UnicodeError:
        raise Unreadable(f"text in {encoding}, as {who} says", "half a surrogate pair") from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
