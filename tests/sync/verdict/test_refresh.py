"""Verdicts as they are kept: from rows of a repository to what is said of each change."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.store import tables_code as code
from sync.store.open import Store, open_store
from sync.store.tables_judged import test_check as check_table
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.refresh import Refreshed, refresh

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
GREEN = [{"sha": "landed", "at": MERGED - timedelta(hours=1)}]
#: What makes it known that tests run here.
USUAL = [
    {"id": number, "merged": MERGED - timedelta(days=number), "checks": GREEN}
    for number in range(1, 7)
]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()


def filled(store: Store, *changes: Mapping[str, Any], **more: Any) -> None:
    with store.writing() as conn:
        whole = {"now": NOW, "derive": False, "changes": [*USUAL, *changes], **more}
        cases.fill(conn, whole)


def refreshed(store: Store, now: datetime = NOW, *, whole: bool = True) -> Refreshed:
    """Rows are made by hand here, and nobody notes them: all is judged unless told otherwise."""
    with store.writing() as conn:
        return refresh(conn, now, whole=whole)


def verdicts(store: Store) -> dict[str, str]:
    c = verdict_table.c
    with store.reading() as conn:
        rows = conn.execute(sa.select(c.change_request_id, c.verdict).where(c.known_to.is_(None)))
        return {row.change_request_id: row.verdict for row in rows}


def the(store: Store, column: str, change: str = "c9") -> Any:
    c = verdict_table.c
    with store.reading() as conn:
        return conn.execute(
            sa.select(c[column]).where(c.change_request_id == change, c.known_to.is_(None))
        ).scalar_one()


def change(**more: Any) -> dict[str, Any]:
    return {"id": 9, "merged": MERGED, **more}


EARLY = MERGED - timedelta(hours=2)


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("green where it landed", {"checks": GREEN}, "tested"),
        ("green on the head only", {"checks": [{"at": EARLY}]}, "tested_at_head"),
        (
            "green on a head of equal tree",
            {"checks": [{"at": EARLY}], "trees": {"landed": "t", "head": "t"}},
            "tested",
        ),
        (
            "green on a head of another tree",
            {"checks": [{"at": EARLY}], "trees": {"landed": "t", "head": "u"}},
            "tested_at_head",
        ),
        (
            "green on an earlier commit only",
            {"commits": ["e9"], "checks": [{"sha": "e9"}]},
            "stale",
        ),
        ("lint alone", {"checks": [{"sha": "landed", "name": "lint"}]}, "not_tested"),
        ("nothing", {}, "not_tested"),
        ("red", {"checks": [{"sha": "landed", "conclusion": "failure"}]}, "merged_red"),
        (
            "red and then green",
            {
                "checks": [
                    {"sha": "landed", "conclusion": "failure", "at": EARLY},
                    {"sha": "landed", "at": MERGED, "attempt": 2},
                ]
            },
            "tested",
        ),
        (
            "an attempt that is superseded, without instants to tell",
            {
                "checks": [
                    {"sha": "landed", "at": EARLY, "superseded": True},
                    {"sha": "landed", "at": EARLY, "conclusion": "failure"},
                ]
            },
            "merged_red",
        ),
        ("skipped", {"checks": [{"sha": "landed", "conclusion": "skipped"}]}, "not_tested"),
        ("running", {"checks": [{"sha": "landed", "conclusion": "pending"}]}, "unknown"),
        (
            "allowed to fail",
            {"checks": [{"sha": "landed", "conclusion": "failure", "allowed": True}]},
            "not_tested",
        ),
        ("no test executed", {"checks": [{"sha": "landed", "total": 0}]}, "not_tested"),
        ("statuses forbidden", {"checks": GREEN, "unread": {"status": "403"}}, "unknown"),
        ("statuses not asked for", {"checks": GREEN, "unread": {"status": "never"}}, "unknown"),
        ("documentation", {"files": ["README.md", "docs/a.png"]}, "exempt"),
        ("documentation, list cut", {"files": ["a.md"], "files_state": "partial"}, "not_tested"),
        ("documentation and code", {"files": ["README.md", "a.py"]}, "not_tested"),
        ("what landed is not told", {"landed": None, "checks": [{}]}, "unknown"),
        (
            "a check of its own that is missed",
            {"checks": [{"sha": "landed", "name": "e2e", "at": EARLY}]},
            "partial",
        ),
    ],
)
def test_verdicts(store_memory: Store, name: str, more: dict[str, Any], expected: str) -> None:
    """B116: Evidence on the head counts for what landed, as far as their trees are equal."""
    filled(store_memory, change(**more))
    refreshed(store_memory)
    assert verdicts(store_memory)["c9"] == expected, name


@pytest.fixture
def store_memory() -> Iterator[Store]:
    """A store in memory."""
    from sync.store.open import memory_store

    opened = memory_store()
    yield opened
    opened.close()


def test_the_verdict_holds_what_it_rests_on(store: Store) -> None:
    filled(
        store,
        change(
            checks=[
                {"sha": "landed", "name": "e2e", "conclusion": "failure", "allowed": True},
                *GREEN,
            ]
        ),
    )
    refreshed(store)
    assert the(store, "verdict") == "partial"
    assert the(store, "grades") == {"e2e": "not_run", "unit tests": "exact"}
    assert the(store, "marks") == ["allowed"]
    assert the(store, "landed_sha") == "m9"


def test_an_equal_second_time_writes_nothing(store: Store) -> None:
    filled(store, change(checks=GREEN))
    first, second = refreshed(store), refreshed(store, LATER)
    assert (first.judged, first.verdicts, first.checks) == (7, 7, 1)
    assert (second.judged, second.verdicts, second.checks) == (7, 0, 0)
    third = refreshed(store, LATER, whole=False)
    assert (third.judged, third.verdicts, third.checks) == (0, 0, 0)


def test_a_late_result_closes_the_verdict_of_before(store: Store) -> None:
    filled(store, change(checks=[{"sha": "landed", "conclusion": "pending"}]))
    refreshed(store)
    with store.writing() as conn:
        conn.execute(
            sa.update(code.check_result)
            .where(code.check_result.c.conclusion == "pending")
            .values(conclusion="success", finished_at=LATER)
        )
    refreshed(store, LATER)
    c = verdict_table.c
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(c.verdict, c.known_from, c.known_to)
            .where(c.change_request_id == "c9")
            .order_by(c.known_from)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("unknown", NOW, LATER),
        ("tested_after", LATER, None),
    ]


def test_a_clock_that_stands_still_leaves_one_row(store: Store) -> None:
    filled(store, change(checks=GREEN))
    refreshed(store)
    with store.writing() as conn:
        conn.execute(sa.update(code.check_result).values(conclusion="failure"))
    refreshed(store)
    assert set(verdicts(store).values()) == {"merged_red"}


def test_a_merge_that_ci_built_before(store_memory: Store) -> None:
    runs = [
        {"id": "1", "kind": "merge_result", "sha": "p9", "changes": [9]},
        {"id": "2", "kind": "branch", "sha": "x9", "changes": [9]},
    ]
    filled(
        store_memory,
        change(base_sha="b9", checks=[{"sha": "p9"}, {"sha": "x9", "conclusion": "failure"}]),
        runs=runs,
        commits=[{"sha": "p9", "parents": ["b9", "h9"]}],
    )
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "tested_at_head"
    assert the(store_memory, "grades") == {"unit tests": "preview"}


def test_the_base_moved_after_the_preview(store_memory: Store) -> None:
    """B119: What was tested stood on an older base than what landed; what moved is not known."""
    filled(
        store_memory,
        change(base_sha="b10", checks=[{"sha": "p9"}]),
        runs=[{"id": "1", "kind": "merge_result", "sha": "p9", "changes": [9]}],
        commits=[{"sha": "p9", "parents": ["b9", "h9"]}],
    )
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "tested_at_head"


@pytest.mark.parametrize(
    ("first", "head", "tree", "marks"),
    [
        (["f"], ["e9"], "old", ["takes_back"]),
        # Brought up to date, begun on what it landed on, begun on the same content, not told.
        (["f"], ["e9", "b9"], "old", []),
        (["b9"], ["e9"], "old", []),
        (["f"], ["e9"], "now", []),
        (None, ["e9"], "old", []),
    ],
)
def test_the_content_of_a_stale_head_was_landed(
    store_memory: Store, first: list[str] | None, head: list[str], tree: str, marks: list[str]
) -> None:
    """B119: Green on an old base, and what landed in between is taken back."""
    trees = {"landed": "new", "head": "new"}
    filled(
        store_memory,
        change(base_sha="b9", commits=["e9"], checks=[{"at": EARLY}], trees=trees),
        commits=[
            {"sha": "e9", "parents": first},
            {"sha": "h9", "parents": head, "tree": "new"},
            {"sha": "f", "tree": tree},
            {"sha": "b9", "tree": "now"},
        ],
    )
    with store_memory.writing() as conn:
        read = {"part": "commits", "state": "complete", "known_from": NOW}
        conn.execute(
            sa.insert(code.change_part).values(connection_id=2, change_request_id="c9", **read)
        )
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "tested"
    assert the(store_memory, "marks") == marks


def test_the_word_of_a_person_decides_what_counts(store_memory: Store) -> None:
    filled(
        store_memory,
        change(checks=[{"sha": "landed", "name": "verify", "at": EARLY}]),
        confirmed={"verify": True, "unit tests": False},
    )
    refreshed(store_memory)
    assert verdicts(store_memory)["c9"] == "tested"
    assert the(store_memory, "grades") == {"verify": "exact"}
    c = check_table.c
    with store_memory.reading() as conn:
        rows = conn.execute(sa.select(c.name, c.is_test, c.confirmed_by).order_by(c.name)).all()
    assert [tuple(row) for row in rows] == [("unit tests", False, "tpm"), ("verify", True, "tpm")]


def test_the_word_of_a_person_stays_when_a_check_is_the_last_one_of_its_name(
    store_memory: Store,
) -> None:
    filled(
        store_memory,
        change(checks=[*GREEN, {"sha": "landed", "name": "smoke", "stage": "CI", "at": EARLY}]),
        confirmed={"smoke [CI]": False},
    )
    refreshed(store_memory)
    assert the(store_memory, "grades") == {"unit tests": "exact"}


def test_a_required_test_that_left_no_trace_is_missed(store_memory: Store) -> None:
    filled(
        store_memory,
        change(checks=GREEN),
        {**change(checks=[{"sha": "landed", "name": "e2e"}]), "id": 10, "merged": MERGED},
        required=["e2e", "lint"],
    )
    refreshed(store_memory)
    assert the(store_memory, "grades") == {"e2e": "none", "unit tests": "exact"}


def test_a_gate_is_bypassed_where_it_is_known_to_have_been_there(store_memory: Store) -> None:
    late = {"sha": "landed", "at": MERGED + timedelta(hours=1)}
    filled(store_memory, change(checks=[late]), required=["unit tests"])
    refreshed(store_memory)
    assert the(store_memory, "gated") == "bypassed"
    with store_memory.writing() as conn:
        conn.execute(sa.update(code.required_check).values(known_from=NOW))
        refresh(conn, LATER, whole=True)
    assert the(store_memory, "gated") is None


def test_a_job_and_the_check_run_that_shows_it_are_one_result(store_memory: Store) -> None:
    pair = [
        {"sha": "landed", "id": "77", "conclusion": "pending", "app": "actions"},
        {"sha": "landed", "id": "77", "source": "job", "stage": "CI", "total": 12, "at": EARLY},
    ]
    filled(store_memory, change(checks=pair))
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "tested"


def test_namesakes_of_two_workflows_hide_nothing_of_each_other(store_memory: Store) -> None:
    pair = [
        {"sha": "landed", "name": "test", "stage": "CI", "conclusion": "failure", "at": EARLY},
        {"sha": "landed", "name": "test", "stage": "Nightly", "at": MERGED},
    ]
    filled(store_memory, change(checks=pair))
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "merged_red"
    assert the(store_memory, "grades")["test [CI]"] == "failed"


@pytest.mark.parametrize(("kind", "word"), [("schedule", "tested"), ("branch", "partial")])
def test_a_nightly_run_that_met_what_landed_is_not_expected_of_others(
    store_memory: Store, kind: str, word: str
) -> None:
    """A timetable starts it, whatever has landed by then; what a push starts is expected."""
    usual = [
        {
            "id": number,
            "merged": MERGED - timedelta(days=number),
            "checks": [*GREEN, {"sha": "landed", "name": "e2e tests", "run": f"{number}"}],
        }
        for number in range(1, 7)
    ]
    runs = [{"id": f"{number}", "kind": kind, "sha": f"m{number}"} for number in range(1, 7)]
    with store_memory.writing() as conn:
        mine = change(checks=GREEN)
        cases.fill(conn, {"now": NOW, "derive": False, "changes": [*usual, mine], "runs": runs})
    refreshed(store_memory)
    assert the(store_memory, "verdict") == word


#: A check run of a run: REST tells its app and not its workflow.
UNTOLD = {"name": "suite tests", "app": "actions"}


def test_a_check_told_without_its_workflow_is_the_one_of_that_name(store_memory: Store) -> None:
    """The run of the head is older than what is listed; the one of what landed is not."""
    pair = [
        {**UNTOLD, "run": "1", "conclusion": "failure", "at": EARLY},
        {**UNTOLD, "sha": "landed", "run": "2", "id": "77", "at": EARLY},
        {**UNTOLD, "sha": "landed", "run": "2", "id": "77", "source": "job", "stage": "CI"},
    ]
    filled(store_memory, change(checks=[*GREEN, *pair]))
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "tested"
    assert the(store_memory, "grades") == {"suite tests": "exact", "unit tests": "exact"}


def test_a_check_told_without_its_workflow_is_none_of_another_app(store_memory: Store) -> None:
    """What belongs to no run has no workflow: it is a check of its own."""
    pair = [
        {**UNTOLD, "app": "another", "conclusion": "failure", "at": EARLY},
        {**UNTOLD, "sha": "landed", "run": "2", "stage": "CI", "at": EARLY},
    ]
    filled(store_memory, change(checks=pair))
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "merged_red"
    assert the(store_memory, "grades")["suite tests [another]"] == "failed"


def test_a_run_tells_the_workflow_of_its_checks_where_no_job_is_read(store_memory: Store) -> None:
    """Else a failure would be taken for an attempt that another workflow's success follows."""
    pair = [
        {**UNTOLD, "sha": "landed", "run": "1", "conclusion": "failure", "at": EARLY},
        {**UNTOLD, "sha": "landed", "run": "2", "at": MERGED},
    ]
    failed = {"kind": "branch", "sha": "landed9", "conclusion": "failure"}
    runs = [{**failed, "id": "1", "name": "CI"}, {**failed, "id": "2", "name": "Nightly"}]
    filled(store_memory, change(checks=pair), runs=runs)
    refreshed(store_memory)
    assert the(store_memory, "verdict") == "merged_red"
    assert the(store_memory, "grades")["suite tests [CI]"] == "failed"


