"""What every audit works with: the log, its facts, what is asked, and where the answer goes."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.errors import ConfigError
from events.ids import EventId
from events.personal import read_text
from events.places import CONFIG, DATA
from events.printable import printable
from events.progress import Progress
from events.report import asked
from events.report.days import RoomDay, Scope, bounds, remarks_by_room, room_days, rooms_of
from events.report.facts import Facts, Tenure
from events.report.index import IndexedFacts, open_index
from events.report.spans import Micros, instant, micros
from events.report.table import Column, CsvFile, table
from events.sqlite import SqliteLog

INDEX = "audit.db"
"""Name of the index beside the log."""
STDOUT = Path("-")
"""``--csv -``: rows go to standard output, in place of what is said to people."""
_LINE = 110


Draw = Callable[..., None]
"""Draws a door's screen: `kiosk.still.draw`."""


class Asked(Struct, frozen=True, kw_only=True):
    """One question, and all that its answer needs.

    Attributes:
        arguments: Of the command line.
        scope: Days and rooms; those of the whole log for a command that asks for neither.
        out: Where the answer goes, a text file.
        draw: Draws a door's screen; None where nothing can.
    """

    arguments: argparse.Namespace
    log: SqliteLog
    facts: IndexedFacts
    scope: Scope
    out: Any
    draw: Draw | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.facts.zone)

    # -- for people -------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Write a line, or a table."""
        self.out.write(text + "\n")

    def explain(self, text: str, indent: int = 0) -> None:
        """Write a paragraph, broken into lines; these stand so many blanks to the right."""
        blanks, width = " " * indent, min(_LINE, self._columns() or _LINE)
        self.say(textwrap.fill(printable(text), width, initial_indent=blanks, subsequent_indent=blanks))

    def tabulate(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str]], total: Sequence[str] | None = None
    ) -> None:
        """Write a table: see `events.report.table.table`; on a narrow terminal as several."""
        # A booking's title is anybody's to write, and not to move the cursor with.
        cells = ([printable(cell) for cell in row] for row in rows)
        self.say(table(columns, cells, total, within=self._columns()))

    def _columns(self) -> int | None:
        """Tell how wide the terminal is; None where the answer goes into a file, or to a program."""
        return os.get_terminal_size(self.out.fileno()).columns if self.out.isatty() else None

    def head(self, what: str) -> None:
        """Say what an answer is about, and up to which event it was computed."""
        scope, facts = self.scope, self.facts
        rooms = f"{len(scope.rooms)} rooms" if len(scope.rooms) != 1 else scope.rooms[0]
        self.explain(f"{what}, {scope.first} to {scope.last}, {rooms}")
        self.explain(f"{facts.school}, as of event {facts.seq:,} ({self.clock(facts.newest)})")
        known = bounds(facts)
        if known is not None and scope.first < known[0]:
            self.explain(f"The log begins on {known[0]}: nothing is known of the days before.")
        if known is not None and scope.last > known[1]:
            self.explain(f"The log ends on {known[1]}: nothing is known of the days after.")
        self.say("")

    def clock(self, at: Micros) -> str:
        """Tell an instant on the school's clocks."""
        return f"{instant(at).astimezone(self.zone):%Y-%m-%d %H:%M}"

    # -- for programs -----------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """Say what an answer is about."""
        scope, facts = self.scope, self.facts
        return {
            "log": facts.log,
            "seq": facts.seq,
            "known_to": instant(facts.newest),
            "zone": facts.zone,
            "from": scope.first,
            "to": scope.last,
            "rooms": scope.rooms,
        }

    def say_json(self, answer: dict[str, Any]) -> None:
        """Write an answer as JSON."""
        body = msgspec.json.encode({**self.about(), **answer})
        self.say(msgspec.json.format(body, indent=1).decode())

    def stream_json(
        self, name: str, rows: Iterator[dict[str, Any]], end: Callable[[], dict[str, Any]]
    ) -> None:
        """Write an answer whose rows are too many to be held, each on a line of its own.

        Args:
            name: What the rows are called.
            rows: They.
            end: What follows them, once they are written.
        """
        encode = msgspec.json.Encoder().encode
        self.out.write(f'{encode(self.about()).decode()[:-1]},\n"{name}":[')
        comma = "\n"
        for row in rows:
            self.out.write(comma + encode(row).decode())
            comma = ",\n"
        self.out.write("\n],\n" + encode(end()).decode()[1:] + "\n")

    @contextmanager
    def csv(self, columns: Sequence[str]) -> Iterator[Callable[[Iterable[Any]], None]]:
        """Open ``--csv``; where none is asked for, rows go nowhere."""
        path: Path | None = getattr(self.arguments, "csv", None)
        if path is None:
            yield lambda _: None
            return
        if path == STDOUT:
            yield CsvFile(sys.stdout, columns, mark=False).row
            return
        try:
            file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise asked.Unanswerable(f"--csv {path} cannot be written: {error.strerror}") from None
        with file:
            yield CsvFile(file, columns).row

    # -- with operators' annotations, and without ---------------------------------------------------

    def annotated(self) -> int:
        """Count the annotations that change figures of this question."""
        start, end = (micros(at) for at in self.span())
        remarks = remarks_by_room(self.facts)
        return sum(
            remark.start < end and remark.end > start
            for room in self.scope.rooms
            for remark in remarks.get(room, ())
        )

    def without(self, figures: Callable[[Iterator[RoomDay]], dict[str, Any]]) -> dict[str, Any]:
        """Tell the figures without what operators annotated; empty where they annotated nothing."""
        if not self.annotated():
            return {}
        scope = msgspec.structs.replace(self.scope, corrected=False)
        return {"without_annotations": figures(room_days(self.facts, scope))}

    def say_without(
        self,
        figures: Callable[[Iterator[RoomDay]], dict[str, Any]],
        said: Callable[[dict[str, Any]], str],
    ) -> None:
        """Say them."""
        found = self.without(figures)
        if found:
            self.explain(
                f"Annotations of operators in these figures: {self.annotated()}; without them: "
                f"{said(found['without_annotations'])}."
            )

    # -- titles, and days ---------------------------------------------------------------------------

    def titles(self, tenures: Iterable[Tenure]) -> dict[EventId, str]:
        """Look up titles of bookings, by the event that brought them."""
        return self.texts((t.text, t.month) for t in tenures)

    def texts(self, wanted: Iterable[tuple[str, str]]) -> dict[EventId, str]:
        """Look up titles, reasons and remarks; none where ``--no-titles`` is asked for.

        Args:
            wanted: For each the event that brought it, and its month.
        """
        return {} if getattr(self.arguments, "no_titles", False) else self.all_texts(wanted)

    def all_texts(self, wanted: Iterable[tuple[str, str]]) -> dict[EventId, str]:
        """Look them up whatever was asked for: what is looked for may be in them.

        Raises:
            asked.Unanswerable: They may not be read.
        """
        try:
            found = self.log.personal.get((EventId(name), month) for name, month in wanted)
        except PermissionError as error:
            raise asked.Unanswerable(
                f"{error.filename}: you may not read titles; --no-titles does without"
            ) from None
        return {name: (text := read_text(body)).title or text.reason for name, body in found.items()}

    def span(self) -> tuple[datetime, datetime]:
        """Tell when the days asked for begin and end."""
        first = datetime.combine(self.scope.first, datetime.min.time(), self.zone)
        last = datetime.combine(self.scope.last, datetime.max.time(), self.zone)
        return first.astimezone(UTC), last.astimezone(UTC)


