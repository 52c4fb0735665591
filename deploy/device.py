# ruff: noqa: ANN001, ANN201, ANN202, D103, INP001, T201
"""A push button in a few lines, for a board with MicroPython and Wi-Fi, such as a Raspberry Pi Pico W.

Grant it access on the server's machine (`toctoc access grant NAME --device --room L213`), write what that
prints to the line below, and open the port in school.toml (`[devices] port = 5050`). Between two presses
the board may sleep: it connects for each, and tries until the press is in the server's log.
"""

import hashlib
import json
import socket
import time
from binascii import hexlify

HOST, PORT, ROOM, ACCESS, SECRET = "192.168.1.10", 5050, "L213", 1, "what was printed"
NAME = b"toctoc device v1\n"


def hmac_sha256(key, message):  # RFC 2104; MicroPython brings none
    inner, outer = (bytes(byte ^ pad for byte in key + bytes(64 - len(key))) for pad in (0x36, 0x5C))
    return hexlify(hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()).decode()


def press(intent="present"):
    server = socket.socket()
    try:
        server.settimeout(10)
        server.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
        return said(server, intent)
    finally:
        server.close()  # also when it fails: such a board has a handful of sockets


def said(server, intent):
    stream = server.makefile("rb")

    def ask(text):
        server.sendall(b"%-64d" % len(text.encode()) + text.encode())
        return hear()

    def hear():
        return json.loads(stream.read(int(stream.read(64).decode())))

    key = hashlib.sha256(NAME + SECRET.encode()).digest()
    answer = hmac_sha256(key, NAME + hear()["nonce"].encode() + b"\n")
    told = ask(json.dumps({"type": "hello", "role": "device", "access": ACCESS, "signature": answer}))
    if told["type"] == "welcome":
        told = ask(json.dumps({"type": "say-presence", "id": 1, "room": ROOM, "intent": intent}))
    server.sendall(b"%-64d" % 10 + b"DISCONNECT")
    return told  # "done", or "refused" with its "reason"


def press_until_it_counts():
    while True:
        try:
            return press()
        except (OSError, ValueError):  # no Wi-Fi, or no server
            time.sleep(2)


if __name__ == "__main__":
    from machine import Pin

    button = Pin(14, Pin.IN, Pin.PULL_UP)
    while True:
        if not button.value():
            print(press_until_it_counts())
            while not button.value():  # held, it is one press
                time.sleep(0.02)
        time.sleep(0.02)
