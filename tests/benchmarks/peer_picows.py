# mypy: disable-error-code="import-not-found, import-untyped, unused-ignore"
# mypy: allow-subclassing-any, allow-untyped-decorators
"""The peer picows: relays what comes to all. Prints its port; ``CERTIFICATE KEY`` for TLS."""

from __future__ import annotations

import asyncio
import ssl
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

clients: set[WSTransport] = set()


class Relay(WSListener):
    def on_ws_connected(self, transport: WSTransport) -> None:
        clients.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        clients.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            text = frame.get_payload_as_bytes()
            for client in clients:
                client.send(WSMsgType.TEXT, text)


def listener(_request: WSUpgradeRequest) -> WSListener:
    return Relay()


async def main() -> None:
    context = None
    if sys.argv[1:]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:3])
    server = await ws_create_server(listener, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
