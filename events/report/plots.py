"""Plots of a report, as SVG that stands in a page; needs matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

INK, PALE, RED, BLUE, ORANGE = "#1c2126", "#c9d1d9", "#b3261e", "#1f5f99", "#b45f06"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters stay letters: they can be searched, and read aloud
    "font.family": "DejaVu Sans",  # comes with matplotlib, and is wider than what the page uses instead
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "toctoc",  # the same figures make the same bytes
}
_WIDTH = 7.6


def heat_map(
    name: str,
    rows: Sequence[str],
    columns: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    label: str,
    highest: float,
) -> str:
    """Draw shares by hour and weekday; what was never open stays white.

    Args:
        name: Of the plot: its parts are named after it.
        rows: From top to bottom.
        columns: From left to right.
        shares: From 0 to 1, by row and column; None where there is none.
        label: What they are.
        highest: The share that has the darkest colour.
    """
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(0.42 * len(rows) + 0.9)
        values = [[float("nan") if one is None else 100 * one for one in row] for row in shares]
        image = axes.pcolormesh(
            values, cmap="YlGnBu", vmin=0, vmax=max(100 * highest, 1), edgecolors="white", linewidth=1
        )
        axes.invert_yaxis()
        axes.set_xticks([x + 0.5 for x in range(len(columns))], columns)
        axes.set_yticks([y + 0.5 for y in range(len(rows))], rows)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for y, row in enumerate(shares):
            for x, one in enumerate(row):
                if one is not None:
                    colour = _legible_on(image.to_rgba(100 * one))
                    axes.text(
                        x + 0.5,
                        y + 0.5,
                        f"{100 * one:.0f}",
                        ha="center",
                        va="center",
                        color=colour,
                        fontsize=8,
                        in_layout=False,  # it lies within: to measure it takes as long as to draw it
                    )
        bar = figure.colorbar(image, ax=axes, pad=0.02, fraction=0.03)
        bar.set_label(label)
        bar.outline.set_visible(False)
        return _svg(figure, name, label)


def room_bars(
    name: str, rooms: Sequence[str], booked: Sequence[float], used: Sequence[float], labels: tuple[str, str]
) -> str:
    """Draw for each room the share of its open time that was booked, and in it the share that was used."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(0.19 * len(rooms) + 0.9)
        places = range(len(rooms))
        axes.barh(places, [100 * one for one in booked], height=0.72, color=PALE, label=labels[0])
        axes.barh(places, [100 * one for one in used], height=0.42, color=BLUE, label=labels[1])
        axes.set_yticks(places, rooms)
        axes.invert_yaxis()
        axes.margins(y=0.01)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter("{x:.0f} %")
        axes.legend(loc="lower right", frameon=False)
        return _svg(figure, name, ", ".join(labels))


def rate_bars(
    name: str, groups: Sequence[str], rates: Sequence[float | None], written: Sequence[str], label: str
) -> str:
    """Draw rates of groups, each as it is written above it; nothing where nothing was observed."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(2.2)
        heights = [0.0 if one is None else 100 * one for one in rates]
        bars = axes.bar(range(len(groups)), heights, color=RED, width=0.62)
        axes.bar_label(bars, written, fontsize=8, padding=2)
        axes.set_xticks(range(len(groups)), groups, fontsize=8)
        axes.tick_params(axis="x", length=0)
        axes.margins(y=0.12)
        axes.yaxis.set_major_formatter("{x:.0f} %")
        axes.set_ylabel(label)
        return _svg(figure, name, label)


def policy_lines(
    name: str,
    minutes: Sequence[int],
    hours: Sequence[float],
    came: Sequence[int],
    labels: tuple[str, str, str],
) -> str:
    """Draw hours given back under each rule, against the bookings that somebody came to later."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(2.9)
        axes.plot(minutes, hours, color=BLUE, marker="o", label=labels[1])
        axes.set_ylim(0, 1.1 * max([*hours, 1]))
        axes.set_xticks(list(minutes), [f"+{one}" for one in minutes])
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1], color=BLUE)
        other = axes.twinx()
        other.plot(minutes, came, color=ORANGE, marker="s", linestyle="--", label=labels[2])
        other.set_ylim(0, 1.1 * max([*came, 1]))
        other.set_ylabel(labels[2], color=ORANGE)
        other.spines["right"].set_visible(True)
        return _svg(figure, name, ", ".join(labels[1:]))


def _legible_on(colour: Sequence[float]) -> str:
    """Choose the ink that has more contrast on a colour, as WCAG 2 counts it."""
    ground, ink = _luminance(colour) + 0.05, _luminance(to_rgb(INK)) + 0.05
    return "white" if 1.05 / ground > ground / ink else INK


def _luminance(colour: Sequence[float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure, name: str, label: str) -> str:
    """Write a figure as an element of a page; its names are its own, for a page has many figures."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r'^<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg role="img" viewBox="\1">', text, count=1)
    title = label.replace("&", "&amp;").replace("<", "&lt;")
    return '<div class="plot">' + text.replace(">", f"><title>{title}</title>", 1) + "</div>"
