"""Render every answer of a first load once: request -> bytes, so that serving costs nothing.

python -m benchmarks.record ISSUES FILE
"""

import pickle
import sys
import tempfile
from pathlib import Path

from benchmarks import world as worlds
from benchmarks.load import plan
from connectors.simulator.clock import Clock
from connectors.simulator.http import Logged
from connectors.simulator.server import Simulator
from sync.engine.run import sync
from sync.store.open import open_store


def main() -> None:
    """Read the world once through the real connector and keep what was asked and answered."""
    issues, target = int(sys.argv[1]), Path(sys.argv[2])
    world = worlds.make(issues)
    clock = Clock(worlds.NOW)
    with tempfile.TemporaryDirectory() as directory, Simulator(world, clock) as simulator:
        store = open_store(str(Path(directory) / "record.db"))
        owner = world.credentials["owner"]
        sync(
            store,
            plan(simulator.url("jira-cloud"), owner.email, owner.token),
            clock=clock,
            sleep=clock.sleep,
        )
        store.close()
        answers = {key(one): (one.status, one.sent) for one in simulator.log}
        token = (owner.email, owner.token)
        pages = [
            one.sent for one in simulator.log if "search/jql" in one.path or "bulkfetch" in one.path
        ]
    with target.open("wb") as file:
        pickle.dump({"answers": answers, "credential": token, "bytes": sum(map(len, pages))}, file)


def key(one: Logged) -> tuple[str, str, bytes]:
    """What tells requests apart."""
    query = "&".join(f"{name}={v}" for name, vs in sorted(one.query.items()) for v in vs)
    return one.method, f"{one.path}?{query}", one.body


if __name__ == "__main__":
    main()
