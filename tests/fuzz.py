"""Feeds the page and the feed readers with damaged and made-up bytes, led by the lines that they reach.

``python tests/fuzz.py --seconds 600 --corpus DIR``: each input must give a reading or one `ScrapeError`,
within ``--limit`` seconds and ``--memory`` MiB. First come large and malicious inputs made on purpose, then
whatever mutation finds: by atheris where it is installed, otherwise by our own. Inputs that reach lines which
none reached before are kept in DIR, those that break the promise in DIR/failures. The last line tells whether
there were any; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scraper import ics, oasis
from scraper.errors import ScrapeError
from scraper.reading import Reading, as_json

HERE = Path(__file__).resolve().parent
PARSERS = sorted(
    str(path)
    for pattern in ("oasis*.py", "hours.py", "document.py", "ics*.py", "rooms.py")
    for path in (HERE.parent / "scraper").glob(pattern)
)
PARIS = ZoneInfo("Europe/Paris")
DAYS = (date(2026, 11, 16), date(2026, 11, 30))
MOST_KEPT = 200_000
"""Bytes of an input that is mutated further."""


# The promise


class Slow(BaseException):
    """A reading took longer than allowed. No Exception, so that nothing on its way takes it for one."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A ``with`` block that may last that long."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise Slow(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_page(data: bytes) -> Reading:
    return oasis.parse(data, zone=PARIS)


def read_feed(data: bytes) -> Reading:
    return ics.parse(data, zone=PARIS, days=DAYS)


def read_whole_feed(data: bytes) -> Reading:
    return ics.parse(data, zone=PARIS, explain=True)


READERS: tuple[Callable[[bytes], Reading], ...] = (read_page, read_feed, read_whole_feed)


class Readings:
    """Puts inputs to the readers and remembers what became of them."""

    def __init__(self, limit: float, failures: Path) -> None:
        self._limit, self._failures = limit, failures
        self.inputs = self.read = self.refused = 0
        self.slowest, self.slowest_input = 0.0, ""
        self.broken: set[str] = set()

    def check(self, data: bytes, name: str = "") -> None:
        """Puts one input to every reader."""
        self.inputs += 1
        for reader in READERS:
            began = time.perf_counter()
            try:
                with within(self._limit):
                    sound(reader(data))
                self.read += 1
            except ScrapeError:
                self.refused += 1
            except (Exception, Slow) as error:  # noqa: BLE001 - this is what is looked for
                self._broke(reader.__name__, error, data, name)
            took = time.perf_counter() - began
            if took > self.slowest:
                self.slowest, self.slowest_input = took, f"{reader.__name__} of {name or _short(data)}"

    def _broke(self, reader: str, error: BaseException, data: bytes, name: str) -> None:
        places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in PARSERS]
        where = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else "?"
        what = f"{reader}: {type(error).__name__} at {where}"
        if what in self.broken:
            return
        self.broken.add(what)
        self._failures.mkdir(parents=True, exist_ok=True)
        path = self._failures / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data[:1_000_000])
        print(f"BROKEN {what}: {str(error)[:200]} ({name or path})", flush=True)


def sound(reading: Reading) -> None:
    """Refuses a reading that contradicts itself.

    Raises:
        AssertionError: It does.
    """
    for room, slots in reading.rooms.items():
        assert isinstance(room, str)
        assert all(slot.start < slot.end for slot in slots), "a booking that ends before it starts"
        starts = [(slot.start, slot.end, slot.title) for slot in slots]
        assert starts == sorted(starts), "bookings out of order"
    json.dumps(as_json(reading)).encode()


def _short(data: bytes) -> str:
    return f"{len(data):,} bytes {data[:40]!r}"


# Lines reached


