"""``toctoc serve``: the server as a program."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from cryptography import x509

from actors.app import SIGN_OF_LIFE, App, StartFailed
from actors.commands.ask import add_config
from actors.settings import SchoolSettings, read_school
from events.config import place
from events.errors import ConfigError, LogError
from events.notify import notify
from events.tls import fingerprint_of

logger = logging.getLogger(__name__)

EX_SOFTWARE = 70
"""Exit status when a part died: the service manager starts the server anew (sysexits.h)."""
RENEW_BEFORE = timedelta(days=14)
"""A school's certificate that ends sooner is warned of."""


def main(argv: Sequence[str]) -> int:
    """Run the server until it is told to stop.

    Returns:
        0 after SIGINT or SIGTERM, 1 when it could not start, 70 when a part of it died.
    """
    parser = argparse.ArgumentParser(
        prog="toctoc serve",
        description="Run the school's server: it reads the timetables, keeps the log and serves the doors.",
        epilog="example: toctoc serve --config /etc/toctoc/school.toml",
    )
    add_config(parser)
    parser.add_argument("--verbose", action="store_true", help="say more in the log")
    arguments = parser.parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    woken = threading.Event()
    try:
        settings = read_school(arguments.config)
        _make_folder(settings)
        app = App(settings, on_end=woken.set)
        app.start()
    except (ConfigError, LogError, StartFailed, OSError) as error:
        print(f"toctoc serve: {error}", file=sys.stderr)
        return 1
    return _run(app, arguments.config, woken)


def _make_folder(settings: SchoolSettings) -> None:
    data, where = settings.data, place("server", "data")
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{data} cannot be made: {error.strerror}"
        raise ConfigError(str(settings.path), where, problem) from error
    if not os.access(data, os.W_OK | os.X_OK):
        problem = f"{data} cannot be written by this user; the service runs as toctoc"
        raise ConfigError(str(settings.path), where, problem)


def _run(app: App, config: Path, woken: threading.Event) -> int:
    stop, reload = threading.Event(), threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        (reload if number == signal.SIGHUP else stop).set()
        woken.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    host, port = app.address
    settings = app.settings
    scheme = "wss" if settings.tls.serve else "ws"
    logger.info("serving %d rooms on %s://%s:%d/ws", len(settings.rooms), scheme, host, port)
    _say_where(settings)
    _say_how_safe(settings)
    _say_how_long(settings)
    notify("READY=1")
    while not stop.is_set():
        woken.wait(SIGN_OF_LIFE / 3)  # a signal, or a part that died, wakes it
        woken.clear()
        if app.ended.is_set():
            break
        if reload.is_set():
            reload.clear()
            _reload(app, config, settings)
        if app.answers():
            app.sign_of_life()
            notify("WATCHDOG=1")
    notify("STOPPING=1")
    # A part that hangs must not keep the others, or the restart, waiting.
    guard = threading.Timer(60, os._exit, (EX_SOFTWARE,))
    guard.daemon = True
    guard.start()
    app.stop()
    return EX_SOFTWARE if app.ended.is_set() else 0


def _say_where(settings: SchoolSettings) -> None:
    if settings.http_port is not None:
        logger.info("the board alone, without TLS, is on http://%s:%d/", settings.host, settings.http_port)
    if settings.devices_port is not None:
        logger.info("small devices are listened to on %s:%d", settings.host, settings.devices_port)


def _say_how_safe(settings: SchoolSettings) -> None:
    if settings.tls.serve:
        logger.info("doors know this server by sha256:%s", fingerprint_of(settings.certificate))
    elif not settings.local and not settings.tls.proxy:
        logger.warning("without TLS: titles and operators' tokens can be read on the network")


def _say_how_long(settings: SchoolSettings) -> None:
    certificate = settings.tls.certificate
    if certificate is None:
        return
    with contextlib.suppress(OSError, ValueError):  # the gateway has told what cannot be read
        if (warning := ending(certificate, datetime.now(UTC))) is not None:
            logger.warning("%s", warning)


def ending(certificate: Path, now: datetime) -> str | None:
    """Tell of a certificate that browsers refuse, or soon will; doors do not mind, they know the key.

    Returns:
        What is to be said; None where there is nothing.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    end = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    if now < end - RENEW_BEFORE:
        return None
    said = f"{certificate} is valid until {end:%Y-%m-%d %H:%M} UTC"
    said += ": browsers refuse it" if end <= now else ", then browsers refuse it"
    return f"{said}; renew it with the same key"


def _reload(app: App, config: Path, started: SchoolSettings) -> None:
    try:
        settings = read_school(config)
    except (ConfigError, OSError) as error:
        logger.error("the configuration stays as it was: %s", error)  # noqa: TRY400  # the text says all
        return
    app.reload(settings)
    logger.info("the configuration was read again")
    if waiting := needs_restart(started, settings):
        logger.warning("%s: followed after a restart only", ", ".join(waiting))
    _say_how_long(settings)


def needs_restart(started: SchoolSettings, wanted: SchoolSettings) -> list[str]:
    """Tell which keys differ that a running server does not follow."""
    keys = {
        place("server", "host"): (started.host, wanted.host),
        place("server", "port"): (started.port, wanted.port),
        place("server", "data"): (started.data, wanted.data),
        place("tls", "use"): ((started.tls.serve, started.tls.proxy), (wanted.tls.serve, wanted.tls.proxy)),
        place("board", "http"): (started.http_port, wanted.http_port),
        place("devices", "port"): (started.devices_port, wanted.devices_port),
    }
    return [key for key, (before, after) in keys.items() if before != after]
