"""What belongs to another record is joined when it is read, and copied nowhere."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.hosts import hosts
from support.synced import synced

from connectors.contract import Outcome

JOINED = (
    "SELECT t.raw_status FROM v_link l JOIN v_work_item t ON t.key = l.to_key "
    "WHERE l.from_key = :one AND l.to_key = :other"
)


def test_the_status_of_a_linked_issue_is_its_own(store_url: str) -> None:
    """B92: It was copied into the row that links, and stayed as it had been."""
    with synced(store_url, issues=12) as it:
        world = it.bench.world
        one, other = [issue for issue in world.alive() if not issue.is_done][:2]
        world.link(one, "Blocks", other)
        it.run()
        before = it.rows("SELECT * FROM link")
        (was,) = it.rows(JOINED, one=one.key, other=other.key)
        it.later(hours=2)
        world.transition(other, "Done")
        it.later(minutes=1)
        assert it.run().outcome is Outcome.COMPLETE
        (now,) = it.rows(JOINED, one=one.key, other=other.key)
        assert was != now == ("Done",)
        assert it.rows("SELECT * FROM link") == before


@pytest.mark.full
def test_an_old_commit_that_is_pushed_late_comes_with_its_change(tmp_path: Path) -> None:
    """B28: Asked for by their own date, commits that are pushed late are never seen."""
    with hosts(f"{tmp_path}/store.db", repositories=2, changes=2, issues=1) as it:
        it.run(github={}, gitlab={})
        it.later(hours=30)
        late = {}
        for host in ("github", "gitlab"):
            repo = it.world.code.hosted(host)[0]
            change = next(one for one in it.world.code.changes_in(repo))
            made = it.world.code.push(change, "Written long ago", at=it.clock.now())
            long_ago = it.clock.now() - timedelta(days=400)
            object.__setattr__(made, "authored", long_ago)
            late[made.sha] = str(change.id)
        it.later(hours=1)
        it.run(github={}, gitlab={})
        with it.store.reading() as conn:
            query = "SELECT sha, change_request_id FROM change_commit"
            held = {row.sha: row.change_request_id for row in conn.exec_driver_sql(query)}
        assert {sha: held.get(sha) for sha in late} == late