class Lines:
    """The lines of the parsers that were reached, by ``sys.monitoring`` where it is, else by tracing."""

    def __init__(self) -> None:
        self.reached: set[tuple[str, int]] = set()
        self.new = 0
        self._files = frozenset(PARSERS)
        self._monitoring: Any = getattr(sys, "monitoring", None)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A ``with`` block whose lines are noted."""
        self.new = 0
        if self._monitoring is None:
            sys.settrace(self._call)
            try:
                yield
            finally:
                sys.settrace(None)
            return
        monitoring = self._monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "fuzz")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._line)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
        try:
            yield
        finally:
            monitoring.set_events(monitoring.COVERAGE_ID, 0)
            monitoring.free_tool_id(monitoring.COVERAGE_ID)

    def _note(self, file: str, line: int) -> None:
        if (file, line) not in self.reached:
            self.reached.add((file, line))
            self.new += 1

    def _line(self, code: CodeType, line: int) -> Any:
        if code.co_filename in self._files:
            self._note(code.co_filename, line)
        return self._monitoring.DISABLE

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._trace if frame.f_code.co_filename in self._files else None

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._note(frame.f_code.co_filename, frame.f_lineno)
        return self._trace

    def told(self) -> str:
        """How many of the lines inside functions were reached, by file and together."""
        shares, sum_reached, sum_all = [], 0, 0
        for file in PARSERS:
            there = lines_of(file)
            reached = {line for name, line in self.reached if name == file} & there
            shares.append(f"{Path(file).stem} {100 * len(reached) / max(1, len(there)):.0f} %")
            sum_reached += len(reached)
            sum_all += len(there)
        return f"{sum_reached} of {sum_all} lines, {100 * sum_reached / sum_all:.1f} % ({', '.join(shares)})"


def lines_of(file: str) -> set[int]:
    """The lines of a file that can be reached when its functions run."""
    waiting = [compile(Path(file).read_text(encoding="utf-8"), file, "exec")]
    lines: set[int] = set()
    while waiting:
        code = waiting.pop()
        waiting += [const for const in code.co_consts if isinstance(const, CodeType)]
        # Bodies of modules and classes ran at the import.
        if code.co_flags & 0x2:
            lines |= {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
    return lines


# Inputs made on purpose


def monsters() -> Iterator[tuple[str, bytes]]:
    """Large and malicious inputs, with their names."""
    page = (HERE / "scraper/pages/fc3-clipped.html").read_bytes()
    cell = b"<tr data-resource-id='L1'><td class='fc-time-area'>"
    yield "50 MB of div in div", b"<html>" + b"<div>" * 10_000_000 + b"</html>"
    yield "30 MB of div in div", b"<html>" + b"<div>" * 6_000_000 + b"</html>"
    yield "a page nested a million deep", page.replace(b"<body", b"<body" + b"><b" * 1_000_000, 1)
    yield "250 deep, twenty thousand times", b"<html>" + (b"<i>" * 250 + b"</i>" * 250) * 10_000 + b"</html>"
    yield "200,000 rooms", b"<html><div class='fc-timeline'>" + cell * 200_000 + b"</div></html>"
    yield "100,000 attributes", b"<html><a " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b"></html>"
    yield (
        "100,000 attributes that look like elements",
        b"<html><a " + b" ".join(b'a%d="<b>"' % n for n in range(100_000)) + b"></html>",
    )
    yield "one attribute of 20 MB", b"<html><a title='" + b"(" * 20_000_000 + b"'></html>"
    yield (
        "a style of a million numbers",
        page.replace(b'style="left', b'style="' + b"left:1px;" * 1_000_000 + b"left"),
    )
    yield "a title of a million hours", page.replace(b'title="(', b'title="' + b"9h-10h30 " * 300_000)
    yield "a million digits", page.replace(b"-03-15T", b"-03-15T" + b"9" * 1_000_000)
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(30)).encode()
    yield "entity bomb", page.replace(b"<!DOCTYPE html>", b"<!DOCTYPE html [<!ENTITY e0 'x'>" + bomb + b"]>")
    yield (
        "entity bomb used",
        b"<!DOCTYPE html [<!ENTITY e0 'x'>" + bomb + b"]><html>" + b"&e30;" * 1000 + b"</html>",
    )
    yield "20 MB of NUL", b"\0" * 20_000_000
    yield "utf-16 without an end", b"\xff\xfe" + b"<\0" * 5_000_000
    yield "utf-7", b"<meta charset=utf-7>" + b"+ADw-" * 1_000_000 + b"</html>"
    yield (
        "10^6 windows",
        b"<html>" + b"<div role=grid><p data-resource-id=a role=gridcell>" * 100_000 + b"</html>",
    )
    for rule in (
        "FREQ=DAILY;COUNT=1000000",
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=1000000",
        "FREQ=MINUTELY;UNTIL=99991231T235959Z",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        "FREQ=DAILY;INTERVAL=999999999",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=" + "9" * 5000,
        "FREQ=HOURLY;BYSETPOS=-366;BYHOUR=" + ",".join(str(n % 24) for n in range(2000)),
        "FREQ=YEARLY;BYYEARDAY=" + ",".join(str(n % 366 + 1) for n in range(20_000)),
        "FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=53MO",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYSECOND=59;BYMINUTE=59;BYHOUR=23",
    ):
        for start in ("20261116T090000", "00010101T000000", "99991231T233000Z"):
            yield f"{rule[:40]} from {start[:4]}", feed(f"DTSTART:{start}\r\nDURATION:PT1H\r\nRRULE:{rule}")
    yield (
        "a million exceptions",
        feed("DTSTART:20261116T090000\r\nRRULE:FREQ=DAILY\r\n" + "EXDATE:20261116T090000\r\n" * 1_000_000),
    )
    yield (
        "a million dates",
        feed("DTSTART:20261116T090000\r\nRDATE:" + ",".join(["20261117T090000"] * 1_000_000)),
    )
    yield "100,000 endless events", feed(*["DTSTART:20200101T090000\r\nRRULE:FREQ=DAILY"] * 100_000)
    yield "200,000 events of one name", feed(*["UID:a\r\nDTSTART:20261117T090000"] * 200_000)
    yield "a million components in each other", b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 1_000_000
    yield "50 MB of components in each other", b"BEGIN:VCALENDAR\r\n" + b"BEGIN:A\r\n" * 5_500_000
    yield (
        "a line folded a million times",
        feed("SUMMARY:" + "a\r\n " * 1_000_000 + "\r\nDTSTART:20261117T090000"),
    )
    yield "20 MB without a line's end", b"BEGIN:VCALENDAR" + b"x" * 20_000_000
    yield "a parameter of 10 MB", feed('DTSTART;TZID="' + "x" * 10_000_000 + '":20261117T090000')
    yield "a million rooms", feed("DTSTART:20261117T090000\r\nLOCATION:" + "a\\, b,c;" * 300_000)
    yield "a duration of ages", feed("DTSTART:20261117T090000\r\nDURATION:P" + "9" * 4000 + "W")
    offsets = "TZOFFSETFROM:+0000\r\nTZOFFSETTO:+2359\r\nRRULE:FREQ=SECONDLY\r\n"
    zone = f"BEGIN:STANDARD\r\nDTSTART:00010101T000000\r\n{offsets}END:STANDARD\r\n"
    yield (
        "a zone that changes each second",
        feed(
            "DTSTART;TZID=Z:20261117T090000",
            before="BEGIN:VTIMEZONE\r\nTZID:Z\r\n" + zone * 1000 + "END:VTIMEZONE\r\n",
        ),
    )


def feed(*events: str, before: str = "") -> bytes:
    """A feed with these events."""
    body = "".join(
        f"BEGIN:VEVENT\r\nSUMMARY:S\r\nLOCATION:R\r\n{event}\r\nEND:VEVENT\r\n" for event in events
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\n{before}{body}END:VCALENDAR\r\n".encode()


# Mutation

TOKENS = (
    *(
        f"{word}".encode()
        for word in ("(00:00-24:00)", "24:00", "00:00", "99:99", "9h-10h30", "-1", "1e999", "٣")
    ),
    *(b"fc-start", b"fc-end", b"fc-not-start", b"fc-timeline", b"fc-timeline-event", b"fc-helper", b"fc-rtl"),
    *(
        b"fc-time-area",
        b"fc-resource-area",
        b"fc-timeline-lane",
        b"fc-datagrid-cell",
        b"fc-expander",
        b"is-loading",
    ),
    *(
        b' data-resource-id=""',
        b' data-date="2023-04-14T24:00"',
        b' data-date="9999-12-31"',
        b' aria-expanded="false"',
    ),
    *(
        b' role="grid"',
        b' role="gridcell"',
        b' role="rowheader"',
        b' aria-haspopup="dialog"',
        b"fc-timeline-more-link",
    ),
    *(b'style="left: -0px; right: -1e3px"', b"inset-inline-start: 5px; width: 9px", b"visibility: hidden"),
    *(
        b"</tr>",
        b"</table>",
        b"</div>",
        b"<td>",
        b"<a>",
        b"<template>",
        b"<svg>",
        b"<!--",
        b"]]>",
        b"</html>",
    ),
    *(b"&#0;", b"&#xD800;", b"&e1;", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc3", b"\r\n ", b"\r\n", b"\n\t"),
    *(
        b"BEGIN:VEVENT\r\n",
        b"END:VEVENT\r\n",
        b"BEGIN:VTIMEZONE\r\n",
        b"END:VCALENDAR\r\n",
        b"BEGIN:VALARM\r\n",
    ),
    *(
        b"RRULE:FREQ=DAILY;COUNT=3\r\n",
        b"RRULE:FREQ=WEEKLY;BYDAY=MO,-1SU;UNTIL=20271231\r\n",
        b"EXDATE:20261117\r\n",
    ),
    *(
        b"RDATE;VALUE=PERIOD:20261117T090000/PT1H\r\n",
        b"RECURRENCE-ID;RANGE=THISANDFUTURE:20261117T090000\r\n",
    ),
    *(b"DTSTART;VALUE=DATE:20261117\r\n", b"DTSTART:00010101T000000Z\r\n", b"DTEND:99991231T235959Z\r\n"),
    *(b"DURATION:-P1W\r\n", b"DURATION:PT0S\r\n", b"STATUS:CANCELLED\r\n", b"TRANSP:TRANSPARENT\r\n"),
    *(
        b"TZID=Romance Standard Time",
        b"TZID=Nowhere",
        b"TZOFFSETTO:+9999\r\n",
        b"SEQUENCE:99999999999999999999\r\n",
    ),
    *(b"PRODID:-//ADE//\r\n", b"LOCATION:A\\, B,C\r\n", b";ENCODING=QUOTED-PRINTABLE", b';X="', b"UID:x\r\n"),
)
_NUMBER = re.compile(rb"\d+")
_QUOTED = re.compile(rb"[\"'][^\"'<>]{0,200}[\"']")
_LINES = re.compile(rb"[^\r\n]*\r?\n")


class Mutator:
    """Makes new inputs of old ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def make(self, corpus: list[bytes]) -> bytes:
        """A new input, of one or two of the corpus; those found last are chosen more often."""
        choose = self._random
        recent = corpus[-40:] if choose.random() < 0.5 else corpus
        data = choose.choice(recent)
        for _ in range(choose.choice((1, 1, 2, 3, 6))):
            data = choose.choice((self._cut, self._copy, self._flip, self._insert, self._number, self._swap))(
                data
            )
        if choose.random() < 0.1:
            data = self._splice(data, choose.choice(corpus))
        return data[:MOST_KEPT]

    def _span(self, data: bytes, most: int = 2000) -> tuple[int, int]:
        at = self._random.randrange(len(data) + 1)
        return at, min(len(data), at + int(most ** self._random.random()))

    def _cut(self, data: bytes) -> bytes:
        low, high = self._span(data)
        return data[:low] + data[high:]

    def _copy(self, data: bytes) -> bytes:
        low, high = self._span(data)
        at, _ = self._span(data)
        return data[:at] + data[low:high] + data[at:]

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        at = self._random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << self._random.randrange(8)]) + data[at + 1 :]

    def _insert(self, data: bytes) -> bytes:
        at, _ = self._span(data)
        if self._random.random() < 0.5:
            # At the beginning of a line or an element it means more often something.
            at = max(data.rfind(b"\n", 0, at), data.rfind(b"<", 0, at) - 1) + 1
        return data[:at] + self._random.choice(TOKENS) + data[at:]

    def _number(self, data: bytes) -> bytes:
        found = self._pick(_NUMBER, data)
        if found is None:
            return data
        other = self._random.choice(
            (b"0", b"1", b"24", b"60", b"99", b"-1", b"1440", b"9" * 12, b"", b"366", b"0001")
        )
        return data[: found.start()] + other + data[found.end() :]

    def _swap(self, data: bytes) -> bytes:
        pattern = self._random.choice((_QUOTED, _LINES))
        one, two = self._pick(pattern, data), self._pick(pattern, data)
        if one is None or two is None or one.end() > two.start():
            return data
        return data[: one.start()] + two[0] + data[one.end() : two.start()] + one[0] + data[two.end() :]

    def _pick(self, pattern: re.Pattern[bytes], data: bytes) -> re.Match[bytes] | None:
        at, _ = self._span(data)
        return pattern.search(data, at) or pattern.search(data)

    def _splice(self, data: bytes, other: bytes) -> bytes:
        return data[: self._span(data)[0]] + other[self._span(other)[0] :]


