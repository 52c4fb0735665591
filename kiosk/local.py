"""The server on this machine, as its configuration says.

Only what a client needs is looked at; whether all of it is right, the server tells. What it means is in the
server's package, which no client may import: a test holds the two together.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from events.errors import ConfigError, ToctocError
from events.tls import fingerprint

CONFIG = Path("/etc/toctoc/school.toml")
"""Where it is when nothing is said."""


class NotReadable(ToctocError, OSError):
    """The server's certificate cannot be read; the text says what to do."""


class LocalServer(Struct, frozen=True, kw_only=True):
    """How it is reached.

    Attributes:
        address: ``ws://`` or ``wss://``.
        pin: Fingerprint of its key; None where it speaks no TLS itself.
        data: Its data folder, absolute.
    """

    address: str
    pin: str | None
    data: Path


class _Server(Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 8765
    data: str = "/var/lib/toctoc"


class _Tls(Struct, frozen=True, kw_only=True):
    use: str = "auto"
    certificate: str = ""


class _SchoolFile(Struct, frozen=True, kw_only=True):
    server: _Server = _Server()
    tls: _Tls = _Tls()


def read_local_server(config: Path) -> LocalServer:
    """Tell how the server on this machine is reached, and by what it is known.

    Args:
        config: ``school.toml``; relative paths inside it start at its folder.

    Raises:
        ConfigError: It cannot be understood.
        NotReadable: The server's certificate is not there yet, or for its user alone.
        OSError: The configuration cannot be read.
    """
    try:
        written = msgspec.toml.decode(config.read_bytes(), type=_SchoolFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(config), "", str(error)) from None
    server, tls, folder = written.server, written.tls, config.absolute().parent
    data = folder / server.data
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104  # not bound
    shown = f"[{host}]" if ":" in host else host
    if tls.use == "always" or (tls.use == "auto" and (tls.certificate or not _is_loopback(server.host))):
        pin = _fingerprint_of(folder / tls.certificate if tls.certificate else data / "tls.crt")
        return LocalServer(address=f"wss://{shown}:{server.port}", pin=pin, data=data)
    return LocalServer(address=f"ws://{shown}:{server.port}", pin=None, data=data)


def _fingerprint_of(certificate: Path) -> str:
    try:
        own = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        return fingerprint(own.public_bytes(Encoding.DER))
    except FileNotFoundError:
        raise NotReadable(f"there is no {certificate} yet: has the server ever run?") from None
    except PermissionError:
        problem = f"{certificate.parent} is the server's alone; run this as its user: sudo -u toctoc …"
        raise NotReadable(problem) from None
    except ValueError as error:
        raise NotReadable(f"{certificate}: {error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
