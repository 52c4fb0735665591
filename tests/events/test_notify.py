"""The word to the service manager, over real sockets."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.notify import notify, watchdog_every


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(5)
        yield receiver


def test_a_state_arrives_at_the_managers_socket(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    notify("READY=1\nSTATUS=35 rooms, salle prête")
    notify("WATCHDOG=1")
    assert manager.recv(4096).decode() == "READY=1\nSTATUS=35 rooms, salle prête"
    assert manager.recv(4096) == b"WATCHDOG=1"


def test_a_state_arrives_at_an_abstract_socket(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"toctoc-test-{secrets.token_hex(8)}"
    manager.bind(f"\0{name}")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    notify("READY=1")
    assert manager.recv(4096) == b"READY=1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234"])
def test_without_a_socket_of_its_kind_nothing_happens(
    address: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")
    assert caplog.records == []


def test_a_manager_that_is_gone_is_logged_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING):
        notify("WATCHDOG=1")
    assert "the service manager does not hear us" in caplog.text


def test_a_manager_that_does_not_read_holds_nobody_up(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with caplog.at_level(logging.WARNING):
        for _ in range(10_000):
            notify("WATCHDOG=1")
            if caplog.records:
                break
    assert "the service manager does not hear us" in caplog.text


@pytest.mark.parametrize(
    ("patience", "process", "expected"),
    [
        (None, None, None),
        ("30000000", None, 15.0),
        ("30000000", "ours", 15.0),
        ("30000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
    ],
)
def test_a_sign_of_life_is_due_twice_in_the_managers_patience(
    patience: str | None, process: str | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = str(os.getpid()) if process == "ours" else process
    for name, value in (("WATCHDOG_USEC", patience), ("WATCHDOG_PID", process)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert watchdog_every() == expected
