"""Where things are when nobody says otherwise, and what the server's own files are called."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path("/etc/toctoc/school.toml")
DATA = Path("/var/lib/toctoc")
HOST, PORT = "127.0.0.1", 8765

KEY_FILE, CERTIFICATE_FILE = "tls.key", "tls.crt"
"""What the server makes for itself, in its data folder."""
TOKEN_FILE = "operator.token"  # noqa: S105  # a file's name
"""The server's own token, in its data folder."""
