"""Who is let in, before and beside the protocol: origins, versions, counts, logins and their cookies.

Belongs to the gateway's loop. What can be refused is refused in the handshake, with an HTTP status: a
socket that is opened and closed again costs both sides more and tells the client less.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from msgspec import Struct
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from actors.entry.access import Access, Caller, Desk
from actors.entry.codes import Gate
from actors.entry.credentials import read_token, verifies
from actors.entry.limits import Allowances
from actors.entry.tls import Context
from actors.entry.turns import Turns
from actors.settings import Limits
from actors.web.answer import Answer
from events.wire import PROTOCOL

logger = logging.getLogger(__name__)

LOGIN = timedelta(hours=12)
"""For how long a browser that logged in stays logged in."""
HANDSHAKES = 3000
"""WebSockets that one address may open at once: all phones of a school come back after a restart."""
HANDSHAKE_RATE = 50.0
"""WebSockets a second that one address may open for long."""
VERIFY_AT_ONCE = 2
"""Secrets that are looked at at once, each 30 ms on a core and 19 MiB."""
VERIFY_WAITING = 20
"""Secrets that may wait for that."""
_MOST_LOGINS = 1000
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))


class _Login(Struct, frozen=True):
    """A browser that is logged in.

    Attributes:
        operator: As whom.
        until: Until when.
    """

    operator: int
    until: datetime


class Admission:
    """Lets clients in, or does not.

    Args:
        access: Who may be what.
        gate: Knows the codes that doors show.
        limits: How many may be there.
        proxy: Fingerprint of the key that a proxy in front shows; empty without one.
    """

    def __init__(self, access: Access, gate: Gate, limits: Limits, proxy: str = "") -> None:
        self.access = access
        self.desk = Desk(gate)
        self.turns = Turns(limits.unauthenticated)
        self.proxy = proxy
        self._limits = limits
        self._here: Counter[str] = Counter()
        self._handshakes = Allowances(HANDSHAKES, HANDSHAKE_RATE)
        self._logins: dict[str, _Login] = {}
        self._verifying = asyncio.Semaphore(VERIFY_AT_ONCE)
        self._waiting = 0

    # -- the handshake --------------------------------------------------------------------------

    def caller(self, connection: ServerConnection, now: datetime, *, board_only: bool) -> Caller:
        """Tell from where and how a client comes.

        Args:
            connection: Its connection, whose request was read.
            now: The time.
            board_only: It came to the port where only the board is served.
        """
        request = connection.request
        assert request is not None
        tls = connection.transport.get_extra_info("ssl_object")
        server = self.proxy
        if tls is not None:
            assert isinstance(tls.context, Context)
            server = tls.context.fingerprint
        ticket = ""
        # A cookie speaks for a page of ours only, and whoever is no page has a token.
        if request.headers.get("Origin") is not None and not board_only:
            ticket = self._ticket(request, secure=self.is_secure(connection))
        login = self._login(ticket, now)
        return Caller(
            address=self._address(connection, request),
            server=server,
            cookie=login.operator if login else None,
            ticket=ticket if login else "",
            board_only=board_only,
            crowded=self.crowded,
        )

    @property
    def crowded(self) -> bool:
        """Whether as many are there as may be, and only doors, devices and operators still come in."""
        return self._here.total() >= self._limits.connections

    def refusal(
        self, connection: ServerConnection, request: Request, now: datetime, board_url: str
    ) -> Response | None:
        """Refuse a WebSocket in its handshake; None lets it open.

        Args:
            connection: The connection.
            request: What it asks for.
            now: The time.
            board_url: Where phones find the board, which may be behind another name.
        """
        if not _is_ours(request, board_url, secure=self.is_secure(connection)):
            return connection.respond(HTTPStatus.FORBIDDEN, "a page of another site may not connect\n")
        offered = ", ".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        if PROTOCOL not in [name.strip() for name in offered.split(",")]:
            said = f"{offered[:200]!r} was offered" if offered else "no subprotocol was offered"
            return connection.respond(
                HTTPStatus.BAD_REQUEST, f"this server speaks the subprotocol {PROTOCOL}; {said}\n"
            )
        later = self.full(self._address(connection, request), now)
        return _later(connection, *later) if later is not None else None

    def full(self, address: str, now: datetime) -> tuple[HTTPStatus, str] | None:
        """Tell why nobody may connect from an address now; None when somebody may.

        Args:
            address: From where somebody wants to.
            now: The time.
        """
        # Beyond the limit doors and operators still come in: see `Caller.crowded`.
        most = self._limits.connections + max(5, self._limits.connections // 4)
        if self._here.total() >= most or self._here[address] >= self._limits.per_address:
            return HTTPStatus.SERVICE_UNAVAILABLE, "too many are connected"
        if not self._handshakes.take(address, now):
            return HTTPStatus.TOO_MANY_REQUESTS, "too many connections from this address"
        return None

    def _address(self, connection: ServerConnection, request: Request) -> str:
        if self.proxy:
            # The last one was written by the proxy, all before it by whoever asked.
            told = ", ".join(request.headers.get_all("X-Forwarded-For")).rpartition(",")[2].strip()
            if told:
                return told
        peer = connection.remote_address
        return str(peer[0]) if peer else ""

    def is_secure(self, connection: ServerConnection) -> bool:
        """Tell whether whoever is there sees TLS: ours, or that of a proxy in front."""
        return bool(self.proxy) or connection.transport.get_extra_info("ssl_object") is not None

    # -- how many are there ---------------------------------------------------------------------

    def came(self, address: str) -> None:
        """Take note of a connection."""
        self._here[address] += 1

    def went(self, address: str) -> None:
        """Take note that a connection is gone."""
        self._here[address] -= 1
        if not self._here[address]:
            del self._here[address]

    def limit(self, limits: Limits) -> None:
        """Go by other limits from now on; nobody is sent away for it."""
        self._limits = limits
        self.turns.resize(limits.unauthenticated)

    # -- logins ---------------------------------------------------------------------------------

    async def verify(self, proof: str, secret: str) -> bool | None:
        """Tell whether a secret is right, on a thread of its own.

        Returns:
            None when too many wait to be verified.
        """
        if self._waiting >= VERIFY_WAITING:
            return None
        self._waiting += 1
        try:
            async with self._verifying:
                return await asyncio.to_thread(verifies, proof, secret)
        finally:
            self._waiting -= 1

    async def answer(
        self,
        connection: ServerConnection,
        request: Request,
        now: datetime,
        *,
        board_url: str,
        board_only: bool,
    ) -> tuple[Answer, str]:
        """Answer ``/login`` and ``/logout``.

        Args:
            connection: The connection.
            request: What it asks for.
            now: The time.
            board_url: Where phones find the board.
            board_only: It came to the port where only the board is served.

        Returns:
            The answer, and the ticket that ended with it.
        """
        if board_only:
            return _said(HTTPStatus.FORBIDDEN, "nobody logs in without TLS"), ""
        secure = self.is_secure(connection)
        if not _is_ours(request, board_url, secure=secure):
            return _said(HTTPStatus.FORBIDDEN, "not from a page of another site"), ""
        if request.path.partition("?")[0] == "/logout":
            ticket = self._ticket(request, secure=secure)
            self._logins.pop(ticket, None)
            return _said(HTTPStatus.OK, "good bye", _cookie("", 0, secure=secure)), ticket
        return await self._log_in(connection, request, now), ""

    async def _log_in(self, connection: ServerConnection, request: Request, now: datetime) -> Answer:
        address = self._address(connection, request)
        guesses = self.desk.guesses
        if not guesses.may_take(address, now):
            return _said(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong logins from here: wait a minute")
        scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
        claimed = read_token(token.strip()) if scheme.lower() == "bearer" else None
        asked = ("WWW-Authenticate", "Bearer")
        if claimed is None:
            guesses.take(address, now)
            return _said(HTTPStatus.UNAUTHORIZED, "an operator's token is wanted, as Bearer", asked)
        number, secret = claimed
        right = await self.verify(self.access.proof_of(number), secret)
        if right is None:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, "too many log in just now: try again")
        holder = self.access.holders.get(number)
        if not right or holder is None:
            guesses.take(address, now)
            return _said(HTTPStatus.UNAUTHORIZED, "the operator's token is wrong", asked)
        value = secrets.token_urlsafe(32)
        if len(self._logins) >= _MOST_LOGINS:
            del self._logins[next(iter(self._logins))]
        self._logins[_hashed(value)] = _Login(number, now + LOGIN)
        cookie = _cookie(value, int(LOGIN.total_seconds()), secure=self.is_secure(connection))
        return _said(HTTPStatus.OK, holder.name, cookie)

    def is_logged_in(self, connection: ServerConnection, request: Request, now: datetime) -> bool:
        """Tell whether a plain request comes from the browser of an operator who is logged in.

        Pages of others may ask with the cookie; what they are answered their browser does not let them read.

        Args:
            connection: The connection.
            request: What it asks for.
            now: The time.
        """
        return self._login(self._ticket(request, secure=self.is_secure(connection)), now) is not None

    def follow(self, access: Access) -> None:
        """Go by what was granted and revoked since; a login whose access is gone ends."""
        before, self.access = self.access, access
        self._logins = {
            ticket: login
            for ticket, login in self._logins.items()
            if access.holders.get(login.operator) == before.holders.get(login.operator)
            and login.operator in access.holders
        }

    def ended(self, tickets: Iterable[str], now: datetime) -> set[str]:
        """Tell which of some logins are over."""
        return {ticket for ticket in tickets if self._login(ticket, now) is None}

    def _login(self, ticket: str, now: datetime) -> _Login | None:
        login = self._logins.get(ticket)
        if login is not None and now >= login.until:
            del self._logins[ticket]
            return None
        return login

    def _ticket(self, request: Request, *, secure: bool) -> str:
        """Find the login that a request's cookie names; the server keeps its hash only."""
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load("; ".join(request.headers.get_all("Cookie")))
        except CookieError:
            return ""
        found = cookies.get(_cookie_name(secure=secure))
        return _hashed(found.value) if found is not None else ""


