"""The ports that the configuration names, listened on; or which of its keys names one that cannot be."""

from __future__ import annotations

import contextlib
import errno
import socket

from actors.entry.listener import listen
from actors.settings import SchoolSettings
from events.config import place
from events.errors import ConfigError

Sockets = tuple[socket.socket, socket.socket | None, socket.socket | None]
"""For all clients, for the board alone, for small devices."""


def listen_all(settings: SchoolSettings) -> Sockets:
    """Listen on every port of the configuration, or on none.

    Raises:
        ConfigError: One of them cannot be listened on; the text names its key and the remedy.
    """
    with contextlib.ExitStack() as opened:

        def take(section: str, key: str, port: int) -> socket.socket:
            try:
                return opened.enter_context(listen(settings.host, port))
            except OSError as error:
                where, problem = _fault(settings.host, place(section, key), port, error)
                raise ConfigError(str(settings.path), where, problem) from error

        listener = take("server", "port", settings.port)
        board = None if settings.http_port is None else take("board", "http_port", settings.http_port)
        devices = None if settings.devices_port is None else take("devices", "port", settings.devices_port)
        opened.pop_all()
        return listener, board, devices


def _fault(host: str, key: str, port: int, error: OSError) -> tuple[str, str]:
    """Tell which key is at fault, and what may be done."""
    problem = f"cannot listen on {host}:{port}: {error.strerror or error}"
    if error.errno == errno.EADDRINUSE:
        remedy = f"end what listens there (sudo ss -ltnp 'sport = :{port}' names it), or choose another port"
    elif error.errno == errno.EACCES:
        remedy = "choose a port from 1024 on; those below are the system's"
    else:
        key, remedy = place("server", "host"), 'allowed is an address of this machine, or "0.0.0.0" for all'
    return key, f"{problem}; {remedy}"
