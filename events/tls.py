"""TLS from the client's side: which server it is.

A door knows its server by the fingerprint of the server's public key (SHA-256 of the
SubjectPublicKeyInfo, RFC 7469), not by names, authorities or dates: a Pi whose clock begins in the past
still comes in, and a certificate that is renewed with the same key changes nothing. Who has no
fingerprint trusts the system's authorities.
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from events.errors import ToctocError


class WrongServer(ToctocError, OSError):
    """The server is not the one that this client knows.

    Attributes:
        seen: Fingerprint of the key it showed.
        wanted: The one that is known.
    """

    def __init__(self, seen: str, wanted: str) -> None:
        super().__init__(seen, wanted)
        self.seen, self.wanted = seen, wanted

    def __str__(self) -> str:
        return (
            f"this is another server: its key is sha256:{self.seen or '(none)'}, the known one is "
            f"sha256:{self.wanted}; if it was replaced on purpose, pair the door again"
        )


def fingerprint(certificate: bytes) -> str:
    """Name the key of a certificate.

    Args:
        certificate: In DER.

    Returns:
        SHA-256 of its SubjectPublicKeyInfo, 64 hex digits.

    Raises:
        ValueError: It is no certificate, or of a kind of key that nobody knows.
    """
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(f"the certificate's key is of no known kind: {error}") from error
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def fingerprint_of(certificate: Path) -> str:
    """Name the key of a certificate in PEM; of several the first, which is the server's own.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    own = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    return fingerprint(own.public_bytes(Encoding.DER))


def client_context(server: str, *, verify: bool) -> ssl.SSLContext | None:
    """Make what a client needs for an address.

    Args:
        server: ``ws://`` or ``wss://`` address.
        verify: Whether the system's authorities, the name and the dates have to be right. Without, the
            caller has to look at `seen_by` before it says or believes anything.

    Returns:
        None for a plain connection.
    """
    if not server.startswith("wss:"):
        return None
    if verify:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def seen_by(connection: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """Tell the fingerprint of the key that the server showed in a connection; empty in plain.

    Raises:
        ValueError: It cannot be read.
    """
    if connection is None:
        return ""
    certificate = connection.getpeercert(binary_form=True)
    return fingerprint(certificate) if certificate else ""


def check(seen: str, wanted: str) -> None:
    """Compare what a server showed with what is known.

    Raises:
        WrongServer: It is another one.
    """
    if seen != wanted:
        raise WrongServer(seen, wanted)
