"""A large company for measuring: every item has about five history entries."""

import random
from datetime import UTC, datetime, timedelta

from connectors.simulator.build import build
from connectors.simulator.world import World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ENTRIES = 5
#: Horizon of the measured first load.
SPAN = timedelta(days=730)

_WORDS = (
    "the service should keep every answer until a reader has confirmed it because retries are "
    "cheap and losses are not while operators want to see what waits and for how long it waited"
).split()


def make(issues: int) -> World:
    """One project with so many items."""
    world = build(11, now=NOW, projects=1, issues_per_project=issues)
    rng = random.Random(11)
    for issue in list(world.issues.values()):
        while len(issue.history) < ENTRIES:
            at = issue.updated + (world.now - issue.updated) * 0.3
            kind = rng.randrange(3)
            if kind == 0:
                world.relabel(issue, [f"label{rng.randrange(20)}"], at=at)
            elif kind == 1:
                world.assign(issue, rng.choice(list(world.people)), at=at)
            else:
                world.set_points(issue, float(rng.randrange(1, 9)), at=at)
        issue.description = " ".join(rng.choices(_WORDS, k=220))
    return world
