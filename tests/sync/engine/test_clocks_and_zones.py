"""Whatever our clock says and wherever the account lives, nothing that changed is missed.

Two companies live the same life, one read by a machine whose clock is off: equal rows are stored.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.sites import SITES, Site, each, site
from support.synced import Synced, synced

from connectors.contract import Outcome
from connectors.simulator import edits
from connectors.simulator.clock import Skewed
from sync.engine.run import sync

OFF = (timedelta(hours=-2), timedelta(minutes=90))
#: Hours before a clock change, in UTC, and the zone that has it: the gap of spring, the hour that
#: comes twice in autumn, and half an hour of it.
CHANGES = (
    (datetime(2026, 3, 8, 8, 45, tzinfo=UTC), "America/Los_Angeles"),
    (datetime(2026, 11, 1, 7, 45, tzinfo=UTC), "America/Los_Angeles"),
    (datetime(2026, 10, 3, 13, 30, tzinfo=UTC), "Australia/Lord_Howe"),
    (datetime(2026, 4, 4, 13, 30, tzinfo=UTC), "Australia/Lord_Howe"),
)


def lived(at: Site, by: timedelta) -> dict[str, list[tuple[Any, ...]]]:
    """The store after a life of some runs with edits between them, and within them."""
    rng, clock = random.Random(11), Skewed(at.clock, by)
    plan = at.plan({at.kind: SITES[at.name][2]})
    for _ in range(3):
        result = sync(at.store, plan, clock=clock, sleep=clock.sleep)
        assert result.outcome is Outcome.COMPLETE, result.problems
        for _ in range(8):
            at.later(minutes=3)
            edits.random_edit(at.world, at.clock, rng, systems=(at.kind,))  # type: ignore[arg-type] # a system
    at.later(minutes=5)
    sync(at.store, plan, clock=clock, sleep=clock.sleep)
    found = at.tables()
    for table, rows in found.items():
        # When we found out that something was gone is told by our own clock.
        ours = [i for i, one in enumerate(at.columns(table)) if one in ("gone_at", "valid_to")]
        found[table] = sorted(
            tuple(str(v != "None") if i in ours else v for i, v in enumerate(row)) for row in rows
        )
    return found


FULL = pytest.mark.full


@pytest.mark.full
@pytest.mark.parametrize("by", [OFF[0], pytest.param(OFF[1], marks=FULL)])
@each("jira-cloud")
def test_a_clock_that_is_off_changes_nothing(name: str, by: timedelta, tmp_path: Path) -> None:
    """B34, B47: times are compared on one clock, the server's."""
    held = []
    for number, off in enumerate((timedelta(0), by)):
        with site(name, str(tmp_path / f"{number}.db"), issues=6) as at:
            held.append(lived(at, off))
    right, found = held
    assert {one for one in {*right, *found} if right.get(one) != found.get(one)} == set()


def titles(it: Synced) -> dict[str, str]:
    return dict(it.rows("SELECT source_id, title FROM work_item WHERE gone_at IS NULL"))  # type: ignore[arg-type] # pairs


@pytest.mark.full
@pytest.mark.parametrize(
    ("begin", "zone", "cloud"),
    [
        (*CHANGES[0], True),
        *(pytest.param(*one, cloud, marks=FULL) for one in CHANGES for cloud in (True, False)),
    ],
)
def test_an_hour_that_is_missing_or_comes_twice_hides_no_change(
    begin: datetime, zone: str, cloud: bool, tmp_path: Path
) -> None:
    """B04: the lower bound is read in the account's zone, where not every time exists once."""
    with synced(str(tmp_path / "store.db"), cloud=cloud, issues=10, epoch_ms=False) as it:
        world = it.bench.world
        world.credentials["owner"].time_zone = zone
        it.later(seconds=(begin - it.bench.clock.now()).total_seconds())
        assert it.run().outcome is Outcome.COMPLETE
        issues = sorted(world.alive(), key=lambda one: one.id)
        for step in range(12):
            it.later(minutes=11)
            world.rename(issues[step % len(issues)], f"Renamed at step {step}")
            it.later(minutes=4)
            result = it.run()
            assert result.outcome is Outcome.COMPLETE, result.problems
            assert titles(it) == {str(one.id): one.summary for one in world.alive()}
