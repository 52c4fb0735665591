"""One room: decides what presses and motions mean, on the state that its own events add up to."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime
from typing import Any

import pykka

from actors.base import BaseActor, Broken, tell
from actors.messages import ActorDied, Append, FollowRules, PressRefused, RecordPress, RecordSensed, Told
from events.decide import decide, decide_motion
from events.domain import MotionSeen, PresencePressed, Recorded
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
        self._waiting: deque[RecordPress | RecordSensed] = deque()
        self._in_flight: tuple[RecordPress | RecordSensed, ...] = ()

    def receive(self, message: Any) -> None:
        """Take a press or a motion, learn what was recorded, follow new rules."""
        match message:
            case RecordPress() | RecordSensed():
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
            again = [fact for fact in self._in_flight if fact.name != conflict.event_id]
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
        in_flight: list[RecordPress | RecordSensed] = []
        while self._waiting:
            fact = self._waiting.popleft()
            try:
                draft = _drafted(stream, state, fact, self._rules)
            except (ArithmeticError, ValueError) as error:
                # Its numbers lead out of the calendar: it would hold up all others for ever.
                logger.exception("%s could not be decided", fact.name)
                self._school.tell(PressRefused(name=fact.name, reason=f"it cannot be decided: {error}"))
                continue
            if self._waiting:
                state = self._folded(state, _provisional(state, draft, fact.received_at))
            drafts.append(draft)
            in_flight.append(fact)
        if not drafts:
            return
        self._in_flight = tuple(in_flight)
        batch = Batch(drafts=tuple(drafts), expected=(stream, self._state.version))
        self._recorder.tell(Append(batch=batch, room=self._key))


def _drafted(stream: str, state: RoomState, fact: RecordPress | RecordSensed, rules: Rules) -> Draft:
    if isinstance(fact, RecordPress):
        return Draft(id=fact.name, stream=stream, at=fact.pressed_at, event=decided(state, fact, rules))
    decision = decide_motion(state, name=fact.name, seen_at=fact.at, policy=rules.policy)
    event = MotionSeen(
        room=state.key,
        kiosk=fact.kiosk,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )
    return Draft(id=fact.name, stream=stream, at=fact.at, event=event)


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


def _provisional(state: RoomState, draft: Draft, received_at: datetime) -> Recorded:
    return Recorded(
        seq=state.seq,
        id=draft.id,
        stream=draft.stream,
        version=state.version + 1,
        at=draft.at,
        recorded_at=received_at,
        event=draft.event,
    )
