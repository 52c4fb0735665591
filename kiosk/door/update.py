"""What an input, or time alone, makes of what a door knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.domain import Intent
from events.ids import EventId
from events.search import Wish
from events.status import day_of
from events.wire import (
    Challenge,
    Heartbeat,
    Paired,
    Pressed,
    Refused,
    RoomPresence,
    ServerMessage,
    SnapshotEnd,
    Welcome,
)
from kiosk.door.model import Model, next_minute
from kiosk.door.told import hear
from kiosk.inbox import (
    Action,
    AirFelt,
    Ask,
    ClockStepped,
    Count,
    Edge,
    FaultFound,
    Gesture,
    Input,
    Kept,
    Leave,
    LinkChanged,
    MotionFelt,
    Noted,
    OpenPage,
    Page,
    Quit,
    Received,
    SavePicture,
    Speak,
    Stay,
    StuckChanged,
    Tapped,
    Touched,
    Unpaired,
)
from kiosk.search import EVERY, search


def update(model: Model, item: Input, now: datetime) -> Model:
    """Take an input.

    Args:
        model: What is known.
        item: What came out of the inbox.
        now: The door's wall clock.

    Returns:
        What is known then.
    """
    if isinstance(item, ClockStepped):
        # First of all: by the new clock everything looks long ago, or still to come.
        return passed(_stepped(model, timedelta(seconds=item.by)), now)
    return _searched(_taken(passed(model, now), item, now), now)


def passed(model: Model, now: datetime) -> Model:
    """Let time pass: forget what was shown long enough, and at midnight past titles.

    Args:
        model: What is known.
        now: The door's wall clock.
    """
    presses, visit = model.presses.passed(now), model.visit.passed(now, model.setup.languages[0])
    if presses is not model.presses or visit is not model.visit:
        model = replace(model, presses=presses, visit=visit)
    return _searched(_dated(model, now), now)


def _dated(model: Model, now: datetime) -> Model:
    """Notice that it is another day."""
    if not model.time_known:
        return model
    today = day_of(model.rules_shown, model.time(now))
    if today == model.today:
        return model
    return replace(model, today=today, told=model.told.dated(model.room, today))


def _stepped(model: Model, by: timedelta) -> Model:
    """Move every instant on the door's own clock along with that clock; best time stays as it was."""
    heard = model.hearing
    return replace(
        model,
        hearing=heard.stepped(by),
        presses=model.presses.stepped(by, since=None if heard.corrected else heard.since),
        visit=model.visit.stepped(by),
        condition=model.condition.stepped(by),
    )


def _taken(model: Model, item: Input, now: datetime) -> Model:
    match item:
        case Received(message=message, at=at):
            return model if isinstance(message, Challenge) else _received(model, message, at, now)
        case Touched():
            model = _pressing(model, now)
            return replace(model, presses=model.presses.touched(now))
        case Gesture(intent=intent):
            model = _pressing(model, now)
            return replace(model, presses=model.presses.sending(intent, now).released())
        case Noted():
            connected = model.hearing.connected(now)
            return replace(model, presses=model.presses.noted(item, now, connected=connected))
        case Kept(presses=presses):
            return replace(model, presses=model.presses.found(presses))
        case LinkChanged():
            return replace(model, hearing=model.hearing.changed(item), told=model.told.interrupted())
        case Unpaired():
            return replace(model, hearing=replace(model.hearing, pairing=item))
        case StuckChanged(stuck=stuck):
            condition = replace(model.condition, stuck=stuck)
            return replace(model, condition=condition, presses=model.presses.released())
        case FaultFound():
            return replace(model, condition=model.condition.found(item))
        case AirFelt(air=air):
            return replace(model, condition=replace(model.condition, air=air, air_at=now))
        case Tapped(action=action):
            counts = model.takes_touch(now)
            model = _woken(model, now)
            return _done(model, action, now) if counts and action is not None else model
        case Edge() | MotionFelt() | SavePicture() | Quit() | ClockStepped():
            return model


# -- what the server says --------------------------------------------------------------------------


