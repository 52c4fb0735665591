"""What proves who somebody is, on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from actors.entry.credentials import (
    ACCESS_FILE,
    NOBODY,
    Credential,
    Credentials,
    CredentialsBroken,
    NameTaken,
    is_proof,
    new_secret,
    proof_of,
    read_token,
    token,
    verifies,
)

MARIE = Credential(name="Marie", role="operator", proof="ab")
PAUL = Credential(name="Paul", role="operator", proof="cd")


def test_a_secret_is_verified_by_its_proof_and_no_other_is() -> None:
    secret = new_secret()
    proof = proof_of("operator", secret)
    assert proof.startswith("$argon2id$")
    assert secret not in proof
    assert is_proof("operator", proof)
    assert verifies(proof, secret)
    assert not verifies(proof, new_secret())
    assert not verifies(NOBODY, secret)
    assert not verifies("no hash", secret)


def test_the_same_secret_has_another_proof_each_time() -> None:
    secret = new_secret()
    assert proof_of("operator", secret) != proof_of("operator", secret)
    assert proof_of("device", secret) == proof_of("device", secret), "a device derives it itself"


def test_a_token_is_a_number_and_a_secret() -> None:
    secret = new_secret()
    assert read_token(token(12, secret)) == (12, secret)
    for text in ("", secret, f"0.{secret}", f"12.{secret}x", f"-1.{secret}", f"12 .{secret}", "12.été"):
        assert read_token(text) is None, text


def test_what_was_granted_is_there_after_a_restart_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / ACCESS_FILE
    assert Credentials(path).read() == {}
    Credentials(path).grant(1, MARIE, ())
    Credentials(path).grant(2, PAUL, (1,))
    assert Credentials(path).read() == {1: MARIE, 2: PAUL}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_who_was_revoked_leaves_no_name(tmp_path: Path) -> None:
    path = tmp_path / ACCESS_FILE
    Credentials(path).grant(1, MARIE, ())
    Credentials(path).grant(2, PAUL, (1,))
    Credentials(path).forget(1)
    assert Credentials(path).read() == {2: PAUL}
    assert b"Marie" not in path.read_bytes()
    Credentials(path).forget(7)


def test_two_cannot_have_the_same_name_unless_the_first_is_gone(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path / ACCESS_FILE)
    credentials.grant(1, MARIE, ())
    with pytest.raises(NameTaken, match="access 1 has the name 'Marie' already"):
        credentials.grant(2, MARIE, (1,))
    credentials.grant(2, MARIE, ())
    assert credentials.read() == {2: MARIE}, "the first was never in the log"


def test_a_file_that_is_not_ours_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / ACCESS_FILE
    path.write_text('{"1": {"name": "Mar', encoding="ascii")
    with pytest.raises(CredentialsBroken, match=r"access\.json: .*put back a copy of it"):
        Credentials(path).read()
    with pytest.raises(CredentialsBroken):
        Credentials(path).grant(1, MARIE, ())
    assert path.read_text(encoding="ascii") == '{"1": {"name": "Mar', "and is left as it is"
