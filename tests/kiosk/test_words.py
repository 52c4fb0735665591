"""The catalogues and how each language writes hours."""

from __future__ import annotations

import string
from datetime import date, datetime, timedelta

import pytest

from kiosk.words import (
    CATALOGUES,
    ENGLISH,
    FRENCH,
    Language,
    clock,
    duration,
    full_date,
    hour,
    near_day,
    say,
)

DAY = date(2026, 11, 20)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_messages() -> None:
    assert set(FRENCH) == set(ENGLISH)


@pytest.mark.parametrize("name", sorted(FRENCH))
def test_each_message_has_the_same_places_in_both_languages(name: str) -> None:
    assert places(FRENCH[name]) == places(ENGLISH[name])


@pytest.mark.parametrize("name", sorted(FRENCH))
def test_french_sets_blanks_that_do_not_break_before_its_double_signs(name: str) -> None:
    for sign in ":;!?»":
        assert f" {sign}" not in FRENCH[name]
    assert "'" not in FRENCH[name]


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", ["14\u00a0h\u00a030", "9\u00a0h"]), ("en", ["14:30", "9:00"])]
)
def test_hours_are_written_as_the_language_does(language: Language, expected: list[str]) -> None:
    assert [hour(language, datetime(2026, 11, 20, *parts)) for parts in ((14, 30), (9, 0))] == expected  # noqa: DTZ001


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


def test_a_message_without_its_place_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("fr", "until")


def test_there_are_two_languages_french_first() -> None:
    assert list(CATALOGUES) == ["fr", "en"]
