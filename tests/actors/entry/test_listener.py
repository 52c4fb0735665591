"""The sockets that are listened on."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import time
from pathlib import Path

import pytest

from actors.entry.listener import QUIET, Listener, listen, redirect
from tests.actors.stack import running
from tests.conftest import Errors

CROWD = 1000


def test_a_crowd_that_comes_at_once_need_not_try_again(tmp_path: Path) -> None:
    """The system tries again after a second where the queue was full: asyncio makes it 100 long by itself."""
    with running(tmp_path) as school, contextlib.ExitStack() as hall:
        host, port = school.app.address
        poll, left = select.poll(), CROWD
        began = time.monotonic()
        for _ in range(CROWD):
            client = hall.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((host, port))
            poll.register(client, select.POLLOUT)
        while left:
            for number, _ in poll.poll(100):
                poll.unregister(number)
                left -= 1
        assert time.monotonic() - began < 1.0


def test_when_files_run_out_connections_are_turned_away_and_told_once(
    monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    with listen("127.0.0.1", 0) as listener, contextlib.ExitStack() as hall:
        assert isinstance(listener, Listener)

        def came() -> socket.socket:
            client = hall.enter_context(socket.socket())
            client.connect(listener.getsockname())
            return client

        came()
        taken = hall.enter_context(listener.accept()[0])
        most = taken.fileno() + 1
        monkeypatch.setattr(resource, "getrlimit", lambda _what: (most, most))
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now)
        for _ in range(3):
            client = came()
            with pytest.raises(ConnectionAbortedError):
                listener.accept()
            assert client.recv(1) == b"", "it is told at once"
        assert len(errors.texts()) == 1
        now += QUIET
        came()
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        assert len(errors.texts()) == 2
        monkeypatch.undo()
        came()
        listener.accept()[0].close()


@pytest.mark.parametrize(
    ("request_", "location"),
    [
        (b"GET / HTTP/1.1\r\nHost: rooms.school:8765\r\n\r\n", b"https://rooms.school:8765/"),
        (b"GET /?a=b%20c HTTP/1.1\r\nAccept: */*\r\nhost:[::1]:8765\r\n\r\n", b"https://[::1]:8765/?a=b%20c"),
        (b"GET / HTTP/1.0\r\nHost: 10.0.0.1\r\nAccept: ", b"https://10.0.0.1/"),
    ],
)
def test_a_browser_without_tls_is_sent_to_the_same_page_with_it(request_: bytes, location: bytes) -> None:
    answer = redirect(request_)
    assert answer is not None
    assert b"\r\nLocation: %b\r\n" % location in answer


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_no_browser_asks_for_a_page_with_is_left_to_tls(first: bytes) -> None:
    assert redirect(first) is None
