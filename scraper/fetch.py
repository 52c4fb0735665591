"""Fetches timetable pages over HTTP, within limits, and says who is asking.

A source is somebody else's server: it may be slow on purpose or by accident, send without end,
pack a gigabyte into a megabyte, or redirect in circles. Each of these ends in a `FetchError` within
the limits of `Limits`, and no exception of requests, urllib3 or the standard library leaves here.
Nor does it lead anywhere it pleases: see `TimetableClient` and `scraper.addresses`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import io
import re
import socket
import ssl
import urllib.parse
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import certifi
import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from msgspec import Struct

from scraper.addresses import Deadline, Refused, dial, why_refused
from scraper.errors import BadStatus, FetchError, NotAllowed, TimedOut, TooLarge, Unreachable, shown

MOST_REDIRECTS = 5
MOST_RETRY_AFTER = 24 * 3600.0
"""Seconds. A server that sends us away for longer is asked again after a day all the same."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 16 * 1024
_REMEMBERED = 100
"""Addresses of which a client remembers what the server said about their version."""


class Limits(Struct, frozen=True, kw_only=True):
    """How long and how much a source may take.

    Attributes:
        connect: Seconds to look the name up and connect, and as many again for the TLS handshake.
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


class Basic(Struct, frozen=True):
    """A user and a password, read by the caller from a file or the environment.

    Attributes:
        user: Without a colon.
        password: Any text; never printed.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return "Basic(…)"

    def header(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class Bearer(Struct, frozen=True):
    """A token, read by the caller from a file or the environment.

    Attributes:
        token: Never printed.
    """

    token: str

    def __repr__(self) -> str:
        return "Bearer(…)"

    def header(self) -> str:
        """The value of an Authorization header."""
        return f"Bearer {self.token}"


class Proxy(Struct, frozen=True):
    """A proxy that takes our requests to the web.

    Attributes:
        url: ``http://host:port`` or ``https://host:port``, without user and password.
        credentials: What the proxy itself wants to know, or None.
    """

    url: str
    credentials: Basic | None = None


class TimetableClient:
    """Fetches pages, one after another, over connections that are kept.

    Remembers for each address what the server said about its version, and asks for the page only if
    it changed. Belongs to one thread at a time, but for `abort` and `close`.

    **Which machines are asked.** Without ``allow_private`` only public addresses are connected to, and
    what is judged is the address of the connection itself, for each redirect anew (`scraper.addresses`).
    With a proxy that guard sees less: the proxy looks the names up, so that here only addresses written
    as numbers and ``localhost`` are refused, and the proxy's own rules have to refuse the rest. The
    proxy's own address is not judged: an administrator wrote it.

    **Credentials** are sent to the scheme, host and port of the address asked for and nowhere else: not
    after a redirect to another one, unless it only leads from port 80 to TLS on port 443 of the same
    host. They are in no error's text; nor are user, path and query of an address, which often are
    secrets themselves.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        limits: Limits | None = None,
        allow_private: bool = False,
        credentials: Basic | Bearer | None = None,
        proxy: Proxy | None = None,
        ca_file: Path | str | None = None,
    ) -> None:
        """Makes a client without connecting.

        Args:
            contact: See `user_agent`.
            limits: How long and how much a source may take.
            allow_private: Also ask private, loopback, link-local and reserved addresses.
            credentials: For the source.
            proxy: What leads to the web; None for a direct way. The environment's is never used.
            ca_file: PEM file with the authorities to be trusted *instead* of the public ones.

        Raises:
            ValueError: The proxy's address or the credentials cannot be sent as they are.
        """
        self._limits = limits or Limits()
        self._allow_private = allow_private
        self._authorization = _header(credentials)
        if proxy is not None:
            _check_proxy(proxy)
        self._call = _Call(self._limits, allow_private=allow_private)
        self._session = _Session()
        # No proxy, netrc or certificate of the environment: what is used is configured and seen.
        self._session.trust_env = False
        if proxy is not None:
            self._session.proxies = {"http": proxy.url, "https": proxy.url}
        self._proxied = proxy is not None
        self._session.headers.clear()
        self._session.headers.update(
            {
                "User-Agent": user_agent(contact),
                "Accept": "text/html, application/xhtml+xml;q=0.9, text/calendar;q=0.9, "
                "application/json;q=0.9, */*;q=0.1",
                "Accept-Encoding": "gzip, deflate",
            }
        )
        adapter = _Adapter(
            self._call,
            ca_file=None if ca_file is None else str(ca_file),
            proxy=_header(None if proxy is None else proxy.credentials),
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self._validators: dict[str, dict[str, str]] = {}
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def limits(self) -> Limits:
        """How long and how much a source may take."""
        return self._limits

    def close(self) -> None:
        """Closes the connections and gives up what is under way. Any thread may call this."""
        self._closed = True
        self.abort()
        self._session.close()

    def abort(self) -> None:
        """Gives up the fetch that is under way, if any: it raises `Unreachable`. Any thread may call this.

        A look-up or a connection ends at once, a server that is waited for too.
        """
        self._call.deadline.stop()

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
        self._call.deadline = Deadline(self._limits.whole)
        if self._closed:
            raise Unreachable(url, "the client is closed")
        try:
            return self._follow(url)
        except FetchError:
            raise
        except Refused as error:
            raise NotAllowed(url, f"{error}; such addresses are asked only with allow_private") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise TimedOut(url, self._call.words(error)) from None
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            urllib3.exceptions.LocationValueError,
            UnicodeError,
        ):
            # The words of these errors repeat the address.
            raise NotAllowed(url, "no address of a page on the web") from None
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
        ) as error:
            if self._call.deadline.stopped:
                raise Unreachable(url, "given up") from None
            if self._call.deadline.over or isinstance(_root(error), TimeoutError):
                raise TimedOut(url, self._call.words(error)) from None
            raise Unreachable(url, _cause(error)) from None
        except ValueError:
            raise Unreachable(url, "the answer is no HTTP") from None

    def _follow(self, url: str) -> Page | NotModified:
        here = url
        conditions = self._validators.get(url, {})
        for _ in range(MOST_REDIRECTS + 1):
            self._permit(url, here)
            headers: dict[str, str] = dict(conditions)
            if self._authorization is not None and _same_place(url, here):
                headers["Authorization"] = self._authorization
            # A server that keeps cookies on us would tell one round of reading from another.
            self._session.cookies.clear()
            left = self._call.deadline.left()
            response = self._session.get(
                here,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(min(self._limits.connect, left), min(self._limits.read, left)),
            )
            with response:
                if response.status_code in _REDIRECTS and "Location" in response.headers:
                    here = _joined(url, here, response.headers["Location"])
                    continue
                return self._answer(url, here, response)
        raise NotAllowed(url, f"more than {MOST_REDIRECTS} redirects, the last one to {shown(here)}")

    def _permit(self, url: str, here: str) -> None:
        """Refuses what is no web address. Each address on the way passes here, redirects included."""
        try:
            parts = urllib.parse.urlsplit(here)
            host = parts.hostname
        except ValueError:
            raise NotAllowed(url, "no address of a page on the web") from None
        scheme = parts.scheme.lower()
        if scheme not in {"http", "https"}:
            hint = "; write https:// instead" if scheme == "webcal" else ""
            raise NotAllowed(url, f"only http and https are followed, not {scheme[:20] or 'this'}{hint}")
        if not host:
            raise NotAllowed(url, "an address without a host")
        if "@" in parts.netloc:
            raise NotAllowed(url, "user and password stand in the address; they are configured apart from it")
        if self._proxied and not self._allow_private:
            why = _literally_refused(host)
            if why:
                raise NotAllowed(url, f"{host} is {why}; such addresses are asked only with allow_private")

    def _answer(self, url: str, here: str, response: requests.Response) -> Page | NotModified:
        status = response.status_code
        if status == 304 and url in self._validators:
            return NotModified(url=url, fetched_at=datetime.now(UTC))
        if status != 200:
            raise BadStatus(
                url,
                status,
                f"the server answered {status} {response.reason or ''}".rstrip(),
                retry_after=retry_after(response.headers.get("Retry-After")),
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
        self._validators.pop(url, None)
        if conditions:
            self._validators[url] = conditions
            # Addresses with a day in them come and go.
            for old in list(self._validators)[:-_REMEMBERED]:
                del self._validators[old]
        return page


def _header(credentials: Basic | Bearer | None) -> str | None:
    """Their header, if they are written so that one header can hold them.

    Raises:
        ValueError: They are not; the text tells nothing of them.
    """
    if credentials is None:
        return None
    if isinstance(credentials, Basic) and ":" in credentials.user:
        raise ValueError("a user name with a colon cannot be sent")
    header = credentials.header()
    if not (header.isascii() and header.isprintable()):
        raise ValueError("a token is plain ASCII on one line")
    return header


def _check_proxy(proxy: Proxy) -> None:
    parts = urllib.parse.urlsplit(proxy.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a proxy's address begins with http:// or https:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("user and password stand in the proxy's address; they are configured apart from it")


def _same_place(url: str, here: str) -> bool:
    """Whether an address on the way may see what was meant for the first one."""
    (scheme, host, port), (its, name, number) = _place(url), _place(here)
    if host != name:
        return False
    return (scheme, port) == (its, number) or (scheme, port, its, number) == ("http", 80, "https", 443)


def _place(url: str) -> tuple[str, str, int]:
    parts = urllib.parse.urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").rstrip("."), parts.port or (443 if scheme == "https" else 80)


def _joined(url: str, here: str, location: str) -> str:
    try:
        # requests gives headers as Latin-1; what servers mean is UTF-8.
        with contextlib.suppress(UnicodeError):
            location = location.encode("latin-1").decode()
        return urllib.parse.urljoin(here, location)
    except ValueError:
        raise NotAllowed(url, "a redirect to what is no address") from None


def _literally_refused(host: str) -> str:
    """Why an address written as such, in whatever numbers, is refused; empty for names."""
    if host.rstrip(".").lower() == "localhost" or host.rstrip(".").lower().endswith(".localhost"):
        return "loopback"
    try:
        found = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ""
    return next((why for address in found if (why := why_refused(str(address[4][0])))), "")


def _unpacked(url: str, response: requests.Response, most: int) -> Iterator[bytes]:
    """The body, decompressed piece by piece, never more than ``most`` bytes of it in all."""
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise TooLarge(url, f"{int(declared[:20]):,} bytes announced; at most {most:,} are read")
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise Unreachable(url, f"packed as {packing!r}, which was not asked for")
    packed = packing not in {"identity", ""}
    if packed:
        inflate = _Inflate(url, most)
        for piece in response.raw.stream(_PIECE, decode_content=False):
            yield from inflate.feed(piece)
        inflate.end()
        return
    size = 0
    for piece in response.raw.stream(_PIECE, decode_content=False):
        size += len(piece)
        if size > most:
            raise TooLarge(url, f"more than {most:,} bytes")
        yield piece


class _Inflate:
    """Unpacks gzip (also several parts in a row), zlib, and the bare deflate that some servers send.

    Args:
        url: For the errors.
        most: Bytes after which it is too much.
    """

    def __init__(self, url: str, most: int) -> None:
        self._url, self._left = url, most
        self._most = most
        # 32 accepts the headers of gzip and of zlib alike.
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._first = True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._stream.eof:
                piece = piece.lstrip(b"\0")
                if not piece:
                    return
                self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            plain = self._unpack(piece)
            self._left -= len(plain)
            if self._left < 0 or self._stream.unconsumed_tail:
                raise TooLarge(self._url, f"more than {self._most:,} bytes after decompression")
            yield plain
            piece = self._stream.unused_data if self._stream.eof else b""

    def _unpack(self, piece: bytes) -> bytes:
        first, self._first = self._first, False
        try:
            return self._stream.decompress(piece, self._left + 1)
        except zlib.error as error:
            if first:
                self._stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
                with contextlib.suppress(zlib.error):
                    return self._stream.decompress(piece, self._left + 1)
            raise Unreachable(self._url, f"the packed body is damaged ({error})") from None

    def end(self) -> None:
        if not self._stream.eof:
            raise Unreachable(self._url, "the packed body breaks off before its end")


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header: a number of seconds or a date; at most a day."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), MOST_RETRY_AFTER)
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, wait), MOST_RETRY_AFTER)


def _root(error: BaseException) -> BaseException:
    """The innermost cause, through requests' and urllib3's wrappings."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = [
            error.__cause__,
            None if error.__suppress_context__ else error.__context__,
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


class _Call:
    """The request that is under way, as its connections see it.

    Attributes:
        limits: How long and how much it may take.
        allow_private: Whether all addresses may be asked.
        deadline: When it has to be over; a new one for each.
    """

    def __init__(self, limits: Limits, *, allow_private: bool) -> None:
        self.limits = limits
        self.allow_private = allow_private
        self.deadline = Deadline(0.0)

    def words(self, error: BaseException) -> str:
        if self.deadline.over:
            return "the whole request took too long"
        kind = _root(error)
        if isinstance(error, (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)):
            return str(kind) if "too long" in str(kind) else "connecting took too long"
        return f"no answer for too long ({type(kind).__name__})"


class _TimedStream(io.RawIOBase):
    """A socket's bytes, each read within what is left of the deadline."""

    def __init__(self, sock: socket.socket, call: _Call) -> None:
        self._sock, self._call = sock, call
        self._inner = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        deadline = self._call.deadline
        with deadline.watching(self._sock):
            self._sock.settimeout(deadline.left(self._call.limits.read))
            return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _TimedSocket:
    """What `http.client.HTTPResponse` wants of a socket."""

    def __init__(self, sock: socket.socket, call: _Call) -> None:
        self._sock, self._call = sock, call

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_TimedStream(self._sock, self._call))


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, call: _Call, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock, call), *args, **kwargs)  # type: ignore[arg-type]


