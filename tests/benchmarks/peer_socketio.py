# mypy: disable-error-code="import-not-found, import-untyped, unused-ignore"
# mypy: allow-subclassing-any, allow-untyped-decorators
# ruff: noqa: E402 -- gevent has to change the library before others use it
"""The peer Flask-SocketIO on gevent, its fastest way: relays what comes to all. Prints its port.

``CERTIFICATE KEY`` for TLS.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import os
import sys
from typing import Any

import gevent
from flask import Flask
from flask_socketio import SocketIO, emit
from gevent.pywsgi import WSGIServer
from gevent.server import _tcp_listener as listen
from geventwebsocket.handler import WebSocketHandler

app = Flask(__name__)
relay = SocketIO(app, async_mode="gevent", ping_interval=3600, http_compression=False)


@relay.on("press")
def press(data: Any) -> None:
    emit("press", data, broadcast=True)


def end() -> None:
    gevent.get_hub().threadpool.apply(sys.stdin.read)
    os._exit(0)


listener = listen(("127.0.0.1", 0), backlog=1024, reuse_addr=True)
print(listener.getsockname()[1], flush=True)
gevent.spawn(end)
tls = dict(zip(("certfile", "keyfile"), sys.argv[1:3], strict=False))
WSGIServer(listener, app, log=None, handler_class=WebSocketHandler, **tls).serve_forever()
