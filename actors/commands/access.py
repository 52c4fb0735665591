"""``toctoc access``: who may come in: tell, let in, turn out.

On the server's machine only: it goes to the running server with the server's own token; when none runs,
it reads the log, or takes its lock and writes itself. A secret is made here, printed once, and never
sent: the server gets what proves it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actors import messages as m
from actors.commands.ask import add_config, ask_server, ask_server_for_all, by_hand
from actors.entry.credentials import ACCESS_FILE, Credential, Credentials, new_secret, proof_of, token
from actors.entry.listing import listed
from actors.settings import SchoolSettings, read_school
from events.client import GatewayError
from events.domain import AccessGranted, AccessRevoked, AccessRole, DoorRevoked
from events.errors import ConfigError, ToctocError
from events.ids import SCHOOL_STREAM, KioskId, RoomKey, new_event_id
from events.log import Draft
from events.personal import new_part
from events.replay import replay
from events.sqlite import SqliteLog
from events.wire import (
    Accesses,
    AskAccess,
    Done,
    GrantAccess,
    Granted,
    KnownAccess,
    KnownDoor,
    RevokeAccess,
    RevokeDoor,
)

_WHO = "toctoc access"
LONGEST_NAME = 60


def main(argv: Sequence[str]) -> int:
    """Tell who may come in, let somebody in, or turn somebody out.

    Returns:
        0 when it is in the log, or told; 1 when not.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(read_school(arguments.config), arguments)
    except (ToctocError, OSError, ValueError) as error:
        print(f"{_WHO}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_WHO,
        description="Tell who may come in, let a person or a small device in, turn somebody out.",
        epilog="examples: toctoc access grant Accueil --operator; toctoc access revoke 3",
    )
    commands = parser.add_subparsers(required=True, metavar="list|grant|revoke")
    listed = commands.add_parser("list", help="tell which doors, people and devices may come in")
    listed.set_defaults(run=_list)
    grant = commands.add_parser("grant", help="let somebody in; prints their secret once")
    grant.add_argument("name", metavar="NAME", help="of the person or the device")
    kinds = grant.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--operator", dest="role", action="store_const", const="operator", help="a person")
    kinds.add_argument("--device", dest="role", action="store_const", const="device", help="a small device")
    grant.add_argument("--room", metavar="ROOM", help="the room for which a device speaks")
    grant.set_defaults(run=_grant)
    revoke = commands.add_parser("revoke", help="turn somebody out, at once")
    whom = revoke.add_mutually_exclusive_group(required=True)
    whom.add_argument("number", metavar="N", type=int, nargs="?", help="number of the access")
    whom.add_argument("--door", metavar="KEY", help="or of a door: the begin of its key, as list tells it")
    revoke.set_defaults(run=_revoke)
    for command in (listed, grant, revoke):
        add_config(command)
    return parser


# -- list -------------------------------------------------------------------------------------------


def _list(settings: SchoolSettings, _arguments: argparse.Namespace) -> None:
    known = _known(settings)
    zone = ZoneInfo(settings.zone)
    for door in known.doors:
        print(_door_line(door, zone))
    for access in known.accesses:
        print(_access_line(access, zone))
    if not known.doors:
        print("no door is known by its key")
    if not known.accesses:
        print("nobody was granted access")


def _known(settings: SchoolSettings) -> Accesses:
    try:
        return _asked(settings)
    except GatewayError:
        log = SqliteLog(settings.data, read_only=True)
        school = replay(log)
        known = m.KnownAccess(doors=school.doors, revoked=school.revoked, accesses=school.accesses)
        credentials = Credentials(settings.data / ACCESS_FILE).read()
        return listed(settings.doors, known, {number: one.name for number, one in credentials.items()})


def _asked(settings: SchoolSettings) -> Accesses:
    whole = Accesses(ref=0)
    for part in ask_server_for_all(settings, AskAccess(id=1), Accesses):
        whole = replace(whole, doors=whole.doors + part.doors, accesses=whole.accesses + part.accesses)
        if not part.more:
            break
    return whole


def _door_line(door: KnownDoor, zone: ZoneInfo) -> str:
    since = f"paired {_shown(door.paired_at, zone)}" if door.paired_at else "in the configuration"
    state = "  connected" if door.connected else ""
    return f"door  {grouped(door.kiosk)}  {door.room}  {door.name or '-'}  {since}{state}"


