"""The log in memory keeps the contract of all logs."""

from __future__ import annotations

from events.log import EventLog
from events.memory import MemoryLog
from tests.clock import FakeClock
from tests.events.log_contract import EventLogContract


class TestMemoryLog(EventLogContract):
    def make_log(self, clock: FakeClock) -> EventLog:
        return MemoryLog(clock)
