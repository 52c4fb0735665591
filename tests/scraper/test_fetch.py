"""Fetching from a real server on loopback that misbehaves in every way we know."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scraper.addresses import why_refused
from scraper.errors import BadStatus, FetchError, NotAllowed, ScrapeError, TimedOut, TooLarge, Unreachable
from scraper.fetch import (
    MOST_RETRY_AFTER,
    Basic,
    Bearer,
    Limits,
    NotModified,
    Page,
    Proxy,
    TimetableClient,
    is_url,
    read_file,
    user_agent,
)
from tests.scraper.web import Answer, Handler, Server, serving

HTML = "<html><body>Été</body></html>".encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as it:
        yield it


@pytest.fixture
def client() -> Iterator[TimetableClient]:
    limits = Limits(connect=2, read=0.3, whole=0.6, size=100_000)
    with TimetableClient(contact="https://salles.example.org", limits=limits, allow_private=True) as it:
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
    assert caught.value.retry_after == MOST_RETRY_AFTER


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


def test_the_body_of_a_redirect_is_not_read(server: Server, client: TimetableClient) -> None:
    def endless(h: Handler) -> None:
        h.send_response(302)
        h.send_header("Location", "/page")
        h.send_header("Connection", "close")
        h.end_headers()
        while True:
            h.wfile.write(b"x" * 10_000)

    server.at("/page", lambda h: h.reply(200, HTML))
    assert isinstance(client.fetch(server.at("/", endless)), Page)


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
    with TimetableClient(allow_private=True) as client, pytest.raises(Unreachable) as caught:
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


# Where it may lead

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "CGNAT",
    "100.127.255.254": "CGNAT",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.19.0.1": "measurements",
    "198.51.100.7": "documentation",
    "203.0.113.7": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "reserved",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.1.2.3": "private",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::a00:1": "private",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b:1::1": "private",
    "100::1": "reserved",
    "2001::1": "Teredo",
    "2001:2::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "loopback",
    "2002:c0a8:101::1": "private",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd12:3456::1": "private",
    "fe80::1": "link-local",
    "fe80::1%lo": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
    "what": "no address",
}
PUBLIC = [
    "1.1.1.1",
    "100.63.255.255",
    "172.32.0.1",
    "192.169.0.1",
    "223.255.255.255",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:101:101::1",
    "2606:4700::1111",
    "2a01:e0a::1",
]


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_addresses_inside_are_refused(address: str, why: str) -> None:
    assert why in why_refused(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_outside_are_not(address: str) -> None:
    assert why_refused(address) == ""


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::ffff:127.0.0.1]"],
)
def test_without_leave_nothing_reaches_this_machine(server: Server, host: str) -> None:
    server.at("/", lambda h: h.reply(200, HTML))
    with TimetableClient() as client, pytest.raises(NotAllowed, match="allow_private"):
        client.fetch(f"http://{host}:{server.server_port}/")
    assert server.seen == []


class Names:
    """What the resolver answers, one answer after another; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> list[Any]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [
            (socket.AF_INET6, *kind, (it, port, 0, 0)) if ":" in it else (socket.AF_INET, *kind, (it, port))
            for it in answer
        ]


