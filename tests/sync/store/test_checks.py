"""Check results, runs, required checks, releases and deployments."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from support.code import REPO, checks, jobs, result, run, tag
from support.store import START, at, contents, rows, writer

from mappings.code_records import Checks, Deployment, RequiredChecks
from mappings.vocabulary import CheckSource, Conclusion, DeploymentState, HistoryState
from sync.store import tables_code as t
from sync.store.code_writer import CodeWriter
from sync.store.open import Store

pytestmark = pytest.mark.full_on_postgres


def write(store: Store, *steps: Callable[[CodeWriter], Any], minute: float = 0) -> int:
    """Rows written by these steps in one transaction."""
    with writer(store, now=at(minute)) as one:
        for step in steps:
            step(one.code)
        return one.rows


def now(store: Store, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Rows known now."""
    return [row[:-1] for row in rows(store, table, *columns, "known_to") if row[-1] is None]


def everything(code: CodeWriter) -> None:
    """Checks of every kind, a run, a tag, a deployment."""
    status = result("1", source=CheckSource.STATUS, name="ci/legacy")
    both = (CheckSource.CHECK_RUN, CheckSource.STATUS)
    code.runs([run("7", change_numbers=(2, 1), coverage=81.5)])
    code.checks(
        [Checks(REPO, "h1", both, HistoryState.COMPLETE, (result("1"), status))],
        [jobs("7", result("70", tests_total=12))],
    )
    code.required([RequiredChecks(REPO, "main", HistoryState.COMPLETE, ("ci", "lint"))])
    code.releases([tag("v1"), tag("v1", "901")])
    code.deployments([Deployment("5", REPO, "m1", None, "production", DeploymentState.SUCCESS)])


def test_an_equal_second_write_writes_nothing(store: Store) -> None:
    assert write(store, everything) > 0
    before = contents(store)
    assert write(store, everything, minute=60) == 0
    assert contents(store) == before


def test_asked_and_none_is_not_the_same_as_never_asked(store: Store) -> None:
    write(store, lambda code: code.checks([checks(sha="h2")]))
    assert now(store, t.checks_state, "subject_kind", "subject_id", "source", "state") == [
        ("commit", "h2", "check_run", "complete")
    ]
    assert now(store, t.check_result) == []


def test_a_refusal_takes_no_result_away_and_says_why(store: Store) -> None:
    write(store, lambda code: code.checks([checks(result("1"))]))
    refused = checks(state=HistoryState.UNAVAILABLE, reason="403")
    write(store, lambda code: code.checks([refused]), minute=1)
    assert now(store, t.check_result, "source_id") == [("1",)]
    assert now(store, t.checks_state, "state", "reason") == [("unavailable", "403")]


def test_a_complete_set_takes_away_what_it_does_not_hold(store: Store) -> None:
    """B81: Nobody tells that a child was deleted."""
    other = result("3", sha="h2")
    status = result("1", source=CheckSource.STATUS)
    statuses = checks(status, sources=(CheckSource.STATUS,))
    write(
        store,
        lambda code: code.checks(
            [checks(result("1"), result("2")), checks(other, sha="h2"), statuses]
        ),
    )
    write(store, lambda code: code.checks([checks(result("2"))]), minute=1)
    # Neither the other commit nor the other kind of source was spoken of.
    assert now(store, t.check_result, "source", "source_id") == [
        ("check_run", "2"),
        ("check_run", "3"),
        ("status", "1"),
    ]


def test_jobs_are_a_set_of_their_run(store: Store) -> None:
    write(
        store,
        lambda code: code.checks([], [jobs("7", result("1"), result("2")), jobs("8", result("3"))]),
    )
    write(store, lambda code: code.checks([], [jobs("7", result("2"))]), minute=1)
    assert now(store, t.check_result, "source_id", "run_id") == [("2", "7"), ("3", "8")]
    assert now(store, t.checks_state, "subject_kind", "subject_id", "source") == [
        ("run", "7", "job"),
        ("run", "8", "job"),
    ]


def test_a_job_told_by_its_commit_and_by_its_run_is_one(store: Store) -> None:
    job = result("1", source=CheckSource.JOB)
    by_commit = checks(job, sources=(CheckSource.JOB,))
    write(store, lambda code: code.checks([by_commit]))
    write(store, lambda code: code.checks([], [jobs("7", replace(job, tests_total=3))]), minute=1)
    assert now(store, t.check_result, "source_id", "run_id", "tests_total") == [("1", "7", 3)]
    # What the commit's listing leaves out stays as told.
    assert write(store, lambda code: code.checks([by_commit]), minute=2) == 0


