"""A report as pictures: metrics side by side, slices, curves. Knows the report's JSON and matplotlib, no comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

BARS = ("hit10", "hit100", "mrr", "recall100")
SLICES = ("head", "torso", "tail", "cold")
# matplotlib's own cycle; lines beyond it are dashed.
_COLOURS = 10


def plot(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the pictures as PNG and return their paths."""
    systems: Mapping[str, Any] = report["systems"]
    pictures = {
        "systems.png": _bars({metric: {name: each[metric] for name, each in systems.items()} for metric in BARS}),
        "slices.png": _bars(
            {
                f"hit@100, {part}": {name: each["slices"][part]["hit100"] for name, each in systems.items()}
                for part in SLICES
                if all(part in each["slices"] for each in systems.values())
            }
        ),
        "by_length.png": _lines(systems, "by_length", "moments before the position"),
        "by_week.png": _lines(systems, "by_week", "week after the cut"),
    }
    paths = []
    for name, figure in pictures.items():
        if figure is not None:
            figure.savefig(folder / name)
            paths.append(folder / name)
    return paths


def _bars(panels: Mapping[str, Mapping[str, float]]) -> Figure | None:
    """Draw a panel of horizontal bars for each metric."""
    if not panels:
        return None
    names = list(next(iter(panels.values())))
    figure = Figure(figsize=(3.2 * len(panels) + 1.5, 0.35 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        axis.barh(names, [values[name] for name in names])
        axis.set_title(title)
    axes[0].invert_yaxis()
    return figure


def _lines(systems: Mapping[str, Any], curve: str, label: str) -> Figure | None:
    """Draw hit@10 of every system along a curve."""
    if not any(each[curve] for each in systems.values()):
        return None
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axis = figure.subplots()
    for place, (name, each) in enumerate(systems.items()):
        points: Mapping[str, Any] = each[curve]
        style = "-" if place < _COLOURS else "--"
        axis.plot(list(points), [point["hit10"] for point in points.values()], style, marker="o", label=name)
    axis.set_xlabel(label)
    axis.set_ylabel("hit@10")
    axis.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
