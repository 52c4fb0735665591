"""What a door keeps of what it knew: whole or not at all, seldom, and by no thread that answers people."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from events.state import Rules
from kiosk import cache as cache_file
from kiosk.cache import AGE, Cache, write_whole
from kiosk.disk import Disk
from kiosk.door.hearing import Hearing
from kiosk.door.model import Model, begun
from kiosk.door.told import Told
from kiosk.inbox import FaultFound, Input
from kiosk.memory import decode
from tests.actors.stack import eventually
from tests.clock import START
from tests.kiosk.scenes import ROOM

ROOT = Path(__file__).resolve().parent.parent.parent
KNOWING = Model(
    room=ROOM,
    hearing=Hearing(since=START, heard_at=START, corrected=True),
    told=Told(rules=Rules(), school="Test", epoch=1, settled=7),
)


class Box:
    def __init__(self) -> None:
        self.items: list[Input] = []

    def put(self, item: Input) -> None:
        self.items.append(item)

    @property
    def faults(self) -> list[FaultFound]:
        return [item for item in self.items if isinstance(item, FaultFound)]


class Bench:
    """A cache on a folder, whose writes are counted."""

    def __init__(self, folder: Path, *, every: float) -> None:
        self.path = folder / "known.json"
        self.box = Box()
        self.cache = Cache(self.path, disk=Disk(self.box), every=every)
        self.writes: list[bytes] = []

    def keeps(self, school: str) -> bool:
        return self.path.exists() and self.kept() == school

    def kept(self) -> str:
        return decode(self.path.read_bytes()).school


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(*, every: float = 3600.0) -> Bench:
        bench = Bench(tmp_path, every=every)
        benches.append(bench)

        def counted(path: Path, content: bytes) -> None:
            write_whole(path, content)
            bench.writes.append(content)

        monkeypatch.setattr(cache_file, "write_whole", counted)
        bench.cache.start()
        return bench

    yield make
    for bench in benches:
        bench.cache.stop()


def changed(model: Model, school: str) -> Model:
    return replace(model, told=replace(model.told, school=school, days=dict(model.told.days)))


def test_what_is_new_is_written_at_once_and_what_follows_not_before_its_time(
    make: Callable[..., Bench],
) -> None:
    bench = make()
    bench.cache.offer(KNOWING)
    eventually(lambda: len(bench.writes) == 1)
    for n in range(100):
        bench.cache.offer(changed(KNOWING, f"school {n}"))
    assert (len(bench.writes), bench.kept()) == (1, "Test")
    bench.cache.stop()
    assert (len(bench.writes), bench.kept()) == (2, "school 99"), "the newest, at the end"


def test_what_changed_meanwhile_is_written_when_the_time_has_come(make: Callable[..., Bench]) -> None:
    bench = make(every=0.02)
    bench.cache.offer(KNOWING)
    eventually(lambda: len(bench.writes) == 1)
    bench.cache.offer(changed(KNOWING, "later"))
    eventually(lambda: bench.kept() == "later")


def test_that_the_server_still_says_the_same_is_worth_a_write_now_and_then(
    make: Callable[..., Bench],
) -> None:
    bench = make(every=0.0)
    bench.cache.offer(KNOWING)
    eventually(lambda: len(bench.writes) == 1)
    for seconds in range(10, 300, 10):
        bench.cache.offer(
            replace(KNOWING, hearing=replace(KNOWING.hearing, heard_at=START + timedelta(seconds=seconds)))
        )
    assert not bench.cache._wanted.is_set()
    assert len(bench.writes) == 1
    bench.cache.offer(replace(KNOWING, hearing=replace(KNOWING.hearing, heard_at=START + AGE)))
    eventually(lambda: len(bench.writes) == 2)
    assert decode(bench.path.read_bytes()).heard_at == START + AGE


def test_half_a_snapshot_is_not_kept(make: Callable[..., Bench]) -> None:
    bench = make(every=0.0)
    bench.cache.offer(KNOWING)
    eventually(lambda: len(bench.writes) == 1)
    half = changed(KNOWING, "half")
    bench.cache.offer(replace(half, told=replace(half.told, receiving=True)))
    assert not bench.cache._wanted.is_set()
    bench.cache.offer(changed(KNOWING, "whole"))
    eventually(lambda: bench.kept() == "whole")


def test_a_door_that_knows_nothing_writes_nothing(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.cache.offer(begun(ROOM, START))
    bench.cache.stop()
    assert not bench.path.exists()


def test_only_the_owner_may_read_it_and_nothing_else_is_left(
    make: Callable[..., Bench], tmp_path: Path
) -> None:
    bench = make(every=0.0)
    for n in range(20):
        bench.cache.offer(changed(KNOWING, f"school {n}"))
        eventually(partial(bench.keeps, f"school {n}"))
    bench.cache.stop()
    assert [file.name for file in tmp_path.iterdir()] == ["known.json"]
    assert bench.path.stat().st_mode & 0o777 == 0o600


def test_the_main_loop_never_waits_for_a_slow_disk(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    bench = make(every=0.0)
    fsync = os.fsync

    def slow(descriptor: int) -> None:
        gate.wait(10)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    bench.cache.offer(KNOWING)
    eventually(lambda: bench.path.with_name("known.json.new").exists())
    for n in range(100):
        bench.cache.offer(changed(KNOWING, f"school {n}"))
    assert not bench.path.exists(), "the disk still hangs, and all was taken"
    gate.set()
    eventually(lambda: bench.path.exists() and bench.kept() == "school 99")


def test_a_disk_that_fails_and_works_again_is_told_both_times(make: Callable[..., Bench]) -> None:
    bench = make(every=0.02)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        bench.cache.offer(KNOWING)
        eventually(lambda: len(bench.box.faults) == 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    eventually(bench.path.exists)
    eventually(lambda: [fault.gone for fault in bench.box.faults] == [False, True])
    assert bench.kept() == "Test", "tried again by itself"


def test_of_two_who_write_the_disk_is_well_when_both_are() -> None:
    box = Box()
    disk = Disk(box)
    disk.tell("outbox", "no space")
    disk.tell("cache", "read-only")
    disk.tell("outbox", "no space")
    disk.tell("outbox", "")
    assert box.faults == [FaultFound("disk", "no space")]
    disk.tell("cache", "")
    disk.tell("cache", "")
    assert box.faults == [FaultFound("disk", "no space"), FaultFound("disk", "", gone=True)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"version":99}', b"\xff\x00" * 900])
def test_what_cannot_be_read_is_set_aside_in_place_of_what_was_before(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "known.json"
    for kept in (b"older rubbish", content):
        path.write_bytes(kept)
        assert Cache(path, disk=Disk(Box())).read() is None
    assert [file.name for file in tmp_path.iterdir()] == ["known.json.unreadable"]
    assert (tmp_path / "known.json.unreadable").read_bytes() == content
    assert "it is set aside" in caplog.text


def test_a_door_reads_at_its_start_what_it_wrote_and_does_not_write_it_again(
    make: Callable[..., Bench],
) -> None:
    first = make()
    first.cache.offer(KNOWING)
    first.cache.stop()
    second = make()
    memory = second.cache.read()
    assert memory is not None
    assert (memory.school, memory.epoch, memory.seq) == ("Test", 1, 7)
    second.cache.offer(KNOWING)
    second.cache.stop()
    assert second.writes == []


def test_nothing_kept_is_nothing_known(tmp_path: Path) -> None:
    assert Cache(tmp_path / "known.json", disk=Disk(Box())).read() is None
    (tmp_path / "known.json").mkdir()
    assert Cache(tmp_path / "known.json", disk=Disk(Box())).read() is None


WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from kiosk.cache import write_whole
n = 0
while True:
    n += 1
    write_whole(Path(sys.argv[1]), b"%d\\n" % n * (1000 + n % 7 * 1000))
    print(n, flush=True)
"""


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    for kill in range(10):
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", WRITES, str(path), str(ROOT)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process:
            for _ in range(1 + kill):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
            last = int((process.stdout.read().split() or ["1"])[-1])
        lines = path.read_text(encoding="ascii").split()
        n = int(lines[0])
        assert len(set(lines)) == 1, "of one write"
        assert len(lines) == 1000 + n % 7 * 1000, "and whole"
        assert n >= last, "not an older one than was told"