def add_log(parser: argparse.ArgumentParser) -> None:
    """Declare what `log_folder` reads."""
    parser.add_argument("--log", type=Path, metavar="PATH", help="the data folder, or its log.db")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="school.toml",
        help=f"says where the log is, without --log; default: {CONFIG}",
    )


def log_folder(arguments: argparse.Namespace) -> Path:
    """Find the log: ``--log``, else the data folder of ``--config``, else the usual places.

    Raises:
        ConfigError: The configuration cannot be read.
        asked.Unanswerable: There is no log.
    """
    folder = _named(arguments)
    try:
        found = (folder / "log.db").exists()
    except PermissionError:
        raise asked.Unanswerable(
            f"{folder}: you may not read this; run it as the server's user: sudo -u toctoc …"
        ) from None
    if not found:
        raise asked.Unanswerable(
            f"{folder / 'log.db'}: there is no log here; "
            "say where it is: --log FOLDER, or --config school.toml"
        )
    return folder


def _named(arguments: argparse.Namespace) -> Path:
    if arguments.log is not None:
        path: Path = arguments.log
        return path.parent if path.name == "log.db" else path
    config: Path | None = arguments.config
    if config is None and CONFIG.exists():
        config = CONFIG
    if config is None:
        return DATA
    try:
        data = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("server", {}).get("data")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(config), "", f"cannot be read: {error}") from None
    return config.parent / data if isinstance(data, str) else DATA


def open_facts(log: SqliteLog, *, anew: bool = False) -> IndexedFacts:
    """Open the facts of a log.

    They are kept beside it; where nothing may be written there, in the user's cache; else nowhere.

    Args:
        log: The log.
        anew: Make them from nothing.
    """
    beside = log.folder / INDEX
    writable = os.access(log.folder, os.W_OK) and (not beside.exists() or os.access(beside, os.W_OK))
    path = beside if writable else _cached(log)
    progress = Progress("following the log")
    try:
        return open_index(log, path, anew=anew, progress=progress)
    finally:
        progress.end()


def _cached(log: SqliteLog) -> Path | None:
    first = next(log.read(until=1), None)
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "toctoc"
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or none that may be written
        return None
    return cache / f"{first.id if first else 'empty'}.db"


def scope_of(facts: Facts, arguments: argparse.Namespace) -> Scope:
    """Read from the command line which days and rooms are asked for.

    Raises:
        asked.Unanswerable: The log says nothing of them.
    """
    words = vars(arguments)
    first, last = asked.days_asked(words.get("first"), words.get("last"), bounds(facts))
    opening = words.get("hours")
    return Scope(
        first=first,
        last=last,
        rooms=asked.choose_rooms(
            rooms_of(facts),
            keys=words.get("rooms") or (),
            wings=words.get("wings") or (),
            types=words.get("types") or (),
        ),
        hours=asked.parse_opening(opening) if opening else None,
    )
