"""Doors in every state that they can show, as models: for tests and for pictures."""

# ruff: noqa: RUF001  # titles as people write them

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from events.domain import Hours, Policy, RoomInfo
from events.ids import BookingId, EventId, RoomKey
from events.state import LastIntent, Rules
from events.wire import (
    DayBooking,
    DayClosure,
    Heartbeat,
    Pressed,
    Refused,
    RoomDay,
    RoomPresence,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    Welcome,
)
from kiosk.inbox import FaultFound, Gesture, LinkChanged, Noted, Received, StuckChanged, Touched
from kiosk.model import Model, update

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 20)
ROOM = RoomKey("L213")
SIZES = ((800, 480), (1280, 800), (1920, 1080), (720, 1280))
INFO = RoomInfo(
    name="L213",
    type="petit",
    seats=24,
    wing="L",
    number=213,
    whiteboard=True,
    blackboard=True,
    projector=True,
    tv=True,
)
RULES = Rules(
    zone="Europe/Paris",
    policy=Policy(),
    hours=Hours(
        monday="08:00-20:00",
        tuesday="08:00-20:00",
        wednesday="08:00-20:00",
        thursday="08:00-20:00",
        friday="08:00-20:00",
        saturday="09:00-12:00",
        sunday="",
    ),
)


