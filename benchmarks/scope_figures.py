"""The figures of scope: a milestone at an instant that has passed, and the family of detectors."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.processes import run
from benchmarks.scope_world import World

#: What is promised: name -> (bound, what it bounds).
BOUNDS = {
    "scope_as_of_cold": (
        0.3,
        "seconds to the scope of one milestone of 500 items ten days ago, 1,000,000 items, cold",
    ),
    "scope_family_over_sql": (
        3.0,
        "CPU of the scope family over 500 open milestones / of the bare SQL of the same rows",
    ),
}
#: Looks at one milestone each; the least disturbed one counts.
LOOKS = 5


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures: the best of several, as a busy machine only adds to them."""
    store = directory / "scope.db"
    filled = run("benchmarks.scope_fill", store, options.items)
    judged = World(options.items).judged()
    looks = [
        run("benchmarks.scope_asof", store, judged[n * len(judged) // LOOKS]) for n in range(LOOKS)
    ]
    floors, families = [], []
    for _ in range(options.repeat):
        floors.append(run("benchmarks.scope_floor", store))
        families.append(run("benchmarks.scope_family", store, options.items))
    others = run(
        "benchmarks.scope_family", store, options.items, "data.contradiction data.plan-gap"
    )
    return {
        "fill": filled,
        "as_of": looks,
        "floor": floors,
        "family": families,
        "data": others,
        "store_mb": store.stat().st_size / 2**20,
        "ratios": {
            "scope_as_of_cold": least(looks, "wall"),
            "scope_family_over_sql": least(families, "cpu") / least(floors, "cpu"),
        },
    }


def least(rows: list[dict[str, Any]], name: str) -> float:
    """The smallest of a figure."""
    return min(float(row[name]) for row in rows)
