"""The report of a month: one page, both languages, no network, and every figure with its command."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from events.report.command import main
from tests.events.builders import ROOM
from tests.events.report.diary import OTHER, Diary
from tests.events.report.test_command import TITLES, keep


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    diary = Diary(ROOM, OTHER)
    diary.books("b1", "09:00", "10:00", at="08:00", series="s")
    diary.books("b3", "14:00", "15:00", at="08:02", room=OTHER)
    diary.presses("09:01")
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
    assert len(commands) == 5
    for command in commands:
        words = command.split()
        assert words[:2] == ["toctoc", "audit"]
        assert main([*words[2:], "--log", str(folder)]) == 0, command
        assert capsys.readouterr().out


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
    from datetime import date

    from events import domain as e

    closed = Diary(closed=[e.ClosedDays(first=date(2026, 11, 1), last=date(2026, 11, 30))])
    out = tmp_path / "r.html"
    folder = keep(closed.ends(), tmp_path / "log")
    assert (
        main(["report", "--month", "2026-11", "--out", str(out), "--log", str(folder), "--language", "en"])
        == 0
    )
    assert "Nothing this month." in out.read_text(encoding="utf-8")
