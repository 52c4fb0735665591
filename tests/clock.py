"""A clock that goes only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
"""A Friday, 08:00 in Paris."""


class FakeClock:
    """Both clocks of a machine, by hand: fits `events.clock.Clock`.

    Args:
        now: The wall clock at first.
        boottime: Seconds since the machine was started, at first.
    """

    def __init__(self, now: datetime = START, boottime: float = 1000.0) -> None:
        self._now = now
        self._boottime = boottime

    def now(self) -> datetime:
        """Tell the wall-clock time."""
        return self._now

    def boottime(self) -> float:
        """Tell the seconds since the machine was started."""
        return self._boottime

    def advance(self, by: timedelta | float) -> datetime:
        """Let time pass: both clocks go on.

        Args:
            by: For how long; a number means seconds.

        Returns:
            The wall-clock time now.
        """
        by = by if isinstance(by, timedelta) else timedelta(seconds=by)
        assert by >= timedelta(), "time does not run backwards: see `set_wall`"
        self._boottime += by.total_seconds()
        self._now += by
        return self._now

    def set_wall(self, now: datetime) -> None:
        """Set the wall clock, forwards or back, as a time server does; the other one goes on."""
        assert now.tzinfo is not None
        self._now = now

    def reboot(self, *, down_for: timedelta = timedelta()) -> None:
        """Start the machine anew: the clock since its start begins at zero."""
        self._now += down_for
        self._boottime = 0.0
