"""The figures of the GitHub load: store floor, peers, eight scopes side by side, idle runs."""

import argparse
import pickle
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS, run_peer
from benchmarks.processes import fresh, middle, run, served, serving, tell

#: What is promised: name -> (bound, what it bounds).
BOUNDS = {
    "github_cpu_over_floor": (
        2.5,
        "CPU of the load / CPU of the store floor, 10,000 issues and 1,000 changes, 0 ms",
    ),
    "github_eight_scopes": (
        0.5,
        "wall of eight repositories over eight connections / over one, 50 ms",
    ),
    "github_idle": (
        2.0,
        "wall of an idle run over 100 repositories / (requests x 50 ms / 8 connections)",
    ),
}
CONNECTIONS = 8
LATENCY = 0.05


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures: medians of `repeat` alternating runs; peers, which have no bound, run once."""
    found = _whole(directory / "whole", options)
    found |= _side_by_side(directory / "eight", options)
    found |= _idle(directory / "hundred", options)
    floor = middle(found["floor"], "cpu")
    eight, one = (middle(found[name], "wall") for name in ("eight", "one"))
    idle = [row["wall"] / (row["requests"] * LATENCY / CONNECTIONS) for row in found["idle"]]
    found["ratios"] = {
        "github_cpu_over_floor": middle(found["load"], "cpu") / floor,
        "github_eight_scopes": eight / one,
        "github_idle": sorted(idle)[len(idle) // 2],
    }
    return found


def _whole(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One repository by us, by the floor and by peers."""
    peers = [] if options.no_peers else list(PEERS)
    who = record(directory, 1, options.issues, options.changes, *peers)
    file = directory / "load.pickle"
    loads, floors = [], []
    others: dict[str, dict[str, Any]] = {}
    with serving(file, 0.0) as url:
        for _ in range(options.repeat):
            filled = fresh(directory, "load.db")
            loads.append(load(url, filled, CONNECTIONS, *who))
            target = fresh(directory, "floor.db")
            floors.append(run("benchmarks.floor", file, url, "", who[0], filled, target))
            served(url)
        for peer in peers:
            row = run_peer(peer, partial("{}/{}".format, url), who[0], who[1], directory / "peer")
            others[peer] = {**row, "requests": served(url)}
            tell(peer, others[peer])
    return {"load": loads, "floor": floors, "peers": others}


def _side_by_side(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Eight repositories, each an eighth of the whole one's tenth."""
    scale = 8 * 10
    who = record(directory, 8, options.issues // scale, options.changes // scale)
    eight, one = [], []
    with serving(directory / "load.pickle", LATENCY) as url:
        for _ in range(options.repeat):
            eight.append(load(url, fresh(directory, "eight.db"), CONNECTIONS, *who))
            one.append(load(url, fresh(directory, "one.db"), 1, *who))
            served(url)
    return {"eight": eight, "one": one}


def _idle(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A hundred small repositories, loaded once; then runs that find nothing new."""
    who = record(directory, 100, 20, 5)
    database = fresh(directory, "idle.db")
    with serving(directory / "load.pickle", 0.0) as url:
        load(url, database, CONNECTIONS, *who)
        served(url)
    rows = []
    with serving(directory / "idle.pickle", LATENCY, int(url.rsplit(":", 1)[1])) as url:
        for _ in range(options.repeat):
            rows.append(load(url, database, CONNECTIONS, *who))
            served(url)
    return {"idle": rows}


def record(directory: Path, *asked: object) -> list[str]:
    """Record a world of so many repositories, issues and changes; its token and repositories."""
    directory.mkdir()
    run("benchmarks.github_record", directory, *asked)
    held = pickle.loads((directory / "load.pickle").read_bytes())
    return [held["token"], *held["repositories"]]


def load(
    url: str, database: Path, connections: int, token: str, *repositories: str
) -> dict[str, Any]:
    """One measured run of a program that reads these repositories."""
    return run(
        "benchmarks.github_load", f"{url}/github", token, database, connections, *repositories
    )
