"""``toctoc scrape`` as people and programs use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scraper.command import main

PAGES = Path(__file__).parent / "pages"
BUSY = str(PAGES / "fc3-busy.html")


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    file = tmp_path / "rooms.toml"
    file.write_text(
        """
[[room]]
id = "V107"
seats = 120

[[room]]
id = "SALLE-19"
name = "Petite salle"
aliases = ["L019"]

[[room]]
id = "X999"
""",
        encoding="utf-8",
    )
    return str(file)


def test_json_names_rooms_in_order_with_local_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([BUSY, "--json", "--day", "2023-04-14"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["status", "day", "zone", "rooms", "problems"]
    assert (answer["status"], answer["day"], answer["zone"]) == ("ok", "2023-04-14", "Europe/Paris")
    assert answer["rooms"]["L019"] == [
        {"start": "2023-04-14T10:15:00+02:00", "end": "2023-04-14T11:45:00+02:00", "title": "Allemand A2"}
    ]


def test_another_zone_means_the_same_hours_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([BUSY, "--json", "--zone", "America/Martinique"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rooms"]["L019"][0]["start"] == "2023-04-14T10:15:00-04:00"


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(PAGES / "fc3-clipped.html")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Wed 2023-03-15 (Europe/Paris): 35 rooms, 12 bookings, shown 08:00-20:00\n")
    assert "00:00-24:00  Exposition  [began earlier]  [goes on]" in out
    assert main([str(PAGES / "fc3-titles.html")]) == 0
    assert "all day" not in capsys.readouterr().out


def test_an_unreadable_page_says_what_was_looked_for_and_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([BUSY, "--json", "--day", "2023-04-15"]) == 2
    captured = capsys.readouterr()
    assert "looked for the day 2023-04-15, found a page that shows 2023-04-14" in captured.err
    answer = json.loads(captured.out)
    assert (answer["status"], answer["day"], answer["rooms"]) == ("unreadable", "2023-04-15", {})
    assert answer["problems"][0]["where"] == "data-date of its slots"
    assert main([str(PAGES / "none.html")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "No such file" in captured.err


def test_the_inventory_gives_order_ids_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], inventory: str
) -> None:
    assert main([BUSY, "--json", "--rooms", inventory]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["rooms"])[:3] == ["V107", "SALLE-19", "L026"]
    assert answer["rooms"]["SALLE-19"][0]["title"] == "Allemand A2"
    about = {problem["rooms"][0]: problem["what"] for problem in answer["problems"]}
    assert about["X999"] == "the inventory has this room, the source does not"
    assert about["L026"] == "the source has this room, the inventory does not"
    assert "V107" not in about


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[room]\n", "no TOML"),
        ("", "room"),
        ("[[room]]\nid = 3\n", "id"),
        ('[[room]]\nid = "A"\n[[room]]\nid = "A"\n', "already stands for"),
        ('[[room]]\nid = "A"\n[[room]]\nid = "B"\naliases = ["A"]\n', "already stands for"),
    ],
)
def test_a_wrong_inventory_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "rooms.toml"
    file.write_text(text, encoding="utf-8")
    assert main([BUSY, "--rooms", str(file)]) == 1
    err = capsys.readouterr().err
    assert str(file) in err
    assert says in err


@pytest.mark.parametrize(
    "arguments", [["--day", "tomorrow"], ["--zone", "Mars/Olympus"], ["--zone", "../etc"]]
)
def test_wrong_arguments_are_explained(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([BUSY, *arguments])
    assert caught.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "toctoc scrape salles.html" in capsys.readouterr().out


def test_a_title_cannot_write_on_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    text = Path(BUSY).read_text(encoding="utf-8").replace("Allemand A2", "Alle&#27;[2Jmand\u202e")
    file.write_text(text, encoding="utf-8")
    assert main([str(file)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_importing_the_package_loads_neither_lxml_nor_requests() -> None:
    check = "import sys, scraper; assert not {'lxml', 'requests', 'urllib3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=Path(__file__).parents[2])
