"""Whose turn it is."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entry.turns import SHARE, TooMany, Turns

FOREVER = 60.0


class Clients:
    """Clients that come, say hello when the test says so, and are gone."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.inside: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}

    async def comes(self, name: str) -> None:
        """A client of the address that its name begins with."""
        self._done[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._be(name))
        await self._settle()

    async def _be(self, name: str) -> None:
        async with self._turns.turn(name[0], limit=FOREVER):
            self.inside.append(name)
            await self._done[name].wait()
        self.inside.remove(name)

    async def goes(self, name: str) -> None:
        """It has said hello, or was cut off."""
        self._done[name].set()
        await self._settle()

    async def hangs_up(self, name: str) -> None:
        """Its connection breaks, wherever it is."""
        task = self._tasks[name]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if name in self.inside:
            self.inside.remove(name)
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def test_who_is_alone_at_their_address_has_the_next_place() -> None:
    async def play() -> None:
        clients = Clients(Turns(5))
        for n in range(100):
            await clients.comes(f"a{n}")
        assert clients.inside == ["a0", "a1", "a2", "a3"], "no address holds all"
        await clients.comes("b0")
        assert clients.inside[-1] == "b0"
        await clients.comes("c0")
        assert "c0" not in clients.inside
        await clients.goes("a0")
        assert clients.inside[-1] == "c0", "before ninety-six that came earlier"
        await clients.goes("b0")
        assert clients.inside[-1] == "a4"
        await clients.close()

    asyncio.run(play())


def test_the_clients_of_one_address_come_in_their_order() -> None:
    async def play() -> None:
        clients = Clients(Turns(1))
        for n in range(5):
            await clients.comes(f"a{n}")
        for n in range(5):
            assert clients.inside == [f"a{n}"]
            await clients.goes(f"a{n}")
        await clients.close()

    asyncio.run(play())


def test_who_waits_too_long_is_sent_away_and_leaves_no_trace() -> None:
    async def play() -> None:
        turns = Turns(1)
        async with turns.turn("a", limit=FOREVER):
            with pytest.raises(TooMany):
                async with turns.turn("b", limit=0.0):
                    pytest.fail("it was not its turn")
            assert turns.held == 1
        assert turns.held == 0
        async with turns.turn("b", limit=FOREVER):
            assert turns.held == 1

    asyncio.run(play())


def test_more_places_are_given_away_at_once() -> None:
    async def play() -> None:
        turns = Turns(1)
        clients = Clients(turns)
        for name in ("a0", "b0", "c0"):
            await clients.comes(name)
        turns.resize(3)
        await clients.goes("a0")
        assert set(clients.inside) == {"b0", "c0"}
        await clients.close()

    asyncio.run(play())


@given(
    st.integers(min_value=1, max_value=8),
    st.lists(
        st.tuples(st.sampled_from(["comes", "goes", "hangs_up"]), st.sampled_from("abc"), st.integers(0, 9))
    ),
)
def test_no_place_is_lost_none_is_given_twice_and_none_stays_free(
    places: int, steps: list[tuple[str, str, int]]
) -> None:
    async def play() -> None:
        turns = Turns(places)
        clients = Clients(turns)
        there: set[str] = set()
        for what, address, n in steps:
            name = f"{address}{n}"
            if (what == "comes") == (name in there):
                continue
            if what == "goes" and name not in clients.inside:
                continue
            await getattr(clients, what)(name)
            there ^= {name}
            most = max(1, int(places * SHARE))
            held = {a: sum(one[0] == a for one in clients.inside) for a in "abc"}
            waiting = {a: sum(one[0] == a for one in there) - held[a] for a in "abc"}
            assert turns.held == len(clients.inside) <= places
            assert max(held.values()) <= most
            if len(clients.inside) < places:
                assert all(not waiting[a] or held[a] == most for a in "abc")
        await clients.close()
        assert turns.held == 0

    asyncio.run(play())


def test_all_are_let_in_who_came_together() -> None:
    async def play() -> None:
        turns = Turns(50)
        done: list[int] = []

        async def client(n: int) -> None:
            async with turns.turn("a", limit=FOREVER):
                await asyncio.sleep(0)
                done.append(n)

        await asyncio.gather(*(client(n) for n in range(2000)))
        assert done == list(range(2000))

    asyncio.run(play())
