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

from msgspec import Struct

from events.errors import ConfigError
from kiosk.po import Entry, read

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "locale"
TEMPLATE = FOLDER / "toctoc.pot"
_PLURALS = re.compile(r"\s*nplurals\s*=\s*([1-6])\s*;\s*plural\s*=\s*(.+?);?\s*", re.DOTALL)

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
    entries, count, plural = _written(path)
    messages: Catalogue = {}
    for entry in entries:
        forms = entry.originals
        if len(forms) not in (1, count):
            raise _wrong(path, entry, f"has {len(forms)} forms; the language has {count}")
        for form in forms:
            _places(path, entry, form)
        messages[entry.name] = Message(forms, plural if entry.plural else None)
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
    entries, count, plural = _written(path)
    messages: Catalogue = {}
    for entry in entries:
        if entry.fuzzy:
            continue
        french = template.get(entry.name)
        if french is None:
            # Of another version, perhaps: a door starts with it all the same.
            logger.warning("%s: line %d: there is no message %r", path, entry.line, entry.name)
            continue
        forms, of_many = entry.translations, french.plural is not None
        if of_many and len(forms) > count:
            raise _wrong(path, entry, f"has {len(forms)} forms; the language has {count}")
        if not all(forms) or len(forms) != (count if of_many else 1):
            continue
        wanted = frozenset[tuple[str, str]]().union(*(_places(path, entry, form) for form in french.forms))
        for form in forms:
            _check(path, entry, form, wanted, plural=of_many)
        messages[entry.name] = Message(forms, plural if of_many else None)
    return messages


def _written(path: Path) -> tuple[list[Entry], int, Callable[[int], int]]:
    """Read a file: its messages, how many plural forms its language has, and which is for how many."""
    entries = read(path)
    head = ""
    if entries and not entries[0].name and entries[0].originals == ("",):
        head = "".join(entries.pop(0).translations)
    known: dict[str, int] = {}
    for entry in entries:
        if not entry.name:
            problem = 'a message needs its name, as in msgctxt "until"'
            raise ConfigError(str(path), f"line {entry.line}", problem)
        if known.setdefault(entry.name, entry.line) != entry.line:
            raise _wrong(path, entry, f"is in line {known[entry.name]} already")
    told = re.search(r"^Plural-Forms:\s*(.*)$", head, re.MULTILINE)
    if told is not None:
        rule = _rule(told[1])
        if rule is None:
            problem = f'"{told[1]}" is no rule such as "nplurals=2; plural=(n > 1);"'
            raise ConfigError(str(path), "Plural-Forms", problem)
        return entries, *rule
    if any(entry.plural for entry in entries):
        problem = 'is missing in its head; needed is a rule such as "nplurals=2; plural=(n > 1);"'
        raise ConfigError(str(path), "Plural-Forms", problem)
    return entries, 1, lambda _count: 0


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


def _places(path: Path, entry: Entry, text: str) -> Places:
    if "{" not in text and "}" not in text:
        return frozenset()
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _wrong(path, entry, f"{str(error).lower()} in {text!r}") from None
    if any(conversion for _, _, _, conversion in parts):
        raise _wrong(path, entry, f'a place is written as "{{hour}}", not as in {text!r}')
    return frozenset((name, spec or "") for _, name, spec, _ in parts if name is not None)


def _check(path: Path, entry: Entry, text: str, wanted: Places, *, plural: bool) -> None:
    found = _places(path, entry, text)
    for name, spec in sorted(found - wanted):
        place = f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
        allowed = ", ".join(f"{{{it}:{how}}}" if how else f"{{{it}}}" for it, how in sorted(wanted))
        raise _wrong(path, entry, f"has the place {place}; allowed: {allowed or 'none'}")
    # One may be said without its number: a room, two rooms.
    missing = {name for name, _ in wanted} - {name for name, _ in found} - ({"count"} if plural else set())
    if missing:
        raise _wrong(path, entry, f"lacks the place {{{min(missing)}}} in {text!r}")


def _wrong(path: Path, entry: Entry, problem: str) -> ConfigError:
    return ConfigError(str(path), f"line {entry.line}", f'message "{entry.name}": {problem}')