def _received(model: Model, message: ServerMessage, at: datetime, now: datetime) -> Model:
    before = model
    told = hear(before.told, message, own=before.room, today=before.today)
    model = replace(before, told=told, hearing=replace(before.hearing, heard_at=at))
    match message:
        case Welcome(server_time=server_time):
            hearing = replace(model.hearing.told_time(server_time, at), link="up", pairing=None)
            model = replace(model, hearing=hearing)
        case Heartbeat(server_time=server_time):
            model = replace(model, hearing=model.hearing.told_time(server_time, at))
        case Paired(room=room):
            model = replace(model, room=room, hearing=replace(model.hearing, pairing=None))
        case RoomPresence(room=model.room):
            model = _presence_told(model, message)
        case SnapshotEnd() if model.visit.search is not None:
            model = _sought(model, model.visit.search.wish, now)
        case Pressed(ref=ref, seq=seq):
            presence = told.presences.get(model.room)
            contained = presence is not None and presence.seq >= seq
            model = replace(model, presses=model.presses.acknowledged(message, now, contained=contained))
        case Refused(ref=str(ref)):
            model = replace(model, presses=model.presses.refused(message, EventId(ref), now))
        case _:
            pass
    changed = (
        told.days is not before.told.days
        or told.presences is not before.told.presences
        or told.rules is not before.told.rules
    )
    if changed and model.visit.search is before.visit.search:
        return replace(model, visit=model.visit.outdated())
    return model


def _presence_told(model: Model, presence: RoomPresence) -> Model:
    """Take who is in the own room: what was shown before the server knew is told now."""
    visit = model.visit
    if visit.counted is not None and presence.headcount == visit.counted[0]:
        visit = replace(visit, counted=None)
    return replace(model, visit=visit, presses=model.presses.contained(presence.seq))


# -- what people do --------------------------------------------------------------------------------


def _woken(model: Model, now: datetime) -> Model:
    """Notice that somebody is at the door."""
    return replace(model, visit=model.visit.woken(now, rested=model.resting(now)))


def _pressing(model: Model, now: datetime) -> Model:
    """Notice that somebody uses the button: the answer stands on the sign."""
    return _turned(_woken(model, now), "sign", now)


def _turned(model: Model, page: Page, now: datetime) -> Model:
    return replace(model, visit=model.visit.turned(page, now))


def _done(model: Model, action: Action, now: datetime) -> Model:
    """Do what a touch means."""
    match action:
        case OpenPage(page=page):
            return _turned(model, page, now)
        case Speak(language=language):
            if language not in model.setup.languages:
                return model
            # A second contact of the same finger must not turn it back either.
            return replace(model, visit=replace(model.visit.changed(now), language=language))
        case Stay():
            return _said(model, "present", now)
        case Leave():
            return _said(model, "leaving", now)
        case Ask(wish=wish):
            return model if model.visit.page != "find" else _sought(model, wish, now)
        case Count(people=people):
            return replace(model, visit=replace(model.visit, counted=(people, now)))


def _said(model: Model, intent: Intent, now: datetime) -> Model:
    """Answer on the sign what a finger said."""
    visit = model.visit.turned("sign", now).changed(now)
    return replace(model, visit=visit, presses=model.presses.sending(intent, now))


# -- the search for a room -------------------------------------------------------------------------


def _searched(model: Model, now: datetime) -> Model:
    """Search where the page that finds rooms is open, and what it shows may no longer be so."""
    if model.visit.page != "find":
        return model
    last, best = model.visit.search, model.time(now)
    if last is None:
        return _sought(model, Wish(origin=model.room), now)
    same_minute = next_minute(last.at) == next_minute(best)
    due = last.outdated and not timedelta(0) <= best - last.at < EVERY
    if model.told.receiving or (same_minute and not due):
        return model
    return _sought(model, last.wish, now)


def _sought(model: Model, wish: Wish, now: datetime) -> Model:
    own, told = model.day, model.told
    if own is None or own.info is None or own.retired or told.rules is None or not model.time_known:
        found = None
    else:
        found = search(wish, told.days, told.presences, told.rules, model.time(now))
    return replace(model, visit=replace(model.visit, search=found))
