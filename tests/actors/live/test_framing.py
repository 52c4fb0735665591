"""Messages over a plain stream of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.live.framing import DISCONNECT, HEADER, Frames, frame

LONGEST = 4096
TEXTS = st.lists(st.text(min_size=1, max_size=60), max_size=6)


def header(text: str) -> bytes:
    return text.encode().ljust(HEADER)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes into pieces at some of their places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def test_a_message_stands_behind_its_length_in_bytes_filled_up_with_blanks() -> None:
    assert frame("é") == b"2" + b" " * 63 + "é".encode()


@given(TEXTS, st.lists(st.integers(min_value=0)))
def test_wherever_the_bytes_are_split_the_same_messages_come_out(texts: list[str], cuts: list[int]) -> None:
    stream = b"".join(map(frame, texts))
    frames = Frames(LONGEST)
    got = [message for piece in split(stream, cuts) for message in frames.receive(piece)]
    assert got == [text.encode() for text in texts]
    assert not frames.half
    assert not frames.problem


@given(TEXTS, st.binary(max_size=200), st.lists(st.integers(min_value=0)))
def test_garbage_behind_good_messages_means_the_same_wherever_it_is_split(
    texts: list[str], garbage: bytes, cuts: list[int]
) -> None:
    stream = b"".join(map(frame, texts)) + garbage
    whole, pieces = Frames(LONGEST), Frames(LONGEST)
    at_once = whole.receive(stream)
    one_by_one = [message for piece in split(stream, cuts) for message in pieces.receive(piece)]
    assert at_once[: len(texts)] == [text.encode() for text in texts]
    assert at_once == one_by_one
    assert bool(whole.problem) == bool(pieces.problem)
    if not whole.problem:
        assert whole.half == pieces.half


@given(st.binary(min_size=1, max_size=300).filter(lambda b: not set(b[:HEADER]) <= set(b" 0123456789")))
def test_what_is_no_header_is_a_problem_at_once_and_stays_one(garbage: bytes) -> None:
    frames = Frames(LONGEST)
    assert frames.receive(garbage) == []
    assert frames.problem
    before = frames.problem
    assert frames.receive(frame("{}")) == []
    assert frames.problem == before


def test_another_protocol_is_told_at_its_first_letter() -> None:
    frames = Frames(LONGEST)
    frames.receive(b"G")
    assert frames.problem == "a header is 64 bytes, the length in decimal digits and blanks, not 'G'"


def test_a_wrong_length_is_a_problem_that_names_it() -> None:
    wrong = {
        "4097": "4097",
        "9" * 64: "9" * 64,
        "0": "0",
        "": "nothing but blanks",
    }
    for text, named in wrong.items():
        frames = Frames(LONGEST)
        frames.receive(header(text))
        assert frames.problem == f"a message has 1 to 4096 bytes, and the header says {named}"
    for text in ("-5", "+5", "5.0", "0x10", "1 2", "٣", "5\n", "5\t", "1_0"):
        frames = Frames(LONGEST)
        frames.receive(header(text))
        assert "decimal digits" in frames.problem, text


def test_blanks_may_stand_before_the_digits_too_and_the_longest_message_is_taken() -> None:
    frames = Frames(LONGEST)
    assert frames.receive(b"2".rjust(HEADER) + b"{}") == [b"{}"]
    assert frames.receive(header("4096") + b"x" * 4096) == [b"x" * 4096]


def test_half_a_message_is_known_as_one() -> None:
    frames = Frames(LONGEST)
    whole = frame("{}")
    for n in range(1, len(whole)):
        assert frames.receive(whole[n - 1 : n]) == []
        assert frames.half
    assert frames.receive(whole[-1:]) == [b"{}"]
    assert not frames.half


def test_a_goodbye_and_bytes_that_are_no_text_are_handed_on_as_they_are() -> None:
    frames = Frames(LONGEST)
    stream = frame("DISCONNECT") + header("2") + b"\xff\xfe"
    assert frames.receive(stream) == [DISCONNECT, b"\xff\xfe"]
