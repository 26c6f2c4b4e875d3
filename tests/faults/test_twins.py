"""One server behind two names: what is in it counts once."""

from dataclasses import replace

import pytest
from support.hosts import hosts
from support.synced import synced

from connectors.contract import Outcome
from sync.engine.run import sync

pytestmark = pytest.mark.full_on_postgres


def test_a_repository_of_two_connections_is_read_once_and_told(store_url: str) -> None:
    """B101: Nobody knew that both led to the same server, and counted everything twice."""
    with hosts(store_url, repositories=1, changes=4, issues=4, kinds=("gitlab",)) as it:
        plan = it.plan({"gitlab": {}})
        (mine,) = plan.connections
        twice = replace(plan, connections=(mine, replace(mine, name="again")))
        result = sync(it.store, twice, clock=it.clock, sleep=it.clock.sleep)
        assert 4 in result.exit_codes
        (told,) = result.problems
        assert (told.connection, "'gitlab' reads it too" in told.what) == ("again", True)
        assert "leave it out of one of the two" in told.what
        with it.store.reading() as conn:
            counts = conn.exec_driver_sql("SELECT COUNT(*), COUNT(DISTINCT key) FROM v_work_item")
            every, different = counts.one()
        assert every == different > 0


def test_two_boards_of_one_project_make_no_item_twice(store_url: str) -> None:
    """B103: What several boards show is read by its project, and held once."""
    with synced(store_url, issues=30) as it:
        project = next(iter(it.bench.world.projects.values()))
        it.bench.world.add_board(project, "The same, by another team", "scrum")
        assert it.run().outcome is Outcome.COMPLETE
        boards = it.rows("SELECT COUNT(*) FROM scope WHERE kind = 'board'")
        assert boards == [(2,)]
        counts = it.rows("SELECT COUNT(*), COUNT(DISTINCT source_id) FROM work_item")
        assert counts == [(len(list(it.bench.world.alive())),) * 2]
