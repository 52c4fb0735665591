"""``toctoc scrape`` as people and programs use it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from scraper import command
from scraper.command import Kind, guessed_kind, main
from scraper.fetch import Page

PAGES = Path(__file__).parent / "pages"
FEEDS = Path(__file__).parent / "feeds"
ADE, EXCHANGE = str(FEEDS / "ade.ics"), str(FEEDS / "exchange.ics")
BUSY = str(PAGES / "fc3-busy.html")
TABLES = Path(__file__).parent / "tables"
SALLES, EVENTS, RESOURCES = (TABLES / name for name in ("salles.csv", "events.json", "resources.json"))


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
    assert list(answer) == [
        *("status", "day", "zone", "rooms", "without_room", "all_day", "cancelled", "problems")
    ]
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
    out = capsys.readouterr().out
    for kind in get_args(Kind):
        assert re.search(rf"^  {kind} .*\n    toctoc scrape ", out, re.MULTILINE)


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


# Feeds


def scraped(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_feed_is_known_by_what_it_holds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answer = scraped(capsys, ADE)
    assert (answer["status"], answer["day"], answer["problems"]) == ("ok", None, [])
    assert answer["rooms"]["V106A"] == [
        {
            "start": "2026-11-16T08:00:00+01:00",
            "end": "2026-11-16T10:00:00+01:00",
            "title": "TD Géométrie - G1",
        }
    ]
    assert [row["title"] for row in answer["without_room"]] == ["TP Réseaux"]
    unnamed = tmp_path / "download"
    unnamed.write_bytes(Path(ADE).read_bytes())
    assert scraped(capsys, str(unnamed)) == answer
    assert scraped(capsys, ADE, "--kind", "ics") == answer
    assert main([ADE, "--kind", "oasis"]) == 2


def test_days_of_a_feed_begin_with_from_and_end_before_to(capsys: pytest.CaptureFixture[str]) -> None:
    asked = scraped(capsys, EXCHANGE, "--from", "2026-10-19", "--to", "2026-11-05")
    assert asked["day"] == "2026-10-19"
    starts = {room: [row["start"][:10] for row in rows] for room, rows in asked["rooms"].items()}
    assert starts == {"Salle 1, rue du Parc": ["2026-10-19"], "Salle 2": ["2026-11-03"]}
    one = scraped(capsys, EXCHANGE, "--day", "2026-11-05")
    assert [row["title"] for row in one["rooms"]["Salle 2"]] == ["Soutenance", "Rappel"]
    assert one["rooms"]["Salle 2"][1]["transparent"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from", "2026-11-05"],
        ["--from", "2026-11-05", "--to", "2026-11-05"],
        ["--day", "2026-11-05", "--to", "2026-11-06"],
        ["--from", "0001-01-01", "--to", "9999-12-31"],
        ["--pattern", "place=x"],
        ["--pattern", "summary=("],
        ["--pattern", "summary"],
        ["--kind", "csv"],
        ["--measure", "urls.txt"],
        ["--render"],
        ["--workers", "0"],
        ["--workers", "many"],
    ],
)
def test_arguments_that_cannot_be_followed(capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([EXCHANGE, *wrong])
    assert stopped.value.code == 2


def test_a_page_has_one_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([BUSY, "--from", "2023-04-14", "--to", "2023-04-15"]) == 0
    assert main([BUSY, "--from", "2023-04-14", "--to", "2023-04-16"]) == 2
    assert "ask for it with --day" in capsys.readouterr().err


def test_the_separator_and_patterns_of_a_feed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "V107,V106A" in scraped(capsys, ADE, "--separator", "")["rooms"]
    assert list(scraped(capsys, ADE, "--no-room", "pas de salle")["rooms"]) == ["V106A", "V107"]
    by_title = scraped(capsys, ADE, "--pattern", r"summary=- (G\d)")
    assert [row["title"] for row in by_title["rooms"]["G1"]] == ["TD Géométrie - G1"]


def test_an_inventory_names_a_feeds_rooms(capsys: pytest.CaptureFixture[str], inventory: str) -> None:
    answer = scraped(capsys, ADE, "--rooms", inventory, "--day", "2026-11-17")
    assert answer["rooms"] == {
        "V107": [],
        "Pas de salle": [
            {
                "start": "2026-11-17T08:00:00+01:00",
                "end": "2026-11-17T09:00:00+01:00",
                "title": "Réunion",
            }
        ],
    }
    assert {problem["where"]: problem["what"].partition(",")[0] for problem in answer["problems"]} == {
        "room SALLE-19": "the inventory has this room",
        "room X999": "the inventory has this room",
        "room Pas de salle": "the source has this room",
    }


def test_what_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    rows = scraped(capsys, EXCHANGE, "--explain", "--from", "2026-11-05", "--to", "2026-11-07")["explained"]
    assert [
        (row["where"].partition(",")[0], row["what"]) for row in rows if row["title"] == "Soutenance"
    ] == [("VEVENT 4", "booked")]
    whys = {row["title"]: row["why"] for row in rows if row["what"] == "left out"}
    assert whys["Journée portes ouvertes"] == "it is not in the days asked"
    assert whys["Rappel"] == "it takes no time (TRANSP)"
    assert whys["Illisible"].startswith("its DTSTART cannot be taken apart")
    page = scraped(capsys, BUSY, "--explain")
    bookings = sum(map(len, page["rooms"].values()))
    assert [row["what"] for row in page["explained"]].count("booked") == bookings > 0
    assert main([EXCHANGE, "--explain"]) == 0
    assert "VEVENT 4, line 48  booked  Salle 2  2026-11-05 09:00" in capsys.readouterr().out


def test_a_feed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([EXCHANGE, "--from", "2026-11-02", "--to", "2026-11-09"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Mon 2026-11-02 to Sun 2026-11-08 (Europe/Paris): 1 rooms, 3 bookings\n")
    assert "Salle 2  2026-11-03 14:00-15:00  Comité (déplacé)" in out
    assert "2026-11-07 all day      Journée portes ouvertes" in out
    assert "1 events take no time in their rooms:" in out


def test_a_feed_that_is_down(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(FEEDS / "down.ics"), "--json", "--from", "2026-11-02", "--to", "2026-11-09"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["day"], answer["rooms"]) == ("unreadable", "2026-11-02", {})
    assert answer["problems"][0]["what"].endswith("found a web page or an error text in HTML")
    empty = tmp_path / "empty.ics"
    empty.write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n", encoding="utf-8")
    assert scraped(capsys, str(empty))["status"] == "empty"
    assert main([str(empty)]) == 0
    assert "which says nothing of any room" in capsys.readouterr().out


@pytest.fixture
def site() -> Iterator[str]:
    """A server on loopback; its address, with a slash at the end."""
    served = {
        "/cal": ("text/calendar; charset=UTF-8", Path(ADE).read_bytes()),
        "/events": ("application/json", EVENTS.read_bytes()),
        "/rooms": ("application/json", RESOURCES.read_bytes()),
        "/salles": ("text/csv", SALLES.read_bytes()),
        "/page": ("text/html", Path(BUSY).read_bytes()),
    }

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = served.get(self.path.partition("?")[0], ("", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its base has that name
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_feed_of_an_address(capsys: pytest.CaptureFixture[str], site: str) -> None:
    assert scraped(capsys, f"{site}cal?nbWeeks=4") == scraped(capsys, ADE)
    assert scraped(capsys, f"{site}salles") == scraped(capsys, str(SALLES))
    assert scraped(capsys, f"{site}page") == scraped(capsys, BUSY)


# The feed behind a page


def test_a_fullcalendar_feed(capsys: pytest.CaptureFixture[str], site: str, inventory: str) -> None:
    day = ["--day", "2026-11-16"]
    answer = scraped(capsys, str(EVENTS), "--resources", str(RESOURCES), *day)
    assert (answer["status"], answer["day"]) == ("ok", "2026-11-16")
    assert list(answer["rooms"]) == ["1", "4", "2", "3", "9", "Foyer"]
    assert answer["rooms"]["1"][1] == {
        "start": "2026-11-16T08:30:00+01:00",
        "end": "2026-11-16T10:00:00+01:00",
        "title": "Analyse",
    }
    assert [problem["where"] for problem in answer["problems"]] == ["event 7", "event 9"]
    assert scraped(capsys, f"{site}events?start=a&end=b", "--resources", f"{site}rooms", *day) == answer
    named = scraped(capsys, str(EVENTS), "--resources", str(RESOURCES), "--rooms", inventory, *day)
    assert [row["title"] for row in named["rooms"]["V107"]] == ["Amphi", "Chorale"]
    assert main([str(EVENTS), "--explain", *day]) == 0
    assert "event 1  booked  1  2026-11-16 08:30 to 2026-11-16 10:00  'Analyse'" in capsys.readouterr().out


def test_resources_that_cannot_be_had_are_named(capsys: pytest.CaptureFixture[str], site: str) -> None:
    assert main([str(EVENTS), "--resources", f"{site}none"]) == 2
    assert f"{site}none: cannot be read: the server answered 404" in capsys.readouterr().err
    assert main([ADE, "--resources", str(RESOURCES), "--json"]) == 2
    assert "which --resources goes with, found what looks like ics" in capsys.readouterr().err
    assert main([str(EVENTS), "--resources", BUSY]) == 2
    assert "feed of resources" in capsys.readouterr().err


# Tables


def test_a_table(capsys: pytest.CaptureFixture[str], tmp_path: Path, inventory: str) -> None:
    answer = scraped(capsys, str(SALLES))
    assert list(answer["rooms"]) == ["L026", "L213", "V106A", "V107"]
    assert [row["title"] for row in answer["cancelled"]] == ["Algèbre"]
    assert answer["all_day"][0] == {
        "start": "2026-11-16",
        "end": "2026-11-19",
        "title": "Travaux",
        "rooms": ["L026"],
    }
    download = tmp_path / "download"
    download.write_bytes(SALLES.read_bytes())
    assert scraped(capsys, str(download)) == answer
    assert scraped(capsys, str(SALLES), "--kind", "table") == answer
    assert "V107 ; V106A" in scraped(capsys, str(SALLES), "--separator", "")["rooms"]
    assert next(iter(scraped(capsys, str(SALLES), "--rooms", inventory)["rooms"])) == "V107"
    assert "line 2" in {row["where"] for row in scraped(capsys, str(SALLES), "--explain")["explained"]}


def test_a_table_with_wrong_lines_or_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(SALLES.with_name("wrong.csv"))]) == 0
    out = capsys.readouterr().out
    assert "6 problems:" in out
    assert "  line 3: its date is a day that no calendar has" in out
    other = tmp_path / "other.csv"
    other.write_text("salle,titre\nL213,Analyse\n", encoding="utf-8")
    assert main([str(other), "--json"]) == 2
    captured = capsys.readouterr()
    assert "looked for the columns start or date, end or all_day" in captured.err
    assert json.loads(captured.out)["status"] == "unreadable"


@pytest.mark.parametrize(
    ("body", "content_type", "name", "kind"),
    [
        (b"BEGIN:VCALENDAR\n", "text/html", "x.html", "ics"),
        (b"\xef\xbb\xbf[]", "text/html", "x.html", "fullcalendar-json"),
        (b'[{"resourceId": 1, "start": "2026-11-16"}]', None, "x", "fullcalendar-json"),
        (b'[{"room": 1, "start": "2026-11-16"}]', None, "x", "table"),
        (b'[{"room": 1, "start": "2026-11-16", "allDay": true}]', None, "x", "fullcalendar-json"),
        (b"salle;debut;fin\n", "text/html", "x.html", "table"),
        (b"nom;prenom\n", None, "x.CSV", "table"),
        (b"nom;prenom\n", "text/csv; charset=utf-8", "x", "table"),
        (b"", "application/json", "x", "fullcalendar-json"),
        (b"", None, "https://example.org/a/feed.json?x=.ics", "fullcalendar-json"),
        (b"", None, "https://example.org/feed.ics?x=.json", "ics"),
        (b"", "text/calendar", "x.csv", "ics"),
        (b"<html>", None, "x", "oasis"),
        (b"", None, "", "oasis"),
    ],
)
def test_kinds_are_guessed(body: bytes, content_type: str | None, name: str, kind: str) -> None:
    page = Page(url=name, body=body, content_type=content_type, fetched_at=datetime.now(UTC))
    assert guessed_kind(page) == kind


# Rendering and measuring


def test_a_page_is_rendered_before_it_is_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def render(url: str, **options: Any) -> Page:
        asked.append((url, options))
        return Page(
            url=url, body=Path(BUSY).read_bytes(), content_type="text/html", fetched_at=datetime.now(UTC)
        )

    monkeypatch.setattr(command, "render", render)
    assert scraped(capsys, "https://oasis.example.org/", "--render") == scraped(capsys, BUSY)
    assert asked == [
        ("https://oasis.example.org/", {"zone": ZoneInfo("Europe/Paris"), "allow_private": True})
    ]
    for wrong in (["https://oasis.example.org/", "--kind", "ics"], [BUSY]):
        with pytest.raises(SystemExit):
            main([*wrong, "--render"])
    assert len(asked) == 1


def test_a_list_is_measured(capsys: pytest.CaptureFixture[str], site: str, tmp_path: Path) -> None:
    urls = tmp_path / "urls.txt"
    urls.write_text(f"# ours\n{site}cal\n{site}page\n", encoding="utf-8")
    assert main(["--measure", str(urls), "--workers", "2"]) == 0
    out = capsys.readouterr().out
    assert f"{site}page" in out
    assert "2 one after another: " in out
    urls.write_text(f"{site}none\n", encoding="utf-8")
    assert main(["--measure", str(urls)]) == 2
    assert "404" in capsys.readouterr().out
    assert main(["--measure", str(tmp_path / "none.txt")]) == 2
    for wrong in (["--measure", str(urls), "--json"], []):
        with pytest.raises(SystemExit):
            main(wrong)
