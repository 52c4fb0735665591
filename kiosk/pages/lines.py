"""The words below the state: until when it stays so, and what else is worth knowing."""

from __future__ import annotations

from datetime import datetime, timedelta

from events.status import Known, Status, closing_time, day_span, opening_spans, status_at
from kiosk.pages.scene import Scene, tidy


def state_lines(scene: Scene) -> tuple[str, str]:
    """Tell until when, and what else is worth knowing."""
    status, k = scene.status, scene.known
    if status is None or k is None:
        waiting = (
            scene.model.told.rules is None
            or not scene.model.hearing.connected(scene.now)
            or scene.model.told.named is not None
        )
        return scene.say("unknown.waiting" if waiting else "unknown.no-room"), scene.say("unknown.knock")
    if status.out_of_order:
        return _out_of_order(scene, k)
    if status.closed:
        return _closed(scene, k), ""
    match status.name:
        case "free":
            return _free(scene, k)
        case "soon":
            start = next(b.start for b in scene.bookings if b.start > scene.best)
            left = scene.say("soon.in", duration=scene.duration(start - scene.minute))
            return scene.say("soon.booked", hour=scene.hour(start)), left
        case "occupied":
            return _occupied(scene, k)
        case "in_use":
            return _in_use(scene, k)
        case "booked":
            return _booked(scene, k, status)
        case "unknown":
            read_at = scene.model.read_at(scene.now)
            knock = scene.say("unknown.knock")
            if read_at is None:
                return scene.say("unknown.never"), knock
            return scene.on_day("unknown.since", read_at), knock


def _free(scene: Scene, k: Known) -> tuple[str, str]:
    booked_at = min((b.start for b in scene.bookings if b.start > scene.best), default=None)
    closes_at = closing_time(k, scene.best)
    ends = [at for at in (booked_at, closes_at) if at is not None and scene.is_today(at)]
    if not ends:
        return scene.say("free.rest-of-day"), ""
    closes = scene.say("free.closes", hour=scene.hour(min(ends))) if min(ends) == closes_at else ""
    return scene.say("until", hour=scene.hour(min(ends))), closes


def _occupied(scene: Scene, k: Known) -> tuple[str, str]:
    last = k.room.last
    assert last is not None
    assert last.until is not None
    early = timedelta(minutes=k.rules.policy.check_in_before)
    for b in scene.bookings:
        if b.confirmed_at is not None and b.start - early <= scene.best < b.start:
            return scene.on_day("until", last.until), scene.say("occupied.early", hour=scene.hour(b.start))
    pressed = scene.say("occupied.pressed", hour=scene.hour(last.pressed_at))
    return scene.on_day("occupied.walk-in", last.until), pressed


def _in_use(scene: Scene, k: Known) -> tuple[str, str]:
    booking, last = scene.running, k.room.last
    assert booking is not None
    if not booking.due and last is not None and last.until is not None:
        return scene.on_day("until", last.until), scene.say(
            "occupied.pressed", hour=scene.hour(last.pressed_at)
        )
    confirmed = booking.confirmed_at
    more = scene.say("in-use.confirmed", hour=scene.hour(confirmed)) if confirmed else ""
    return scene.on_day("until", booking.end), more


def _booked(scene: Scene, k: Known, status: Status) -> tuple[str, str]:
    booking = scene.running
    assert booking is not None
    if booking.all_day:
        return scene.say("booked.all-day"), scene.say("unknown.knock")
    if booking.unsure:
        return scene.on_day("until", booking.end), scene.say("booked.unsure")
    if status.warning:
        freed_at = booking.start + timedelta(minutes=k.rules.policy.release_after)
        freed = scene.say("booked.freed-in", duration=scene.duration(freed_at - scene.minute))
        return freed, scene.on_day("booked.nobody-until", booking.end)
    until = scene.on_day("until", booking.end)
    if status.left_at is not None:
        name = "released.left" if status.released else "booked.left"
        return until, scene.say(name, hour=scene.hour(status.left_at))
    if status.released:
        return until, scene.say("released.nobody")
    if booking.confirmed_at is None:
        return until, scene.say("booked.nobody")
    return until, ""


def _out_of_order(scene: Scene, k: Known) -> tuple[str, str]:
    closure = k.room.closure
    day = scene.model.day
    reason = tidy(day.closure.reason or "") if day and day.closure else ""
    until = closure.until if closure else None
    line = scene.on_day("until", until) if until else scene.say("until-further-notice")
    return line, scene.say("quoted", text=reason) if reason else ""


def _closed(scene: Scene, k: Known) -> str:
    if k.room.retired:
        return scene.say("closed.retired")
    opens_at = _opening_time(scene, k)
    return scene.on_day("closed.opens", opens_at) if opens_at else scene.say("until-further-notice")


def _opening_time(scene: Scene, k: Known) -> datetime | None:
    """Tell when the room opens next, looking four weeks ahead."""
    for ahead in range(28):
        day = scene.today + timedelta(days=ahead)
        for start in (
            day_span(k.rules.zone, day)[0],
            *(s for s, _ in opening_spans(k.rules.hours, k.rules.zone, day)),
        ):
            if start > scene.best and not status_at(k, start).closed:
                return start
    return None