def at(hour: int, minute: int = 0, second: int = 0, *, day: date = TODAY) -> datetime:
    """Tell an instant of the day by the clocks of the school."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=PARIS).astimezone(UTC)


def booking(
    name: str,
    start: datetime,
    end: datetime,
    title: str | None,
    *,
    all_day: bool = False,
    unsure: bool = False,
    first_seen: datetime | None = None,
) -> DayBooking:
    return DayBooking(
        id=BookingId(f"oasis:{name}"),
        start=start,
        end=end,
        first_seen=first_seen or start - timedelta(days=7),
        title=title,
        all_day=all_day,
        unsure=unsure,
    )


ANALYSIS = booking("a", at(8, 30), at(10), "Analyse numérique : TD groupe 3")
DESIGN = booking("b", at(10, 15), at(12), "Soutenances de projet « Conception d’un robot autonome » (jury B)")
ENGLISH = booking("c", at(14, 30), at(16), "Anglais S7")
LAST = booking("d", at(16, 15), at(18), "Réunion du conseil des études de l’école d’ingénieurs")
TOMORROW = booking("e", at(9, day=TODAY + timedelta(days=1)), at(11, day=TODAY + timedelta(days=1)), "Forum")
BOOKINGS = (ANALYSIS, DESIGN, ENGLISH, LAST, TOMORROW)


def day(
    now: datetime,
    *,
    bookings: tuple[DayBooking, ...] = BOOKINGS,
    read: timedelta | None = timedelta(minutes=3),
    closure: DayClosure | None = None,
    retired: bool = False,
    info: RoomInfo = INFO,
    room: RoomKey = ROOM,
) -> RoomDay:
    return RoomDay(
        room=room,
        seq=40,
        info=info,
        bookings=bookings,
        readings={} if read is None else {TODAY: now - read, TODAY + timedelta(days=1): now - read},
        closure=closure,
        retired=retired,
    )


def presence(
    *,
    last: LastIntent | None = None,
    confirmed: dict[BookingId, datetime] | None = None,
    watched_since: datetime | None = None,
    seq: int = 41,
    room: RoomKey = ROOM,
) -> RoomPresence:
    return RoomPresence(room=room, seq=seq, last=last, confirmed=confirmed or {}, watched_since=watched_since)


def received(model: Model, now: datetime, *messages: ServerMessage) -> Model:
    for message in messages:
        model = update(model, Received(message=message, at=now), now)
    return model


def welcome(now: datetime, rules: Rules = RULES) -> Welcome:
    return Welcome(
        role="kiosk", school="École d’ingénieurs", epoch=1, server_time=now, rules=rules, room=ROOM
    )


def door(
    now: datetime, room_day: RoomDay | None, there: RoomPresence | None = None, rules: Rules = RULES
) -> Model:
    """A door that is connected and has its snapshot."""
    model = Model(room=ROOM, since=now - timedelta(hours=3))
    model = update(model, LinkChanged(state="up", at=now), now)
    model = received(model, now, welcome(now, rules), SnapshotBegin(epoch=1, seq=41))
    if room_day is not None:
        model = received(model, now, room_day)
    if there is not None:
        model = received(model, now, there)
    return received(model, now, SnapshotEnd(seq=41), Heartbeat(server_time=now, epoch=1, seq=41))


def said(pressed_at: datetime, until: datetime | None) -> LastIntent:
    return LastIntent(
        pressed_at=pressed_at,
        press=EventId("other.door.1"),
        intent="leaving" if until is None else "present",
        until=until,
    )


Scene = tuple[Model, datetime]


def free() -> Scene:
    now = at(12, 24)
    return door(now, day(now), presence(confirmed={ANALYSIS.id: at(8, 28), DESIGN.id: at(10, 20)})), now


def free_for_the_day() -> Scene:
    now = at(18, 5)
    return door(now, day(now, bookings=(ANALYSIS,)), presence()), now


def free_all_day_without_hours() -> Scene:
    now = at(10, 5)
    return door(now, day(now, bookings=()), presence(), Rules(zone="Europe/Paris")), now


def soon() -> Scene:
    now = at(14, 22)
    return door(now, day(now), presence()), now


def in_use() -> Scene:
    now = at(10, 42)
    there = presence(last=said(at(10, 12), at(12)), confirmed={DESIGN.id: at(10, 12), ANALYSIS.id: at(8, 40)})
    return door(now, day(now), there), now


def occupied() -> Scene:
    now = at(12, 48)
    return door(now, day(now), presence(last=said(at(12, 30), at(13, 30)))), now


def occupied_early() -> Scene:
    now = at(14, 26)
    there = presence(last=said(at(14, 25), at(16)), confirmed={ENGLISH.id: at(14, 25)})
    return door(now, day(now), there), now


def booked() -> Scene:
    now = at(14, 37)
    return door(now, day(now), presence()), now


def booked_left() -> Scene:
    now = at(11, 5)
    there = presence(last=said(at(10, 40), None), confirmed={DESIGN.id: at(10, 12)})
    return door(now, day(now), there), now


def booked_all_day() -> Scene:
    now = at(11, 5)
    whole = booking("w", at(0), at(0, day=TODAY + timedelta(days=1)), "Journée portes ouvertes", all_day=True)
    return door(now, day(now, bookings=(whole,)), presence()), now


RELEASING = replace(RULES, policy=Policy(release=True))


def warning() -> Scene:
    now = at(14, 42)
    return door(now, day(now), presence(watched_since=at(7)), RELEASING), now


def released() -> Scene:
    now = at(14, 50)
    return door(now, day(now), presence(watched_since=at(7)), RELEASING), now


def unknown() -> Scene:
    now = at(13, 5)
    return door(now, day(now, read=timedelta(hours=5, minutes=2)), presence()), now


def never_read() -> Scene:
    now = at(13, 5)
    return door(now, day(now, read=None), presence()), now


def closed() -> Scene:
    now = at(20, 40)
    return door(now, day(now), presence()), now


def closed_over_sunday() -> Scene:
    now = at(15, 0, day=TODAY + timedelta(days=1))
    return door(now, day(now, bookings=()), presence()), now


def out_of_order() -> Scene:
    now = at(11, 20)
    closure = DayClosure(since=at(9), until=at(17), reason="Vidéoprojecteur en panne, technicien attendu")
    return door(now, day(now, closure=closure), presence()), now


def out_of_order_for_long() -> Scene:
    now = at(11, 20)
    return door(now, day(now, closure=DayClosure(since=at(9))), presence()), now


def starting() -> Scene:
    now = at(7, 58)
    return Model(room=ROOM, since=now - timedelta(seconds=2)), now


def no_server() -> Scene:
    now = at(7, 58)
    return Model(room=ROOM, since=now - timedelta(minutes=4)), now


def unknown_room() -> Scene:
    now = at(10)
    return door(now, None), now


def cut_off() -> Scene:
    model, now = free()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def cut_off_with_press() -> Scene:
    model, now = cut_off()
    noted = Noted(press=EventId("me.x.1"), intent="present", pressed_at=now - timedelta(minutes=1))
    return update(model, noted, now - timedelta(minutes=1)), now


def cut_off_while_booked() -> Scene:
    model, now = booked()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def released_and_cut_off() -> Scene:
    model, now = released()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def short_cut() -> Scene:
    model, now = free()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(seconds=5)


def refused_door() -> Scene:
    now = at(9, 12)
    model = Model(room=ROOM, since=now - timedelta(minutes=4))
    refused = LinkChanged(state="refused", at=now - timedelta(minutes=3), why="unknown-key")
    return update(model, refused, now), now


def stale() -> Scene:
    now = at(12, 24)
    return door(now, day(now, read=timedelta(minutes=52)), presence()), now


def stuck() -> Scene:
    model, now = free()
    return update(model, StuckChanged(stuck=True, at=1.0), now), now


def disk_broken() -> Scene:
    model, now = free()
    return update(model, FaultFound(what="disk", why="read-only"), now), now


PRESS = EventId("me.x.1")


def touched() -> Scene:
    model, now = free()
    return update(model, Touched(at=1.0), now), now


def holding() -> Scene:
    model, now = in_use()
    return update(model, Touched(at=1.0), now), now + timedelta(seconds=0.9)


def sending() -> Scene:
    model, now = touched()
    return update(model, Gesture(intent="present", at=1.0), now), now


def noted() -> Scene:
    model, now = sending()
    return update(model, Noted(press=PRESS, intent="present", pressed_at=now), now), now


def kept() -> Scene:
    model, now = cut_off()
    return update(model, Noted(press=PRESS, intent="present", pressed_at=now), now), now


def recorded() -> Scene:
    model, now = noted()
    answer = Pressed(ref=PRESS, seq=42, effect="walk-in", until=now + timedelta(hours=1))
    there = presence(last=said(now, now + timedelta(hours=1)), seq=42)
    return received(model, now, answer, there), now


def recorded_leaving() -> Scene:
    model, now = in_use()
    model = update(model, Noted(press=PRESS, intent="leaving", pressed_at=now), now)
    return received(model, now, Pressed(ref=PRESS, seq=42, effect="left")), now


def refused() -> Scene:
    model, now = noted()
    return received(model, now, Refused(code="too-fast", reason="slow down", ref=PRESS)), now


def long_names() -> Scene:
    now = at(10, 42)
    info = replace(INFO, name="Amphithéâtre Henri-Poincaré (bâtiment des sciences)", seats=420)
    title = (
        "Conférence inaugurale du cycle « Mathématiques, informatique et société » : "
        "anticonstitutionnellement-vôtre/débat avec la salle"
    )
    bookings = (
        booking("x", at(10), at(12), title),
        booking("y", at(13), at(17, 30), "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"),
    )
    there = presence(confirmed={bookings[0].id: at(9, 58)}, last=said(at(9, 58), at(12)))
    return door(now, day(now, bookings=bookings, info=info), there), now


def strange_titles() -> Scene:
    now = at(10, 42)
    bookings = (
        booking("x", at(10), at(12), "🎉 Fête\u202fdu département\n👩‍🔬\t(salle\u200b comble) \x07"),
        booking("y", at(13), at(14), "محاضرة في الرياضيات"),
    )
    return door(now, day(now, bookings=bookings), presence()), now


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene
    for scene in (
        free,
        free_for_the_day,
        free_all_day_without_hours,
        soon,
        in_use,
        occupied,
        occupied_early,
        booked,
        booked_left,
        booked_all_day,
        warning,
        released,
        unknown,
        never_read,
        closed,
        closed_over_sunday,
        out_of_order,
        out_of_order_for_long,
        starting,
        no_server,
        unknown_room,
        cut_off,
        cut_off_with_press,
        cut_off_while_booked,
        released_and_cut_off,
        short_cut,
        refused_door,
        stale,
        stuck,
        disk_broken,
        touched,
        holding,
        sending,
        noted,
        kept,
        recorded,
        recorded_leaving,
        refused,
        long_names,
        strange_titles,
    )
}
