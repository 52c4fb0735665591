"""Fetching from a real server on loopback that misbehaves in every way we know."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import BadStatus, FetchError, NotAllowed, ScrapeError, TimedOut, TooLarge, Unreachable
from scraper.fetch import Limits, NotModified, Page, TimetableClient, is_url, read_file, user_agent

Answer = Callable[["Handler"], None]
HTML = "<html><body>Été</body></html>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers.items())))
        self.server.answers[self.path.partition("?")[0]](self)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.stopped = threading.Event()

    def at(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as it:
        thread = threading.Thread(target=it.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield it
        it.stopped.set()
        it.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[TimetableClient]:
    limits = Limits(connect=2, read=0.3, whole=0.6, size=100_000)
    with TimetableClient(contact="https://salles.example.org", limits=limits) as it:
        yield it


def test_a_page_comes_with_what_the_server_said_of_it(server: Server, client: TimetableClient) -> None:
    url = server.at("/", lambda h: h.reply(200, HTML, Content_Type="text/html; charset=utf-8", ETag='"7"'))
    page = client.fetch(url)
    assert isinstance(page, Page)
    assert (page.url, page.body, page.content_type) == (url, HTML, "text/html; charset=utf-8")
    assert (page.etag, page.last_modified) == ('"7"', None)
    assert page.fetched_at.utcoffset() is not None


def test_the_server_is_told_who_asks(server: Server, client: TimetableClient) -> None:
    client.fetch(server.at("/", lambda h: h.reply(200, HTML)))
    agent = server.seen[0][1]["User-Agent"]
    assert agent.startswith("toctoc/")
    assert agent.endswith("(+https://salles.example.org)")
    assert "Cookie" not in server.seen[0][1]


def test_a_contact_cannot_smuggle_a_header() -> None:
    assert "\n" not in user_agent("https://a.example\r\nCookie: x")
    assert "+" not in user_agent()


def test_a_page_that_did_not_change_is_not_sent_again(server: Server, client: TimetableClient) -> None:
    def answer(h: Handler) -> None:
        if (
            h.headers["If-None-Match"] == '"7"'
            and h.headers["If-Modified-Since"] == "Fri, 20 Nov 2026 08:00:00 GMT"
        ):
            h.reply(304)
        else:
            h.reply(200, HTML, ETag='"7"', Last_Modified="Fri, 20 Nov 2026 08:00:00 GMT")

    url = server.at("/", answer)
    assert isinstance(client.fetch(url), Page)
    assert isinstance(client.fetch(url), NotModified)
    client.forget(url)
    assert isinstance(client.fetch(url), Page)
    assert isinstance(client.fetch_page(url), Page)


def test_not_modified_without_having_asked_is_an_error(server: Server, client: TimetableClient) -> None:
    with pytest.raises(BadStatus):
        client.fetch(server.at("/", lambda h: h.reply(304)))


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 503])
def test_anything_but_a_page_is_an_error_with_its_status(
    server: Server, client: TimetableClient, status: int
) -> None:
    with pytest.raises(BadStatus) as caught:
        client.fetch(server.at("/", lambda h: h.reply(status, Retry_After="120")))
    assert (caught.value.status, caught.value.retry_after) == (status, 120.0)
    assert str(status) in str(caught.value)


def test_a_date_to_come_back_at_is_understood(server: Server, client: TimetableClient) -> None:
    answer: Answer = lambda h: h.reply(503, Retry_After="Fri, 20 Nov 2099 08:00:00 GMT")  # noqa: E731
    with pytest.raises(BadStatus) as caught:
        client.fetch(server.at("/", answer))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 1e9


def test_redirects_are_followed_and_counted(server: Server, client: TimetableClient) -> None:
    server.at("/5", lambda h: h.reply(200, HTML))
    for i in range(5):
        server.at(f"/{i}", lambda h, n=i + 1: h.reply(302, Location=f"/{n}"))  # type: ignore[misc]
    page = client.fetch(f"http://127.0.0.1:{server.server_port}/0")
    assert isinstance(page, Page)
    assert page.url.endswith("/5")
    with pytest.raises(NotAllowed, match="5 redirects"):
        client.fetch(server.at("/again", lambda h: h.reply(302, Location="/0")))


def test_a_circle_of_redirects_ends(server: Server, client: TimetableClient) -> None:
    with pytest.raises(NotAllowed):
        client.fetch(server.at("/", lambda h: h.reply(301, Location="/")))
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    "location", ["file:///etc/hostname", "ftp://127.0.0.1/x", "javascript:alert(1)", "http://"]
)
def test_a_redirect_leads_to_the_web_or_nowhere(
    server: Server, client: TimetableClient, location: str
) -> None:
    with pytest.raises(NotAllowed):
        client.fetch(server.at("/", lambda h: h.reply(302, Location=location)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rooms",
        "file:///etc/hostname",
        "ftp://example.org/",
        "http://",
        "http://[::1",
        "http://a b/",
        "http://é\ud800/",
    ],
)
def test_what_is_no_web_address_is_not_asked(client: TimetableClient, url: str) -> None:
    with pytest.raises((NotAllowed, Unreachable)):
        client.fetch(url)


def test_a_body_larger_than_allowed_is_cut_off(server: Server, client: TimetableClient) -> None:
    with pytest.raises(TooLarge, match="announced"):
        client.fetch(server.at("/told", lambda h: h.reply(200, b"x" * 100_001)))

    def endless(h: Handler) -> None:
        h.send_response(200)
        h.send_header("Connection", "close")
        h.end_headers()
        while True:
            h.wfile.write(b"x" * 10_000)

    with pytest.raises(TooLarge, match="more than"):
        client.fetch(server.at("/endless", endless))


def test_packed_pages_are_unpacked(server: Server, client: TimetableClient) -> None:
    for packing, body in (("gzip", gzip.compress(HTML)), ("deflate", zlib.compress(HTML))):
        page = client.fetch(server.at("/", lambda h, p=packing, b=body: h.reply(200, b, Content_Encoding=p)))  # type: ignore[misc]
        assert isinstance(page, Page)
        assert page.body == HTML


def test_a_small_body_that_unpacks_to_a_large_one_is_cut_off(server: Server, client: TimetableClient) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge, match="after decompression"):
        client.fetch(server.at("/", lambda h: h.reply(200, bomb, Content_Encoding="gzip")))


@pytest.mark.parametrize(
    "answer",
    [
        lambda h: h.reply(200, HTML[:10], Content_Length=str(len(HTML)), Connection="close"),
        lambda h: h.reply(200, gzip.compress(HTML)[:20], Content_Encoding="gzip"),
        lambda h: h.reply(200, b"no gzip at all", Content_Encoding="gzip"),
        lambda h: h.reply(200, HTML, Content_Encoding="br"),
        lambda h: h.reply(
            200, b"5\r\nabc", Transfer_Encoding="chunked", Content_Length="", Connection="close"
        ),
        lambda h: h.wfile.write(b"what?\r\n\r\n"),
        lambda h: h.connection.shutdown(socket.SHUT_RDWR),
    ],
)
def test_a_body_that_breaks_off_or_is_damaged_is_never_a_page(
    server: Server, client: TimetableClient, answer: Answer
) -> None:
    def once(h: Handler) -> None:
        h.close_connection = True
        answer(h)

    with pytest.raises(FetchError):
        client.fetch(server.at("/", once))


def drip(h: Handler, piece: bytes) -> None:
    while not h.server.stopped.wait(0.05):
        h.wfile.write(piece)
        h.wfile.flush()


def test_a_server_that_never_answers_is_given_up(server: Server, client: TimetableClient) -> None:
    def silent(h: Handler) -> None:
        h.server.stopped.wait(5)

    url = server.at("/", silent)
    with pytest.raises(TimedOut):
        client.fetch(url)


def dripping_body(h: Handler) -> None:
    h.send_response(200)
    h.send_header("Content-Length", "90000")
    h.end_headers()
    drip(h, b"x")


def dripping_headers(h: Handler) -> None:
    h.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    drip(h, b"x")


@pytest.mark.parametrize("answer", [dripping_body, dripping_headers])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up_when_the_whole_is_over(
    server: Server, client: TimetableClient, answer: Answer
) -> None:
    url = server.at("/", answer)
    before = time.monotonic()
    with pytest.raises(TimedOut, match="whole request"):
        client.fetch(url)
    assert time.monotonic() - before < 3


def test_a_client_goes_on_after_a_failure(server: Server, client: TimetableClient) -> None:
    with pytest.raises(TimedOut):
        client.fetch(server.at("/slow", dripping_body))
    assert isinstance(client.fetch(server.at("/", lambda h: h.reply(200, HTML))), Page)


def test_connections_are_kept(server: Server, client: TimetableClient) -> None:
    ports: list[int] = []

    def answer(h: Handler) -> None:
        ports.append(h.client_address[1])
        h.reply(200, HTML)

    url = server.at("/", answer)
    for _ in range(3):
        client.fetch(url)
    assert len(set(ports)) == 1


def test_nobody_listening_is_an_error_of_ours() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TimetableClient() as client, pytest.raises(Unreachable) as caught:
        client.fetch(f"http://127.0.0.1:{port}/")
    assert isinstance(caught.value, (ScrapeError, OSError))
    assert "refused" in str(caught.value)


def test_files_are_for_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "a page.html"
    file.write_bytes(HTML)
    assert read_file(str(file)).body == HTML
    assert read_file(file.as_uri()).body == HTML
    assert not is_url(str(file))
    assert not is_url(file.as_uri())
    assert is_url("https://example.org/")
    with pytest.raises(FetchError, match="No such file"):
        read_file(str(tmp_path / "none"))
    with pytest.raises(FetchError):
        read_file("\0")
