"""The server's certificate, and what a door that knows its fingerprint makes of it."""

from __future__ import annotations

import gc
import ipaddress
import stat
import urllib.request
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from actors.entry.tls import BUFFER, Tls, TlsFailed, proxy_fingerprint
from actors.settings import TlsSettings
from events.client import GatewayError, converse
from events.places import CERTIFICATE_FILE, KEY_FILE
from events.tls import client_context, fingerprint, fingerprint_of
from events.wire import Challenge, Hello, Ping, Pong, Welcome, encode
from tests.actors.stack import TIMEOUT, DoorClient, Talk, free_port, greeted, running, write_school
from tests.conftest import Errors

ALWAYS = '[tls]\nuse = "always"\nnames = ["rooms.school.example", "192.0.2.1"]'
BOARD = Hello(role="board")


def load(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / CERTIFICATE_FILE).read_bytes())


def issue(
    folder: Path,
    *,
    key: Any = None,
    begin: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    name: str = "localhost",
) -> TlsSettings:
    """A certificate as a school has one, here signed by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternatives: Iterable[x509.GeneralName] = (
        x509.DNSName(name),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, SHA256())
    )
    (folder / "school.crt").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "school.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return TlsSettings(serve=True, certificate=folder / "school.crt", key=folder / "school.key")


# -- the server's own certificate -----------------------------------------------------------------


def test_the_server_makes_a_certificate_that_a_pi_without_a_clock_takes(tmp_path: Path) -> None:
    names = ("rooms.school.example", "192.0.2.1")
    tls = Tls(TlsSettings(serve=True, names=names), tmp_path)
    certificate = load(tmp_path)
    assert certificate.not_valid_before_utc == datetime(2000, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc.year == 2099
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1), "browsers take no Ed25519"
    of_it = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "rooms.school.example" in of_it.get_values_for_type(x509.DNSName)
    assert ipaddress.ip_address("192.0.2.1") in of_it.get_values_for_type(x509.IPAddress)
    assert tls.fingerprint == fingerprint(certificate.public_bytes(Encoding.DER))
    for name in (KEY_FILE, CERTIFICATE_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_restart_shows_the_same_certificate_and_other_names_keep_the_key(tmp_path: Path) -> None:
    first = Tls(TlsSettings(serve=True, names=("a.example",)), tmp_path)
    before = load(tmp_path)
    assert Tls(TlsSettings(serve=True, names=("a.example",)), tmp_path).fingerprint == first.fingerprint
    assert load(tmp_path) == before
    assert Tls(TlsSettings(serve=True, names=("b.example",)), tmp_path).fingerprint == first.fingerprint
    assert load(tmp_path) != before


@pytest.mark.parametrize("spoilt", [KEY_FILE, CERTIFICATE_FILE])
def test_a_file_that_is_none_is_an_error_that_names_it(tmp_path: Path, spoilt: str) -> None:
    Tls(TlsSettings(serve=True), tmp_path)
    (tmp_path / spoilt).write_text("rubbish", encoding="ascii")
    with pytest.raises(TlsFailed, match="no certificate can be made there"):
        Tls(TlsSettings(serve=True), tmp_path)


def put(settings: TlsSettings, *, certificate: bytes | None = None, key: bytes | None = None) -> str:
    """Put other bytes in place of a school's certificate or key; tells what is said of them."""
    assert settings.certificate is not None
    assert settings.key is not None
    for path, body in ((settings.certificate, certificate), (settings.key, key)):
        if body is not None:
            path.write_bytes(body)
    with pytest.raises(TlsFailed) as failed:
        Tls(settings, settings.certificate.parent)
    return str(failed.value).replace(f"{settings.certificate.parent}/", "")


