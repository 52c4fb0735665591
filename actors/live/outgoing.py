"""Messages as the text that travels, none longer than the protocol allows. Pure.

What a client may be sent at most (`events.wire.MAX_OUTGOING`) a small device may have to hold in memory,
so what is longer is made shorter here in a way that stays true: shorter titles first, then none, then the
day's plan, which comes again with who is there; of that the end, behind which nothing is claimed. Only of
a day that is too long without all these the bookings furthest away are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from events.status import Stretch
from events.wire import MAX_OUTGOING, Refused, RoomDay, RoomPresence, ServerMessage, encode

_TITLES = (80, 40, 20)
"""Letters to which titles are cut, step by step."""


def fits(text: str) -> bool:
    """Tell whether a text may be sent."""
    # A letter is four bytes at most: most texts need not be encoded to know.
    return len(text) * 4 <= MAX_OUTGOING or len(text.encode()) <= MAX_OUTGOING


def day_text(day: RoomDay) -> str:
    """Write a room's day, shortened where it is too long."""
    for shorter in _shorter_days(day):
        text = encode(shorter)
        if fits(text):
            return text
    raise AssertionError("the last one holds nothing that could be long")


def presence_text(presence: RoomPresence) -> tuple[str, tuple[Stretch, ...]]:
    """Write who is in a room, shortened where that is too long; tells the plan that is left, too."""
    while not fits(text := encode(presence)):
        if not presence.plan:
            return encode(replace(presence, confirmed={})), ()
        presence = replace(presence, plan=presence.plan[: len(presence.plan) // 2])
    return text, presence.plan


def reply_text(reply: ServerMessage) -> str:
    """Write an answer; one that is too long becomes a refusal that says so."""
    text = encode(reply)
    if fits(text):
        return text
    reason = f"the answer is longer than {MAX_OUTGOING} bytes: ask for less"
    return encode(Refused(code="server", reason=reason, ref=getattr(reply, "ref", None)))


def _shorter_days(day: RoomDay) -> Iterator[RoomDay]:
    yield day
    for letters in _TITLES:
        day = _with_titles(day, letters)
        yield day
    day = _with_titles(day, 0)
    yield day
    day = replace(day, plan=())
    yield day
    while day.bookings:
        # They come in the order of their starts.
        day = replace(day, bookings=day.bookings[: len(day.bookings) // 2])
        yield day
    yield replace(day, info=None, closure=None, readings={})


def _with_titles(day: RoomDay, letters: int) -> RoomDay:
    def cut(title: str | None) -> str | None:
        if title is None or not letters:
            return None
        return title if len(title) <= letters else f"{title[: letters - 1]}…"

    return replace(day, bookings=tuple(replace(b, title=cut(b.title)) for b in day.bookings))
