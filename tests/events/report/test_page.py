"""The report of a month: one page, both languages, no network, and every figure with its command."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from events import domain as e
from events.ids import RoomKey
from events.report.command import main
from tests.events.builders import PARIS, ROOM
from tests.events.report.diary import OTHER, Diary
from tests.events.report.test_command import TITLES, keep


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00", at="08:00", series="s")
    diary.books("b3", "14:00", "15:00", at="08:02", room=OTHER)
    diary.books("b4", "11:00", "12:30", at="08:03")
    diary.books("b5", "10:00", "10:30", at="08:04", room=OTHER)
    diary.presses("09:01")
    diary.presses("10:20", room=OTHER)
    diary.leaves("14:05", room=OTHER)
    diary.notes("present", "16:00", "17:00", at="18:00")
    return keep(diary.ends(), tmp_path_factory.mktemp("report") / "log")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    out = folder.parent / "report.html"
    assert main(["report", "--month", "2026-11", "--out", str(out), "--log", str(folder)]) == 0
    return out.read_text(encoding="utf-8")


class Page(HTMLParser):
    """What of a page matters here: its identifiers, its commands, and whatever it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.commands: list[str] = []
        self.loads: list[str] = []
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code = tag == "code"
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href") and not (value or "").startswith(("#", "data:")):
                self.loads.append(f"{tag} {value}")

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.commands.append(data)
            self._in_code = False


def test_it_loads_nothing_and_runs_nothing(text: str) -> None:
    assert Page(text).loads == []
    assert "<script" not in text
    assert "url(http" not in text
    assert "@import" not in text


def test_both_languages_are_in_it_with_all_their_figures(text: str) -> None:
    french, english = re.findall(r"<main .*?</main>", text, flags=re.DOTALL)
    assert french.count("<svg") == english.count("<svg") == 6
    assert "novembre 2026" in french
    assert "November 2026" in english
    assert "50,0\u202f%" in french
    assert "50.0 %" in english


def test_of_a_few_bookings_no_rate_is_drawn(text: str) -> None:
    english = text[text.index('<main lang="en">') :]
    section = english[english.index("<h2>No-shows</h2>") : english.index("<h2>What if")]
    assert not re.search(r"[1-9]\d*\.\d %<", section)
    assert "Of fewer than 5 observed bookings no rate is given." in section


def test_no_name_in_it_is_used_twice_and_every_plot_is_well_formed(text: str) -> None:
    ids = Page(text).ids
    assert len(ids) == len(set(ids))
    for plot in re.findall(r"<svg .*?</svg>", text, flags=re.DOTALL):
        ET.fromstring(plot.replace("xlink:href", "href"))


