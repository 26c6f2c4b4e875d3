"""Verdicts brought up to date by what arrived are those that judging everything gives."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.code import REPO
from support.store import START, at, connection, writer

from mappings.code_records import (
    BranchTip,
    ChangeCommits,
    ChangeFile,
    ChangeFiles,
    ChangeRequest,
    CheckResult,
    Checks,
    Commit,
    Commits,
    PipelineRun,
    RequiredChecks,
    Review,
    Reviews,
    RunJobs,
    TreeComparison,
)
from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    FileChange,
    HistoryState,
    MergeMethod,
    PipelineKind,
    ReviewVerdict,
)
from sync.store.code_writer import CodeWriter
from sync.store.open import Store, memory_store, open_store
from sync.store.rows import Fate
from sync.store.tables_code import default_branch
from sync.store.tables_judged import test_check as check_table
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.refresh import Refreshed, refresh

COMPLETE = HistoryState.COMPLETE
BOTH = (CheckSource.CHECK_RUN, CheckSource.STATUS)
NOW = START + timedelta(days=9)
#: More than are looked at around one.
CHANGES = 70
Step = Callable[[CodeWriter], None]


def change(n: int, **told: Any) -> ChangeRequest:
    """The nth change; it landed an hour after the one before, on what that one left."""
    plain = {
        "state": ChangeState.MERGED,
        "raw_state": "MERGED",
        "merged_at": at(60 * n),
        "landed_sha": f"m{n}",
        "landed_tree": f"t{n}",
        "base_sha_at_merge": f"m{n - 1}",
        "merge_method": MergeMethod.SQUASH,
    }
    return ChangeRequest(
        source_id=f"c{n}",
        scope_id=REPO,
        number=n,
        key=f"acme/web#{n}",
        title=f"Change {n}",
        is_draft=False,
        created_at=at(60 * n - 90),
        updated_at=at(60 * n),
        base_ref="main",
        head_sha=f"h{n}",
        author_id="ana",
        **{**plain, **told},
    )


def result(sha: str, name: str, word: str, minute: float, **told: Any) -> CheckResult:
    """A check run."""
    pending = word == "pending"
    plain = {"source": CheckSource.CHECK_RUN, "source_id": f"{sha}.{name}", "run_id": f"r{sha}"}
    return CheckResult(
        scope_id=REPO,
        sha=sha,
        name=name,
        conclusion=Conclusion(word),
        started_at=at(minute),
        finished_at=None if pending else at(minute + 5),
        **{**plain, **told},
    )


def run(sha: str, kind: PipelineKind, minute: float, **told: Any) -> PipelineRun:
    """A run on a commit."""
    raw = {PipelineKind.CHANGE: "pull_request", PipelineKind.TRAIN: "merge_group"}
    return PipelineRun(
        source_id=f"r{sha}",
        scope_id=REPO,
        attempt=1,
        kind=kind,
        raw_event=raw.get(kind, "push"),
        name="CI",
        sha=sha,
        ref="main",
        conclusion=Conclusion.SUCCESS,
        raw_status="completed",
        raw_conclusion="success",
        created_at=at(minute),
        updated_at=at(minute),
        **told,
    )


def commit(sha: str, parent: str, minute: float, tree: str | None = None) -> Commit:
    """A commit."""
    return Commit(sha, tree, (parent,), "ana", f"Do {sha}", at(minute), at(minute))


def landed(n: int, *, tested: bool = True) -> Step:
    """A change lands, with all that belongs to it."""
    folder = ("web", "core")[n % 2]

    def step(code: CodeWriter) -> None:
        code.changes([change(n)])
        held = (ChangeFile(f"{folder}/a{n}.py", FileChange.MODIFIED, 3, 1),)
        code.files([ChangeFiles(f"c{n}", COMPLETE, held)])
        own = (commit(f"e{n}", "x", 60 * n - 80), commit(f"h{n}", f"e{n}", 60 * n - 50))
        code.change_commits([ChangeCommits(f"c{n}", REPO, COMPLETE, own)])
        code.commits([Commits(REPO, (commit(f"m{n}", f"m{n - 1}", 60 * n, f"t{n}"),))])
        results = ()
        if tested:
            code.runs([run(f"h{n}", PipelineKind.CHANGE, 60 * n - 40, change_numbers=(n,))])
            results = (result(f"h{n}", "unit tests", "success", 60 * n - 40),)
        code.checks(
            [Checks(REPO, f"h{n}", BOTH, COMPLETE, results), Checks(REPO, f"m{n}", BOTH, COMPLETE)]
        )

    return step


def begun(code: CodeWriter) -> None:
    """A repository with a history."""
    for n in range(1, CHANGES + 1):
        # Two of the first are landed later.
        if n not in (20, 55):
            landed(n, tested=n % 11 != 0)(code)
    code.tips([BranchTip(REPO, "main", f"m{CHANGES}")])


PLACES = st.integers(1, CHANGES)
WORDS = st.sampled_from(["success", "failure", "skipped", "pending", "cancelled"])
NAMES = st.sampled_from(["unit tests", "e2e tests", "lint"])


def _late(n: int, name: str, word: str) -> Step:
    return lambda code: code.checks(
        [Checks(REPO, f"m{n}", BOTH, COMPLETE, (result(f"m{n}", name, word, 60 * n + 5),))]
    )


def _of_branch(n: int, word: str) -> Step:
    def step(code: CodeWriter) -> None:
        code.runs([run(f"m{n}", PipelineKind.BRANCH, 60 * n + 2)])
        _late(n, "unit tests", word)(code)

    return step


def _preview(n: int, back: int, word: str) -> Step:
    def step(code: CodeWriter) -> None:
        parents = (f"m{n - 1 - back}", f"h{n}")
        built = Commit(f"p{n}", None, parents, "ci", "Merge", at(60 * n - 5), at(60 * n - 5))
        code.commits([Commits(REPO, (built,))])
        code.runs([run(f"p{n}", PipelineKind.TRAIN, 60 * n - 5, change_numbers=(n,))])
        told = result(f"p{n}", "unit tests", word, 60 * n - 5, source=CheckSource.JOB)
        code.checks([], [RunJobs(REPO, f"rp{n}", COMPLETE, (told,))])

    return step


def _equal(n: int, other: int) -> Step:
    return lambda code: code.comparisons([TreeComparison(REPO, f"m{n}", f"h{other}", True)])


def _tree(n: int, other: int) -> Step:
    return lambda code: code.commits(
        [Commits(REPO, (commit(f"h{n}", f"e{n}", 60 * n - 50, f"t{other}"),))]
    )


def _files(n: int, path: str) -> Step:
    held = (ChangeFile(path, FileChange.MODIFIED, 3, 1),)
    return lambda code: code.files([ChangeFiles(f"c{n}", COMPLETE, held)])


def _unread(n: int) -> Step:
    return lambda code: code.checks(
        [Checks(REPO, f"m{n}", BOTH, HistoryState.UNAVAILABLE, (), "403")]
    )


def _waits(n: int) -> Step:
    return lambda code: code.runs(
        [run(f"e{n}", PipelineKind.CHANGE, 60 * n - 70, change_numbers=(n,))]
    )


def _gone(n: int) -> Step:
    return lambda code: code.tombstones({f"c{n}": Fate("deleted")})


def _reviewed(n: int) -> Step:
    held = (Review(f"v{n}", "bo", ReviewVerdict.APPROVED, "APPROVED", f"h{n}", at(60 * n - 9)),)
    return lambda code: code.reviews([Reviews(f"c{n}", COMPLETE, held)])


def _required(name: str) -> Step:
    return lambda code: code.required([RequiredChecks(REPO, "main", COMPLETE, (name,))])


def _pushed(n: int) -> Step:
    """Somebody pushes to the branch after the last change."""

    def step(code: CodeWriter) -> None:
        code.commits([Commits(REPO, (commit(f"d{n}", f"m{CHANGES}", 60 * CHANGES + n),))])
        code.tips([BranchTip(REPO, "main", f"d{n}")])

    return step


STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(_late, PLACES, NAMES, WORDS),
    st.builds(_of_branch, PLACES, WORDS),
    st.builds(_preview, st.integers(12, CHANGES), st.integers(0, 9), WORDS),
    st.builds(_equal, PLACES, PLACES),
    st.builds(_tree, PLACES, PLACES),
    st.builds(_files, PLACES, st.sampled_from(["README.md", "core/b.py", "web/b.py"])),
    st.builds(_unread, PLACES),
    st.builds(_waits, PLACES),
    st.builds(_gone, PLACES),
    st.builds(_reviewed, PLACES),
    st.builds(_required, NAMES),
    st.builds(_pushed, st.integers(1, 40)),
    st.builds(landed, st.sampled_from([20, 55])),
)


def written(store: Store, steps: list[Step], day: int) -> None:
    with writer(store, now=NOW + timedelta(days=day)) as one:
        for step in steps:
            step(one.code)


def made(store: Store) -> None:
    """The repository of the beginning."""
    connection(store)
    with store.writing() as conn:
        conn.execute(
            sa.insert(default_branch).values(
                connection_id=1, scope_id=REPO, name="main", known_from=START
            )
        )
    written(store, [begun], 0)


def judged(store: Store, day: int, *, whole: bool = False) -> Refreshed:
    with store.writing() as conn:
        return refresh(conn, NOW + timedelta(days=day), whole=whole)


def kept(store: Store) -> dict[str, Any]:
    """All verdicts and checks that are known now."""
    found: dict[str, Any] = {}
    with store.reading() as conn:
        for table, key in ((verdict_table, "change_request_id"), (check_table, "name")):
            rows = conn.execute(sa.select(table).where(table.c.known_to.is_(None))).mappings()
            for row in rows:
                told = {name: row[name] for name in row if name != "known_from"}
                found[f"{table.name}.{row[key]}"] = told
    return found


def compare(store: Store, days: list[list[Step]]) -> None:
    """Live through the days one by one; at the end nothing is left to be said."""
    made(store)
    judged(store, 0)
    for day, steps in enumerate(days, 1):
        written(store, steps, day)
        judged(store, day)
    before = kept(store)
    judged(store, len(days), whole=True)
    assert kept(store) == before


DAYS = st.lists(st.lists(STEPS, min_size=1, max_size=3), min_size=1, max_size=4)


@given(DAYS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_judging_what_arrived_is_judging_all(days: list[list[Step]]) -> None:
    store = memory_store()
    try:
        compare(store, days)
    finally:
        store.close()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.mark.full_on_postgres
def test_one_of_each_kind_on_both_databases(store: Store) -> None:
    compare(
        store,
        [
            [_late(30, "unit tests", "failure"), _of_branch(40, "success")],
            [_preview(50, 3, "success"), _equal(33, 34), _tree(44, 12)],
            [_gone(25), landed(20), _pushed(3), _required("e2e tests")],
        ],
    )


def test_one_late_result_has_its_neighbours_judged_and_no_more() -> None:
    store = memory_store()
    try:
        made(store)
        assert judged(store, 0).judged == CHANGES - 2
        assert judged(store, 1).judged == 0
        written(store, [_late(5, "unit tests", "failure")], 1)
        done = judged(store, 1)
        assert done.verdicts == 1
        assert done.judged < CHANGES - 2
        assert judged(store, 1).judged == 0
    finally:
        store.close()


def test_a_new_check_that_is_a_test_has_all_judged() -> None:
    store = memory_store()
    try:
        made(store)
        judged(store, 0)
        written(store, [_late(5, "contract tests", "success")], 1)
        assert judged(store, 1).judged == CHANGES - 2
    finally:
        store.close()


def test_after_a_week_all_is_judged() -> None:
    store = memory_store()
    try:
        made(store)
        judged(store, 0)
        assert judged(store, 6).judged == 0
        assert judged(store, 7).judged == CHANGES - 2
    finally:
        store.close()