def test_a_key_that_does_not_fit_is_an_error_that_names_both(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    said = put(issue(tmp_path), key=other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert said.startswith("[tls] key: school.key is not the key of school.crt; expected is the one ")


def test_a_certificate_and_its_key_that_were_swapped_are_told(tmp_path: Path) -> None:
    settings = issue(tmp_path)
    assert settings.certificate is not None
    assert settings.key is not None
    swapped = replace(settings, certificate=settings.key, key=settings.certificate)
    assert put(swapped) == (
        "[tls] certificate: school.key holds BEGIN PRIVATE KEY; "
        "expected is the server's certificate in PEM (BEGIN CERTIFICATE), its chain after it"
    )
    both = replace(settings, key=settings.certificate)
    assert put(both) == (
        "[tls] key: school.crt holds BEGIN CERTIFICATE; "
        "expected is the certificate's private key in PEM (BEGIN PRIVATE KEY)"
    )


def test_a_file_that_is_no_pem_or_cut_off_or_locked_is_told(tmp_path: Path) -> None:
    settings = issue(tmp_path)
    assert settings.certificate is not None
    assert settings.key is not None
    body, key = settings.certificate.read_bytes(), settings.key.read_bytes()
    assert "[tls] key: school.key holds nothing in PEM; expected is" in put(settings, key=b"half a k")
    assert "[tls] key: school.key holds a damaged PRIVATE KEY; expected is" in put(settings, key=key[:90])
    locked = load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    assert "[tls] key: school.key is locked by a password; expected is" in put(settings, key=locked)
    settings.key.unlink()
    assert put(settings) == "[tls] key: school.key: No such file or directory"
    said = put(settings, certificate=body[:90])
    assert said.startswith("[tls] certificate: school.crt holds a damaged CERTIFICATE; expected is")
    der = x509.load_pem_x509_certificate(body).public_bytes(Encoding.DER)
    said = put(settings, certificate=der)
    assert said.startswith("[tls] certificate: school.crt holds nothing in PEM; expected is")
    behind = TlsSettings(proxy=True, certificate=settings.certificate)
    with pytest.raises(TlsFailed, match=r"\[tls\] certificate: .* holds nothing in PEM; expected is"):
        proxy_fingerprint(behind)


def test_key_and_certificate_may_lie_in_one_file(tmp_path: Path) -> None:
    settings = issue(tmp_path)
    assert settings.certificate is not None
    assert settings.key is not None
    settings.certificate.write_bytes(settings.key.read_bytes() + settings.certificate.read_bytes())
    together = replace(settings, key=settings.certificate)
    assert Tls(together, tmp_path).fingerprint == fingerprint_of(settings.certificate)


# -- over the wire --------------------------------------------------------------------------------


def test_all_that_goes_over_plain_goes_over_tls(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path, more=ALWAYS, doors=[("L227", door.key)]) as school:
        assert school.address.startswith("wss://")
        with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
            assert talk.server == school.fingerprint
            assert set(board.snapshot().days) == {"L213", "L209", "L210", "L227", "V107"}


def test_a_page_is_kept_from_its_opener_where_browsers_heed_it(tmp_path: Path) -> None:
    plain = free_port()
    more = f"{ALWAYS}\n[board]\nhttp = true\nhttp_port = {plain}"
    with running(tmp_path, more=more) as school:
        secured = school.address.replace("wss://", "https://")
        for address, told in ((secured, "same-origin"), (f"http://127.0.0.1:{plain}", None)):
            context = client_context(school.address, verify=False)
            with urllib.request.urlopen(address, context=context, timeout=TIMEOUT) as page:
                assert page.headers["Cross-Origin-Opener-Policy"] == told


def test_a_long_message_passes_the_small_buffer(tmp_path: Path) -> None:
    """Long enough that the TLS layer has to take it in several reads, from its own records."""
    with running(tmp_path, more=ALWAYS) as school, greeted(school.address, BOARD) as board:
        connections = [thing for thing in gc.get_objects() if type(thing) is SSLProtocol]
        assert connections
        assert {len(connection._ssl_buffer) for connection in connections} == {BUFFER}  # type: ignore[attr-defined]
        # Eight at once are 32 KiB for the server to read.
        for n in range(8):
            board.say_raw(encode(Ping(id=n))[:-1] + " " * 4000 + "}")
        assert [board.until(Pong).ref for _ in range(8)] == list(range(8))


def test_a_door_takes_a_certificate_that_is_not_valid_yet_by_its_fingerprint(tmp_path: Path) -> None:
    """To a Pi whose clock begins in 1970 every certificate is of the future."""
    settings = issue(tmp_path, begin=datetime(2090, 1, 1, tzinfo=UTC))
    assert settings.certificate is not None
    more = '[tls]\nuse = "always"\ncertificate = "school.crt"\nkey = "school.key"'
    with running(tmp_path, more=more) as school:
        with converse(school.address, pin=fingerprint_of(settings.certificate)) as conversation:
            assert conversation.welcome.role == "board"
        with (
            pytest.raises(GatewayError, match="its certificate is not trusted here"),
            converse(school.address),
        ):
            pass
        with (
            pytest.raises(GatewayError, match="this is another server"),
            converse(school.address, pin="ab" * 32),
        ):
            pass


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"], ids=["without a name", "with a name"])
def test_a_renewed_certificate_is_shown_from_the_reload_on(tmp_path: Path, address: str) -> None:
    """Also of another kind of key, and to a client that names no server (an address has none)."""
    before = issue(tmp_path, key=rsa.generate_private_key(65537, 2048))
    assert before.certificate is not None
    old = fingerprint_of(before.certificate)
    more = '[tls]\nuse = "always"\ncertificate = "school.crt"\nkey = "school.key"'
    door = DoorClient("L227")
    with running(tmp_path, more=more, doors=[("L227", door.key)]) as school:
        server = f"wss://{address}:{school.app.address[1]}"
        with door.connect(server) as talk:
            assert talk.server == old
            issue(tmp_path)
            new = fingerprint_of(before.certificate)
            school.reload(more=more, doors=[("L227", door.key)])
            with greeted(school.address, BOARD) as board:
                board.snapshot()
            with Talk(server) as renewed:
                assert renewed.server == new
            talk.say(Ping(id=1))
            assert talk.until(Pong).ref == 1, "who was connected stays"
        with DoorClient("L227", door.key).connect(server) as again:
            assert again.server == new, "and is asked to sign for the new one from then on"


def test_a_renewal_that_cannot_be_read_changes_nothing(tmp_path: Path, errors: Errors) -> None:
    issue(tmp_path)
    more = '[tls]\nuse = "always"\ncertificate = "school.crt"\nkey = "school.key"'
    with running(tmp_path, more=more) as school:
        before = school.fingerprint
        (tmp_path / "school.key").write_text("half a k", encoding="ascii")
        school.reload(more=more)
        with greeted(school.address, BOARD) as board:
            assert board.server == before
            board.snapshot()
        (said,) = errors.texts()
        assert said.startswith("the certificate stays as it was: ")
        assert "school.key" in said


def test_behind_a_proxy_doors_sign_for_the_proxys_key(tmp_path: Path) -> None:
    settings = issue(tmp_path)
    assert settings.certificate is not None
    shown = fingerprint_of(settings.certificate)
    door = DoorClient("L227")
    more = '[tls]\nuse = "proxy"\ncertificate = "school.crt"'
    with running(tmp_path, more=more, doors=[("L227", door.key)]) as school, Talk(school.address) as talk:
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(door.hello(challenge.nonce, shown))
        assert isinstance(talk.hear(), Welcome)


def test_a_server_on_the_network_speaks_tls_and_one_on_its_own_machine_need_not(tmp_path: Path) -> None:
    from actors.settings import read_school

    def tls(text: str, host: str = "127.0.0.1") -> TlsSettings:
        path = write_school(tmp_path)
        path.write_text(f'[server]\nhost = "{host}"\n{text}', encoding="utf-8")
        return read_school(path).tls

    assert not tls("").serve
    assert tls("", "0.0.0.0").serve
    assert tls("", "::").serve
    assert tls('[tls]\nuse = "always"').serve
    assert not tls('[tls]\nuse = "never"', "0.0.0.0").serve
    assert tls('[tls]\ncertificate = "a"\nkey = "b"').serve
