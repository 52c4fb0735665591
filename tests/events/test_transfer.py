"""A log carried from one place to another: what comes out goes in again, once."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.command import followed, main
from events.domain import Recorded, RoomAnnotated
from events.errors import LogConflict
from events.personal import read_text
from events.sqlite import SqliteLog
from events.transfer import TransferError, export_file, export_lines, import_log, open_lines
from tests.events.report.diary import Diary


def written(folder: Path, *, upto: int | None = None) -> SqliteLog:
    """Write a small log; its first ``upto`` events."""
    log = SqliteLog(folder)
    log.take_over([r for r in day() if upto is None or r.seq <= upto])
    return log


def day() -> list[Recorded]:
    diary = Diary()
    diary.books("b1", "09:00", "10:00")
    diary.presses("09:01")
    diary.presses("08:30", received="09:30")
    diary.notes("present", "14:00", "15:00")
    return list(diary.ends().log.read())


@pytest.fixture
def log(tmp_path: Path) -> SqliteLog:
    return written(tmp_path / "here")


@pytest.fixture
def export(log: SqliteLog) -> list[bytes]:
    return list(export_lines(log))


def test_an_export_imported_into_nothing_is_the_same_log(
    log: SqliteLog, export: list[bytes], tmp_path: Path
) -> None:
    there = SqliteLog(tmp_path / "there")
    assert import_log(export, there) == (len(export), 0)
    assert list(there.read()) == list(log.read())
    assert list(export_lines(there)) == export


def test_importing_twice_is_importing_once(export: list[bytes], tmp_path: Path) -> None:
    there = SqliteLog(tmp_path / "there")
    import_log(export, there)
    assert import_log(export, there) == (0, len(export))
    assert there.head() == len(export)


def test_an_import_goes_on_where_the_log_ends(export: list[bytes], tmp_path: Path) -> None:
    there = SqliteLog(tmp_path / "there")
    assert import_log(export[:5], there) == (5, 0)
    assert import_log(export[3:], there) == (len(export) - 5, 2)
    assert list(export_lines(there)) == export


def test_a_gap_is_refused_and_what_came_before_it_is_there(export: list[bytes], tmp_path: Path) -> None:
    there = SqliteLog(tmp_path / "there")
    with pytest.raises(TransferError, match=r"line 4: event 5 where event 4 should be: 1 are missing"):
        import_log([*export[:3], *export[4:]], there)
    assert there.head() == 3
    with pytest.raises(TransferError, match=r"line 1: event 6 where event 4 should be"):
        import_log(export[5:], there)
    with pytest.raises(TransferError, match=r"event 2 comes again"):
        import_log([export[1], export[1]], there)


def test_another_school_s_log_is_refused(export: list[bytes], tmp_path: Path) -> None:
    there = written(tmp_path / "there", upto=2)
    other = [line.replace(b'"/toctoc/log"', b'"/toctoc/other"') for line in export]
    with pytest.raises(TransferError, match=r"another log: /toctoc/other, and here is /toctoc/log"):
        import_log(other, there)


def test_an_event_that_is_another_one_here_is_refused(export: list[bytes], tmp_path: Path) -> None:
    there = written(tmp_path / "there", upto=4)
    changed = msgspec.json.decode(export[1])
    changed["data"]["version"] = "9"
    with pytest.raises(TransferError, match="event 2 is another one in the log here"):
        import_log([export[0], msgspec.json.encode(changed)], there)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"hello", "this is no event of an export"),
        (b"{}", "missing required field"),
        (b'"\xff"', "this is no event of an export"),
    ],
)
def test_what_is_no_export_is_refused_with_its_line(line: bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=problem) as refused:
        import_log([b"\n", line], SqliteLog(tmp_path / "there"))
    assert refused.value.line == 2


def test_an_event_of_a_newer_program_is_refused(export: list[bytes], tmp_path: Path) -> None:
    newer = export[0].replace(b'"revision":1', b'"revision":7')
    with pytest.raises(TransferError, match="revision 7 is newer than this program"):
        import_log([newer], SqliteLog(tmp_path / "there"))
    strange = export[0].replace(b"toctoc.log-created", b"com.example.thing")
    with pytest.raises(TransferError, match="this is no event of toctoc"):
        import_log([strange], SqliteLog(tmp_path / "there2"))
    headless = msgspec.json.decode(export[1])
    headless |= {"seq": 1, "streamversion": 1}
    with pytest.raises(TransferError, match="a log begins with log-created"):
        import_log([msgspec.json.encode(headless)], SqliteLog(tmp_path / "there3"))


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_an_export_to_a_file_is_gone_on_with(tmp_path: Path, export: list[bytes], name: str) -> None:
    path = tmp_path / name
    there = written(tmp_path / "there", upto=4)
    assert export_file(there, path) == (1, 4)
    there.take_over([r for r in day() if r.seq > 4])
    assert export_file(there, path, resume=True) == (5, len(export))
    assert export_file(there, path, resume=True) == (len(export) + 1, 0)
    with open_lines(path, io.BytesIO()) as found:
        assert list(found) == export


def test_a_line_that_was_cut_short_is_written_anew(
    log: SqliteLog, export: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(export[:3]) + export[3][:20])
    export_file(log, path, resume=True)
    assert path.read_bytes() == b"".join(export)


def test_a_damaged_end_of_a_gzipped_export_is_told(
    log: SqliteLog, export: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(export))[:-12])
    with pytest.raises(TransferError, match="its end is damaged"):
        export_file(log, path, resume=True)
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"".join(export).replace(b"/toctoc/log", b"/toctoc/other"))
    with pytest.raises(TransferError, match="another log"):
        export_file(log, other, resume=True)


def test_what_is_taken_over_has_to_follow(tmp_path: Path) -> None:
    records = day()
    there = written(tmp_path / "there", upto=3)
    with pytest.raises(LogConflict):
        there.take_over(records[4:])
    with pytest.raises(LogConflict):
        there.take_over([msgspec.structs.replace(records[3], version=9)])
    assert there.head() == 3
    there.take_over(records[3:])
    assert list(there.read()) == records


def test_a_follower_is_told_what_is_written_after_it_began(tmp_path: Path) -> None:
    records = day()
    log = written(tmp_path / "there", upto=4)
    later = [[5], [6, 7]]

    def wait(_seconds: float) -> None:
        if not later:
            raise KeyboardInterrupt
        seqs = later.pop(0)
        log.take_over([r for r in records if r.seq in seqs])

    told = followed(log, after=2, stream=None, tag=None, wait=wait)
    assert [next(told).seq for _ in range(5)] == [3, 4, 5, 6, 7]
    with pytest.raises(KeyboardInterrupt):
        next(told)


def test_what_is_written_while_the_last_events_are_read_is_followed_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = day()
    writer = written(tmp_path / "there", upto=4)
    read = SqliteLog.read

    def read_and_write(log: SqliteLog, **options: Any) -> Iterator[Recorded]:
        found = list(read(log, **options))
        if writer.head() < len(records):
            writer.take_over([r for r in records if r.seq > writer.head()])
        return iter(found)

    def nobody_waits(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SqliteLog, "read", read_and_write)
    monkeypatch.setattr("events.command.followed", partial(followed, wait=nobody_waits))
    assert main(["log", "show", "--follow", "--last", "2", "--data", str(tmp_path / "there")]) == 130
    seqs = [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert seqs == list(range(3, len(records) + 1))


def annotated(folder: Path, *words: str) -> int:
    return main(
        ["log", "annotate", "L213", "--data", str(folder), "--text", "oui", "--by", "A. Martin", *words]
    )


def test_an_annotation_is_a_fact_that_is_added_and_can_be_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "here"
    written(folder).close()
    assert annotated(folder, "--present", "--day", "2026-11-20", "--time", "09:00-10:00") == 0
    assert annotated(folder, "--door-broken", "--booking", "b1") == 0
    seq = len(day()) + 1
    assert annotated(folder, "--withdraw", str(seq)) == 0
    log = SqliteLog(folder, read_only=True)
    found = [(r.id, r.event) for r in log.read(after=len(day())) if isinstance(r.event, RoomAnnotated)]
    assert [(note.what, note.withdraws) for _, note in found] == [
        ("present", 0), ("door-broken", 0), ("withdrawn", seq),
    ]  # fmt: skip
    name, first = found[0]
    assert first.start == found[2][1].start == Diary().at("09:00")
    body = log.personal.get([(name, first.part.month)])[name]
    assert read_text(body).reason == "A. Martin: oui"
    assert "to take it back: --withdraw" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--present",), "say when"),
        (("--present", "--day", "2026-11-20", "--time", "10:00-09:00"), "ends before it begins"),
        (("--present", "--day", "yesterday", "--time", "10:00-11:00"), "is no day"),
        (("--present", "--day", "2026-11-20", "--time", "ten"), "is no span of time"),
        (("--present", "--booking", "b9"), "not among the newest of L213"),
        (("--present", "--day", "2999-01-02", "--time", "10:00-11:00"), "2999-01-02 10:00 is still to come"),
        (("--note", "--booking", "b1", "--by", " "), "--by is empty"),
        (("--note", "--booking", "b1", "--text", ""), "--text is empty"),
        (("--withdraw", "1"), "event 1 is no annotation of L213"),
    ],
)
def test_an_annotation_that_cannot_be_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str
) -> None:
    written(tmp_path / "here").close()
    assert annotated(tmp_path / "here", *words) == 2
    assert problem in capsys.readouterr().err


def test_the_command_counts_exports_and_imports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "here").close()
    out = tmp_path / "log.jsonl.gz"
    assert main(["log", "export", "--data", str(tmp_path / "here"), "--out", str(out)]) == 0
    assert main(["log", "import", str(out), "--data", str(tmp_path / "there")]) == 0
    assert main(["log", "import", str(out), "--data", str(tmp_path / "there")]) == 0
    said = capsys.readouterr().out
    assert f"{len(day())} events imported, 0 were there already" in said
    assert f"0 events imported, {len(day())} were there already" in said
    assert main(["log", "stats", "--data", str(tmp_path / "there"), "--json"]) == 0
    stats = msgspec.json.decode(capsys.readouterr().out)
    assert (stats["log"], stats["events"]) == ("log", len(day()))
    assert stats["kinds"]["presence-pressed"]["events"] == 2
    assert main(["log", "stats", "--data", str(tmp_path / "there")]) == 0
    assert "presence-pressed" in capsys.readouterr().out
    assert main(["log", "export", "--data", str(tmp_path / "there"), "--resume"]) == 2
    assert "--resume wants --out FILE" in capsys.readouterr().err
