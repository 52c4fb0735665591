"""Bytes in, bookings out: fetches timetables and reads them, or says why it cannot.

What needs lxml or requests is imported from its own module: `scraper.oasis`, `scraper.fetch`.
"""

from scraper.errors import (
    BadStatus,
    FetchError,
    NotAllowed,
    ScrapeError,
    TimedOut,
    TooLarge,
    Unreachable,
    Unreadable,
)
from scraper.reading import Problem, Reading, Slot, as_json

__all__ = [
    "BadStatus",
    "FetchError",
    "NotAllowed",
    "Problem",
    "Reading",
    "ScrapeError",
    "Slot",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "Unreadable",
    "as_json",
]