def public_is(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let some addresses of this machine pass for public ones, as nothing else here is."""
    monkeypatch.setattr(
        "scraper.addresses.why_refused", lambda it: "" if it in addresses else why_refused(it)
    )


def test_a_name_is_resolved_once_and_what_was_judged_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_is(monkeypatch, "127.0.0.1")
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    server.at("/", lambda h: h.reply(200, HTML, Connection="close"))
    url = f"http://rebinding.example:{server.server_port}/"
    with TimetableClient() as client:
        assert isinstance(client.fetch(url), Page)
        assert names.asked == ["rebinding.example"]
        # The name means another machine now: the next connection is judged anew.
        with pytest.raises(NotAllowed, match=r"127\.0\.0\.2 is loopback"):
            client.fetch(url)
    assert len(server.seen) == 1


def test_of_several_addresses_only_those_outside_are_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_is(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", Names(["10.0.0.1", "::1", "127.0.0.1"]))
    server.at("/", lambda h: h.reply(200, HTML))
    with TimetableClient() as client:
        assert isinstance(client.fetch(f"http://both.example:{server.server_port}/"), Page)


def test_the_next_address_is_tried_when_one_does_not_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.9", "127.0.0.1"]))
    server.at("/", lambda h: h.reply(200, HTML))
    with TimetableClient(allow_private=True) as client:
        assert isinstance(client.fetch(f"http://two.example:{server.server_port}/"), Page)


@pytest.mark.parametrize("inside", ["127.0.0.2", "10.0.0.1", "169.254.169.254", "[::1]", "0"])
def test_a_redirect_into_the_school_is_not_followed(
    server: Server, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    public_is(monkeypatch, "127.0.0.1")
    url = server.at("/", lambda h: h.reply(302, Location=f"http://{inside}:{server.server_port}/secret"))
    server.at("/secret", lambda h: h.reply(200, b"secret"))
    with TimetableClient() as client, pytest.raises(NotAllowed, match="allow_private"):
        client.fetch(url)
    assert [path for path, _ in server.seen] == ["/"]


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_args: Any, **_kwargs: Any) -> Any:
        over.wait(10)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    before = time.monotonic()
    limits = Limits(connect=5, whole=0.3)
    with TimetableClient(limits=limits) as client, pytest.raises(TimedOut):
        client.fetch("http://hang.example/")
    assert time.monotonic() - before < 3
    over.set()


def test_a_handshake_that_never_ends_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        limits = Limits(connect=0.3, whole=5)
        before = time.monotonic()
        with TimetableClient(allow_private=True, limits=limits) as client, pytest.raises(TimedOut):
            client.fetch(url)
        assert time.monotonic() - before < 3


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("end", ["abort", "close"])
def test_what_is_under_way_can_be_given_up_from_another_thread(scheme: str, end: str) -> None:
    """For http the answer is waited for, for https the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent, TimetableClient(allow_private=True) as client:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"

        def give_up() -> None:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                getattr(client, end)()

        thread = threading.Thread(target=give_up)
        thread.start()
        with pytest.raises(Unreachable, match="given up"):
            client.fetch(url)
        thread.join()


def test_giving_up_a_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    with TimetableClient() as client:

        def hang(*_args: Any, **_kwargs: Any) -> Any:
            client.abort()
            over.wait(10)
            raise OSError

        monkeypatch.setattr(socket, "getaddrinfo", hang)
        with pytest.raises(Unreachable, match="given up"):
            client.fetch("http://hang.example/")
    over.set()


def test_a_closed_client_asks_nothing(server: Server, client: TimetableClient) -> None:
    client.close()
    with pytest.raises(Unreachable, match="closed"):
        client.fetch(server.at("/", lambda h: h.reply(200, HTML)))
    assert server.seen == []


# Credentials


@pytest.mark.parametrize(
    ("credentials", "header"),
    [(Basic("anne", "s3cret:é"), "Basic YW5uZTpzM2NyZXQ6w6k="), (Bearer("s3cret"), "Bearer s3cret")],
)
def test_credentials_go_to_their_host_and_nowhere_else(
    server: Server, credentials: Basic | Bearer, header: str
) -> None:
    with (
        serving() as other,
        TimetableClient(allow_private=True, credentials=credentials) as client,
    ):
        there = other.at("/there", lambda h: h.reply(200, HTML))
        url = server.at("/", lambda h: h.reply(302, Location="/again"))
        server.at("/again", lambda h: h.reply(302, Location=there))
        client.fetch(url)
        client.fetch(there)
        assert [headers.get("Authorization") for _, headers in server.seen] == [header, header]
        assert [headers.get("Authorization") for _, headers in other.seen] == [None, header]
    assert "s3cret" not in repr(credentials)


def test_what_may_be_secret_is_in_no_text(server: Server) -> None:
    with TimetableClient(allow_private=True, credentials=Basic("anne", "s3cret")) as client:
        url = server.at("/s3cret/basic.ics", lambda h: h.reply(302, Location="http://s3cret:s3cret@[/"))
        for bad in (url + "?key=s3cret", "http://anne:s3cret@127.0.0.1/", "http://s3cret@[/"):
            with pytest.raises(FetchError) as caught:
                client.fetch(bad)
            assert caught.value.url == bad
            assert "s3cret" not in str(caught.value)
            assert caught.value.__cause__ is None


@pytest.mark.parametrize("credentials", [Basic("a:b", "c"), Bearer("a\r\nb"), Bearer("é")])
def test_credentials_that_no_header_holds_are_refused(credentials: Basic | Bearer) -> None:
    with pytest.raises(ValueError, match=r"colon|ASCII") as caught:
        TimetableClient(credentials=credentials)
    assert "é" not in str(caught.value)


# Proxies and authorities


def test_a_proxy_is_asked_for_everything(server: Server) -> None:
    server.at("http://school.example/page", lambda h: h.reply(200, HTML))
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}", Basic("us", "pass"))
    with TimetableClient(proxy=proxy) as client:
        assert client.fetch_page("http://school.example/page").body == HTML
        for inside in ("http://10.0.0.1/", "http://0x7f.1/", "http://localhost/", "http://[fe80::1]/"):
            with pytest.raises(NotAllowed, match="allow_private"):
                client.fetch(inside)
    assert server.seen[0][1]["Proxy-Authorization"] == Basic("us", "pass").header()
    assert len(server.seen) == 1


