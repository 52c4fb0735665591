"""Plain HTTP on the gateway's port: a thin rim over `actors.web` and `actors.entry.admission`.

Belongs to the gateway's loop.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from actors.entry.admission import Admission
from actors.live.latest import Latest
from actors.web.answer import Answer, preferred
from actors.web.answer import Request as WebRequest
from actors.web.health import Condition
from actors.web.past import Past
from actors.web.site import Web, load_files
from events.clock import Clock


class Plain:
    """Answers what is asked before a WebSocket is open.

    Args:
        latest: What the board may see.
        admission: Lets clients in, or does not.
        past: Replays the log.
        clock: Where the time comes from.
        condition: Tells how the server is.
        log_out: Told of each login that ended.
    """

    def __init__(
        self,
        latest: Latest,
        admission: Admission,
        past: Past,
        clock: Clock,
        *,
        condition: Callable[[], Condition],
        log_out: Callable[[str], None],
    ) -> None:
        self._latest = latest
        self._admission = admission
        self._past = past
        self._clock = clock
        self._condition = condition
        self._log_out = log_out
        self._web = Web(load_files())

    async def answer(
        self, connection: ServerConnection, request: Request, *, board_only: bool
    ) -> Response | None:
        """Answer plain HTTP, and refuse what can be refused before a WebSocket is open.

        Args:
            connection: The connection.
            request: What it asks for.
            board_only: It came to the port where only the board is served.

        Returns:
            None where the WebSocket may open.
        """
        path, now = request.path.partition("?")[0], self._clock.now()
        if path == "/ws":
            return self._admission.refusal(connection, request, now, self._latest.board_url)
        if path in ("/login", "/logout"):
            answer, ended = await self._admission.answer(
                connection, request, now, board_url=self._latest.board_url, board_only=board_only
            )
            if ended:
                self._log_out(ended)
            return _response(answer, now)
        wanted = _wanted(request, secure=not board_only and self._admission.is_secure(connection))
        if path == "/at.json":
            known = not board_only and self._admission.is_logged_in(connection, request, now)
            titles = known or self._latest.board_titles
            return _response(await self._past.answer(wanted, now, titles=titles), now)
        return _response(self._web.answer(wanted, self._latest.shown(), self._condition(), now), now)


def _wanted(request: Request, *, secure: bool) -> WebRequest:
    headers = request.headers
    return WebRequest(
        target=request.path,
        method=getattr(request, "method", "GET"),  # before 17 the library refuses others itself
        known=", ".join(headers.get_all("If-None-Match")),
        gzip="gzip" in ", ".join(headers.get_all("Accept-Encoding")),
        language=preferred(", ".join(headers.get_all("Accept-Language"))),
        secure=secure,
    )


def _response(answer: Answer, now: datetime) -> Response:
    headers = Headers(answer.headers)
    headers["Date"] = format_datetime(now.astimezone(UTC), usegmt=True)
    headers["Connection"] = "close"
    if answer.status is not HTTPStatus.NOT_MODIFIED:
        headers["Content-Length"] = str(len(answer.body))
    return Response(answer.status.value, answer.status.phrase, headers, answer.body)
