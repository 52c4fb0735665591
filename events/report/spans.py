"""Spans of time as pairs of whole microseconds since 1970 (UTC): the end is excluded.

Audits go through millions of instants, and whole numbers are compared in a tenth of the time that
datetimes take; the log holds its instants so, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from events.domain import Hours
from events.status import day_span, opening_spans

Micros = int
Span = tuple[Micros, Micros]

MINUTE: Micros = 60_000_000
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR
FOREVER: Micros = 1 << 62

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> Micros:
    """Turn an aware instant into whole microseconds."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(at: Micros) -> datetime:
    """Turn whole microseconds into an instant, UTC; exact."""
    return _EPOCH + at * _MICROSECOND


def day_of_school(zone: str, day: date) -> Span:
    """Tell when a local day begins and ends."""
    start, end = day_span(zone, day)
    return micros(start), micros(end)


def open_hours(hours: Hours, zone: str, day: date) -> list[Span]:
    """Tell when the school is open on a local day."""
    return [(micros(start), micros(end)) for start, end in opening_spans(hours, zone, day)]


def union(spans: Iterable[Span]) -> list[Span]:
    """Put overlapping and touching spans together; empty ones are dropped.

    Returns:
        Spans in order that neither overlap nor touch.
    """
    merged: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def overlap(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Tell what lies in both; each is a union."""
    if not ones or not others:
        return []
    found: list[Span] = []
    i = j = 0
    while i < len(ones) and j < len(others):
        start, end = max(ones[i][0], others[j][0]), min(ones[i][1], others[j][1])
        if start < end:
            found.append((start, end))
        if ones[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """Tell what of the first lies not in the second; each is a union."""
    if not taken:
        return list(spans)
    left: list[Span] = []
    for start, end in spans:
        at = start
        for a, z in taken:
            if z <= at:
                continue
            if a >= end:
                break
            if a > at:
                left.append((at, a))
            at = max(at, z)
        if at < end:
            left.append((at, end))
    return left


def length(spans: Iterable[Span]) -> Micros:
    """Add up the lengths of spans that do not overlap."""
    return sum(end - start for start, end in spans)


def covered(span: Span, spans: Sequence[Span]) -> bool:
    """Tell whether a span lies wholly in a union."""
    return span[1] <= span[0] or any(start <= span[0] and span[1] <= end for start, end in spans)


def minutes(length_in_micros: Micros) -> float:
    """Turn a length into minutes, to a hundredth."""
    return round(length_in_micros / MINUTE, 2)
