"""What does something to a screen is found, and written as what it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.printable import JOINERS, printable, unseen


@given(st.text())
def test_a_character_is_seen_or_named(text: str) -> None:
    found = unseen(text)
    if not found:
        assert all(letter.isprintable() or letter in JOINERS for letter in text)
    else:
        before, _, _ = text.partition(found)
        assert not unseen(before)
        assert not found.isprintable()


@given(st.text())
def test_what_is_printed_has_as_many_letters_and_nothing_that_acts(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not unseen(shown)
    assert (shown == text) == (not unseen(text))


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\x9b31m", "\u202eL213", "\ufeff"])
def test_escapes_and_turns_of_direction_are_not_printed(text: str) -> None:
    assert "\ufffd" in printable(text)


def test_the_blanks_that_french_sets_are_blanks() -> None:
    assert printable("L213\u00a0: 9\u202fh") == "L213 : 9 h"
