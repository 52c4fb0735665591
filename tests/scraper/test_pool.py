"""Turns and the pool: proven by servers that count and calls that wait for each other, not by clocks."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import TimedOut, Unreachable
from scraper.fetch import NotModified, Page, TimetableClient
from scraper.pool import Outcome, Pool, host_of
from scraper.turns import FIRST_RETRY, JITTER, MOST_BACK_OFF, MOST_OBEYED, Turns, next_try
from tests.scraper.web import Handler, serving

PATIENCE = 10.0

# Whose turn it is

tickets = st.lists(st.frozensets(st.sampled_from("abcd"), max_size=3), max_size=30)


@given(
    asked=tickets,
    at_once=st.integers(1, 6),
    per_lane=st.integers(1, 3),
    narrow=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4)),
    data=st.data(),
)
def test_turns_are_within_all_limits_fair_and_never_wasted(
    asked: list[frozenset[str]], at_once: int, per_lane: int, narrow: dict[str, int], data: st.DataObject
) -> None:
    turns = Turns(at_once=at_once, per_lane=per_lane, lanes=narrow)
    coming = list(enumerate(asked))
    started: list[int] = []
    while coming or turns.waiting or turns.running:
        if coming and (not turns.running or data.draw(st.booleans())):
            turns.ask(*coming.pop(0))
        elif turns.running:
            turns.done(data.draw(st.sampled_from(turns.running)))
        new = turns.start()
        started += new
        load = {lane: sum(lane in asked[it] for it in turns.running) for lane in "abcd"}
        assert len(turns.running) <= at_once
        assert all(load[lane] <= narrow.get(lane, per_lane) for lane in load)
        for waiting in turns.waiting:
            full = [lane for lane in asked[waiting] if load[lane] == narrow.get(lane, per_lane)]
            assert full or len(turns.running) == at_once
            # Nobody who came later and passes the same lanes was let in before.
            assert all(it < waiting or asked[it] != asked[waiting] for it in new)
    assert sorted(started) == list(range(len(asked)))


@given(asked=tickets, data=st.data())
def test_who_is_not_wanted_any_more_holds_up_nobody(asked: list[frozenset[str]], data: st.DataObject) -> None:
    turns = Turns(at_once=3, per_lane=1)
    for ticket, lanes in enumerate(asked):
        turns.ask(ticket, lanes)
    turns.start()
    for ticket in data.draw(st.permutations(range(len(asked)))):
        turns.done(ticket)
        turns.done(ticket)
        turns.start()
    assert not turns.waiting
    assert not turns.running


def test_turns_refuse_what_makes_no_sense() -> None:
    for at_once, per_lane in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least one"):
            Turns(at_once=at_once, per_lane=per_lane)
    with pytest.raises(ValueError, match="at least one"):
        Turns(at_once=1, per_lane=1, lanes={"chromium": 0})
    turns = Turns(at_once=1, per_lane=1)
    turns.ask(1, "a")
    with pytest.raises(ValueError, match="already there"):
        turns.ask(1, "b")


# When the next turn comes

seconds = st.floats(0, 1e9)
chance = st.floats(0, 1, exclude_max=True)


@given(now=seconds, refresh=st.floats(1, 86_400), r=chance)
def test_a_success_is_followed_by_one_refresh(now: float, refresh: float, r: float) -> None:
    wait = next_try(now, refresh, 0, None, lambda: r) - now
    assert refresh - 1e-6 <= wait <= refresh * (1 + JITTER) + 1e-6


@given(refresh=st.floats(1, 86_400), failures=st.integers(1, 10_000), r=chance)
def test_failures_back_off_up_to_a_limit(refresh: float, failures: int, r: float) -> None:
    wait = next_try(0.0, refresh, failures, None, lambda: r)
    more = next_try(0.0, refresh, failures + 1, None, lambda: r)
    first = next_try(0.0, refresh, 1, None, lambda: r)
    assert first <= min(refresh, FIRST_RETRY)
    assert 0 < wait <= more <= max(MOST_BACK_OFF, refresh)
    assert wait >= min(refresh, FIRST_RETRY) / 2


@given(refresh=st.floats(1, 86_400), failures=st.integers(0, 50), retry_after=st.floats(0, 1e12), r=chance)
def test_a_server_is_never_asked_before_it_wants_to_be(
    refresh: float, failures: int, retry_after: float, r: float
) -> None:
    wait = next_try(0.0, refresh, failures, retry_after, lambda: r)
    assert wait >= min(retry_after, MOST_OBEYED)
    assert wait >= next_try(0.0, refresh, failures, None, lambda: r)
    assert wait <= max(MOST_OBEYED, refresh) * (1 + JITTER)


# The pool


def collect(futures: list[Future[Outcome[Any]]]) -> list[Outcome[Any]]:
    return [future.result(PATIENCE) for future in futures]


def test_forty_hosts_are_asked_together() -> None:
    """No call ends before all have begun: one after another it would hang."""
    wait = partial(threading.Barrier(40).wait, PATIENCE)
    with Pool() as pool:
        futures = [
            pool.submit(wait, key=f"{n}", hosts=[f"{n}.example"], deadline=PATIENCE) for n in range(40)
        ]
        assert [it.error for it in collect(futures)] == [None] * 40


class Counting:
    """A server's answer that counts how many are with it, and waits until two are or nobody comes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = self.served = 0
        self.two = threading.Event()

    def __call__(self, h: Handler) -> None:
        with self.lock:
            self.now += 1
            self.served += 1
            self.most = max(self.most, self.now)
            if self.now == 2:
                self.two.set()
        assert self.two.wait(PATIENCE)
        with self.lock:
            self.now -= 1
        h.reply(200, b"here")


