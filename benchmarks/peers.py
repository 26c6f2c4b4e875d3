"""Peers of the GitHub load: which there are, and how one is run in its own environment."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Peer -> (environment, module, dialect that it can be pointed at).
PEERS = {
    "tap-github": ("requirements-bench", "peer_tap", "github"),
    "dlt": ("requirements-bench", "peer_dlt", "github"),
    "perceval": ("requirements-bench-perceval", "peer_perceval", "github-enterprise"),
}


def run_peer(
    peer: str, url: Callable[[str], str], token: str, repository: str, home: Path
) -> dict[str, Any]:
    """What it prints of reading a repository from a GitHub whose dialects `url` tells."""
    environment, module, dialect = PEERS[peer]
    arguments = (url(dialect), token, repository, str(home / "out"))
    # Loaders side by side lock each other out of an SQLite file.
    return in_environment(environment, module, *arguments, home=home, LOAD__WORKERS="1")


def in_environment(
    environment: str, module: str, *arguments: str, home: Path, **settings: str
) -> dict[str, Any]:
    """A module in a peer's environment; the JSON of its last line.

    `home` is emptied first: nothing of an earlier round is left.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    variables = {
        **os.environ,
        "PYTHONPATH": ".",
        "DLT_DATA_DIR": str(home),
        "RUNTIME__DLTHUB_TELEMETRY": "0",
        **settings,
    }
    done = subprocess.run(
        [f".venv-bench/{environment}/bin/python", "-m", f"benchmarks.{module}", *arguments],
        capture_output=True,
        text=True,
        env=variables,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
