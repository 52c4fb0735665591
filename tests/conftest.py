"""What every test has to leave behind as it found it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Failures inside what tests share tell their values, too.
pytest.register_assert_rewrite("tests.events.log_contract", "tests.events.builders")
# These machines are noisy: how long an example takes says nothing about it.
settings.register_profile("toctoc", deadline=None)
# The same examples each time: what random ones find is found while working (`make test`, `make soak`),
# and does not refuse a change that has nothing to do with it.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("toctoc")

_PATIENCE = 5.0
"""Seconds in which whatever was told to stop has to have stopped."""


class Errors(logging.Handler):
    """Keeps the errors that actors log: one that died unseen is a failed test."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def texts(self) -> list[str]:
        """The messages, each with what raised it."""
        return [
            record.getMessage() + (f" ({record.exc_info[1]!r})" if record.exc_info else "")
            for record in self.records
        ]


@pytest.fixture
def errors() -> Iterator[Errors]:
    """The errors that actors logged, for a test that expects some and looks at them."""
    handler = Errors()
    for name in ("actors", "pykka"):
        logging.getLogger(name).addHandler(handler)
    yield handler
    for name in ("actors", "pykka"):
        logging.getLogger(name).removeHandler(handler)


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves an actor or a thread, or whose actors logged an unexpected error."""
    threads = set(threading.enumerate())
    expects_errors = "errors" in request.fixturenames
    seen: Errors = request.getfixturevalue("errors")
    yield
    actors = _stopped_actors()
    left = _left_threads(threads)
    assert not actors, f"actors are left: {actors}"
    assert not left, f"threads are left: {left}"
    if not expects_errors:
        assert not seen.texts()


def _stopped_actors() -> list[str]:
    """Name the actors that are still there after a while, and stop them."""
    if "pykka" not in sys.modules:
        return []
    import pykka

    until = time.monotonic() + _PATIENCE
    # A room is told to stop and not waited for: it has a moment to do so.
    for ref in pykka.ActorRegistry.get_all():
        ref.actor_stopped.wait(max(0.0, until - time.monotonic()))
    left = [str(ref) for ref in pykka.ActorRegistry.get_all()]
    pykka.ActorRegistry.stop_all(block=True, timeout=_PATIENCE)
    return left


def _left_threads(before: set[threading.Thread]) -> list[str]:
    until = time.monotonic() + _PATIENCE
    new = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in new:
        thread.join(max(0.0, until - time.monotonic()))
    return [thread.name for thread in new if thread.is_alive()]
