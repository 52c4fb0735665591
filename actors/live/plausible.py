"""What is well formed, and still nobody can mean it. Pure.

A text may hold characters that do something to whoever's screen shows it, an instant may lie where no
calendar leads to (and each month that a text is kept for is a file of its own), and what a door says of
itself becomes part of a press's name in the log.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from events.domain import Press
from events.printable import unseen
from events.wire import (
    LARGEST,
    AnnotateRoom,
    ClientMessage,
    CloseRoom,
    GrantAccess,
    Pair,
    PostNotice,
    SendPress,
)

REACH = timedelta(days=20 * 366)
"""How far from now an instant may be that somebody names."""
_OUTBOX = re.compile(r"[0-9A-Za-z]{1,64}")
_BOOT = re.compile(r"[0-9A-Za-z-]{0,64}")


def why_implausible(message: ClientMessage, now: datetime) -> str | None:
    """Tell why nobody can mean what a client said; None when somebody can.

    Args:
        message: What it said.
        now: The time.
    """
    match message:
        case SendPress(press=press, boot_id=boot_id):
            return _press(press, boot_id)
        case PostNotice(until=until):
            return _instant("until", until, now)
        case CloseRoom(until=until, reason=reason):
            return _instant("until", until, now) or _text("reason", reason)
        case AnnotateRoom(start=start, end=end, text=text):
            return _instant("start", start, now) or _instant("end", end, now) or _text("text", text)
        case Pair(name=name) | GrantAccess(name=name):
            return _text("name", name)
    return None


def _text(field: str, text: str) -> str | None:
    wrong = unseen(text)
    return f"{field} holds the character U+{ord(wrong):04X}, which is not shown to anybody" if wrong else None


def _instant(field: str, at: datetime | None, now: datetime) -> str | None:
    if at is None or abs(at - now) <= REACH:
        return None
    return f"{field} is more than {REACH.days // 366} years away"


def _press(press: Press, boot_id: str) -> str | None:
    if not 0 <= press.n <= LARGEST:
        return f"n is 0 to {LARGEST}"
    if not _OUTBOX.fullmatch(press.outbox):
        return "outbox is 1 to 64 letters and digits"
    if press.by not in ("button", "touch"):
        return f"a door is pressed by its button or its screen, not by {press.by}"
    if not (_BOOT.fullmatch(press.boot_id) and _BOOT.fullmatch(boot_id)):
        return "boot_id is at most 64 letters, digits and hyphens"
    return None