def fetch(url: str) -> bytes:
    with TimetableClient(allow_private=True) as client:
        return client.fetch_page(url).body


def test_one_host_is_asked_twice_at_once_and_not_more() -> None:
    with serving() as server, Pool() as pool:
        counting = Counting()
        url = server.at("/", counting)
        futures = [
            pool.submit(partial(fetch, url), key=f"{n}", hosts=[host_of(url)], deadline=PATIENCE)
            for n in range(20)
        ]
        assert [it.value for it in collect(futures)] == [b"here"] * 20
        assert (counting.most, counting.served) == (2, 20)


def test_a_host_that_hangs_delays_no_other() -> None:
    over = threading.Event()
    with Pool(at_once=4) as pool:
        slow = [
            pool.submit(over.wait, key=f"slow {n}", hosts=["slow.example"], deadline=PATIENCE)
            for n in range(10)
        ]
        fast = [
            pool.submit(lambda: "fast", key=f"fast {n}", hosts=["fast.example"], deadline=PATIENCE)
            for n in range(10)
        ]
        assert [it.value for it in collect(fast)] == ["fast"] * 10
        assert not any(it.done() for it in slow)
        over.set()
        assert [it.value for it in collect(slow)] == [True] * 10


def test_there_is_one_browser_for_all() -> None:
    lock, more = threading.Lock(), threading.Event()

    def only() -> bool:
        assert lock.acquire(blocking=False)
        more.wait(0.01)
        lock.release()
        return True

    with Pool(lanes={"chromium": 1}) as pool:
        futures = [
            pool.submit(only, key=f"{n}", hosts=[f"{n}.example", "chromium"], deadline=PATIENCE)
            for n in range(9)
        ]
        assert [it.error for it in collect(futures)] == [None] * 9


def test_what_a_call_raises_is_its_outcome() -> None:
    with Pool(at_once=1) as pool:
        for error in (ValueError("x"), SystemExit(1), KeyboardInterrupt()):

            def fail(error: BaseException = error) -> None:
                raise error

            outcome = pool.submit(fail, key="one", hosts=[], deadline=PATIENCE).result(PATIENCE)
            assert outcome.error is error
            assert outcome.key == "one"
        assert pool.submit(lambda: 7, key="one", hosts=[], deadline=PATIENCE).result(PATIENCE).value == 7


