"""The door's outbox: what it has said that it keeps, it keeps."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from events.domain import Press
from events.ids import EventId, KioskId, RoomKey
from events.signing import new_key, sign_press
from kiosk.outbox import Kept, Outbox
from tests.clock import START

KEY = new_key()
ROOT = Path(__file__).resolve().parent.parent.parent


def now() -> datetime:
    return START


def make(outbox: str, n: int) -> tuple[Press, str]:
    press = Press(
        kiosk=KioskId("ab" * 16),
        outbox=outbox,
        n=n,
        room=RoomKey("L213"),
        intent="present",
        boot_id="run",
        boottime=n,
        wall=START,
    )
    return press, sign_press(KEY, press)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "door" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    it = Outbox(path, now)
    yield it
    it.close()


def reopened(path: Path) -> tuple[str, list[Kept]]:
    it = Outbox(path, now)
    try:
        return it.name, it.waiting()
    finally:
        it.close()


def test_presses_wait_in_order_until_they_are_removed(outbox: Outbox) -> None:
    kept = [outbox.add(make) for _ in range(3)]
    assert [item.press.n for item in kept] == [1, 2, 3]
    assert outbox.waiting() == kept
    assert outbox.remove(kept[1].name)
    assert not outbox.remove(kept[1].name), "a second acknowledgement is none"
    assert outbox.waiting() == [kept[0], kept[2]]


def test_a_press_is_named_by_door_file_and_number(outbox: Outbox) -> None:
    kept = outbox.add(make)
    assert kept.name == f"{'ab' * 16}.{outbox.name}.1"
    assert not outbox.remove(EventId(f"{'ab' * 16}.other.1")), "another file's press is not ours"
    assert not outbox.remove(EventId("nonsense"))
    assert not outbox.remove(EventId(f"{'ab' * 16}.{outbox.name}.x"))
    assert outbox.waiting() == [kept]


def test_what_was_added_is_there_when_it_is_opened_again(path: Path, outbox: Outbox) -> None:
    kept = [outbox.add(make) for _ in range(3)]
    outbox.close()
    assert reopened(path) == (outbox.name, kept)


def test_numbers_are_never_used_twice_even_when_all_presses_are_gone(path: Path) -> None:
    for n in range(1, 6):
        it = Outbox(path, now)
        kept = it.add(make)
        assert kept.press.n == n
        it.remove(kept.name)
        assert it.waiting() == []
        it.close()


def test_every_file_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert len({reopened(tmp_path / f"{n}.db")[0] for n in range(20)}) == 20


def test_a_press_that_is_set_aside_is_kept_and_delivered_no_more(path: Path, outbox: Outbox) -> None:
    first, second = outbox.add(make), outbox.add(make)
    outbox.set_aside(first.name, "bad-message: wrong signature")
    outbox.set_aside(EventId("nobody's"), "whatever")
    assert outbox.waiting() == [second]
    outbox.close()
    db = sqlite3.connect(path)
    rows = db.execute("SELECT n, refused FROM press ORDER BY n").fetchall()
    db.close()
    assert rows == [(1, "bad-message: wrong signature"), (2, None)]


def test_a_press_that_could_not_be_made_takes_no_number(outbox: Outbox) -> None:
    def fails(_outbox: str, _n: int) -> tuple[Press, str]:
        raise RuntimeError("no key")

    with pytest.raises(RuntimeError):
        outbox.add(fails)
    assert outbox.add(make).press.n == 1


def test_a_press_is_on_the_disk_before_add_returns(path: Path, outbox: Outbox) -> None:
    kept = outbox.add(make)
    db = sqlite3.connect(path)
    assert db.execute("SELECT signature FROM press").fetchall() == [(kept.signature,)]
    db.close()
    assert outbox._db is not None
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)


ADDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from events.domain import Press
from kiosk.outbox import Outbox
now = datetime(2026, 11, 20, 7, tzinfo=UTC)

def make(outbox, n):
    press = Press(
        kiosk="ab" * 16, outbox=outbox, n=n, room="L213", intent="present",
        boot_id="run", boottime=n, wall=now,
    )
    return press, "00" * 64

outbox = Outbox(Path(sys.argv[1]), lambda: now)
while True:
    print(outbox.add(make).name, flush=True)
"""


