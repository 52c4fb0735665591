"""Fetches timetable pages over HTTP, within limits, and says who is asking.

A source is somebody else's server: it may be slow on purpose or by accident, send without end,
pack a gigabyte into a megabyte, or redirect in circles. Each of these ends in a `FetchError` within
the limits of `Limits`, and no exception of requests, urllib3 or the standard library leaves here.
"""

from __future__ import annotations

import functools
import http.client
import io
import re
import socket
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from msgspec import Struct

from scraper.errors import BadStatus, FetchError, NotAllowed, TimedOut, TooLarge, Unreachable

MOST_REDIRECTS = 5

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 16 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """How long and how much a source may take.

    Attributes:
        connect: Seconds to connect.
        read: Seconds without any byte.
        whole: Seconds for the whole request, redirects included.
        size: Bytes of the body, counted after decompression.
    """

    connect: float = 5.0
    read: float = 15.0
    whole: float = 45.0
    size: int = 16 * 1024 * 1024


class Page(Struct, frozen=True, kw_only=True):
    """A body that was fetched in full.

    Attributes:
        url: Where it came from, after redirects; or the path of a file.
        body: Its bytes, unpacked.
        content_type: The Content-Type header, or None.
        etag: The ETag header, or None.
        last_modified: The Last-Modified header, or None.
        fetched_at: Aware UTC instant at which the last byte was there.
    """

    url: str
    body: bytes
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: datetime


class NotModified(Struct, frozen=True, kw_only=True):
    """The server says that the page is the one it sent before.

    Attributes:
        url: The address that was asked for.
        fetched_at: Aware UTC instant of the answer.
    """

    url: str
    fetched_at: datetime


def is_url(source: str) -> bool:
    """Whether a source on a command line is an address to fetch, not a file to open."""
    return _URL.match(source) is not None and not source.lower().startswith("file://")


def read_file(source: str) -> Page:
    """Reads a page from a file. For people at a command line: no address of a configuration leads here.

    Args:
        source: A path, or a ``file://`` address.

    Returns:
        The page, without a content type.

    Raises:
        FetchError: The file cannot be read or is larger than any page.
    """
    try:
        path = source
        if source.lower().startswith("file://"):
            path = urllib.parse.unquote(urllib.parse.urlsplit(source).path)
        with Path(path).open("rb") as file:
            body = file.read(Limits().size + 1)
    except (OSError, ValueError) as error:
        raise FetchError(source, getattr(error, "strerror", None) or str(error)) from None
    if len(body) > Limits().size:
        raise TooLarge(source, f"more than {Limits().size:,} bytes")
    return Page(url=source, body=body, fetched_at=datetime.now(UTC))


def user_agent(contact: str = "") -> str:
    """Who we are, in a User-Agent header.

    Args:
        contact: Address of a page or a mailbox by which a source's keeper finds the school, or empty.

    Returns:
        Such as ``toctoc/0.1.0 (+https://salles.example.org)``.
    """
    try:
        number = version("toctoc")
    except PackageNotFoundError:
        number = "0"
    clean = "".join(
        letter for letter in contact if letter.isascii() and letter.isprintable() and letter not in "()"
    )
    return f"toctoc/{number} (+{clean})" if clean else f"toctoc/{number} (reads room timetables)"


class TimetableClient:
    """Fetches pages, one after another, over connections that are kept.

    Remembers for each address what the server said about its version, and asks for the page only if
    it changed. Belongs to one thread at a time: a pool has one for each of its threads.
    """

    def __init__(self, *, contact: str = "", limits: Limits | None = None) -> None:
        """Makes a client without connecting.

        Args:
            contact: See `user_agent`.
            limits: How long and how much a source may take.
        """
        self._limits = limits or Limits()
        self._deadline = _Deadline(read=self._limits.read)
        self._session = requests.Session()
        # No proxy, netrc or certificate of the environment: what is used is configured and seen.
        self._session.trust_env = False
        self._session.headers.clear()
        self._session.headers.update(
            {
                "User-Agent": user_agent(contact),
                "Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
                "Accept-Encoding": "gzip, deflate",
            }
        )
        adapter = _Adapter(self._deadline)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self._validators: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def forget(self, url: str) -> None:
        """Asks for the page in full next time: for a page that turned out to be unreadable."""
        self._validators.pop(url, None)

    def fetch_page(self, url: str) -> Page:
        """Fetches the page in full, whatever the server sent before.

        Raises:
            FetchError: It could not be fetched.
        """
        self.forget(url)
        page = self.fetch(url)
        if isinstance(page, NotModified):
            raise BadStatus(url, 304, "the server answered 304 to a request without conditions")
        return page

    def fetch(self, url: str) -> Page | NotModified:
        """Fetches a page, if it changed since the last time.

        Args:
            url: An http or https address.

        Returns:
            The page, or `NotModified`.

        Raises:
            Unreachable: No connection, or one that broke before the end of the body.
            TimedOut: One of the three time limits was exceeded.
            TooLarge: The body is larger than allowed.
            BadStatus: The server answered with something else than a page.
            NotAllowed: An address, or a redirect to one, that is not followed.
        """
        self._deadline.at = time.monotonic() + self._limits.whole
        try:
            return self._follow(url)
        except FetchError:
            raise
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise TimedOut(url, self._deadline.words(error)) from None
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            urllib3.exceptions.LocationValueError,
            UnicodeError,
        ) as error:
            raise NotAllowed(url, f"no address: {_cause(error)}") from None
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
        ) as error:
            if self._deadline.over or isinstance(_root(error), TimeoutError):
                raise TimedOut(url, self._deadline.words(error)) from None
            raise Unreachable(url, _cause(error)) from None

    def _follow(self, url: str) -> Page | NotModified:
        here = url
        conditions = self._validators.get(url, {})
        for _ in range(MOST_REDIRECTS + 1):
            _permit(url, here)
            # A server that keeps cookies on us would tell one round of reading from another.
            self._session.cookies.clear()
            response = self._session.get(
                here,
                headers=conditions,
                stream=True,
                allow_redirects=False,
                timeout=(min(self._limits.connect, self._deadline.left()), self._limits.read),
            )
            with response:
                if response.status_code in _REDIRECTS and "Location" in response.headers:
                    here = urllib.parse.urljoin(here, response.headers["Location"])
                    continue
                return self._answer(url, here, response)
        raise NotAllowed(url, f"more than {MOST_REDIRECTS} redirects, the last one to {here}")

    def _answer(self, url: str, here: str, response: requests.Response) -> Page | NotModified:
        status = response.status_code
        if status == 304 and url in self._validators:
            return NotModified(url=url, fetched_at=datetime.now(UTC))
        if status != 200:
            raise BadStatus(
                url,
                status,
                f"the server answered {status} {response.reason or ''}".rstrip(),
                retry_after=_retry_after(response.headers.get("Retry-After")),
            )
        body = b"".join(_unpacked(url, response, self._limits.size))
        page = Page(
            url=here,
            body=body,
            content_type=response.headers.get("Content-Type"),
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            fetched_at=datetime.now(UTC),
        )
        conditions = {}
        if page.etag:
            conditions["If-None-Match"] = page.etag
        if page.last_modified:
            conditions["If-Modified-Since"] = page.last_modified
        if conditions:
            self._validators[url] = conditions
        else:
            self._validators.pop(url, None)
        return page


