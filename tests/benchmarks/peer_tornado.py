# mypy: disable-error-code="import-not-found, import-untyped, unused-ignore"
# mypy: allow-subclassing-any, allow-untyped-decorators
"""The peer Tornado: relays what comes to all. Prints its port; ``CERTIFICATE KEY`` for TLS."""

from __future__ import annotations

import asyncio
import ssl
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

clients: set[Relay] = set()


class Relay(WebSocketHandler):
    def open(self) -> None:
        self.set_nodelay(True)
        clients.add(self)

    def on_close(self) -> None:
        clients.discard(self)

    def on_message(self, message: str | bytes) -> None:
        for client in clients:
            client.write_message(message)


async def main() -> None:
    context = None
    if sys.argv[1:]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:3])
    sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
    HTTPServer(Application([("/ws", Relay)]), ssl_options=context).add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
