"""How a command is done: by the running server, asked as its operator; when none runs, in the log itself."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from actors.settings import SchoolSettings
from events.client import GatewayError, converse
from events.clock import SystemClock
from events.errors import LogError, LogLocked, ToctocError
from events.local import NotReadable, NotThere
from events.log import Batch, Draft
from events.places import CONFIG
from events.sqlite import SqliteLog
from events.wire import ClientMessage, Refused, ServerMessage

TIMEOUT = 10.0
"""Seconds for which the server's answer is waited for."""
T = TypeVar("T", bound=ServerMessage)


class NotDone(ToctocError):
    """The server refused."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """Give a command its ``--config``: a door's screen shows `toctoc pair CODE --room …` and no more."""
    parser.add_argument(
        "--config", type=Path, default=CONFIG, metavar="school.toml", help=f"default: {CONFIG}"
    )


def ask_server(settings: SchoolSettings, order: ClientMessage, answer: type[T]) -> T:
    """Ask the running server as operator.

    Args:
        settings: Where it listens, and where the operator's token lies.
        order: What to ask.
        answer: What is waited for.

    Raises:
        GatewayError: No server answers.
        NotDone: It refused.
        NotReadable: Its token is for its user alone.
    """
    with closing(ask_server_for_all(settings, order, answer)) as answers:
        return next(answers)


def ask_server_for_all(
    settings: SchoolSettings, order: ClientMessage, answer: type[T]
) -> Generator[T, None, None]:
    """Ask the running server as operator for something that comes in several messages.

    Args:
        settings: Where it listens, and where the operator's token lies.
        order: What to ask.
        answer: What is waited for, again and again: the caller knows the last one.

    Raises:
        GatewayError: No server answers.
        NotDone: It refused.
        NotReadable: Its token is for its user alone.
    """
    server = settings.local_server
    try:
        token = server.token()
    except NotThere as error:
        raise GatewayError(server.address, str(error)) from None
    try:
        pin = server.pin()
    except NotReadable as error:
        raise GatewayError(server.address, str(error)) from None
    until = time.monotonic() + TIMEOUT
    with converse(server.address, token=token, pin=pin, timeout=TIMEOUT) as conversation:
        conversation.say(order)
        while True:
            message = conversation.hear(until=until)
            if isinstance(message, answer):
                yield message
            if isinstance(message, Refused):
                raise NotDone(message.reason)


def by_hand(
    settings: SchoolSettings,
    who: str,
    make: Callable[[SqliteLog, datetime], Draft],
    unreachable: GatewayError,
) -> int:
    """Record an event without a server, under the log's lock.

    Args:
        settings: Where the log is.
        who: What the lock tells others.
        make: Makes the event of the log as it is and the time; what it raises is passed on.
        unreachable: Why the server was not asked.

    Returns:
        Position of the event in the log.

    Raises:
        LogError: There is no log yet, or a server holds it that does not answer.
    """
    if not (settings.data / "log.db").exists():
        raise LogError(f"{settings.data}: there is no log here; start the server once")
    try:
        log = SqliteLog(settings.data, who=who)
    except LogLocked as locked:
        raise LogError(f"the server does not answer ({unreachable}), and {locked}") from unreachable
    try:
        if log.head() == 0:
            raise LogError(f"{log.path}: nothing is in this log; start the server once")
        return log.append(Batch(drafts=(make(log, SystemClock().now()),)))[0].seq
    finally:
        log.close()
