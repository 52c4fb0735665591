"""Runs ``toctoc scrape`` over a data folder and compares with the results expected there.

``python tests/acceptance.py DATA_DIR`` prints a line for each file and, last, ``N passed, M failed``.
The rules of comparison are those of the README in ``DATA_DIR/dom``.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scraper.command import main as scrape

LEFT_OUT = {"ics": "iCalendar feeds: no reader yet", "dom/live": "pages to be rendered: no browser yet"}

Row = dict[str, Any]


def local(text: str) -> str:
    """``2026-11-20T09:00:00+01:00`` as ``2026-11-20T09:00``."""
    return text[:16]


def same(expected: Row, found: Row) -> bool:
    """Whether a booking is one of the right readings of an expected one."""
    whole = expected["start"][11:] == "00:00" and expected["end"][11:] == "00:00"
    return (
        found["title"] == expected["title"]
        and local(found["start"]) in expected.get("start_may_be", [expected["start"]])
        and local(found["end"]) in expected.get("end_may_be", [expected["end"]])
        and all(
            found.get(mark, False) == expected.get(mark, False) for mark in ("cut_at_start", "cut_at_end")
        )
        # The page writes (00:00-00:00) on both, so a timed booking of a whole day may be called all-day.
        and (
            found.get("all_day", False) == expected.get("all_day", False)
            or (whole and found.get("all_day", False))
        )
    )


def reported(expected: Row, room: str, problems: list[Row]) -> bool:
    """Whether a booking of a room is among the problems, with hours that leave nothing of it free."""
    return any(
        problem.get("title") == expected["title"]
        and room in problem.get("rooms", [])
        and (
            "start" not in problem
            or local(problem["start"]) <= max(expected.get("start_may_be", [expected["start"]]))
        )
        and (
            "end" not in problem
            or local(problem["end"]) >= min(expected.get("end_may_be", [expected["end"]]))
        )
        for problem in problems
    )


def differences(expected: Row, answer: Row, status: int) -> Iterator[str]:
    """What is wrong with an answer, in words; nothing when it is right."""
    allowed = {expected["status"], expected.get("or_status", expected["status"])}
    if answer["status"] not in allowed:
        yield f"status {answer['status']}, expected {' or '.join(sorted(allowed))}: {answer['problems'][:1]}"
        return
    if answer["status"] == "unreadable":
        if status != 2 or answer["rooms"] or not answer["problems"]:
            yield "unreadable, but not with exit status 2, no room and a problem"
        return
    if status != 0:
        yield f"exit status {status}"
    if answer["day"] != expected["date"]:
        yield f"day {answer['day']}, expected {expected['date']}"
    if "rooms" in expected:
        yield from room_differences(expected, answer)


def room_differences(expected: Row, answer: Row) -> Iterator[str]:
    """What is wrong with the rooms and the problems of an answer."""
    headings = {
        row["id"] if isinstance(row, dict) else row for row in expected.get("rows_that_are_not_rooms", [])
    }
    extra = answer["rooms"].keys() - expected["rooms"].keys() - headings
    lacking = expected["rooms"].keys() - answer["rooms"].keys()
    if extra or lacking:
        yield f"rooms too many {sorted(extra)}, missing {sorted(lacking)}"
    either = [
        (room, row)
        for row in expected.get("read_or_report", [])
        if isinstance(row, dict)
        for room in rooms_of(row)
    ]
    must = [(room, row) for row in expected.get("must_be_reported_unreadable", []) for room in rooms_of(row)]
    for room, rows in expected["rooms"].items():
        left = list(answer["rooms"].get(room, []))
        if left != sorted(left, key=lambda row: (row["start"], row["end"], row["title"])):
            yield f"{room}: not in order"
        for row in rows:
            match = next((found for found in left if same(row, found)), None)
            if match is not None:
                left.remove(match)
            elif (room, row) not in either or not reported(row, room, answer["problems"]):
                yield f"{room}: missing {row['start'][11:]}-{row['end'][11:]} {row['title']!r}"
        for found in left:
            if not any(room == its and same(row, found) for its, row in either):
                yield f"{room}: too many: {found}"
    for room, row in must:
        if not reported(row, room, answer["problems"]):
            yield f"{room}: not reported: {row['title']!r}"
    known = {(room, row["title"]) for room, row in (*must, *either)}
    for problem in answer["problems"]:
        about = {(room, problem.get("title")) for room in problem.get("rooms", [])}
        if not about & known and not headings & set(problem.get("rooms", [])):
            yield f"a problem that is none: {problem}"


def rooms_of(row: Row) -> list[str]:
    """The rooms of an expected booking that stands outside of its room."""
    return list(row.get("rooms") or ([row["room"]] if "room" in row else []))


def check(page: Path) -> list[str]:
    """Scrapes one page and compares it with the expected result beside it."""
    expected = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    arguments = [str(page), "--json"]
    if "date_asked" in expected:
        arguments += ["--day", expected["date_asked"]]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        status = scrape(arguments)
    return list(differences(expected, json.loads(out.getvalue()), status))


def main(argv: list[str]) -> int:
    """Checks every page of a data folder."""
    if len(argv) != 1 or not Path(argv[0]).is_dir():
        print("usage: python tests/acceptance.py DATA_DIR", file=sys.stderr)
        return 2
    data = Path(argv[0])
    passed = failed = 0
    pages = [page for folder in ("pages", "month") for page in sorted((data / "dom" / folder).glob("*.html"))]
    for page in pages:
        name = page.relative_to(data)
        if not page.with_suffix(".json").exists():
            print(f"SKIP {name}: no expected result beside it")
            continue
        wrong = check(page)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {name}" + "".join(f"\n     {line}" for line in wrong[:10]))
    for folder, why in LEFT_OUT.items():
        if (data / folder).exists():
            print(f"left out: {folder} ({why})")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
