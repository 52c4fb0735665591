"""The sample configurations: complete, right about every default, and accepted."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.settings import SchoolFile, read_school
from events.inventory import Inventory, Room, read_rooms
from kiosk.settings import DoorFile, DoorSettings, SensorSection, read_door

DEPLOY = Path(__file__).parents[2] / "deploy"
# Keys without a default, and the one whose default is the value of another key.
EXAMPLES = {("closed", "last")}


def with_examples(text: str) -> str:
    """Take the "#" away before the lines that are examples; prose has a blank behind it."""
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def as_in_toml(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def sections(shape: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {}
    for field in msgspec.structs.fields(shape):
        inner = getattr(field.type, "__args__", (field.type,))[0]
        found[field.name] = inner
    return found


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    for name in ("school.toml", "kiosk.toml", "rooms.toml"):
        shutil.copy(DEPLOY / name, tmp_path)
    return tmp_path


def test_the_samples_are_accepted_as_they_are(deploy: Path) -> None:
    school = read_school(deploy / "school.toml")
    assert len(school.rooms) == 35
    door = read_door(deploy / "kiosk.toml")
    assert door == DoorSettings(path=deploy / "kiosk.toml")


def test_the_samples_are_accepted_with_their_examples(deploy: Path) -> None:
    path = deploy / "school.toml"
    path.write_text(with_examples(path.read_text(encoding="utf-8")), encoding="utf-8")
    school = read_school(path)
    assert [len(tables) for tables in (school.closed, school.sources, school.kinds, school.doors)] == [1] * 4
    (exam,) = school.kind_patterns()
    assert exam[0] == "exam"
    assert exam[1].search("Contrôle de physique")


def test_the_door_s_sample_is_accepted_with_its_example(deploy: Path) -> None:
    path = deploy / "kiosk.toml"
    path.write_text(with_examples(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert read_door(path).sensors == (SensorSection(kind="motion"),)


@pytest.mark.parametrize(("file", "shape"), [("school.toml", SchoolFile), ("kiosk.toml", DoorFile)])
def test_every_key_stands_in_its_sample_with_its_default(file: str, shape: type[msgspec.Struct]) -> None:
    written: dict[str, Any] = tomllib.loads(with_examples((DEPLOY / file).read_text(encoding="utf-8")))
    assert set(written) == set(sections(shape))
    for name, section in sections(shape).items():
        table = written[name][0] if isinstance(written[name], list) else written[name]
        fields = msgspec.structs.fields(section)
        assert list(table) == [field.name for field in fields], name
        for field in fields:
            if not field.required and (name, field.name) not in EXAMPLES:
                default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
                assert table[field.name] == as_in_toml(default), f"[{name}] {field.name}"


@pytest.mark.parametrize("file", ["school.toml", "kiosk.toml"])
def test_every_key_of_the_samples_has_a_line_of_comment(file: str) -> None:
    lines = (DEPLOY / file).read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"#?[a-z_]+ = ", line)]
    assert keys
    assert [lines[number] for number in keys if not lines[number - 1].startswith("# ")] == []


def test_the_inventory_says_what_every_key_is_by_default() -> None:
    text = (DEPLOY / "rooms.toml").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^#   ([a-z]+)(?: = (\S+))?  ", text, flags=re.MULTILINE))
    fields = {field.name: field for field in msgspec.structs.fields(Room)}
    assert list(explained) == list(fields)
    assert explained.pop("id") == ""
    for name, value in explained.items():
        assert tomllib.loads(f"x = {value}")["x"] == as_in_toml(fields[name].default), name
    assert [field.name for field in msgspec.structs.fields(Inventory)] == ["room"]
    assert len(read_rooms(DEPLOY / "rooms.toml")) == 35
