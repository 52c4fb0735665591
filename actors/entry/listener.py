"""The sockets that are listened on."""

from __future__ import annotations

import logging
import re
import resource
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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

_PAGE = re.compile(rb"GET (/[!-~]*) HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nhost:[ \t]*([\w.:\[\]-]+)\r\n", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


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


class TlsListener(Listener):
    """A listening socket for TLS that tells a browser which came without where to come."""

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """See `Listener`."""
        taken, address = super().accept()
        return _TlsConnection(taken.family, taken.type, taken.proto, fileno=taken.detach()), address


class _TlsConnection(socket.socket):
    """A connection whose first bytes are looked at on their way to TLS, which then fails on plain ones."""

    _begun = False

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Read, as asyncio does for TLS."""
        count = super().recv_into(buffer, nbytes, flags)
        if not self._begun:
            self._begun = True
            answer = redirect(bytes(memoryview(buffer)[:count]))
            if answer is not None:
                self.send(answer)
        return count


def redirect(request: bytes) -> bytes | None:
    """Answer plain HTTP where TLS is spoken: the same page is at ``https://``. Pure.

    Args:
        request: What came first.

    Returns:
        None for what no browser asks for a page with. A WebSocket is not sent on: a door that was
        given ``ws://`` has to be told so, or it would go on saying hello in plain first.
    """
    page, host = _PAGE.match(request), _HOST.search(request)
    if page is None or host is None or _UPGRADE.search(request):
        return None
    # Not for ever (308): browsers would keep that when the school has left TLS.
    return (
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://%b%b\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n" % (host[1], page[1])
    )


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
