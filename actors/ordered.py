"""What operators, doors and phones order, decided: an event to record, or why not."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from actors import messages as m
from actors.entry.credentials import Credential, Credentials
from events import domain as e
from events.errors import ToctocError
from events.ids import SCHOOL_STREAM, RoomKey, new_event_id, room_stream
from events.log import Draft
from events.notices import one_line, why_not_posted, why_not_withdrawn
from events.personal import new_part
from events.state import SchoolState
from events.status import known, status_at
from events.wire import Refused

logger = logging.getLogger(__name__)

Order = (
    m.SetClosure
    | m.Annotate
    | m.SetHeadcount
    | m.PostNotice
    | m.WithdrawNotice
    | m.PairDoor
    | m.RevokeDoor
    | m.GrantAccess
    | m.RevokeAccess
)


class Orders:
    """Decides on orders, and remembers those that the school's state does not show yet.

    Belongs to the school's thread.

    Args:
        credentials: What proves who people and devices are; written before the event is.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._posting = 0
        self._granted = 0
        self._closures: dict[RoomKey, m.SetClosure] = {}

    def settled(self, orders: Iterable[object]) -> None:
        """Take note of what is in the log now, or was refused by it."""
        for order in orders:
            match order:
                case m.PostNotice():
                    self._posting -= 1
                case m.SetClosure(room=room) if self._closures.get(room) is order:
                    del self._closures[room]

    def decide(self, order: Order, school: SchoolState) -> Draft | Refused:
        """Decide on an order.

        Args:
            order: What somebody ordered.
            school: What is known; what was ordered just now may not be folded yet.

        Returns:
            The event to record, or why it is refused.
        """
        if isinstance(order, m.SetClosure | m.SetHeadcount | m.PairDoor) and not is_there(school, order.room):
            return Refused(code="unknown-room", reason=no_room(order.room), ref=order.ref)
        match order:
            case m.SetHeadcount():
                event: e.AnyEvent = e.HeadcountChanged(
                    room=order.room,
                    count=order.count,
                    by=order.by,
                    kiosk=order.kiosk,
                    operator=order.operator,
                )
                return draft(event, order.at)
            case m.PostNotice():
                return self._posted(order, school)
            case m.WithdrawNotice(notice=number):
                problem = why_not_withdrawn(school, number, order.at)
                if problem is not None:
                    return Refused(code="bad-message", reason=problem, ref=order.ref)
                return draft(e.NoticeWithdrawn(notice=number, operator=order.operator), order.at)
            case m.Annotate():
                return self._annotated(order, school)
            case m.SetClosure():
                return self._closure(order, school)
            case m.PairDoor() | m.RevokeDoor() | m.GrantAccess() | m.RevokeAccess():
                return self._access(order, school)

    def _closure(self, order: m.SetClosure, school: SchoolState) -> Draft | Refused:
        """Record that a room is out of order, or back.

        An open room is not reopened: the log would say what did not happen. A closed one is closed again,
        until and reason being the same or not: somebody did say so, then, and took it on themselves; and the
        reason is personal, it is not in the state with which it would have to be compared.
        """
        last = self._closures.get(order.room)
        # What was ordered just now may not be folded yet.
        out_of_order = last.closed if last else is_out_of_order(school, order.room, order.at)
        if not order.closed and not out_of_order:
            return Refused(code="bad-message", reason=not_out_of_order(order.room), ref=order.ref)
        self._closures[order.room] = order
        if not order.closed:
            return draft(e.RoomReopened(room=order.room, operator=order.operator), order.at)
        part, text = None, None
        if order.reason:
            part, text = new_part(order.until or order.at, reason=order.reason)
        closed = e.RoomClosed(room=order.room, until=order.until, part=part, operator=order.operator)
        return draft(closed, order.at, text)

    def _annotated(self, order: m.Annotate, school: SchoolState) -> Draft | Refused:
        """Record an annotation; of a room that is no longer configured, too: it is about the past."""
        problem = ""
        if order.room not in school.rooms:
            problem = no_room(order.room)
        elif order.start >= order.end:
            problem = "it ends before it begins"
        elif (order.what == "withdrawn") != bool(order.withdraws):
            problem = "to withdraw is to name an annotation, and only that names one"
        if problem:
            return Refused(code="bad-message", reason=problem, ref=order.ref)
        part, text = new_part(order.end, reason=order.text)
        event = e.RoomAnnotated(
            room=order.room,
            what=order.what,
            start=order.start,
            end=order.end,
            part=part,
            booking=order.booking,
            withdraws=order.withdraws,
            operator=order.operator,
        )
        return draft(event, order.at, text)

    def _access(
        self, order: m.PairDoor | m.RevokeDoor | m.GrantAccess | m.RevokeAccess, school: SchoolState
    ) -> Draft | Refused:
        """Record who may come in; what proves it is in its file before the event is in the log."""
        text = None
        event: e.AnyEvent
        match order:
            case m.PairDoor(room=room, kiosk=kiosk, key=key, name=name):
                event = e.DoorPaired(hangs_at=room, kiosk=kiosk, key=key, name=name, operator=order.operator)
            case m.RevokeDoor(kiosk=kiosk):
                if kiosk not in school.doors and not order.configured:
                    return Refused(code="bad-message", reason=f"no door {kiosk!r} is known", ref=order.ref)
                event = e.DoorRevoked(kiosk=kiosk, operator=order.operator)
            case m.RevokeAccess(access=number):
                if number not in school.accesses:
                    return Refused(code="bad-message", reason=f"there is no access {number}", ref=order.ref)
                try:
                    self._credentials.forget(number)
                except (ToctocError, OSError) as error:
                    # Without the event it would come back with the file.
                    logger.error("the name of access %d stays on disk: %s", number, error)  # noqa: TRY400
                event = e.AccessRevoked(access=number, operator=order.operator)
            case m.GrantAccess(name=name, role=role, room=of):
                # What was granted last may not be folded yet, and no number is given twice.
                number = self._granted = max(self._granted, school.last_access) + 1
                try:
                    credential = Credential(name=name, role=role, proof=order.proof)
                    in_flight = range(school.last_access + 1, number)
                    self._credentials.grant(number, credential, {*school.accesses, *in_flight})
                except (ToctocError, OSError) as error:
                    return Refused(code="server", reason=str(error), ref=order.ref)
                part, text = new_part(order.at, reason=name)
                event = e.AccessGranted(
                    access=number, role=role, part=part, speaks_for=of, operator=order.operator
                )
        return draft(event, order.at, text)

    def _posted(self, order: m.PostNotice, school: SchoolState) -> Draft | Refused:
        problem = why_not_posted(school, order.topic, order.until, order.at, on_their_way=self._posting)
        try:
            line = one_line(order.text)
        except ValueError as error:
            problem = problem or str(error)
        if problem is not None:
            return Refused(code="bad-message", reason=problem, ref=order.ref)
        part, text = new_part(order.until or order.at, reason=line)
        self._posting += 1
        posted = e.NoticePosted(topic=order.topic, until=order.until, part=part, operator=order.operator)
        return draft(posted, order.at, text)


def is_there(school: SchoolState, room: RoomKey) -> bool:
    """Tell whether a room is one of the school's now."""
    known = school.rooms.get(room)
    return known is not None and not known.retired


def is_out_of_order(school: SchoolState, room: RoomKey, at: datetime) -> bool:
    """Tell whether the desk put a room out of order, and not back."""
    state = school.rooms.get(room)
    return state is not None and status_at(known(school, state), at).out_of_order


def not_out_of_order(room: RoomKey) -> str:
    """Say why a room is not put back in order."""
    return f"{room} is not out of order"


def no_room(room: RoomKey) -> str:
    """Say that a room is none of the school's."""
    return f"no room {room!r} here"


def draft(event: e.AnyEvent, at: datetime, text: bytes | None = None) -> Draft:
    """Make an event ready to be recorded, on the stream of its room or of the school."""
    room: RoomKey | None = getattr(event, "room", None)
    stream = SCHOOL_STREAM if room is None else room_stream(room)
    return Draft(id=new_event_id(), stream=stream, at=at, event=event, text=text)
