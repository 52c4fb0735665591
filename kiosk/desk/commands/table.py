"""All commands: following one, completing it, and the help. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from events.wire import Unsubscribe
from kiosk.desk.commands import doors, notices, people, rooms, timetables
from kiosk.desk.commands.command import Command, Misused, fixed, places
from kiosk.desk.effects import Effect, Quit, Send, Show
from kiosk.desk.feed import KINDS, choose
from kiosk.desk.known import Known
from kiosk.desk.session import FEED, Session

_WIDEST = 40
"""A usage longer than this stands on a line of its own in the help."""


def follow(session: Session, name: str, rest: str, now: datetime) -> list[Effect]:
    """Follow a command.

    Args:
        session: The console's.
        name: The command's, without its slash; capitals do not matter.
        rest: What stands behind it.
        now: The time of the server's clock.

    Raises:
        ValueError: It cannot be followed, with what can.
    """
    command = _named(name)
    if rest and not command.usage:
        raise ValueError(f"{command} takes nothing more, not {rest!r}")
    try:
        return command.follow(session, rest, now)
    except Misused as misused:
        raise ValueError("; ".join(filter(None, (str(misused), f"that is {command}")))) from None


def completions(known: Known, text: str) -> list[str]:
    """List the words that may stand where the last one stands.

    Args:
        known: What the server said.
        text: What is typed so far, up to the cursor.
    """
    words = text.lstrip().split(" ")
    begun = words[-1].casefold()
    if not words[0].startswith("/"):
        return []
    if len(words) == 1:
        fitting: Iterable[str] = (f"/{name}" for name in COMMANDS)
    else:
        command = COMMANDS.get(words[0][1:].casefold())
        fitting = (word for words_of in (command.takes if command else ()) for word in words_of(known))
    return [word for word in fitting if word.casefold().startswith(begun)]


def _named(name: str) -> Command:
    command = COMMANDS.get(name.casefold())
    if command is None:
        raise ValueError(f"there is no command /{name}; /help lists them")
    return command


def _feed(session: Session, rest: str, _: datetime) -> list[Effect]:
    words, was_on = rest.split(), session.feed.on
    if words:
        session.feed = choose(words, session.known.places.rooms, session.known.places.wings)
    effects: list[Effect] = [Show(f"feed: {session.feed}")]
    if session.questions.online and was_on != session.feed.on:
        effects.append(session.subscription() if session.feed.on else Send(Unsubscribe(topics=(FEED,))))
    return effects


def _help(_: Session, rest: str, __: datetime) -> list[Effect]:
    chosen = [_named(rest.removeprefix("/"))] if rest else list(COMMANDS.values())
    width = max((len(str(command)) for command in chosen if len(command.usage) < _WIDEST), default=0)
    shown: list[Effect] = []
    for command in chosen:
        typed = str(command)
        if len(typed) > width:
            shown.append(Show(f"  {typed}"))
            typed = ""
        shown.append(Show(f"  {typed:{width}}  {command.about}"))
    if not rest:
        shown.append(Show("what does not begin with / is said in your channel; Tab completes"))
    return shown


def _quit(_: Session, __: str, ___: datetime) -> list[Effect]:
    return [Quit()]


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *notices.COMMANDS,
        *rooms.COMMANDS,
        *timetables.COMMANDS,
        *doors.COMMANDS,
        Command(
            "feed",
            "[off|all|presses|bookings|doors|timetables|desk|server|sensors|L213|L …]",
            "which events are shown",
            _feed,
            (places, fixed("off", "all", *KINDS)),
        ),
        *people.COMMANDS,
        Command("help", "[COMMAND]", "this list", _help, (lambda _: COMMANDS,)),
        Command("quit", "", "leave", _quit),
    )
}
"""The commands by their names, in the order of the help."""
