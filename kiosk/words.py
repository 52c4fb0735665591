"""What a door says, in the language of who reads it, and how that language writes hours and dates.

All of it are messages of the catalogues in `kiosk/locale` (see `kiosk.catalogues`): French is the
template, a school adds languages or its own words in a folder of its own. Main thread only.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from events.errors import ConfigError
from kiosk.catalogues import FOLDER, Catalogue, read_catalogue, read_template

Language = str
"""A language by its code, such as ``fr``."""

FRENCH: Language = "fr"

_school: dict[Language, Catalogue] = {}


def load_catalogues(folder: Path | None) -> tuple[Language, ...]:
    """Take a school's own catalogues, instead of those taken before. At the start.

    ``br.po`` adds Breton; ``fr.po`` and ``en.po`` change single messages.

    Args:
        folder: Where they are; None for none.

    Returns:
        The languages there are, French first.

    Raises:
        ConfigError: There is no such folder, or a catalogue is wrong.
    """
    found: dict[Language, Catalogue] = {}
    if folder is not None:
        if not folder.is_dir():
            raise ConfigError(str(folder), "", "is no folder of catalogues such as br.po")
        for path in sorted(folder.glob("*.po")):
            found[path.stem] = read_catalogue(path, _template())
    _school.clear()
    _school.update(found)
    _messages.cache_clear()
    shipped = {path.stem for path in FOLDER.glob("*.po")}
    return (FRENCH, *sorted({*shipped, *found} - {FRENCH}))


@cache
def _template() -> Catalogue:
    return read_template()


# Read when first needed: 9 ms each (1,400 lines, polib 1.2).
@cache
def _messages(language: Language) -> Catalogue:
    shipped = FOLDER / f"{language}.po"
    if language != FRENCH and language not in _school and not shipped.is_file():
        raise KeyError(language)
    translated = read_catalogue(shipped, _template()) if shipped.is_file() else {}
    return {**_template(), **translated, **_school.get(language, {})}


def say(language: Language, name: str, **places: object) -> str:
    """Tell a text; in French where the language has none.

    Args:
        language: In which language.
        name: Name of the message.
        places: What fills its places; ``count`` chooses the plural form, too.

    Raises:
        KeyError: There is no such language or message, or a place was left empty.
    """
    return _messages(language)[name].form(places.get("count")).format(**places)


def hour(language: Language, local: datetime) -> str:
    """Write an hour of the day: ``14 h 30`` and ``14 h`` in French, ``14:30`` in English.

    Args:
        language: In which language.
        local: The instant in the zone in which it is read.
    """
    return say(language, "hour-minutes" if local.minute else "hour", hour=local.hour, minutes=local.minute)


def clock(local: datetime) -> str:
    """Write the time as a clock shows it, two digits each: ``09:05``."""
    return f"{local.hour:02}:{local.minute:02}"


def duration(language: Language, length: timedelta) -> str:
    """Write a length of time in whole minutes, from two days on in days: ``1 h 20``, ``3 min``."""
    minutes = int(length.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return say(language, "days", count=hours // 24)
    if hours == 0:
        return say(language, "minutes", minutes=minutes)
    return say(language, "hours-minutes" if rest else "hours", hours=hours, minutes=rest)


def full_date(language: Language, day: date) -> str:
    """Write a date with its weekday and without its year: ``vendredi 20 novembre``."""
    name = "first-of-month" if day.day == 1 else "date"
    weekday = say(language, f"day.{day.weekday()}")
    return say(language, name, weekday=weekday, day=day.day, month=say(language, f"month.{day.month}"))


def near_day(language: Language, day: date, today: date) -> str:
    """Write a day as people speak of it: ``hier``, ``demain``, ``lundi``, ``lundi 3 mars``."""
    away = (day - today).days
    if away == -1:
        return say(language, "yesterday")
    if away == 0:
        return say(language, "today")
    if away == 1:
        return say(language, "near.tomorrow")
    if 1 < away < 7:
        return say(language, f"day.{day.weekday()}")
    return full_date(language, day)
