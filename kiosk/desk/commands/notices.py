"""Notices on doors: `/say`, `/notices`, `/withdraw`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from events.notices import one_line
from events.wire import Done, PostNotice, WithdrawNotice
from kiosk.desk.commands.command import Command, Misused, fixed, needed, places, whole
from kiosk.desk.effects import Effect, Show
from kiosk.desk.known import Known
from kiosk.desk.session import Session
from kiosk.desk.typed import ALL, instant, take_until, take_word
from kiosk.desk.words import doors_of, until


def _say(session: Session, rest: str, now: datetime) -> list[Effect]:
    text, hour_said = take_until(rest)
    if not text or not take_word(text)[1]:
        raise Misused
    topic, text = session.known.places.take_topic(text)
    if not text:
        raise Misused
    text = one_line(text)
    ends = instant(hour_said, now, session.known.zone) if hour_said is not None else None

    def done(answer: Done) -> list[Effect]:
        return [Show(f"notice {answer.seq} is on {doors_of(topic)}; /withdraw {answer.seq} takes it away")]

    what = f"the notice on {doors_of(topic)}"
    return session.questions.ask(
        what, lambda n: PostNotice(id=n, topic=topic, text=text, until=ends), Done, done
    )


def _list(session: Session, _: str, now: datetime) -> list[Effect]:
    shown: list[Effect] = []
    for notice in session.known.standing(now):
        ends = until(notice.until, now, session.known.zone)
        shown.append(Show(f"{notice.number:>6}  {doors_of(notice.topic)}{ends}: {notice.text}"))
    return shown or [Show("no notice stands")]


def _withdraw(session: Session, rest: str, _: datetime) -> list[Effect]:
    number = whole(needed(rest))
    return session.questions.order(
        f"/withdraw {number}", lambda n: WithdrawNotice(id=n, notice=number), f"notice {number} is withdrawn"
    )


def _numbers(known: Known) -> Iterable[str]:
    return (str(notice.number) for notice in known.notices)


COMMANDS = (
    Command(
        "say",
        "L213|L|all [--until 18:00] TEXT",
        "put a notice on a door, a wing, or all doors",
        _say,
        (places, fixed(ALL)),
    ),
    Command("notices", "", "list the notices that stand", _list),
    Command("withdraw", "N", "take a notice away", _withdraw, (_numbers,)),
)