def test_every_press_reported_survives_twenty_kills_between_and_during_adds(path: Path) -> None:
    reported: list[str] = []
    for kill in range(20):
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", ADDS, str(path), str(ROOT)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process:
            reported += [process.stdout.readline().strip() for _ in range(1 + kill % 3)]
            os.kill(process.pid, signal.SIGKILL)
            reported += process.stdout.read().split()
    _name, waiting = reopened(path)
    names = [str(kept.name) for kept in waiting]
    assert len(reported) >= 20
    assert set(reported) <= set(names), "nothing that was reported is missing"
    assert len(names) == len(set(names))
    assert [kept.press.n for kept in waiting] == list(range(1, len(names) + 1)), "no number twice, no gap"
    assert len(names) - len(set(reported)) <= 20, "at most the one in whose middle it was killed"


def fill(path: Path, count: int = 50) -> bytes:
    it = Outbox(path, now)
    for _ in range(count):
        it.add(make)
    it.close()
    return path.read_bytes()


@pytest.mark.parametrize("keep", [100, 2000, 4096, 5000, 12_000])
def test_a_truncated_file_is_set_aside_and_the_door_goes_on(
    path: Path, caplog: pytest.LogCaptureFixture, keep: int
) -> None:
    whole = fill(path)
    path.write_bytes(whole[:keep])
    it = Outbox(path, now)
    assert it.fault == ""
    assert it.add(make).press.n == 1
    assert it.waiting()[0].press.outbox == it.name
    it.close()
    (aside,) = path.parent.glob("outbox.db.damaged-*")
    assert aside.read_bytes()[:100] == whole[: min(keep, 100)]
    assert aside.name in caplog.text
    assert len(reopened(path)[1]) == 1


def test_a_file_of_rubbish_is_set_aside_and_never_deleted(path: Path) -> None:
    path.parent.mkdir()
    rubbish = b"\x00\xff" * 5000
    path.write_bytes(rubbish)
    it = Outbox(path, now)
    assert (it.fault, it.add(make).press.n) == ("", 1)
    it.close()
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == rubbish


