"""One measured first load with the real connector and engine.

python -m benchmarks.load URL EMAIL TOKEN DATABASE
"""

import sys
import time
from importlib import import_module

from pydantic import SecretStr

from benchmarks import world as worlds
from benchmarks.measure import print_measure
from connectors.jira.options import JiraOptions
from connectors.simulator.clock import Clock
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import sync
from sync.store.open import open_store


def plan(url: str, email: str, token: str) -> Plan:
    """What a person would configure; remote links are opt-in and stay off."""
    options = JiraOptions(url=url, email=email, token=SecretStr(token), projects=("APO",))
    return Plan(
        connections=(ConnectionPlan("jira", "jira", options, load([get("jira").defaults])),),
        since=worlds.NOW - worlds.SPAN,
        since_label="730d",
        program_version="bench",
    )


def main() -> None:
    """Load once into an empty store."""
    url, email, token, database = sys.argv[1:5]
    asked = plan(url, email, token)
    # Importing the vendor's library, which the engine puts off, is not the load.
    import_module("connectors.jira.connector")
    # The floor's tables are there before its clock starts, too.
    store = open_store(database)
    cpu, wall = time.process_time(), time.perf_counter()
    result = sync(store, asked, clock=Clock(worlds.NOW))
    store.close()
    print_measure(
        cpu, wall, outcome=result.outcome.value, requests=result.requests, rows=result.rows_written
    )


if __name__ == "__main__":
    main()
