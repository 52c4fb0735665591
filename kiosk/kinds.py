"""Which kinds of sensors there are, without importing any."""

from __future__ import annotations

GROUP = "toctoc.sensors"
"""The entry-point group of other people's sensors."""
BUILT_IN = ("motion", "air")
"""The kinds that every door knows."""


def kinds() -> tuple[str, ...]:
    """Name the kinds of sensors that this door knows, the built-in ones first."""
    from importlib.metadata import entry_points  # noqa: PLC0415  # 15 ms that a door without sensors spares

    return (*BUILT_IN, *sorted(entry_points(group=GROUP).names - set(BUILT_IN)))
