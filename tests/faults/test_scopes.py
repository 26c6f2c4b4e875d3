"""Scopes each for themselves: what one has read says nothing of another."""

import pytest
from support.hosts import hosts
from support.synced import synced

from connectors.contract import Outcome

pytestmark = pytest.mark.full_on_postgres


def counted(it: object, table: str, scope: str) -> int:
    with it.store.reading() as conn:  # type: ignore[attr-defined] # a store behind hosts
        query = f"SELECT COUNT(*) FROM {table} WHERE scope_id = '{scope}'"
        return int(conn.exec_driver_sql(query).scalar() or 0)


def test_a_repository_that_is_added_later_is_read_from_its_beginning(store_url: str) -> None:
    """B26: One bookmark for all, and the first repository had moved it to today."""
    with hosts(store_url, repositories=2, changes=5, issues=5, kinds=("gitlab",)) as it:
        code = it.world.code
        first, second = code.hosted("gitlab")[:2]
        assert it.run(gitlab={"projects": (first.path,)}).outcome is Outcome.COMPLETE
        assert counted(it, "work_item", str(second.id)) == 0
        it.later(hours=3)
        assert it.run(gitlab={}).outcome is Outcome.COMPLETE
        for repo in (first, second):
            assert counted(it, "work_item", str(repo.id)) == len(code.issues_in(repo))
            assert counted(it, "change_request", str(repo.id)) == len(code.changes_in(repo))


@pytest.mark.full
def test_numbers_repeat_from_repository_to_repository(store_url: str) -> None:
    """B102: The number of a pull request is one of its repository alone."""
    with hosts(store_url, repositories=2, changes=4, issues=3, kinds=("github",)) as it:
        assert it.run(github={}).outcome is Outcome.COMPLETE
        code = it.world.code
        every = [one for repo in code.hosted("github") for one in code.changes_in(repo)]
        assert len({one.number for one in every}) < len(every)
        with it.store.reading() as conn:
            held = conn.exec_driver_sql("SELECT source_id FROM change_request").scalars().all()
        assert sorted(held) == sorted(str(one.id) for one in every)


def test_of_a_board_and_a_project_every_page_is_read(store_url: str) -> None:
    """B15: Of their sprints and versions only the first page came."""
    with synced(store_url, issues=10) as it:
        world = it.bench.world
        board = next(one for one in world.boards.values() if one.kind == "scrum")
        for number in range(120):
            world.add_sprint(board, f"Sprint {number + 100}")
            world.add_version(world.projects[board.project_id], f"Release 9.{number}")
        assert it.run().outcome is Outcome.COMPLETE
        query = "SELECT kind, COUNT(*) FROM milestone GROUP BY kind ORDER BY kind"
        counts = {"sprint": len(world.sprints), "version": len(world.versions)}
        assert dict(it.rows(query)) == counts
        assert min(counts.values()) > 100
