"""What a door keeps of being paired: at which room it hangs, and the fingerprint of its server's key."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from events.errors import ToctocError
from events.ids import RoomKey

PAIRING_FILE = "paired.json"
"""Beside the door's key, in its data folder."""


class PairingBroken(ToctocError, ValueError):
    """The file is not what we wrote; the text says what to do."""


class Pairing(Struct, frozen=True, kw_only=True):
    """The server's word, given once an operator had confirmed the door's code.

    Attributes:
        server: Fingerprint of the server's key; empty where the door was paired without TLS.
    """

    room: RoomKey
    server: str = ""


def read_pairing(path: Path) -> Pairing | None:
    """Read what was kept; None where the door was never paired.

    Raises:
        PairingBroken: It cannot be understood.
        OSError: It cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pairing)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise PairingBroken(f"{path}: {error}; move it away, and pair the door again") from None


def keep_pairing(path: Path, pairing: Pairing) -> None:
    """Keep it, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(pairing))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
