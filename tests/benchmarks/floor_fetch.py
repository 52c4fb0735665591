"""One local page that takes its time, over a bare socket: `python floor_fetch.py PORT PATH`.

Also run by the benchmark's own process as `fetch`: the slowest of the pages, asked for alone.
"""

from __future__ import annotations

import socket
import sys
import time


def fetch(host: str, port: int, path: str) -> float:
    """Seconds for one page."""
    before = time.perf_counter()
    with socket.create_connection((host, port)) as server:
        server.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while server.recv(65536):
            pass
    return time.perf_counter() - before


if __name__ == "__main__":
    print(fetch("127.0.0.1", int(sys.argv[1]), sys.argv[2]))
