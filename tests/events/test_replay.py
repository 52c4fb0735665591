"""Whether a log is sound, told by reading all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.codec import encode
from events.domain import KioskLeft, RoomClosed, ServerStarted, ServerStopped
from events.ids import EventId
from events.memory import MemoryLog
from events.personal import new_part
from events.replay import Finding, replay, texts, verify
from events.sqlite import SqliteLog
from events.state import RoomState
from events.state.folds import FOLDS
from tests.events.builders import DOOR, ROOM, added, at, batch, draft
from tests.events.files import forge, with_title

STARTED = ServerStarted(version="1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed log of six events: three of the school, three of a room, one with a title."""
    log = SqliteLog(tmp_path)
    log.append(batch(draft("e1", STARTED), with_title("e2", "Algebra"), draft("e3", STARTED)))
    log.append(batch(draft("e4", KioskLeft(room=ROOM, kiosk=DOOR)), draft("e5", STARTED)))
    log.append(batch(draft("e6", KioskLeft(room=ROOM, kiosk=DOOR))))
    log.close()
    return tmp_path


def findings(folder: Path) -> list[Finding]:
    log = SqliteLog(folder, read_only=True)
    try:
        return list(verify(log, log.personal))
    finally:
        log.close()


def told(folder: Path) -> list[tuple[int, str]]:
    return [(finding.seq, finding.what) for finding in findings(folder)]


def test_a_sound_log_has_no_findings(folder: Path) -> None:
    assert findings(folder) == []


def test_an_empty_log_has_no_findings() -> None:
    assert list(verify(MemoryLog())) == []


def test_an_event_that_was_taken_out_is_a_gap_in_the_log_and_in_its_stream(folder: Path) -> None:
    forge(folder, "DELETE FROM log WHERE seq = 4")
    assert told(folder) == [(4, "gap"), (6, "version")]
    gap, version = findings(folder)
    assert gap.detail == "1 events are missing"
    assert version.detail == "room/L213 goes from version 1 to 3"


def test_several_events_that_were_taken_out_are_one_gap_with_their_number(folder: Path) -> None:
    forge(folder, "DELETE FROM log WHERE seq IN (3, 4, 5)")
    assert findings(folder)[0] == Finding(seq=3, what="gap", detail="3 events are missing")


def test_a_first_event_that_was_taken_out_is_a_gap(folder: Path) -> None:
    forge(folder, "DELETE FROM log WHERE seq = 1")
    assert told(folder) == [(1, "gap"), (3, "version")]


def test_a_log_that_was_cut_at_its_end_looks_sound_from_inside(folder: Path) -> None:
    """What the head that is kept outside of the database will be for."""
    forge(folder, "DELETE FROM log WHERE seq = 6")
    assert told(folder) == []


def test_a_version_that_was_changed_is_found(folder: Path) -> None:
    forge(folder, "UPDATE log SET version = 7 WHERE seq = 4")
    assert told(folder) == [(4, "version"), (6, "version")]


def test_events_that_changed_places_are_found(folder: Path) -> None:
    forge(
        folder,
        "UPDATE log SET seq = 100 WHERE seq = 4",
        "UPDATE log SET seq = 4 WHERE seq = 6",
        "UPDATE log SET seq = 6 WHERE seq = 100",
    )
    assert (4, "version") in told(folder)


def test_a_time_of_recording_that_went_back_is_found(folder: Path) -> None:
    forge(folder, "UPDATE log SET recorded_at = 5 WHERE seq = 3")
    assert told(folder) == [(3, "time")]


@pytest.mark.parametrize(
    "change",
    [
        "body = x'00'",
        "tag = 'door-painted', body = CAST('{\"type\":\"door-painted\"}' AS BLOB)",
        "revision = 2",
        'body = CAST(\'{"type":"kiosk-left"}\' AS BLOB)',
    ],
)
def test_a_row_that_cannot_be_decoded_is_found_and_what_follows_is_read(folder: Path, change: str) -> None:
    forge(folder, f"UPDATE log SET {change} WHERE seq = 3", "UPDATE log SET recorded_at = 5 WHERE seq = 6")
    found = told(folder)
    assert found[0] == (3, "undecodable")
    assert found[-1] == (6, "time")
    assert [what for _, what in found].count("undecodable") == 1


def test_several_rows_that_cannot_be_decoded_are_found_each(folder: Path) -> None:
    forge(folder, "UPDATE log SET body = x'00' WHERE seq IN (1, 3, 4, 6)")
    assert [seq for seq, what in told(folder) if what == "undecodable"] == [1, 3, 4, 6]


def test_a_gap_in_front_of_a_row_that_cannot_be_decoded_is_still_a_gap(folder: Path) -> None:
    forge(folder, "DELETE FROM log WHERE seq IN (2, 3)", "UPDATE log SET body = x'00' WHERE seq = 4")
    found = findings(folder)
    assert found[0] == Finding(seq=2, what="gap", detail="2 events are missing")
    assert (found[1].seq, found[1].what) == (4, "undecodable")


def test_an_event_that_does_not_fold_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> RoomState:
        raise KeyError("booking")

    folds: dict[Any, Any] = {**FOLDS, KioskLeft: broken}
    monkeypatch.setattr("events.state.school.FOLDS", folds)
    assert told(folder) == [(4, "unfoldable"), (6, "unfoldable")]
    assert findings(folder)[0].detail == "kiosk-left: KeyError('booking')"


def test_an_event_that_was_altered_under_its_part_is_not_told_without_a_tree(folder: Path) -> None:
    """Verify compares parts with their commitments; the events themselves get their proof later."""
    other, _ = new_part(at("10:00"), title="Algebra")
    altered = added("b1", part=other)
    forge(folder, f"UPDATE log SET body = x'{encode(altered).hex()}' WHERE seq = 2")
    assert told(folder) == [(2, "part-altered")]


def test_texts_are_those_of_bookings_that_are_not_over_and_of_closures(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    part, text = new_part(at("12:00"), reason="water damage")
    log.append(
        batch(
            with_title("over", "Algebra"),
            draft("closed", RoomClosed(room=ROOM, part=part), text=text),
            draft("stopped", ServerStopped()),
        )
    )
    school = replay(log)
    assert texts(school, log.personal, ended_after=at("09:59")) == {
        "over": "Algebra",
        "closed": "water damage",
    }
    assert texts(school, log.personal, ended_after=at("10:00")) == {"closed": "water damage"}
    log.personal.drop(EventId("over"), "2026-11")
    assert texts(school, log.personal, ended_after=at("09:00")) == {"closed": "water damage"}
    log.close()


def test_no_title_is_in_the_state(tmp_path: Path) -> None:
    from events.state import digest_form

    log = SqliteLog(tmp_path)
    log.append(batch(with_title("a", "CANARY")))
    assert b"CANARY" not in digest_form(replay(log))
    assert b"CANARY" not in msgspec.json.encode(list(log.read()))
    log.close()
