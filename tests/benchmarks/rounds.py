"""Interleaves a thing of ours with its floor, and prints medians and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Callable

ROUNDS = 5


def compare(
    title: str,
    unit: str,
    ours: Callable[[], float],
    floor: Callable[[], float],
    *,
    aim: str,
    more_is_better: bool = False,
    rounds: int = ROUNDS,
) -> float:
    """Run both in turn.

    Args:
        title: What is compared.
        unit: Of the figures.
        ours: Gives a figure of ours.
        floor: Gives the floor's.
        aim: The ratio aimed at, in words.
        more_is_better: Whether the figures are rates.
        rounds: How often.

    Returns:
        Median of ours divided by the median of the floor's.
    """
    ours()
    floor()
    pairs = [(ours(), floor()) for _ in range(rounds)]
    return report(title, unit, pairs, aim=aim, more_is_better=more_is_better)


def report(
    title: str, unit: str, pairs: list[tuple[float, float]], *, aim: str, more_is_better: bool = False
) -> float:
    """Print what was measured.

    Args:
        title: What is compared.
        unit: Of the figures.
        pairs: A figure of ours and the floor's for each round.
        aim: The ratio aimed at, in words.
        more_is_better: Whether the figures are rates.

    Returns:
        Median of ours divided by the median of the floor's.
    """
    mine = statistics.median(one for one, _ in pairs)
    bare = statistics.median(other for _, other in pairs)
    ratio = mine / bare
    better = "of it" if more_is_better else "times it"
    spread = ", ".join(f"{one / other:.2f}" for one, other in pairs)
    print(f"{title}: {mine:,.3f} {unit}; floor {bare:,.3f} {unit}")
    print(f"  {ratio:.2f} {better} (rounds {spread}); aim: {aim}")
    return ratio
