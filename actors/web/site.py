"""What is served beside the live channel: the pages, how the server is, and feeds for others.

Pure: a request and what is known go in, an answer comes out; `actors.live.plain` reads and writes the socket.
Every path is looked up in a table and no file is opened for a request, so no path leads out of the
pages' folders. `websockets` serves GET only and closes each connection behind its answer.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import msgspec

from actors.web.answer import JSON, Answer, File, Request, etag_of, get_only, made, refuse, segments, sent
from actors.web.calendar import calendar
from actors.web.health import Condition, health, metrics
from actors.web.rooms import Shown, rooms_json
from events.ids import RoomKey

FOLDER = Path(__file__).parent / "board"
OFFICE = Path(__file__).parent / "office"
LONGEST_TARGET = 2048
"""Letters of path and query; a longer request is none of ours."""

_FILES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "link.js": "text/javascript; charset=utf-8",
    "rooms.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "manifest.webmanifest": "application/manifest+json",
    "icon.svg": "image/svg+xml",
    "icon-192.png": "image/png",
}
_OFFICE_FILES = {
    "desk.html": "text/html; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "desk.css": "text/css; charset=utf-8",
}


def load_files(folder: Path = FOLDER) -> dict[str, File]:
    """Read the files of the board and of the desk's page once, at the start.

    Returns:
        The files by the path under which they are served.

    Raises:
        OSError: One is missing: the installation is not whole.
    """
    files = {}
    there = {folder / name: kind for name, kind in _FILES.items()}
    there |= {OFFICE / name: kind for name, kind in _OFFICE_FILES.items()}
    for path, content_type in there.items():
        body = path.read_bytes()
        packed = gzip.compress(body, mtime=0)
        files[f"/{path.name}"] = File(
            content_type=content_type,
            etag=etag_of(body),
            body=body,
            packed=packed if len(packed) < len(body) else b"",
        )
    return files


class Web:
    """Answers plain GET requests. Belongs to one thread.

    Args:
        files: What `load_files` read.
    """

    def __init__(self, files: Mapping[str, File]) -> None:
        self._files = files
        self._feeds: dict[tuple[str, str], tuple[int, datetime, File]] = {}

    def answer(self, request: Request, shown: Shown, condition: Condition, now: datetime) -> Answer:
        """Answer a request.

        Args:
            request: What is wanted.
            shown: What the board may see.
            condition: How the server is.
            now: The time.
        """
        if request.method != "GET":
            return get_only()
        if len(request.target) > LONGEST_TARGET:
            return refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"at most {LONGEST_TARGET} letters, please")
        try:
            parts = segments(request.target)
        except ValueError as error:
            return refuse(HTTPStatus.BAD_REQUEST, str(error))
        match parts:
            case [""]:
                return self._file("/index.html", request)
            case ["desk"]:
                return self._file("/desk.html", request)
            case ["healthz"]:
                return health(condition, shown, now)
            case ["metrics"]:
                return metrics(condition, shown, now)
            case ["rooms.json"]:
                return self._rooms(request, shown, now)
            case [name] if f"/{name}" in self._files:
                return self._file(f"/{name}", request)
            case ["room", name] if name.endswith(".ics") and RoomKey(name[:-4]) in shown.rooms:
                return self._calendar(RoomKey(name[:-4]), request, shown, now)
            case ["room", name]:
                there = RoomKey(name) in shown.rooms
            case ["wing", name]:
                there = any(room.day.info and room.day.info.wing == name for room in shown.rooms.values())
            case _:
                return refuse(HTTPStatus.NOT_FOUND, "nothing here; the board is /, the live channel /ws")
        # The page itself says that there is no such room: whoever scanned an old code wants a room.
        return self._file("/index.html", request, status=HTTPStatus.OK if there else HTTPStatus.NOT_FOUND)

    def _file(self, path: str, request: Request, *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        return sent(self._files[path], request, status=status)

    def _rooms(self, request: Request, shown: Shown, now: datetime) -> Answer:
        known = self._feeds.get(("rooms", ""))
        if known is None or known[0] != shown.version or now >= known[1]:
            body, until = rooms_json(shown, now)
            known = shown.version, until, made(body, JSON)
            self._feeds["rooms", ""] = known
        return sent(known[2], request)

    def _calendar(self, key: RoomKey, request: Request, shown: Shown, now: datetime) -> Answer:
        cached = self._feeds.get((key, request.language))
        if cached is None or cached[0] != shown.version or now >= cached[1]:
            room = shown.rooms[key]
            body = calendar(room, shown.rules, now, titles=shown.titles, language=request.language)
            until = now + timedelta(minutes=1)  # "nobody has confirmed" becomes true by time alone
            cached = shown.version, until, made(body, "text/calendar; charset=utf-8")
            self._feeds[key, request.language] = cached
        answer = sent(cached[2], request)
        return msgspec.structs.replace(answer, headers=(*answer.headers, ("Vary", "Accept-Language")))
