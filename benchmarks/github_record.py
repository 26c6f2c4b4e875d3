"""Render every answer of a GitHub load once, and of an idle run, and of peers.

    python -m benchmarks.github_record DIRECTORY REPOSITORIES ISSUES CHANGES [PEER...]
Writes `load.pickle` and `idle.pickle`. What peers ask is recorded by running them once.
"""

import pickle
import sys
import tempfile
from pathlib import Path

from benchmarks import github_world as worlds
from benchmarks.github_load import LATER, plan
from benchmarks.peers import run_peer
from benchmarks.recorder import Recorder
from connectors.contract import Outcome
from connectors.simulator.clock import Clock
from sync.engine.run import sync
from sync.store.open import open_store

#: Requests in flight while recording; the same are asked with fewer.
CONNECTIONS = 8


def main() -> None:
    """Let the real engine load from the simulator, twice."""
    directory = Path(sys.argv[1])
    world = worlds.make(*map(int, sys.argv[2:5]))
    clock = Clock(worlds.NOW)
    repositories = [one.path for one in world.code.hosted("github")]
    token = world.credentials["owner"].token
    with Recorder(world, clock) as recorder, tempfile.TemporaryDirectory() as scratch:
        others = {}
        for peer in sys.argv[5:]:
            run_peer(peer, recorder.url, token, repositories[0], Path(scratch) / peer)
            others |= recorder.take()
        asked = plan(recorder.url("github"), token, repositories, CONNECTIONS)
        store = open_store(str(Path(scratch) / "store.db"))
        # An idle run after an idle run looks back less far than the first one.
        for name, times in (("load", 1), ("idle", 2)):
            for _ in range(times):
                result = sync(store, asked, clock=clock)
                if result.outcome is not Outcome.COMPLETE:
                    sys.exit(f"the recorded run is {result.outcome.value}: {result.problems}")
            held = {
                "answers": recorder.take(),
                "others": others,
                "now": clock.now(),
                "token": token,
                "repositories": repositories,
            }
            with (directory / f"{name}.pickle").open("wb") as file:
                pickle.dump(held, file)
            clock.advance(LATER)
            world.now, others = clock.now(), {}
        store.close()


if __name__ == "__main__":
    main()