def test_the_environment_names_no_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with TimetableClient(allow_private=True) as client:
        assert isinstance(client.fetch(server.at("/", lambda h: h.reply(200, HTML))), Page)


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "127.0.0.1:3128", "http://", "http://a:b@proxy:1"])
def test_a_proxy_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="proxy"):
        TimetableClient(proxy=Proxy(url))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_private_authority_is_trusted_when_it_is_named(
    server: Server, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.at("/", lambda h: h.reply(200, HTML)).replace("http:", "https:")
    with TimetableClient(allow_private=True, ca_file=certificate[0]) as client:
        assert client.fetch_page(url).body == HTML
    with TimetableClient(allow_private=True) as client, pytest.raises(Unreachable, match="certificate"):
        client.fetch(url)
    (tmp_path / "empty.pem").write_text("no certificate")
    for wrong in ("empty.pem", "none.pem"):
        with (
            TimetableClient(allow_private=True, ca_file=tmp_path / wrong) as client,
            pytest.raises(Unreachable, match=f"authorities' file {wrong}"),
        ):
            client.fetch(url)


# What servers say and send


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("120", 120.0), ("9" * 30, MOST_RETRY_AFTER), ("-1", None), ("soon", None), ("", None)],
)
def test_when_to_come_back(
    server: Server, client: TimetableClient, header: str, seconds: float | None
) -> None:
    with pytest.raises(BadStatus) as caught:
        client.fetch(server.at("/", lambda h: h.reply(429, Retry_After=header)))
    assert caught.value.retry_after == seconds


def test_a_date_to_come_back_at_that_is_past_means_now(server: Server, client: TimetableClient) -> None:
    with pytest.raises(BadStatus) as caught:
        client.fetch(server.at("/", lambda h: h.reply(503, Retry_After="Fri, 20 Nov 2020 08:00:00 GMT")))
    assert caught.value.retry_after == 0.0


def test_packings_that_servers_really_send(server: Server, client: TimetableClient) -> None:
    bare = zlib.compressobj(wbits=-15)
    parts = gzip.compress(HTML[:9]) + gzip.compress(HTML[9:]) + b"\0\0"
    for packing, body in (("deflate", bare.compress(HTML) + bare.flush()), ("gzip", parts)):
        page = client.fetch(server.at("/", lambda h, p=packing, b=body: h.reply(200, b, Content_Encoding=p)))  # type: ignore[misc]
        assert isinstance(page, Page)
        assert page.body == HTML


def test_a_bomb_in_the_second_part_is_cut_off_too(server: Server, client: TimetableClient) -> None:
    bomb = gzip.compress(HTML) + gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(TooLarge, match="after decompression"):
        client.fetch(server.at("/", lambda h: h.reply(200, bomb, Content_Encoding="gzip")))