class _Session(requests.Session):
    """Sees no redirects: they are followed here, hop by hop.

    Even when it is told not to follow them, requests looks where they lead, and reads their bodies to
    the end, however long they are.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, for all answers."""


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections that keep to the call's deadline and go to permitted addresses only.

    Args:
        call: The client's.
        ca_file: See `TimetableClient`.
        proxy: Value of the Proxy-Authorization header, or None.
    """

    def __init__(self, call: _Call, *, ca_file: str | None, proxy: str | None) -> None:
        self._connections = _connections(call)
        self._ca_file = ca_file
        self._proxy = proxy
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002
        return {} if self._proxy is None else {"Proxy-Authorization": self._proxy}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": _tls(self._ca_file)} if host["scheme"] == "https" else tls

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leaves the authorities to the context: requests would read their file for each connection."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        plain, secure = self._connections
        if isinstance(pool, urllib3.connectionpool.HTTPSConnectionPool):
            pool.ConnectionCls = secure
        else:
            pool.ConnectionCls = plain
        return pool


@functools.lru_cache(maxsize=16)
def _context(ca_file: str, _changed: int) -> ssl.SSLContext:
    """One context for all clients that trust the same file: reading the public one takes 16 ms.

    Args:
        ca_file: Its path.
        _changed: When it was written, so that a new one is read.
    """
    return ssl.create_default_context(cafile=ca_file)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    """The context that trusts a file's authorities.

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    path = Path(ca_file or certifi.where())
    try:
        return _context(str(path), path.stat().st_mtime_ns)
    except OSError as error:
        # An error of TLS here has no words for a reader.
        raise OSError(
            f"the authorities' file {path.name}: {error.strerror or 'no certificate in it'}"
        ) from None


