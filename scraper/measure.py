"""``toctoc scrape --measure``: how long a list of sources takes one after another, and together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from events.printable import printable
from scraper.errors import FetchError, TimedOut
from scraper.fetch import TimetableClient
from scraper.pool import AT_ONCE, PER_HOST, Outcome, Pool, host_of

_GRACE = 5.0
"""Seconds beyond its own limit after which the pool gives a fetch up."""


class Fetched(Struct, frozen=True, kw_only=True):
    """How one URL was fetched.

    Attributes:
        url: As it stands in the list.
        status: What the server answered, such as ``200``; or a word for what went wrong.
        size: Bytes of the body, unpacked; 0 without one.
        seconds: That the fetch took, without waiting for its turn.
        problem: What went wrong, in words; empty when nothing did.
    """

    url: str
    status: str
    size: int = 0
    seconds: float = 0.0
    problem: str = ""


class Measured(Struct, frozen=True, kw_only=True):
    """A list fetched twice.

    Attributes:
        alone: One after another.
        together: At once, in the list's order.
        alone_seconds: For the whole list.
        together_seconds: For the whole list.
    """

    alone: tuple[Fetched, ...]
    together: tuple[Fetched, ...]
    alone_seconds: float
    together_seconds: float

    @property
    def speed_up(self) -> float:
        """How many times sooner the list is there together than one after another."""
        return self.alone_seconds / max(self.together_seconds, 1e-9)


def measure(
    urls: Sequence[str],
    *,
    workers: int = AT_ONCE,
    per_host: int = PER_HOST,
    make: Callable[[], TimetableClient] = TimetableClient,
) -> Measured:
    """Fetches a list one after another and then together, each URL over a connection of its own.

    Args:
        urls: Addresses; one that is twice in the list is fetched twice.
        workers: How many at once.
        per_host: Of those, how many to one host.
        make: Makes a client, one for each fetch.

    Returns:
        What came, and how long it took.
    """
    # Before the first of both, so that neither pays for what is set up once.
    make().close()
    before = time.perf_counter()
    alone = tuple(_told(url, make()) for url in urls)
    between = time.perf_counter()
    fetched = together(urls, workers=workers, per_host=per_host, make=make)
    return Measured(
        alone=alone,
        together=fetched,
        alone_seconds=between - before,
        together_seconds=time.perf_counter() - between,
    )


def together(
    urls: Sequence[str],
    *,
    workers: int = AT_ONCE,
    per_host: int = PER_HOST,
    make: Callable[[], TimetableClient] = TimetableClient,
) -> tuple[Fetched, ...]:
    """Fetches a list at once; for the rest see `measure`.

    Returns:
        What came, in the list's order.
    """
    with Pool(at_once=workers, per_host=per_host) as pool:
        futures = []
        for n, url in enumerate(urls):
            client = make()
            futures.append(
                pool.submit(
                    partial(_told, url, client),
                    key=f"{n}",
                    hosts=[host_of(url)],
                    deadline=client.limits.whole + _GRACE,
                    abort=client.abort,
                )
            )
        return tuple(_of(url, future.result()) for url, future in zip(urls, futures, strict=True))


def _told(url: str, client: TimetableClient) -> Fetched:
    before = time.perf_counter()
    try:
        with client:
            size = len(client.fetch_page(url).body)
    except FetchError as error:
        return Fetched(
            url=url, status=_status(error), seconds=time.perf_counter() - before, problem=error.problem
        )
    return Fetched(url=url, status="200", size=size, seconds=time.perf_counter() - before)


def _status(error: BaseException) -> str:
    number = getattr(error, "status", None)
    return str(number) if isinstance(number, int) else type(error).__name__


def _of(url: str, outcome: Outcome[Fetched]) -> Fetched:
    if outcome.value is not None:
        return outcome.value
    error = outcome.error or TimedOut(url, "given up")
    return Fetched(
        url=url,
        status=_status(error),
        seconds=outcome.took,
        problem=getattr(error, "problem", "") or str(error),
    )


def read_list(path: str) -> list[str]:
    """The URLs of a file: one a line; empty lines and those that begin with ``#`` are passed over.

    Raises:
        FetchError: The file cannot be read, or names no URL.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise FetchError(path, getattr(error, "strerror", None) or "no text in UTF-8") from None
    urls = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not urls:
        raise FetchError(path, "no URL in it")
    return urls


def main(
    path: str,
    *,
    workers: int = AT_ONCE,
    per_host: int = PER_HOST,
    make: Callable[[], TimetableClient] = TimetableClient,
    tell: Callable[[str], object] = print,
) -> int:
    """Measures the list of a file and prints what came of it.

    Args:
        path: See `read_list`.
        workers: How many at once.
        per_host: Of those, how many to one host.
        make: Makes a client.
        tell: Takes each line.

    Returns:
        The exit status: 0 when each URL was fetched both times, 2 when one was not or the list cannot
        be read.
    """
    try:
        urls = read_list(path)
    except FetchError as error:
        tell(f"toctoc scrape: {error}")
        return 2
    measured = measure(urls, workers=workers, per_host=per_host, make=make)
    tell(f"{'status':<12} {'bytes':>12} {'alone':>9} {'together':>9}  url")
    for one, other in zip(measured.alone, measured.together, strict=True):
        worse = other if other.problem else one
        tell(
            f"{worse.status:<12} {worse.size:>12,} {one.seconds:>7.2f} s {other.seconds:>7.2f} s"
            f"  {_line(worse)}"
        )
    tell(
        f"{len(urls)} one after another: {measured.alone_seconds:.2f} s; together, {workers} at once and "
        f"{per_host} to one host: {measured.together_seconds:.2f} s; {measured.speed_up:.1f} times as fast"
    )
    failed = sum(1 for one in (*measured.alone, *measured.together) if one.problem)
    if failed:
        tell(f"{failed} of {2 * len(urls)} fetches failed")
    return 2 if failed else 0


def _line(fetched: Fetched) -> str:
    """The URL as it stands in the list, and what went wrong, without anything that moves a cursor."""
    text = f"{fetched.url}  ({fetched.problem})" if fetched.problem else fetched.url
    return printable(text)