def seeds() -> list[bytes]:
    """The pages and feeds of the tests, shortened to a few rooms, and some small inputs."""
    pages = [path.read_bytes() for path in sorted((HERE / "scraper/pages").glob("*.html"))]
    feeds = [path.read_bytes() for path in sorted((HERE / "scraper/feeds").glob("*.ics"))]
    small = [feed("DTSTART:20261117T090000\r\nDTEND:20261117T100000"), feed(), b"<html></html>", b""]
    return [*(shortened(page) for page in pages), *feeds, *small]


def shortened(page: bytes) -> bytes:
    """A page with its first four rooms only: the others teach nothing new and take time."""
    rooms = list(dict.fromkeys(re.findall(rb'<tr data-resource-id="([^"]*)"', page)))
    for room in rooms[4:]:
        page = re.sub(
            rb'<tr data-resource-id="' + re.escape(room) + rb'".*?</tr>', b"", page, flags=re.DOTALL
        )
    return page


# Engines


def ours(readings: Readings, lines: Lines, corpus: Corpus, until: float, seed: int) -> None:
    """Mutates what reached new lines."""
    mutator = Mutator(seed)
    while time.monotonic() < until:
        data = mutator.make(corpus.inputs)
        with lines.watched():
            readings.check(data)
        if lines.new:
            corpus.keep(data)


