"""Runs ``toctoc scrape`` over a data folder and compares with the results expected there.

``python tests/acceptance.py DATA_DIR`` prints a line for each file and, last, ``N passed, M failed``.
The rules of comparison are those of the READMEs in ``DATA_DIR/dom`` and ``DATA_DIR/ics``.

``--live`` also serves the pages of ``DATA_DIR/dom/live`` on this machine and reads each through Chromium, as
``DATA_DIR/dom/pages.txt`` lists them; npm fetches what they load, into a copy of that folder.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import io
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scraper import browser, ics
from scraper.command import main as scrape
from scraper.errors import NoBrowser
from scraper.reading import Reading, as_json

SECOND_LINE = r"description=\A[^\n]*\n([^\n]*)"

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


def check(page: Path, url: str | None = None) -> list[str]:
    """Scrapes one page, or what a browser makes of its address, and compares with what is expected of it."""
    expected = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    arguments = [str(page), "--json"] if url is None else [url, "--render", "--json"]
    if "date_asked" in expected:
        arguments += ["--day", expected["date_asked"]]
    return list(differences(expected, *answered(arguments)))


def answered(arguments: list[str]) -> tuple[Row, int]:
    """What ``toctoc scrape`` prints, and its exit status."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        status = scrape(arguments)
    return json.loads(out.getvalue()), status


def check_feed(feed: Path) -> list[str]:
    """Scrapes one feed and compares it with the expected result beside it.

    Once with the separator that is expected, once with the one that is guessed.
    """
    expected = json.loads(feed.with_suffix(".json").read_text(encoding="utf-8"))
    arguments = [str(feed), "--json", "--zone", expected.get("timezone", "Europe/Paris")]
    if expected.get("window"):
        arguments += ["--from", expected["window"][0], "--to", expected["window"][1]]
    wrong: list[str] = []
    for separator in ([], ["--separator", expected.get("separator") or ""]):
        wrong += feed_differences(expected, *answered([*arguments, *separator]))
    if "rooms_in_description" in expected:
        found, _ = answered([*arguments, "--pattern", SECOND_LINE])
        wrong += listed_differences("rooms in descriptions", expected["rooms_in_description"], found["rooms"])
    return wrong


def feed_differences(expected: Row, answer: Row, status: int) -> Iterator[str]:
    """What is wrong with the answer for a feed."""
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
    if answer["status"] == "empty":
        if answer["rooms"] or answer["without_room"] or answer["all_day"] or answer["cancelled"]:
            yield "empty, and yet it holds something"
        return
    yield from listed_differences("rooms", expected["rooms"], answer["rooms"])
    for ours, theirs in (("without_room", "no_room"), ("all_day", "all_day"), ("cancelled", "cancelled")):
        yield from listed_differences(ours, {"": expected[theirs]}, {"": answer[ours]})
    titles = Counter(row["title"] for row in expected.get("must_be_reported_unreadable", []))
    reported = Counter(problem.get("title") for problem in answer["problems"])
    for title in titles - reported:
        yield f"not reported: {title!r}"
    for problem in answer["problems"]:
        if problem.get("title") not in titles:
            yield f"a problem that is none: {problem}"


def listed_differences(
    what: str, expected: dict[str, list[Row]], found: dict[str, list[Row]]
) -> Iterator[str]:
    """What is wrong with rows by room: each is there once, to the minute, with its offset and its marks."""
    for room in sorted(expected.keys() | found.keys()):
        rows, left = expected.get(room, []), Counter(map(told, found.get(room, [])))
        if any(count > 1 for count in left.values()):
            yield f"{what} {room}: twice the same"
        for row in rows:
            if left[told(row)]:
                left[told(row)] -= 1
            elif not row.get("optional"):
                yield f"{what} {room}: missing {row}"
        yield from (f"{what} {room}: too many: {row}" for row, count in left.items() if count)


def told(row: Row) -> tuple[Any, ...]:
    """What two rows have to agree in; seconds are not written by all."""
    start, end = (
        f"{text[:16]}{text[19:] if text[16:19] == ':00' else text[16:]}"
        for text in (row["start"], row["end"])
    )
    return start, end, row["title"], row.get("transparent", False), row.get("no_length", False)


