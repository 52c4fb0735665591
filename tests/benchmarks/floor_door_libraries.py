"""Second floor of a door's memory: bare pygame with a window, and the libraries that a door needs.

A line that signs what it says (asyncio, websockets with TLS, Ed25519), an outbox (SQLite), typed
messages (msgspec).
"""

import asyncio
import sqlite3
import ssl
import sys

import msgspec
import pygame
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect

LIBRARIES = (asyncio.run, sqlite3.connect(":memory:"), ssl.SSLContext, msgspec.Struct, connect)
Ed25519PrivateKey.generate().sign(b"a press")

pygame.display.init()
pygame.font.init()
screen = pygame.display.set_mode((int(sys.argv[1]), int(sys.argv[2])))
screen.fill((0, 90, 50))
screen.blit(pygame.font.Font(None, 80).render("Libre", True, (255, 255, 255)), (20, 20))
pygame.display.update()
print("drawn", flush=True)
sys.stdin.read()
