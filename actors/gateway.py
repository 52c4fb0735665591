"""The one live channel: turns the school's states into messages for doors, boards and the desk.

The actor encodes each message once, on its own thread (`actors.live.publication`); `actors.live.hub` runs the
loop that moves it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import pykka

from actors import messages as m
from actors.base import BaseActor
from actors.entry.access import Access, Holder
from actors.entry.admission import Admission
from actors.entry.codes import Codes, Gate
from actors.entry.credentials import ACCESS_FILE, Credentials, CredentialsBroken
from actors.entry.listing import listed
from actors.entry.sockets import listen_all
from actors.entry.tls import Tls, TlsFailed, proxy_fingerprint
from actors.live.hub import Hub
from actors.live.latest import Latest, Update
from actors.live.outgoing import reply_text
from actors.live.ports import Ports
from actors.live.publication import Publication
from actors.settings import SchoolSettings
from actors.web.past import Past
from events.clock import Clock
from events.personal import PersonalStore
from events.signing import kiosk_id
from events.sqlite import SqliteLog

logger = logging.getLogger(__name__)


class WhereAreYou(m.Message, frozen=True, kw_only=True, gc=False):
    """Asked by the program, with a timeout: the host and port that are listened on."""


class GatewayActor(BaseActor):
    """Serves WebSockets.

    Its ports are opened where it is made, on the caller's thread: what is wrong with them or with the
    certificate is the caller's to say. An ``on_start`` that fails has nobody to say it but Pykka, with a
    traceback.

    Args:
        settings: What the administrator wrote.
        school: Who is told what clients say.
        operator_token: What an operator has to know.
        clock: Where the time comes from.
        ended: Told why, when the process has to end.

    Raises:
        ConfigError: A port cannot be listened on.
        TlsFailed: There is no certificate to serve with.
    """

    name = "gateway"

    def __init__(
        self,
        settings: SchoolSettings,
        *,
        school: pykka.ActorRef[Any],
        operator_token: str,
        clock: Clock,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._school = school
        self._operator_token = operator_token
        self._clock = clock
        self._ended = ended
        self._publication = Publication()
        self._admitted: m.KnownAccess | None = None
        self._open = False
        self._tls = Tls(settings.tls, settings.data) if settings.tls.serve else None
        proxy = proxy_fingerprint(settings.tls)
        listener, board, devices = listen_all(settings)
        data = settings.data
        past = Past(
            lambda: SqliteLog(data, read_only=True), lambda: PersonalStore(data / "personal", read_only=True)
        )
        gate = Gate(Codes(secrets.token_bytes(32)))
        admission = Admission(self._access(), gate, settings.limits, proxy)
        self._ports = Ports(listener, admission, clock, tls=self._tls, board=board, devices=devices)
        latest = Latest(board_titles=settings.board_titles, board_url=settings.board_url)
        self._hub = Hub(self._ports, admission, self.actor_ref, school, clock, past, latest)

    def on_start(self) -> None:
        """Serve whoever comes."""
        self._hub.start()
        self._school.tell(self.actor_ref)

    def on_stop(self) -> None:
        """Close every connection, then the loop."""
        self._hub.stop()

    def died(self, why: str) -> None:
        """End the process."""
        self.on_stop()
        self._ended(f"the gateway died: {why}")

    def on_receive(self, message: Any) -> Any:
        """Tell where it listens, when asked; else see `BaseActor`."""
        if isinstance(message, WhereAreYou):
            return self._ports.address
        return super().on_receive(message)

    def receive(self, message: Any) -> None:
        """Publish what is new."""
        match message:
            case m.Publish(access=access):
                if access is not None:
                    # Before all else: whoever was revoked is told nothing any more.
                    self._admitted = access
                    self._admit()
                self._cross(self._publication.take(message, self._clock.now()))
            case m.Reply(session=session, message=reply):
                self._cross(Update(seq=self._publication.seq, replies=((session, reply_text(reply)),)))
            case m.DayBegan():
                self._cross(self._publication.begin_day(self._clock.now()))
            case m.Proved(sent=sent, sources=sources):
                self._hub.call(self._hub.proved, sent, sources)
                update = self._publication.renewed(self._clock.now())
                if update is not None:
                    self._cross(update)
            case m.Reload(settings=settings):
                self._reload(settings)
            case _:
                raise TypeError(f"the gateway knows no {type(message).__name__}")

    def _reload(self, settings: SchoolSettings) -> None:
        """Follow a new configuration, and a certificate that was renewed."""
        self._settings = settings
        if self._tls is not None:
            try:
                self._tls.renew(settings.tls)
            except TlsFailed as error:
                logger.error("the certificate stays as it was: %s", error)  # noqa: TRY400  # the text says all
        self._hub.call(self._hub.reload, settings.board_titles, settings.board_url, settings.limits)
        self._admit()

    def _admit(self) -> None:
        access = self._access()
        if access.open and not self._open:
            logger.warning("until a door is known every door is let in, and only from this machine")
        self._open = access.open
        self._hub.call(self._hub.admit, access)

    def _access(self) -> Access:
        """Put together what the configuration says, the log, and the file of credentials."""
        settings, log = self._settings, self._admitted
        doors = {door.key: door.room for door in settings.doors}
        if log is None:
            # Until the school has told, nobody is let in: a door may have been revoked.
            return Access(doors={}, rooms=frozenset(settings.rooms), operator_token=self._operator_token)
        # A door that was paired after it had been revoked has its room from there.
        doors |= {door.key: door.room for door in log.doors.values()}
        doors = {key: room for key, room in doors.items() if kiosk_id(key) not in log.revoked}
        known = bool(settings.doors or log.doors or log.revoked)
        holders = self._holders(log)
        return Access(
            doors=doors,
            rooms=frozenset(settings.rooms),
            operator_token=self._operator_token,
            open=settings.local and not settings.tls.proxy and not known,
            holders=holders,
            listed=listed(settings.doors, log, {number: holder.name for number, holder in holders.items()}),
        )

    def _holders(self, log: m.KnownAccess) -> dict[int, Holder]:
        try:
            credentials = Credentials(self._settings.data / ACCESS_FILE).read()
        except (CredentialsBroken, OSError) as error:
            logger.error("nobody who was granted access can come in: %s", error)  # noqa: TRY400  # likewise
            return {}
        return {
            number: Holder(
                name=credentials[number].name,
                role=access.role,
                proof=credentials[number].proof,
                room=access.room,
            )
            for number, access in log.accesses.items()
            if number in credentials and credentials[number].role == access.role
        }

    def _cross(self, update: Update) -> None:
        self._hub.call(self._hub.update, update)
