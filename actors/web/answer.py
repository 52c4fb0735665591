"""Requests and answers of plain HTTP. Pure."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import Literal
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct

Language = Literal["fr", "en"]

JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFETY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    # No school that puts a proxy in front has to wonder: each answer is asked for again, and is short
    # when nothing changed.
    ("Cache-Control", "no-cache"),
)
_SECURE = ("Cross-Origin-Opener-Policy", "same-origin")
"""For pages that came over TLS: over plain, browsers ignore it and write an error of it."""


class Request(Struct, frozen=True, kw_only=True):
    """What is wanted.

    Attributes:
        target: Path and query as they came.
        method: ``GET``, or what we do not do.
        known: The ``If-None-Match`` header: what the client has already.
        gzip: Whether it takes a compressed answer.
        language: Which of our languages it would rather read.
        secure: Whether it came over TLS.
    """

    target: str
    method: str = "GET"
    known: str = ""
    gzip: bool = False
    language: Language = "fr"
    secure: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """What is sent.

    Attributes:
        headers: Without ``Content-Length``, ``Connection`` and ``Date``, which the rim adds.
    """

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


class File(Struct, frozen=True, kw_only=True):
    """A file of the page, ready to be sent.

    Attributes:
        etag: Names these bytes.
        packed: The body, gzip; empty where that is no shorter.
    """

    content_type: str
    etag: str
    body: bytes
    packed: bytes


def segments(target: str) -> list[str]:
    """Take the path of a request apart and decode it.

    Args:
        target: Path and query as they came, such as ``/room/L213?lang=en``.

    Returns:
        What stands between the slashes; ``[""]`` for ``/``.

    Raises:
        ValueError: It cannot be understood.
    """
    if not target.startswith("/"):
        raise ValueError("the path has to begin with a slash")
    path = target.partition("?")[0]
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise ValueError("a % in the path is not followed by two hex digits")
    try:
        parts = [unquote_to_bytes(part).decode() for part in path[1:].split("/")]
    except UnicodeDecodeError:
        raise ValueError("the path is not UTF-8") from None
    if any(not letter.isprintable() for part in parts for letter in part):
        raise ValueError("the path holds a character that cannot be written")
    return parts


def preferred(accept: str) -> Language:
    """Tell which of our languages somebody would rather read, by their ``Accept-Language``."""
    best: tuple[float, Language] = (0.0, "fr")
    for part in accept.split(","):
        name, _, quality = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", quality)
        weight = float(match[1]) if match else 1.0
        if language == "en" and weight > best[0]:
            best = weight, "en"
        elif language == "fr" and weight > best[0]:
            best = weight, "fr"
    return best[1]


def sent(file: File, request: Request, *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Answer with a file, or say that the client has it already (RFC 9110, part 13)."""
    packed = request.gzip and bool(file.packed)
    etag = f'"{file.etag}{"-gzip" if packed else ""}"'
    headers = [("Content-Type", file.content_type), ("ETag", etag), *SAFETY]
    if request.secure:
        headers.append(_SECURE)
    if file.packed:
        headers.append(("Vary", "Accept-Encoding"))
    if status is HTTPStatus.OK and _matches(request.known, etag):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=tuple(headers[1:]), body=b"")
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    return Answer(status=status, headers=tuple(headers), body=file.packed if packed else file.body)


def _matches(known: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return etag in tags or "*" in tags


def made(body: bytes, content_type: str) -> File:
    """Make a file of what was written just now; it is not compressed."""
    return File(content_type=content_type, etag=etag_of(body), body=body, packed=b"")


def etag_of(body: bytes) -> str:
    """Name these bytes."""
    return hashlib.sha256(body).hexdigest()[:20]


def served(body: bytes, content_type: str, request: Request) -> Answer:
    """Answer with a text that was made for this request, or say that the client has it already."""
    return sent(made(body, content_type), request)


def refuse(status: HTTPStatus, why: str) -> Answer:
    """Answer with a reason in words."""
    return Answer(status=status, headers=(("Content-Type", _TEXT), *SAFETY), body=f"{why}\n".encode())


def get_only() -> Answer:
    """Answer any other method."""
    answer = refuse(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is served; what changes something goes over /ws")
    return msgspec.structs.replace(answer, headers=(*answer.headers, ("Allow", "GET")))
