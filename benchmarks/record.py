"""Render every answer of a first load once: request -> bytes, so that serving costs nothing.

python -m benchmarks.record ISSUES FILE
"""

import pickle
import sys
from pathlib import Path

from benchmarks import world as worlds
from benchmarks.load import plan
from benchmarks.recorder import key
from connectors.contract import Mode, Runtime, Window
from connectors.jira.connector import JiraConnector
from connectors.simulator.clock import Clock
from connectors.simulator.server import Simulator


def main() -> None:
    """Ask through the real connector what the engine will ask, and keep the answers."""
    issues, target = int(sys.argv[1]), Path(sys.argv[2])
    world = worlds.make(issues)
    clock = Clock(worlds.NOW)
    with Simulator(world, clock) as simulator:
        owner = world.credentials["owner"]
        asked = plan(simulator.url("jira-cloud"), owner.email, owner.token)
        runtime = Runtime(now=clock.now, sleep=clock.sleep, user_agent="driftline/bench")
        connector = JiraConnector("jira", asked.connections[0].options, runtime)
        window = Window(run_started_at=connector.connect().server_time, since=asked.since)
        ids: list[str] = []
        for scope in connector.scopes():
            for spec in connector.streams():
                if spec.scope_kind != scope.kind or spec.mode is Mode.CENSUS:
                    continue
                if spec.mode is Mode.FOLLOW_UP:
                    # The engine hands over pending ids in text order, a batch at a time.
                    ids.sort()
                    for start in range(0, len(ids), spec.batch):
                        part = tuple(ids[start : start + spec.batch])
                        for _ in connector.read(
                            spec.name, scope, None, Window(window.run_started_at, ids=part)
                        ):
                            pass
                    continue
                for page in connector.read(spec.name, scope, None, window):
                    if spec.mode is Mode.INCREMENTAL:
                        ids.extend(record.source_id for record in page.records)
        answers = {
            key(one.method, one.path, one.query, one.body): (one.status, one.sent, {})
            for one in simulator.log
        }
        pages = [one.sent for one in simulator.log if "search/jql" in one.path][1:]
    held = {
        "answers": answers,
        "now": worlds.NOW,
        "pages": pages,
        "email": owner.email,
        "token": owner.token,
    }
    with target.open("wb") as file:
        pickle.dump(held, file)


if __name__ == "__main__":
    main()
