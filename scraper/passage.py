"""The browser's only way to the web: a proxy on loopback that leads to permitted addresses.

A page may load, and lead to, whatever it likes; a browser would follow it into the school's network.
Chromium is told to use this proxy for everything, and each connection is made by `scraper.addresses.dial`,
so that what holds for our own fetching holds for every request of the page. It knows CONNECT (for https
and web sockets) and plain requests for http addresses, one a connection.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import urllib.parse
from typing import Self

from scraper.addresses import Deadline, Refused, dial

_HEAD = 64 * 1024
"""Bytes of a request's head; no browser sends more."""
_PIECE = 64 * 1024
_CONNECT = 10.0
"""Seconds to look up and connect one host."""


class Passage:
    """The proxy, from the moment it is made until `close`.

    Attributes:
        address: ``http://127.0.0.1:port``.
        refused: Host and reason of each host that was refused, the first one first.

    Args:
        deadline: When it has to be over; `close` ends it sooner.
        most: Bytes that may come in, over all connections; then all of them are closed.
    """

    def __init__(self, *, deadline: Deadline, most: int) -> None:
        self._deadline = deadline
        self._most = most
        self._lock = threading.Lock()
        self._came = 0
        self.refused: dict[str, str] = {}
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._spawn(self._listen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def exceeded(self) -> bool:
        """Whether more came than may."""
        return self._came > self._most

    def close(self) -> None:
        """Ends it and all its connections; waits for its threads a moment."""
        self._deadline.stop()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(1.0)
        self._server.close()

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="passage", daemon=True)  # type: ignore[arg-type]
        self._threads = [it for it in self._threads if it.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _listen(self) -> None:
        while not self._deadline.stopped:
            try:
                browser, _ = self._server.accept()
            except OSError:
                return
            try:
                self._spawn(self._serve, browser)
            except RuntimeError:
                browser.close()

    def _serve(self, browser: socket.socket) -> None:
        """One connection of the browser. Whatever fails, the browser only sees it closed."""
        with contextlib.suppress(OSError, ValueError), browser, self._deadline.watching(browser):
            head, rest = self._head(browser)
            line, _, fields = head.partition(b"\r\n")
            method, target, version = line.decode("latin-1").split(" ")
            plain = method != "CONNECT"
            parts = urllib.parse.urlsplit(target if plain else f"//{target}")
            if parts.hostname is None or (plain and parts.scheme != "http"):
                return
            try:
                server = dial(
                    parts.hostname,
                    parts.port or (80 if plain else 443),
                    deadline=self._deadline,
                    seconds=self._deadline.left(_CONNECT),
                    allow_private=False,
                )
            except Refused as why:
                self.refused.setdefault(parts.hostname, str(why))
                return
            with server, self._deadline.watching(server):
                if plain:
                    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
                    kept = [
                        field
                        for field in fields.split(b"\r\n")
                        if field.partition(b":")[0].strip().lower()
                        not in {b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive"}
                    ]
                    first = f"{method} {path} {version}".encode("latin-1")
                    server.sendall(b"\r\n".join([first, *kept, b"Connection: close"]) + b"\r\n\r\n" + rest)
                else:
                    browser.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    if rest:
                        server.sendall(rest)
                self._relay(browser, server)

    def _head(self, browser: socket.socket) -> tuple[bytes, bytes]:
        """A request's head without its last empty line, and what came behind it."""
        data = b""
        while b"\r\n\r\n" not in data:
            browser.settimeout(self._deadline.left())
            piece = browser.recv(_PIECE)
            if not piece or len(data) > _HEAD:
                raise OSError("no request")
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest

    def _relay(self, browser: socket.socket, server: socket.socket) -> None:
        """Passes bytes both ways until both sides have ended, or the time or the bytes are over."""
        other = {browser: server, server: browser}
        ends = {browser.fileno(): browser, server.fileno(): server}
        poll = select.poll()
        for number in ends:
            poll.register(number, select.POLLIN)
        while ends:
            for number, _ in poll.poll(self._deadline.left() * 1000):
                end = ends[number]
                end.settimeout(self._deadline.left())
                piece = end.recv(_PIECE)
                if end is server:
                    with self._lock:
                        self._came += len(piece)
                    if self.exceeded:
                        return
                if piece:
                    other[end].settimeout(self._deadline.left())
                    other[end].sendall(piece)
                    continue
                if end is browser:
                    return
                del ends[number]
                poll.unregister(number)
                browser.shutdown(socket.SHUT_WR)
