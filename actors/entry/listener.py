"""The sockets that are listened on."""

from __future__ import annotations

import logging
import resource
import socket
import time

logger = logging.getLogger(__name__)

BACKLOG = 2048
"""Connections that the system keeps until they are taken. asyncio has to be told again, or makes it 100: what
is more waits for a second until its client tries again. The last of 2,000 at once was connected after 2.1 s
with 100, and after 0.4 s with this."""
KERNEL = 128 * 1024
"""Bytes that the system keeps for a client that does not read; by itself it takes up to 4 MiB for each, and
only then is it seen that the client lags."""
RESERVED = 64
"""Open files that connections leave to the log, its personal parts and the timetables."""
QUIET = 60.0
"""Seconds for which it is not told again that connections are turned away."""


class Listener(socket.socket):
    """A listening socket that takes no connection for which a file would be missing elsewhere.

    Without it whoever opens connections as fast as they are cut off would leave none to the recorder,
    which ends the process when it cannot write; and asyncio would write 2.7 MB of log in half a minute.
    """

    _told_at = -QUIET

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """Take a connection.

        Raises:
            ConnectionAbortedError: It was turned away; asyncio goes on with the next one.
        """
        connection, address = super().accept()
        # The system gives the lowest number that is free, so this one tells how many are open.
        number, most = connection.fileno(), resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if most == resource.RLIM_INFINITY or number < most - min(RESERVED, most // 2):
            return connection, address
        connection.close()
        if time.monotonic() >= self._told_at + QUIET:
            self._told_at = time.monotonic()
            logger.error(
                "connections are turned away: this one is file %d of %d (LimitNOFILE of the service)",
                number,
                most,
            )
        raise ConnectionAbortedError


def listen(host: str, port: int) -> Listener:
    """Bind and listen.

    The protocol is named: asyncio sets TCP_NODELAY only on sockets that know that they are TCP,
    and `socket.create_server` makes one that does not. Without it the last of 200 doors showed a
    press 40 ms late, waiting for a delayed acknowledgement.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    listener = Listener(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)  # of those that it accepts, too
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
