"""A report as a Markdown text: what was measured of each system, and the figures with their intervals.

Knows the report's JSON, no comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

# Heading and where the report has it: a metric, or a slice and its metric.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "hit@10": ("hit10",),
    "MRR": ("mrr",),
    "hit@100": ("hit100",),
    "known: hit@10": ("slices", "known", "hit10"),
    "MRR ": ("slices", "known", "mrr"),
    "cold: hit@10": ("slices", "cold", "hit10"),
    "hit@100 ": ("slices", "cold", "hit100"),
}
LISTS: Mapping[str, tuple[str, ...]] = {
    "hit@1": ("hit1",),
    "NDCG@10": ("ndcg10",),
    "recall@10": ("recall10",),
    "recall@100": ("recall100",),
    "coverage@10": ("coverage10",),
    "novelty@10": ("novelty10",),
    "Gini@10": ("gini10",),
}


def text(report: Mapping[str, Any]) -> str:
    """Return the report's tables, the settings that were chosen and the figures."""
    task, systems = report["task"], report["systems"]
    slices = task["slices"]
    counts = ", ".join(f"{count:,} {name}" for name, count in slices.items())
    positions = sum(slices.get(name, 0) for name in ("known", "cold"))
    intro = (
        f"Cut {task['until'] or 'none'}; {task['tracks']:,} tracks, of which {task['newcomers']:,} are first seen "
        f"after it; {positions:,} positions in {task['histories']:,} histories ({counts}); "
        f"{task['validation_positions']:,} validation positions."
    )
    chosen = [f"- {name}: {'; '.join(each['settings'])}" for name, each in systems.items() if any(each["settings"])]
    parts = [
        intro,
        metrics(report),
        _table(systems, LISTS),
        figures(report),
        "Chosen on validation:",
        "\n".join(chosen),
    ]
    return "\n\n".join(part for part in parts if part)


def metrics(report: Mapping[str, Any]) -> str:
    """Return the table of systems; a seeded one's values are means over its seeds, of which it says how many.

    Minutes are the processor's, for all seeds together.
    """
    minutes = {name: f"{each['minutes']:.1f}" for name, each in report["systems"].items()}
    return _table(report["systems"], COLUMNS, {"minutes": minutes})


def figures(report: Mapping[str, Any]) -> str:
    """Return the table of those figures that have an interval, with whom they are against; nothing where none has."""
    found = report["figures"]
    rows = [
        [f"`{name}`", _value(value), " – ".join(map(_value, found[f"{name}_interval"])), found.get(f"{name}_rival", "")]
        for name, value in found.items()
        if f"{name}_interval" in found
    ]
    return _aligned([["figure", "value", "90 % interval", "over"], *rows]) if rows else ""


def _table(
    systems: Mapping[str, Any],
    columns: Mapping[str, Sequence[str]],
    told: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """Lay out a line for each system; `told` are further columns, by heading and system."""
    rows = [
        [
            _titled(name, each),
            *(_value(_at(each, path)) for path in columns.values()),
            *(values[name] for values in told.values()),
        ]
        for name, each in systems.items()
    ]
    return _aligned([["system", *(heading.strip() for heading in columns), *told], *rows])


def _titled(name: str, system: Mapping[str, Any]) -> str:
    seeds = len(system["hit10_by_seed"])
    return f"{name}, {seeds} seeds" if seeds > 1 else name


def _at(system: Any, path: Sequence[str]) -> float | None:
    for step in path:
        system = system.get(step)
        if system is None:
            return None
    return float(system)


def _value(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 1.0 or value == 0.0:
        return f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return f"{value:.4f}".removeprefix("0")


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = ("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows)
    return "\n".join((head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *body))