def test_a_repository_without_tests_is_told_so_and_accuses_nobody(store_memory: Store) -> None:
    with store_memory.writing() as conn:
        cases.fill(
            conn,
            {"now": NOW, "changes": [change(checks=[{"sha": "landed", "name": "lint"}])]},
        )
    refreshed(store_memory)
    assert verdicts(store_memory) == {"c9": "no_ci"}


def test_where_tests_begin_only_now_older_changes_are_not_accused(store_memory: Store) -> None:
    with store_memory.writing() as conn:
        old = [{"id": n, "merged": MERGED - timedelta(days=30 + n)} for n in range(1, 12)]
        new = [{"id": n, "merged": MERGED + timedelta(hours=n), "checks": GREEN} for n in (20, 21)]
        cases.fill(conn, {"now": NOW, "changes": [*old, *new]})
    refreshed(store_memory)
    assert {verdicts(store_memory)[f"c{n}"] for n in range(1, 12)} == {"unknown"}


def test_where_checks_are_jobs_all_jobs_of_all_runs_must_be_read(store_memory: Store) -> None:
    """A host without checks by commit tells them run by run."""
    jobs = [{"sha": "landed", "source": "job", "at": EARLY, "run": "5"}]
    never = {"check_run": "never", "status": "never"}
    usual = [{**one, "unread": never} for one in USUAL]
    with store_memory.writing() as conn:
        cases.fill(
            conn,
            {
                "now": NOW,
                "readings": [{"scope": "acme/web", "stream": "runs", "outcome": "never"}],
                "changes": [*usual, change(checks=jobs, unread=never)],
                "runs": [{"id": "5", "kind": "branch", "sha": "m9"}],
            },
        )
    refreshed(store_memory)
    assert the(store_memory, "reasons")[0] == "the list of runs was not read completely"
    with store_memory.writing() as conn:
        _read_runs(conn)
    refreshed(store_memory, LATER)
    assert the(store_memory, "reasons") == ["jobs of run 5 were not read yet"]
    with store_memory.writing() as conn:
        conn.execute(
            sa.insert(code.checks_state).values(
                connection_id=2,
                scope_id="r1",
                subject_kind="run",
                subject_id="5",
                source="job",
                state="complete",
                known_from=NOW,
            )
        )
    refreshed(store_memory, LATER + timedelta(days=1))
    assert verdicts(store_memory)["c9"] == "tested"


