"""What an operator's message asks of the school. Pure."""

from __future__ import annotations

from datetime import datetime

from actors import messages as m
from events.wire import AnnotateRoom, CloseRoom, JudgeReading, PostNotice, ReopenRoom, WithdrawNotice

Ordered = AnnotateRoom | CloseRoom | JudgeReading | PostNotice | ReopenRoom | WithdrawNotice


def order_of(message: Ordered, session: m.Session, operator: int, now: datetime) -> m.Message:
    """Say it in the actors' words.

    Args:
        message: What was said.
        session: By whose connection; it gets the answer.
        operator: By whom.
        now: When.
    """
    match message:
        case PostNotice(id=ref, topic=topic, text=text, until=until):
            return m.PostNotice(
                session=session, operator=operator, ref=ref, at=now, topic=topic, text=text, until=until
            )
        case WithdrawNotice(id=ref, notice=number):
            return m.WithdrawNotice(session=session, operator=operator, ref=ref, at=now, notice=number)
        case JudgeReading(id=ref, source=source, accept=accept):
            return m.JudgeReading(
                session=session, operator=operator, ref=ref, at=now, source=source, accept=accept
            )
        case CloseRoom(id=ref, room=room, until=until, reason=reason):
            return m.SetClosure(
                session=session,
                operator=operator,
                ref=ref,
                at=now,
                room=room,
                closed=True,
                until=until,
                reason=reason,
            )
        case ReopenRoom(id=ref, room=room):
            return m.SetClosure(session=session, operator=operator, ref=ref, at=now, room=room, closed=False)
        case AnnotateRoom():
            return m.Annotate(
                session=session,
                operator=operator,
                ref=message.id,
                at=now,
                room=message.room,
                what=message.what,
                start=message.start,
                end=message.end,
                text=message.text,
                booking=message.booking,
                withdraws=message.withdraws,
            )
