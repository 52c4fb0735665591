"""The server's certificate: the school's, or one that the server makes for itself.

One that it makes is for doors, which know its key by fingerprint: it is valid from the year 2000, because
a Pi without a clock of its own would refuse a fresh one, and its key stays when its names change.
"""

from __future__ import annotations

import asyncio.sslproto
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from actors.entry.credentials import write_secret
from actors.settings import TlsSettings
from events.config import place
from events.errors import ToctocError
from events.places import CERTIFICATE_FILE, KEY_FILE
from events.tls import fingerprint_of

_BEGIN, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
BUFFER = 8 * 1024
"""Bytes that each TLS connection keeps for reading: twice what a client may send in one message."""


class TlsFailed(ToctocError, OSError):
    """There is no certificate to serve with; the text says which file is at fault, and what is expected."""


class Context(ssl.SSLContext):
    """What new connections are served with.

    Attributes:
        fingerprint: Names the key of its certificate.
    """

    fingerprint: str


class Tls:
    """The certificate that is shown now, and can be renewed without ending a connection.

    Args:
        settings: What the administrator wrote.
        data: Folder of the server's own certificate.

    Raises:
        TlsFailed: There is none to serve with.
    """

    def __init__(self, settings: TlsSettings, data: Path) -> None:
        self._settings = settings
        self._data = data
        self._current = self._load()
        self.context = self._load()
        # Called for each connection, whether its client names a server or not.
        self.context.sni_callback = self._choose

    @property
    def fingerprint(self) -> str:
        """Names the key that new connections are shown."""
        return self._current.fingerprint

    def renew(self, settings: TlsSettings) -> None:
        """Read the files again; connections that are open keep what they began with. From any thread.

        Raises:
            TlsFailed: They cannot be served with; all stays as it was.
        """
        before = self._settings
        self._settings = settings
        try:
            self._current = self._load()
        except TlsFailed:
            self._settings = before
            raise

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _load(self) -> Context:
        certificate, key = certificate_files(self._settings, self._data)
        context = Context(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A ticket would let a client come back without being shown the certificate.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
        try:
            # With a password, if only an empty one: without it OpenSSL asks for one on the terminal.
            context.load_cert_chain(certificate, key, password="")
            context.fingerprint = fingerprint_of(certificate)
        except (OSError, ValueError) as error:
            # OpenSSL says neither which of the two files nor what of it.
            problem = _fault(certificate, key) or f"{certificate} with the key {key}: {error}"
            raise TlsFailed(problem) from error
        return context


def _fault(certificate: Path, key: Path) -> str:
    """Say which of two files is not what it has to be; nothing where each is, and they fit."""
    if problem := _certificate_fault(certificate):
        return problem
    of_key = f"{place('tls', 'key')}: {key}"
    try:
        body = key.read_bytes()
        private = load_pem_private_key(body, None)
    except OSError as error:
        return f"{of_key}: {error.strerror}"
    except TypeError:
        return f"{of_key} is locked by a password; expected is one without: openssl pkey -in OLD -out NEW"
    except (ValueError, UnsupportedAlgorithm):
        held = _held(body, "PRIVATE KEY")
        return f"{of_key} holds {held}; expected is the certificate's private key in PEM (BEGIN PRIVATE KEY)"
    if private.public_key() != x509.load_pem_x509_certificates(certificate.read_bytes())[0].public_key():
        return (
            f"{of_key} is not the key of {certificate}; expected is the one with which that certificate was "
            "asked for, and in the certificate's file the server's own certificate first, its chain after it"
        )
    return ""


def _certificate_fault(certificate: Path) -> str:
    of_certificate = f"{place('tls', 'certificate')}: {certificate}"
    try:
        body = certificate.read_bytes()
        x509.load_pem_x509_certificates(body)
    except OSError as error:
        return f"{of_certificate}: {error.strerror}"
    except ValueError:
        return (
            f"{of_certificate} holds {_held(body, 'CERTIFICATE')}; expected is the server's certificate "
            "in PEM (BEGIN CERTIFICATE), its chain after it"
        )
    return ""


def _held(body: bytes, wanted: str) -> str:
    """Say what a file holds that does not hold what is wanted."""
    labels = [label.decode() for label in re.findall(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----", body)]
    if not labels:
        return "nothing in PEM"
    if any(label.endswith(wanted) for label in labels):
        return f"a damaged {wanted}"
    return " and ".join(f"BEGIN {label}" for label in dict.fromkeys(labels))


def proxy_fingerprint(settings: TlsSettings) -> str:
    """Name the key that a proxy in front shows; empty where there is none.

    Raises:
        TlsFailed: Its certificate cannot be read.
    """
    if not settings.proxy or settings.certificate is None:
        return ""
    try:
        return fingerprint_of(settings.certificate)
    except (OSError, ValueError) as error:
        problem = _certificate_fault(settings.certificate) or f"{settings.certificate}: {error}"
        raise TlsFailed(problem) from error


def certificate_files(settings: TlsSettings, data: Path) -> tuple[Path, Path]:
    """Tell where certificate and key are; the server's own ones are made where they are missing.

    Raises:
        TlsFailed: They cannot be made.
    """
    if settings.certificate is not None:
        assert settings.key is not None
        return settings.certificate, settings.key
    certificate, key = data / CERTIFICATE_FILE, data / KEY_FILE
    try:
        _make(certificate, key, settings.names)
    except (OSError, ValueError, TypeError) as error:
        raise TlsFailed(f"{data}: no certificate can be made there: {error}") from error
    return certificate, key


def _make(certificate: Path, key: Path, names: Iterable[str]) -> None:
    """Make the certificate where there is none for these names, and the key where there is none."""
    private = _private_key(key)
    wanted = _alternatives(names)
    if certificate.exists():
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        of_it = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if known.public_key() == private.public_key() and set(of_it) == set(wanted):
            return
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "toctoc")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, SHA256())
    )
    write_secret(certificate, made.public_bytes(Encoding.PEM))


def _private_key(path: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        # P-256: no browser takes Ed25519 in a certificate.
        made = generate_private_key(SECP256R1())
        write_secret(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError(f"{path} is no key that was made here; move it away")  # noqa: TRY004  # of a file
    return key


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    """List under which names and addresses the server is reached."""
    all_names = dict.fromkeys((*names, socket.gethostname().lower(), "localhost", "127.0.0.1", "::1"))
    found: list[x509.GeneralName] = []
    for name in all_names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def use_small_buffers() -> None:
    """Have asyncio keep `BUFFER` bytes a TLS connection instead of 256 KiB.

    It has no setting for it but this attribute of its protocol's class, which it reads whenever a
    connection begins. What is longer than the buffer is read in several pieces. A board's connection
    took 308 KiB of the server's memory before, and 55 to 62 after (Python 3.11, 500 and 2,000 of them).
    """
    asyncio.sslproto.SSLProtocol.max_size = BUFFER
