"""People: who is here, and what they say to each other: `/join`, `/leave`, `/me`, `/who`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from events.wire import Done, JoinChannel, LeaveChannel, Say
from kiosk.desk.commands.command import Command, Misused, fixed, needed
from kiosk.desk.effects import Effect, Show
from kiosk.desk.known import Known
from kiosk.desk.session import Session
from kiosk.desk.typed import fits
from kiosk.desk.words import hour

_MOST_LISTED = 40


def speak(session: Session, text: str, *, action: bool = False) -> list[Effect]:
    """Say something in the channel.

    Raises:
        ValueError: There is no channel, no server, or too much text.
    """
    channel = session.channel
    if not channel:
        raise ValueError("you are in no channel: /join wing-L, for example; commands begin with /")
    fits(text, 500)
    return session.questions.ask(
        "not said", lambda n: Say(id=n, channel=channel, text=text, action=action), Done, lambda _: []
    )


def rejoin(session: Session) -> list[Effect]:
    """Join anew, on a new connection, the channels in which one was."""

    def ask(channel: str) -> list[Effect]:
        return session.questions.ask(
            f"/join {channel}", lambda n: JoinChannel(id=n, channel=channel), Done, lambda _: []
        )

    return [effect for channel in session.channels for effect in ask(channel)]


def _join(session: Session, rest: str, _: datetime) -> list[Effect]:
    channel, known = fits(needed(rest), 40), session.known

    def joined(_: Done) -> list[Effect]:
        session.channels = (*(other for other in session.channels if other != channel), channel)
        others = [name for name in _in_channel(known, channel) if name != known.me]
        return [Show(f"* you are in {channel}, with {', '.join(others) or 'nobody else'}", "roster")]

    return session.questions.ask(
        f"/join {channel}", lambda n: JoinChannel(id=n, channel=channel), Done, joined
    )


def _leave(session: Session, rest: str, _: datetime) -> list[Effect]:
    channel = rest or session.channel
    if not channel:
        raise Misused
    fits(channel, 40)

    def left(_: Done) -> list[Effect]:
        session.channels = tuple(other for other in session.channels if other != channel)
        return [Show(f"* you left {channel}", "roster")]

    return session.questions.ask(
        f"/leave {channel}", lambda n: LeaveChannel(id=n, channel=channel), Done, left
    )


def _me(session: Session, rest: str, _: datetime) -> list[Effect]:
    return speak(session, needed(rest), action=True)


def _who(session: Session, rest: str, now: datetime) -> list[Effect]:
    known = session.known
    if rest == "doors":
        return _those_of(known, ("kiosk", "device", "unpaired"), now) or [Show("no door is connected")]
    if rest:
        return [Show(f"in {rest}: {', '.join(_in_channel(known, rest)) or 'nobody'}")]
    shown = _those_of(known, ("operator",), now)
    members = sorted(known.members.items())
    doors = [name.removeprefix("door ") for name, member in members if member.role == "kiosk"]
    if doors:
        more = f" and {len(doors) - _MOST_LISTED} more" if len(doors) > _MOST_LISTED else ""
        shown.append(Show(f"doors: {', '.join(doors[:_MOST_LISTED])}{more}"))
    return [*shown, *_those_of(known, ("device", "unpaired"), now), Show(known.crowd())]


def _those_of(known: Known, roles: tuple[str, ...], now: datetime) -> list[Effect]:
    shown: list[Effect] = []
    for name, member in sorted(known.members.items()):
        if member.role in roles:
            you = " (you)" if name == known.me else ""
            talks = f", in {', '.join(member.channels)}" if member.channels else ""
            shown.append(Show(f"{name}{you}, since {hour(member.since, now, known.zone)}{talks}"))
    return shown


def _in_channel(known: Known, channel: str) -> list[str]:
    return sorted(name for name, member in known.members.items() if channel in member.channels)


def _channels(known: Known) -> Iterable[str]:
    joined = {channel for member in known.members.values() for channel in member.channels}
    return sorted(joined | {f"wing-{wing}" for wing in known.places.wings})


COMMANDS = (
    Command("join", "CHANNEL", "talk in a channel, such as wing-L", _join, (_channels,)),
    Command("leave", "[CHANNEL]", "leave it", _leave, (_channels,)),
    Command("me", "waves", "say what you do", _me),
    Command("who", "[CHANNEL|doors]", "who is here", _who, (_channels, fixed("doors"))),
)
