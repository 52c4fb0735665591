"""Which rooms the words of a source mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

MOST_ROOMS = 500
"""Rooms of one booking; a whole school at once is fewer."""

_SEARCHED = 4_000
"""Letters of a text in which a pattern is looked for."""
_COMMA = re.compile(r"\bADE\b|HYPERPLANNING|INDEX-EDUCATION", re.IGNORECASE)


class Pattern(Struct, frozen=True, kw_only=True):
    """Where a source writes its rooms when LOCATION does not simply name them.

    Attributes:
        field: The words to search.
        find: Its first group is the room's name, or the whole match when it has no group.
    """

    field: Literal["location", "summary", "description"]
    find: re.Pattern[str]

    def names(self, text: str) -> list[str]:
        """The names in a text, white space folded."""
        group = min(1, self.find.groups)
        return [folded(found[group] or "") for found in self.find.finditer(text[:_SEARCHED])]


class RoomFinder(Struct, frozen=True, kw_only=True):
    """Finds the rooms of a booking by names, aliases and patterns.

    Attributes:
        names: What a source may call a room, in the form that `plain` gives, to what we call it. A name
            that is not in it stands for itself.
        patterns: Searched first, in order; LOCATION is read as names when none of them finds anything.
        not_rooms: What stands where a room would and is none, in the form that `plain` gives, such as
            ``pas de salle``.
    """

    names: Mapping[str, str] = {}
    patterns: tuple[Pattern, ...] = ()
    not_rooms: frozenset[str] = frozenset()

    def find(
        self, *, location: str, summary: str, description: str, separator: str | None
    ) -> tuple[str, ...]:
        """The rooms that a booking names, each once, in the source's order.

        Args:
            location: Its LOCATION, escapes undone.
            summary: Its title.
            description: Its description.
            separator: What parts several rooms in ``location``; empty or None when nothing does.

        Raises:
            ValueError: They are more than `MOST_ROOMS`.
        """
        words = {"location": location, "summary": summary, "description": description}
        found = [name for pattern in self.patterns for name in pattern.names(words[pattern.field])]
        if not found:
            found = self._parted(location, separator)
        rooms = dict.fromkeys(
            self.names.get(key, name) for name in found if (key := plain(name)) and key not in self.not_rooms
        )
        if len(rooms) > MOST_ROOMS:
            raise ValueError(f"it names {len(rooms):,} rooms")
        return tuple(rooms)

    def _parted(self, location: str, separator: str | None) -> list[str]:
        # A room's own name may hold what parts rooms elsewhere.
        if not separator or plain(location) in self.names:
            return [folded(location)]
        return [folded(part) for part in location.split(separator)]


def named(rooms: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """The names of a `RoomFinder`.

    Args:
        rooms: What we call each room, with what else it is called. What we call a room goes before what
            another one is called, and the first room that is called something goes before later ones.
    """
    rooms = [(key, tuple(others)) for key, others in rooms]
    names: dict[str, str] = {}
    for key, _ in rooms:
        names.setdefault(plain(key), key)
    for key, others in rooms:
        for other in others:
            names.setdefault(plain(other), key)
    names.pop("", None)
    return names


def guessed_separator(producer: str, ids: Iterable[str]) -> str | None:
    """What parts several rooms in one LOCATION, by who wrote the feed.

    Args:
        producer: The feed's PRODID.
        ids: Some of its UIDs: programs that pass ADE's bookings on leave ADE's own ids in them.

    Returns:
        A comma for ADE and Hyperplanning; None otherwise, as an address has commas, too.
    """
    if _COMMA.search(producer):
        return ","
    return "," if any(re.match(r"ADE[0-9a-f]{12}", uid) for uid in ids) else None


def folded(text: str) -> str:
    """A text on one line, white space folded to single blanks."""
    return " ".join(text.split())


def plain(name: str) -> str:
    """A name in the form in which names are compared: case, width and white space make no difference."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
