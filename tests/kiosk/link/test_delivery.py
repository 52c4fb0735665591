"""What the door says until the server has answered."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kiosk.link.delivery
import kiosk.link.link
from events.clock import SystemClock
from events.search import Wish
from events.wire import (
    Air,
    ClientMessage,
    Done,
    Find,
    Motion,
    Pressed,
    Refused,
    SendPress,
    SendSensed,
    SetHeadcount,
    Stuck,
    Subscribe,
    Watching,
)
from kiosk.inbox import FaultFound, Kept, Noted
from kiosk.link.delivery import KEEP_SENSED
from kiosk.outbox import Outbox
from tests.actors.stack import TIMEOUT, eventually
from tests.kiosk.link.bench import ROOM, Door, Stage, misbehaving, pressed


def test_a_lost_acknowledgement_is_asked_for_again_over_the_next_line(tmp_path: Path) -> None:
    """Killed between commit and answer: the press comes again and gets the same answer."""

    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if not isinstance(message, SendPress):
            return []
        return [None] if connection == 1 else [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        (noted,) = door.press()
        acknowledged = door.box.message(Pressed)
        assert (acknowledged.ref, acknowledged.seq) == (noted.press, 7)
        first, second = stage.until(SendPress), stage.until(SendPress)
        assert (first.press, first.signature) == (second.press, second.signature)
        eventually(lambda: door.waiting() == [])
        assert stage.connections == 2


def test_an_acknowledgement_that_does_not_come_is_asked_for_over_the_same_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk.link.delivery, "RESEND", 0.1)
    deliveries = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal deliveries
        if not isinstance(message, SendPress):
            return []
        deliveries += 1
        return [pressed(message)] if deliveries == 2 else []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press()
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])
        assert (stage.connections, deliveries) == (1, 2)


def test_a_door_watches_only_once_its_outbox_is_empty(tmp_path: Path) -> None:
    held: list[SendPress] = []

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if isinstance(message, SendPress):
            held.append(message)
            return [pressed(item) for item in held] if len(held) == 3 else []
        return []

    box = Outbox(tmp_path / "outbox.db", SystemClock().now)
    box.close()
    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, "ws://127.0.0.1:9") as away:
        away.press(3)
        key = away.key
    with misbehaving(stage.play) as server, Door(tmp_path, server, key=key) as door:
        kept = door.box.until(Kept)
        assert len(kept.presses) == 3
        assert isinstance(stage.heard.get(timeout=TIMEOUT), Subscribe)
        order = [type(stage.heard.get(timeout=TIMEOUT)) for _ in range(5)]
        assert order == [Stuck, SendPress, SendPress, SendPress, Watching]
        assert [item.press.n for item in held] == [1, 2, 3]


def test_a_stuck_door_says_so_and_does_not_watch(tmp_path: Path) -> None:
    stage = Stage()
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.waits.gate.clear()
        assert not stage.until(Stuck).stuck
        stage.until(Watching)
        door.link.report_stuck(stuck=True)
        assert stage.until(Stuck).stuck
        door.link.report_stuck(stuck=False)
        assert not stage.until(Stuck).stuck


def test_a_press_that_is_refused_for_good_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if not isinstance(message, SendPress):
            return []
        if message.press.n == 1:
            return [Refused(code="bad-message", reason="no", ref=pressed(message).ref)]
        return [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press(2)
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])
        db = sqlite3.connect(door.path)
        assert db.execute("SELECT n, refused FROM press").fetchall() == [(1, "bad-message: no")]
        db.close()


def test_a_press_that_came_too_fast_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.link.delivery, "RESEND", 0.1)
    seen = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal seen
        if not isinstance(message, SendPress):
            return []
        seen += 1
        if seen == 1:
            return [Refused(code="too-fast", reason="later", ref=pressed(message).ref)]
        return [pressed(message)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.press()
        door.box.message(Pressed)
        eventually(lambda: door.waiting() == [])


def test_what_was_felt_is_sent_until_the_server_has_it(tmp_path: Path) -> None:
    """Killed between commit and answer: the same fact under the same name, and not a third time."""

    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if not isinstance(message, SendSensed):
            return []
        return [None] if connection == 1 else [Done(ref=message.id, seq=9)]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=12.5)
        first, second = stage.until(SendSensed), stage.until(SendSensed)
        assert (first.id, first.run, first.at) == (second.id, second.run, second.at) == (1, first.run, 12500)
        assert second.boottime >= first.boottime
        assert door.box.message(Done).ref == 1
        assert door.link._delivery.sensed == {}
        door.link.tell_sensed(Air(co2=700), at=13.0)
        assert stage.until(SendSensed).id == 2


def test_what_was_felt_while_away_is_sent_in_order_and_never_more_than_a_bound(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9") as away:
        away.waits.gate.clear()
        for n in range(KEEP_SENSED + 5):
            away.link.tell_sensed(Motion(), at=float(n))
        away.press()
        assert [message.at for message in away.link._delivery.sensed.values()] == [
            1000 * n for n in range(5, KEEP_SENSED + 5)
        ]


def test_what_was_felt_and_is_not_acknowledged_is_sent_again_over_the_same_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosk.link.delivery, "RESEND", 0.1)
    deliveries = 0

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        nonlocal deliveries
        if not isinstance(message, SendSensed):
            return []
        deliveries += 1
        if deliveries == 1:
            return []
        return [
            Refused(code="too-fast", reason="later", ref=message.id)
            if deliveries == 2
            else Done(ref=1, seq=2)
        ]

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.box.message(Done)
        assert (stage.connections, deliveries) == (1, 3)


def test_what_the_server_will_not_have_is_dropped_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(
        lambda message, _n: (
            [Refused(code="not-allowed", reason="no sensor here", ref=message.id)]
            if isinstance(message, SendSensed)
            else []
        )
    )
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.box.message(Refused)
        assert door.link._delivery.sensed == {}
    assert "no sensor here" in caplog.text


def test_of_several_counts_only_the_newest_is_sent_again(tmp_path: Path) -> None:
    def answer(message: ClientMessage, connection: int) -> list[Any]:
        if connection == 1 and isinstance(message, SetHeadcount) and message.count == 5:
            return [None]
        if connection == 2 and isinstance(message, SetHeadcount):
            return [Done(ref=message.id, seq=3)]
        return []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        for people in (3, 4, 5):
            door.link.recount(people)
        assert [stage.until(SetHeadcount).count for _ in range(4)] == [3, 4, 5, 5]
        door.box.message(Done)
        assert door.link._delivery.counted is None


def test_a_question_is_answered_under_the_number_it_was_asked_with(tmp_path: Path) -> None:
    """A wish and the first thing felt may have the same number: neither takes the other's answer."""

    def answer(message: ClientMessage, _connection: int) -> list[Any]:
        if isinstance(message, Find):
            return [Refused(code="unknown-room", reason="no such room", ref=message.id)]
        return []

    stage = Stage(answer)
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        door.box.state("up")
        door.link.tell_sensed(Motion(), at=1.0)
        door.link.find(Find(id=1, wish=Wish(origin=ROOM)))
        assert door.box.message(Refused).ref == 1
        assert list(door.link._delivery.sensed) == [1], "what was felt still waits"


