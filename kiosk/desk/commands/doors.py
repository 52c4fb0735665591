"""Doors' keys: `/pair`, `/doors`, `/revoke`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from events.wire import Accesses, AskAccess, Pair, Paired, RevokeDoor
from kiosk.desk.commands.command import Command, Misused, needed, rooms
from kiosk.desk.effects import Effect, Show
from kiosk.desk.known import Known
from kiosk.desk.session import Session
from kiosk.desk.typed import fits, take_word


def _pair(session: Session, rest: str, _: datetime) -> list[Effect]:
    code, rest = take_word(needed(rest))
    if not session.known.places.begins_with_room(rest):
        # The code is shown in two groups, and is typed so, too.
        second, rest = take_word(rest)
        code += second
    if not rest:
        raise Misused
    room, name = session.known.places.take_room(rest)
    fits(name, 60)

    def paired(message: Paired) -> list[Effect]:
        return [Show(f"door {message.kiosk[:8]} hangs at {room} now; it shows the same letters")]

    return session.questions.ask(
        f"/pair {room}", lambda n: Pair(id=n, code=code[:32], room=room, name=name), Paired, paired
    )


def _list(session: Session, _: str, __: datetime) -> list[Effect]:
    def told(message: Accesses) -> list[Effect]:
        shown: list[Effect] = []
        for door in sorted(message.doors, key=lambda door: (door.room, door.kiosk)):
            state = "connected" if door.connected else "NOT CONNECTED"
            name = f"  {door.name}" if door.name else ""
            shown.append(Show(f"{door.kiosk[:8]}  {door.room:8} {state}{name}"))
        if not message.more and not session.known.doors:
            shown.append(Show("no door is paired or configured"))
        return shown

    return session.questions.ask("/doors", lambda n: AskAccess(id=n), Accesses, told)


def _revoke(session: Session, rest: str, _: datetime) -> list[Effect]:
    begin = needed(rest)
    meant = [kiosk for kiosk in session.known.doors if kiosk.startswith(begin)]
    if len(meant) != 1:
        problem = "several doors" if meant else "no door"
        raise ValueError(f"{problem} of the last /doors begin{'' if meant else 's'} with {begin!r}")
    (kiosk,) = meant
    return session.questions.order(
        f"/revoke {begin}",
        lambda n: RevokeDoor(id=n, kiosk=kiosk),
        f"the key of door {kiosk[:8]} counts no more",
    )


def _doors(known: Known) -> Iterable[str]:
    return (kiosk[:8] for kiosk in known.doors)


COMMANDS = (
    Command("pair", "CODE L213 [NAME]", "a door that shows this code hangs at this room", _pair, (rooms,)),
    Command("doors", "", "the doors that are known, and whether they are here", _list),
    Command("revoke", "DOOR", "take a door's key away; /doors tells which", _revoke, (_doors,)),
)
