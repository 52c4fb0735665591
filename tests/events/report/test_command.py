"""``toctoc audit`` as a room manager uses it: what it prints, and what it refuses."""

# ruff: noqa: RUF001  # spans of hours are written with a dash

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import apsw
import pytest

from events import domain as e
from events.personal import new_part
from events.report.command import main
from events.report.table import Column, table
from events.sqlite import SqliteLog
from kiosk import still
from tests.events.builders import ROOM
from tests.events.report.diary import OTHER, Diary

ROOT = Path(__file__).resolve().parents[3]
TITLES = {"b1": "Mécanique – gr.2", "b2": "=HYPERLINK(1)", "b3": "Réunion"}


def keep(diary: Diary, folder: Path) -> Path:
    """Write a diary's log as a server keeps it, with titles."""
    log = SqliteLog(folder)
    records, parts = [], []
    for recorded in diary.log.read():
        event = recorded.event
        if isinstance(event, e.BookingAdded):
            part, body = new_part(event.end, title=TITLES.get(event.booking, event.booking))
            parts.append((recorded.id, part.month, body))
        records.append(recorded)
    log.personal.put(parts)
    log.take_over(records)
    log.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    diary = Diary(ROOM, OTHER, seats=10)
    diary.books("b1", "09:00", "10:00", at="08:00", series="s")
    diary.books("b2", "11:00", "12:00", at="08:01", series="s")
    diary.books("b3", "14:00", "15:00", at="08:02", room=OTHER)
    diary.presses("09:01")
    diary.leaves("14:05", room=OTHER)
    diary.presses("16:00", received="17:00", room=OTHER)
    return keep(diary.ends(), tmp_path / "log")


def ask(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("toctoc audit: ")
    return said.err


def test_use_is_told_by_room_with_its_total(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ask(capsys, "use", "--log", folder)
    assert "École, as of event" in said
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert rows[ROOM][1:3] == ["2", "2.0"]
    assert rows["total"][1] == "3"
    assert rows[ROOM][9:11] == ["20.0", "%"]


def test_the_same_question_has_the_same_bytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("use",), ("no-shows",), ("policy",), ("use", "--json"), ("no-shows", "--json")):
        first = ask(capsys, *words, "--log", folder)
        assert ask(capsys, *words, "--log", folder) == first
        (folder / "audit.db").unlink()
        assert ask(capsys, *words, "--log", folder) == first, "the index is the replay"


def test_use_as_json_and_csv_says_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "use.csv"
    said = json.loads(ask(capsys, "use", "--log", folder, "--json", "--csv", out, "--room", ROOM))
    assert said["total"]["booked_min"] == 120.0
    assert said["total"]["taux_theorique"] == 0.2
    (row,) = said["room_days"]
    with out.open(encoding="utf-8-sig", newline="") as file:
        (written,) = csv.DictReader(file)
    assert {key: str(value) for key, value in row.items()} == written
    assert (said["seq"], said["zone"], said["from"], said["rooms"]) == (
        SqliteLog(folder, read_only=True).head(), "Europe/Paris", "2026-11-20", [ROOM],
    )  # fmt: skip


def test_no_shows_are_told_with_their_evidence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "no-shows.csv"
    said = json.loads(ask(capsys, "no-shows", "--log", folder, "--json", "--rule=-10..+15", "--csv", out))
    names = ("rule", "due", "without_press", "confirmed", "no_show", "unobserved", "contradicted", "coverage")
    assert [said[name] for name in names] == ["-10..+15", 3, 2, 1, 1, 1, 0, 0.666667]
    assert set(said["by_room"]) == {ROOM, OTHER}
    assert said["by_weekday"]["friday"]["due"] == 3
    assert said["by_series"]["s"]["title"] == TITLES["b2"]
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["booking"], row["grade"], row["why"]) for row in rows] == [
        ("b1", "confirmed", ""), ("b2", "no-show", ""), ("b3", "unobserved", "door"),
    ]  # fmt: skip
    assert [row["title"] for row in rows] == ["Mécanique – gr.2", "'=HYPERLINK(1)", "Réunion"]
    bare = json.loads(ask(capsys, "no-shows", "--log", folder, "--json", "--no-titles"))
    assert "title" not in bare["by_series"]["s"]
    said_in_words = ask(capsys, "no-shows", "--log", folder)
    assert "Not observed, and in no rate: 1 by door." in said_in_words