@pytest.fixture
def card() -> Iterator[Callable[[bool], None]]:
    """Let the disk fail, or work again: this process may write no file, or may."""

    def works(yes: bool) -> None:  # noqa: FBT001  # the one thing it says
        limit = resource.RLIM_INFINITY if yes else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    yield works
    works(True)


def test_a_door_without_a_disk_says_so_and_delivers_from_memory(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server) as door:
        assert door.box.until(FaultFound).what == "disk"
        door.press()
        door.box.message(Pressed)


def test_a_disk_that_fails_and_works_again_is_told_both_times_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: Callable[[bool], None]
) -> None:
    monkeypatch.setattr(kiosk.link.link, "ALIVE_EVERY", 0.05)
    with Door(tmp_path, "ws://127.0.0.1:9") as door:
        before = door.press()
        card(False)
        door.link.submit("present", at=SystemClock().boottime())
        fault = door.box.until(FaultFound)
        assert (fault.what, fault.gone, bool(fault.why)) == ("disk", False, True)
        during = [door.box.until(Noted), *door.press()]
        card(True)
        assert door.box.until(FaultFound).gone
        after = door.press()
        key = door.key
    stage = Stage(lambda message, _n: [pressed(message)] if isinstance(message, SendPress) else [])
    with misbehaving(stage.play) as server, Door(tmp_path, server, key=key) as door:
        kept = door.box.until(Kept)
        assert [item.press for item in kept.presses] == [item.press for item in (*before, *during, *after)]
        for _ in range(4):
            door.box.message(Pressed)
        eventually(lambda: door.link._outbox.waiting() == [])
