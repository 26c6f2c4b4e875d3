"""One measured first load with the real connector and engine.

    python -m benchmarks.load URL EMAIL TOKEN DATABASE
Prints CPU seconds, wall seconds, peak megabytes and requests.
"""

import json
import resource
import sys
import time

from pydantic import SecretStr

from benchmarks import world as worlds
from connectors.jira.options import JiraOptions
from connectors.simulator.clock import Clock
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import sync
from sync.store.open import open_store


def plan(url: str, email: str, token: str) -> Plan:
    """What a person would configure."""
    options = JiraOptions(url=url, email=email, token=SecretStr(token), projects=("APO",))
    return Plan(
        connections=(ConnectionPlan("jira", "jira", options, load([get("jira").defaults])),),
        since=worlds.NOW - worlds.span(),
        since_label="730d",
        program_version="bench",
    )


def main() -> None:
    """Load once into an empty store."""
    url, email, token, database = sys.argv[1:5]
    started = time.perf_counter()
    store = open_store(database)
    result = sync(store, plan(url, email, token), clock=Clock(worlds.NOW))
    store.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "outcome": result.outcome.value,
                "cpu": usage.ru_utime + usage.ru_stime,
                "wall": time.perf_counter() - started,
                "peak_mb": usage.ru_maxrss / 1024,
                "requests": result.requests,
                "rows": result.rows_written,
            }
        )
    )


if __name__ == "__main__":
    main()
