"""A press through school, room, log (FULL) and gateway, against a bare Pykka chain of the same hops.

From the moment the loop tells the school to the moment the gateway hands the messages of the room
to the loop; one press in flight.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from actors.app import App
from actors.live.hub import Hub
from actors.live.latest import Update
from actors.messages import RecordPress
from actors.settings import SchoolSettings, read_school
from events.domain import PresencePressed
from events.sqlite import SqliteLog, _rows
from tests.benchmarks import floor_press
from tests.benchmarks.bench_append import draft
from tests.benchmarks.rounds import compare

PRESSES = 300
CONFIG = "[server]\nport = 0\ndata = 'data'\n"
ROOM = "[[room]]\nid = 'L{n:03}'\ntype = 'petit'\nseats = 10\nwing = 'L'\nnumber = {n}\nletter = ''\n"
EQUIPMENT = "whiteboard = true\nblackboard = false\nprojector = false\ntv = false\n"


def settings(folder: Path) -> SchoolSettings:
    """Write and read a school of 35 rooms without a timetable."""
    folder.mkdir(exist_ok=True)
    (folder / "rooms.toml").write_text(
        "".join(ROOM.format(n=n) + EQUIPMENT for n in range(35)), encoding="utf-8"
    )
    (folder / "school.toml").write_text(CONFIG, encoding="utf-8")
    return read_school(folder / "school.toml")


def press(n: int) -> RecordPress:
    """Make a press of now."""
    event = draft(n).event
    assert isinstance(event, PresencePressed)
    now = datetime.now(UTC) + timedelta(seconds=n)
    return RecordPress(
        name=draft(n).id,
        press=event.press,
        signature=event.signature,
        pressed_at=now,
        earliest=now,
        received_at=now,
    )


def main() -> None:
    """Compare."""
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder, numbers, presses = Path(name), count(), count(1)
        published = threading.Event()
        app = App(settings(folder / "ours"))
        app.start()
        original_call = Hub.call

        def call(hub: Hub, function: Any, *arguments: Any) -> None:
            if arguments and isinstance(arguments[0], Update) and arguments[0].answers:
                published.set()
            original_call(hub, function, *arguments)

        Hub.call = call  # type: ignore[method-assign, assignment]
        school = app._actors[1]

        def ours() -> float:
            took = []
            for _ in range(PRESSES):
                message = press(next(presses))
                published.clear()
                began = time.perf_counter()
                school.tell(message)
                assert published.wait(5)
                took.append(time.perf_counter() - began)
            return statistics.median(took) * 1e6

        ours()
        records = SqliteLog(folder / "ours" / "data", read_only=True).read(tag="presence-pressed")
        rows = _rows(list(records)[:PRESSES])

        def floor() -> float:
            return statistics.median(floor_press.run(folder / f"floor{next(numbers)}.db", rows)) * 1e6

        compare("a press, school to gateway", "µs", ours, floor, aim="within 1.3")
        Hub.call = original_call  # type: ignore[method-assign]
        app.stop()


if __name__ == "__main__":
    main()
