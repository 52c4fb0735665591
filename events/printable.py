"""Characters that do something to a screen instead of being seen. Pure.

These are control characters, such as begin the commands of a terminal, and those that turn the direction
of writing.
"""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"
"""They are no letters, but some scripts and most emoji are not written without them."""


def unseen(text: str) -> str:
    """Find the first character that is not seen; empty for none."""
    return next((letter for letter in text if not _is_seen(letter)), "")


def printable(text: str) -> str:
    """Write what is not seen as U+FFFD, for a terminal; blanks of any kind, such as U+00A0, as a blank."""
    return "".join(letter if _is_seen(letter) else _instead(letter) for letter in text)


def _instead(letter: str) -> str:
    return " " if unicodedata.category(letter) == "Zs" else "\ufffd"


def _is_seen(letter: str) -> bool:
    return letter.isprintable() or letter in JOINERS