def check_series(folder: Path) -> list[str]:
    """Compares two states of a feed by the source's own ids, as ``changes.json`` says they differ."""
    expected = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
    zone = ZoneInfo("Europe/Paris")
    before, after = (
        ics.parse((folder / f"{expected[state]}.ics").read_bytes(), zone=zone) for state in ("from", "to")
    )
    wrong = []
    was, now = by_id(before), by_id(after)
    changed = {uid for uid in was.keys() & now.keys() if was[uid] != now[uid]}
    for what, uids, rows in (
        ("added", now.keys() - was.keys(), expected["added"]),
        ("removed", was.keys() - now.keys(), expected["removed"]),
        ("changed", changed, [row for row in expected["changed"] if row["is"]["location"]]),
    ):
        right = {row["uid"] for row in rows if row.get("location", row.get("is"))}
        wrong += [f"{what}: {uid}" for uid in uids ^ right]
    for row in expected["added"]:
        rooms = {name.strip() for name in row["location"].split(",")} - {""}
        if {room for room, *_ in now.get(row["uid"], ())} != rooms:
            wrong.append(f"added {row['uid']}: not in {sorted(rooms)}")
    lost, found = roomless(before) - roomless(after), roomless(after) - roomless(before)
    gone = [*expected["removed"], *(row["was"] for row in expected["changed"])]
    came = [*expected["added"], *(row["is"] for row in expected["changed"])]
    for what, rows, those in (("removed", lost, gone), ("added", found, came)):
        if rows != Counter(told(row) for row in those if not row["location"]):
            wrong.append(f"without room, {what}: {rows}")
    return wrong


def by_id(reading: Reading) -> dict[str, set[tuple[Any, ...]]]:
    """The bookings of a reading by the source's own id."""
    bookings: dict[str, set[tuple[Any, ...]]] = {}
    for room, slots in reading.rooms.items():
        for slot in slots:
            bookings.setdefault((slot.source_id or "").partition("\n")[0], set()).add(
                (room, slot.start, slot.end, slot.title)
            )
    return bookings


def roomless(reading: Reading) -> Counter[tuple[Any, ...]]:
    """The events of a reading that name no room."""
    return Counter(told(row) for row in as_json(reading)["without_room"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Keeps the answers together."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A ``with`` block in which a folder is served on this machine; gives the address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def missing(folder: Path) -> str:
    """Why the live pages cannot be read here; empty when they can."""
    if not (folder / "live").is_dir():
        return "there are none"
    if shutil.which("npm") is None:
        return "npm is not installed"
    try:
        browser.find("")
    except NoBrowser as error:
        return error.problem
    return ""


def check_live(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Reads the live pages; gives the name of each with what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="toctoc-live-") as name:
        live = Path(shutil.copytree(folder / "live", Path(name) / "live", copy_function=shutil.copyfile))
        for path in (live, *live.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        subprocess.run(["npm", "install", "--silent"], cwd=live, check=True, stdout=sys.stderr)
        with served(live) as address:
            for line in (folder / "pages.txt").read_text(encoding="utf-8").splitlines():
                if line.strip() and not line.startswith("#"):
                    page, path_and_query = line.split(maxsplit=1)
                    yield page, check(folder / page, f"{address}/{path_and_query}")


def printed(name: Path, wrong: Iterable[str]) -> bool:
    """Prints the line of a file, with what is wrong with it; tells whether that is nothing."""
    lines = list(wrong)
    print(f"{'FAIL' if lines else 'ok  '} {name}" + "".join(f"\n     {line}" for line in lines[:10]))
    return not lines


def main(argv: list[str]) -> int:
    """Checks every page of a data folder."""
    parser = argparse.ArgumentParser(description="Compares what is read with what is expected.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--live", action="store_true", help="also read the live pages through Chromium")
    options = parser.parse_args(argv)
    data: Path = options.data
    if not data.is_dir():
        parser.error(f"there is no folder {data}")
    results = []
    pages = [page for folder in ("pages", "month") for page in sorted((data / "dom" / folder).glob("*.html"))]
    for file in [*pages, *sorted((data / "ics").rglob("*.ics"))]:
        name = file.relative_to(data)
        if not file.with_suffix(".json").exists():
            print(f"SKIP {name}: no expected result beside it")
        else:
            results.append(printed(name, (check if file.suffix == ".html" else check_feed)(file)))
    results += [
        printed(changes.relative_to(data), check_series(changes.parent))
        for changes in sorted((data / "ics").rglob("changes.json"))
    ]
    why = missing(data / "dom") if options.live else "--live reads them"
    if why:
        print(f"left out: dom/live ({why})")
    else:
        results += [printed(Path("dom/live") / page, wrong) for page, wrong in check_live(data / "dom")]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
