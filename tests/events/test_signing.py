"""The keys of doors and what they sign."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from msgspec.structs import replace

from events.asyncapi import ABOUT
from events.domain import Press
from events.ids import KioskId, RoomKey
from events.signing import (
    answer_device,
    device_is_genuine,
    device_key,
    hello_is_genuine,
    kiosk_id,
    load_or_make_key,
    new_key,
    press_bytes,
    press_is_genuine,
    public_hex,
    sign_hello,
    sign_press,
)
from tests.events.builders import at, press

KEY = new_key()
PUBLIC = public_hex(KEY)
STRANGER = new_key()


def mine(**fields: object) -> Press:
    return replace(press(), kiosk=kiosk_id(PUBLIC), **fields)


def test_a_door_is_named_by_the_fingerprint_of_its_key() -> None:
    assert len(bytes.fromhex(PUBLIC)) == 32
    assert kiosk_id(PUBLIC) == hashlib.sha256(bytes.fromhex(PUBLIC)).hexdigest()[:32]
    assert kiosk_id(PUBLIC) != kiosk_id(public_hex(STRANGER))


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "ab" * 31, "ab" * 33])
def test_what_is_no_public_key_names_no_door(text: str) -> None:
    with pytest.raises(ValueError):
        kiosk_id(text)


def test_a_press_that_the_door_signed_is_genuine() -> None:
    signature = sign_press(KEY, mine())
    assert len(bytes.fromhex(signature)) == 64
    assert press_is_genuine(PUBLIC, mine(), signature)


def test_a_signature_is_the_same_at_every_delivery() -> None:
    assert sign_press(KEY, mine()) == sign_press(KEY, mine())


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2},
        {"outbox": "other"},
        {"room": RoomKey("L218")},
        {"intent": "leaving"},
        {"by": "touch"},
        {"minutes": 30},
        {"boot_id": "other"},
        {"boottime": 1},
        {"wall": at("08:02")},
        {"wall_synchronised": True},
    ],
)
def test_a_press_that_was_changed_in_any_field_is_not_genuine(change: dict[str, object]) -> None:
    assert not press_is_genuine(PUBLIC, mine(**change), sign_press(KEY, mine()))


def test_every_field_of_a_press_is_signed() -> None:
    tried = {"n", "outbox", "room", "intent", "by", "minutes", "boot_id", "boottime", "wall"}
    assert set(Press.__struct_fields__) == {*tried, "wall_synchronised", "kiosk"}


def test_a_door_cannot_sign_for_another_one() -> None:
    forged = replace(mine(), kiosk=kiosk_id(public_hex(STRANGER)))
    assert not press_is_genuine(PUBLIC, forged, sign_press(KEY, forged))
    assert not press_is_genuine(public_hex(STRANGER), mine(), sign_press(STRANGER, mine()))
    assert not press_is_genuine(PUBLIC, replace(mine(), kiosk=KioskId("")), sign_press(KEY, mine()))


@pytest.mark.parametrize("signature", ["", "00" * 64, "zz", "00", "no hex at all"])
def test_a_signature_that_is_none_is_not_genuine(signature: str) -> None:
    assert not press_is_genuine(PUBLIC, mine(), signature)
    assert not hello_is_genuine(PUBLIC, "00ff", "L213", signature)


def test_the_answer_to_a_challenge_is_for_this_challenge_and_this_room() -> None:
    answer = sign_hello(KEY, "00ff", "L213")
    assert hello_is_genuine(PUBLIC, "00ff", "L213", answer)
    assert not hello_is_genuine(PUBLIC, "00fe", "L213", answer)
    assert not hello_is_genuine(PUBLIC, "00ff", "L218", answer)
    assert not hello_is_genuine(public_hex(STRANGER), "00ff", "L213", answer)
    assert not hello_is_genuine("no key", "00ff", "L213", answer)


def test_a_signed_press_is_no_answer_to_a_challenge_and_the_other_way_round() -> None:
    assert press_bytes(mine()).startswith(b"toctoc press v1\n")
    assert not press_is_genuine(PUBLIC, mine(), sign_hello(KEY, "00ff", "L213"))
    # Whoever sends the challenge cannot make the door sign a press with it.
    assert not press_is_genuine(PUBLIC, mine(), sign_hello(KEY, press_bytes(mine()).decode(), ""))


def test_a_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "door" / "key"
    first = load_or_make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 32
    assert public_hex(load_or_make_key(path)) == public_hex(first)
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_a_key_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "key.new").write_bytes(b"half")
    (tmp_path / "key.new").chmod(0o644)
    load_or_make_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        load_or_make_key(path)
    assert path.read_bytes() == content


def test_an_answer_is_for_one_server() -> None:
    server, other = "ab" * 32, "cd" * 32
    answer = sign_hello(KEY, "00ff", "L213", server)
    assert hello_is_genuine(PUBLIC, "00ff", "L213", answer, server)
    for wrong in (other, "", server.upper()):
        assert not hello_is_genuine(PUBLIC, "00ff", "L213", answer, wrong)
    assert not hello_is_genuine(PUBLIC, "00ff", "L213", sign_hello(KEY, "00ff", "L213"), server)


def test_no_part_of_an_answer_can_slip_into_another() -> None:
    """A room's key may be any text but a line's end, so what stands before it must not be."""
    answer = sign_hello(KEY, "00ff", "L213", "ab")
    for nonce, room, server in (("00ffab", "L213", ""), ("00ff", "ab\nL213", ""), ("00ff", "bL213", "a")):
        assert not hello_is_genuine(PUBLIC, nonce, room, answer, server)


# The encodings of all points of small order (https://eprint.iacr.org/2020/1244, table 6), as hex.
LOW_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]


@pytest.mark.parametrize("weak", LOW_ORDER)
def test_a_key_with_which_everybody_could_sign_is_none(weak: str) -> None:
    with pytest.raises(ValueError):
        kiosk_id(weak)
    # With R the neutral element and S = 0 some challenges fit such a key without any secret.
    forged = "01" + "00" * 63
    assert not any(hello_is_genuine(weak, f"{n:04x}", "L213", forged) for n in range(64))


def test_openssl_alone_takes_such_keys() -> None:
    """What the check is for: were it superfluous it would be gone."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def fits(weak: str, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(weak)).verify(
                bytes.fromhex("01" + "00" * 63), message
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    taken = [weak for weak in LOW_ORDER if any(fits(weak, bytes([n])) for n in range(64))]
    assert taken