def _access_line(access: KnownAccess, zone: ZoneInfo) -> str:
    room = f"  {access.room}" if access.room else ""
    state = "  connected" if access.connected else ""
    name = access.name or "(nothing proves who it is: revoke it)"
    return f"{access.access:>4}  {access.role}  {name}{room}  since {_shown(access.granted_at, zone)}{state}"


def grouped(kiosk: KioskId) -> str:
    """Write the begin of a key's fingerprint as a door shows it, to be compared by eye."""
    return " ".join(kiosk[n : n + 4] for n in range(0, 16, 4))


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


# -- grant ------------------------------------------------------------------------------------------


def _grant(settings: SchoolSettings, arguments: argparse.Namespace) -> None:
    role: AccessRole = arguments.role
    name, room = arguments.name.strip(), arguments.room
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"a name is one line of 1 to {LONGEST_NAME} letters, not {arguments.name!r}")
    if (role == "device") != (room is not None):
        raise ValueError("--room goes with --device: a device speaks for one room, a person for none")
    if room is not None and room not in settings.rooms:
        raise ConfigError(str(arguments.config), "", f"no room {room!r} in the inventory")
    secret = new_secret()
    credential = Credential(name=name, role=role, proof=proof_of(role, secret))
    order = GrantAccess(id=1, name=name, role=role, proof=credential.proof, room=room)
    try:
        number = ask_server(settings, order, Granted).access
    except GatewayError as unreachable:
        number = _grant_by_hand(settings, credential, room, unreachable)
    print(f"{name} is access {number}. This is told once and kept nowhere:")
    print(token(number, secret))
    if role == "device":
        print(f'In device.py that is: ACCESS, SECRET = {number}, "{secret}"')


def _grant_by_hand(
    settings: SchoolSettings, credential: Credential, room: RoomKey | None, unreachable: GatewayError
) -> int:
    number = 0

    def make(log: SqliteLog, now: datetime) -> Draft:
        nonlocal number
        school = replay(log)
        number = school.last_access + 1
        Credentials(settings.data / ACCESS_FILE).grant(number, credential, school.accesses)
        part, text = new_part(now, reason=credential.name)
        event = AccessGranted(access=number, role=credential.role, part=part, speaks_for=room)
        return Draft(id=new_event_id(), stream=SCHOOL_STREAM, at=now, event=event, text=text)

    by_hand(settings, _WHO, make, unreachable)
    return number


# -- revoke -----------------------------------------------------------------------------------------


def _revoke(settings: SchoolSettings, arguments: argparse.Namespace) -> None:
    if arguments.door is not None:
        _revoke_door(settings, arguments.door)
        return
    number: int = arguments.number
    if number < 1:
        raise ValueError("accesses are numbered from 1; the server's own token is a file: operator.token")

    def make(log: SqliteLog, now: datetime) -> Draft:
        if number not in replay(log).accesses:
            raise ValueError(f"there is no access {number}")
        Credentials(settings.data / ACCESS_FILE).forget(number)
        event = AccessRevoked(access=number)
        return Draft(id=new_event_id(), stream=SCHOOL_STREAM, at=now, event=event)

    try:
        seq = ask_server(settings, RevokeAccess(id=1, access=number), Done).seq
    except GatewayError as unreachable:
        seq = by_hand(settings, _WHO, make, unreachable)
    print(f"access {number} is revoked (event {seq})")


def _revoke_door(settings: SchoolSettings, begin: str) -> None:
    bare = begin.replace(" ", "").lower()
    found = [door for door in _known(settings).doors if bare and door.kiosk.startswith(bare)]
    if len(found) != 1:
        many = ", ".join(f"{grouped(door.kiosk)} ({door.room})" for door in found) or "none"
        raise ValueError(f"{begin!r} has to be the begin of one door's key, and is of {many}")
    (door,) = found

    def make(_log: SqliteLog, now: datetime) -> Draft:
        event = DoorRevoked(kiosk=door.kiosk)
        return Draft(id=new_event_id(), stream=SCHOOL_STREAM, at=now, event=event)

    try:
        seq = ask_server(settings, RevokeDoor(id=1, kiosk=door.kiosk), Done).seq
    except GatewayError as unreachable:
        seq = by_hand(settings, _WHO, make, unreachable)
    print(f"door {grouped(door.kiosk)} of {door.room} is revoked (event {seq})")