def _permit(url: str, here: str) -> None:
    """Refuses what is no web address. Each address on the way passes here, redirects included."""
    try:
        parts = urllib.parse.urlsplit(here)
        host = parts.hostname
    except ValueError:
        raise NotAllowed(url, f"no address: {here!r}") from None
    if parts.scheme.lower() not in {"http", "https"}:
        raise NotAllowed(url, f"only http and https are followed, not {parts.scheme or here!r}")
    if not host:
        raise NotAllowed(url, f"an address without a host: {here!r}")


def _unpacked(url: str, response: requests.Response, most: int) -> Iterator[bytes]:
    """The body, decompressed piece by piece, never more than ``most`` bytes of it in all."""
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise TooLarge(url, f"{int(declared[:20]):,} bytes announced; at most {most:,} are read")
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise Unreachable(url, f"packed as {packing!r}, which was not asked for")
    packed = packing not in {"identity", ""}
    # 32 accepts the headers of gzip and of zlib alike.
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    size = 0
    for piece in response.raw.stream(_PIECE, decode_content=False):
        if packed:
            try:
                plain = inflate.decompress(piece, most - size + 1)
            except zlib.error as error:
                raise Unreachable(url, f"the packed body is damaged ({error})") from None
        else:
            plain = piece
        size += len(plain)
        if size > most or inflate.unconsumed_tail:
            raise TooLarge(url, f"more than {most:,} bytes" + (" after decompression" if packed else ""))
        yield plain
    if packed and not inflate.eof:
        raise Unreachable(url, "the packed body breaks off before its end")


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header: a number of seconds or a date."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait)


def _root(error: BaseException) -> BaseException:
    """The innermost cause, through requests' and urllib3's wrappings."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = [
            error.__cause__,
            error.__context__,
            getattr(error, "reason", None),
            *error.args,
        ]
        error = next((it for it in inner if isinstance(it, BaseException)), error)
    return error


def _cause(error: BaseException) -> str:
    root = _root(error)
    words = getattr(root, "strerror", None) or (str(root).splitlines() or [""])[0] or type(root).__name__
    return str(words)


# The whole request's deadline. A timeout of requests counts from byte to byte, so that a server that
# sends one byte a second, be it in the headers, holds its reader for hours. Here each read from the
# socket is given no more than what is left.


class _Deadline:
    """When the request that is under way has to be over."""

    def __init__(self, *, read: float) -> None:
        self.at = 0.0
        self.read = read

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.at

    def left(self) -> float:
        """Seconds left, more than none.

        Raises:
            TimeoutError: None are left.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole request took too long")
        return left

    def words(self, error: BaseException) -> str:
        if self.over:
            return "the whole request took too long"
        kind = _root(error)
        connecting = isinstance(error, (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError))
        return "connecting took too long" if connecting else f"no answer for too long ({type(kind).__name__})"


class _TimedStream(io.RawIOBase):
    """A socket's bytes, each read within what is left of the deadline."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._inner = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(self._deadline.left(), self._deadline.read))
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _TimedSocket:
    """What `http.client.HTTPResponse` wants of a socket."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_TimedStream(self._sock, self._deadline))


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: _Deadline, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock, deadline), *args, **kwargs)  # type: ignore[arg-type]


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections whose answers keep to the client's deadline.

    This is also where the address that a connection was really made to can be looked at.
    """

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        plain, secure = _timed_connections(self._deadline)
        if isinstance(pool, urllib3.connectionpool.HTTPSConnectionPool):
            pool.ConnectionCls = secure
        else:
            pool.ConnectionCls = plain
        return pool


@functools.lru_cache(maxsize=64)
def _timed_connections(
    deadline: _Deadline,
) -> tuple[type[urllib3.connection.HTTPConnection], type[urllib3.connection.HTTPSConnection]]:
    answer = functools.partial(_TimedResponse, deadline=deadline)

    class Plain(urllib3.connection.HTTPConnection):
        response_class = answer  # type: ignore[assignment]

    class Secure(urllib3.connection.HTTPSConnection):
        response_class = answer  # type: ignore[assignment]

    return Plain, Secure