def _read_runs(conn: sa.Connection) -> None:
    from sync.store.schema import sync_run, sync_step

    run_id = conn.execute(sa.select(sync_run.c.id)).scalar_one()
    conn.execute(
        sa.insert(sync_step).values(
            run_id=run_id,
            connection_id=2,
            scope_kind="repository",
            scope_id="r1",
            stream="runs",
            mode="incremental",
            started_at=NOW,
            finished_at=NOW,
            outcome="complete",
            requests=1,
            pages=1,
            records=1,
            rows_written=0,
            unreadable=0,
            history_gaps=0,
            fresh_at=NOW,
        )
    )


@pytest.mark.parametrize(
    ("conclusion", "expected"), [("success", "not_tested"), ("failure", "merged_red")]
)
def test_a_failed_job_of_a_run_that_succeeded_was_allowed_to_fail(
    store_memory: Store, conclusion: str, expected: str
) -> None:
    """B121: Where a workflow goes on after an error, only its run tells so."""
    filled(
        store_memory,
        change(checks=[{"sha": "landed", "conclusion": "failure", "run": "5"}]),
        runs=[{"id": "5", "kind": "branch", "sha": "m9", "conclusion": conclusion}],
    )
    refreshed(store_memory)
    assert the(store_memory, "verdict") == expected