def test_an_empty_file_is_a_new_outbox(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    it = Outbox(path, now)
    assert (it.fault, it.add(make).press.n) == ("", 1)
    it.close()


def test_one_press_that_cannot_be_read_does_not_hold_up_the_others(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(path, 3)
    db = sqlite3.connect(path)
    db.execute("UPDATE press SET body = ? WHERE n = 2", (b'{"kiosk": "\xff',))
    db.commit()
    db.close()
    _name, waiting = reopened(path)
    assert [kept.press.n for kept in waiting] == [1, 3]
    assert "press 2 of the outbox cannot be read" in caplog.text


@pytest.mark.parametrize("where", ["a directory", "below a file", "in /proc"])
def test_where_nothing_can_be_written_presses_are_kept_in_memory_and_it_is_told(
    tmp_path: Path, where: str
) -> None:
    paths = {
        "a directory": tmp_path / "folder",
        "below a file": tmp_path / "file" / "outbox.db",
        "in /proc": Path("/proc/toctoc/outbox.db"),
    }
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    it = Outbox(paths[where], now)
    assert it.fault
    kept = it.add(make)
    assert it.waiting() == [kept]
    assert it.remove(kept.name)
    it.close()


@pytest.fixture
def card() -> Iterator[Card]:
    """A disk that the test lets fail and work: this process may write no file, or may again."""
    card = Card()
    yield card
    card.works()


class Card:
    def fails(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def works(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_disk_that_fails_later_does_not_lose_the_press_that_found_out(path: Path, card: Card) -> None:
    it = Outbox(path, now)
    before = it.add(make)
    card.fails()
    after = it.add(make)
    assert it.fault
    assert (after.press.n, after.press.outbox) == (1, it.name)
    assert it.name != before.press.outbox, "under another name, as numbers may not be used twice"
    assert it.waiting() == [before, after], "what the disk holds can still be read"
    it.close()
    card.works()
    assert [kept.name for kept in reopened(path)[1]] == [before.name]


def test_a_disk_that_works_again_takes_what_was_in_memory(path: Path, card: Card) -> None:
    it = Outbox(path, now)
    first = it.add(make)
    card.fails()
    kept = [it.add(make) for _ in range(3)]
    assert not it.recover(), "it still fails"
    assert it.waiting() == [first, *kept]
    card.works()
    assert it.recover()
    assert it.fault == ""
    later = it.add(make)
    assert (later.press.outbox, later.press.n) == (first.press.outbox, 2), "the file's numbers go on"
    it.close()
    assert reopened(path)[1] == [first, *kept, later], "in the order in which they were made"


def test_what_was_acknowledged_while_the_disk_failed_is_gone_once_it_works(path: Path, card: Card) -> None:
    it = Outbox(path, now)
    stored = [it.add(make) for _ in range(3)]
    card.fails()
    held = [it.add(make) for _ in range(3)]
    assert it.remove(stored[0].name)
    assert not it.remove(stored[0].name), "a second acknowledgement is none"
    assert it.remove(held[0].name)
    it.set_aside(stored[1].name, "bad-message: no")
    it.set_aside(held[1].name, "bad-message: no")
    assert it.waiting() == [stored[2], held[2]]
    card.works()
    assert it.recover()
    assert it.waiting() == [stored[2], held[2]]
    assert it.remove(held[2].name)
    it.close()
    assert reopened(path)[1] == [stored[2]]
    db = sqlite3.connect(path)
    assert db.execute("SELECT n, refused FROM press WHERE refused IS NOT NULL").fetchall() == [
        (2, "bad-message: no")
    ]
    assert db.execute("SELECT name, refused FROM carried").fetchall() == [(held[1].name, "bad-message: no")]
    db.close()


def test_an_acknowledgement_that_the_disk_does_not_take_is_remembered(path: Path, card: Card) -> None:
    it = Outbox(path, now)
    kept = it.add(make)
    card.fails()
    assert it.remove(kept.name)
    assert (bool(it.fault), it.waiting()) == (True, [])
    it.close()
    card.works()
    assert reopened(path)[1] == [kept], "sent once more, and the log knows its name"


def test_a_door_that_starts_on_a_disk_it_cannot_write_delivers_what_lies_there(
    path: Path, card: Card
) -> None:
    before = Outbox(path, now)
    kept = before.add(make)
    before.close()
    card.fails()
    it = Outbox(path, now)
    assert it.fault
    assert it.waiting() == [kept]
    later = it.add(make)
    card.works()
    assert it.recover()
    assert it.waiting() == [kept, later]
    it.close()


def test_a_disk_that_fails_twice_keeps_everything(path: Path, card: Card) -> None:
    it = Outbox(path, now)
    made = []
    for _ in range(3):
        made.append(it.add(make))
        card.fails()
        made += [it.add(make) for _ in range(2)]
        card.works()
        assert it.recover()
    assert it.waiting() == made
    it.close()
    names = [kept.name for kept in reopened(path)[1]]
    assert names == [kept.name for kept in made]
    assert len(set(names)) == 9


def test_a_folder_that_comes_late_is_used_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "door").touch()
    path = tmp_path / "door" / "outbox.db"
    it = Outbox(path, now)
    kept = it.add(make)
    assert not it.recover()
    (tmp_path / "door").unlink()
    assert it.recover()
    it.close()
    assert reopened(path)[1] == [kept]
