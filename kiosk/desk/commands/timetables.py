"""Timetables: `/sources`, and what is true of a suspect reading: `/accept`, `/refuse`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from events.ids import SourceName
from events.wire import AskSources, JudgeReading, SourceReport, Sources
from kiosk.desk.commands.command import Command, needed
from kiosk.desk.effects import Effect, Show
from kiosk.desk.known import Known
from kiosk.desk.session import Session
from kiosk.desk.words import counted


def _ask(session: Session, _: str, now: datetime) -> list[Effect]:
    def told(message: Sources) -> list[Effect]:
        shown: list[Effect] = [Show(line) for report in message.sources for line in _lines(report, now)]
        return shown or [Show("no timetable is configured")]

    return session.questions.ask("/sources", lambda n: AskSources(id=n), Sources, told)


def _lines(report: SourceReport, now: datetime) -> list[str]:
    because = f": {report.reason}" if report.reason else ""
    if report.read_at is None:
        age = "today was never read"
    else:
        minutes = max(0, round((now - report.read_at).total_seconds() / 60))
        age = f"read {minutes} min ago, {counted(report.bookings, 'booking', 'bookings')}"
    lines = [f"{report.source} ({report.kind}): {report.outcome or 'never tried'}{because}; {age}"]
    if report.outcome == "suspect":
        lines.append(f"  /accept {report.source} or /refuse {report.source} says what is true")
    return lines


def _judge(session: Session, rest: str, _: datetime, *, accept: bool) -> list[Effect]:
    source = SourceName(needed(rest))
    name, judged = ("accept", "believed") if accept else ("refuse", "refused")
    return session.questions.order(
        f"/{name} {source}",
        lambda n: JudgeReading(id=n, source=source, accept=accept),
        f"the reading of {source} is {judged}",
    )


def _sources(known: Known) -> Iterable[str]:
    return sorted(known.sources)


COMMANDS = (
    Command("sources", "", "how the timetables are", _ask),
    Command("accept", "SOURCE", "a suspect reading is right", partial(_judge, accept=True), (_sources,)),
    Command("refuse", "SOURCE", "a suspect reading is wrong", partial(_judge, accept=False), (_sources,)),
)
