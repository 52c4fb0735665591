"""Floor of the gateway: frame built once, SQLite commit (FULL), one ``send`` a client; a bare epoll loop.

``single``: a commit and a ``send`` for each press. ``group``: for all presses that came together.
Run as a program: prints its port, takes presses from WebSocket clients and relays them.
"""

from __future__ import annotations

import base64
import hashlib
import select
import socket
import ssl
import struct
import sys
import tempfile

import apsw

from tests.benchmarks.floor_append import INSERT, TABLE

GROUP, CERTIFICATE, KEY = sys.argv[1] == "group", *(sys.argv[2:4] or ("", ""))
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
folder = tempfile.TemporaryDirectory()
db = apsw.Connection(f"{folder.name}/log.db")
for statement in ("PRAGMA journal_mode = wal", "PRAGMA synchronous = full", TABLE):
    db.execute(statement).fetchall()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if CERTIFICATE:
    context.load_cert_chain(CERTIFICATE, KEY)
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
poll, clients, seq = select.epoll(), {}, 0
poll.register(listener.fileno(), select.EPOLLIN)
poll.register(0, select.EPOLLHUP)
running = True
while running:
    payloads = []
    for fd, _ in poll.poll():
        if fd == listener.fileno():
            client = listener.accept()[0]
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = context.wrap_socket(client, server_side=True) if CERTIFICATE else client
            asked = next(line for line in client.recv(4096).split(b"\r\n") if line.startswith(b"Sec-WebSocket-K"))
            accept = base64.b64encode(hashlib.sha1(asked.split()[1] + MAGIC).digest())
            upgrade = b"HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            client.send(upgrade + accept + b"\r\n\r\n")
            clients[client.fileno()] = client
            poll.register(client.fileno(), select.EPOLLIN)
        elif fd == 0:
            running = False
        elif data := clients[fd].recv(4096):
            payloads.append(data[8:])  # the load's frames: masked with zeros, 126 bytes or more
        else:
            poll.unregister(fd)
            clients.pop(fd).close()
    for group in [payloads] if GROUP and payloads else [[payload] for payload in payloads]:
        seq += len(group)
        ids = range(seq - len(group), seq)
        rows = [(i + 1, f"{i:050}", "room/L001", i, "presence-pressed", 1, i, i, group[0]) for i in ids]
        db.execute("BEGIN IMMEDIATE")
        db.executemany(INSERT, rows)
        db.execute("COMMIT")
        frames = b"".join(struct.pack("!BBH", 0x81, 126, len(p)) + p for p in group)
        for client in clients.values():
            client.send(frames)
