"""Clients that do not read, among 500 that do: whether anybody waits for them, and when they are cut off.

In each round presses are measured without them and with them, one by one and eight in flight; then
the time is taken until the server hangs up on them.
"""

from __future__ import annotations

import socket
import statistics
import time
from pathlib import Path

from actors.live.fanout import LAG_LIMIT
from events.places import CERTIFICATE_FILE
from events.tls import fingerprint_of
from events.wire import Hello, Subscribe, encode
from tests.benchmarks.bench_gateway_fanout import SERVER_CORE, Bout, line_of, start, stop
from tests.benchmarks.hall import memory
from tests.benchmarks.load import Client, Target
from tests.benchmarks.rounds import ROUNDS, report

CLIENTS, STUCK = 500, 2
PATIENCE = 60.0


def stuck(target: Target) -> Client:
    """Subscribe, and read no more."""
    client = Client(target, "/ws", "toctoc.v1")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.hear()
    client.say(encode(Hello(role="board")))
    client.hear()
    client.say(encode(Subscribe(topics=("school",))))
    return client


def connections(pid: int) -> int:
    """Count the sockets that a process has open.

    The other end is no good witness: it may miss that it was cut off while it has no room for more.
    """
    return sum(str(link.readlink()).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir())


def cut_after(bout: Bout, most: int, began: float) -> float:
    """Press on until the server has so many sockets at most; seconds since it began."""
    while connections(bout.server.pid) > most:
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError(f"clients that do not read were not cut off in {PATIENCE} s")
        bout.say("many 0.5")
    return time.monotonic() - began


def measure(*, tls: bool) -> None:
    """Print medians of all rounds."""
    server = start("serve_all", *(["--tls"] if tls else []), core=SERVER_CORE)
    port, data = line_of(server).split(maxsplit=1)
    fingerprint = fingerprint_of(Path(data.strip()) / CERTIFICATE_FILE) if tls else ""
    target = Target(speaks="toctoc", port=int(port), clients=CLIENTS, server=fingerprint)
    bout = Bout(server, target)
    ones, manys, cuts, grown = [], [], [], []
    for _ in range(ROUNDS):
        without, many_without = bout.say("one 40")["median"], bout.say("many 1")["median"]
        rest, honest = memory(server.pid), connections(server.pid)
        clients = [stuck(target) for _ in range(STUCK)]
        began = time.monotonic()
        many = bout.say("many 2")["median"]
        ones.append((bout.say("one 40")["median"], without))
        manys.append((many, many_without))
        cuts.append(cut_after(bout, honest, began))
        for client in clients:
            client.socket.close()
        grown.append(memory(server.pid) - rest)
    said = "TLS" if tls else "plain"
    report(
        f"{STUCK} stuck clients beside {CLIENTS}, {said}, a press to the last", "ms", ones, aim="within 1.1"
    )
    report(f"{STUCK} stuck clients beside {CLIENTS}, {said}, eight in flight", "ms", manys, aim="within 1.1")
    print(f"  cut off after {statistics.median(cuts):.1f} s, at the latest {max(cuts):.1f} s", end="")
    print(
        f"; aim: {LAG_LIMIT:.0f} s after it lags. The server grew by {max(grown):.1f} MiB at most", flush=True
    )
    stop(bout.load)
    stop(server)


def main() -> None:
    """Measure both."""
    for tls in (False, True):
        measure(tls=tls)


if __name__ == "__main__":
    main()
