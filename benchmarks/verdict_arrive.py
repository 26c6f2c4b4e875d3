"""A few new facts in a store whose verdicts are made, written as a sync writes them.

python -m benchmarks.verdict_arrive STORE CHANGES

One late failure, one run that was started again, and one change that lands, each in a repository
of its own; each belongs to what landed last there.
"""

import sys
import time
from datetime import timedelta

import sqlalchemy as sa

from benchmarks.measure import print_measure
from benchmarks.scope_world import NOW
from benchmarks.verdict_world import GITHUB, World
from mappings.code_records import ChangeRequest, CheckResult, Checks, PipelineRun
from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    HistoryState,
    MergeMethod,
    PipelineKind,
)
from sync.store import tables_code as code
from sync.store.open import open_store
from sync.store.writer import Writer

#: Facts that arrive.
ARRIVALS = 3


def main() -> None:
    """Write them once."""
    store, world = open_store(sys.argv[1]), World(int(sys.argv[2]))
    mine = [one for one in world.repositories if one.way == "squash"][:ARRIVALS]
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        with store.writing() as conn:
            c = code.change_request.c
            last = [
                conn.execute(
                    sa.select(c.landed_sha, c.number)
                    .where(c.connection_id == GITHUB, c.scope_id == one.id)
                    .order_by(c.merged_at.desc())
                    .limit(1)
                ).one()
                for one in mine
            ]
            writer = Writer(store, conn, GITHUB, NOW)
            late, again, lands = zip(mine, last, strict=True)
            writer.code.checks([_late(late[0].id, late[1].landed_sha)])
            writer.code.runs([_again(again[0].id, again[1].landed_sha)])
            writer.code.changes([_lands(lands[0].id, lands[1].landed_sha, lands[1].number + 1)])
        print_measure(cpu, wall, arrived=ARRIVALS)
    finally:
        store.close()


def _late(scope_id: str, sha: str) -> Checks:
    told = CheckResult(
        source_id=f"late{sha}",
        source=CheckSource.STATUS,
        scope_id=scope_id,
        sha=sha,
        name="unit tests",
        app="github-actions",
        stage="CI",
        conclusion=Conclusion.FAILURE,
        started_at=NOW - timedelta(hours=1),
        finished_at=NOW,
    )
    return Checks(scope_id, sha, (CheckSource.STATUS,), HistoryState.COMPLETE, (told,))


def _again(scope_id: str, sha: str) -> PipelineRun:
    return PipelineRun(
        source_id=f"again{sha}",
        scope_id=scope_id,
        attempt=2,
        kind=PipelineKind.BRANCH,
        raw_event="push",
        name="CI",
        sha=sha,
        ref="main",
        conclusion=Conclusion.SUCCESS,
        raw_status="completed",
        raw_conclusion="success",
        created_at=NOW,
        updated_at=NOW,
    )


def _lands(scope_id: str, base: str, number: int) -> ChangeRequest:
    return ChangeRequest(
        source_id=f"new{number}",
        scope_id=scope_id,
        number=number,
        key=f"acme/new#{number}",
        title="Keep answers",
        state=ChangeState.MERGED,
        raw_state="MERGED",
        is_draft=False,
        created_at=NOW - timedelta(days=1),
        updated_at=NOW,
        merged_at=NOW,
        base_ref="main",
        base_sha_at_merge=base,
        head_sha=f"newhead{number}",
        landed_sha=f"newland{number}",
        merge_method=MergeMethod.SQUASH,
    )


if __name__ == "__main__":
    main()
