"""A measured first load of GitHub with the real connector and engine, and idle runs after it.

    python -m benchmarks.github_load URL TOKEN DATABASE CONNECTIONS REPOSITORY...
With a database that was filled before it is an idle run, an hour later.
"""

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

import connectors.github.connector  # noqa: F401  # importing the vendor's library is not the load
from benchmarks import github_world as worlds
from benchmarks.measure import print_measure
from connectors.contract import Outcome
from connectors.github.options import GitHubOptions
from connectors.simulator.clock import Clock
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import sync
from sync.store.open import open_store

#: From a first load to the idle run that is measured after it.
LATER = timedelta(hours=1)


def plan(url: str, token: str, repositories: Sequence[str], connections: int) -> Plan:
    """What a person would configure, with so many requests in flight."""
    options = GitHubOptions(
        url=url,
        token=SecretStr(token),
        repositories=tuple(repositories),
        max_concurrency=connections,
    )
    return Plan(
        connections=(ConnectionPlan("github", "github", options, load([get("github").defaults])),),
        since=worlds.NOW - worlds.SPAN,
        since_label="730d",
        workers=connections,
        program_version="bench",
    )


def main() -> None:
    """Load once."""
    url, token, database, connections = sys.argv[1:5]
    asked = plan(url, token, sys.argv[5:], int(connections))
    now = worlds.NOW + LATER if Path(database).exists() else worlds.NOW
    cpu, wall = time.process_time(), time.perf_counter()
    store = open_store(database)
    result = sync(store, asked, clock=Clock(now))
    store.close()
    if result.outcome is not Outcome.COMPLETE:
        sys.exit(f"the measured run is {result.outcome.value}: {result.problems}")
    print_measure(cpu, wall, requests=result.requests, rows=result.rows_written)


if __name__ == "__main__":
    main()
