"""The server on this machine, as its configuration says: where it is, by what it is known, and its own token.

For programs beside the server. Only what they need is looked at; whether all of it is right, the server
tells.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from events.errors import ConfigError, ToctocError
from events.places import CERTIFICATE_FILE, CONFIG, DATA, HOST, PORT, TOKEN_FILE
from events.tls import fingerprint_of

TlsUse = Literal["auto", "always", "never", "proxy"]


class NotReadable(ToctocError, OSError):
    """What the server keeps in its data folder cannot be read; the text says what to do."""


class NotThere(NotReadable):
    """It has not been made yet."""


class LocalServer(Struct, frozen=True, kw_only=True):
    """How it is reached.

    Attributes:
        address: ``ws://`` or ``wss://``.
        data: Its data folder, absolute.
        certificate: What it shows; None where it speaks no TLS itself.
    """

    address: str
    data: Path
    certificate: Path | None

    def pin(self) -> str | None:
        """Tell the fingerprint of its key; None where it speaks no TLS itself.

        Raises:
            NotReadable: The certificate is not there yet, damaged, or for the server's user alone.
        """
        certificate = self.certificate
        if certificate is None:
            return None
        try:
            return fingerprint_of(certificate)
        except FileNotFoundError:
            raise NotThere(f"there is no {certificate}: has the server ever run?") from None
        except PermissionError:
            raise _servers_alone(certificate) from None
        except (OSError, ValueError) as error:
            raise NotReadable(f"{certificate}: {error}") from error

    def token(self) -> str:
        """Read the server's own token.

        Raises:
            NotReadable: It is not there yet, or for the server's user alone.
        """
        try:
            return (self.data / TOKEN_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NotThere("no server has ever run on this data folder") from None
        except PermissionError:
            raise _servers_alone(self.data) from None


class _Server(Struct, frozen=True, kw_only=True):
    host: str = HOST
    port: int = PORT
    data: str = str(DATA)


class _Tls(Struct, frozen=True, kw_only=True):
    use: TlsUse = "auto"
    certificate: str = ""


class _SchoolFile(Struct, frozen=True, kw_only=True):
    server: _Server = _Server()
    tls: _Tls = _Tls()


def find_local_server() -> LocalServer | None:
    """Tell how the server on this machine is reached, if its configuration is where it usually is.

    Returns:
        None where there is none, or none that whoever asks may read.

    Raises:
        ConfigError: It cannot be understood.
    """
    try:
        return read_local_server(CONFIG)
    except OSError:
        return None


def read_local_server(config: Path) -> LocalServer:
    """Tell how the server on this machine is reached.

    Args:
        config: ``school.toml``; relative paths inside it start at its folder.

    Raises:
        ConfigError: It cannot be understood.
        OSError: It cannot be read.
    """
    try:
        written = msgspec.toml.decode(config.read_bytes(), type=_SchoolFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(config), "", str(error)) from None
    server, tls, folder = written.server, written.tls, config.absolute().parent
    serves = speaks_tls(tls.use, host=server.host, certificate=tls.certificate)
    data = folder / server.data
    shows = folder / tls.certificate if tls.certificate else data / CERTIFICATE_FILE
    address = address_of(server.host, server.port, tls=serves)
    return LocalServer(address=address, data=data, certificate=shows if serves else None)


def speaks_tls(use: TlsUse, *, host: str, certificate: str) -> bool:
    """Tell whether a server speaks TLS itself.

    Args:
        use: ``[tls] use``.
        host: ``[server] host``.
        certificate: ``[tls] certificate``; empty for its own.
    """
    return use == "always" or (use == "auto" and (bool(certificate) or not is_loopback(host)))


def address_of(host: str, port: int, *, tls: bool) -> str:
    """Tell where a program on the same machine reaches a server.

    Args:
        host: What it listens on.
        port: The same.
        tls: Whether it speaks TLS.
    """
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # not bound
    return f"{'wss' if tls else 'ws'}://{f'[{own}]' if ':' in own else own}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _servers_alone(folder: Path) -> NotReadable:
    return NotReadable(f"{folder} is the server's alone; run this as its user: sudo -u toctoc …")
