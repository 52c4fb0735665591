"""Facts: what the fold makes of events, and that an index beside the log is that fold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import domain as e
from events.errors import LogError
from events.memory import MemoryLog
from events.replay import replay
from events.report import index
from events.report.facts import (
    KINDS,
    Facts,
    Press,
    RulesSet,
    Silence,
    Standing,
    Tenure,
    Watch,
)
from events.report.index import Snapshot, open_index, pack, unpack
from events.report.ledger import gather
from events.report.spans import micros
from events.sqlite import SqliteLog
from events.state import SchoolState, digest_form
from tests.events.builders import OASIS, ROOM
from tests.events.report.diary import DOOR, ICS, OTHER, Diary, eventful


def rows(facts: Facts) -> dict[str, list[object]]:
    return {kind.__name__: list(facts.stored(kind)) for kind in KINDS}


def same(one: Facts, other: Facts) -> bool:
    return (
        rows(one) == rows(other)
        and one.begun() == other.begun()
        and (one.log, one.school, one.zone, one.seq, one.newest)
        == (other.log, other.school, other.zone, other.seq, other.newest)
    )


# -- bookings -------------------------------------------------------------------------------------


def test_a_booking_is_there_from_when_it_was_read_to_when_it_vanished() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="08:00")
    diary.cancels("b1", "08:30")
    (tenure,) = diary.facts().stored(Tenure)
    assert (tenure.since, tenure.gone, tenure.moved) == (
        micros(diary.at("08:00")), micros(diary.at("08:30")), False,
    )  # fmt: skip


def test_a_booking_that_gets_other_hours_before_it_starts_is_one_with_the_new_ones() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="08:00")
    diary.moves("b1", "14:00", "15:00", "08:30")
    (tenure,) = diary.facts().stored(Tenure)
    assert (tenure.start, tenure.since) == (micros(diary.at("14:00")), micros(diary.at("08:00")))


def test_one_that_is_put_to_later_hours_after_its_start_held_the_old_ones_until_then() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00", at="08:00")
    diary.moves("b1", "14:00", "15:00", "09:20")
    held, now = diary.facts().stored(Tenure)
    assert (held.start, held.gone, held.moved) == (micros(diary.at("09:00")), micros(diary.at("09:20")), True)
    assert (now.start, now.gone) == (micros(diary.at("14:00")), None)


def test_one_that_is_made_longer_while_it_runs_is_one() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.moves("b1", "09:00", "10:30", "09:40")
    (tenure,) = diary.facts().stored(Tenure)
    assert (tenure.end, tenure.gone) == (micros(diary.at("10:30")), None)


def test_of_two_timetables_that_disagree_the_second_counts_only_where_the_first_is_silent() -> None:
    diary = Diary(sources=(OASIS, ICS))
    diary.books("theirs", "09:00", "10:00", at="07:00", source=ICS)
    diary.books("ours", "09:30", "11:00", at="08:00")
    diary.cancels("ours", "08:30")
    found = [(t.booking, t.since, t.gone) for t in diary.facts().stored(Tenure)]
    at = {clock: micros(diary.at(clock)) for clock in ("07:00", "08:00", "08:30")}
    assert sorted(found, key=lambda one: one[1]) == [
        ("theirs", at["07:00"], at["08:00"]),
        ("ours", at["08:00"], at["08:30"]),
        ("theirs", at["08:30"], None),
    ]


def test_a_press_that_came_after_a_newer_one_is_decided_alone_on_the_bookings_known_then() -> None:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.presses("11:00")
    late = diary.presses("09:05", received="12:00")
    assert (late.effect, late.until) == ("superseded", None)
    press = next(p for p in diary.facts().stored(Press) if p.at == micros(diary.at("09:05")))
    assert (press.until, press.confirms, press.received) == (
        micros(diary.at("10:00")), "b1", micros(diary.at("12:00")),
    )  # fmt: skip


# -- doors ------------------------------------------------------------------------------------------


def test_a_door_watches_since_it_is_awake_and_until_its_line_broke_or_its_button_stuck() -> None:
    diary = Diary(doors=False)
    diary.joins(at="08:00", since="07:30")
    diary.leaves("09:00")
    diary.joins(at="10:00", since="07:30")
    diary.tell(e.ButtonStuck(room=ROOM, kiosk=DOOR), at="11:00")
    diary.tell(e.ButtonFreed(room=ROOM, kiosk=DOOR), at="11:30")
    watches = [(w.since, w.until) for w in diary.facts().stored(Watch)]
    clock = {text: micros(diary.at(text)) for text in ("07:30", "09:00", "11:00", "11:30")}
    assert watches == [
        (clock["07:30"], clock["09:00"]),
        (clock["07:30"], clock["11:00"]),
        (clock["11:30"], None),
    ]


def test_a_crash_proves_nothing_after_the_last_sign_of_life() -> None:
    diary = Diary(doors=False)
    diary.joins(at="08:00")
    diary.tell(e.ServerStarted(version="2", alive_until=diary.at("09:59")), at="12:00")
    (watch,) = diary.facts().stored(Watch)
    assert watch.until == micros(diary.at("09:59"))


# -- timetables -------------------------------------------------------------------------------------


def test_a_timetable_that_is_not_read_for_longer_than_is_thought_fresh_was_silent() -> None:
    diary = Diary()
    diary.reads("08:00")
    diary.reads("08:10")
    diary.reads("08:15", outcome="failed")
    diary.reads("08:21")
    found = [(s.since, s.until) for s in diary.facts().stored(Silence, micros(diary.at("08:05")))]
    assert found == [(micros(diary.at("08:10")), micros(diary.at("08:21")))]
    assert diary.facts().silences()[-1] == Silence(OASIS, "", micros(diary.at("08:21")), None)


def test_a_room_that_a_timetable_does_not_name_is_silent_in_it() -> None:
    diary = Diary(ROOM, OTHER)
    diary.reads("08:00")
    diary.reads("08:05", missing=(OTHER,))
    diary.reads("08:10", missing=(OTHER,))
    diary.reads("08:15")
    found = [s for s in diary.facts().stored(Silence) if s.room]
    assert found == [Silence(OASIS, OTHER, micros(diary.at("08:00")), micros(diary.at("08:15")))]


# -- the index ----------------------------------------------------------------------------------------


def copied(records: list[e.Recorded], folder: Path, upto: int) -> SqliteLog:
    log = SqliteLog(folder)
    log.take_over([r for r in records if log.head() < r.seq <= upto])
    log.close()
    return SqliteLog(folder, read_only=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.floats(0, 1))
def test_an_index_that_follows_a_log_as_it_grows_is_the_replay(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cut: float
) -> None:
    records = list(eventful(seed).log.read())
    folder = tmp_path_factory.mktemp("log")
    for upto in (int(cut * len(records)), len(records)):
        log = copied(records, folder, upto)
        found = open_index(log, folder / "audit.db")
        assert same(found, gather(records[:upto]))
        found.close()


def test_the_index_of_the_made_up_days_is_their_replay(tmp_path: Path) -> None:
    from tests import truth

    days = Path(__file__).parent / "days" / "spring.jsonl"
    shown = truth.Truth(days.read_text(encoding="utf-8").splitlines())
    truth.write(truth.run(shown, truth.configuration(shown, None)), tmp_path)
    log = SqliteLog(tmp_path, read_only=True)
    found = open_index(log, tmp_path / "audit.db")
    assert same(found, gather(log.read()))
    found.close()


@pytest.fixture
def many_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SNAPSHOT_EVERY", 7)


@pytest.mark.usefixtures("many_snapshots")
def test_the_state_at_any_instant_is_that_of_a_replay_from_the_beginning(tmp_path: Path) -> None:
    diary = eventful(7)
    records = list(diary.log.read())
    log = copied(records, tmp_path, len(records))
    found = open_index(log, None)
    for recorded in records[::5]:
        for at in (recorded.recorded_at, recorded.recorded_at - timedelta(microseconds=1)):
            assert digest_form(found.state_at(log, at)) == digest_form(replay(log, at=at))
    found.close()


def test_a_snapshot_holds_everything_that_a_school_s_state_holds() -> None:
    assert set(vars(SchoolState())) == set(Snapshot.__struct_fields__)
    school = eventful(3).school
    assert vars(unpack(pack(school))) == vars(school)


def test_an_index_of_another_log_or_another_shape_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    ours, theirs = list(eventful(1).log.read()), list(eventful(2, 60).log.read())
    open_index(copied(theirs, tmp_path / "theirs", len(theirs)), path).close()
    log = copied(ours, tmp_path / "ours", len(ours))
    found = open_index(log, path)
    assert same(found, gather(ours))
    found.close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.execute("DELETE FROM tenure")
    connection.close()
    found = open_index(log, path)
    assert same(found, gather(ours))
    found.close()


@pytest.mark.parametrize("damage", ["something else", "half of it", "a state that cannot be read"])
def test_an_index_that_was_damaged_is_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "audit.db"
    ours = list(eventful(1).log.read())
    log = copied(ours, tmp_path / "ours", len(ours))
    open_index(log, path).close()
    match damage:
        case "something else":
            path.write_bytes(b"something else entirely, and as long as the head of a file of SQLite" * 8)
        case "half of it":
            path.write_bytes(path.read_bytes()[:8192])
        case _:
            connection = apsw.Connection(str(path))
            connection.execute("UPDATE head SET seq = ?, id = ?, state = x'00'", (ours[-2].seq, ours[-2].id))
            connection.close()
    found = open_index(log, path)
    assert same(found, gather(ours))
    found.close()


def test_what_is_read_from_an_index_is_one_state_of_it_whoever_else_follows_the_log(tmp_path: Path) -> None:
    events = list(eventful(1).log.read())
    some = len(events) // 2
    first = open_index(copied(events, tmp_path / "some", some), tmp_path / "audit.db")
    second = open_index(copied(events, tmp_path / "all", len(events)), tmp_path / "audit.db")
    assert same(first, gather(events[:some]))
    assert same(second, gather(events))
    first.close()
    second.close()


def test_an_index_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "audit.db").mkdir()
    with pytest.raises(LogError, match=r"audit\.db"):
        open_index(MemoryLog(), tmp_path / "audit.db")


def test_an_empty_log_has_no_facts() -> None:
    found = open_index(MemoryLog(), None)
    assert (found.seq, found.zone, rows(found)) == (0, "UTC", {kind.__name__: [] for kind in KINDS})
    found.close()


def test_rows_are_told_for_a_span_in_order_of_their_beginning(tmp_path: Path) -> None:
    diary = Diary()
    for n, start in enumerate(("14:00", "09:00", "11:00")):
        diary.books(f"b{n}", start, f"{int(start[:2]) + 1}:00")
    for facts in (diary.facts(), open_index(diary.log, None)):
        found = facts.stored(Tenure, micros(diary.at("10:30")), micros(diary.at("14:00")))
        assert [t.booking for t in found] == ["b2"]
        assert [t.booking for t in facts.stored(Tenure)] == ["b1", "b2", "b0"]
        assert [s.room for s in facts.stored(Standing)] == [ROOM]
        assert len(list(facts.stored(RulesSet))) == 1