def _connections(
    call: _Call,
) -> tuple[type[urllib3.connection.HTTPConnection], type[urllib3.connection.HTTPSConnection]]:
    answer = functools.partial(_TimedResponse, call=call)

    def connected(connection: urllib3.connection.HTTPConnection) -> socket.socket:
        try:
            return dial(
                connection._dns_host,  # noqa: SLF001 - `host` has lost a name's last dot
                connection.port,
                deadline=call.deadline,
                seconds=call.limits.connect,
                allow_private=call.allow_private or connection.proxy is not None,
                options=connection.socket_options or (),
            )
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(connection, str(error)) from error

    class Plain(urllib3.connection.HTTPConnection):
        response_class = staticmethod(answer)  # type: ignore[assignment]  # or 3.14 would make a method of it

        def _new_conn(self) -> socket.socket:
            return connected(self)

    class Secure(urllib3.connection.HTTPSConnection):
        response_class = staticmethod(answer)  # type: ignore[assignment]  # or 3.14 would make a method of it
        _held: contextlib.ExitStack

        def _new_conn(self) -> socket.socket:
            sock = connected(self)
            try:
                # TLS takes the socket away from its object; by a twin the handshake can be broken off.
                twin = self._held.enter_context(sock.dup())
                self._held.enter_context(call.deadline.watching(twin))
            except BaseException:
                sock.close()
                raise
            return sock

        def connect(self) -> None:
            with contextlib.ExitStack() as self._held:
                super().connect()

    return Plain, Secure
