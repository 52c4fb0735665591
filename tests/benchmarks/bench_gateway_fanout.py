"""A press to all clients, against bare sockets and what a school would take instead, in one run.

Server on one core, load on another; the peers relay the same bytes and store nothing. ``single`` is a
frame built once, a commit and a ``send`` a client for each press, ``group`` the same once for all presses
that came together.

``python tests/benchmarks/bench_gateway_fanout.py [--clients 50,500,2000] [--rounds 5] [--plain|--tls]
[--without picows,tornado]``
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from events.places import CERTIFICATE_FILE, KEY_FILE
from events.tls import fingerprint_of
from tests.benchmarks.hall import cpu, memory
from tests.benchmarks.load import Target

ROOT = Path(__file__).resolve().parent.parent.parent
OURS, SINGLE, GROUP = "toctoc", "floor single", "floor group"
PEERS = {
    "picows": ("picows",),
    "tornado": ("tornado",),
    "fastapi": ("fastapi", "uvicorn", "websockets"),
    "socketio": ("flask_socketio", "gevent", "geventwebsocket"),
}
"""What each of the peers needs."""
SERVER_CORE, LOAD_CORE = 0, 1
PRESSES, SECONDS = 30, 1.0


def start(module: str, *arguments: str, core: int) -> subprocess.Popen[str]:
    """Start a program on one core."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])},
    )
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, {core})
    return process


def line_of(process: subprocess.Popen[str]) -> str:
    """Wait for a line that a program prints.

    Raises:
        RuntimeError: It ended instead.
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait(10)}")
    return line


def stop(process: subprocess.Popen[str]) -> None:
    """End a program by the end of its input."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Bout:
    """A server and its load.

    Args:
        server: The server, which has said its port.
        target: Whom to load.
    """

    def __init__(self, server: subprocess.Popen[str], target: Target) -> None:
        self.server, self.target = server, target
        empty = memory(server.pid)
        self.load = start("load", core=LOAD_CORE)
        self._say(msgspec.json.encode(target).decode())
        line_of(self.load)
        self.kib = (memory(server.pid) - empty) * 1024 / target.clients
        self.text = self.say("one 8")["text"]

    def _say(self, line: str) -> None:
        assert self.load.stdin is not None
        self.load.stdin.write(line + "\n")
        self.load.stdin.flush()

    def say(self, line: str) -> dict[str, Any]:
        """Give the load a command, and wait for its answer."""
        self._say(line)
        answer: dict[str, Any] = json.loads(line_of(self.load))
        return answer

    def round(self) -> dict[str, float]:
        """Measure once."""
        one = self.say(f"one {PRESSES}")
        before = cpu(self.server.pid)
        many = self.say(f"many {SECONDS}")
        used = cpu(self.server.pid) - before
        deliveries = many["presses"] * self.target.clients
        return {
            "last": one["median"],
            "p99": one["p99"],
            "cpu": used * 1e6 / deliveries,
            "rate": deliveries / many["seconds"],
            "flight": many["median"],
        }


@contextmanager
def bouts(clients: int, names: Sequence[str], *, tls: bool) -> Iterator[dict[str, Bout]]:
    """Start ours, the floors and some peers, each with its clients."""
    with ExitStack() as all_of_them:

        def begun(module: str, *arguments: str, core: int = SERVER_CORE) -> subprocess.Popen[str]:
            process = start(module, *arguments, core=core)
            all_of_them.callback(stop, process)
            return process

        def bout(server: subprocess.Popen[str], target: Target) -> Bout:
            made = Bout(server, target)
            all_of_them.callback(stop, made.load)
            return made

        server = begun("serve_all", *(["--tls"] if tls else []))
        port, data = line_of(server).split(maxsplit=1)
        folder = Path(data.strip())
        files = [str(folder / CERTIFICATE_FILE), str(folder / KEY_FILE)] if tls else []
        fingerprint = fingerprint_of(folder / CERTIFICATE_FILE) if tls else ""
        target = Target(speaks="toctoc", port=int(port), clients=clients, server=fingerprint)
        started = {OURS: bout(server, target)}
        programs: dict[str, tuple[str, ...]] = {
            SINGLE: ("floor_gateway", "single"),
            GROUP: ("floor_gateway", "group"),
        }
        programs |= {name: (f"peer_{name}",) for name in names}
        for name, (module, *arguments) in programs.items():
            relay = begun(module, *arguments, *files)
            spoken = "socketio" if name == "socketio" else "relay"
            target = Target(
                speaks=spoken, port=int(line_of(relay)), clients=clients, server=fingerprint,
                text=started[OURS].text,
            )  # fmt: skip
            started[name] = bout(relay, target)
        yield started


