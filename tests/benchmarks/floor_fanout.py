"""Floor of relaying: a bare websockets server that broadcasts the same bytes to everybody.

Run as a program: prints its port; the text to broadcast comes on standard input.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main() -> None:
    """Serve until standard input ends."""
    text = sys.stdin.readline().strip()
    clients: set[ServerConnection] = set()

    async def relay(connection: ServerConnection) -> None:
        clients.add(connection)
        async for _ in connection:
            broadcast(clients, text)
        clients.discard(connection)

    async with serve(relay, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
