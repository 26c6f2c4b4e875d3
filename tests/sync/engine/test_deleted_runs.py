"""Runs that were deleted at the source: before their jobs were read, and after it."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.schedules.systems import company

from connectors.contract import Outcome
from sync.store.open import Store, open_store
from sync.store.schema import raw_record
from sync.store.tables_code import check_result, checks_state


def states(store: Store, run_id: str) -> list[tuple[str, str | None]]:
    with store.reading() as conn:
        c = checks_state.c
        rows = conn.execute(
            sa.select(c.state, c.reason).where(
                c.subject_kind == "run", c.subject_id == run_id, c.known_to.is_(None)
            )
        )
        return [(row.state, row.reason) for row in rows]


def results(store: Store, run_id: str) -> int:
    with store.reading() as conn:
        c = check_result.c
        held = sa.select(sa.func.count()).where(c.run_id == run_id, c.known_to.is_(None))
        return conn.scalar(held) or 0


def forget(store: Store, run_id: str) -> None:
    """As a run that was killed after it had listed this one."""
    with store.writing() as conn:
        c, r = checks_state.c, raw_record.c
        conn.execute(sa.delete(checks_state).where(c.subject_kind == "run", c.subject_id == run_id))
        conn.execute(sa.delete(raw_record).where(r.stream == "jobs", r.source_id == run_id))


@pytest.mark.parametrize("system", ["github-graphql", "gitlab-rest"])
def test_a_run_that_was_deleted_unread_is_unavailable_and_nothing_waits_for_it(
    system: str, tmp_path: Path
) -> None:
    """Found on the simulated company: the stream stayed incomplete for ever."""
    store = open_store(str(tmp_path / "store.db"))
    with company(system, 3, scopes=1, items=2, changes=2) as there:
        there.run(store)
        with store.reading() as conn:
            c = checks_state.c
            id_ = conn.scalar(
                sa.select(c.subject_id)
                .where(c.subject_kind == "run", c.state == "complete")
                .order_by(c.subject_id)
            )
        assert id_ is not None
        held = results(store, id_)
        code = there.world.code
        (run,) = [one for one in code.ci.runs.values() if str(one.id) == id_]
        code.ci.delete_run(code.repositories[run.repo_id], run)

        # What was read stays read.
        again = there.run(store, full=True)
        assert again.outcome is Outcome.COMPLETE, again.problems
        assert states(store, id_) == [("complete", None)]
        assert results(store, id_) == held > 0

        forget(store, id_)
        again = there.run(store)
        assert again.outcome is Outcome.COMPLETE, again.problems
        [(state, reason)] = states(store, id_)
        assert state == "unavailable"
        assert reason is not None
        assert "deleted" in reason
    store.close()
