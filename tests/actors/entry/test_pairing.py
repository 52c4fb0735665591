"""Doors that wait to be paired, and their codes."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from actors.entry.pairing import ALPHABET, HOLDS, MOST, MOST_THERE, TRIES, Pairing
from events.ids import KioskId
from events.signing import kiosk_id
from tests.actors.stack import DoorClient
from tests.clock import START


def waiting(pairing: Pairing, session: int = 1, door: DoorClient | None = None) -> str:
    door = door or DoorClient("L213")
    offer = pairing.offer(session, door.kiosk, door.public, START)
    assert offer is not None
    return offer.code


def test_a_code_holds_no_vowel_and_of_what_looks_alike_one_at_most() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 22
    assert not set(ALPHABET) & set("AEIOUY")
    for alike in ("0OQD"[:2], "1IL", "2Z", "5S", "6G", "8B", "UV"):
        assert len(set(alike) & set(ALPHABET)) <= 1, alike
    codes = {waiting(Pairing()) for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 8 and set(code) <= set(ALPHABET) for code in codes)


@pytest.mark.parametrize("write", [str, str.lower, lambda code: f" {code[:4]}-{code[4:]} "])
def test_a_code_is_known_however_people_write_it(write: object) -> None:
    pairing, door = Pairing(), DoorClient("L213")
    code = waiting(pairing, 7, door)
    found = pairing.redeem(write(code), START)  # type: ignore[operator]
    assert found is not None
    assert (found.session, found.kiosk, found.key) == (7, door.kiosk, door.public)
    assert kiosk_id(found.key) == found.kiosk


def test_a_code_ends_after_ten_minutes_and_a_new_one_comes() -> None:
    pairing = Pairing()
    code = waiting(pairing)
    assert pairing.redeem(code, START + HOLDS - timedelta(seconds=1)) is not None
    assert pairing.redeem(code, START + HOLDS) is None
    (renewed,) = pairing.renewed(START + HOLDS)
    assert renewed.code != code
    assert renewed.until == START + 2 * HOLDS
    assert pairing.redeem(renewed.code, START + HOLDS) is not None
    assert pairing.renewed(START + HOLDS) == []


def test_after_five_wrong_tries_every_door_shows_another_code() -> None:
    pairing = Pairing()
    codes = [waiting(pairing, n) for n in (1, 2)]
    for _ in range(TRIES - 1):
        assert pairing.redeem("CCCCCCCC", START) is None
        assert pairing.renewed(START) == []
    assert pairing.redeem("CCCCCCCC", START) is None
    assert {offer.session for offer in pairing.renewed(START)} == {1, 2}
    assert [pairing.redeem(code, START) for code in codes] == [None, None]


def test_a_door_that_comes_again_has_one_code_and_one_that_left_none() -> None:
    pairing, door = Pairing(), DoorClient("L213")
    first, second = waiting(pairing, 1, door), waiting(pairing, 2, door)
    assert pairing.redeem(first, START) is None
    assert pairing.redeem(second, START) is not None
    pairing.forget(2)
    assert pairing.redeem(second, START) is None


def test_no_two_doors_show_the_same_code() -> None:
    codes = itertools.chain(["CCCCCCCC"] * 3, ["DDDDDDDD"])
    pairing = Pairing(lambda: next(codes))
    assert waiting(pairing, 1) == "CCCCCCCC"
    assert waiting(pairing, 2) == "DDDDDDDD"


def test_a_thousand_strangers_do_not_fill_the_memory() -> None:
    pairing = Pairing()
    offers = [
        pairing.offer(n, KioskId(f"{n:032x}"), "ab" * 32, START, f"192.0.2.{n % 20}") for n in range(2000)
    ]
    assert sum(offer is not None for offer in offers) == MOST


def test_somebody_who_makes_keys_does_not_keep_the_doors_out() -> None:
    pairing = Pairing()
    offers = [pairing.offer(n, KioskId(f"{n:032x}"), "ab" * 32, START, "192.0.2.66") for n in range(1000)]
    assert sum(offer is not None for offer in offers) == MOST_THERE
    assert pairing.offer(5000, KioskId("ab" * 16), "cd" * 32, START, "192.0.2.7") is not None
