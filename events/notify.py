"""Tells the service manager how it goes: the sender's half of systemd's `sd_notify(3)`."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    r"""Send a state to the service manager; does nothing where none asked for it.

    Never blocks and never raises: a manager that cannot be reached is logged, and is no reason to end.

    Args:
        state: Assignments on lines of their own, such as ``READY=1``, ``WATCHDOG=1`` or
            ``STOPPING=1\nSTATUS=closing the log``.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(state.encode(), address)
        except OSError as error:
            log.warning("the service manager does not hear us: %s", error)


def watchdog_every() -> float | None:
    """Tell how often the service manager wants a sign of life: half of its patience.

    Returns:
        Seconds between two ``WATCHDOG=1``; None where it wants none from this process.
    """
    try:
        patience = int(os.environ.get("WATCHDOG_USEC", "")) / 1e6
        meant = int(os.environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return patience / 2 if patience > 0 and meant == os.getpid() else None
