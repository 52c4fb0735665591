"""How long a door waits before it connects again."""

from __future__ import annotations

import asyncio
import random
import threading
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from kiosk.inbox import LinkChanged
from kiosk.link.pauses import FIRST, SPREAD, pause
from tests.actors.stack import TIMEOUT, eventually
from tests.clock import FakeClock
from tests.kiosk.link.bench import Door, highest, misbehaving, welcome


def test_the_waits_between_attempts_double_up_to_a_bound(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9", uniform=highest) as door:
        eventually(lambda: len(door.waits.asked) >= 10)
        asked = door.waits.asked[:10]
    assert asked == [min(30.0, FIRST * 2**k) for k in range(1, 11)]


def test_a_ceiling_of_its_own_bounds_the_waits(tmp_path: Path) -> None:
    with Door(tmp_path, "ws://127.0.0.1:9", ceiling=2.0) as door:
        eventually(lambda: len(door.waits.asked) >= 40)
        assert all(0 <= seconds <= 2.0 for seconds in door.waits.asked)
        assert len(set(door.waits.asked[5:40])) > 30, "spread, not in step"


def test_a_connection_that_lasted_begins_the_waits_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    go = threading.Event()

    async def play(connection: ServerConnection) -> None:
        await welcome(connection)
        await asyncio.to_thread(go.wait, TIMEOUT)
        connection.transport.abort()

    with misbehaving(play) as server, Door(tmp_path, server, clock=clock, uniform=highest) as door:
        door.box.state("up")
        clock.advance(61)
        door.waits.gate.clear()
        go.set()
        eventually(lambda: bool(door.waits.asked))
        assert door.waits.asked == [FIRST * 2**SPREAD]


def arrivals(doors: int, *, away: float, seed: int) -> list[float]:
    """Play so many doors that lose their server at once; tells when each reaches it again."""
    reached = []
    for n in range(doors):
        drawn = random.Random(f"{seed}/{n}")
        at, failures = 0.0, SPREAD
        while True:
            at += pause(failures, 30.0, drawn.uniform)
            if at >= away:
                reached.append(at)
                break
            failures += 1
    return reached


@pytest.mark.parametrize("away", [0.0, 5.0, 60.0, 3600.0])
def test_a_thousand_doors_that_come_back_at_once_come_spread_over_seconds(away: float) -> None:
    reached = sorted(arrivals(1000, away=away, seed=1))
    busiest = max(sum(at <= other < at + 0.1 for other in reached) for at in reached)
    bound = min(30.0, FIRST * 2 ** (SPREAD + (4 if away else 0)))
    assert reached[-1] <= away + bound, "and none is left out for longer than the ceiling"
    assert busiest <= (45 if away == 0 else 30), f"{busiest} within 100 ms"


def test_full_jitter_is_even_between_nothing_and_its_bound() -> None:
    drawn = random.Random(7)
    waits = [pause(4, 30.0, drawn.uniform) for _ in range(8000)]
    bound = FIRST * 2**4
    eighths = [sum(n * bound / 8 <= wait < (n + 1) * bound / 8 for wait in waits) for n in range(8)]
    assert sum(eighths) == 8000
    # 1000 each, give or take; of eight such counts one is out by five deviations once in a million.
    assert all(abs(eighth - 1000) < 150 for eighth in eighths), eighths


def test_a_server_that_accepts_and_closes_at_once_is_not_stormed(tmp_path: Path) -> None:
    async def play(connection: ServerConnection) -> None:
        await connection.close(1011, "no")

    with misbehaving(play) as server, Door(tmp_path, server, uniform=highest) as door:
        eventually(lambda: len(door.waits.asked) >= 4)
        assert door.waits.asked[:4] == [FIRST * 2**k for k in range(1, 5)]
        assert not [item for item in door.box.seen if isinstance(item, LinkChanged) and item.state == "up"]