def test_every_command_in_it_answers(
    text: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = set(Page(text).commands)
    assert len(commands) == 4
    for command in commands:
        words = command.split()
        assert words[:2] == ["toctoc", "audit"]
        assert main([*words[2:], "--log", str(folder)]) == 0, command
        assert capsys.readouterr().out


def test_opening_hours_are_in_the_commands_of_the_figures_that_depend_on_them(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    words = ["report", "--month", "2026-11", "--out", str(out), "--hours", "09:00-17:00", "--room", ROOM]
    assert main([*words, "--log", str(folder)]) == 0
    written = out.read_text(encoding="utf-8")
    assert "Opening hours: those asked for by --hours." in written
    assert {command.split()[2] for command in Page(written).commands if "--hours" in command} == {"use"}
    assert all(f"--room {ROOM}" in command for command in Page(written).commands)


def told(text: str, words: str) -> list[str]:
    """The cells of a table's rows, or the figures of the page's head, in the English half."""
    english = text.rpartition('<main lang="en">')[2]
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(words, english)]


def test_its_figures_are_those_of_the_commands_in_it(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(*words: str) -> Any:
        assert (
            main([*words, "--from", "2026-11-01", "--to", "2026-11-30", "--json", "--log", str(folder)]) == 0
        )
        return json.loads(capsys.readouterr().out)

    use, shows = answer("use")["total"], answer("no-shows", "--rule=-10..+15")
    assert told(text, r"<div><b>.*?</b>") == [
        f"{100 * use['taux_theorique']:.1f} %", f"{100 * use['taux_effectif']:.1f} %",
        f"{100 * shows['rate']:.1f} %", f"{use['core_walk_in_min'] / 60:.0f}",
        f"{100 * shows['coverage']:.1f} %",
    ]  # fmt: skip
    counts = (
        "{due} due bookings {confirmed} are confirmed, {no_show} no-shows, {unobserved} unobserved; to {late}"
    )
    assert counts.format(**shows) in text
    rows = [
        told(row, "<td>.*?</td>")
        for row in re.findall(r"<tr><td>\+.*?</tr>", text[text.index('lang="en"') :])
    ]
    assert [
        [
            f"+{rule['release_after']}",
            f"{rule['released']}",
            f"{rule['hours_given_back']:.1f}",
            f"{rule['came_later']}",
        ]
        for rule in answer("policy")["rules"]
    ] == rows
    hours = answer("use", "--by-hour")["by_hour"]
    plot = re.search(r"<svg(?:(?!</svg>).)*?id=\"heat_used-en.*?</svg>", text, flags=re.DOTALL)
    assert plot is not None
    shown = re.findall(r">(\d+)</text>", plot.group())
    written = [f"{100 * share:.0f}" for share in hours["present"]["friday"].values()]
    assert " ".join(written) in " ".join(shown)


@pytest.mark.parametrize(("ends", "times"), [("2026-11-30T23:00", 2), ("2026-12-01T00:00", 0)])
def test_a_month_that_the_log_does_not_cover_is_told_as_such(tmp_path: Path, ends: str, times: int) -> None:
    diary = Diary(day=date(2026, 11, 30))
    end = datetime.fromisoformat(ends).replace(tzinfo=PARIS).astimezone(UTC)
    diary.tell(e.ServerStopped(), at=end)
    out = tmp_path / "r.html"
    main(["report", "--month", "2026-11", "--out", str(out), "--log", str(keep(diary, tmp_path / "log"))])
    text = out.read_text(encoding="utf-8")
    assert "The log begins on 2026-11-30" in text
    assert len(re.findall("The log ends before the month does|Le journal finit avant la fin", text)) == times


def test_of_many_rooms_those_used_most_and_least_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [RoomKey(f"R{n:03}") for n in range(9)]
    diary = Diary(*rooms)
    for n, room in enumerate(rooms):
        diary.books(f"b{n}", "09:00", f"{10 + n // 2}:{n % 2 * 30:02}", room=room)
        diary.presses("09:01", room=room)
    monkeypatch.setattr("events.report.page._BARS", 2)
    out = tmp_path / "r.html"
    main(
        [
            "report",
            "--month",
            "2026-11",
            "--out",
            str(out),
            "--log",
            str(keep(diary.ends(), tmp_path / "log")),
        ]
    )
    plot = re.search(
        r'<section class="rooms">.*?</section>', out.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert plot is not None
    assert re.findall(r">(R\d+)<", plot.group()) == ["R008", "R007", "R001", "R000"]
    assert "5 autres" in plot.group()


def test_it_names_no_booking_and_tells_what_annotations_changed(text: str) -> None:
    assert not any(title in text for title in TITLES.values())
    assert "Annotations of operators in these figures: 1" in text


def test_the_same_month_is_the_same_bytes(folder: Path, text: str, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    assert main(["report", "--month", "2026-11", "--out", str(again), "--log", str(folder)]) == 0
    assert again.read_text(encoding="utf-8") == text


def test_a_month_of_which_the_log_says_nothing_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for month, problem in (("2026-13", "--month '2026-13' is no month"), ("2026-10", "says nothing of")):
        assert main(["report", "--month", month, "--out", str(tmp_path / "r"), "--log", str(folder)]) == 2
        assert problem in capsys.readouterr().err


def test_a_month_in_which_all_was_closed_is_told_as_such(tmp_path: Path) -> None:
    closed = Diary(closed=[e.ClosedDays(first=date(2026, 11, 1), last=date(2026, 11, 30))])
    out = tmp_path / "r.html"
    folder = keep(closed.ends(), tmp_path / "log")
    assert (
        main(["report", "--month", "2026-11", "--out", str(out), "--log", str(folder), "--language", "en"])
        == 0
    )
    assert "Nothing this month." in out.read_text(encoding="utf-8")
