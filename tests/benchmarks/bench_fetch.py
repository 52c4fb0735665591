"""40 pages that each take half a second, fetched together, against the slowest one fetched alone.

The pages are on 20 loopback addresses, two on each, so that the politeness of two at once to one host
is kept and not what is measured. The server is a process of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from scraper.fetch import TimetableClient
from scraper.measure import together
from tests.benchmarks.floor_fetch import fetch
from tests.benchmarks.rounds import compare

PAGES, DELAY, SIZE = 40, 0.5, 50_000
"""Of the pages the last one takes `DELAY` seconds, the others a little less."""


def delay(number: int) -> float:
    """Seconds that a page takes."""
    return DELAY * (0.8 + 0.2 * (number + 1) / PAGES)


async def serve() -> None:
    """Answer ``/n`` after its delay, on every loopback address; prints the port."""
    body = b"x" * SIZE

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(delay(int(head.split(b" ")[1][1:])))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % SIZE + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Compare."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bench_fetch", "serve"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    urls = [f"http://127.0.0.{2 + n // 2}:{port}/{n}" for n in range(PAGES)]

    def make() -> TimetableClient:
        return TimetableClient(allow_private=True)

    def ours() -> float:
        before = time.perf_counter()
        fetched = together(urls, make=make)
        seconds = time.perf_counter() - before
        assert all(it.size == SIZE for it in fetched), fetched
        return seconds

    compare(
        f"{PAGES} pages of {DELAY} s together, to the slowest alone",
        "s",
        ours,
        lambda: fetch("127.0.0.2", port, f"/{PAGES - 1}"),
        aim="within 1.5",
    )
    process.terminate()
    process.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
