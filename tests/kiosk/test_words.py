"""What a door says, and how each language writes hours and dates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

import events
import kiosk
from events.errors import ConfigError
from kiosk import command
from kiosk.catalogues import read_template
from kiosk.words import (
    Language,
    clock,
    duration,
    full_date,
    hour,
    load_catalogues,
    near_day,
    say,
)

DAY = date(2026, 11, 20)
TEMPLATE = read_template()


# -- names ------------------------------------------------------------------------------------


def trees() -> Iterator[ast.Module]:
    for package in (kiosk, events):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            if path.parent.name == "report":
                continue  # the audits have words of their own
            yield ast.parse(path.read_text(encoding="utf-8"))


def told_in_code() -> tuple[set[str], set[str]]:
    """Find the names of messages in the code.

    Returns:
        Those that are asked for by their whole name, and all that may be: put together of parts
        that all stand somewhere in the code.
    """
    asked: set[str] = set()
    texts: set[str] = {str(n) for n in range(13)}
    patterns: list[list[str | None]] = []
    says = ("say", "on_day")
    for node in (node for tree in trees() for node in ast.walk(tree)):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in says:
                for argument in node.args[:2]:
                    match argument:
                        case ast.Constant(value=str() as name) if name:
                            asked |= {name, f"{name}-day"} if called == "on_day" else {name}
                        case _:
                            pass
            case ast.Constant(value=str() as text):
                texts.add(text)
            case ast.JoinedStr(values=values):
                parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in values]
                if None in parts and all(re.fullmatch("[a-z0-9.-]+", part) for part in parts if part):
                    patterns.append(parts)
            case _:
                pass
    words = {text for text in texts if re.fullmatch("[a-z0-9.-]+", text)}
    known = asked | (words & set(TEMPLATE))
    # Twice: what is put together may be part of another name.
    for _, parts in product(range(2), patterns):
        expression = "".join("([a-z0-9.-]+)" if part is None else re.escape(part) for part in parts)
        if any(part and part not in "-." for part in parts):
            for name in TEMPLATE:
                filled = re.fullmatch(expression, name)
                if filled and set(filled.groups()) <= words | known:
                    known.add(name)
    for name, side in product(sorted(known), ("left", "right")):
        known.add(f"{name}-{side}")
    return asked - {"fr", "en"}, known


def test_every_message_that_the_code_says_exists() -> None:
    asked, _ = told_in_code()

    assert len(asked) > 100
    assert asked - set(TEMPLATE) - {"language"} == set()


def test_every_message_is_said_somewhere() -> None:
    _, known = told_in_code()

    assert set(TEMPLATE) - known == set()


# -- typography -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TEMPLATE))
def test_french_sets_blanks_that_do_not_break_before_its_double_signs(name: str) -> None:
    for text in TEMPLATE[name].forms:
        for sign in ":;!?»":
            assert f" {sign}" not in text
        # Narrow before these, as the Imprimerie nationale has it.
        for sign in ";!?":
            assert f"\u00a0{sign}" not in text
        assert "'" not in text
        assert "..." not in text


# -- languages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", ["14\u00a0h\u00a005", "9\u00a0h"]), ("en", ["14:05", "9:00"])]
)
def test_hours_are_written_as_the_language_does(language: Language, expected: list[str]) -> None:
    assert [hour(language, datetime(2026, 11, 20, *parts)) for parts in ((14, 5), (9, 0))] == expected  # noqa: DTZ001


def test_the_clock_has_two_digits_each() -> None:
    assert clock(datetime(2026, 11, 20, 9, 5)) == "09:05"  # noqa: DTZ001


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (3, "3\u00a0min"),
        (60, "1\u00a0h"),
        (80, "1\u00a0h\u00a020"),
        (65, "1\u00a0h\u00a005"),
        (3 * 24 * 60, "3\u00a0jours"),
    ],
)
def test_lengths_are_told_in_whole_minutes(minutes: int, expected: str) -> None:
    assert duration("fr", timedelta(minutes=minutes, seconds=59)) == expected


def test_dates_are_written_as_the_language_does() -> None:
    assert full_date("fr", DAY) == "vendredi 20\u00a0novembre"
    assert full_date("fr", date(2026, 12, 1)) == "mardi 1er\u00a0décembre"
    assert full_date("en", DAY) == "Friday 20\u00a0November"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, "hier"),
        (0, "aujourd\N{RIGHT SINGLE QUOTATION MARK}hui"),
        (1, "demain"),
        (3, "lundi"),
        (7, "vendredi 27\u00a0novembre"),
    ],
)
def test_days_are_named_as_people_speak_of_them(days: int, expected: str) -> None:
    assert near_day("fr", DAY + timedelta(days=days), DAY) == expected


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("fr", 0, "et 0 autre annonce"),
        ("fr", 1, "et 1 autre annonce"),
        ("fr", 2, "et 2 autres annonces"),
        ("en", 0, "and 0 more notices"),
        ("en", 1, "and 1 more notice"),
        ("en", 2, "and 2 more notices"),
    ],
)
def test_a_number_chooses_the_plural_as_the_language_does(
    language: Language, count: int, expected: str
) -> None:
    assert say(language, "notices.more", count=count) == expected


def test_a_message_without_its_place_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("fr", "until")


def test_a_language_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("tlh", "now")


# -- a school's own words ---------------------------------------------------------------------

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    load_catalogues(None)


def test_there_are_two_languages_french_first() -> None:
    assert load_catalogues(None) == ("fr", "en")


def test_a_school_adds_a_language_and_what_it_lacks_is_french(folder: Path) -> None:
    (folder / "br.po").write_text(
        f'{HEAD}\nmsgctxt "sign.free"\nmsgid "Libre"\nmsgstr "Dieub"\n', encoding="utf-8"
    )

    assert load_catalogues(folder) == ("fr", "br", "en")
    assert say("br", "sign.free") == "Dieub"
    assert say("br", "sign.closed") == "Fermé"
    assert say("br", "notices.more", count=1) == "et 1 autre annonce"


def test_a_school_changes_single_words(folder: Path) -> None:
    for language, text in (("fr", "Salle libre"), ("en", "Vacant")):
        (folder / f"{language}.po").write_text(
            f'{HEAD}\nmsgctxt "sign.free"\nmsgid "Libre"\nmsgstr "{text}"\n', encoding="utf-8"
        )
    load_catalogues(folder)

    assert say("fr", "sign.free") == "Salle libre"
    assert say("en", "sign.free") == "Vacant"
    assert say("en", "sign.closed") == "Closed"
    load_catalogues(None)
    assert say("fr", "sign.free") == "Libre"


def test_a_door_does_not_start_in_a_language_without_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--room", "L213", "--language", "tlh", "--data", str(tmp_path), "--headless"]

    assert command.main(arguments) == 1
    assert 'there are no words in "tlh"; languages with words: fr, en' in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        load_catalogues(folder / "mots")


def test_a_catalogue_that_is_wrong_changes_nothing(folder: Path) -> None:
    (folder / "en.po").write_text(
        f'{HEAD}\nmsgctxt "sign.free"\nmsgid "Libre"\nmsgstr "Vacant"\n', encoding="utf-8"
    )
    (folder / "fr.po").write_text('msgid "\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        load_catalogues(folder)

    assert say("en", "sign.free") == "Free"