def test_what_failed_first_and_passed_then_is_no_allowed_failure(store_memory: Store) -> None:
    checks = [
        {"sha": "landed", "conclusion": "failure", "run": "5", "superseded": True, "at": EARLY},
        {"sha": "landed", "run": "5", "attempt": 2, "at": EARLY},
    ]
    filled(
        store_memory,
        change(checks=checks),
        runs=[{"id": "5", "kind": "branch", "sha": "m9"}],
    )
    refreshed(store_memory)
    assert (the(store_memory, "verdict"), the(store_memory, "marks")) == ("tested", ["flaky"])


def test_a_head_that_was_rebased_away_is_known_by_its_run(store_memory: Store) -> None:
    filled(
        store_memory,
        change(checks=[{"sha": "old9", "source": "job", "at": EARLY, "run": "7"}]),
        runs=[{"id": "7", "kind": "change", "sha": "old9", "changes": [9]}],
    )
    refreshed(store_memory)
    assert the(store_memory, "grades") == {"unit tests": "stale"}


def test_jobs_of_a_built_merge_that_were_not_read_leave_it_unknown(store_memory: Store) -> None:
    never = {"check_run": "never", "status": "never"}
    with store_memory.writing() as conn:
        cases.fill(
            conn,
            {
                "now": NOW,
                "changes": [change(unread=never, checks=[{"source": "job"}])],
                "runs": [{"id": "7", "kind": "merge_result", "sha": "p9", "changes": [9]}],
            },
        )
    refreshed(store_memory)
    assert the(store_memory, "reasons") == ["jobs of run 7 were not read yet"]
