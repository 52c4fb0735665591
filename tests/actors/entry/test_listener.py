"""The sockets that are listened on."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import time
from pathlib import Path

import pytest

from actors.entry.listener import QUIET, Listener, listen
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
