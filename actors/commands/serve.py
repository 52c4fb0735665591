"""``toctoc serve``: the server as a program."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from actors.app import SIGN_OF_LIFE, App, StartFailed
from actors.entry.tls import CERTIFICATE_FILE, fingerprint_of
from actors.settings import SchoolSettings, read_school
from events.errors import ConfigError, LogError
from events.notify import notify

logger = logging.getLogger(__name__)

EX_SOFTWARE = 70
"""Exit status when a part died: the service manager starts the server anew (sysexits.h)."""


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
    parser.add_argument("--config", type=Path, required=True, metavar="school.toml")
    parser.add_argument("--verbose", action="store_true", help="say more in the log")
    arguments = parser.parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)
    woken = threading.Event()
    try:
        app = App(read_school(arguments.config), on_end=woken.set)
        app.start()
    except (ConfigError, LogError, StartFailed, OSError) as error:
        print(f"toctoc serve: {error}", file=sys.stderr)
        return 1
    return _run(app, arguments.config, woken)


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
    _say_how_safe(settings)
    notify("READY=1")
    while not stop.is_set():
        woken.wait(SIGN_OF_LIFE / 3)  # a signal, or a part that died, wakes it
        woken.clear()
        if app.ended.is_set():
            break
        if reload.is_set():
            reload.clear()
            _reload(app, config)
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


def _say_how_safe(settings: SchoolSettings) -> None:
    if settings.tls.serve:
        certificate = settings.tls.certificate or settings.data / CERTIFICATE_FILE
        logger.info("doors know this server by sha256:%s", fingerprint_of(certificate))
    elif not settings.local and not settings.tls.proxy:
        logger.warning("without TLS: titles and operators' tokens can be read on the network")


def _reload(app: App, config: Path) -> None:
    try:
        settings = read_school(config)
    except (ConfigError, OSError) as error:
        logger.error("the configuration stays as it was: %s", error)  # noqa: TRY400  # the text says all
        return
    app.reload(settings)
    logger.info("the configuration was read again")
