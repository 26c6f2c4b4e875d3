"""The figures of the Jira load: against the store floor, dlt, and itself at ten times the size."""

import argparse
import pickle
from pathlib import Path
from typing import Any

from benchmarks.peers import in_environment
from benchmarks.processes import fresh, middle, run, served, serving, tell, version_cpu

#: What is promised: name -> (bound, what it bounds).
BOUNDS = {
    "cpu_over_floor": (2.5, "CPU of the load / CPU of the store floor, 10,000 issues, 0 ms"),
    "cpu_over_floor_50ms": (2.5, "the same at 50 ms per answer"),
    "cpu_over_dlt": (1.0, "CPU of our process with history / dlt's without, 10,000 issues"),
    "memory_growth": (1.2, "peak memory at ten times the issues / at 10,000"),
    "peak_mb": (200.0, "peak memory at ten times the issues, MB"),
    "version_cpu": (0.15, "CPU of `driftline --version`, seconds"),
}


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures: medians of `repeat` alternating runs."""
    small, large = directory / "small.pickle", directory / "large.pickle"
    run("benchmarks.record", options.issues, small)
    held = pickle.loads(small.read_bytes())
    who, pages = (held["email"], held["token"]), len(held["pages"])
    del held
    loads, floors, peers = [], [], []
    with serving(small, 0.0) as url:
        for _ in range(options.repeat):
            filled = fresh(directory, "load.db")
            loads.append(run("benchmarks.load", f"{url}/jira-cloud", *who, filled))
            target = fresh(directory, "floor.db")
            floors.append(run("benchmarks.floor", small, url, *who, filled, target))
            if not options.no_peers:
                peers.append(_dlt(url, pages, directory / "peer"))
        served(url)
    slow, slow_floors = [], []
    with serving(small, 0.05) as url:
        for _ in range(options.repeat):
            filled = fresh(directory, "load.db")
            slow.append(run("benchmarks.load", f"{url}/jira-cloud", *who, filled))
            target = fresh(directory, "floor.db")
            slow_floors.append(run("benchmarks.floor", small, url, *who, filled, target))
    run("benchmarks.record", options.issues * options.factor, large)
    with serving(large, 0.0) as url:
        big = run("benchmarks.load", f"{url}/jira-cloud", *who, fresh(directory, "big.db"))
    version = version_cpu()
    ratios = {
        "cpu_over_floor": middle(loads, "cpu") / middle(floors, "cpu"),
        "cpu_over_floor_50ms": middle(slow, "cpu") / middle(slow_floors, "cpu"),
        "memory_growth": big["peak_mb"] / middle(loads, "peak_mb"),
        "peak_mb": big["peak_mb"],
        "version_cpu": version,
    }
    if peers:
        ratios["cpu_over_dlt"] = middle(loads, "process_cpu") / middle(peers, "process_cpu")
    return {
        "load": loads,
        "floor": floors,
        "dlt": peers,
        "load_50ms": slow,
        "floor_50ms": slow_floors,
        "load_large": big,
        "version_cpu": version,
        "ratios": ratios,
    }


def _dlt(url: str, pages: int, home: Path) -> dict[str, Any]:
    found = in_environment(
        "requirements-bench", "dlt_load", url, str(pages), str(home / "dlt.db"), home=home
    )
    tell("dlt", found)
    return found
