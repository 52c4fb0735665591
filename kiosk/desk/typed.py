"""What is typed at the desk: places, times, and the words of a command. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from events.domain import RoomInfo
from events.ids import RoomKey

_HOUR = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d)|h([0-5]\d)?)")
_UNTIL = re.compile(r"(?:^|\s)--until(?:\s+|=)(\S+)")
ALL = "all"
"""The word for the whole school."""


class Places:
    """The rooms and wings there are, as people type them.

    Args:
        rooms: By key.
    """

    def __init__(self, rooms: Mapping[RoomKey, RoomInfo | None]) -> None:
        self.rooms = rooms
        known = [info for info in rooms.values() if info is not None]
        self.wings = frozenset(info.wing for info in known if info.wing)
        self.types = frozenset(info.type for info in known if info.type)
        # A key counts before a name that another room has.
        self._keys = {info.name.casefold(): key for key, info in rooms.items() if info is not None}
        self._keys |= {key.casefold(): key for key in rooms}

    def room(self, word: str) -> RoomKey:
        """Find a room by its key or its name; capitals do not matter.

        Raises:
            ValueError: There is none.
        """
        key = self._keys.get(word.casefold())
        if key is None:
            raise ValueError(f"there is no room {word!r}")
        return key

    def is_room(self, word: str) -> bool:
        """Tell whether a word names a room."""
        return word.casefold() in self._keys

    def topic(self, word: str) -> str:
        """Find what a notice is for: a room, a wing, a type of rooms, or ``all``.

        Raises:
            ValueError: There is none.
        """
        if word.casefold() == ALL:
            return "school"
        if self.is_room(word):
            return f"room/{self.room(word)}"
        for kind, names in (("wing", self.wings), ("type", self.types)):
            found = _same(word, names)
            if found is not None:
                return f"{kind}/{found}"
        raise ValueError(f"there is no room, no wing and no type of rooms {word!r}; for all doors say 'all'")


def is_time(word: str) -> bool:
    """Tell whether a word is meant as a time."""
    return bool(_HOUR.fullmatch(word) or re.match(r"\d{4}-\d{2}-\d{2}", word))


def instant(word: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read a time of the school's clocks: ``18:00``, ``18h``, or ``2026-11-21T18:00``.

    Args:
        word: What was typed.
        now: The time; an hour alone is of today.
        zone: The school's.

    Returns:
        The instant in UTC.

    Raises:
        ValueError: It is no time, or it is over.
    """
    hour = _HOUR.fullmatch(word)
    try:
        if hour is not None:
            minute = hour[2] or hour[3] or "0"
            local = now.astimezone(zone).replace(
                hour=int(hour[1]), minute=int(minute), second=0, microsecond=0, fold=0
            )
        else:
            local = datetime.fromisoformat(word)
            local = local if local.tzinfo else local.replace(tzinfo=zone)
        at = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{word!r} is no time; allowed is one such as 18:00 or 2026-11-21T18:00") from None
    if at <= now:
        raise ValueError(f"{word} is over already")
    return at


def take_until(text: str) -> tuple[str, str | None]:
    """Take ``--until TIME`` out of a text, wherever it stands."""
    found = _UNTIL.search(text)
    if found is None:
        return text, None
    return " ".join((text[: found.start()] + " " + text[found.end() :]).split()), found[1]


def take_word(text: str) -> tuple[str, str]:
    """Split a text into its first word and the rest."""
    word, _, rest = text.strip().partition(" ")
    return word, rest.strip()


def _same(word: str, names: Iterable[str]) -> str | None:
    return next((name for name in sorted(names) if name.casefold() == word.casefold()), None)