def test_a_series_that_is_named_says_in_how_many_rooms_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diary = Diary(ROOM, OTHER)
    for number, (start, room) in enumerate((("09:00", ROOM), ("11:00", OTHER), ("14:00", ROOM))):
        diary.books(f"s{number}", start, f"{int(start[:2]) + 1}:00", at="08:00", series="s", room=room)
    folder = keep(diary.ends(), tmp_path / "log")
    said = ask(capsys, "no-shows", "--log", folder)
    assert "s2               2 rooms      3" in said
    assert "A series is a title that recurs, in whatever rooms" in said
    assert json.loads(ask(capsys, "no-shows", "--log", folder, "--json"))["in_a_row"][0]["rooms"] == 2


def test_the_rule_may_stand_behind_a_blank(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(ask(capsys, "no-shows", "--log", folder, "--json", "--rule", "-0..end"))
    assert (said["rule"], said["confirmed"]) == ("-0..end", 1)


def test_policies_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(ask(capsys, "policy", "--log", folder, "--json", "--release-after", "15,5"))
    assert [rule["release_after"] for rule in said["rules"]] == [5, 15]
    assert [rule["hours_given_back"] for rule in said["rules"]] == [0.92, 0.75]
    assert "15 min" in ask(capsys, "policy", "--log", folder)


def test_annotations_are_shown_with_and_without(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.notes("present", "09:00", "10:00", at="22:00")
    folder = keep(diary.ends(), tmp_path / "log")
    said = json.loads(ask(capsys, "no-shows", "--log", folder, "--json"))
    assert (said["confirmed"], said["without_annotations"]["confirmed"]) == (1, 0)
    assert "without them: confirmed 0, no-shows 1" in ask(capsys, "no-shows", "--log", folder)
    used = json.loads(ask(capsys, "use", "--log", folder, "--json"))
    assert (used["total"]["used_min"], used["without_annotations"]["used_min"]) == (60.0, 0.0)


def test_a_room_s_day_and_a_booking_are_told_with_titles(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ask(capsys, "room", ROOM, "--day", "2026-11-20", "--log", folder)
    assert "booking appeared: 09:00–10:00 “Mécanique – gr.2”" in said
    late = ask(capsys, "room", OTHER, "--day", "2026-11-20", "--log", folder)
    assert "+1 h 00 min" in late
    bare = ask(capsys, "room", ROOM, "--day", "2026-11-20", "--log", folder, "--no-titles")
    assert "Mécanique" not in bare
    by_title = ask(capsys, "booking", "--title", "mécanique", "--log", folder)
    assert "b1" in by_title
    assert "b2" not in by_title
    steps = json.loads(ask(capsys, "booking", "b3", "--log", folder, "--json"))["bookings"][0]["steps"]
    assert [(step["room"], step["type"], step["title"]) for step in steps] == [
        (OTHER, "booking-added", "Réunion")
    ]
    assert steps[0]["reading"]["digest"] == "d"


def test_a_title_commands_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TITLES, "b1", "TD\u00a0:\x1b[2J\nfree")
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="08:00")
    folder = keep(diary.ends(), tmp_path / "log")
    for words in (
        ("room", ROOM, "--day", "2026-11-20"),
        ("booking", "b1"),
        ("screen", ROOM, "--at", "2026-11-20T09:30"),
    ):
        assert "TD :\ufffd[2J\ufffdfree" in ask(capsys, *words, "--log", folder)
    steps = json.loads(ask(capsys, "booking", "b1", "--json", "--log", folder))["bookings"][0]["steps"]
    assert steps[0]["title"] == TITLES["b1"], "to a program it is told as it is"


def test_a_screen_is_told_as_known_then_and_now(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("screen", OTHER, "--at", "2026-11-20T16:30", "--log", folder)
    then = json.loads(ask(capsys, *words, "--json"))
    now = json.loads(ask(capsys, *words, "--json", "--corrected"))
    assert (then["status"]["status"]["name"], now["status"]["status"]["name"]) == ("free", "occupied")
    said = ask(capsys, *words)
    assert "as known then" in said
    assert "not connected" in said
    assert "14:00–15:00  Réunion" in ask(capsys, "screen", OTHER, "--at", "2026-11-20T08:30", "--log", folder)
    assert "14:00–15:00  Réunion" in said, "a door knows the titles of what is over, too"


def test_an_instant_after_the_log_s_end_is_told_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("screen", ROOM, "--log", folder, "--at")
    assert "the log ends at 2026-11-20 23:59" in ask(capsys, *words, "2026-11-21T10:00")
    assert "the log ends" not in ask(capsys, *words, "2026-11-20T10:00")


def test_a_screen_that_cannot_be_drawn_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(words: tuple[str, ...]) -> str:
        screen = ["screen", ROOM, "--at", "2026-11-20T10:00", "--log", str(folder), *words]
        assert main(screen, draw=still.draw) == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    there = str(tmp_path / "a.png")
    assert "name a file that ends in .png" in draw(("--png", "screen.gif"))
    assert "nowhere/a.png cannot be written" in draw(("--png", str(tmp_path / "nowhere" / "a.png")))
    assert "--language 'xx': doors speak no such language" in draw(("--png", there, "--language", "xx"))
    assert "--size '8' is no size" in draw(("--png", there, "--size", "8"))


def test_stories_are_written_for_a_spreadsheet_in_the_school_s_times(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "story.csv"
    ask(capsys, "room", OTHER, "--day", "2026-11-20", "--log", folder, "--csv", out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["at"], row["learnt"], row["type"]) for row in csv.DictReader(file)]
    assert ("2026-11-20 16:00:00", "2026-11-20 17:00:00", "presence-pressed") in rows
    ask(capsys, "booking", "b3", "--log", folder, "--csv", out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["at"], row["room"], row["title"]) == ("2026-11-20 08:02:00", OTHER, "Réunion")
    assert "story.csv cannot be written" in refused(
        capsys, "use", "--log", folder, "--csv", tmp_path / "nowhere" / "story.csv"
    )


def test_rows_for_a_spreadsheet_may_go_to_the_next_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(csv.DictReader(ask(capsys, "use", "--log", folder, "--csv", "-").splitlines()))
    assert [(row["date"], row["room"], row["booked_min"]) for row in rows] == [
        ("2026-11-20", ROOM, "120.0"), ("2026-11-20", OTHER, "60.0"),
    ]  # fmt: skip


def test_a_title_is_looked_for_also_where_none_is_to_be_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ask(capsys, "booking", "--title", "mécanique", "--no-titles", "--log", folder)
    assert "b1" in said
    assert "Mécanique" not in said


def test_days_that_the_log_does_not_know_are_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ask(capsys, "use", "--log", folder, "--from", "2026-11-01", "--to", "2026-12-01")
    assert "The log begins on 2026-11-20: nothing is known of the days before." in said
    assert "The log ends on 2026-11-20: nothing is known of the days after." in said
    assert "The log" not in ask(capsys, "use", "--log", folder)


def test_it_is_said_which_hours_are_the_opening_hours(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "08:00-18:00 on every day, for the configuration says none" in ask(capsys, "use", "--log", folder)
    said = ask(capsys, "use", "--log", folder, "--hours", "09:00-17:00")
    assert "Opening hours: 09:00-17:00 on every day, as asked for." in said
    diary = Diary(hours=e.Hours(friday="08:00-20:00"))
    said = ask(capsys, "use", "--log", keep(diary.ends(), tmp_path / "configured"))
    assert "Opening hours: as the school's configuration said on each day." in said


def test_an_audit_that_is_interrupted_ends_without_a_word(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("events.report.command.open_facts", interrupted)
    assert main(["use", "--log", str(folder)]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_booking_is_found_by_the_title_that_it_once_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="07:00")
    diary.moves("b1", "09:00", "11:00", "08:00")
    folder = keep(diary.ends(), tmp_path / "log")
    said = ask(capsys, "booking", "--title", "mécanique", "--log", folder)
    assert "booking appeared: 2026-11-20 09:00–10:00 “Mécanique – gr.2”" in said
    assert "booking moved" in said


def test_a_room_may_be_asked_for_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diary = Diary()
    diary.tell(e.RoomDeclared(room=ROOM, info=e.RoomInfo(name="Amphi Curie", wing="C")), at="01:00")
    folder = keep(diary.ends(), tmp_path / "log")
    by_name = ask(capsys, "use", "--room", "Amphi Curie", "--log", folder)
    assert by_name == ask(capsys, "use", "--wing", "C", "--log", folder)


def test_rooms_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diary = Diary(ROOM, OTHER)
    diary.tell(e.RoomDeclared(room=OTHER, info=e.RoomInfo(name=OTHER, wing="L")), at="01:00")
    folder = keep(diary.ends(), tmp_path / "log")
    said = refused(capsys, "use", "--room", ROOM, "--wing", "L", "--log", folder)
    assert f"no room is {ROOM} and L at once" in said


def test_an_event_of_a_newer_program_is_refused_with_what_helps(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = apsw.Connection(str(folder / "log.db"))
    seq = connection.execute("SELECT max(seq) FROM log").get
    connection.execute(
        "INSERT INTO log SELECT seq + 1, 'new', stream, version + 1, 'room-teleported', 1, at, recorded_at, "
        "? FROM log WHERE seq = ?",
        (b'{"type":"room-teleported"}', seq),
    )
    connection.close()
    said = refused(capsys, "use", "--log", folder)
    assert f"event {seq + 1}" in said
    assert "room-teleported revision 1 is a kind of event of a newer program: update this one" in said


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("use", "--from", "2026-11-31"), "--from '2026-11-31' is no day; allowed is 2026-11-20"),
        (("use", "--from", "2026-11-20", "--to", "2026-11-19"), "--from 2026-11-20 is after --to 2026-11-19"),
        (("use", "--from", "2027-01-01"), "the log goes from 2026-11-20 to 2026-11-20 and says nothing of"),
        (("use", "--room", "L21"), "there is no room 'L21'; did you mean L21"),
        (("use", "--wing", "Q"), "there is no wing 'Q'; there are: none"),
        (("use", "--hours", "8-18"), "--hours: '8-18' is no span of hours"),
        (("no-shows", "--rule", "10"), "--rule '10' is no rule; allowed is -10..+15"),
        (("policy", "--release-after", "soon"), "--release-after 'soon' is no list of minutes"),
        (("room", "L999", "--day", "2026-11-20"), "there is no room 'L999'"),
        (("room", "L213", "--day", "2020-01-01"), "says nothing of 2020-01-01"),
        (("booking",), "name a booking by its ID, or by --title TEXT"),
        (("booking", "--title", " "), "--title wants a text"),
        (("use", "--csv", "-", "--json"), "--csv - and --json would both write to standard output"),
        (("booking", "b9"), "the log knows no booking 'b9'"),
        (
            ("booking", "--title", "zzz"),
            "no booking between 2026-11-20 and 2026-11-20 has 'zzz' in its title",
        ),
        (("screen", "L213", "--at", "noon"), "--at 'noon' is no time"),
        (("screen", "L213", "--at", "2020-01-01T10:00"), "L213 was not configured at 2020-01-01T10:00"),
    ],
)
def test_what_cannot_be_answered_is_said_with_what_can(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str
) -> None:
    assert problem in refused(capsys, *words, "--log", folder)


def test_a_log_that_is_missing_empty_or_none_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no log here" in refused(capsys, "use", "--log", tmp_path)
    SqliteLog(tmp_path / "empty").close()
    assert "there is nothing in this log yet" in refused(capsys, "use", "--log", tmp_path / "empty")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "log.db").write_bytes(b"something else entirely, and long enough to be looked at")
    assert "log.db" in refused(capsys, "use", "--log", tmp_path / "other")


def test_the_log_is_found_by_the_configuration(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "school.toml"
    config.write_text('[server]\ndata = "log"\n', encoding="utf-8")
    assert ask(capsys, "use", "--config", config) == ask(capsys, "use", "--log", folder / "log.db")
    config.write_text("[server", encoding="utf-8")
    assert "school.toml: cannot be read" in refused(capsys, "use", "--config", config)


def test_where_nothing_may_be_written_the_index_is_kept_in_the_user_s_cache(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    ask(capsys, "use", "--log", folder)
    assert not (folder / "audit.db").exists()
    assert len(list((tmp_path / "cache" / "toctoc").glob("*.db"))) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "log.db"))
    assert "due" in ask(capsys, "use", "--log", folder), "kept in memory"


def test_the_index_is_made_anew_by_one_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ask(capsys, "index", "--log", folder)
    assert f"{SqliteLog(folder, read_only=True).head()} events followed" in said


def test_a_table_is_set_by_the_width_of_what_is_in_it() -> None:
    columns = [Column("name", right=False), Column("n")]
    assert table(columns, [["機械", "1"], ["e\u0301t", "22"]], ["total", "23"]).splitlines() == [
        "name    n", "─────  ──", "機械    1", "e\u0301t     22", "─────  ──", "total  23",
    ]  # fmt: skip


def test_a_table_that_is_wider_than_the_terminal_is_parted_each_with_its_first_column() -> None:
    columns = [Column("name", right=False), Column("of\nthose"), Column("number")]
    wide = table(columns, [["a", "1", "2"]], ["total", "1", "2"], within=20)
    assert wide.splitlines() == [
        "          of",
        "name   those  number",
        "─────  ─────  ──────",
        "a          1       2",
        "─────  ─────  ──────",
        "total      1       2",
    ]
    first, second = table(columns, [["a", "1", "2"]], within=18).split("\n\n")
    assert (first.splitlines()[-1], second.splitlines()[-1]) == ("a         1", "a          2")


def test_prose_is_broken_into_lines_where_a_terminal_is_narrow() -> None:
    columns = [Column("seq"), Column("what", right=False, prose=True)]
    assert table(columns, [["12", "pressed: booking confirmed, until 13:00"], ["3", "free"]], within=25) == (
        "seq  what\n───  ────────────────\n 12  pressed: booking\n     confirmed, until\n     13:00\n"
        "  3  free"
    )
    assert "confirmed, until 13:00" in table(columns, [["12", "pressed: booking confirmed, until 13:00"]])


@pytest.mark.parametrize(
    "words",
    [
        ("use",),
        ("no-shows",),
        ("policy",),
        ("room", ROOM, "--day", "2026-11-20"),
        ("booking", "b1"),
        ("screen", ROOM, "--at", "2026-11-20T09:30"),
    ],
    ids=lambda words: words[0],
)
def test_on_a_narrow_terminal_no_line_is_wider(folder: Path, words: tuple[str, ...]) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    program = [sys.executable, str(ROOT / "toctoc.py"), "audit", *words, "--log", str(folder)]
    with subprocess.Popen(program, stdout=follower, env={**os.environ, "LC_ALL": "C.UTF-8"}) as process:
        os.close(follower)
        said = b""
        with contextlib.suppress(OSError):  # the other end was closed
            while piece := os.read(leader, 4096):
                said += piece
        assert process.wait(timeout=20) == 0
    os.close(leader)
    lines = said.decode().splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 60
