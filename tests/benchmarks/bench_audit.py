"""Audits of a school year of 60 rooms, about 1.5 million events, and of five.

Each audit is a process, as a room manager runs it: its seconds and its memory. Beside them, as ratios in one
run: the two counting audits within this process against a floor that counts the same rows and nothing else.

``--years 5`` measures five years as well, which takes some minutes to write; ``--keep FOLDER`` keeps the
logs for the next time.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from events.report.days import Rule, Scope, bounds, room_days, rooms_of
from events.report.evidence import evidence
from events.report.index import open_index
from events.report.no_shows import no_shows
from events.report.use import use_by_day
from events.sqlite import SqliteLog
from tests.benchmarks import floor_audit, school_log
from tests.benchmarks.rounds import compare

ROOT = Path(__file__).resolve().parents[2]
AUDITS = (
    ("index",),
    ("use",),
    ("no-shows",),
    ("policy",),
    ("booking", "--title", "TD"),
    ("use", "--json"),
    ("no-shows", "--json"),
    ("room", "L213", "--day", "2023-03-10"),
    ("screen", "L213", "--at", "2023-03-10T09:30"),
    ("screen", "L213", "--at", "2023-03-10T09:30", "--corrected"),
)


_PROGRAM = """
import re, sys
from pathlib import Path
from events.report.command import main
status = main(sys.argv[2:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
Path(sys.argv[1]).write_text(peak.group(1))
sys.exit(status)
"""
# `ru_maxrss` of a child begins with what its parent had when it was made; this is its own.


def measured(folder: Path, words: tuple[str, ...]) -> tuple[float, float]:
    """Run an audit to its end; its seconds and its largest memory in MiB."""
    with tempfile.NamedTemporaryFile("r") as peak:
        program = [sys.executable, "-c", _PROGRAM, peak.name, *words, "--log", str(folder)]
        began = time.perf_counter()
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        took = time.perf_counter() - began
        return took, int(Path(peak.name).read_text()) / 1024


def tell(folder: Path, years: int) -> None:
    """Measure every audit of a log."""
    print(
        f"{years} school year{'s' if years > 1 else ''}, {SqliteLog(folder, read_only=True).head():,} events"
    )
    for words in AUDITS:
        seconds, memory = measured(folder, words)
        print(f"  {seconds:6.2f} s  {memory:5.0f} MiB  toctoc audit {' '.join(words)}")


def ratios(folder: Path) -> None:
    """Compare the counting audits with the floor."""
    facts = open_index(SqliteLog(folder, read_only=True), folder / "audit.db")
    days = bounds(facts)
    assert days is not None
    scope = Scope(first=days[0], last=days[1], rooms=tuple(rooms_of(facts)))
    rule = Rule()

    def use() -> float:
        began = time.perf_counter()
        assert sum(one.due for _, _, one in use_by_day(room_days(facts, scope)))
        return time.perf_counter() - began

    def shows() -> float:
        began = time.perf_counter()
        assert no_shows(evidence(room_days(facts, scope), rule, facts.newest), rule, facts.zone).total.due
        return time.perf_counter() - began

    def floor() -> float:
        return floor_audit.run(folder / "audit.db")

    compare("audit use of a year", "s", use, floor, aim="at most 8")
    compare("audit no-shows of a year", "s", shows, floor, aim="at most 8")
    facts.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        kept = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for years in sorted({1, arguments.years}):
            folder = kept / f"{years}"
            if not (folder / "log.db").exists():
                school_log.build(folder, years)
            tell(folder, years)
        ratios(kept / "1")


if __name__ == "__main__":
    main()
