# mypy: disable-error-code="import-not-found, import-untyped, unused-ignore"
# mypy: allow-subclassing-any, allow-untyped-decorators
"""The peer FastAPI on uvicorn: relays what comes to all. Prints its port; ``CERTIFICATE KEY`` for TLS."""

from __future__ import annotations

import os
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

clients: set[WebSocket] = set()
app = FastAPI()


@app.websocket("/ws")
async def relay(client: WebSocket) -> None:
    await client.accept()
    clients.add(client)
    try:
        while True:
            text = await client.receive_text()
            for one in list(clients):
                await one.send_text(text)
    except WebSocketDisconnect:
        clients.discard(client)


def end() -> None:
    sys.stdin.read()
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
threading.Thread(target=end, daemon=True).start()
certificate, key = sys.argv[1:3] or (None, None)
config = uvicorn.Config(
    app, log_level="error", ws_per_message_deflate=False, ws_ping_interval=None,
    ssl_certfile=certificate, ssl_keyfile=key,
)  # fmt: skip
uvicorn.Server(config).run(sockets=[listener])
