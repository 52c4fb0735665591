"""The loader: what it accepts, and the exact words with which it refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from events.config import load, nearest, place
from events.errors import ConfigError


class Lamp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    level: Annotated[int, Meta(ge=0, le=10)] = 3
    dim_after: Annotated[float, Meta(ge=0)] = 1.5
    on: bool = True
    colour: Literal["red", "green"] = "red"
    label: Annotated[str, Meta(pattern="^[a-z]+$", description="small letters")] = "lamp"
    weight: Annotated[int, Meta(le=9)] = 1


class Shelf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    first: date = date(2026, 1, 1)
    last: date | None = None
    things: tuple[str, ...] = ()


class House(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    lamp: Lamp = Lamp()
    shelf: tuple[Shelf, ...] = ()


class Flat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shelf: tuple[Shelf, ...]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "house.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(folder: Path, content: str | bytes, shape: type[Struct] = House) -> str:
    path = written(folder, content)
    with pytest.raises(ConfigError) as caught:
        load(path, shape)
    assert caught.value.file == str(path)
    return str(caught.value).removeprefix(f"{folder}/")


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, ""), House) == House()


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    content = """
        [lamp]
        level = 10
        dim_after = 2          # an integer where a number is wanted
        on = false
        colour = "green"
        [[shelf]]
        name = "cellar"
        first = 2026-12-24
        last = 2026-12-26
        things = ["salt", "œufs"]
        [[shelf]]
        name = "loft"
    """
    house = load(written(tmp_path, content), House)
    assert house.lamp == Lamp(level=10, dim_after=2.0, on=False, colour="green")
    assert house.shelf == (
        Shelf(name="cellar", first=date(2026, 12, 24), last=date(2026, 12, 26), things=("salt", "œufs")),
        Shelf(name="loft"),
    )


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf[lamp]\r\nlevel = 4\r\n"
    assert load(written(tmp_path, content), House).lamp.level == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[lamp\n",
            "house.toml: line 1: is not TOML: Expected ']' at the end of a table declaration (column 6)",
        ),
        (
            "[lamp]\non = true\non = false\n",
            "house.toml: line 3: is not TOML: Cannot overwrite a value (column 11)",
        ),
        (b"[lamp]\nlabel = '\xe9'\n", "house.toml: line 2: is not UTF-8; save the file as UTF-8"),
        (
            "[lamp]\nlevle = 3",
            (
                "house.toml: [lamp] levle: unknown key; did you mean level? known keys: level, "
                "dim_after, on, colour, label, weight"
            ),
        ),
        (
            "[lamp]\nzzz = 3",
            "house.toml: [lamp] zzz: unknown key; known keys: level, dim_after, on, colour, label, weight",
        ),
        (
            "[[shelf]]\nname = 'a'\n[[shelf]]\nname = 'loft'\nThing = 1",
            (
                'house.toml: [[shelf]] no. 2 "loft": Thing: unknown key; did you mean things? known '
                "keys: name, first, last, things"
            ),
        ),
        (
            "[lump]\nlevel = 3",
            "house.toml: [lump]: unknown section; did you mean [lamp]? known sections: [lamp], [[shelf]]",
        ),
        (
            "[[shelve]]\nname = 'a'",
            (
                "house.toml: [[shelve]]: unknown section; did you mean [[shelf]]? known sections: "
                "[lamp], [[shelf]]"
            ),
        ),
        ("[zzz]", "house.toml: [zzz]: unknown section; known sections: [lamp], [[shelf]]"),
        ("level = 3", "house.toml: level: stands outside of any section; it belongs under [lamp]"),
        ("zzz = 3", "house.toml: zzz: stands outside of any section; known sections: [lamp], [[shelf]]"),
        ("[[shelf]]", "house.toml: [[shelf]] no. 1: name: missing; needed is a text in quotes"),
        ("lamp = 3", "house.toml: [lamp]: 3 is not allowed; allowed is one table, [lamp]"),
        ("[[lamp]]", "house.toml: [lamp]: a list is not allowed; allowed is one table, [lamp]"),
        (
            "[shelf]\nname = 'a'",
            "house.toml: [[shelf]]: a table is not allowed; allowed are tables, [[shelf]]",
        ),
    ],
)
def test_a_wrong_form_is_refused_with_its_place(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(tmp_path, content) == message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("level = 11", "level: 11 is not allowed; allowed is an integer from 0 to 10"),
        ("level = 2.5", "level: 2.5 is not allowed; allowed is an integer from 0 to 10"),
        ("level = true", "level: true is not allowed; allowed is an integer from 0 to 10"),
        ('level = "3"', 'level: "3" is not allowed; allowed is an integer from 0 to 10'),
        ("weight = 10", "weight: 10 is not allowed; allowed is an integer, at most 9"),
        ("dim_after = -1", "dim_after: -1 is not allowed; allowed is a number, at least 0"),
        ("dim_after = inf", "dim_after: inf is not allowed; allowed is a number, at least 0"),
        ("dim_after = nan", "dim_after: nan is not allowed; allowed is a number, at least 0"),
        ("on = 1", "on: 1 is not allowed; allowed is true or false"),
        ('colour = "blue"', 'colour: "blue" is not allowed; allowed is "green" or "red"'),
        ('label = "A"', 'label: "A" is not allowed; allowed is small letters'),
        ("label = [1]", "label: a list is not allowed; allowed is small letters"),
        (f'label = "{"X" * 99}"', f'label: "{"X" * 58}… is not allowed; allowed is small letters'),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(tmp_path: Path, line: str, problem: str) -> None:
    assert refusal(tmp_path, f"[lamp]\n{line}\n") == f"house.toml: [lamp] {problem}"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name = 3", "no. 1: name: 3 is not allowed; allowed is a text in quotes"),
        ("name = 'a'\nfirst = 3", 'no. 1 "a": first: 3 is not allowed; allowed is a date such as 2026-12-24'),
        (
            "name = 'a'\nlast = 2026-01-01T10:00:00",
            'no. 1 "a": last: 2026-01-01 10:00:00 is not allowed; allowed is a date such as 2026-12-24',
        ),
        (
            "name = 'a'\nthings = 'salt'",
            'no. 1 "a": things: "salt" is not allowed; allowed is a list, each of its items a text in quotes',
        ),
        (
            "name = 'a'\nthings = ['salt', 3]",
            'no. 1 "a": things no. 2: 3 is not allowed; allowed is a text in quotes',
        ),
    ],
)
def test_one_of_several_tables_is_named_by_number_and_name(tmp_path: Path, line: str, problem: str) -> None:
    assert refusal(tmp_path, f"[[shelf]]\n{line}\n") == f"house.toml: [[shelf]] {problem}"


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, "", Flat) == "house.toml: [[shelf]]: this section is missing"


def test_a_file_that_cannot_be_read_is_a_wrong_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file or directory$"):
        load(tmp_path / "none.toml", House)


def test_places_are_written_as_in_the_file() -> None:
    assert place("lamp") == "[lamp]"
    assert place("lamp", "level") == "[lamp] level"
    assert place("shelf", number=2) == "[[shelf]] no. 2"
    assert place("shelf", "name", number=2, name="loft") == '[[shelf]] no. 2 "loft": name'


def test_the_nearest_word_is_offered_whatever_its_case() -> None:
    assert nearest("l213", ["V005", "L213"]) == "; did you mean L213?"
    assert nearest("L214", ["L321", "L213"]) == "; did you mean L213?"
    assert nearest("zzz", ["V005", "L213"]) == ""
    assert nearest("L213", []) == ""