def by_atheris(
    readings: Readings, corpus: Corpus, until: float, seed: int, report: Callable[[], int]
) -> None:
    """Lets libFuzzer mutate; it never returns, so the report is made from inside."""
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    atheris.instrument_all()

    first = Path(tempfile.mkdtemp(prefix="toctoc-fuzz-seeds-"))
    for n, data in enumerate(corpus.inputs):
        (first / str(n)).write_bytes(data)

    def one(data: bytes) -> None:
        readings.check(data)
        if time.monotonic() >= until:
            shutil.rmtree(first, ignore_errors=True)
            os._exit(report())

    flags = [f"-seed={seed}", "-rss_limit_mb=0", f"-max_len={MOST_KEPT}", "-len_control=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *flags, str(corpus.folder), str(first)], one)
    atheris.Fuzz()


class Corpus:
    """The inputs worth keeping, in memory and in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kept = [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]
        self.inputs = [data for data in (*seeds(), *kept) if len(data) <= MOST_KEPT]
        self.started_with = len(self.inputs)

    def keep(self, data: bytes) -> None:
        """Adds an input."""
        self.inputs.append(data)
        (self.folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def main(argv: list[str]) -> int:
    """Runs for as long as told and prints what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--corpus", type=Path, help="folder of inputs to begin with and to keep; by default a new one"
    )
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--limit", type=float, default=20, help="seconds for one reading")
    parser.add_argument("--memory", type=int, default=3072, help="MiB for the process")
    parser.add_argument("--engine", choices=("atheris", "ours"))
    parser.add_argument("--no-monsters", action="store_true", help="leave out the inputs made on purpose")
    options = parser.parse_args(argv)
    engine = options.engine or ("atheris" if importlib.util.find_spec("atheris") else "ours")
    resource.setrlimit(resource.RLIMIT_AS, (options.memory << 20, options.memory << 20))
    corpus = Corpus(options.corpus or Path(tempfile.mkdtemp(prefix="toctoc-fuzz-")))
    readings, lines = Readings(options.limit, corpus.folder / "failures"), Lines()
    print(
        f"engine {engine}, seed {options.seed}, corpus {corpus.folder} ({corpus.started_with} inputs)",
        flush=True,
    )
    began = time.monotonic()
    if not options.no_monsters:
        for name, data in monsters():
            readings.check(data, name)
        print(f"{readings.inputs} inputs made on purpose: slowest {readings.slowest:.1f} s, "
              f"{readings.slowest_input}; peak {peak()} MiB", flush=True)  # fmt: skip
    until = time.monotonic() + options.seconds

    def report() -> int:
        for data in () if engine == "ours" else Corpus(corpus.folder).inputs:
            with lines.watched():
                readings.check(data)
        print(f"{readings.inputs:,} inputs in {time.monotonic() - began:.0f} s: {readings.read:,} readings, "
              f"{readings.refused:,} refusals; slowest {readings.slowest:.1f} s, {readings.slowest_input}; "
              f"peak {peak()} MiB")  # fmt: skip
        print(f"reached {lines.told()}")
        print(f"corpus: {len(list(corpus.folder.glob('*')))} files in {corpus.folder}")
        print(f"{len(readings.broken)} promises broken", flush=True)
        return 1 if readings.broken else 0

    if engine == "atheris":
        by_atheris(readings, corpus, until, options.seed, report)
    for data in list(corpus.inputs):
        with lines.watched():
            readings.check(data)
    ours(readings, lines, corpus, until, options.seed)
    return report()


def peak() -> int:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
