"""Floor of a press: a bare picture; a bare message there and back, committed (FULL) at both ends.
As a program: its server, which prints its port."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pygame
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

PRESS, INSERT = "x" * 600, "INSERT INTO press VALUES (?)"


def database(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS press (body TEXT)")
    return db


class Bare:
    def __init__(self, folder: Path) -> None:
        pygame.display.init()
        self.window = pygame.display.set_mode((800, 480))
        self.answer = pygame.Surface((400, 200))
        self.db = database(str(folder / "floor-door.db"))
        command = [sys.executable, __file__, str(folder / "floor-server.db")]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE)
        port = int(self.server.stdout.readline()) if self.server.stdout else 0
        self.line: ClientConnection = connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None)

    def show(self) -> float:
        began = time.perf_counter()
        self.window.blit(self.answer, (400, 200))
        pygame.display.update(pygame.Rect(400, 200, 400, 200))
        return time.perf_counter() - began

    def record(self) -> float:
        began = time.perf_counter()
        self.db.execute(INSERT, (PRESS,))
        self.line.send(PRESS)
        self.line.recv()
        return time.perf_counter() - began + self.show()


if __name__ == "__main__":
    log = database(sys.argv[1])

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            log.execute(INSERT, (message,))
            connection.send(message)

    with serve(echo, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()
