"""What the log is told when the server starts and when its configuration changes. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from actors.intake import sources_of
from actors.ordered import draft
from actors.settings import SchoolSettings
from events import domain as e
from events.ids import new_event_id
from events.log import Draft
from events.state import Rules, SchoolState


def start_drafts(
    settings: SchoolSettings,
    school: SchoolState,
    now: datetime,
    *,
    version: str,
    alive_until: datetime | None,
) -> list[Draft]:
    """Draft what begins a run of the server.

    Args:
        settings: What the administrator wrote.
        school: What the log says.
        now: The time.
        version: Of this program.
        alive_until: Last sign of life of the run before.
    """
    drafts = []
    if school.created is None:
        created = e.LogCreated(log=new_event_id(), school=settings.name, zone=settings.zone)
        drafts.append(draft(created, now))
    drafts.append(draft(e.ServerStarted(version=version, alive_until=alive_until), now))
    return drafts + config_drafts(settings, school, now)


def config_drafts(settings: SchoolSettings, school: SchoolState, now: datetime) -> list[Draft]:
    """Draft what the configuration says and the log does not.

    Args:
        settings: What the administrator wrote.
        school: What the log says.
        now: The time.
    """
    drafts = []
    if school.created is not None and school.created.school != settings.name:
        drafts.append(draft(e.SchoolRenamed(name=settings.name), now))
    rules = Rules(
        zone=school.rules.zone, policy=settings.policy, hours=settings.hours, closed=settings.closed
    )
    if rules != school.rules or school.created is None:
        policy = e.PolicySet(policy=settings.policy, hours=settings.hours, closed=settings.closed)
        drafts.append(draft(policy, now))
    for key, info in settings.rooms.items():
        wanted = replace(info, sources=sources_of(settings, key))
        room = school.rooms.get(key)
        if room is None or room.retired or room.info != wanted:
            drafts.append(draft(e.RoomDeclared(room=key, info=wanted), now))
    drafts += [
        draft(e.BookingRemoved(room=key, booking=b.id, source=b.source), now)
        for key, room in school.rooms.items()
        for b in room.all_bookings.values()
        if b.end > now and b.source not in sources_of(settings, key)
    ]
    drafts += [
        draft(e.RoomRetired(room=key), now)
        for key, room in school.rooms.items()
        if key not in settings.rooms and not room.retired
    ]
    return drafts


def other_zone(log: str, settings: str) -> str:
    """Say that the configuration's zone is not the log's."""
    return (
        f'the log was begun with [school] zone = "{log}" and the configuration says "{settings}": '
        "a log keeps its zone; put the old one back, or begin a new data folder"
    )
