"""When something happened that a door tells later: by its clocks and by when it came. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from events.wire import SendPress, SendSensed


def when_pressed(delivery: SendPress, received_at: datetime) -> tuple[datetime, datetime]:
    """Tell when a press happened, and the earliest it can have been.

    In the door's same run that is the receipt minus its age on ``CLOCK_BOOTTIME``. After a
    restart of the door it was before that run began; a wall clock that was set from a time server
    tells it, one that was not tells the earliest: such clocks are behind, never ahead.

    Args:
        delivery: The press as it came.
        received_at: The server's time.
    """
    press = delivery.press
    if press.boot_id == delivery.boot_id:
        age = max(0, delivery.boottime - press.boottime)
        pressed_at = received_at - timedelta(milliseconds=age)
        return pressed_at, pressed_at
    run_began = received_at - timedelta(milliseconds=max(0, delivery.boottime))
    earliest = min(press.wall, run_began)
    return (earliest if press.wall_synchronised else run_began), earliest


def when_sensed(delivery: SendSensed, received_at: datetime) -> datetime:
    """Tell when a sensor felt something: the receipt minus its age on ``CLOCK_BOOTTIME``.

    A door keeps what it felt in memory only, so it is of the machine's present run. What claims to
    be older than that run was when it began, what claims to be still to come is now.

    Args:
        delivery: What was felt, as it came.
        received_at: The server's time.
    """
    age = delivery.boottime - max(0, delivery.at)
    return received_at - timedelta(milliseconds=max(0, age))
