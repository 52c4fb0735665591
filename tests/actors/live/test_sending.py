"""What the gateway has for a client goes out in as few writes as may be, and late for nobody."""

from __future__ import annotations

import asyncio
import queue
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import actors.entry.listener
import actors.live.awaited
import actors.live.writes
from actors.live.connection import Packed, WebSocket
from actors.live.hub import Hub
from actors.live.latest import Update
from events.ids import EventId, RoomKey
from events.wire import Hello, RoomDay, RoomPresence
from tests.actors.stack import TIMEOUT, School, Talk, greeted, running

BOARD = Hello(role="board")
L213, L227 = RoomKey("L213"), RoomKey("L227")


def on_loop(hub: Hub, function: Callable[[], None]) -> None:
    """Run a function on the loop, and wait until it has."""
    done: queue.Queue[None] = queue.Queue()

    def run() -> None:
        function()
        done.put(None)

    hub.call(run)
    done.get(timeout=TIMEOUT)


def change(hub: Hub, *rooms: RoomKey, day: bool = False) -> None:
    """Have rooms told anew, each as an update of its own. On the loop."""
    latest = hub.latest
    for room in rooms:
        hub.update(Update(seq=latest.seq, frames=((latest.frames[room], day),)))


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The types of the messages of each write that bypasses the library."""
    written: list[list[str]] = []
    whole = WebSocket.write_all

    def write_all(connection: WebSocket, messages: Sequence[Packed]) -> int:
        written.append([message.text.split('"', 4)[3] for message in messages])
        return whole(connection, messages)

    monkeypatch.setattr(WebSocket, "write_all", write_all)
    return written


def follow(school: School) -> Talk:
    talk = greeted(school.address, BOARD)
    talk.snapshot("school")
    return talk


def test_what_comes_together_is_one_write(tmp_path: Path, writes: list[list[str]]) -> None:
    with running(tmp_path) as school, follow(school) as board:
        hub = school.hub
        writes.clear()
        on_loop(hub, lambda: change(hub, L213, L227, L213))
        assert [board.until(RoomPresence).room for _ in range(3)] == [L213, L227, L213]
        assert writes == [["room-presence"] * 3]


def test_the_system_keeps_little_for_a_client_that_does_not_read(tmp_path: Path) -> None:
    with running(tmp_path) as school, follow(school):
        hub = school.hub
        kept: list[int] = []

        def look() -> None:
            for client in hub.fanout:
                assert isinstance(client.connection, WebSocket)
                connected = client.connection.raw.transport.get_extra_info("socket")
                kept.append(connected.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF))

        on_loop(hub, look)
        # Linux doubles what it is told (socket(7)).
        assert kept == [2 * actors.entry.listener.KERNEL]


def test_a_day_comes_before_who_is_there(tmp_path: Path, writes: list[list[str]]) -> None:
    with running(tmp_path) as school, follow(school) as board:
        hub = school.hub
        writes.clear()
        on_loop(hub, lambda: change(hub, L213, day=True))
        assert isinstance(board.hear(), RoomDay)
        assert isinstance(board.hear(), RoomPresence)
        assert writes == [["room-day", "room-presence"]]


def test_presses_on_their_way_are_waited_for_and_the_last_ends_the_wait(
    tmp_path: Path, writes: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.writes, "GATHER", TIMEOUT * 10)
    monkeypatch.setattr(actors.live.awaited, "GATHER_AFTER", TIMEOUT * 10)
    with running(tmp_path) as school, follow(school) as board:
        hub, press = school.hub, EventId("press")

        def first() -> None:
            hub.fanout._writes._took = TIMEOUT * 10
            hub.fanout._awaited.expect(press, 0)
            change(hub, L213)

        def last() -> None:
            frames = ((hub.latest.frames[L227], False),)
            hub.update(Update(seq=hub.latest.seq, frames=frames, answers=((press, "{}"),)))

        writes.clear()
        on_loop(hub, first)
        assert writes == []
        on_loop(hub, last)
        assert [board.until(RoomPresence).room for _ in range(2)] == [L213, L227]
        assert writes == [["room-presence"] * 2]


def test_a_press_that_meets_something_slow_delays_nobody(tmp_path: Path, writes: list[list[str]]) -> None:
    with running(tmp_path) as school, follow(school) as board:
        hub = school.hub

        def stuck() -> None:
            awaited, writes = hub.fanout._awaited, hub.fanout._writes
            awaited.expect(EventId("press"), 0)
            awaited._asked_at -= 2 * actors.live.awaited.GATHER_AFTER
            change(hub, L213)
            assert writes._due is not None
            assert not isinstance(writes._due, asyncio.TimerHandle)

        on_loop(hub, stuck)
        assert board.until(RoomPresence).room == L213


def test_a_press_that_is_waited_for_in_vain_delays_by_a_hundredth_of_a_second_at_most(
    tmp_path: Path, writes: list[list[str]]
) -> None:
    with running(tmp_path) as school, follow(school) as board:
        hub = school.hub
        due: list[float] = []

        def waiting() -> None:
            awaited, writes = hub.fanout._awaited, hub.fanout._writes
            writes._took = 5.0
            awaited.expect(EventId("press"), 0)
            change(hub, L213)
            assert isinstance(writes._due, asyncio.TimerHandle)
            due.append(writes._due.when() - awaited._asked_at)

        on_loop(hub, waiting)
        assert board.until(RoomPresence).room == L213
        assert due[0] == pytest.approx(actors.live.writes.GATHER, abs=0.005)
