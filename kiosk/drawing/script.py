"""What of a text can be drawn, and in which order: scripts, marks, pictographs, directions. Pure.

A text is tidied once (`legible`), broken into lines as it is spoken, and each line is put into the
order in which it is drawn (`drawn`): from left to right, Arabic letters joined.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import pairwise

ELLIPSIS = "\u2026"
SOFT_HYPHEN = "\u00ad"
NARROW = "\u202f"
"""A narrow blank that does not break, as French has it before ``;``, ``!`` and ``?``."""
NO_BREAK = "\u00a0"
NO_BREAK_HYPHEN = "\u2011"
MAY_BREAK = "\u200b"
"""A place without width where a line may end."""

PLAIN = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u00b4\u00b6-\u00ff\u0152\u0153\u0178"
    "\u2013\u2014\u2018\u2019\u201c\u201d\u2026]*"
)
"""What nearly all titles are written in: every shipped font has it, and it needs no care."""

_UNSEEN = f"{SOFT_HYPHEN}{MAY_BREAK}\u200c\u200d\u200e\u200f\u061c"
"""Signs without a picture that say where to break, what to join and which way to read."""
_DIRECTING = re.compile("[\u200c\u200d\u200e\u200f\u061c]")
_NARROW = "\u202f\u2009\u200a\u2006"

_ELEMENT = (
    "[\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
_JOINED = re.compile(f"{_ELEMENT}(?:\u200d{_ELEMENT})+")
"""Pictographs that are one picture together; their parts alone would say something else."""
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")
_PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff]")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|\{\s*\}")
_LOST = re.compile(f"{ELLIPSIS}[ {ELLIPSIS}]*{ELLIPSIS}")
_BLANKS = re.compile(" {2,}")

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\ufb1e]"
)
"""Signs of vowels, which Hebrew and Arabic are written without and which need a font's own tables."""
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">", "\u00ab": "\u00bb", "\u2039": "\u203a"}
_CLOSING = {closing: opening for opening, closing in _BRACKETS.items()}


def legible(text: str, has: Callable[[str], bool]) -> str:
    """Tidy a text to what can be drawn.

    Colour pictographs go without a trace, letters that no font has become an ellipsis, letters and
    their marks one sign where there is one, all kinds of blanks one of three (a blank, one that does
    not break, a narrow one).

    Args:
        text: As somebody wrote it.
        has: Tells whether a sign can be drawn.
    """
    if PLAIN.fullmatch(text):
        return _BLANKS.sub(" ", text).strip(f" {NO_BREAK}")
    text = unicodedata.normalize("NFC", text)
    text = _KEYCAP.sub(r"\1", text)
    bare = _PICTOGRAPHS.sub("", _JOINED.sub("", text))
    if bare != text:
        bare = _EMPTY_BRACKETS.sub("", bare)
    shown = "".join(_shown(sign, has) for sign in bare)
    shown = (_POINTS if _RIGHT_TO_LEFT.search(shown) else _DIRECTING).sub("", shown)
    shown = _LOST.sub(ELLIPSIS, shown)
    return _BLANKS.sub(" ", shown).strip(f" {NO_BREAK}{NARROW}{MAY_BREAK}{SOFT_HYPHEN}")


def _shown(sign: str, has: Callable[[str], bool]) -> str:
    """Give what stands for a sign."""
    if sign == " " or sign in _UNSEEN:
        return sign
    if sign in (NO_BREAK, "\u2007"):
        return NO_BREAK
    if sign in _NARROW:
        return NARROW
    if sign == NO_BREAK_HYPHEN:
        return sign
    if "\ufe00" <= sign <= "\ufe0f":
        return ""
    category = unicodedata.category(sign)
    if sign.isspace() or category == "Zs":
        return " "
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return ""
    if has(sign) and not "\ufb00" <= sign <= "\ufb06":
        return sign
    other = unicodedata.normalize("NFKC", sign)
    if other != sign and all(has(part) for part in other):
        return other
    return ELLIPSIS if category[0] in "LN" else ""


def says_nothing(text: str) -> bool:
    """Tell whether nothing is left of a tidied text."""
    return not text.strip(f" {ELLIPSIS}{NO_BREAK}{NARROW}{_UNSEEN}")


