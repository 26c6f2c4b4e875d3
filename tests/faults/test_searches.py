"""Searches that bring less than there is: no first load is a success with most of it missing."""

from pathlib import Path

import pytest
from support.synced import synced

from connectors.contract import Outcome
from connectors.simulator.faults import Fault

NOTHING = b'{"issues": [], "isLast": true}'


@pytest.mark.full
def test_a_first_load_far_below_the_servers_own_count_is_no_success(store_url: str) -> None:
    """B14: one request, no issue, and 17,000 of them at the server."""
    with synced(store_url, issues=60) as it:
        script = it.bench.simulator.script
        script.faults.append(Fault("search/jql", 200, NOTHING, asking=r"updated[+ ]ASC"))
        result = it.run()
        assert 4 in result.exit_codes
        (told,) = (one.what for one in result.problems if "counts about" in one.what)
        count = len(list(it.bench.world.alive()))
        assert told == f"the search brought 0 issues where the server counts about {count}"
        failed = it.rows("SELECT outcome FROM sync_step WHERE stream = 'issues'")
        assert failed == [("failed",)]
        it.later(minutes=5)
        assert it.run().outcome is Outcome.COMPLETE
        assert it.rows("SELECT COUNT(*) FROM work_item") == [(count,)]


def test_a_first_load_carries_no_bound_but_the_horizon(tmp_path: Path) -> None:
    """B14: with a bound of about its own time it would leave out what there is."""
    with synced(f"{tmp_path}/store.db", issues=20) as it:
        assert it.run().outcome is Outcome.COMPLETE
        asked = [
            one.query["jql"][0]
            for one in it.bench.simulator.log
            if one.path.endswith("search/jql") and "ORDER BY updated ASC" in str(one.query)
        ]
        assert asked
        assert not any("updated >" in one for one in asked)


def test_a_server_that_cannot_count_is_believed(tmp_path: Path) -> None:
    with synced(f"{tmp_path}/store.db", issues=20) as it:
        it.bench.simulator.script.faults.append(Fault("approximate-count", 404, times=None))
        assert it.run().outcome is Outcome.COMPLETE
