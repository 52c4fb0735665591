"""The processes of the demo: the server, the doors, and a cable that can be unplugged."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from events.errors import ToctocError

START_LIMIT = 30.0


class DemoFailed(ToctocError):
    """The demo could not go on; the text says at what."""


def program(*arguments: str) -> list[str]:
    """Name the command line of a sub-command, run by this Python."""
    return [sys.executable, "-m", "toctoc", *arguments]


def free_port() -> int:
    """Find a loopback port that nobody uses now; the server keeps it over its restarts."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """The server, which can be killed and started again.

    Args:
        config: Its school.toml.
        port: Where it listens.
        log: File that its log lines are appended to.
    """

    def __init__(self, config: Path, port: int, log: Path) -> None:
        self.restarts = -1
        self._config = config
        self._port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            DemoFailed: It ended, or does not answer.
        """
        self.restarts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                program("serve", "--config", str(self._config)),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START_LIMIT
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise DemoFailed(f"the server ended with status {self._process.returncode}")
            if self._is_healthy():
                return
            time.sleep(0.02)
        raise DemoFailed("the server does not answer")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it in order; its exit status."""
        if self._process is None:
            return 0
        return _end(self._process, signal.SIGTERM, 20)

    def _is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self._port}/healthz"
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, timeout=1) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


class DoorProcess:
    """A door in a process of its own, driven by lines: see `kiosk.drive`.

    Args:
        room: Where it hangs.
        server: The gateway's address.
        folder: Where it keeps its key, its outbox and its log.
        saw: Told each thing that it sees, on a thread of this door's.
        window: Whether it opens a window, with the space bar as its button.
    """

    def __init__(
        self,
        room: str,
        server: str,
        folder: Path,
        saw: Callable[[str, dict[str, Any]], None],
        *,
        window: bool = False,
    ) -> None:
        self.room = room
        folder.mkdir(parents=True, exist_ok=True)
        where = "--windowed" if window else "--headless"
        self._log = (folder / "door.log").open("ab")
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            program("kiosk", "--drive", where, "--room", room, "--server", server, "--data", str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self._saw = saw
        self._reader = threading.Thread(target=self._read, name=f"door {room}", daemon=True)
        self._reader.start()

    def say(self, line: str) -> None:
        """Give it a line."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def press(self, *, held: float = 0.08, bounces: int = 0) -> None:
        """Press as a finger does; the metal may bounce while it closes."""
        for _ in range(bounces):
            self.say("down")
            time.sleep(0.004)
            self.say("up")
            time.sleep(0.004)
        self.say("down")
        time.sleep(held)
        self.say("up")

    def stop(self) -> int:
        """End it; its exit status."""
        self.say("quit")
        status = _end(self.process, signal.SIGTERM, 10)
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._log.close()
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._saw(self.room, json.loads(line))


def _end(process: subprocess.Popen[Any], number: int, patience: float) -> int:
    if process.poll() is None:
        if process.stdin is None:
            process.send_signal(number)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


class Cable:
    """A TCP line to the server that can lose what comes back: an answer that never arrives.

    Args:
        port: The server's.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._deaf = threading.Event()
        self._open: set[socket.socket] = set()
        self.server = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="cable", daemon=True).start()

    def lose_answers(self) -> None:
        """From now on what the server sends is lost, until the line is plugged in again."""
        self._deaf.set()

    def plug_in(self) -> None:
        """Let answers through again; lines that lost some are cut."""
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._deaf.clear()

    def close(self) -> None:
        """Cut everything."""
        self._listener.close()
        self.plug_in()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._port), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(end)
            threading.Thread(target=self._relay, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._relay, args=(far, near, True), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, answers: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not (answers and self._deaf.is_set()):
                    target.sendall(data)
        for end in (source, target):
            self._open.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
