"""The truth of made-up days: the log it makes, and that audits find what is known beforehand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.codec import to_cloudevent
from events.domain import BookingAdded, BookingChanged, BookingRemoved, PresencePressed, TimetableRead
from events.replay import verify
from events.report.asked import parse_rule
from events.report.command import main as audit
from events.report.days import Scope, bounds, room_days, rooms_of
from events.report.evidence import evidence
from events.report.ledger import GatheredFacts, gather
from events.report.no_shows import no_shows
from events.sqlite import SqliteLog
from tests import truth

ROOT = Path(__file__).resolve().parent.parent
DAYS = Path(__file__).parent / "events" / "report" / "days"
TRUTH, ANSWERS = DAYS / "spring.jsonl", DAYS / "spring.json"
"""A Friday to a Tuesday with the change to summer time between them, by ``school_year.py truth --year 2022
--seed spring-27 --from 2023-03-24 --to 2023-03-28``."""
NOT_SHOWN = ("due", "no_show", "arrive", "leave", "pressed", "cause", "of", "first", "redelivered", "people")


def lived(lines: list[str]) -> truth.Server:
    shown = truth.Truth(lines)
    return truth.run(shown, truth.configuration(shown, None))


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return TRUTH.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def answers() -> Any:
    return json.loads(ANSWERS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def server(lines: list[str]) -> truth.Server:
    return lived(lines)


@pytest.fixture(scope="module")
def facts(server: truth.Server) -> GatheredFacts:
    return gather(server.log.read())


@pytest.fixture(scope="module")
def folder(server: truth.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("log")
    truth.write(server, where)
    return where


def exported(server: truth.Server) -> list[bytes]:
    return [msgspec.json.encode(to_cloudevent(recorded, "log")) for recorded in server.log.read()]


def test_only_what_a_page_or_a_button_shows_makes_the_log(lines: list[str], server: truth.Server) -> None:
    blanked = []
    for line in lines:
        record = json.loads(line)
        blanked.append(
            json.dumps({key: None if key in NOT_SHOWN else value for key, value in record.items()})
        )
    again = lived(blanked)
    assert exported(again) == exported(server)
    assert again.parts == server.parts


def test_the_log_is_sound_with_all_its_personal_parts(folder: Path, server: truth.Server) -> None:
    log = SqliteLog(folder, read_only=True)
    assert list(verify(log, log.personal)) == []
    assert list(log.read()) == list(server.log.read())


def test_a_press_that_came_twice_is_there_once_and_a_late_one_when_it_was_pressed(
    lines: list[str], server: truth.Server
) -> None:
    sent = [record for record in map(json.loads, lines) if record["type"] == "press"]
    recorded = [r for r in server.log.read() if isinstance(r.event, PresencePressed)]
    assert len(sent) > len({press["id"] for press in sent}) == len(recorded)
    late = [r for r in recorded if (r.recorded_at - r.at).total_seconds() > 60]
    assert len(late) == 4
    by_instant = Counter(truth._exact(press["at"]) for press in sent if not press["redelivered"])
    assert Counter(r.at for r in recorded) == by_instant


def test_bookings_come_and_go_through_the_difference_of_readings(server: truth.Server) -> None:
    tags = Counter(type(recorded.event) for recorded in server.log.read())
    assert tags[BookingAdded] > 180
    assert tags[BookingRemoved] > 3
    assert tags[BookingChanged] > 0
    assert tags[TimetableRead] > 5 * 24 * 12 - 12 - 1


def test_due_bookings_and_booked_minutes_are_those_that_are_known(facts: GatheredFacts, answers: Any) -> None:
    from events.report.use import use_of

    first, last = bounds(facts) or pytest.fail("the log is empty")
    scope = Scope(first=first, last=last, rooms=tuple(rooms_of(facts)))
    found = {(str(day.date), day.room): use_of(day).fields() for day in room_days(facts, scope)}
    names = ("due", "booked_min", "core_booked_min")
    assert {key: [row[name] for name in names] for key, row in found.items()} == {
        (row["date"], row["room"]): [row[name] for name in names] for row in answers["per_room_day"]
    }


def test_bookings_without_a_press_are_those_that_are_known_under_each_rule(
    facts: GatheredFacts, answers: Any
) -> None:
    first, last = bounds(facts) or pytest.fail("the log is empty")
    scope = Scope(first=first, last=last, rooms=tuple(rooms_of(facts)))
    found = {}
    for text in answers["no_press_by_rule"]:
        rule = parse_rule(text)
        total = no_shows(evidence(room_days(facts, scope), rule, facts.newest), rule, facts.zone).total
        found[str(rule)] = total.without_press
        assert total.due == answers["bookings"]["due"]
        assert total.without_press == total.no_show, "every door watched, and every timetable was read"
    assert found == answers["no_press_by_rule"]


def test_the_command_line_says_the_same(
    folder: Path, answers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(["no-shows", "--log", str(folder), "--json", "--rule", "-10..+15"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rule"], said["due"], said["without_press"]) == (
        "-10..+15", answers["bookings"]["due"], answers["no_press_by_rule"]["-10..+15"],
    )  # fmt: skip
    assert said["due"] == said["confirmed"] + said["no_show"] + said["unobserved"]
    by_room: Counter[str] = Counter()
    for row in answers["per_room_day"]:
        by_room[row["room"]] += row["due"]
    assert {room: row["due"] for room, row in said["by_room"].items()} == {
        r: n for r, n in by_room.items() if n
    }

    days = ["--from", "2023-03-25", "--to", "2023-03-27"]
    assert audit(["use", "--log", str(folder / "log.db"), "--json", *days]) == 0
    said = json.loads(capsys.readouterr().out)
    wanted = [row for row in answers["per_room_day"] if "2023-03-25" <= row["date"] <= "2023-03-27"]
    assert [(row["date"], row["room"], row["booked_min"]) for row in said["room_days"]] == sorted(
        (row["date"], row["room"], row["booked_min"]) for row in wanted
    )
    assert said["total"]["booked_min"] == sum(row["booked_min"] for row in wanted)


def test_it_is_run_as_a_program_and_refuses_to_write_over_a_log(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.truth", *arguments],
            capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        )  # fmt: skip

    done = run(str(TRUTH), str(tmp_path / "log"))
    assert (done.returncode, done.stderr) == (0, "")
    again = run(str(TRUTH), str(tmp_path / "log"))
    assert again.returncode == 2
    assert "there is a log already" in again.stderr
    (tmp_path / "other.jsonl").write_text('{"type":"press"}\n')
    other = run(str(tmp_path / "other.jsonl"), str(tmp_path / "log2"))
    assert other.returncode == 2
    assert "this is no truth file" in other.stderr


def test_it_needs_nothing_but_what_a_server_has_installed() -> None:
    tools = ("hypothesis", "pytest", "pygame", "gpiozero", "rich", "duckdb")
    program = f"import sys\nfor name in {tools!r}: sys.modules[name] = None\nimport tests.truth"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
