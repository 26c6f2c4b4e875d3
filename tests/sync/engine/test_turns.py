"""Who waited longest is read first, and what a whole run costs in connections."""

from pathlib import Path
from typing import Any

import pytest
from support.hosts import hosts
from support.synced import Synced, synced

from connectors.contract import Outcome
from connectors.simulator.faults import Fault, Hook

READ = (
    "SELECT DISTINCT scope_key FROM sync_step WHERE scope_kind = 'project' AND pages > 0 "
    "AND run_id = (SELECT MAX(id) FROM sync_run)"
)


def read_in_an_hour(it: Synced) -> set[str]:
    """Projects that a run gets to whose time is up with the first one."""
    it.bench.simulator.script.hooks.append(Hook("/versions", lambda: it.later(hours=2)))
    result = it.run(workers=1, time_box_seconds=3600)
    assert result.outcome is Outcome.PARTIAL
    return {row[0] for row in it.rows(READ)}


@pytest.mark.parametrize(
    "store_url",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.full])],
    indirect=True,
)
def test_runs_that_end_early_take_turns(store_url: str) -> None:
    """B110: with a fixed order the last projects would never be read."""
    with synced(store_url, projects=3, issues=6, options={"boards": ()}) as it:
        turns = [read_in_an_hour(it) for _ in range(4)]
        assert turns == [{"APO"}, {"BEE"}, {"KIT"}, {"APO"}]
        it.run(workers=1)
        it.later(hours=1)
        assert it.run(workers=1).outcome is Outcome.COMPLETE
        # All were read in one run: the configured order is the order again.
        assert read_in_an_hour(it) == {"APO"}


@pytest.mark.full
def test_a_project_that_fails_does_not_stop_the_next(tmp_path: Path) -> None:
    """B110: what cannot be read takes no time from the others."""
    with synced(f"{tmp_path}/a.db", projects=2, issues=6, options={"boards": ()}) as it:
        first = min(it.bench.world.projects)
        it.bench.simulator.script.faults.append(
            Fault(rf"project/{first}/versions", status=404, times=None)
        )
        assert it.run(workers=1).outcome is Outcome.PARTIAL
        held = dict(it.rows("SELECT scope_id, COUNT(*) FROM work_item GROUP BY scope_id"))
        assert len(held) == 2


def connections(simulator: Any) -> list[Any]:
    """Sockets that clients open from now on."""
    opened: list[Any] = []
    accept = simulator._server.get_request

    def get_request() -> Any:
        request = accept()
        opened.append(request[1])
        return request

    simulator._server.get_request = get_request
    return opened


@pytest.mark.full
@pytest.mark.parametrize("kind", [pytest.param("github", marks=pytest.mark.full), "gitlab"])
def test_a_run_keeps_its_connections(tmp_path: Path, kind: str) -> None:
    """B111: a reading opens few connections however many pages it asks for.

    Nor does a body that was cut on a late page cost more than that page and its connection.
    """
    with hosts(str(tmp_path / "a.db"), kinds=(kind,), issues=8, changes=12) as at:
        opened = connections(at.simulator)
        first = at.run(**{kind: {"page_size": 5}})
        assert first.outcome is Outcome.COMPLETE, first.problems
        usual = len(opened)
        assert usual <= 4
        assert first.requests > 5 * usual
    with hosts(str(tmp_path / "b.db"), kinds=(kind,), issues=8, changes=12) as at:
        opened = connections(at.simulator)
        at.simulator.script.faults.append(Fault(".", manner="cut", skip=first.requests - 8))
        again = at.run(**{kind: {"page_size": 5}})
        assert again.outcome is Outcome.COMPLETE, again.problems
        assert again.requests == first.requests + 1
        assert len(opened) <= usual + 2