def test_a_device_answers_with_what_it_derives_from_its_secret() -> None:
    key = device_key("a secret")
    assert "a secret" not in key
    answer = answer_device(key, "00ff", "ab" * 32)
    assert device_is_genuine(key, "00ff", answer, "ab" * 32)
    for nonce, server in (("00fe", "ab" * 32), ("00ff", ""), ("00ff", "cd" * 32)):
        assert not device_is_genuine(key, nonce, answer, server)
    assert not device_is_genuine(device_key("another"), "00ff", answer, "ab" * 32)
    assert not device_is_genuine(key, "00ff", "", "ab" * 32)


def test_what_is_signed_is_what_the_description_of_the_protocol_says() -> None:
    """Written out here as somebody would who has only that."""
    nonce, room, server = "00ff", "L213", "ab" * 32
    said = f"toctoc hello v2\n{nonce}\n{server}\n{room}".encode()
    KEY.public_key().verify(bytes.fromhex(sign_hello(KEY, nonce, room, server)), said)
    key = hashlib.sha256(b"toctoc device v1\n" + b"a secret").digest()
    answer = hmac.new(key, f"toctoc device v1\n{nonce}\n{server}".encode(), "sha256").hexdigest()
    assert device_is_genuine(device_key("a secret"), nonce, answer, server)
    for text in ("toctoc hello v2", "toctoc device v1"):
        assert text in ABOUT