def _is_ours(request: Request, board_url: str, *, secure: bool) -> bool:
    """Tell whether a request comes from no page, or from one that this server sent.

    ``null`` and ``file://`` are origins without a host, and none of ours. Nor is, over TLS, a page that
    came without: somebody on the way may have written it.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        # A picture that a page of another site shows has none either, and brings the cookie where that
        # page is of another port of this host. A program says nothing of where it comes from.
        return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    try:
        parts = urlsplit(origin)
        ours = {(request.headers.get("Host") or "").lower(), urlsplit(board_url).netloc.lower()}
    except ValueError:
        return False
    schemes = ("https",) if secure else ("http", "https")
    return parts.scheme in schemes and bool(parts.netloc) and parts.netloc.lower() in ours


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _cookie_name(*, secure: bool) -> str:
    # The prefix has browsers refuse such a cookie from any page but one of this host over TLS.
    return "__Host-toctoc" if secure else "toctoc"


def _cookie(value: str, seconds: int, *, secure: bool) -> tuple[str, str]:
    text = f"{_cookie_name(secure=secure)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return "Set-Cookie", f"{text}; Secure" if secure else text


def _said(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status=status, headers=(*_PLAIN, *headers), body=f"{text}\n".encode())


def _later(connection: ServerConnection, status: HTTPStatus, why: str) -> Response:
    response = connection.respond(status, f"{why}: try again later\n")
    response.headers["Retry-After"] = "5"
    return response
