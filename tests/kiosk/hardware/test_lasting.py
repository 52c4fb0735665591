"""A part of the door that is tried again until it is there."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from kiosk.hardware.lasting import AGAIN, Lasting
from kiosk.inbox import FaultFound, Inbox
from tests.clock import FakeClock


class Part:
    """Something that can be there, or not."""

    there = True

    def __init__(self) -> None:
        if not Part.there:
            raise OSError("not plugged in")
        self.closed = False
        self.used = 0

    def use(self) -> None:
        if not Part.there:
            raise OSError("torn off")
        self.used += 1

    def close(self) -> None:
        self.closed = True
        if not Part.there:
            raise OSError("torn off")


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    Part.there = True
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def make(inbox: Inbox, clock: FakeClock) -> Lasting[Part]:
    return Lasting("light", Part, inbox=inbox, clock=clock, fault="light")


def test_what_is_there_is_taken_and_nothing_is_told(inbox: Inbox, clock: FakeClock) -> None:
    lasting = make(inbox, clock)
    lasting.tick()
    assert (lasting.part, lasting.due) == (None, None)
    lasting.start()
    assert lasting.part is not None
    assert lasting.due is None
    assert inbox.wait(0) == []


def test_what_is_missing_is_told_once_tried_again_and_told_when_it_is_there(
    inbox: Inbox, clock: FakeClock
) -> None:
    Part.there = False
    lasting = make(inbox, clock)
    lasting.start()
    for _ in range(3):
        lasting.tick()
        assert lasting.due == clock.boottime() + AGAIN
        clock.advance(AGAIN - 1)
        lasting.tick()
        clock.advance(1)
    assert inbox.wait(0) == [FaultFound(what="light", why="not plugged in")]
    Part.there = True
    lasting.tick()
    assert lasting.part is not None
    assert inbox.wait(0) == [FaultFound(what="light", why="", gone=True)]


def test_what_is_torn_off_while_it_is_used_comes_back_by_itself(inbox: Inbox, clock: FakeClock) -> None:
    lasting = make(inbox, clock)
    lasting.start()
    lasting.use(Part.use)
    torn = lasting.part
    assert torn is not None
    assert torn.used == 1
    Part.there = False
    lasting.use(Part.use)
    assert torn.closed
    assert lasting.part is None
    lasting.use(Part.use)
    assert inbox.wait(0) == [FaultFound(what="light", why="torn off")]
    Part.there = True
    clock.advance(AGAIN)
    lasting.tick()
    lasting.use(Part.use)
    assert lasting.part is not None
    assert lasting.part.used == 1
    assert inbox.wait(0) == [FaultFound(what="light", why="", gone=True)]


def test_what_nobody_needs_to_be_told_is_in_the_log_alone(
    inbox: Inbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    Part.there = False
    lasting = Lasting("buzzer", Part, inbox=inbox, clock=clock, fault=None)
    with caplog.at_level(logging.INFO):
        lasting.start()
        Part.there = True
        clock.advance(AGAIN)
        lasting.tick()
    assert inbox.wait(0) == []
    assert [record.getMessage() for record in caplog.records] == [
        "the buzzer is missing, and tried again every 30 s: not plugged in",
        "the buzzer is there again",
    ]


def test_closed_it_is_given_back_and_not_tried_again(inbox: Inbox, clock: FakeClock) -> None:
    lasting = make(inbox, clock)
    lasting.start()
    part = lasting.part
    assert part is not None
    lasting.close()
    clock.advance(AGAIN)
    lasting.tick()
    assert part.closed
    assert lasting.part is None
