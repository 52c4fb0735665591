"""Fetches many sources at once, politely, without any of them delaying another.

A pool of threads; most of them wait for somebody else's server. Whose turn it is says `scraper.turns`:
at most two at once to one host. A call that is refused its turn occupies no thread.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from itertools import count
from typing import Any, Generic, Self, TypeVar

from msgspec import Struct

from scraper.errors import TimedOut, Unreachable
from scraper.turns import Turns

logger = logging.getLogger(__name__)

AT_ONCE = 40
"""Calls at the same time. Their threads wait nearly all the time."""
PER_HOST = 2
"""Calls at the same time to one host."""

T = TypeVar("T")


class Outcome(Struct, Generic[T], frozen=True, kw_only=True):
    """How a call ended.

    Attributes:
        key: Its name.
        value: What it returned; None if it failed.
        error: What it raised, whatever that was; `TimedOut` when its deadline passed or when the call
            of that name before it still hangs, `Unreachable` when the pool was closed; None if it
            returned.
        waited: Seconds until its turn came.
        took: Seconds that it ran.
    """

    key: str
    value: T | None = None
    error: BaseException | None = None
    waited: float = 0.0
    took: float = 0.0


class _Job:
    """A call in the pool. Only its future is touched without the pool's lock."""

    def __init__(
        self, key: str, call: Callable[[], Any], deadline: float, abort: Callable[[], None] | None
    ) -> None:
        self.key, self.call, self.seconds, self.abort = key, call, deadline, abort
        self.future: Future[Outcome[Any]] = Future()
        self.asked_at = time.monotonic()
        self.started_at = 0.0
        self.told = False

    def outcome(self, value: Any = None, error: BaseException | None = None) -> Outcome[Any]:
        now = time.monotonic()
        started = self.started_at or now
        return Outcome(
            key=self.key, value=value, error=error, waited=started - self.asked_at, took=now - started
        )


