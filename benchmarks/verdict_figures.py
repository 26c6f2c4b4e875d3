"""The figures of verdicts: all of a large store, and those that a few new facts ask for."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.processes import run

#: What is promised: name -> (bound, what it bounds).
BOUNDS = {
    "verdict_cpu": (60, "CPU seconds to all verdicts of 100,000 changes with 1,000,000 results"),
    "verdict_peak_mb": (500, "peak memory of it, MB"),
    "verdict_few_judged": (0.01, "changes judged after three new facts / all changes"),
    "verdict_few_cpu": (0.05, "CPU of the verdicts after three new facts / of all"),
    "verdict_idle_cpu": (0.01, "CPU of the verdicts with nothing new / of all"),
}


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures, in one store: made once, asked again, asked after a few new facts."""
    store = directory / "verdicts.db"
    filled = run("benchmarks.verdict_fill", store, options.landed)
    whole = run("benchmarks.verdict_refresh", store)
    idle = run("benchmarks.verdict_refresh", store)
    arrived = run("benchmarks.verdict_arrive", store, options.landed)
    few = run("benchmarks.verdict_refresh", store)
    return {
        "fill": filled,
        "whole": whole,
        "idle": idle,
        "arrived": arrived,
        "few": few,
        "store_mb": store.stat().st_size / 2**20,
        "ratios": {
            "verdict_cpu": whole["cpu"],
            "verdict_peak_mb": whole["peak_mb"],
            "verdict_few_judged": few["judged"] / whole["judged"],
            "verdict_few_cpu": few["cpu"] / whole["cpu"],
            "verdict_idle_cpu": idle["cpu"] / whole["cpu"],
        },
    }
