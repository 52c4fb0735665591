"""One room: decides what presses mean, on the state that its own events add up to."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

import pykka

from actors.base import BaseActor, Broken, tell
from actors.messages import ActorDied, Append, FollowRules, PressRefused, RecordPress, Told
from events.decide import decide
from events.domain import PresencePressed, Recorded
from events.errors import LogConflict
from events.ids import EventId, RoomKey, room_stream
from events.log import Batch, Draft
from events.state import RoomState, Rules, fold

logger = logging.getLogger(__name__)


class RoomActor(BaseActor):
    """Holds one room's state and has at most one append in flight.

    What comes meanwhile waits here and is decided on the folded state. If every press were
    decided at once, the second one within a commit would always be refused: 199 of 200 were.
    All that wait are decided together, each on the state the one before leads to.

    Args:
        state: The room as replayed.
        rules: The school's rules.
        recorder: Who appends.
        school: Who is told of refusals and of the room's death.
    """

    def __init__(
        self,
        state: RoomState,
        rules: Rules,
        recorder: pykka.ActorRef[Any],
        school: pykka.ActorRef[Any],
    ) -> None:
        super().__init__()
        self.name = f"room {state.key}"
        self._key: RoomKey = state.key
        self._state = state
        self._rules = rules
        self._recorder = recorder
        self._school = school
        self._waiting: deque[RecordPress] = deque()
        self._in_flight: tuple[RecordPress, ...] = ()

    def receive(self, message: Any) -> None:
        """Take a press, learn what was recorded, follow new rules."""
        match message:
            case RecordPress():
                self._waiting.append(message)
                self._decide()
            case Told():
                self._fold(message.records)
                if message.settled:
                    self._settle(message.conflict)
            case FollowRules(rules=rules):
                self._rules = rules
            case _:
                raise TypeError(f"a room knows no {type(message).__name__}")

    def died(self, why: str) -> None:
        """Ask the school for a successor. The presses that waited are still on their doors."""
        tell(self._school, ActorDied(room=self._key, why=why))

    def _fold(self, records: tuple[Recorded, ...]) -> None:
        for recorded in records:
            if recorded.version <= self._state.version:
                continue  # a successor replayed it already
            if recorded.version != self._state.version + 1:
                raise Broken(f"version {recorded.version} came after {self._state.version}")
            self._state = self._folded(self._state, recorded)

    def _folded(self, state: RoomState, recorded: Recorded) -> RoomState:
        try:
            return fold(state, recorded)
        except Exception as error:
            raise Broken(f"event {recorded.seq} does not fold: {error!r}") from error

    def _settle(self, conflict: LogConflict | None) -> None:
        if conflict is not None:
            # A reading came between: it is folded by now, so decide again. A press whose name
            # stands for another one can never be recorded and is taken out.
            again = [press for press in self._in_flight if press.name != conflict.event_id]
            if conflict.event_id is not None:
                self._school.tell(PressRefused(name=EventId(conflict.event_id), reason=str(conflict)))
            self._waiting.extendleft(reversed(again))
        self._in_flight = ()
        self._decide()

    def _decide(self) -> None:
        if self._in_flight or not self._waiting:
            return
        stream = room_stream(self._key)
        state = self._state
        drafts: list[Draft] = []
        in_flight: list[RecordPress] = []
        while self._waiting:
            press = self._waiting.popleft()
            try:
                event = decided(state, press, self._rules)
            except (ArithmeticError, ValueError) as error:
                # Its numbers lead out of the calendar: it would hold up all others for ever.
                logger.exception("press %s could not be decided", press.name)
                self._school.tell(PressRefused(name=press.name, reason=f"it cannot be decided: {error}"))
                continue
            if self._waiting:
                state = self._folded(state, _provisional(state, press, event))
            drafts.append(Draft(id=press.name, stream=stream, at=press.pressed_at, event=event))
            in_flight.append(press)
        if not drafts:
            return
        self._in_flight = tuple(in_flight)
        batch = Batch(drafts=tuple(drafts), expected=(stream, self._state.version))
        self._recorder.tell(Append(batch=batch, room=self._key))


def decided(state: RoomState, press: RecordPress, rules: Rules) -> PresencePressed:
    """Make the event of a press: what came, and what it means."""
    decision = decide(state, press.press, name=press.name, pressed_at=press.pressed_at, policy=rules.policy)
    return PresencePressed(
        room=state.key,
        press=press.press,
        signature=press.signature,
        pressed_at=press.pressed_at,
        earliest=press.earliest,
        received_at=press.received_at,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )


def _provisional(state: RoomState, press: RecordPress, event: PresencePressed) -> Recorded:
    return Recorded(
        seq=state.seq,
        id=press.name,
        stream=room_stream(state.key),
        version=state.version + 1,
        at=press.pressed_at,
        recorded_at=press.received_at,
        event=event,
    )
