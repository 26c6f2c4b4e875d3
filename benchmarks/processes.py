"""Measured work and the server in front of it, each in a process of its own."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen


def middle(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    """The median of a figure."""
    return float(statistics.median(row[name] for row in rows))


def fresh(directory: Path, name: str) -> Path:
    """A path with nothing at it."""
    for stale in directory.glob(f"{name}*"):
        stale.unlink()
    return directory / name


def run(module: str, *arguments: object) -> dict[str, Any]:
    """A module in a process of its own; what it prints as JSON, if anything."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    tell(module, found)
    return found


def tell(name: str, found: Mapping[str, Any]) -> None:
    """One line of what was measured."""
    print(name, {k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()})


@contextmanager
def serving(file: Path, latency: float, port: int = 0) -> Iterator[str]:
    """Serve a recording from a process of its own; 0 takes a free port."""
    command = [sys.executable, "-m", "benchmarks.serve", str(file), str(latency), str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate()


def served(url: str) -> int:
    """Requests since the last asking; ends the program if one of them was not recorded."""
    with urlopen(f"{url}/served") as answer:
        told = json.load(answer)
    if told["missed"]:
        sys.exit("not recorded, so nothing is measured:\n" + "\n".join(told["missed"][:10]))
    return int(told["requests"])


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
