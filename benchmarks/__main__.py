"""`make bench`: every figure and ratio of one run, against the bounds that are promised."""

import argparse
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DLT_PYTHON = Path(".venv-bench/bin/python")

#: What is promised: name -> (bound, what it bounds).
BOUNDS = {
    "cpu_over_floor": (2.5, "CPU of the load / CPU of the store floor, 10,000 issues, 0 ms"),
    "cpu_over_floor_50ms": (2.5, "the same at 50 ms per answer"),
    "cpu_over_dlt": (1.0, "CPU of our process with history / dlt's without, 10,000 issues"),
    "memory_growth": (1.2, "peak memory at ten times the issues / at 10,000"),
    "peak_mb": (200.0, "peak memory at ten times the issues, MB"),
    "version_cpu": (0.15, "CPU of `driftline --version`, seconds"),
}


def main() -> None:
    """Measure everything; exit 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--factor", type=int, default=10, help="for the memory measurement")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-dlt", action="store_true", help="leave the peer out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        figures = measure(directory, options)
    ratios = figures["ratios"]
    (HERE / "results.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    failed = False
    for key, value in ratios.items():
        bound, what = BOUNDS[key]
        ok = value <= bound
        failed |= not ok
        print(f"{'ok  ' if ok else 'OVER'} {key:20} {value:8.2f}  (bound {bound:g})  {what}")
    sys.exit(1 if failed else 0)


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures: medians of `repeat` alternating runs."""
    small, large = directory / "small.pickle", directory / "large.pickle"
    run("benchmarks.record", str(options.issues), str(small))
    held = pickle.loads(small.read_bytes())
    who, pages = (held["email"], held["token"]), len(held["pages"])
    del held
    figures: dict[str, Any] = {"issues": options.issues, "repeat": options.repeat}
    loads, floors, peers = [], [], []
    with serving(small, 0.0) as url:
        for _ in range(options.repeat):
            filled = fresh(directory, "load.db")
            loads.append(run("benchmarks.load", f"{url}/jira-cloud", *who, str(filled)))
            target = fresh(directory, "floor.db")
            floors.append(run("benchmarks.floor", str(small), url, *who, str(filled), str(target)))
            if not options.no_dlt:
                peers.append(dlt(url, pages, directory / "peer"))
    slow, slow_floors = [], []
    with serving(small, 0.05) as url:
        for _ in range(options.repeat):
            filled = fresh(directory, "load.db")
            slow.append(run("benchmarks.load", f"{url}/jira-cloud", *who, str(filled)))
            target = str(fresh(directory, "floor.db"))
            slow_floors.append(run("benchmarks.floor", str(small), url, *who, str(filled), target))
    figures |= {"load": loads, "floor": floors, "dlt": peers}
    figures |= {"load_50ms": slow, "floor_50ms": slow_floors}
    run("benchmarks.record", str(options.issues * options.factor), str(large))
    with serving(large, 0.0) as url:
        big = run("benchmarks.load", f"{url}/jira-cloud", *who, str(fresh(directory, "big.db")))
    figures["load_large"] = big
    figures["version_cpu"] = version_cpu()
    ratios = {
        "cpu_over_floor": middle(loads, "cpu") / middle(floors, "cpu"),
        "cpu_over_floor_50ms": middle(slow, "cpu") / middle(slow_floors, "cpu"),
        "memory_growth": big["peak_mb"] / middle(loads, "peak_mb"),
        "peak_mb": big["peak_mb"],
        "version_cpu": figures["version_cpu"],
    }
    if peers:
        ratios["cpu_over_dlt"] = middle(loads, "process_cpu") / middle(peers, "process_cpu")
    figures["ratios"] = ratios
    return figures


def middle(rows: list[dict[str, Any]], name: str) -> float:
    """The median of a figure."""
    return statistics.median(row[name] for row in rows)


def fresh(directory: Path, name: str) -> Path:
    """A path with nothing at it."""
    for stale in directory.glob(f"{name}*"):
        stale.unlink()
    return directory / name


def run(module: str, *arguments: str) -> dict[str, Any]:
    """A module in a process of its own; what it prints as JSON, if anything."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    print(module, {k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()})
    return found


def dlt(url: str, pages: int, home: Path) -> dict[str, Any]:
    """The peer in its own environment; nothing of an earlier round is left in its directory."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    settings = {**os.environ, "DLT_DATA_DIR": str(home), "RUNTIME__DLTHUB_TELEMETRY": "0"}
    done = subprocess.run(
        [str(DLT_PYTHON), str(HERE / "dlt_load.py"), url, str(pages), str(home / "dlt.db")],
        capture_output=True,
        text=True,
        env=settings,
        check=False,
    )
    if done.returncode:
        sys.exit(f"dlt failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print("dlt", {name: round(value, 2) for name, value in found.items()})
    return found


@contextmanager
def serving(file: Path, latency: float) -> Iterator[str]:
    """Serve a recording from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serve", str(file), str(latency)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()


def version_cpu() -> float:
    """CPU seconds of `driftline --version`: the least of five."""
    code = "import sys; from sync.cli.main import main; sys.exit(main(['--version']))"
    seconds = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        after = os.times()
        seconds.append(
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
    return min(seconds)


if __name__ == "__main__":
    main()