def test_a_call_that_hangs_fails_at_its_deadline_and_gives_its_place_away() -> None:
    over = threading.Event()
    told = threading.Event()
    with Pool(at_once=1) as pool:
        hanging = pool.submit(over.wait, key="a", hosts=["a"], deadline=0.05, abort=told.set)
        behind = pool.submit(lambda: 1, key="b", hosts=["a"], deadline=PATIENCE)
        outcome = hanging.result(PATIENCE)
        assert isinstance(outcome.error, TimedOut)
        assert outcome.took >= 0.05
        assert told.is_set()
        assert behind.result(PATIENCE).value == 1
        # Its thread still hangs: the same source is not begun a second time.
        again = pool.submit(lambda: 1, key="a", hosts=["a"], deadline=PATIENCE).result(PATIENCE)
        assert isinstance(again.error, TimedOut)
        assert "not over" in str(again.error)
        over.set()


def test_a_fetch_that_hangs_is_broken_off_at_the_deadline_of_the_pool() -> None:
    with serving() as server, Pool() as pool, TimetableClient(allow_private=True) as client:
        ended: list[Page | NotModified | Exception] = []

        def silent(h: Handler) -> None:
            h.server.stopped.wait(PATIENCE)

        def call() -> None:
            try:
                ended.append(client.fetch(server.at("/", silent)))
            except Unreachable as error:
                ended.append(error)

        outcome = pool.submit(call, key="a", hosts=["a"], deadline=0.1, abort=client.abort).result(PATIENCE)
        assert isinstance(outcome.error, TimedOut)
        pool.close()
        assert [type(it) for it in ended] == [Unreachable]


def test_whoever_is_told_may_ask_for_the_same_again() -> None:
    with Pool(at_once=1) as pool:
        again: Future[Outcome[int]] = Future()

        def told(_: Future[Outcome[int]]) -> None:
            future = pool.submit(lambda: 2, key="a", hosts=["a"], deadline=PATIENCE)
            future.add_done_callback(lambda it: again.set_result(it.result()))

        pool.submit(lambda: 1, key="a", hosts=["a"], deadline=PATIENCE).add_done_callback(told)
        assert again.result(PATIENCE).value == 2


def test_what_is_cancelled_before_its_turn_never_runs() -> None:
    over = threading.Event()
    ran: list[int] = []
    with Pool(at_once=1) as pool:
        first = pool.submit(over.wait, key="a", hosts=[], deadline=PATIENCE)
        second = pool.submit(lambda: ran.append(2), key="b", hosts=[], deadline=PATIENCE)
        third = pool.submit(lambda: ran.append(3), key="c", hosts=[], deadline=PATIENCE)
        assert second.cancel()
        over.set()
        collect([first, third])
    assert ran == [3]


def test_closing_ends_at_once_whatever_hangs() -> None:
    over = threading.Event()
    told = threading.Event()
    began = threading.Event()

    def hang() -> None:
        began.set()
        over.wait(PATIENCE)

    pool = Pool(at_once=1)
    running = pool.submit(hang, key="a", hosts=[], deadline=PATIENCE, abort=told.set)
    waiting = pool.submit(lambda: 1, key="b", hosts=[], deadline=PATIENCE)
    assert began.wait(PATIENCE)
    pool.close(patience=0.05)
    assert told.is_set()
    assert isinstance(running.result(0).error, Unreachable)
    with pytest.raises(CancelledError):
        waiting.result(0)
    assert pool.submit(lambda: 1, key="c", hosts=[], deadline=PATIENCE).cancelled()
    pool.close()
    over.set()


def test_an_abort_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()

    def fail() -> None:
        raise ValueError

    with Pool() as pool:
        future = pool.submit(over.wait, key="a", hosts=[], deadline=0.01, abort=fail)
        assert isinstance(future.result(PATIENCE).error, TimedOut)
        over.set()
    assert "could not be given up" in caplog.text


def test_a_pool_keeps_no_more_threads_than_work_at_once() -> None:
    with Pool(at_once=3) as pool:
        futures = [pool.submit(lambda: 1, key=f"{n}", hosts=[], deadline=PATIENCE) for n in range(200)]
        collect(futures)
        assert len(pool._threads) <= 3


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://ADE.example.org:8443/x?y", "ade.example.org"),
        ("http://school.example./", "school.example"),
        ("http://[::1]:80/", "::1"),
        ("http://[", ""),
        ("file.html", ""),
    ],
)
def test_hosts(url: str, host: str) -> None:
    assert host_of(url) == host
