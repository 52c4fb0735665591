"""What is typed at the desk: places, times, words and numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from events.domain import RoomInfo
from events.ids import RoomKey

_HOUR = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d)|h([0-5]\d)?)")
_UNTIL = re.compile(r"(?:^|\s)--until(?:\s+|=)(\S+)")
Name = TypeVar("Name", bound=str)
ALL = "all"
"""The word for the whole school."""


class Places:
    """The rooms and wings there are, as people type them: in any capitals, names of several words, too.

    Args:
        rooms: By key.
    """

    def __init__(self, rooms: Mapping[RoomKey, RoomInfo | None]) -> None:
        self.rooms = rooms
        known = [info for info in rooms.values() if info is not None]
        self.wings = frozenset(info.wing for info in known if info.wing)
        # A key counts before a name that another room has.
        self._keys = {_plain(info.name): key for key, info in rooms.items() if info is not None}
        self._keys |= {_plain(key): key for key in rooms}
        # A room counts before a wing, and that before a type of rooms.
        self._topics = {_plain(info.type): f"type/{info.type}" for info in known if info.type}
        self._topics |= {_plain(wing): f"wing/{wing}" for wing in self.wings}
        self._topics |= {name: f"room/{key}" for name, key in self._keys.items()}
        self._topics[ALL] = "school"
        self._longest = max((name.count(" ") + 1 for name in self._topics), default=1)

    def room(self, name: str) -> RoomKey:
        """Find a room by its key or its name.

        Raises:
            ValueError: There is none.
        """
        key = self._keys.get(_plain(name))
        if key is None:
            raise ValueError(f"there is no room {name!r}")
        return key

    def take_room(self, text: str) -> tuple[RoomKey, str]:
        """Take a room off the beginning of a text, and give what stands behind it.

        Raises:
            ValueError: There is none.
        """
        key, rest = self._take(text, self._keys)
        if key is None:
            raise ValueError(f"there is no room {take_word(text)[0]!r}")
        return key, rest

    def take_topic(self, text: str) -> tuple[str, str]:
        """Take off a text what a notice is for: a room, a wing, a type of rooms, or ``all``.

        Raises:
            ValueError: There is none.
        """
        topic, rest = self._take(text, self._topics)
        if topic is None:
            word = take_word(text)[0]
            raise ValueError(
                f"there is no room, no wing and no type of rooms {word!r}; for all doors say 'all'"
            )
        return topic, rest

    def begins_with_room(self, text: str) -> bool:
        """Tell whether a text begins with a room."""
        return self._take(text, self._keys)[0] is not None

    def _take(self, text: str, names: Mapping[str, Name]) -> tuple[Name | None, str]:
        """Take the longest name off the beginning of a text."""
        words = text.split()
        for number in range(min(self._longest, len(words)), 0, -1):
            meant = names.get(_plain(" ".join(words[:number])))
            if meant is not None:
                return meant, " ".join(words[number:])
        return None, text


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
    word, rest, *_ = (*text.split(maxsplit=1), "", "")
    return word, rest.strip()


def is_text(line: str) -> bool:
    """Tell whether a line is text; a terminal makes lone surrogates of bytes that are none."""
    return not any("\ud800" <= letter <= "\udfff" for letter in line)


def fits(text: str, longest: int) -> str:
    """Give a text that is not too long.

    Raises:
        ValueError: It is.
    """
    if len(text) > longest:
        raise ValueError(f"that has {len(text)} letters, and {longest} are the most")
    return text


def between(number: int, least: int, most: int, what: str) -> int:
    """Give a number that is neither too small nor too big.

    Raises:
        ValueError: It is.
    """
    if not least <= number <= most:
        raise ValueError(f"{what} are {least} to {most}, not {number}")
    return number


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
