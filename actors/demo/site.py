"""A stand-in for the school's timetable site: one page, as the real FullCalendar renders it.

The page is a full weekday of 35 rooms, its day rewritten to the one asked for.
"""

from __future__ import annotations

import threading
from datetime import date, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

_DAY_OF_THE_PAGE = "2023-04-14"


def page(day: date) -> bytes:
    """Render the busy day as if it were another one."""
    text = (files("actors.demo") / "busy.html").read_text(encoding="utf-8")
    return (
        text.replace(_DAY_OF_THE_PAGE, day.isoformat()).replace("14 avril 2023", f"{day:%d/%m/%Y}").encode()
    )


class Site:
    """Serves the page on a loopback port of its own.

    Args:
        zone: The school's time zone: without ``?day=`` the page shows its today.
    """

    def __init__(self, zone: str) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query).get("day")
                day = date.fromisoformat(asked[0]) if asked else datetime.now(ZoneInfo(zone)).date()
                body = page(day)
                site.served += 1
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing: the demo tells what happens."""

        self.served = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="site", daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/prod/bo/?view=timelineDay"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
