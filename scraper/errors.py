"""What can go wrong between a timetable's address and its bookings.

::

    events.errors.ToctocError
    └── ScrapeError
        ├── FetchError (OSError)          the source could not be fetched: it may be there tomorrow
        │   ├── Unreachable               no connection, or one that broke
        │   ├── TimedOut (TimeoutError)   connecting, waiting or the whole request took too long
        │   ├── TooLarge                  more bytes than a timetable has, packed or unpacked
        │   ├── BadStatus                 the server answered, and not with a page
        │   ├── NotAllowed                an address or a redirect that we do not follow
        │   ├── NoBrowser                 the page needs a browser, and there is none
        │   └── BrowserFailed             the browser died, or did something else than it was told
        └── Unreadable (ValueError)       the bytes came, but no timetable can be read from them

No exception of requests, urllib3, lxml or the standard library's network modules leaves this
package: each is one of these.
"""

from __future__ import annotations

import urllib.parse

from events.errors import ToctocError


class ScrapeError(ToctocError):
    """A timetable that could not be fetched or understood."""


def shown(url: str) -> str:
    """An address as a log may have it: where it leads, without what may be a secret.

    User, path and query are left out: private calendars are addresses that nobody can guess.

    Args:
        url: An address, or the path of a file, which stays as it is.

    Returns:
        Such as ``https://ade.example.org:8443/…``.
    """
    scheme, colon, _ = url.partition("://")
    if not colon or scheme.lower() == "file":
        return url
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return f"{scheme[:20]}://…"
    more = "/…" if parts.path not in {"", "/"} or parts.query or parts.fragment else parts.path
    return f"{scheme[:20]}://{host}{more}"


class FetchError(ScrapeError, OSError):
    """The source could not be fetched.

    Attributes:
        url: The address asked for, as it was given; `str` tells only what `shown` leaves of it.
        problem: What happened, in words, without the address.
        retry_after: Seconds that the server asks us to wait, or None when it says nothing.
    """

    def __init__(self, url: str, problem: str, *, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.url, self.problem, self.retry_after = url, problem, retry_after

    def __str__(self) -> str:
        return f"{shown(self.url)}: {self.problem}"


class Unreachable(FetchError):
    """No connection could be made, or it broke before the end of the page."""


class TimedOut(FetchError, TimeoutError):
    """Connecting, waiting for bytes, or the whole request took longer than allowed."""


class TooLarge(FetchError):
    """The body is larger than allowed, as sent or after decompression."""


class BadStatus(FetchError):
    """The server answered with something else than a page.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, url: str, status: int, problem: str, *, retry_after: float | None = None) -> None:
        super().__init__(url, problem, retry_after=retry_after)
        self.status = status


class NotAllowed(FetchError):
    """An address, or a redirect to one, that is not followed: wrong scheme, private, too many of them."""


class NoBrowser(FetchError):
    """The page needs a browser, and none is installed; the text says what installs one."""


class BrowserFailed(FetchError):
    """The browser did not start, died, or its renderer crashed."""


class Unreadable(ScrapeError, ValueError):
    """No timetable can be read from these bytes; nothing may be concluded about any room.

    Attributes:
        looked_for: What had to be there, in words.
        found: What was there instead, in words; never the title of a booking.
        where: The element or place concerned; empty for the whole page.
    """

    def __init__(self, looked_for: str, found: str, where: str = "") -> None:
        super().__init__(looked_for, found, where)
        self.looked_for, self.found, self.where = looked_for, found, where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}looked for {self.looked_for}, found {self.found}"
