"""Who said it: the Ed25519 keys of doors (RFC 8032) and what they sign, and the secrets of devices.

A challenge is answered for one server and one room: the fingerprint of the server's key, as the door
sees it in its own TLS connection, is under the signature. Whoever stands between door and server and
hands the challenge on has another key, and the answer is worth nothing to them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from events.domain import Press
from events.ids import KioskId

_PRESS = b"toctoc press v1\n"
_HELLO = b"toctoc hello v2\n"
_DEVICE = b"toctoc device v1\n"
_encode = msgspec.json.Encoder().encode
_PRIME = 2**255 - 19
# The y of the points whose order is 1, 2, 4 and 8: with such a point as its public key everybody can
# make signatures that fit (https://eprint.iacr.org/2020/1244, table 6). OpenSSL takes them.
_LOW_ORDER = {
    0,
    1,
    _PRIME - 1,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
}


def new_key() -> Ed25519PrivateKey:
    """Make a door's key."""
    return Ed25519PrivateKey.generate()


def public_hex(key: Ed25519PrivateKey) -> str:
    """Write the public half of a key as 64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def kiosk_id(public: str) -> KioskId:
    """Name a door by its public key (64 hex digits).

    Raises:
        ValueError: It is no public key.
    """
    return KioskId(hashlib.sha256(_public_key(public).public_bytes_raw()).hexdigest()[:32])


def _public_key(public: str) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        ValueError: It is none, or one with which everybody could sign.
    """
    raw = bytes.fromhex(public)
    key = Ed25519PublicKey.from_public_bytes(raw)
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _PRIME or y in _LOW_ORDER:
        raise ValueError("this is no key: everybody could sign with it")
    return key


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """Read a door's key from its file, which is made at the door's first start.

    Args:
        path: 32 raw bytes, readable by their owner only.

    Raises:
        ValueError: The file is no key.
        OSError: It cannot be read or made.
    """
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except FileNotFoundError:
        key = new_key()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)  # of a start that was cut short, with whatever rights
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return key


def press_bytes(press: Press) -> bytes:
    """Write a press as the bytes that are signed: the same at every delivery."""
    return _PRESS + _encode(press)


def sign_press(key: Ed25519PrivateKey, press: Press) -> str:
    """Sign a press; 128 hex digits."""
    return key.sign(press_bytes(press)).hex()


def press_is_genuine(public: str, press: Press, signature: str) -> bool:
    """Tell whether the door with this public key signed this press."""
    return kiosk_id(public) == press.kiosk and _verifies(public, press_bytes(press), signature)


def sign_hello(key: Ed25519PrivateKey, nonce: str, room: str, server: str = "") -> str:
    """Answer the server's challenge.

    Args:
        key: The door's.
        nonce: The challenge.
        room: At whose door it hangs; empty for one that is not paired.
        server: Fingerprint of the server's key as this connection shows it; empty in plain.
    """
    return key.sign(_hello_bytes(nonce, room, server)).hex()


def hello_is_genuine(public: str, nonce: str, room: str, signature: str, server: str = "") -> bool:
    """Tell whether the holder of this public key answered this challenge for this room and server."""
    return _verifies(public, _hello_bytes(nonce, room, server), signature)


def _hello_bytes(nonce: str, room: str, server: str) -> bytes:
    # Neither the nonce nor the fingerprint holds a line's end, and the room comes last.
    return _HELLO + nonce.encode() + b"\n" + server.encode() + b"\n" + room.encode()


def device_key(secret: str) -> str:
    """Derive what a device answers challenges with from its secret; 64 hex digits.

    The server keeps this and not the secret.
    """
    return hashlib.sha256(_DEVICE + secret.encode()).hexdigest()


def answer_device(key: str, nonce: str, server: str = "") -> str:
    """Answer the server's challenge as a device: HMAC-SHA256; 64 hex digits.

    Args:
        key: What `device_key` derived.
        nonce: The challenge.
        server: Fingerprint of the server's key as this connection shows it; empty in plain.
    """
    message = _DEVICE + nonce.encode() + b"\n" + server.encode()
    return hmac.digest(bytes.fromhex(key), message, "sha256").hex()


def device_is_genuine(key: str, nonce: str, answer: str, server: str = "") -> bool:
    """Tell whether the holder of this device's key answered this challenge for this server."""
    return hmac.compare_digest(answer_device(key, nonce, server), answer)


def _verifies(public: str, message: bytes, signature: str) -> bool:
    try:
        _public_key(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
