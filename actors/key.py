"""The log's secret, by which titles and the sources' own ids are hashed."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from actors.entry.credentials import write_secret
from events.errors import LogError

KEY_BYTES = 32


def load_key(path: Path) -> bytes:
    """Read the log's secret for hashing, which is made with the log; 32 bytes.

    Raises:
        LogError: The file holds something else.
    """
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        if key:
            raise LogError(f"{path}: {len(key)} bytes, not {KEY_BYTES}: this is no key")
    key = secrets.token_bytes(KEY_BYTES)
    write_secret(path, key)
    return key