def missing(name: str) -> list[str]:
    """Tell which packages a peer lacks here."""
    return [package for package in PEERS[name] if importlib.util.find_spec(package) is None]


def other_load() -> tuple[float, float]:
    """Tell how many seconds of CPU were used on this machine, and the time."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split()[1:9]
    busy = [int(field) for number, field in enumerate(fields) if number not in {3, 4}]
    return sum(busy) / os.sysconf("SC_CLK_TCK"), time.monotonic()


def compare(clients: int, names: Sequence[str], rounds: int, *, tls: bool) -> None:
    """Measure everybody in turn, and print medians."""
    with bouts(clients, names, tls=tls) as started:
        figures: dict[str, list[dict[str, float]]] = {name: [] for name in started}
        busy, at = other_load()
        own = sum(cpu(process.pid) for bout in started.values() for process in (bout.server, bout.load))
        for number in range(rounds + 1):
            for name, bout in started.items():
                measured = bout.round()
                if number:  # the first one warms up
                    figures[name].append(measured)
        busy, took = other_load()[0] - busy, time.monotonic() - at
        own = sum(cpu(process.pid) for bout in started.values() for process in (bout.server, bout.load)) - own
        rests = {name: bout.kib for name, bout in started.items()}
    said = "TLS" if tls else "plain"
    text = started[OURS].text
    print(f"\n{clients} clients, {said}, {len(text)} bytes, medians of {rounds} rounds; ", end="")
    print(f"others used {max(0.0, busy - own) / took:.1f} cores meanwhile")
    print(f"{'':14}{'last ms':>9}{'p99 ms':>9}{'deliveries/s':>14}{'µs CPU each':>13}{'KiB a client':>14}")
    medians = {
        name: {key: statistics.median(one[key] for one in measured) for key in measured[0]}
        for name, measured in figures.items()
    }
    for name, one in medians.items():
        print(f"{name:14}{one['last']:9.2f}{one['p99']:9.2f}{one['rate']:14,.0f}{one['cpu']:13.2f}", end="")
        print(f"{rests[name]:14.1f}")
    ours = medians[OURS]

    def ratio(key: str, name: str, aim: str) -> None:
        mine, other = [one[key] for one in figures[OURS]], [one[key] for one in figures[name]]
        spread = ", ".join(f"{a / b:.2f}" for a, b in zip(mine, other, strict=True))
        print(f"  {key} ÷ {name}: {ours[key] / medians[name][key]:.2f} (rounds {spread}){aim}")

    ratio("last", SINGLE, "; aim: within 1.5" if clients == 500 else "")
    ratio("cpu", GROUP, "; aim: within 1.8")
    for name in names:
        ratio("cpu", name, "; aim: within 0.3" if name == "picows" else "; aim: below 1")
        ratio("last", name, "" if name == "picows" else "; aim: below 1")
    print(f"  memory a client: {rests[OURS]:.1f} KiB; aim: at most {64 if tls else 16}", flush=True)


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clients", default="50,500,2000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", default="")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--plain", action="store_true")
    only.add_argument("--tls", action="store_true")
    chosen = parser.parse_args()
    names = [name for name in PEERS if name not in chosen.without.split(",")]
    for name in list(names):
        if missing(name):
            print(f"{name} is left out: pip install --group bench brings {', '.join(missing(name))}")
            names.remove(name)
    for tls in [True] if chosen.tls else [False] if chosen.plain else [False, True]:
        for clients in map(int, chosen.clients.split(",")):
            compare(clients, names, chosen.rounds, tls=tls)


if __name__ == "__main__":
    main()
