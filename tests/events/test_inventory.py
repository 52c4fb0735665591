"""The inventory of rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.domain import RoomInfo
from events.errors import ConfigError
from events.inventory import read_rooms

LIBRARY = """
[[room]]
id = "BIBLIO"
name = "Bibliothèque"
type = "mixte"
seats = 40
wing = "V"
number = 101
letter = "B"
whiteboard = true
blackboard = true
projector = true
tv = true
aliases = ["Library", "V101B"]
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "rooms.toml"
    path.write_text(content, encoding="utf-8")
    return path


def test_a_room_has_all_that_its_table_says(tmp_path: Path) -> None:
    assert read_rooms(written(tmp_path, LIBRARY)) == {
        "BIBLIO": RoomInfo(
            name="Bibliothèque",
            type="mixte",
            seats=40,
            wing="V",
            number=101,
            letter="B",
            whiteboard=True,
            blackboard=True,
            projector=True,
            tv=True,
            aliases=("Library", "V101B"),
        )
    }


def test_only_the_id_is_needed_and_is_the_name(tmp_path: Path) -> None:
    assert read_rooms(written(tmp_path, '[[room]]\nid = "L213"\n')) == {"L213": RoomInfo(name="L213")}


def test_rooms_keep_the_order_of_the_file(tmp_path: Path) -> None:
    content = "".join(f'[[room]]\nid = "{key}"\n' for key in ("V2", "L1", "V1"))
    assert list(read_rooms(written(tmp_path, content))) == ["V2", "L1", "V1"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "[[room]]: this section is missing"),
        ("room = []", "[[room]]: at least one room is needed"),
        ("[[room]]\nname = 'x'", '[[room]] no. 1 "x": id: missing; needed is a text in quotes'),
        (
            "[[room]]\nid = 'L/1'",
            (
                "[[room]] no. 1 \"L/1\": id: 'L/1' cannot be a room's key: 1 to 63 characters, without '/', "
                "not starting or ending with a blank"
            ),
        ),
        (
            "[[room]]\nid = 'L1'\n[[room]]\nid = 'L1'",
            '[[room]] no. 2 "L1": id: "L1" already names [[room]] no. 1 "L1"',
        ),
        (
            "[[room]]\nid = 'L1'\naliases = ['one', 'one']",
            '[[room]] no. 1 "L1": aliases: "one" already names [[room]] no. 1 "L1"',
        ),
        (
            "[[room]]\nid = 'L1'\naliases = ['one']\n[[room]]\nid = 'L2'\naliases = ['one']",
            '[[room]] no. 2 "L2": aliases: "one" already names [[room]] no. 1 "L1"',
        ),
        (
            "[[room]]\nid = 'L1'\naliases = ['L2']\n[[room]]\nid = 'L2'",
            '[[room]] no. 2 "L2": id: "L2" already names [[room]] no. 1 "L1"',
        ),
        (
            "[[room]]\nid = 'L1'\naliases = [' ']",
            '[[room]] no. 1 "L1": aliases: an empty name is not allowed',
        ),
        (
            "[[room]]\nid = 'L1'\nseats = -1",
            '[[room]] no. 1 "L1": seats: -1 is not allowed; allowed is an integer from 0 to 100000',
        ),
        (
            "[[room]]\nid = 'L1'\noven = true",
            (
                '[[room]] no. 1 "L1": oven: unknown key; known keys: id, name, type, seats, wing, '
                "number, letter, whiteboard, blackboard, projector, tv, aliases"
            ),
        ),
    ],
)
def test_a_wrong_inventory_is_refused_with_the_room(tmp_path: Path, content: str, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        read_rooms(path)
    assert str(caught.value) == f"{path}: {message}"
