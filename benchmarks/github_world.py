"""Repositories for measuring: each issue has some five history entries, each change its checks."""

import random
from datetime import UTC, datetime, timedelta

from connectors.simulator.build import build
from connectors.simulator.code import CodeWorld
from connectors.simulator.code_build import AGE_DAYS, Life, Lives, build_code
from connectors.simulator.code_things import Repository
from connectors.simulator.world import World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SEED = 11
#: Horizon of the measured first load; older than every repository.
SPAN = timedelta(days=730)
#: The share of issues that a change which is open then declares to close.
DECLARED = 0.1

_WORDS = (
    "the service should keep every answer until a reader has confirmed it because retries are "
    "cheap and losses are not while operators want to see what waits and for how long it waited"
).split()


def make(repositories: int, issues: int, changes: int) -> World:
    """So many repositories at GitHub, each with so many issues and changes."""
    world = build(SEED, now=NOW, projects=0)

    def more(lives: Lives) -> None:
        for repo in world.code.hosted("github"):
            rng = random.Random(f"{SEED}/{repo.path}")
            for _ in range(issues):
                lives.add(_issue(world.code, repo, rng))

    build_code(
        world,
        SEED,
        repositories=repositories,
        changes_per_repository=changes,
        issues_per_repository=0,
        hosts=("github",),
        also=more,
    )
    for issue in world.code.issues.values():
        rng = random.Random(f"{SEED}/{issue.id}")
        world.code.describe(issue, " ".join(rng.choices(_WORDS, k=220)), at=issue.updated)
    return world


def _issue(code: CodeWorld, repo: Repository, rng: random.Random) -> Life:
    """Opened, planned, given to somebody, labelled, and mostly done."""
    people = code.company.humans()
    at = code.now - timedelta(days=rng.uniform(8, AGE_DAYS - 30))
    yield at
    author = rng.choice(people)
    issue = code.create_issue(
        repo, " ".join(rng.choices(_WORDS, k=7)), author=author, at=at, labels=["bug"]
    )
    at += timedelta(hours=rng.uniform(1, 30))
    yield at
    code.plan(issue, rng.choice(code.milestones_of(repo)), at=at, by=author)
    code.assign(issue, [rng.choice(people)], at=at, by=author)
    at += timedelta(hours=rng.uniform(1, 30))
    yield at
    changes = [one for one in code.changes_in(repo)[-20:] if one.state == "open"]
    if changes and rng.random() < DECLARED:
        code.declare(rng.choice(changes), issue, at=at, by=author)
    code.relabel(issue, ["bug", f"area{rng.randrange(20)}"], at=at, by=author)
    at += timedelta(days=rng.uniform(0.5, 5))
    yield at
    if rng.random() < 0.8:
        code.close(issue, at=at, by=issue.assignees[0])
