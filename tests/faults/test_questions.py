"""What is asked: bounded, where this deployment answers, and of no search without an order."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from support.hosts import hosts
from support.synced import synced

from connectors.contract import Outcome
from connectors.simulator.faults import Fault

QUERIES = Path("connectors/github/queries"), Path("connectors/gitlab/queries")


@pytest.mark.full
@pytest.mark.parametrize("cloud", [True, False])
def test_every_question_names_its_project(tmp_path: Path, cloud: bool) -> None:
    """B24: The new search refuses a question that is bounded by nothing."""
    with synced(f"{tmp_path}/store.db", cloud=cloud, projects=2, issues=15) as it:
        it.run()
        it.later(hours=30)
        assert it.run(census=True).outcome is Outcome.COMPLETE
        asked = [one for log in it.bench.simulator.log for one in log.query.get("jql", [])]
        assert len(asked) > 4
        assert not [one for one in asked if not re.search(r"project (=|in) ", one)]


def test_the_removed_search_is_asked_of_no_cloud(tmp_path: Path) -> None:
    """B25: It answers 410, which no second attempt heals."""
    with synced(f"{tmp_path}/store.db", issues=15) as it:
        it.bench.simulator.script.faults.append(Fault(r"/search/jql", 410, times=None))
        assert 4 in it.run().exit_codes
        paths = [one.path for one in it.bench.simulator.log]
        assert not [one for one in paths if one.endswith("/3/search")]
        # Once for whether numbers are understood as instants, and once for the issues.
        assert sum(one.endswith("/search/jql") for one in paths) <= 3


@pytest.mark.full
def test_no_search_of_a_code_host_is_used(tmp_path: Path) -> None:
    """B23: Its answers are in no strict order, so nothing that grows is walked by it."""
    with hosts(f"{tmp_path}/store.db", repositories=2, changes=3, issues=3) as it:
        it.run(github={}, gitlab={})
        it.later(hours=30)
        it.run(github={"api": "rest"}, gitlab={"api": "rest"})
        assert not [one for one in it.simulator.log if "search" in one.path]
    root = Path(__file__).parents[2]
    documents = [one for folder in QUERIES for one in (root / folder).glob("*.graphql")]
    assert len(documents) > 10
    assert not [one for one in documents if re.search(r"\bsearch\s*\(", one.read_text("utf-8"))]


@pytest.mark.full
def test_a_project_beyond_the_servers_farthest_offset_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B16: GitLab answers 405 to an offset that is too far; windows of time need none."""
    monkeypatch.setattr("connectors.simulator.gitlab_paging.MAX_OFFSET", 6)
    with hosts(
        f"{tmp_path}/store.db", repositories=1, changes=16, issues=16, kinds=("gitlab",)
    ) as it:
        code = it.world.code
        repo = code.hosted("gitlab")[0]
        sha = code.git.tip(repo, repo.default_branch)
        assert sha is not None
        for minute in range(20):
            code.deploy(repo, sha, "prod", at=it.clock.now() - timedelta(days=1, minutes=minute))
        result = it.run(gitlab={"api": "rest", "page_size": 5})
        assert not result.problems
        with it.store.reading() as conn:
            counts = [
                conn.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar()
                for table in ("work_item", "change_request", "pipeline_run", "deployment")
            ]
        assert counts[:2] == [len(code.issues_in(repo)), len(code.changes_in(repo))]
        assert min(counts[2:]) >= 16
