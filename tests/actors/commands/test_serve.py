"""What the server says of its configuration: at the start, and when it is read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from actors.commands.serve import RENEW_BEFORE, ending, main, needs_restart
from actors.settings import SchoolSettings, read_school
from tests.actors.stack import write_school


def configured(folder: Path, more: str = "", *, port: int = 0) -> SchoolSettings:
    return read_school(write_school(folder, more=more, port=port))


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ("[policy]\nwalk_in = 20\n[board]\ntitles = true", []),
        ("[board]\nhttp = true", ["[board] http"]),
        ("[tls]\nuse = 'always'\n[devices]\nport = 5050", ["[tls] use", "[devices] port"]),
    ],
)
def test_what_a_reload_does_not_follow_is_named(tmp_path: Path, more: str, keys: list[str]) -> None:
    started = configured(tmp_path)
    assert needs_restart(started, configured(tmp_path, more)) == keys


def test_another_port_waits_for_a_restart(tmp_path: Path) -> None:
    started = configured(tmp_path, port=8765)
    assert needs_restart(started, configured(tmp_path, port=8766)) == ["[server] port"]


def test_a_certificate_is_told_of_two_weeks_before_browsers_refuse_it(tmp_path: Path) -> None:
    end = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    key, name = Ed25519PrivateKey.generate(), x509.Name([])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(end - timedelta(days=90))
        .not_valid_after(end)
        .sign(key, None)
    )
    path = tmp_path / "school.crt"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    valid, renew = f"{path} is valid until 2026-12-24 18:00 UTC", "; renew it with the same key"
    assert ending(path, end - RENEW_BEFORE - timedelta(seconds=1)) is None
    assert ending(path, end - RENEW_BEFORE) == f"{valid}, then browsers refuse it{renew}"
    assert ending(path, end) == f"{valid}: browsers refuse it{renew}"


def test_a_data_folder_that_cannot_be_made_is_named_with_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_school(tmp_path)
    (tmp_path / "data").write_text("a file stands in the way", encoding="utf-8")
    assert main(["--config", str(config)]) == 1
    problem = f"[server] data: {tmp_path}/data cannot be made: File exists"
    assert f"toctoc serve: {config}: {problem}" in capsys.readouterr().err
