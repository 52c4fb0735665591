"""Who said it: the Ed25519 keys of doors (RFC 8032) and what they sign."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from events.domain import Press
from events.ids import KioskId

_PRESS = b"toctoc press v1\n"
_HELLO = b"toctoc hello v1\n"
_encode = msgspec.json.Encoder().encode


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
    raw = bytes.fromhex(public)
    Ed25519PublicKey.from_public_bytes(raw)
    return KioskId(hashlib.sha256(raw).hexdigest()[:32])


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


def sign_hello(key: Ed25519PrivateKey, nonce: str, room: str) -> str:
    """Answer the server's challenge."""
    return key.sign(_hello_bytes(nonce, room)).hex()


def hello_is_genuine(public: str, nonce: str, room: str, signature: str) -> bool:
    """Tell whether the holder of this public key answered this challenge for this room."""
    return _verifies(public, _hello_bytes(nonce, room), signature)


def _hello_bytes(nonce: str, room: str) -> bytes:
    return _HELLO + nonce.encode() + b"\n" + room.encode()


def _verifies(public: str, message: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
