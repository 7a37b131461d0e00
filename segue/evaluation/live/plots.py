"""A live report as pictures: hit@10 by week since the cut, with intervals, and all arms side by side.

Knows the report's JSON and matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

# One panel for each kind of arm: lines within it compare.
PANELS = ("system", "item-knn", "codes", "classes", "popularity")


def plot(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the pictures as PNG and return their paths."""
    paths = []
    for name, figure in (("by_week.png", _by_week(report["arms"])), ("arms.png", _bars(report["arms"]))):
        figure.savefig(folder / name)
        paths.append(folder / name)
    return paths


def _by_week(arms: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(4 * len(PANELS), 4), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True)
    for axis, panel in zip(axes, PANELS, strict=True):
        for name, arm in arms.items():
            if name.startswith(panel):
                weeks = [int(week) for week in arm["by_week"]]
                points = list(arm["by_week"].values())
                (line,) = axis.plot(weeks, [point["value"] for point in points], marker="o", markersize=3, label=name)
                ends = [[point["interval"][end] or point["value"] for point in points] for end in (0, 1)]
                axis.fill_between(weeks, *ends, alpha=0.12, color=line.get_color())
        axis.set_title(panel)
        axis.set_xlabel("week after the cut")
        axis.legend(fontsize="x-small")
    axes[0].set_ylabel("hit@10 of all additions")
    return figure


def _bars(arms: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(7, 0.3 * len(arms) + 1), layout="constrained")
    axis = figure.subplots()
    values = [arm["hit10"]["value"] for arm in arms.values()]
    ends = [arm["hit10"]["interval"] for arm in arms.values()]
    below = [max(0.0, value - (end[0] or value)) for value, end in zip(values, ends, strict=True)]
    above = [max(0.0, (end[1] or value) - value) for value, end in zip(values, ends, strict=True)]
    axis.barh(list(arms), values, xerr=[below, above], capsize=2)
    axis.invert_yaxis()
    axis.set_xlabel("hit@10 of all additions, 90 % intervals over playlists")
    return figure
