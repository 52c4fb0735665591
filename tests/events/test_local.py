"""Where the server on this machine is, as its configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.entry.tls import Tls
from actors.settings import read_school
from events.errors import ConfigError
from events.local import NotReadable, read_local_server
from tests.actors.stack import write_school


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::", "::1", "10.0.0.1"])
@pytest.mark.parametrize("use", ["auto", "always", "never"])
def test_a_client_reads_the_same_from_it_as_the_server(tmp_path: Path, host: str, use: str) -> None:
    config = write_school(tmp_path, port=8766, more=f'host = "{host}"\n[tls]\nuse = "{use}"')
    settings = read_school(config)
    settings.data.mkdir()
    Tls(settings.tls, settings.data)
    local = read_local_server(config)
    assert local == settings.local_server
    assert (local.pin() is not None) == settings.tls.serve


def test_where_nothing_is_written_it_is_where_a_server_is_by_itself(tmp_path: Path) -> None:
    config = write_school(tmp_path)
    config.write_text('[school]\nname = "Test"', encoding="utf-8")
    settings, local = read_school(config), read_local_server(config)
    assert local == settings.local_server
    assert local.pin() is None


@pytest.mark.parametrize("text", ["[server", "server = 1", '[server]\nport = "x"', "é"])
def test_a_configuration_that_cannot_be_understood_is_named(tmp_path: Path, text: str) -> None:
    config = tmp_path / "school.toml"
    config.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=str(config)):
        read_local_server(config)


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (FileNotFoundError, "has the server ever run?"),
        (PermissionError, "is the server's alone; run this as its user: sudo -u toctoc"),
    ],
)
def test_a_certificate_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[OSError], why: str
) -> None:
    config = write_school(tmp_path, more='[tls]\nuse = "always"')
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "tls.crt":
            raise failure
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(NotReadable) as told:
        read_local_server(config).pin()
    assert why in str(told.value)


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    config = write_school(tmp_path, more='[tls]\nuse = "always"')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tls.crt").write_text("nonsense", encoding="ascii")
    with pytest.raises(NotReadable, match=r"tls\.crt: "):
        read_local_server(config).pin()