class Pool:
    """Runs calls on threads, so many at once and so many to one host.

    All methods may be called from any thread. A call's future is completed on a thread of the pool,
    and never holds an exception: what went wrong is in its `Outcome`.

    Args:
        at_once: Calls at the same time.
        per_host: Of those, to one host.
        lanes: Other widths, for a host or for whatever else calls name as one; ``{"chromium": 1}``.
        name: Of its threads.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        per_host: int = PER_HOST,
        lanes: Mapping[str, int] | None = None,
        name: str = "fetch",
    ) -> None:
        self._turns = Turns(at_once=at_once, per_lane=per_host, lanes=lanes)
        self._at_once = at_once
        self._name = name
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._granted = threading.Condition(self._lock)
        self._started = threading.Condition(self._lock)
        self._jobs: dict[int, _Job] = {}
        self._ready: deque[int] = deque()
        self._keys: set[str] = set()
        self._threads: set[threading.Thread] = set()
        self._in_calls = 0
        self._closed = False
        self._watchdog: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        call: Callable[[], T],
        *,
        key: str,
        hosts: Iterable[str],
        deadline: float,
        abort: Callable[[], None] | None = None,
    ) -> Future[Outcome[T]]:
        """Queues a call.

        Args:
            call: Runs on a thread of the pool.
            key: Its name. A name whose call before is not over, be it that it hangs beyond its
                deadline, fails at once: two never run at the same time.
            hosts: The hosts it asks (`host_of`), and other lanes it passes.
            deadline: Seconds that it may run, counted from its turn. When they are over it has failed,
                and its place is given to others, whether or not it really ends.
            abort: Makes the call end soon; runs on another thread, must be quick. `TimetableClient.abort`
                is one.

        Returns:
            Its outcome, once there is one; cancelled if the pool is closed before its turn came.
        """
        job = _Job(key, call, deadline, abort)
        with self._lock:
            closed, busy = self._closed, key in self._keys
            if not closed and not busy:
                ticket = next(self._numbers)
                self._keys.add(key)
                self._jobs[ticket] = job
                self._turns.ask(ticket, hosts)
                self._grant()
        if closed:
            job.future.cancel()
            job.future.set_running_or_notify_cancel()
        elif busy:
            job.future.set_result(job.outcome(error=TimedOut(key, "the call before this one is not over")))
        return job.future

    def close(self, patience: float = 1.0) -> None:
        """Gives everything up, and ends the threads.

        Args:
            patience: Seconds for which calls that were told to end are waited for. Those that then
                still hang keep their threads, which do not keep the process.
        """
        until = time.monotonic() + patience
        with self._lock:
            self._closed = True
            threads = [*self._threads, self._watchdog]
            tickets = (*self._turns.waiting, *self._ready)
            for ticket in tickets:
                self._turns.done(ticket)
            self._ready.clear()
            waiting = [self._jobs.pop(ticket) for ticket in tickets]
            running = list(self._jobs.values())
            self._granted.notify_all()
            self._started.notify_all()
        for job in waiting:
            job.future.cancel()
            job.future.set_running_or_notify_cancel()
        for job in running:
            self._abort(job)
        for thread in threads:
            if thread not in {None, threading.current_thread()}:
                assert thread is not None
                thread.join(max(0.0, until - time.monotonic()))
        for job in running:
            self._tell(job, job.outcome(error=Unreachable(job.key, "given up")))

    # With the lock held.

    def _grant(self) -> None:
        for ticket in self._turns.start():
            self._ready.append(ticket)
            if len(self._threads) - self._in_calls < len(self._ready):
                self._hire()
            self._granted.notify()

    def _hire(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self._name}-{next(self._numbers)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The machine has no more of them. Those there are do the work; without any, it waits for
            # the next call to be queued.
            logger.warning("no thread can be started; %d fetch", len(self._threads))
            return
        self._threads.add(thread)
        if self._watchdog is None:
            self._watchdog = threading.Thread(target=self._watch, name=f"{self._name}-watch", daemon=True)
            self._watchdog.start()

    def _next(self) -> tuple[int, _Job] | None:
        """Waits for a call whose turn it is; None when this thread is not needed any more."""
        while not self._ready:
            # Beyond that many, threads are those that a call had hung, come back.
            if self._closed or len(self._threads) - self._in_calls > self._at_once:
                self._threads.discard(threading.current_thread())
                return None
            self._granted.wait()
        ticket = self._ready.popleft()
        job = self._jobs[ticket]
        self._in_calls += 1
        job.started_at = time.monotonic()
        self._started.notify()
        return ticket, job

    # On threads of the pool.

    def _work(self) -> None:
        while True:
            with self._lock:
                mine = self._next()
                if mine is None:
                    return
                ticket, job = mine
                wanted = job.future.set_running_or_notify_cancel()
            outcome = None
            if wanted:
                try:
                    outcome = job.outcome(job.call())
                except BaseException as error:  # noqa: BLE001
                    outcome = job.outcome(error=error)
            # Whoever is told may ask for the same again: first the place is free, then he is told.
            with self._lock:
                self._in_calls -= 1
                self._keys.discard(job.key)
                self._jobs.pop(ticket, None)
                self._turns.done(ticket)
                self._grant()
            if outcome is not None:
                self._tell(job, outcome)

    def _watch(self) -> None:
        """Ends the calls whose time is over."""
        while True:
            with self._lock:
                if self._closed:
                    return
                now = time.monotonic()
                ends = {
                    ticket: job.started_at + job.seconds
                    for ticket, job in self._jobs.items()
                    if job.started_at
                }
                late = [(ticket, self._jobs.pop(ticket)) for ticket, end in ends.items() if end <= now]
                if not late:
                    self._started.wait(min(ends.values()) - now if ends else None)
            for ticket, job in late:
                self._abort(job)
                with self._lock:
                    self._turns.done(ticket)
                    self._grant()
                self._tell(job, job.outcome(error=TimedOut(job.key, f"not over after {job.seconds:g} s")))

    def _abort(self, job: _Job) -> None:
        if job.abort is not None:
            try:
                job.abort()
            except Exception:
                logger.exception("%s could not be given up", job.key)

    def _tell(self, job: _Job, outcome: Outcome[Any]) -> None:
        """Completes a job's future, the first time."""
        with self._lock:
            if job.told:
                return
            job.told = True
        with contextlib.suppress(Exception):
            job.future.set_result(outcome)


def host_of(url: str) -> str:
    """The host that a URL asks, as a lane of a `Pool`; redirects may lead to others, which are not counted.

    Returns:
        The name in small letters without port; empty if there is none.
    """
    try:
        return (urllib.parse.urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