def test_how_a_check_ended_is_kept_beside_what_was_known_before(store: Store) -> None:
    write(store, lambda code: code.checks([checks(result("1", "pending"))]))
    write(store, lambda code: code.checks([checks(result("1", "failure"))]), minute=5)
    assert rows(store, t.check_result, "conclusion", "known_to") == [
        ("pending", at(5)),
        ("failure", None),
    ]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (result("1", "pending"), "success"),
        (result("1", "failure", finished_at=at(1)), "success"),
        (result("1", "failure", finished_at=at(2)), "failure"),
        (result("1", "pending", started_at=at(3)), "pending"),
        (result("1", "pending", started_at=None), "success"),
    ],
    ids=["unfinished", "finished before", "corrected", "started again", "of unknown begin"],
)
def test_what_is_finished_is_not_undone_by_an_older_answer(
    store: Store, later: Any, expected: str
) -> None:
    write(store, lambda code: code.checks([checks(result("1"))]))
    write(store, lambda code: code.checks([checks(later)]), minute=1)
    assert now(store, t.check_result, "conclusion") == [(expected,)]


def test_of_two_readings_of_a_set_in_a_page_the_better_counts(store: Store) -> None:
    refused = checks(state=HistoryState.UNAVAILABLE, reason="403")
    write(store, lambda code: code.checks([checks(result("1")), refused]))
    assert now(store, t.checks_state, "state") == [("complete",)]


def test_attempts_of_a_run_stand_side_by_side(store: Store) -> None:
    """B124: No attempt takes the place of another."""
    first = run("7", conclusion=Conclusion.FAILURE)
    write(store, lambda code: code.runs([first]))
    write(store, lambda code: code.runs([run("7", attempt=2)]), minute=1)
    assert rows(store, t.pipeline_run, "attempt", "conclusion") == [(1, "failure"), (2, "success")]


def test_an_older_answer_does_not_undo_a_run(store: Store) -> None:
    write(store, lambda code: code.runs([run("7", updated_at=at(9))]))
    old = run("7", conclusion=Conclusion.PENDING)
    assert write(store, lambda code: code.runs([old]), minute=10) == 0
    both = [run("8", updated_at=at(9)), run("8", conclusion=Conclusion.PENDING)]
    write(store, lambda code: code.runs(both), minute=11)
    assert rows(store, t.pipeline_run, "conclusion") == [("success",), ("success",)]


def test_test_totals_and_changes_of_a_run_stay_as_told(store: Store) -> None:
    full = run("7", change_numbers=(3,), tests_total=10, tests_failed=1, coverage=70.0)
    write(store, lambda code: code.runs([full]))
    assert write(store, lambda code: code.runs([run("7")]), minute=1) == 0
    # GitHub empties the list of changes when they are merged.
    write(store, lambda code: code.runs([run("7", updated_at=at(5), tests_failed=0)]), minute=5)
    told = ("change_numbers", "tests_total", "tests_failed", "coverage")
    assert rows(store, t.pipeline_run, *told) == [([3], 10, 0, 70.0)]


def test_required_checks_that_could_not_be_read_stay(store: Store) -> None:
    write(store, everything)
    refused = RequiredChecks(REPO, "main", HistoryState.UNAVAILABLE, (), "403")
    write(store, lambda code: code.required([refused]), minute=1)
    assert now(store, t.required_check, "name") == [("ci",), ("lint",)]
    fewer = RequiredChecks(REPO, "main", HistoryState.COMPLETE, ("ci",))
    other = RequiredChecks(REPO, "next", HistoryState.COMPLETE, ("e2e",))
    write(store, lambda code: code.required([fewer, other]), minute=2)
    assert now(store, t.required_check, "branch", "name") == [("main", "ci"), ("next", "e2e")]
    state = now(store, t.checks_state, "subject_kind", "subject_id", "source", "state")
    assert ("branch", "main", "required", "complete") in state


def test_tags_of_a_name_are_of_their_repository_and_go_by_a_complete_listing(
    store: Store,
) -> None:
    tags = [tag("v1"), tag("v2"), tag("v1", "901"), tag("v3", "901")]
    write(store, lambda code: code.releases(tags))
    assert write(store, lambda code: code.release_listing(REPO, ["tag:v2"]), minute=1) == 1
    gone = ("scope_id", "tag", "gone_at", "gone_reason")
    assert rows(store, t.release, *gone) == [
        ("900", "v1", at(1), "deleted"),
        ("900", "v2", None, None),
        ("901", "v1", None, None),
        ("901", "v3", None, None),
    ]
    assert write(store, lambda code: code.releases([tag("v1")]), minute=2) == 1
    assert rows(store, t.release, "gone_at", "first_seen_at")[0] == (None, START)


def test_a_deployment_follows_its_state(store: Store) -> None:
    write(store, everything)
    failed = Deployment("5", REPO, "m1", None, "production", DeploymentState.FAILED)
    assert write(store, lambda code: code.deployments([failed]), minute=1) == 1
    assert rows(store, t.deployment, "state", "gone_at") == [("failed", None)]