def reads_leftwards(text: str) -> bool:
    """Tell whether a paragraph is read from right to left, by its first letter that says."""
    if not _RIGHT_TO_LEFT.search(text):
        return False
    for sign in text:
        match unicodedata.bidirectional(sign):
            case "L":
                return False
            case "R" | "AL":
                return True
    return False


def drawn(line: str, *, leftwards: bool) -> str:
    """Put a line into the order in which it is drawn, from left to right.

    Args:
        line: A tidied line, in the order in which it is spoken.
        leftwards: Whether its paragraph is read from right to left.
    """
    if not leftwards and not _RIGHT_TO_LEFT.search(line):
        return _without_unseen(line)
    if _ARABIC.search(line):
        line = _reshaper()(line)
    # What separates words must not separate directions.
    line = line.replace(SOFT_HYPHEN, "").replace(MAY_BREAK, "")
    line = _display()(line, base_dir="R" if leftwards else "L")
    return _without_unseen(_mirrored(line))


def _without_unseen(line: str) -> str:
    if PLAIN.fullmatch(line):
        return line
    line = line.replace(NO_BREAK_HYPHEN, "-")
    return "".join(sign for sign in line if sign not in _UNSEEN)


def _mirrored(line: str) -> str:
    """Turn brackets round that stand in a part read from right to left.

    The reordering leaves them as they are: there the closing one comes first now.
    """
    signs = list(line)
    waiting: dict[str, list[int]] = {}
    opened: dict[str, int] = {}
    for n, sign in enumerate(signs):
        if sign in _CLOSING:
            opening = _CLOSING[sign]
            if opened.get(opening, 0):
                opened[opening] -= 1
            else:
                waiting.setdefault(opening, []).append(n)
        elif sign in _BRACKETS:
            if waiting.get(sign):
                signs[waiting[sign].pop()] = sign
                signs[n] = _BRACKETS[sign]
            else:
                opened[sign] = opened.get(sign, 0) + 1
    return "".join(signs)


def splits(text: str) -> list[int]:
    """Tell where a text may be cut: not before a mark, nor beside a sign that is not seen."""
    return [
        n
        for n, (before, after) in enumerate(pairwise(text), 1)
        if not unicodedata.combining(after) and before not in _UNSEEN and after not in _UNSEEN
    ]


def beginning(text: str, end: int) -> str:
    """Give the beginning of a text that is cut: not one letter or two of a word, no sign that opens.

    Args:
        text: The text.
        end: How many signs there is room for.
    """
    kept = text[:end]
    if end < len(text) and text[end].isalnum():
        before, blank, word = kept.replace(NO_BREAK, " ").replace(NARROW, " ").rpartition(" ")
        if blank and len(word) <= 2:
            kept = kept[: len(before)]
    return kept.rstrip(f" {NO_BREAK}{NARROW},;:/(\u00ab\u2013\u2014-")


def syllables(word: str) -> list[int]:
    """Tell where a word may be parted without a dictionary: before a consonant that a vowel follows.

    That is right for most words of most languages (*über-wachung*, *constitution-nel-le-ment*).
    """
    vowels = ["aeiouy".find(unicodedata.normalize("NFD", sign)[0].lower()) >= 0 for sign in word]
    return [
        n
        for n in splits(word)
        if 2 <= n <= len(word) - 2
        and not vowels[n]
        and vowels[n + 1]
        and any(vowels[:n])
        and word[n].isalpha()
        and (vowels[n - 1] or word[n] not in "hn")
    ]


# Needed by few doors, and only once such a title is shown: 5 ms at the start of every door.
@cache
def _reshaper() -> Callable[[str], str]:
    from arabic_reshaper import ArabicReshaper  # type: ignore[import-untyped]  # noqa: PLC0415

    reshape: Callable[[str], str] = ArabicReshaper().reshape
    return reshape


@cache
def _display() -> Callable[..., str]:
    from bidi import get_display  # type: ignore[import-untyped]  # noqa: PLC0415

    display: Callable[..., str] = get_display
    return display
