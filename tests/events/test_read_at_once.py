"""Rows are decoded many at a time: what comes out is what one at a time gives, also where one is damaged."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from events import codec, sqlite
from events.domain import Recorded
from events.errors import LogCorrupt
from events.sqlite import SqliteLog
from tests.events.report.diary import Diary


@pytest.fixture
def records() -> list[Recorded]:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    for minute in range(60):
        diary.presses(f"12:{minute:02}")
    return list(diary.ends().log.read())


@pytest.fixture
def log(tmp_path: Path, records: list[Recorded]) -> SqliteLog:
    written = SqliteLog(tmp_path)
    written.take_over(records)
    written.close()
    return SqliteLog(tmp_path, read_only=True)


def damage(log: SqliteLog, seq: int, body: bytes) -> None:
    connection = apsw.Connection(str(log.path))
    connection.execute("DROP TRIGGER log_is_never_updated")
    connection.execute("UPDATE log SET body = ? WHERE seq = ?", (body, seq))
    connection.close()


@pytest.mark.parametrize("at_once", [1, 7, 128])
def test_however_many_are_read_at_once_they_are_the_same(
    log: SqliteLog, records: list[Recorded], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_READ_AT_ONCE", at_once)
    assert list(log.read()) == records


@pytest.mark.parametrize(
    "body",
    [b'{"type":"nothing"}', b"\xff", b"", b'{"type":"server-stopped"},{"type":"server-stopped"}', b"1,2"],
)
def test_those_before_a_damaged_row_are_given_and_it_is_named(
    log: SqliteLog, records: list[Recorded], body: bytes
) -> None:
    damage(log, 11, body)
    read = log.read()
    assert [next(read) for _ in range(10)] == records[:10]
    with pytest.raises(LogCorrupt) as damaged:
        next(read)
    assert damaged.value.seq == 11


def test_rows_of_an_older_revision_are_led_up_one_by_one(
    log: SqliteLog, records: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(codec.REVISIONS, "presence-pressed", 2)
    monkeypatch.setitem(codec.UPCASTERS, ("presence-pressed", 1), lambda raw: raw | {"signature": "new"})
    read = [r.event.signature for r in log.read(tag="presence-pressed") if hasattr(r.event, "signature")]
    assert read == ["new"] * 60
    assert len(list(log.read())) == len(records)
