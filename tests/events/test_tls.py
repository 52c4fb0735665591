"""Which server it is, by its key."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from pathlib import Path

import pytest

from events.ids import read_fingerprint
from events.tls import WrongServer, check, client_context, fingerprint


def test_a_fingerprint_is_what_openssl_makes_of_the_public_key(tmp_path: Path) -> None:
    """So that an administrator can check it with tools of their own."""
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=rooms"]
    subprocess.run(
        ["openssl", "req", "-x509", *how, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    public = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "der"], check=True, capture_output=True
    ).stdout
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
    assert fingerprint(der) == hashlib.sha256(public).hexdigest()


def test_what_is_no_certificate_has_no_fingerprint() -> None:
    for rubbish in (b"", b"rubbish", bytes(1000)):
        with pytest.raises(ValueError):
            fingerprint(rubbish)


def test_people_write_a_fingerprint_in_many_ways() -> None:
    plain = "0f" * 32
    colons = ":".join(["0F"] * 32)
    assert {read_fingerprint(text) for text in (plain, f"sha256:{plain}", colons, f" SHA256:{colons} ")} == {
        plain
    }
    for wrong in ("", plain[:-1], plain + "0", "sha1:" + plain, "g" * 64):
        with pytest.raises(ValueError, match="is no fingerprint"):
            read_fingerprint(wrong)


def test_another_server_is_told_with_both_fingerprints() -> None:
    check("ab" * 32, "ab" * 32)
    with pytest.raises(WrongServer, match=rf"sha256:{'cd' * 32}.*sha256:{'ab' * 32}.*pair the door again"):
        check("cd" * 32, "ab" * 32)
    with pytest.raises(WrongServer, match=r"\(none\)"):
        check("", "ab" * 32)  # a plain connection is not the server that is known, either


def test_a_plain_address_has_no_tls_and_a_secure_one_is_verified_unless_it_is_pinned() -> None:
    assert client_context("ws://127.0.0.1:1", verify=True) is None
    trusted = client_context("wss://127.0.0.1:1", verify=True)
    pinned = client_context("wss://127.0.0.1:1", verify=False)
    assert trusted is not None
    assert pinned is not None
    assert (trusted.verify_mode, trusted.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert pinned.verify_mode == ssl.CERT_NONE
    assert pinned.minimum_version >= ssl.TLSVersion.TLSv1_2
