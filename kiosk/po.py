"""Reads gettext's files (``.po``, ``.pot``), strictly: what cannot be understood is told with its line.

A door reads two of them before its first picture, of 1,400 lines each. polib takes 9 ms for one, this
2 ms; and where a quotation mark is missing, polib says nothing and loses the message.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct, field

from events.errors import ConfigError

_LINE = re.compile(r'\s*(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\])?\s*"((?:[^"\\]|\\.)*)"\s*')
_ESCAPED = re.compile(r"\\(.)")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_NEXT = {
    "": ("msgctxt", "msgid"),
    "msgctxt": ("msgid",),
    "msgid": ("msgid_plural", "msgstr"),
    "msgid_plural": ("msgstr[0]",),
    "msgstr": (),
    **{f"msgstr[{n}]": (f"msgstr[{n + 1}]",) for n in range(9)},
    "msgstr[9]": (),
}
"""What may follow in an entry."""


class Entry(Struct):
    """A message as it is written.

    Attributes:
        line: Where it begins, from 1 on.
        fuzzy: Whether it is marked as one that somebody has to look at.
        texts: Its texts by their keywords, in their order: ``msgctxt``, ``msgid``, ``msgstr[0]``, …
    """

    line: int
    fuzzy: bool = False
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its context, by which it is known; empty for the head of the file."""
        return self.texts.get("msgctxt", "")

    @property
    def plural(self) -> bool:
        """Whether it has a text for each plural form."""
        return "msgid_plural" in self.texts

    @property
    def originals(self) -> tuple[str, ...]:
        """Its text as it is to be translated, and the one for many where it has plural forms."""
        return tuple(text for keyword, text in self.texts.items() if keyword.startswith("msgid"))

    @property
    def translations(self) -> tuple[str, ...]:
        """Its translation, or one for each plural form; empty where there is none yet."""
        return tuple(text for keyword, text in self.texts.items() if keyword.startswith("msgstr"))


def read(path: Path) -> list[Entry]:
    """Read a file. What is old in it (``#~``) is taken for a comment.

    Raises:
        ConfigError: It cannot be read, or not be understood. The first line that is wrong is told.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        number = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _wrong(path, number, "is not written in UTF-8") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
    entries: list[Entry] = []
    last, fuzzy = "", False
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise _wrong(path, number, f"{line.strip()!r} is no line of a catalogue (gettext)")
        keyword, quoted = found.groups()
        piece = _ESCAPED.sub(_meant, quoted) if "\\" in quoted else quoted
        if keyword is None and last:
            entries[-1].texts[last] += piece
            continue
        if keyword in _NEXT[""] and last.startswith("msgstr"):
            last = ""
        if keyword is None or keyword not in _NEXT[last]:
            raise _wrong(path, number, "is not in its place")
        if not last:
            entries.append(Entry(number, fuzzy))
            fuzzy = False
        entries[-1].texts[keyword] = piece
        last = keyword
    if last and not last.startswith("msgstr"):
        raise _wrong(path, len(lines), "is missing: a message ends with its msgstr")
    return entries


def _meant(escaped: re.Match[str]) -> str:
    return _CONTROLS.get(escaped[1], escaped[1])


def _wrong(path: Path, number: int, problem: str) -> ConfigError:
    return ConfigError(str(path), f"line {number}", problem)
