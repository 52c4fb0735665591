"""How the server is: for people and supervisors as `/healthz`, for Prometheus as `/metrics`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from actors.web.answer import JSON, SAFETY, Answer
from actors.web.rooms import Shown, stretch_at
from events.ids import SourceName
from events.state import Rules

RECORDER_LIMIT = 30.0
"""Seconds without a sign of life of the recorder after which the server is not well."""


class Condition(Struct, frozen=True, kw_only=True):
    """How the server is.

    Attributes:
        seq: Position of the newest event told to clients.
        began_at: When this run of the gateway began.
        recorder_age: Seconds since the recorder last proved that it takes what is to be written; None
            when the school has not spoken yet.
        sources: For each configured timetable when today was last read and believed.
        clients: Connections by role.
        doors: Doors that are connected and have delivered all they kept.
    """

    version: str = ""
    seq: int
    began_at: datetime
    recorder_age: float | None
    sources: Mapping[SourceName, datetime | None]
    clients: Mapping[str, int]
    doors: int


def ails(condition: Condition, rules: Rules, now: datetime) -> list[str]:
    """Tell what is wrong with the server; nothing when it is well.

    A timetable has `Policy.stale_after` minutes from the server's start to be read for the first time.

    Args:
        condition: How it is.
        rules: The school's rules.
        now: The time.
    """
    if condition.recorder_age is None:
        return ["the log is still being read"]
    wrong = []
    if condition.recorder_age > RECORDER_LIMIT:
        wrong.append(f"the recorder has not answered for {condition.recorder_age:.0f} s")
    oldest = timedelta(minutes=rules.policy.stale_after)
    for name, read_at in sorted(condition.sources.items()):
        if now - max(read_at or condition.began_at, condition.began_at) > oldest:
            since = f"since {read_at.isoformat()}" if read_at else "today"
            wrong.append(f"timetable {name} was not read {since}")
    return wrong


def health(condition: Condition, shown: Shown, now: datetime) -> Answer:
    """Answer `/healthz`: 200 when nothing is wrong, else 503 and what it is."""
    wrong = ails(condition, shown.rules, now)
    body = msgspec.json.encode(
        {
            "well": not wrong,
            "wrong": wrong,
            "seq": condition.seq,
            "rooms": len(shown.rooms),
            "doors": condition.doors,
            "clients": sum(condition.clients.values()),
            "recorder_age": condition.recorder_age,
            "timetables": dict(sorted(condition.sources.items())),
        }
    )
    status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
    return Answer(status=status, headers=(("Content-Type", JSON), *SAFETY), body=body)


class _Numbers(Collector):
    """The server's numbers at one instant, for Prometheus."""

    def __init__(self, condition: Condition, shown: Shown, now: datetime) -> None:
        self._condition, self._shown, self._now = condition, shown, now

    def collect(self) -> Iterator[GaugeMetricFamily | InfoMetricFamily]:
        """List the numbers."""
        condition, shown, now = self._condition, self._shown, self._now
        well = GaugeMetricFamily("toctoc_well", "1 when nothing is wrong: see /healthz")
        well.add_metric([], 0 if ails(condition, shown.rules, now) else 1)
        yield well
        seq = GaugeMetricFamily("toctoc_log_seq", "Position of the newest event told to clients")
        seq.add_metric([], condition.seq)
        yield seq
        if condition.recorder_age is not None:
            age = GaugeMetricFamily(
                "toctoc_recorder_age_seconds", "Seconds since the recorder last proved that it writes"
            )
            age.add_metric([], condition.recorder_age)
            yield age
        read = GaugeMetricFamily(
            "toctoc_timetable_age_seconds",
            "Seconds since today was last read and believed; none where it was not read",
            labels=["source"],
        )
        for name, read_at in sorted(condition.sources.items()):
            if read_at is not None:
                read.add_metric([name], (now - read_at).total_seconds())
        yield read
        rooms = GaugeMetricFamily(
            "toctoc_rooms", "Rooms by what their doors show; closed ones apart", labels=["status"]
        )
        for status, count in sorted(_counted(shown, now).items()):
            rooms.add_metric([status], count)
        yield rooms
        clients = GaugeMetricFamily("toctoc_clients", "Connections by role", labels=["role"])
        for role, count in sorted(condition.clients.items()):
            clients.add_metric([role], count)
        yield clients
        doors = GaugeMetricFamily("toctoc_doors", "Doors that are connected and have delivered all they kept")
        doors.add_metric([], condition.doors)
        yield doors


def _counted(shown: Shown, now: datetime) -> dict[str, int]:
    counted = dict.fromkeys(("in_use", "occupied", "booked", "unknown", "soon", "free", "closed"), 0)
    for room in shown.rooms.values():
        stretch = stretch_at(room.plan, now)
        if stretch is None:
            counted["unknown"] += 1
        else:
            counted["closed" if stretch.status.closed else stretch.status.name] += 1
    return counted


def metrics(condition: Condition, shown: Shown, now: datetime) -> Answer:
    """Answer `/metrics` in the form that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(condition, shown, now))
    return Answer(
        status=HTTPStatus.OK,
        headers=(("Content-Type", CONTENT_TYPE_LATEST), *SAFETY),
        body=generate_latest(registry),
    )
