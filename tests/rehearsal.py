"""A month of pages read one after another by a real server, with everything that goes wrong mixed in.

    python tests/rehearsal.py DATA

DATA holds ``dom/month``: pages named after the instant at which they were seen, each with its expected
result. A web server on loopback shows them in order; in between it is broken, cut short, still loading,
gone, or empties the page. After each good page the log's bookings of that day have to be the expected
ones. Prints a line a page, and last ``N passed, M failed``.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actors.app import App
from actors.settings import SchoolSettings, read_school
from events.domain import TimetableRead
from events.replay import replay, texts, verify
from events.sqlite import SqliteLog
from events.status import day_span
from tests.actors.stack import Site, eventually, serving_pages, without_bookings
from tests.clock import FakeClock

ZONE = ZoneInfo("Europe/Paris")
CONFIG = """
[server]
port = 0
data = "data"

[[source]]
name = "oasis"
url = "{url}"
refresh = 86400
allow_private = true
"""
Row = tuple[str, str, str, str]


def trouble(good: bytes) -> dict[str, tuple[int, bytes]]:
    """List what can come instead of a good page, with its status."""
    return {
        "an error of the server": (500, b"<html><body>Internal Server Error</body></html>"),
        "a page cut in two": (200, good[: len(good) // 2]),
        "a page that is still loading": (200, good.replace(b'<body class="">', b'<body class="is-loading">')),
        "an emptied page": (200, without_bookings(good)),
        "nothing": (200, b""),
        "another page": (200, b"<html><body><h1>Maintenance</h1></body></html>"),
    }


class Rehearsal:
    """The server under rehearsal."""

    def __init__(self, folder: Path, site: Site, inventory: Path) -> None:
        (folder / "rooms.toml").write_bytes(inventory.read_bytes())
        self.site = site
        (folder / "school.toml").write_text(CONFIG.format(url=site.show(b"", status=503)), encoding="utf-8")
        self.clock = FakeClock()
        self.settings: SchoolSettings = read_school(folder / "school.toml")
        self.data = self.settings.data
        self.app = App(self.settings, clock=self.clock)
        self.reads = 0
        self.outcomes: Counter[str] = Counter()

    def start(self, at: datetime) -> None:
        """Start at an instant."""
        self.clock.set_wall(at)
        self.app.start()
        self._wait()

    def read(self, status: int, body: bytes) -> str:
        """Show a page and have it read; tells how that went."""
        self.site.show(body, status=status)
        self.clock.advance(timedelta(minutes=5))
        (source,) = self.settings.sources
        # Another contact makes another reader, which is due at once.
        again = replace(source, contact=f"rehearsal {self.reads}")
        self.settings = replace(self.settings, sources=(again,))
        self.app.reload(self.settings)
        return self._wait()

    def bookings(self, day: datetime) -> Counter[Row]:
        """List what the log says of a day, replayed."""
        log = SqliteLog(self.data, read_only=True)
        school = replay(log)
        begin, end = day_span(ZONE.key, day.date())
        titles = texts(school, log.personal, ended_after=begin)
        return Counter(
            (
                key,
                f"{max(b.start, begin).astimezone(ZONE):%Y-%m-%dT%H:%M}",
                f"{min(b.end, end).astimezone(ZONE):%Y-%m-%dT%H:%M}",
                titles[b.text],
            )
            for key, room in school.rooms.items()
            for b in room.all_bookings.values()
            if b.start < end and b.end > begin
        )

    def _wait(self) -> str:
        self.reads += 1
        log = SqliteLog(self.data, read_only=True)
        eventually(lambda: sum(1 for _ in log.read(tag="timetable-read")) >= self.reads)
        *_, last = log.read(tag="timetable-read")
        assert isinstance(last.event, TimetableRead)
        outcome = last.event.sources[0].outcome
        self.outcomes[outcome] += 1
        return outcome


def expected(file: Path) -> Counter[Row]:
    """Read an expected result."""
    answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Counter(
        (room, row["start"], row["end"], row["title"])
        for room, rows in answer["rooms"].items()
        for row in rows
    )


def pages(data: Path) -> Iterator[tuple[datetime, Path]]:
    """List the pages in the order in which they were seen."""
    for file in sorted((data / "dom" / "month").glob("*.html")):
        yield datetime.strptime(file.stem, "%Y-%m-%dT%H%M").replace(tzinfo=ZONE).astimezone(UTC), file


def main(data: Path, tell: Callable[[str], object] = print) -> int:
    """Run it; 1 when anything is not as it should be."""
    chance = random.Random(2023)  # the same trouble each time
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name, serving_pages() as site:
        rehearsal = Rehearsal(Path(name), site, data / "rooms.toml")
        seen = list(pages(data))
        rehearsal.start(seen[0][0] - timedelta(hours=1))
        try:
            for at, file in seen:
                rehearsal.clock.advance(max(timedelta(0), at - rehearsal.clock.now()))
                good = file.read_bytes()
                before = chance.choice(sorted(trouble(good)))
                rehearsal.read(*trouble(good)[before])
                outcome = rehearsal.read(200, good)
                after = chance.choice(sorted(trouble(good)))
                rehearsal.read(*trouble(good)[after])
                right = rehearsal.bookings(at) == expected(file.with_suffix(".json"))
                passed, failed = passed + right, failed + (not right)
                tell(f"{'ok  ' if right else 'FAIL'} {file.stem}: {before}, then {outcome}, then {after}")
        finally:
            rehearsal.app.stop()
        log = SqliteLog(rehearsal.data, read_only=True)
        findings = list(verify(log, log.personal))
        tell(f"{log.head()} events, {rehearsal.reads} readings: {dict(rehearsal.outcomes)}")
        tell(f"the log, verified: {len(findings)} findings")
        failed += bool(findings)
    tell(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
