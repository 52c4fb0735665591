"""Floor of the gateway: frame built once, SQLite commit (FULL), one ``send`` a client; a bare epoll loop.

``single``: a commit and a ``send`` for each press. ``group``: for all presses that came together.
Run as a program: prints its port, takes presses from `load`'s clients (masked with zeros, 126 bytes or
more, handshake not checked) and relays them; ``CERTIFICATE KEY`` for TLS.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import sys
import tempfile

import apsw

from tests.benchmarks.floor_append import INSERT, TABLE

UPGRADE = b"HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
folder, context = tempfile.TemporaryDirectory(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
db = apsw.Connection(f"{folder.name}/log.db")
for statement in ("PRAGMA journal_mode = wal", "PRAGMA synchronous = full", TABLE):
    db.execute(statement).fetchall()
if sys.argv[2:]:
    context.load_cert_chain(*sys.argv[2:4])
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
poll, clients, seq = select.epoll(), dict[int, socket.socket](), 0
poll.register(listener.fileno(), select.EPOLLIN)
poll.register(0, select.EPOLLHUP)
while True:
    payloads = []
    for fd, _ in poll.poll():
        if fd == 0:
            sys.exit()
        if fd == listener.fileno():
            client = listener.accept()[0]
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = context.wrap_socket(client, server_side=True) if sys.argv[2:] else client
            client.recv(4096)
            client.send(UPGRADE)
            clients[client.fileno()] = client
            poll.register(client.fileno(), select.EPOLLIN)
        elif data := clients[fd].recv(4096):
            payloads.append(data[8:])
        else:
            poll.unregister(fd)
            clients.pop(fd).close()
    for group in [payloads] if sys.argv[1] == "group" and payloads else [[payload] for payload in payloads]:
        seq += len(group)
        ids = range(seq - len(group), seq)
        rows = [(i + 1, f"{i:050}", "room/L001", i, "presence-pressed", 1, i, i, group[0]) for i in ids]
        db.execute("BEGIN IMMEDIATE")
        db.executemany(INSERT, rows)
        db.execute("COMMIT")
        frames = b"".join(struct.pack("!BBH", 0x81, 126, len(p)) + p for p in group)
        for client in clients.values():
            client.send(frames)
