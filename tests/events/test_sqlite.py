"""The log in SQLite keeps the contract, and what only a file on a disk can be asked for."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import apsw
import pytest

from events.domain import BookingAdded, RoomClosed, ServerStarted, ServerStopped
from events.errors import LogClosed, LogConflict, LogCorrupt, LogError, LogLocked
from events.ids import EventId
from events.log import EventLog
from events.personal import PersonalStore, new_part, read_text
from events.replay import verify
from events.sqlite import LogLock, SqliteLog, check_sqlite
from tests.clock import FakeClock
from tests.events.builders import ROOM, added, at, batch, draft, seqs
from tests.events.files import forge, raw, with_title
from tests.events.log_contract import EventLogContract

ROOT = Path(__file__).parents[2]
STARTED = ServerStarted(version="1")
STOPPED = ServerStopped()


class TestSqliteLog(EventLogContract):
    @pytest.fixture(autouse=True)
    def _folders(self, tmp_path: Path) -> None:
        self.folders = (tmp_path / str(n) for n in itertools.count())

    def make_log(self, clock: FakeClock) -> EventLog:
        return SqliteLog(next(self.folders), clock=clock)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path, clock=FakeClock())
    yield log
    log.close()


def writer_of(log: SqliteLog) -> apsw.Connection:
    assert log._writer is not None
    return log._writer


# -- the engine -----------------------------------------------------------------------------------


def test_the_file_is_written_with_a_wal_and_synchronous_full(log: SqliteLog) -> None:
    assert writer_of(log).execute("PRAGMA journal_mode").get == "wal"
    assert writer_of(log).execute("PRAGMA synchronous").get == 2


def test_the_parts_are_written_with_synchronous_full_and_deleted_for_good(log: SqliteLog) -> None:
    log.append(batch(with_title("a", "Algebra")))
    connection = log.personal._connection("2026-11")
    pragmas = ("journal_mode", "synchronous", "secure_delete")
    assert [connection.execute(f"PRAGMA {name}").get for name in pragmas] == ["wal", 2, 1]


def test_a_pragma_that_does_not_take_is_an_error(tmp_path: Path) -> None:
    from events.sqlite import _set

    connection = apsw.Connection(":memory:")
    with pytest.raises(LogError, match="journal_mode is 'memory', not 'wal'"):
        _set(connection, "journal_mode", "wal")
    connection.close()


@pytest.mark.parametrize("version", ["3.51.2", "3.46.1", "3.40.1", "3.7.17", "2.8.17"])
def test_an_sqlite_with_the_wal_reset_bug_is_refused(version: str) -> None:
    with pytest.raises(LogError, match=rf"SQLite {version} can corrupt a log; 3\.51\.3 or newer"):
        check_sqlite(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.51.10", "3.52.0", "4.0.0", "3.51.3.1"])
def test_an_sqlite_without_it_is_taken(version: str) -> None:
    check_sqlite(version)


def test_the_sqlite_that_is_installed_is_taken() -> None:
    check_sqlite()


# -- append-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET body = x'00' WHERE seq = 1",
        "UPDATE log SET seq = 9",
        "DELETE FROM log",
        "DELETE FROM log WHERE seq = 1",
    ],
)
def test_the_file_itself_refuses_that_a_row_is_changed_or_deleted(log: SqliteLog, statement: str) -> None:
    (first,) = log.append(batch(draft("a", STARTED)))
    with pytest.raises(apsw.ConstraintError, match="the log is append-only"):
        writer_of(log).execute(statement)
    assert list(log.read()) == [first]


def test_a_reader_cannot_write(log: SqliteLog) -> None:
    from events.sqlite import _open_reader

    log.append(batch(draft("a", STARTED)))
    connection = _open_reader(log.path)
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("INSERT INTO log VALUES (2,'b','school',2,'t',1,0,0,x'00')")
    connection.close()


# -- opening --------------------------------------------------------------------------------------


def test_what_was_written_is_there_after_opening_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    first = SqliteLog(tmp_path, clock=clock)
    written = first.append(batch(draft("a", STARTED), draft("b", added())))
    first.close()
    clock.set_wall(clock.now() - timedelta(hours=1))
    again = SqliteLog(tmp_path, clock=clock)
    assert tuple(again.read()) == written
    assert again.head() == 2
    (third,) = again.append(batch(draft("c", added("b2")), expected=("room/L213", 1)))
    assert (third.seq, third.version) == (3, 2)
    assert third.recorded_at == written[0].recorded_at, "time went back over a restart"
    again.close()


def test_a_log_opened_for_reading_needs_no_lock_sees_what_comes_and_takes_nothing(log: SqliteLog) -> None:
    log.append(batch(draft("a", STARTED)))
    reader = SqliteLog(log.folder, read_only=True)
    assert reader.head() == 1
    log.append(batch(draft("b", STOPPED)))
    assert reader.head() == 2
    assert seqs(reader.read()) == [1, 2]
    for attempt in (draft("c", STARTED), with_title("d", "Algebra")):
        with pytest.raises(LogClosed):
            reader.append(batch(attempt))
    reader.close()
    assert log.append(batch(draft("c", STARTED)))


def test_there_is_nothing_to_read_where_no_log_is(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="there is no log here"):
        SqliteLog(tmp_path / "nowhere", read_only=True)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "content", [b"This is a letter to the headmaster.\n" * 200, b"SQLite format 3\0" * 300]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes, *, read_only: bool
) -> None:
    (tmp_path / "log.db").write_bytes(content)
    with pytest.raises(LogError):
        SqliteLog(tmp_path, read_only=read_only)
    assert (tmp_path / "log.db").read_bytes() == content


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_somebody_else_is_refused(tmp_path: Path, *, read_only: bool) -> None:
    raw(tmp_path / "log.db", "CREATE TABLE log (what TEXT)")
    with pytest.raises(LogError, match="this is no log of toctoc"):
        SqliteLog(tmp_path, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_log_of_another_schema_is_refused(tmp_path: Path, *, read_only: bool) -> None:
    SqliteLog(tmp_path).close()
    raw(tmp_path / "log.db", "PRAGMA user_version = 2")
    with pytest.raises(LogError, match="its schema is 2, this program knows 1"):
        SqliteLog(tmp_path, read_only=read_only)


def test_a_log_that_was_refused_gives_its_lock_back(tmp_path: Path) -> None:
    raw(tmp_path / "log.db", "CREATE TABLE log (what TEXT)")
    for _ in range(2):
        with pytest.raises(LogError, match="this is no log"):
            SqliteLog(tmp_path)
    LogLock(tmp_path / "log.lock", "test").release()


def test_a_row_that_cannot_be_decoded_is_corrupt_and_named(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(draft("a", STARTED), draft("b", added()), draft("c", STOPPED)))
    log.close()
    forge(tmp_path, """UPDATE log SET body = CAST('{"type":"booking-added"}' AS BLOB) WHERE seq = 2""")
    log = SqliteLog(tmp_path)
    records = log.read()
    assert next(records).seq == 1
    with pytest.raises(LogCorrupt, match=r"event 2 \(b\) in room/L213: booking-added revision 1") as caught:
        next(records)
    assert caught.value.seq == 2
    assert seqs(log.read(after=2)) == [3]
    log.close()


def test_a_file_that_is_damaged_in_the_middle_is_corrupt_and_not_read_past(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(*(draft(f"e{n}", STARTED) for n in range(2000))))
    log.close()
    size = (tmp_path / "log.db").stat().st_size
    with (tmp_path / "log.db").open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 3))
    reader = SqliteLog(tmp_path, read_only=True)
    with pytest.raises(LogError):
        list(reader.read())
    findings = list(verify(reader))
    assert findings[-1].what == "unreadable"
    assert len(findings) < 10, "it tries every row again"


# -- the lock -------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_by_the_name_of_the_first(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path, who="toctoc serve")
    with pytest.raises(LogLocked) as caught:
        SqliteLog(tmp_path)
    told = str(caught.value)
    assert f"{tmp_path} is held by toctoc serve (pid {os.getpid()}, since 20" in told
    assert "stop it first" in told
    log.close()
    SqliteLog(tmp_path).close()


def test_a_lock_that_says_nothing_holds_all_the_same(tmp_path: Path) -> None:
    lock = LogLock(tmp_path / "log.lock", "me")
    (tmp_path / "log.lock").write_bytes(b"")
    with pytest.raises(LogLocked, match="somebody who has not said who"):
        LogLock(tmp_path / "log.lock", "you")
    lock.release()


def test_a_writer_in_another_process_is_named_and_its_lock_is_free_once_it_is_killed(tmp_path: Path) -> None:
    holder = program(
        tmp_path,
        """
        log = SqliteLog(folder, who="the other server")
        print("ready", flush=True)
        sys.stdin.read()
        """,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        with pytest.raises(LogLocked, match=rf"held by the other server \(pid {holder.pid}, since "):
            SqliteLog(tmp_path)
        holder.kill()
        holder.wait()
        SqliteLog(tmp_path).close()


# -- readers beside the writer --------------------------------------------------------------------


def test_a_reader_keeps_its_snapshot_while_hundreds_are_appended(log: SqliteLog) -> None:
    log.append(batch(*(draft(f"a{n}", STARTED) for n in range(300))))
    reader = log.read()
    seen = [next(reader)]
    for n in range(100):
        log.append(batch(draft(f"b{n}", STOPPED)))
    seen += reader
    assert seqs(seen) == list(range(1, 301))
    assert log.head() == 400


def test_readers_in_other_threads_see_a_prefix_without_gaps_while_one_appends(log: SqliteLog) -> None:
    done = threading.Event()
    wrong: list[object] = []
    counts: list[int] = []

    def look() -> None:
        try:
            while not done.is_set():
                seen = seqs(log.read())
                if seen != list(range(1, len(seen) + 1)):
                    wrong.append(seen)
                counts.append(len(seen))
        except LogError as error:
            wrong.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for n in range(60):
        log.append(batch(draft(f"a{n}", STARTED), draft(f"b{n}", added(f"b{n}"))))
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert counts
    assert all(count % 2 == 0 for count in counts), "half a batch was seen"


# -- when writing fails ---------------------------------------------------------------------------


class FailingConnection:
    """A connection one of whose statements fails, once.

    Args:
        connection: The real one.
        fails: How that statement begins.
        reaches_disk: Whether it is carried out before it fails.
    """

    def __init__(self, connection: apsw.Connection, fails: str, *, reaches_disk: bool) -> None:
        self._connection, self._fails, self._reaches_disk = connection, fails, reaches_disk

    def execute(self, statement: str, *values: Any) -> Any:
        if self._fails_now(statement):
            if self._reaches_disk:
                self._connection.execute(statement, *values)
            raise apsw.IOError("disk I/O error")
        return self._connection.execute(statement, *values)

    def executemany(self, statement: str, rows: Any) -> Any:
        if self._fails_now(statement):
            raise apsw.FullError("database or disk is full")
        return self._connection.executemany(statement, rows)

    def _fails_now(self, statement: str) -> bool:
        if not statement.startswith(self._fails):
            return False
        self._fails = "never again"
        return True

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize(
    ("fails", "reaches_disk"), [("BEGIN", False), ("INSERT", False), ("COMMIT", False), ("COMMIT", True)]
)
def test_a_write_that_fails_kills_the_handle_and_the_log_opened_anew_has_all_or_nothing(
    tmp_path: Path, fails: str, *, reaches_disk: bool
) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(draft("a", STARTED)))
    connection = writer_of(log)
    log._writer = cast("apsw.Connection", FailingConnection(connection, fails, reaches_disk=reaches_disk))
    with pytest.raises(LogClosed, match=r"writing failed: .*the log has to be opened anew"):
        log.append(batch(draft("b", STOPPED), draft("c", STARTED)))
    with pytest.raises(LogClosed):
        log.append(batch(draft("d", STOPPED)))
    with pytest.raises(LogClosed):
        log.append(batch(with_title("e", "Algebra")))
    connection.close()
    log.close()
    again = SqliteLog(tmp_path)
    assert [r.id for r in again.read()] == (["a", "b", "c"] if reaches_disk else ["a"])
    assert again.append(batch(draft("b", STOPPED)))[0].seq == 2, "sent again it is recorded once"
    again.close()


def test_a_disk_that_fills_up_kills_the_handle_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    with program(
        tmp_path,
        """
        import resource, signal
        log = SqliteLog(folder)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = sum(file.stat().st_size for file in folder.glob("log.db*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, resource.RLIM_INFINITY))
        for n in range(1000):
            try:
                log.append_group([Batch(drafts=drafts(n, 20))])
            except LogClosed:
                break
            print(n, flush=True)
        else:
            raise SystemExit("the disk never filled up")
        try:
            log.append_group([Batch(drafts=drafts(n, 20))])
        except LogClosed:
            print("dead", flush=True)
        """,
    ) as writer:
        out, err = writer.communicate(timeout=60)
    assert writer.returncode == 0, err
    *acknowledged, last = out.split()
    assert last == "dead"
    assert acknowledged
    log = SqliteLog(tmp_path)
    ids = [r.id for r in log.read()]
    assert len(ids) in {20 * len(acknowledged), 20 * len(acknowledged) + 20}
    assert ids == [f"w-{n}-{k}" for n in range(len(ids) // 20) for k in range(20)]
    assert log.append(batch(draft("and-on", STARTED)))
    assert list(verify(log)) == []
    log.close()


def test_an_event_that_cannot_be_encoded_leaves_the_log_alive(log: SqliteLog) -> None:
    with pytest.raises(UnicodeEncodeError):
        log.append(batch(draft("a", ServerStarted(version="\ud800"))))
    assert log.append(batch(draft("b", STARTED)))[0].seq == 1


# -- kill -9 --------------------------------------------------------------------------------------

KILLS = 30


def test_however_often_the_writer_is_killed_every_acknowledged_event_is_there_once(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with program(
        tmp_path,
        """
        import os
        # Every child writes until it is killed from here, at a moment that moves through the steps
        # of a write; forked, because thirty interpreters would take thirty times longer to start.
        for run in range(int(sys.argv[2])):
            near, far = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(near)
                log = SqliteLog(folder)
                for n in range(10_000):
                    log.append_group([Batch(drafts=drafts(f"{run}-{n}", 3, title=True))])
                    os.write(far, f"{run}-{n}\\n".encode())
                os._exit(0)
            os.close(far)
            told = b""
            while told.count(b"\\n") <= run % 4:
                piece = os.read(near, 4096)
                if not piece:
                    raise SystemExit("the writer died by itself")
                told += piece
            for _ in range(run * 997 % 20_000):
                pass
            os.kill(child, 9)
            while piece := os.read(near, 4096):
                told += piece
            os.close(near)
            os.waitpid(child, 0)
            sys.stdout.write(told.decode())
        """,
        str(KILLS),
    ) as parent:
        out, err = parent.communicate(timeout=100)
    assert parent.returncode == 0, err
    acknowledged = out.split()
    assert len(acknowledged) >= KILLS
    log = SqliteLog(tmp_path)
    ids = [r.id for r in log.read()]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if i.rsplit("-", 1)[0].removeprefix("w-") in set(acknowledged)] == [
        f"w-{n}-{k}" for n in acknowledged for k in range(3)
    ]
    assert len(ids) % 3 == 0, "a part of a batch was written"
    assert len(ids) // 3 - len(acknowledged) <= KILLS, "more than one batch a run was not acknowledged"
    assert list(verify(log, log.personal)) == []
    assert {event_id for event_id, _ in log.personal.newest()} <= set(ids), "orphans were swept"
    log.close()


# -- personal parts -------------------------------------------------------------------------------


def test_a_title_is_found_by_its_event_and_is_nowhere_in_the_log(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(with_title("a", "CANARY Mme Dupont")))
    part, text = new_part(at("10:00"), reason="CANARY water damage")
    log.append(batch(draft("b", RoomClosed(room=ROOM, part=part), text=text)))
    found = log.personal.get(
        [(EventId("a"), "2026-11"), (EventId("b"), "2026-11"), (EventId("c"), "2026-11")]
    )
    assert set(found) == {"a", "b"}
    assert read_text(found[EventId("a")]).title == "CANARY Mme Dupont"
    assert read_text(found[EventId("a")]).source_id == "uid-of-CANARY Mme Dupont"
    assert read_text(found[EventId("b")]).reason == "CANARY water damage"

    def canaries() -> set[str]:
        return {
            file.name for file in tmp_path.rglob("*") if file.is_file() and b"CANARY" in file.read_bytes()
        }

    assert canaries() <= {"2026-11.db", "2026-11.db-wal"}
    log.close()
    assert canaries() == {"2026-11.db"}
    assert (tmp_path / "personal").stat().st_mode & 0o077 == 0


def test_the_same_title_has_another_commitment_each_time() -> None:
    (one, _), (two, _) = new_part(at("10:00"), title="Algebra"), new_part(at("10:00"), title="Algebra")
    assert one.commitment != two.commitment
    assert len(one.commitment) == 64


def test_a_part_is_committed_before_its_event(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    connection = writer_of(log)
    log._writer = cast("apsw.Connection", FailingConnection(connection, "COMMIT", reaches_disk=False))
    with pytest.raises(LogClosed):
        log.append(batch(with_title("a", "Algebra")))
    connection.close()
    assert log.personal.get([(EventId("a"), "2026-11")])
    log.close()
    again = SqliteLog(tmp_path)
    assert again.personal.get([(EventId("a"), "2026-11")]) == {}, "a part without event is swept at start"
    again.close()
    assert all(b"Algebra" not in file.read_bytes() for file in (tmp_path / "personal").iterdir())


def test_a_sweep_leaves_what_has_an_event(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(with_title("a", "Algebra")))
    log.personal.put([(EventId("orphan"), "2026-11", b"{}"), (EventId("other"), "2027-01", b"{}")])
    log.close()
    log = SqliteLog(tmp_path)
    assert [event_id for event_id, _ in log.personal.newest()] == ["a"]
    assert list(verify(log, log.personal)) == []
    log.close()


def test_a_known_event_delivered_again_keeps_its_first_part(log: SqliteLog) -> None:
    first = with_title("a", "Algebra")
    log.append(batch(first))
    kept = log.personal.get([(EventId("a"), "2026-11")])
    with pytest.raises(LogConflict):
        log.append(batch(with_title("a", "Geometry")))
    log.append(batch(first))
    assert log.personal.get([(EventId("a"), "2026-11")]) == kept
    assert list(verify(log, log.personal)) == []


def test_a_closed_log_takes_no_part_either(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.close()
    with pytest.raises(LogClosed):
        log.append(batch(with_title("a", "Algebra")))
    assert not (tmp_path / "personal").exists()


def test_a_part_that_is_gone_is_lost_and_verify_tells(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(draft("s", STARTED), with_title("a", "Algebra"), with_title("b", "Physics", "b2")))
    log.personal.drop(EventId("a"), "2026-11")
    (finding,) = verify(log, log.personal)
    assert (finding.seq, finding.what) == (2, "part-lost")
    assert "Algebra" not in finding.detail
    assert list(verify(log)) == [], "without the store nothing is asked of it"
    log.close()


def change_title(body: bytes) -> bytes:
    return body.replace(b"Algebra", b"Sabotag")


def change_salt(body: bytes) -> bytes:
    text = json.loads(body)
    return json.dumps({**text, "salt": "00" * 32}).encode()


@pytest.mark.parametrize(
    "alter", [change_title, change_salt, lambda _: b"garbage", lambda _: b'{"salt":"no hex"}', lambda _: b""]
)
def test_a_part_that_was_altered_is_found(tmp_path: Path, alter: Callable[[bytes], bytes]) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(with_title("a", "Algebra")))
    log.close()
    body = PersonalStore(tmp_path / "personal").get([(EventId("a"), "2026-11")])[EventId("a")]
    raw(tmp_path / "personal" / "2026-11.db", f"UPDATE part SET body = x'{alter(body).hex()}'")
    log = SqliteLog(tmp_path)
    (finding,) = verify(log, log.personal)
    assert (finding.seq, finding.what) == (1, "part-altered")
    log.close()


def test_a_month_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(with_title("a", "Algebra"), draft("b", STOPPED)))
    log.close()
    (tmp_path / "personal" / "2026-11.db").write_bytes(b"not a database at all" * 500)
    reader = SqliteLog(tmp_path, read_only=True)
    (finding,) = verify(reader, reader.personal)
    assert (finding.seq, finding.what) == (1, "part-lost")


def test_the_parts_of_each_month_lie_in_a_file_of_their_own(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    drafts = []
    for n, day in enumerate(("2026-11-30", "2026-12-01", "2027-01-15")):
        part, text = new_part(at("10:00").replace(year=int(day[:4]), month=int(day[5:7])), title=f"T{n}")
        event: BookingAdded = added(f"b{n}", part=part)
        drafts.append(draft(f"e{n}", event, text=text))
    log.append(batch(*drafts))
    log.close()
    assert sorted(file.name for file in (tmp_path / "personal").iterdir()) == [
        "2026-11.db",
        "2026-12.db",
        "2027-01.db",
    ]


# -- other processes ------------------------------------------------------------------------------

_PROLOGUE = """
import sys
from pathlib import Path
from events.domain import ServerStarted
from events.errors import LogClosed
from events.log import Batch
from events.sqlite import SqliteLog
from tests.events.files import with_title
from tests.events.builders import draft

folder = Path(sys.argv[1])

def drafts(n, count, title=False):
    make = (lambda name: with_title(name, "Algebra")) if title else (
        lambda name: draft(name, ServerStarted(version="x" * 100)))
    return tuple(make(f"w-{n}-{k}") for k in range(count))
"""


def program(folder: Path, body: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program that writes to a log. Its errors go to stderr, which must stay small."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROLOGUE + textwrap.dedent(body), str(folder), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_log_on_a_medium_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(tmp_path)
    log.append(batch(draft("a", STARTED)))
    log.close()
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    before = sorted(tmp_path.iterdir())
    assert [recorded.seq for recorded in SqliteLog(tmp_path, read_only=True).read()] == [1]
    assert sorted(tmp_path.iterdir()) == before, "nothing was made beside it"
