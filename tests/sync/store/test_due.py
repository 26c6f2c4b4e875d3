"""Notes of what verdicts rest on, as it is written."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from support.code import REPO, checks, commits, files, jobs, merged, pushes, result, reviews, run
from support.store import START, at, writer

from mappings.code_records import RequiredChecks
from mappings.vocabulary import HistoryState
from sync.store import due
from sync.store.code_writer import CodeWriter
from sync.store.due import Kind
from sync.store.open import Store
from sync.store.rows import Fate
from sync.store.tables_judged import verdict_due, verdict_refresh

pytestmark = pytest.mark.full_on_postgres

Step = Callable[[CodeWriter], Any]


def judged(store: Store) -> None:
    """Verdicts of this connection were made once."""
    with store.writing() as conn:
        conn.execute(
            sa.insert(verdict_refresh).values(
                connection_id=1, scope_id=REPO, basis="b", tests="t", whole_at=START
            )
        )


def taken(store: Store) -> dict[str, set[str]]:
    """What waits, by kind."""
    with store.writing() as conn:
        found = due.take(conn).get(1, {})
    return {kind.value: subjects for kind, subjects in found.items() if subjects}


def write(store: Store, *steps: Step, minute: float = 0) -> None:
    with writer(store, now=at(minute)) as one:
        for step in steps:
            step(one.code)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda code: code.changes([merged("1")]), {"change": {"1"}}),
        (lambda code: code.runs([run("7")]), {"run": {"7"}}),
        (
            lambda code: code.checks([], [jobs("7", result("70", sha="h1"))]),
            {"run": {"7"}, "commit": {"h1"}},
        ),
        (lambda code: code.checks([checks(sha="h2")]), {"commit": {"h2"}}),
        (
            lambda code: code.required(
                [RequiredChecks(REPO, "main", HistoryState.COMPLETE, ("ci",))]
            ),
            {"scope": {REPO}},
        ),
    ],
)
def test_what_is_written_waits(store: Store, step: Step, expected: dict[str, set[str]]) -> None:
    write(store)
    judged(store)
    write(store, step)
    assert taken(store) == expected
    write(store, step, minute=1)
    assert taken(store) == {}


@pytest.mark.parametrize(
    "step",
    [
        lambda code: code.files([files("1", "a.py")]),
        lambda code: code.reviews([reviews("1", ("r1", "approved"))]),
        lambda code: code.pushes([pushes("1", "9")]),
    ],
)
def test_what_belongs_to_a_change_names_it(store: Store, step: Step) -> None:
    write(store, lambda code: code.changes([merged("1")]))
    judged(store)
    write(store, step)
    assert taken(store)["change"] == {"1"}


def test_commits_of_a_change_name_it_and_themselves(store: Store) -> None:
    write(store, lambda code: code.changes([merged("1")]))
    judged(store)
    write(store, lambda code: code.change_commits([commits("1", "a", "b")]))
    assert taken(store) == {"change": {"1"}, "commit": {"a", "b"}}


def test_before_verdicts_were_made_nothing_waits(store: Store) -> None:
    write(store, lambda code: code.changes([merged("1")]))
    assert taken(store) == {}


def test_a_result_that_is_taken_away_and_one_that_moves_name_their_commits(store: Store) -> None:
    write(store, lambda code: code.checks([checks(result("1", sha="h1"), sha="h1")]))
    judged(store)
    write(store, lambda code: code.checks([checks(sha="h1")]), minute=1)
    assert taken(store) == {"commit": {"h1"}}


def test_a_change_that_is_gone_waits(store: Store) -> None:
    write(store, lambda code: code.changes([merged("1")]))
    judged(store)
    write(store, lambda code: code.tombstones({"1": Fate("deleted")}), minute=1)
    assert taken(store) == {"change": {"1"}}


def test_what_is_noted_while_somebody_judges_still_waits(store: Store) -> None:
    """Only the notes that were read are taken."""
    write(store)
    judged(store)
    with store.writing() as conn:
        due.note(conn, 1, [(Kind.COMMIT, "h1")])
        assert due.take(conn)[1][Kind.COMMIT] == {"h1"}
        due.note(conn, 1, [(Kind.COMMIT, "h1")])
    assert taken(store) == {"commit": {"h1"}}
    with store.reading() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(verdict_due)).scalar() == 0


def test_many_notes_are_taken_at_once(store: Store) -> None:
    write(store)
    judged(store)
    many = {f"s{n}" for n in range(1_200)}
    with store.writing() as conn:
        due.note(conn, 1, [(Kind.COMMIT, sha) for sha in many])
    assert taken(store) == {"commit": many}
    assert taken(store) == {}


def test_a_kind_that_is_none_is_refused(store: Store) -> None:
    with store.writing() as conn, pytest.raises(ValueError, match="colour"):
        due.note(conn, 1, [("colour", "red")])
