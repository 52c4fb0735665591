"""The recorder: commits in groups, and ends the process rather than guess."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pykka
import pytest

from actors.messages import Append, Committed
from actors.recorder import RecorderActor
from events.domain import KioskJoined, LogCreated, Recorded
from events.errors import LogClosed, LogConflict, LogError
from events.ids import SCHOOL_STREAM, EventId, KioskId, RoomKey, room_stream
from events.log import Batch, Draft, EventLog
from events.memory import MemoryLog
from events.sqlite import SqliteLog
from tests.actors.stack import TIMEOUT, Ear
from tests.clock import START
from tests.conftest import Errors


class GatedLog(MemoryLog):
    """A log whose commits wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.groups: list[int] = []
        self.closed = False

    def _write(self, records: Sequence[Recorded]) -> None:
        self.entered.set()
        assert self.gate.wait(TIMEOUT)
        self.groups.append(len(records))
        super()._write(records)

    def close(self) -> None:
        self.closed = True
        super().close()


class FailingLog(MemoryLog):
    """A log that fails when written to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.closed = False

    def _write(self, records: Sequence[Recorded]) -> None:
        raise self.error

    def close(self) -> None:
        self.closed = True


def joined(n: int, *, room: str = "L213", expected: int | None = None, ref: object = None) -> Append:
    stream = room_stream(RoomKey(room))
    event = KioskJoined(room=RoomKey(room), kiosk=KioskId(f"{n:032x}"), watching_since=START)
    draft = Draft(id=EventId(f"{n:032x}"), stream=stream, at=START, event=event)
    batch = Batch(drafts=(draft,), expected=None if expected is None else (stream, expected))
    return Append(batch=batch, ref=ref)


@pytest.fixture
def school() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


Start = Callable[[EventLog], pykka.ActorRef[Any]]


@pytest.fixture
def ended() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def start(school: Ear, ended: queue.Queue[str]) -> Iterator[Start]:
    started: list[pykka.ActorRef[Any]] = []

    def start(log: EventLog) -> pykka.ActorRef[Any]:
        ref = RecorderActor.start(lambda: log, ended.put)
        started.append(ref)
        ref.tell(school.ref)
        return ref

    yield start
    for ref in started:
        if ref.is_alive():
            ref.stop(block=True, timeout=TIMEOUT)


def test_everything_that_waits_when_a_commit_ends_shares_the_next_one(start: Start, school: Ear) -> None:
    log = GatedLog()
    recorder = start(log)
    recorder.tell(joined(1))
    assert log.entered.wait(TIMEOUT)
    for n in range(2, 202):
        recorder.tell(joined(n))
    log.gate.set()
    first, second = school.hear(Committed), school.hear(Committed)
    assert log.groups == [1, 200]
    assert [recorded.seq for recorded in first.new + second.new] == list(range(1, 202))
    assert len(second.results) == 200


def test_a_refused_append_leaves_its_neighbours_and_no_gap(start: Start, school: Ear) -> None:
    log = GatedLog()
    recorder = start(log)
    recorder.tell(joined(1))
    assert log.entered.wait(TIMEOUT)
    recorder.tell(joined(2, ref="before"))
    recorder.tell(joined(3, expected=77, ref="stale"))
    recorder.tell(joined(4, ref="behind"))
    log.gate.set()
    school.hear(Committed)
    group = school.hear(Committed)
    outcomes = {append.ref: result for append, result in group.results}
    assert isinstance(outcomes["stale"], LogConflict)
    assert [recorded.id for recorded in group.new] == [EventId(f"{n:032x}") for n in (2, 4)]
    assert [recorded.seq for recorded in group.new] == [2, 3]
    assert log.head() == 3


def test_an_event_that_two_appends_of_a_group_share_is_new_once(start: Start, school: Ear) -> None:
    log = GatedLog()
    recorder = start(log)
    recorder.tell(joined(1))
    assert log.entered.wait(TIMEOUT)
    recorder.tell(joined(2))
    recorder.tell(joined(2))
    recorder.tell(joined(1))
    log.gate.set()
    school.hear(Committed)
    group = school.hear(Committed)
    assert [recorded.seq for recorded in group.new] == [2]
    seqs = [result[0].seq for _, result in group.results if not isinstance(result, LogConflict)]
    assert seqs == [2, 2, 1], "each append is told the first record"


def test_stopping_commits_what_waits_and_closes_the_log(start: Start, school: Ear) -> None:
    log = GatedLog()
    recorder = start(log)
    recorder.tell(joined(1))
    assert log.entered.wait(TIMEOUT)
    for n in range(2, 12):
        recorder.tell(joined(n))
    stopped = threading.Thread(target=lambda: recorder.stop(block=True, timeout=TIMEOUT))
    stopped.start()
    log.gate.set()
    stopped.join(TIMEOUT)
    assert log.head() == 11
    assert log.closed
    assert len(school.hear(Committed).new) + len(school.hear(Committed).new) == 11


def test_a_stop_behind_appends_is_not_overtaken_by_later_ones(start: Start, school: Ear) -> None:
    """What is told after the stop is lost, as Pykka says; what came before it is not."""
    log = GatedLog()
    recorder = start(log)
    recorder.tell(joined(1))
    assert log.entered.wait(TIMEOUT)
    recorder.tell(joined(2))
    stopping = recorder.stop(block=False)
    assert stopping is not None
    log.gate.set()
    assert recorder.actor_stopped.wait(TIMEOUT)
    assert log.head() == 2


def test_what_cannot_be_recorded_because_a_school_is_dead_is_recorded_all_the_same(
    start: Start, school: Ear
) -> None:
    log = GatedLog()
    log.gate.set()
    recorder = start(log)
    recorder.tell(joined(1))
    school.hear(Committed)
    school.close()
    recorder.tell(joined(2))
    recorder.stop(block=True, timeout=TIMEOUT)
    assert log.head() == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LogClosed("disk full; the log has to be opened anew"), "disk full"),
        (LogError("a personal part could not be written"), "personal part"),
        (OSError(30, "Read-only file system"), "Read-only file system"),
    ],
    ids=["commit", "personal", "anything"],
)
def test_a_log_that_fails_ends_the_process_with_a_reason(
    start: Start, ended: queue.Queue[str], errors: Errors, error: Exception, words: str
) -> None:
    """Whether it was written is unknown: whoever waits would wait for ever, so all begin anew."""
    log = FailingLog(error)
    recorder = start(log)
    recorder.tell(joined(1))
    why = ended.get(timeout=TIMEOUT)
    assert "the recorder died" in why
    assert words in why
    assert recorder.actor_stopped.wait(TIMEOUT)
    assert log.closed
    assert any("recorder died" in text for text in errors.texts())


def test_a_log_that_cannot_be_opened_starts_no_recorder(ended: queue.Queue[str], errors: Errors) -> None:
    def locked() -> EventLog:
        raise LogError("held by somebody")

    recorder = RecorderActor.start(locked, ended.put)
    assert recorder.actor_stopped.wait(TIMEOUT)
    assert any("held by somebody" in text for text in errors.texts())


def test_what_it_does_not_know_is_logged_and_kills_nothing(start: Start, school: Ear, errors: Errors) -> None:
    log = GatedLog()
    log.gate.set()
    recorder = start(log)
    recorder.tell("hello?")
    recorder.tell(joined(1))
    assert len(school.hear(Committed).new) == 1
    assert any("knows no str" in text for text in errors.texts())


def test_the_real_log_writes_a_group_in_one_transaction(tmp_path: Path, start: Start, school: Ear) -> None:
    class Counted(SqliteLog):
        commits = 0
        entered = threading.Event()
        gate = threading.Event()

        def _write(self, records: Sequence[Recorded]) -> None:
            self.entered.set()
            assert self.gate.wait(TIMEOUT)
            self.commits += 1
            super()._write(records)

    log = Counted(tmp_path)
    created = LogCreated(log="test", school="Test", zone="Europe/Paris")
    first = Draft(id=EventId("first"), stream=SCHOOL_STREAM, at=START, event=created)
    recorder = start(log)
    recorder.tell(Append(batch=Batch(drafts=(first,))))
    assert log.entered.wait(TIMEOUT)
    for n in range(1, 101):
        recorder.tell(joined(n))
    log.gate.set()
    school.hear(Committed)
    assert len(school.hear(Committed).new) == 100
    assert log.commits == 2
    recorder.stop(block=True, timeout=TIMEOUT)
    assert SqliteLog(tmp_path, read_only=True).head() == 101
