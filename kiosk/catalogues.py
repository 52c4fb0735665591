"""Reads catalogues of words: gettext's own files, so that a school translates with the tools it likes.

The name of a message is its ``msgctxt``, and its French text its ``msgid``: `kiosk/locale/toctoc.pot`,
the template, is the French catalogue itself. What a catalogue does not say, or only as ``fuzzy``, is
said in French.
"""

from __future__ import annotations

import logging
import re
import string
from collections.abc import Callable
from gettext import c2py
from pathlib import Path
from typing import Any

import polib  # type: ignore[import-untyped]
from msgspec import Struct

from events.errors import ConfigError

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "locale"
TEMPLATE = FOLDER / "toctoc.pot"
_PLURALS = re.compile(r"\s*nplurals\s*=\s*([1-6])\s*;\s*plural\s*=\s*(.+?);?\s*", re.DOTALL)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(
    rf"\s*(?:#.*|(?:msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\])\s*{_QUOTED}|{_QUOTED})?\s*"
)

Places = frozenset[tuple[str, str]]
"""The places of a message to be filled, each with how numbers are written there (``02``)."""


class Message(Struct, frozen=True):
    """A message in a language.

    Attributes:
        forms: Its text, or one for each plural form of the language.
        plural: Gives the number of the form for a count; None where it has one text only.
    """

    forms: tuple[str, ...]
    plural: Callable[[int], int] | None = None

    def form(self, count: object) -> str:
        """Give the text for so many."""
        if self.plural is None or not isinstance(count, int):
            return self.forms[0]
        return self.forms[min(self.plural(count), len(self.forms) - 1)]


Catalogue = dict[str, Message]
"""All messages of a language by their names."""


def read_template(path: Path = TEMPLATE) -> Catalogue:
    """Read the French catalogue.

    Raises:
        ConfigError: It cannot be understood.
    """
    written = _parsed(path)
    count, plural = _plurals(path, written)
    messages: Catalogue = {}
    for entry in written:
        forms = (entry.msgid, *([entry.msgid_plural] if entry.msgid_plural else []))
        if len(forms) not in (1, count):
            raise _wrong(path, entry, f"has {len(forms)} forms; the language has {count}")
        for form in forms:
            _places(path, entry, form)
        messages[entry.msgctxt] = Message(forms, plural if entry.msgid_plural else None)
    return messages


def read_catalogue(path: Path, template: Catalogue) -> Catalogue:
    """Read a translation.

    Args:
        path: The file, such as ``br.po``.
        template: The French catalogue, which says what messages there are.

    Returns:
        The messages that it has; those that it lacks, or marks as fuzzy, are not in it.

    Raises:
        ConfigError: It is no such file, or a message has other places than in French. The first thing
            that is wrong is told, with its line.
    """
    written = _parsed(path)
    count, plural = _plurals(path, written)
    messages: Catalogue = {}
    for entry in written:
        if entry.obsolete or entry.fuzzy:
            continue
        french = template.get(entry.msgctxt)
        if french is None:
            # Of another version, perhaps: a door starts with it all the same.
            logger.warning("%s: line %d: there is no message %r", path, entry.linenum, entry.msgctxt)
            continue
        if french.plural is None:
            forms = (entry.msgstr,)
        else:
            forms = tuple(entry.msgstr_plural.get(n, "") for n in range(count))
            if len(entry.msgstr_plural) > count:
                raise _wrong(path, entry, f"has {len(entry.msgstr_plural)} forms; the language has {count}")
        if not all(forms):
            continue
        wanted = frozenset[tuple[str, str]]().union(*(_places(path, entry, form) for form in french.forms))
        for form in forms:
            _check(path, entry, form, wanted, plural=french.plural is not None)
        messages[entry.msgctxt] = Message(forms, plural if french.plural else None)
    return messages


def _parsed(path: Path) -> Any:
    """Read a file of gettext's, as polib has it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(str(path), f"line {number}", "is not written in UTF-8") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
    # polib forgives a quotation mark that is missing, and loses the message.
    for number, line in enumerate(text.split("\n"), 1):
        if _LINE.fullmatch(line) is None:
            problem = f"{line.strip()!r} is no line of a catalogue (gettext)"
            raise ConfigError(str(path), f"line {number}", problem)
    try:
        written = polib.pofile(text)
    except OSError as error:
        found = re.search(r"\(line (\d+)\)", str(error))
        where = f"line {found.group(1)}" if found else ""
        raise ConfigError(str(path), where, "is not in its place") from None
    known: dict[str, int] = {}
    for entry in written:
        if not entry.msgctxt:
            problem = 'a message needs its name, as in msgctxt "until"'
            raise ConfigError(str(path), f"line {entry.linenum}", problem)
        if not entry.obsolete and known.setdefault(entry.msgctxt, entry.linenum) != entry.linenum:
            raise _wrong(path, entry, f"is in line {known[entry.msgctxt]} already")
    return written


def _plurals(path: Path, written: Any) -> tuple[int, Callable[[int], int]]:
    """Tell how many forms the language has, and which is for how many."""
    told = written.metadata.get("Plural-Forms")
    if told is None:
        if any(entry.msgid_plural for entry in written):
            problem = 'is missing in its head; needed is a rule such as "nplurals=2; plural=(n > 1);"'
            raise ConfigError(str(path), "Plural-Forms", problem)
        return 1, lambda _count: 0
    rule = _rule(told)
    if rule is None:
        problem = f'"{told}" is no rule such as "nplurals=2; plural=(n > 1);"'
        raise ConfigError(str(path), "Plural-Forms", problem)
    return rule


def _rule(told: str) -> tuple[int, Callable[[int], int]] | None:
    found = _PLURALS.fullmatch(told)
    if found is None:
        return None
    count = int(found.group(1))
    try:
        plural = c2py(found.group(2))
        # A rule may name forms that there are not, or divide by zero.
        fits = all(0 <= plural(n) < count for n in range(200))
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return (count, plural) if fits else None


def _places(path: Path, entry: Any, text: str) -> Places:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _wrong(path, entry, f"{str(error).lower()} in {text!r}") from None
    if any(conversion for _, _, _, conversion in parts):
        raise _wrong(path, entry, f'a place is written as "{{hour}}", not as in {text!r}')
    return frozenset((name, spec or "") for _, name, spec, _ in parts if name is not None)


def _check(path: Path, entry: Any, text: str, wanted: Places, *, plural: bool) -> None:
    found = _places(path, entry, text)
    for name, spec in sorted(found - wanted):
        place = f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
        allowed = ", ".join(f"{{{it}:{how}}}" if how else f"{{{it}}}" for it, how in sorted(wanted))
        raise _wrong(path, entry, f"has the place {place}; allowed: {allowed or 'none'}")
    # One may be said without its number: a room, two rooms.
    missing = {name for name, _ in wanted} - {name for name, _ in found} - ({"count"} if plural else set())
    if missing:
        raise _wrong(path, entry, f"lacks the place {{{min(missing)}}} in {text!r}")


def _wrong(path: Path, entry: Any, problem: str) -> ConfigError:
    return ConfigError(str(path), f"line {entry.linenum}", f'message "{entry.msgctxt}": {problem}')
