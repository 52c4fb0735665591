"""Runs ``toctoc audit`` over made-up months and years whose answers are known, and compares to the unit.

``python tests/audit_acceptance.py DATA_DIR [--seed SEED]`` takes ``DATA_DIR/truth/2023-01`` as it is, and a
whole school year that the generator there makes. It prints a line for each comparison and, last,
``N passed, M failed``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events.report.command import main as audit
from tests.truth import main as truth

ROOM_DAY = ("due", "booked_min", "core_booked_min")


def asked(*words: str) -> Any:
    """What an audit answers as JSON."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = audit([*words, "--json"])
    assert status == 0, f"toctoc audit {' '.join(words)} ended with {status}"
    return json.loads(out.getvalue())


def comparisons(log: Path, answers: Any) -> Iterator[tuple[str, Any, Any]]:
    """What is compared, what is expected, what was found."""
    period = ("--log", str(log), "--from", answers["meta"]["from"], "--to", answers["meta"]["to"])
    for rule, count in answers["no_press_by_rule"].items():
        said = asked("no-shows", f"--rule={rule}", *period)
        yield f"bookings without a press, {rule}", count, said["without_press"]
        yield f"due bookings, {rule}", answers["bookings"]["due"], said["due"]
    said = asked("use", *period)
    found = {(row["date"], row["room"]): row for row in said["room_days"]}
    wanted = {(row["date"], row["room"]): row for row in answers["per_room_day"]}
    yield "rooms and days", sorted(wanted), sorted(found)
    for name in ROOM_DAY:
        expected = {key: row[name] for key, row in wanted.items()}
        yield f"{name} of each room and day", expected, {key: found[key][name] for key in expected}
    for name in ("booked_min", "core_booked_min"):
        yield f"{name} in all", answers["minutes"][name], said["total"][name]


def check(name: str, file: Path, answers: Any) -> tuple[int, int]:
    """Compare one truth file with its answers; how many passed and how many failed."""
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        assert truth([str(file), folder]) == 0
        print(f"{name}: its log took {time.perf_counter() - began:.1f} s")
        for what, expected, found in comparisons(Path(folder), answers):
            if expected == found:
                passed += 1
            else:
                failed += 1
                told = f": expected {expected}, found {found}" if isinstance(expected, int | float) else ""
                print(f"{name}: {what}: not equal{told}")
    print(f"{name}: {passed} equal to the unit")
    return passed, failed


def generated(generator: Path, folder: Path, seed: str) -> tuple[Path, Any]:
    """Let the generator make a whole year, and tell its answers."""
    subprocess.run(
        [sys.executable, str(generator), "truth", "--year", "2023", "--seed", seed, "--out", str(folder)],
        check=True,
    )
    file = folder / "truth.jsonl"
    made = subprocess.run(
        [sys.executable, str(generator), "answers", str(file)], check=True, capture_output=True
    )
    return file, json.loads(made.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, metavar="DATA_DIR")
    parser.add_argument("--seed", default="acceptance", help="of the generated year")
    arguments = parser.parse_args()
    month = arguments.data / "truth" / "2023-01"
    answers = json.loads((month / "answers.json").read_text(encoding="utf-8"))
    passed, failed = check("January 2023", month / "truth.jsonl", answers)
    with tempfile.TemporaryDirectory() as name:
        generator = arguments.data / "truth" / "school_year.py"
        file, answers = generated(generator, Path(name), arguments.seed)
        more, worse = check(f"the year 2023 by seed {arguments.seed}", file, answers)
    print(f"{passed + more} passed, {failed + worse} failed")
    return 1 if failed + worse else 0


if __name__ == "__main__":
    sys.exit(main())
