"""Notices of the desk: which doors show one, and what may be posted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from events.domain import RoomInfo
from events.ids import RoomKey
from events.printable import JOINERS, unseen
from events.state import SchoolState, StandingNotice, stands

LIMIT = 50
"""Notices that may stand at once: so many of the longest fit into one message."""
LONGEST = 200
"""Letters of a notice."""
_EVERYWHERE = "school"


def topics_of(room: RoomKey, info: RoomInfo | None) -> frozenset[str]:
    """Name what a room belongs to: ``school``, ``room/L213``, ``wing/L``, ``type/petit``.

    A client may subscribe to each, and a door shows the notices of each.
    """
    topics = {_EVERYWHERE, f"room/{room}"}
    if info is not None and info.wing:
        topics.add(f"wing/{info.wing}")
    if info is not None and info.type:
        topics.add(f"type/{info.type}")
    return frozenset(topics)


def one_line(text: str) -> str:
    """Make a text fit for a door: blanks and ends of lines become one blank each.

    Raises:
        ValueError: Nothing is left, or something in it cannot be shown, such as a control character.
    """
    line = " ".join(text.split())
    if not 0 < len(line.strip(JOINERS + " ")) <= len(line) <= LONGEST:
        raise ValueError(f"a notice has 1 to {LONGEST} letters, this has {len(line)}")
    wrong = unseen(line)
    if wrong:
        raise ValueError(f"the text holds the character U+{ord(wrong):04X}, which no door can show")
    return line


def why_not_posted(
    school: SchoolState, topic: str, until: datetime | None, now: datetime, *, on_their_way: int = 0
) -> str | None:
    """Tell why a notice cannot be posted.

    Args:
        school: What is known.
        topic: Which doors it is for.
        until: When it shall end by itself.
        now: The time.
        on_their_way: Notices that were posted and are not in the state yet.

    Returns:
        The reason, with what is allowed; None when it can.
    """
    rooms = [room for room in school.rooms.values() if not room.retired]
    if topic != _EVERYWHERE and not any(topic in topics_of(room.key, room.info) for room in rooms):
        return (
            f"no door belongs to {topic!r}; allowed is school, or wing/…, type/… or room/… of a room there is"
        )
    if until is not None and until <= now:
        return "it would have ended already: until has to be in the future"
    if len(standing(school.notices.values(), now)) + on_their_way >= LIMIT:
        return f"{LIMIT} notices stand, and no more are allowed; withdraw one first"
    return None


def why_not_withdrawn(school: SchoolState, number: int, now: datetime) -> str | None:
    """Tell why a notice cannot be withdrawn; None when it can."""
    if any(notice.number == number for notice in standing(school.notices.values(), now)):
        return None
    return f"no notice {number} stands"


def standing(notices: Iterable[StandingNotice], now: datetime) -> list[StandingNotice]:
    """List the notices that have not ended, the newest first."""
    return sorted((n for n in notices if stands(n, now)), key=lambda notice: -notice.number)
