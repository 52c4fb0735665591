"""The programs as processes of their own, and a wire between them that the test can cut."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from events.domain import Recorded
from events.sqlite import SqliteLog

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0
ENVIRONMENT = {**os.environ, "SDL_VIDEODRIVER": "dummy", "PYTHONUNBUFFERED": "1"}


def toctoc(*arguments: str | Path, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "toctoc.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=ENVIRONMENT,
    )


def wait_for(what: Callable[[], bool]) -> None:
    """Wait for something that no message tells."""
    until = time.monotonic() + PATIENCE
    moment = threading.Event()
    while not what():
        assert time.monotonic() < until, "it did not come about"
        moment.wait(0.01)


class Process:
    """A running program."""

    def __init__(
        self, *arguments: str | Path, said: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.said = said
        with said.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "toctoc.py"), *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**ENVIRONMENT, **(environment or {})},
                bufsize=0,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.close()

    def terminate(self) -> int:
        """Ask it to end; tells its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.close()
        return status

    def close(self) -> None:
        """Make sure that it is gone, and give its pipes back."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Server(Process):
    """``toctoc serve``; ready when this is made."""

    def __init__(self, config: Path, port: int) -> None:
        self.config, self.port = config, port
        self.data = config.parent / "data"
        super().__init__("serve", "--config", config, said=config.parent / "server.log")
        try:
            wait_for(self._is_ready)
        except BaseException:
            self.close()
            raise

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said.read_text(encoding="utf-8")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


def records(data: Path, tag: str | None = None) -> list[Recorded]:
    """Read the log beside whoever writes it."""
    return list(SqliteLog(data, read_only=True).read(tag=tag))


class Door(Process):
    """``toctoc kiosk --drive``: a real door, pressed by lines.

    Args:
        room: Where it hangs; empty for one that waits to be paired.
        server: The gateway's address.
        data: Its folder.
        environment: What it finds in its environment beside the usual.
        window: Open a window of this size; else it is drawn in memory.
    """

    def __init__(
        self,
        room: str,
        server: str,
        data: Path,
        *,
        environment: Mapping[str, str] | None = None,
        window: str = "",
    ) -> None:
        data.mkdir(exist_ok=True)
        self.saw: queue.Queue[dict[str, Any]] = queue.Queue()
        super().__init__(
            "kiosk",
            "--drive",
            "--windowed" if window else "--headless",
            "--size",
            window or "320x240",
            *(("--room", room) if room else ()),
            "--server",
            server,
            "--data",
            data,
            said=data.parent / f"{data.name}.log",
            environment=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed while reading
            for line in self.process.stdout:
                self.saw.put(json.loads(line))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        super().close()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    def until(self, saw: str, **fields: Any) -> dict[str, Any]:
        """Wait until the door saw something."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                seen = self.saw.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(
                    f"no {saw} {fields}; it said: {self.said.read_text(encoding='utf-8')[-2000:]}"
                ) from None
            if seen["saw"] == saw and all(seen[key] == value for key, value in fields.items()):
                return seen

    def described(self, folder: Path) -> dict[str, Any]:
        """Look at what it shows: its texts, and the places that can be touched."""
        file = folder / "shown.json"
        self.say(f"picture {file}")
        self.until("picture", file=str(file))
        shown: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return shown

    def press(self) -> None:
        """Push the button and let it go."""
        self.say("down")
        self.until("touched")
        self.say("up")


class Wire:
    """A TCP relay in front of a server, whose two directions can be cut one by one.

    What is cut vanishes: the sender believes that it is on its way.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.up_cut = threading.Event()
        self.down_cut = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Let both directions through again; connections that lost something are gone."""
        with self._lock:
            ends = list(self._sockets)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.up_cut.clear()
        self.down_cut.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.mend()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _start(self, function: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to), timeout=PATIENCE)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._sockets |= {client, server}
            self._start(self._carry, client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        up = threading.Thread(target=self._pump, args=(client, server, self.up_cut), daemon=True)
        up.start()
        self._pump(server, client, self.down_cut)
        up.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _pump(self, source: socket.socket, sink: socket.socket, cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if not cut.is_set():
                    sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def stop_all(processes: Sequence[Process]) -> None:
    """End whatever still runs."""
    for process in processes:
        process.close()
